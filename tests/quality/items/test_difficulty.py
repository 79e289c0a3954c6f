"""How hard items are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import integrate, stats

from crowdqc.quality.aggregation import Aggregator, Consensus, DawidSkene, MajorityVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import difficulty as module
from crowdqc.quality.items.difficulty import DifficultyModel
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, votes_of


def right(skill: np.ndarray, hardness: np.ndarray, K: int) -> np.ndarray:
    return np.asarray(1 / K + (1 - 1 / K) / (1 + np.exp(hardness - skill)))


def drawn(seed: int, K: int, overlap: int, spread: float) -> tuple[Votes, np.ndarray, np.ndarray]:
    """Votes by the model itself, how often all workers err on each item on average, and the truth."""
    rng = np.random.default_rng(seed)
    accuracy = rng.uniform(0.6, 0.95, 30)
    known = (accuracy - 1 / K) / (1 - 1 / K)
    skill, hardness = np.log(known / (1 - known)), rng.normal(0, spread, 500)
    truth = rng.integers(K, size=500)
    item = np.repeat(np.arange(500), overlap)
    worker = np.argsort(rng.random((500, 30)), axis=1)[:, :overlap].ravel()
    knows = rng.random(item.size) < right(skill[worker], hardness[item], K)
    label = np.where(knows, truth[item], (truth[item] + rng.integers(1, K, item.size)) % K)
    classes = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(500), workers=range(30), classes=classes)
    return votes, 1 - right(skill, hardness[:, None], K).mean(axis=1), truth


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
@pytest.mark.parametrize("K", [2, 4])
def test_it_is_found(model: Aggregator, K: int) -> None:
    """Intervals at 90% hold how often the crowd errs on the item, by any method; hard items rank as hard."""
    covered, rank, spreads = [], [], []
    for seed in range(5):
        votes, errors, _ = drawn(seed, K, 10, 1.5)
        found = DifficultyModel(level=0.9).fit(votes, model.fit(votes))
        covered.append((found.low <= errors) & (errors <= found.high))
        rank.append(stats.spearmanr(found.difficulty, errors).statistic)
        spreads.append(found.spread)
    assert 0.85 <= np.mean(covered) <= 0.97
    assert np.mean(rank) > 0.65
    assert 1 < np.mean(spreads) < 2


def test_where_items_are_alike_none_is_hard() -> None:
    votes, errors, _ = drawn(0, 3, 8, 0.0)
    found = DifficultyModel().fit(votes, DawidSkene().fit(votes))
    assert found.spread < 0.5
    assert np.ptp(found.difficulty) < 0.12
    assert found.usual == pytest.approx(errors.mean(), abs=0.03)


def test_one_item_by_quadrature() -> None:
    """Against an integral over the difficulty: three answers on an item, workers of known accuracy."""
    said = {"a": "xy" * 100 + "x", "b": "xy" * 100 + "x", "c": "xxyyxxyxyx" * 20 + "y"}
    votes = Votes.of([*range(201)] * 3, np.repeat([*said], 201), [*"".join(said.values())])
    gold = Gold.of(votes, {item: "xy"[item % 2] for item in range(200)})
    consensus = DawidSkene().fit(votes, gold)
    accuracy, average = module._accuracies(votes, consensus, gold)
    known = np.clip((accuracy - 0.5) / 0.5, *module.SKILL)
    skill = np.log(known / (1 - known))
    prior = consensus.class_prior

    def likelihood(d: float, spread: float) -> float:
        hit = right(skill, np.array(d), 2)
        of_x, of_y = hit[0] * hit[1] * (1 - hit[2]), (1 - hit[0]) * (1 - hit[1]) * hit[2]
        return float((prior[0] * of_x + prior[1] * of_y) * stats.norm.pdf(d, scale=spread))

    found = DifficultyModel().fit(votes, consensus, gold)
    skill_of_average = np.log((2 * average - 1) / (2 - 2 * average))
    spread = module.SPREADS[9]
    mass = integrate.quad(likelihood, -5, 5, args=(spread,))[0]

    def weighed(d: float) -> float:
        return likelihood(d, spread) * float(1 - right(skill_of_average, np.array(d), 2))

    mean = integrate.quad(weighed, -5, 5)[0]
    logs = module._log_likelihood(votes, accuracy, np.tile(np.log(prior), (201, 1)))[200]
    weight = np.exp(logs + module._log_normal(spread))
    errors = 1 - right(skill_of_average, module.GRID, 2)
    assert (weight @ errors) / weight.sum() == pytest.approx(mean / mass, abs=2e-3)
    assert found.low[200] < found.difficulty[200] < found.high[200]


def test_few_answers_say_little() -> None:
    """An item that nobody answered is any item; more of the same answers narrow it."""
    votes, _, _ = drawn(1, 3, 10, 1.5)
    sure = Votes.of(
        [*votes.item, *[500] * 3, *[501] * 15],
        [*votes.worker, *range(3), *range(15)],
        [*(str(label) for label in votes.label), *["0"] * 18],
        all_items=range(503),
    )
    found = DifficultyModel().fit(sure, DawidSkene().fit(sure))
    width = found.high - found.low
    assert found.difficulty[502] == pytest.approx(found.usual, abs=1e-3)
    assert width[501] < width[500] < width[502]
    assert found.difficulty[501] < found.difficulty[500] < found.usual


def test_gold_shows_a_wrong_label_that_attracts() -> None:
    votes, _, truth = drawn(2, 3, 10, 1.0)
    wrong = (truth[0] + 1) % 3
    votes.label[:10] = wrong
    alone = DifficultyModel().fit(votes, DawidSkene().fit(votes))
    gold = Gold.of(votes, {0: str(truth[0])})
    known = DifficultyModel().fit(votes, DawidSkene().fit(votes, gold), gold)
    assert alone.difficulty[0] < alone.usual
    assert known.difficulty[0] > np.quantile(known.difficulty, 0.99)
    # the consensus knows the gold by itself
    again = DifficultyModel().fit(votes, DawidSkene().fit(votes, gold))
    np.testing.assert_allclose(again.difficulty, known.difficulty)


def test_ten_thousand_answers_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    votes = Votes.of([0] * 10_000 + [1, 2], [*range(10_000), 0, 1], [*["x", "y", "x", "x"] * 2500, "x", "y"])
    consensus = DawidSkene().fit(votes)
    found = DifficultyModel().fit(votes, consensus)
    assert np.isfinite(found.difficulty).all()
    assert found.high[0] - found.low[0] < 0.1 < found.high[1] - found.low[1]
    monkeypatch.setattr(module, "CHUNK", 4)
    np.testing.assert_allclose(DifficultyModel().fit(votes, consensus).difficulty, found.difficulty)


@settings(deadline=None, max_examples=50)
@given(rows())
def test_ranges(table: list[Row]) -> None:
    votes = votes_of(table)
    found = DifficultyModel().fit(votes, DawidSkene().fit(votes, Gold.of(votes, {"b": "Q"})))
    assert (found.low <= found.difficulty + 1e-9).all()
    assert (found.difficulty <= found.high + 1e-9).all()
    assert (found.low >= 0).all()
    assert (found.high <= 2 / 3 + 1e-9).all()  # who knows nothing guesses


@pytest.mark.parametrize("classes", [[], ["x"]])
def test_one_class_is_not_hard(classes: list[str]) -> None:
    votes = Votes.of([1] * len(classes), ["a"] * len(classes), classes, classes=classes, all_items=[1, 2])
    consensus: Consensus = MajorityVote().fit(votes)
    assert DifficultyModel().fit(votes, consensus).difficulty.tolist() == [0, 0]
