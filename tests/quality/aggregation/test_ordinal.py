"""The ordinal model: its density written out, crowds of its own and of another kind, mirrors, gold, decisions."""

from __future__ import annotations

import pickle
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats

from crowdqc.quality.aggregation import Consensus, DawidSkene, MajorityVote, ordinal
from crowdqc.quality.aggregation.ordinal import (
    DOUBT,
    USUAL,
    Ordinal,
    OrdinalConfusion,
    median_class,
    ordinal_costs,
    posterior_mean,
)
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, votes_of
from tests.quality.test_real_crowds import DATA, accuracy, answers, reference

Floats = NDArray[np.float64]
truths = st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("PQR"), min_size=1), max_size=3)


def rates(theta: Floats, K: int) -> Floats:
    """P(said | true) of one worker, cell by cell."""
    focus, sharpness, lean = theta
    table = np.array(
        [[np.exp(focus * (l == k) - sharpness * abs(l - k) + lean * l) for l in range(K)] for k in range(K)]  # noqa: E741
    )
    return table / table.sum(axis=1, keepdims=True)


def simulate(
    seed: int, *, items: int = 300, workers: int = 30, overlap: int = 5, K: int = 5, likely: bool = True
) -> tuple[Votes, NDArray[np.int64], Floats]:
    """Workers of the model's own kind; or, if not `likely`, who round a normal about a biased truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(K, size=items)
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    theta = np.array([0.5, 0.8, 0.2]) + rng.normal(0, 0.5, (workers, 3))
    if likely:
        tables = np.array([rates(each, K) for each in theta])
        label = (rng.random(item.size)[:, None] > tables[worker, truth[item]].cumsum(axis=1)).sum(axis=1)
    else:
        bias, deviation = rng.normal(0, 0.5, workers), rng.uniform(0.3, 1.6, workers)
        label = np.rint(truth[item] + bias[worker] + deviation[worker] * rng.normal(size=item.size))
    label = np.clip(label, 0, K - 1).astype(int)
    classes = [str(k) for k in range(K)]
    votes = Votes.coded(item, worker, label, items=range(items), workers=range(workers), classes=classes)
    return votes, truth, theta


def theta_of(consensus: Consensus) -> Floats:
    assert isinstance(consensus.confusion, OrdinalConfusion)
    return consensus.confusion.theta


def test_the_objective_is_the_log_posterior() -> None:
    """With all numbers held where the fit ended, and the crowd's means where the prior puts them."""
    votes, _, _ = simulate(1, items=40, workers=6)
    consensus = Ordinal(tolerance=1e-12, max_iterations=2000).fit(votes)
    theta, prior = theta_of(consensus), consensus.class_prior
    firmness = 6 / 0.5**2 + 1 / DOUBT**2
    usual = (theta.sum(axis=0) / 0.5**2 + USUAL / DOUBT**2) / firmness
    density = 10 * np.log(prior).sum()
    for part, mean, spread in ((theta, usual, 0.5), (usual, USUAL, DOUBT)):
        normal = stats.norm(mean, spread)
        density += (normal.logpdf(part) - normal.logpdf(mean)).sum()
    for item in range(40):
        chances = prior.copy()
        for j, label in zip(votes.worker[votes.item == item], votes.label[votes.item == item], strict=True):
            chances *= rates(theta[j], 5)[:, label]
        density += np.log(chances.sum())
        np.testing.assert_allclose(consensus.posterior[item], chances / chances.sum(), atol=1e-6)
    assert consensus.objective[-1] == pytest.approx(density, abs=1e-6)


def test_ends_where_a_blind_search_ends() -> None:
    """With gold everywhere the workers' numbers are those of a logistic regression with its prior."""
    votes, truth, _ = simulate(2, items=60, workers=3, overlap=3)
    gold = Gold.of(votes, {item: str(truth[item]) for item in range(60)})
    consensus = Ordinal(tolerance=0, max_iterations=60).fit(votes, gold)

    def below(x: Floats) -> float:
        theta, usual = x[:9].reshape(3, 3), x[9:]
        total = -(((theta - usual) / 0.5) ** 2).sum() / 2 - (((usual - USUAL) / DOUBT) ** 2).sum() / 2
        for item, j, label in zip(votes.item, votes.worker, votes.label, strict=True):
            total += np.log(rates(theta[j], 5)[truth[item], label])
        return -float(total)

    found = optimize.minimize(below, np.tile(USUAL, 4), method="BFGS", options={"gtol": 1e-5})
    np.testing.assert_allclose(theta_of(consensus), found.x[:9].reshape(3, 3), atol=5e-3)


@settings(deadline=None)
@given(rows(), truths)
def test_the_log_posterior_never_falls_and_gold_holds(table: list[Row], truth: dict[str, set[str]]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, truth)
    consensus = Ordinal().fit(votes, gold)
    assert (np.diff(consensus.objective) >= -1e-9 * (1 + np.abs(consensus.objective[:-1]))).all()
    assert (consensus.posterior[gold.known][~gold.accepted[gold.known]] == 0).all()
    assert gold.accepted[gold.known, median_class(consensus)[gold.known]].all()
    np.testing.assert_allclose(consensus.posterior.sum(axis=1), 1)
    silent = (votes.answers_per_item() == 0) & ~gold.known
    assert ((consensus.label == -1) == silent).all()
    assert ((median_class(consensus) == -1) == silent).all()
    assert (np.isnan(posterior_mean(consensus)) == silent).all()


@settings(deadline=None, max_examples=40)
@given(rows(), truths, st.randoms(use_true_random=False))
def test_a_mirror_and_the_order_of_rows_change_nothing(
    table: list[Row], truth: dict[str, set[str]], random: Random
) -> None:
    there = {"P": "R", "Q": "Q", "R": "P"}
    mirrored = [(item, worker, there[label]) for item, worker, label in random.sample(table, len(table))]
    here, other = votes_of(table), votes_of(mirrored)
    turned = {item: {there[label] for label in labels} for item, labels in truth.items()}
    one = Ordinal().fit(here, Gold.of(here, truth))
    mirror = Ordinal().fit(other, Gold.of(other, turned))
    np.testing.assert_allclose(one.posterior, mirror.posterior[:, ::-1], atol=1e-7)
    if len(table):
        np.testing.assert_allclose(theta_of(one), theta_of(mirror) * [1, 1, -1], atol=1e-7)


def test_another_order_is_another_model() -> None:
    votes, _, _ = simulate(3)
    shuffled = replace(votes, label=np.array([2, 0, 4, 1, 3], dtype=np.int32)[votes.label])
    one, other = Ordinal().fit(votes), Ordinal().fit(shuffled)
    assert one.log_likelihood > other.log_likelihood + 50


def test_recovers_its_own_crowd() -> None:
    votes, truth, theta = simulate(4, items=4000, workers=10)
    consensus = Ordinal().fit(votes)
    assert np.mean(consensus.label == truth) > np.mean(MajorityVote().fit(votes).label == truth) + 0.03
    assert np.sqrt(np.mean((theta_of(consensus) - theta) ** 2)) < 0.2
    assert consensus.confusion is not None
    np.testing.assert_allclose(consensus.confusion.table(), [rates(each, 5) for each in theta], atol=0.08)
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, theta[:, 0] + theta[:, 1], atol=0.3)


@pytest.mark.parametrize("workers", [30, 150])
def test_beats_others_on_crowds_of_another_kind(workers: int) -> None:
    """Workers who round a normal about a biased truth, with 50 and with 10 answers each."""
    wrong: dict[str, list[float]] = {"ordinal": [], "votes": [], "dawid_skene": []}
    for seed in range(6):
        votes, truth, _ = simulate(seed, workers=workers, likely=False)
        wrong["ordinal"].append(np.abs(median_class(Ordinal().fit(votes)) - truth).mean())
        wrong["votes"].append(np.abs(median_class(MajorityVote().fit(votes)) - truth).mean())
        wrong["dawid_skene"].append(np.abs(DawidSkene().fit(votes).label - truth).mean())
    mean = {name: np.mean(values) for name, values in wrong.items()}
    assert mean["ordinal"] < mean["dawid_skene"] - 0.03
    assert mean["ordinal"] < mean["votes"] + (0.02 if workers == 150 else -0.02)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real crowds are not at {DATA}")
def test_real_grades_of_relevance() -> None:
    best = max(reference("web", name) for name in ("MajorityVote", "DawidSkene", "MACE", "own:OneCoin_flat_prior"))
    assert accuracy("web", Ordinal().fit(answers("web"))) > best + 0.04


@settings(deadline=None, max_examples=30)
@given(rows(12))
def test_without_own_speaks_of_others_only(table: list[Row]) -> None:
    votes = votes_of(table)
    chances = Ordinal().fit(votes).without_own(votes)
    alone = votes.answers_per_item()[votes.item] == 1
    assert (np.isnan(chances) == alone).all()
    assert ((chances[~alone] >= 0) & (chances[~alone] <= 1)).all()


def test_evidence_is_the_log_of_the_table() -> None:
    rng = np.random.default_rng(0)
    confusion = OrdinalConfusion(rng.normal(0, 1, (4, 3)), 6)
    worker, label = rng.integers(4, size=20), rng.integers(6, size=20)
    np.testing.assert_allclose(
        confusion.evidence(worker.astype(np.int32), label.astype(np.int32)),
        np.log(confusion.table()[worker, :, label]),
    )
    np.testing.assert_allclose(confusion.table()[1], rates(confusion.theta[1], 6))


def test_workers_in_chunks_are_workers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    votes, _, _ = simulate(6, items=50, workers=7)
    at_once = Ordinal().fit(votes)
    monkeypatch.setattr(ordinal, "CELLS", 2 * 5 * 5)
    in_chunks = Ordinal().fit(votes)
    np.testing.assert_allclose(theta_of(in_chunks), theta_of(at_once), atol=1e-9)
    np.testing.assert_allclose(in_chunks.posterior, at_once.posterior, atol=1e-9)


def test_median_and_costs() -> None:
    rng = np.random.default_rng(1)
    votes = Votes.coded([0] * 50, range(50), [0] * 50, items=range(200), workers=range(50), classes=list("01234"))
    scores = np.log(rng.dirichlet(np.full(5, 0.7), size=200))
    consensus = Consensus.of(scores, votes, Gold.of(votes, {1: ["2"]}), class_prior=np.full(5, 0.2))
    label = consensus.under(ordinal_costs(5)).label
    assert (consensus.label[2:] == -1).all()
    everything = Gold(np.ones((200, 5), dtype=bool))  # gold that accepts all: each item has a label
    consensus = Consensus.of(scores, votes, everything, class_prior=np.full(5, 0.2))
    middle = median_class(consensus)
    p = consensus.posterior
    expected = p @ ordinal_costs(5)
    np.testing.assert_allclose(expected[np.arange(200), middle], expected.min(axis=1))
    assert label[:2].tolist() == [middle[0], 2]
    np.testing.assert_allclose(posterior_mean(consensus), p @ np.arange(5))
    np.testing.assert_allclose(posterior_mean(consensus, [0, 1, 4, 9, 16]), p @ np.arange(5) ** 2)
    np.testing.assert_array_equal(ordinal_costs(4, "quadratic"), ordinal_costs(4) ** 2)
    nearest = (p @ ordinal_costs(5, "quadratic")).argmin(axis=1)
    np.testing.assert_array_equal(nearest, np.rint(posterior_mean(consensus)))


def test_a_median_between_two_is_the_lower() -> None:
    votes = Votes.of(["a", "a"], ["v", "w"], ["1", "4"], classes=list("12345"))
    assert median_class(MajorityVote().fit(votes)).tolist() == [0]


@pytest.mark.parametrize("K", [1, 2, 3])
def test_little_or_nothing(K: int) -> None:
    classes = [str(k) for k in range(K)]
    nothing = Ordinal().fit(Votes.of([], [], [], classes=classes, all_items=["a"]))
    assert nothing.label.tolist() == [-1]
    for ids, workers in ((["a"] * 3, range(3)), (range(3), ["a"] * 3), (["a"], ["w"])):
        votes = Votes.of(ids, workers, ["0"] * len(list(ids)), classes=classes)
        assert (Ordinal().fit(votes).label == 0).all()


def test_ten_thousand_answers_on_one_item() -> None:
    votes = Votes.of(
        ["a"] * 10_000, range(10_000), ["1"] * 3000 + ["2"] * 5000 + ["4"] * 2000, classes=list("12345")
    )
    consensus = Ordinal().fit(votes)
    assert np.isfinite(consensus.posterior).all()
    assert consensus.label.tolist() == [1]


def test_parameters_and_pickles() -> None:
    assert pickle.loads(pickle.dumps(Ordinal())) == Ordinal()
    with pytest.raises(InvalidParameter, match="worker_spread is 0"):
        Ordinal(worker_spread=0)
    with pytest.raises(InvalidParameter, match="kind is 'cubic'; it must be one of absolute, quadratic"):
        ordinal_costs(3, "cubic")  # type: ignore[arg-type]
    consensus = Ordinal().fit(simulate(5, items=10)[0])
    with pytest.raises(InvalidParameter, match="positions must be 5 finite numbers"):
        posterior_mean(consensus, [1, 2])
    assert Ordinal(max_iterations=1).fit(simulate(5, items=10)[0]).converged is False
