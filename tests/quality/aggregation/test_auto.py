"""Auto: the choice follows the evidence, and says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crowdqc.quality.aggregation import Auto, MajorityVote
from crowdqc.quality.aggregation.auto import CANDIDATES
from crowdqc.quality.aggregation.consensus import Choice, Consensus
from crowdqc.quality.aggregation.evidence import mean_and_error
from crowdqc.quality.gold import Gold
from crowdqc.quality.predictions import Predictions
from crowdqc.quality.simulation import Simulation
from tests.quality.crowds import Crowd, answered, simulate


def drawn(seed: int, table: np.ndarray, *, items: int, overlap: int) -> Crowd:
    """Draw answers from confusion matrices, float[workers, K, K]."""
    rng = np.random.default_rng(seed)
    return answered(rng, rng.integers(table.shape[1], size=items), table, overlap)


def chosen(crowd: Crowd, gold: Gold | None = None) -> tuple[Consensus, Choice]:
    consensus = Auto().fit(crowd.votes, gold)
    assert consensus.choice is not None
    return consensus, consensus.choice


def test_equal_workers_need_no_model() -> None:
    crowd = simulate(0, items=400, workers=200, K=4, overlap=5, low=0.7, high=0.7)
    consensus, choice = chosen(crowd)
    assert choice.method == "majority_vote"
    np.testing.assert_array_equal(consensus.label, MajorityVote().fit(crowd.votes).label)


def test_workers_who_differ_need_a_number_each() -> None:
    crowd = simulate(1, items=600, workers=40, K=6, overlap=5, low=0.2, high=0.95)
    assert chosen(crowd)[1].method == "one_coin"


def test_workers_who_err_in_a_direction_need_a_matrix() -> None:
    """Half of them hardly ever say the second class, and half hardly ever the first."""
    shy, bold = [[0.98, 0.02], [0.6, 0.4]], [[0.4, 0.6], [0.02, 0.98]]
    crowd = drawn(2, np.array([shy, bold] * 10), items=300, overlap=7)
    consensus, choice = chosen(crowd)
    assert choice.method == "dawid_skene"
    plain = MajorityVote().fit(crowd.votes).label
    assert np.mean(consensus.label == crowd.truth) > np.mean(plain == crowd.truth) + 0.02


def test_every_candidate_is_reported_with_its_figure_and_the_reason() -> None:
    consensus, choice = chosen(simulate(1, items=300, workers=20, K=3, low=0.2))
    assert [candidate.name for candidate in choice.candidates] == list(CANDIDATES)
    of = {candidate.name: candidate for candidate in choice.candidates}
    assert of[choice.method].note == ""
    assert all(candidate.note for name, candidate in of.items() if name != choice.method)
    best = max(choice.candidates, key=lambda candidate: candidate.figure)
    assert best.behind == 0
    assert choice.reason.startswith(choice.method)
    assert consensus.choice is choice


def test_a_few_answers_tell_nothing_apart() -> None:
    _, choice = chosen(simulate(1, items=15, workers=5, overlap=3))
    assert choice.method == "majority_vote"
    assert "45 answers" in choice.reason
    single = simulate(1, items=300, workers=5, overlap=1)
    assert "only 0 answers" in chosen(single)[1].reason


def test_gold_has_a_say() -> None:
    """Most workers copy one another's mistake, which foretells them well; gold shows that it is one."""
    sure, wrong = [[0.95, 0.05], [0.05, 0.95]], [[0.9, 0.1], [0.75, 0.25]]
    crowd = drawn(5, np.array([sure] * 3 + [wrong] * 9), items=400, overlap=9)
    truth = {item: str(crowd.truth[item]) for item in range(120)}
    gold = Gold.of(crowd.votes, truth)
    consensus, choice = chosen(crowd, gold)
    assert choice.method != "majority_vote"
    assert all(np.isfinite(candidate.gold) for candidate in choice.candidates)
    of = {candidate.name: candidate for candidate in choice.candidates}
    assert of[choice.method].gold >= of["majority_vote"].gold
    rest = ~gold.known
    assert np.mean(consensus.label[rest] == crowd.truth[rest]) > 0.85


def test_the_seed_deals_and_nothing_else_is_random() -> None:
    votes = simulate(3, items=200, K=3).votes
    one, other = Auto(seed=1).fit(votes).choice, Auto(seed=1).fit(votes).choice
    again = Auto(seed=2).fit(votes).choice
    assert one is not None
    assert other is not None
    assert again is not None
    figures = [[candidate.figure for candidate in choice.candidates] for choice in (one, other)]
    assert figures[0] == figures[1]
    assert figures[0] != [candidate.figure for candidate in again.candidates]


def test_an_order_is_found_where_the_answers_show_one() -> None:
    """Workers who miss by a step, each with a leaning of his own."""
    rng = np.random.default_rng(0)
    place = np.arange(5)
    lean = rng.normal(0, 0.8, size=30)
    near = -1.2 * np.abs(place[None, None, :] - place[None, :, None]) + lean[:, None, None] * place[None, None, :]
    table = np.exp(near) / np.exp(near).sum(axis=2, keepdims=True)
    assert chosen(drawn(3, table, items=400, overlap=5))[1].method == "ordinal"


def test_a_model_is_heard_where_it_helps() -> None:
    crowd = simulate(2, items=500, workers=25, K=3, overlap=3, low=0.4, high=0.7)
    sure = np.full((500, 3), 0.1)
    sure[np.arange(500), crowd.truth] = 0.8
    predictions = Predictions.of(crowd.votes, crowd.votes.items, ["m"] * 500, sure)
    consensus = Auto().fit(crowd.votes, None, predictions)
    assert consensus.choice is not None
    assert consensus.choice.method == "model_aware"
    assert "weights: m" in consensus.choice.reason
    assert np.mean(consensus.label == crowd.truth) > np.mean(Auto().fit(crowd.votes).label == crowd.truth) + 0.1


def test_names_have_no_order() -> None:
    votes = simulate(0, items=20, K=3).votes
    assert "ordinal" in Auto.candidates(votes)
    for classes in (("a", "b", "c"), ("2", "10", "9"), ("low", "1", "2")):
        assert "ordinal" not in Auto.candidates(replace(votes, classes=classes))
    assert "ordinal" not in Auto.candidates(simulate(0, items=20, K=2).votes)


def test_a_model_may_be_clearly_better_than_all_methods_of_answers() -> None:
    crowd = simulate(1, items=600, workers=40, K=3, overlap=4, low=0.35, high=0.8)
    sure = np.full((600, 3), 0.005)
    sure[np.arange(600), crowd.truth] = 0.99
    predictions = Predictions.of(crowd.votes, crowd.votes.items, ["m"] * 600, sure)
    gold = Gold.of(crowd.votes, {item: str(crowd.truth[item]) for item in range(100)})
    for known in (None, gold):
        consensus = Auto().fit(crowd.votes, known, predictions)
        assert consensus.choice is not None
        assert consensus.choice.method == "model_aware"


def test_a_model_that_guesses_is_not_heard() -> None:
    crowd = simulate(2, items=400, workers=25, K=3, overlap=3)
    guesses = np.random.default_rng(0).dirichlet(np.ones(3), 400)
    predictions = Predictions.of(crowd.votes, crowd.votes.items, ["m"] * 400, guesses)
    consensus = Auto().fit(crowd.votes, None, predictions)
    assert consensus.choice is not None
    assert consensus.choice.method != "model_aware"


def test_errors_allow_for_values_that_hang_together() -> None:
    rng = np.random.default_rng(0)
    worker, item = np.repeat(np.arange(20), 50), np.tile(np.arange(50), 20)
    alone = rng.standard_normal(1000)
    together = alone + rng.standard_normal(20)[worker] + rng.standard_normal(50)[item]
    codes = worker.astype(np.int32), item.astype(np.int32)
    assert mean_and_error(alone, *codes)[1] == pytest.approx(1000**-0.5, rel=0.6)
    expected = np.sqrt(1 / 20 + 1 / 50 + 1 / 1000)
    assert mean_and_error(together, *codes)[1] == pytest.approx(expected, rel=0.35)


@pytest.mark.parametrize(("good", "heard"), [(0.85, True), (0.2, False)])
def test_models_speak_beside_the_crowd_as_it_was_seen(good: float, heard: bool) -> None:
    """Workers who are simply good or bad: one accuracy each is enough, and good models add to it."""
    crowd = Simulation(items=600, workers=60, classes=5, overlap=4).run(seed=1)
    items = crowd.votes.items
    said = Predictions.of(crowd.votes, items, ["m"] * len(items), crowd.predictions(good))
    without, beside = Auto().fit(crowd.votes), Auto().fit(crowd.votes, predictions=said)
    right, better = (float(np.mean(each.label == crowd.truth)) for each in (without, beside))
    assert without.choice is not None
    assert beside.choice is not None
    assert without.choice.method in ("majority_vote", "one_coin")
    told = {candidate.name: candidate for candidate in beside.choice.candidates}
    assert (beside.choice.method == "model_aware") == heard == (told["model_aware"].note == "")
    if heard:
        assert better > right + 0.02
        assert f"as {without.choice.method} sees it" in beside.choice.reason
        assert told[without.choice.method].note == "without the models"
    else:
        assert told["model_aware"].note == "the answers do not bear the models out"
        np.testing.assert_array_equal(beside.posterior, without.posterior)
