"""Dawid-Skene: the paper of 1979, a naive implementation, priors and gold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.examples import anaesthetists
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

LIKELIHOOD = DawidSkene(diagonal=0, off_diagonal=0, class_items=0, tolerance=1e-9, max_iterations=500)
Floats = NDArray[np.float64]


def table_of_1979() -> Votes:
    patients, observers, _, labels = zip(*anaesthetists(), strict=True)
    return Votes.of(patients, observers, labels, repeats="all")


def naive(votes: Votes, iterations: int) -> tuple[Floats, Floats, Floats, list[float]]:
    """Equations 2.3 to 2.5 of the paper, cell by cell, started at the shares of votes (3.1)."""
    n = np.zeros((votes.n_workers, votes.n_items, votes.n_classes))
    for i, k, label in zip(votes.item, votes.worker, votes.label, strict=True):
        n[k, i, label] += 1
    T = n.sum(axis=0) / n.sum(axis=(0, 2))[:, None]
    likelihoods = []
    for _ in range(iterations):
        pi = np.einsum("ij,kil->kjl", T, n)
        pi = pi / np.maximum(pi.sum(axis=2, keepdims=True), 1e-300)
        p = T.mean(axis=0)
        joint = np.array(
            [[p[j] * np.prod(pi[:, j, :] ** n[:, i, :]) for j in range(p.size)] for i in range(len(T))]
        )
        likelihoods.append(float(np.log(joint.sum(axis=1)).sum()))
        T = joint / joint.sum(axis=1, keepdims=True)
    return T, p, pi, likelihoods


def test_reproduces_the_paper() -> None:
    votes = table_of_1979()
    consensus = LIKELIHOOD.fit(votes)
    assert consensus.converged
    np.testing.assert_array_equal(consensus.class_prior.round(2), [0.40, 0.42, 0.11, 0.07])
    assert consensus.confusion is not None
    # Table 2 of the paper, observer 1
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    np.testing.assert_allclose(consensus.confusion.table()[0], first, atol=0.0051)
    labels = "".join(votes.classes[code] for code in consensus.label)
    assert labels == "142222132243121111222222112111131224233111212"


def test_equals_the_naive_algorithm() -> None:
    votes = table_of_1979()
    consensus = DawidSkene(diagonal=0, off_diagonal=0, class_items=0, tolerance=0, max_iterations=12).fit(votes)
    T, p, pi, likelihoods = naive(votes, 12)
    np.testing.assert_allclose(consensus.posterior, T, atol=1e-9)
    np.testing.assert_allclose(consensus.class_prior, p, atol=1e-9)
    assert consensus.confusion is not None
    np.testing.assert_allclose(consensus.confusion.table(), pi, atol=1e-9)
    np.testing.assert_allclose(consensus.objective, likelihoods, atol=1e-9)
    assert not consensus.converged


@given(rows())
def test_the_likelihood_never_falls(table: list[Row]) -> None:
    objective = LIKELIHOOD.fit(votes_of(table)).objective
    assert (np.diff(objective) >= -1e-9 * (1 + np.abs(objective[:-1]))).all()


@given(rows())
def test_the_log_posterior_never_falls(table: list[Row]) -> None:
    votes = votes_of(table)
    objective = DawidSkene(tolerance=1e-9).fit(votes, Gold.of(votes, {"a": "P", "b": ["P", "Q"]})).objective
    assert (np.diff(objective) >= -1e-9 * (1 + np.abs(objective[:-1]))).all()


def test_the_objective_is_the_log_posterior() -> None:
    """Against the density written out with a full confusion matrix for each worker."""
    votes = simulate(4, items=30, workers=6).votes
    model = DawidSkene(diagonal=2, off_diagonal=1, tolerance=0, max_iterations=6)
    consensus = model.fit(votes)
    again = DawidSkene(diagonal=2, off_diagonal=1, tolerance=0, max_iterations=3).fit(votes)

    def density(confusion: Floats, prior: Floats) -> float:
        scores = np.tile(np.log(prior), (votes.n_items, 1))
        np.add.at(scores, votes.item, np.log(confusion[votes.worker, :, votes.label]))
        dirichlet = (model.pseudo_answers(3) * np.log(confusion)).sum() + model.class_items * np.log(prior).sum()
        return float(np.logaddexp.reduce(scores, axis=1).sum() + dirichlet)

    assert consensus.confusion is not None
    assert again.confusion is not None
    final, earlier = (density(each.confusion.table(), each.class_prior) for each in (consensus, again))
    gained = final - earlier
    assert consensus.objective[5] - again.objective[2] == pytest.approx(gained, abs=1e-9)


def test_learns_the_workers() -> None:
    crowd = simulate(5, items=2000, workers=8, K=3, overlap=6, low=0.7)
    consensus = DawidSkene().fit(crowd.votes)
    assert consensus.confusion is not None
    confusion = consensus.confusion.table()
    assert confusion is not None
    np.testing.assert_allclose(confusion.sum(axis=2), 1)
    np.testing.assert_allclose(confusion, crowd.confusion, atol=0.07)


def test_a_worker_who_says_the_opposite_is_of_use() -> None:
    crowd = simulate(6, items=200, workers=4, K=2, overlap=4, low=0.8, high=0.9)
    flipped = crowd.votes.label.copy()
    flipped[crowd.votes.worker == 0] ^= 1
    votes = Votes.coded(
        crowd.votes.item, crowd.votes.worker, flipped, items=range(200), workers=range(4), classes=["0", "1"]
    )
    consensus = DawidSkene().fit(votes)
    assert consensus.confusion is not None
    assert consensus.confusion.table()[0].trace() < 0.6
    assert np.mean(consensus.label == crowd.truth) > 0.9


def test_one_veto_does_not_decide_against_many() -> None:
    """A worker who never erred has cells of zero under maximum likelihood."""
    easy = [(item, worker, "x" if item < 5 else "y") for item in range(10) for worker in "abcde"]
    rows = [*easy, *((99, worker, "x") for worker in "abcd"), (99, "e", "y")]
    for model in (LIKELIHOOD, DawidSkene()):
        consensus = model.fit(Votes.of(*zip(*rows, strict=True)))
        assert consensus.label[-1] == 0
        assert np.isfinite(consensus.log_odds).all()


def test_ranks_survive_near_certainty() -> None:
    """Items answered alike by more workers stay apart although all their posteriors round to 1."""
    rows = [(item, worker, "xy"[item % 2]) for item in range(40) for worker in range(20 + item // 2 * 2)]
    consensus = DawidSkene().fit(Votes.of(*zip(*rows, strict=True)))
    assert (consensus.confidence == 1).any()
    assert (np.diff(consensus.log_odds[::2]) > 0).all()
    assert (np.diff(consensus.doubt[::2]) < 0).all()


def test_gold_trains_the_workers() -> None:
    """Two against two cannot be told apart, until gold says who is right."""
    said = {"a": "xyxyxyxy", "b": "xyxyxyxy", "c": "yxyxyxyx", "d": "yxyxyxyx"}
    rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels)]
    votes = Votes.of(*zip(*rows, strict=True))
    assert DawidSkene().fit(votes).tied.all()
    taught = DawidSkene().fit(votes, Gold.of(votes, {0: "y", 1: "x", 2: "y"}))
    assert [votes.classes[code] for code in taught.label] == list("yxyxyxyx")
    assert not taught.tied.any()


def test_gold_says_nothing_of_the_class_prior() -> None:
    crowd = simulate(7, items=200, K=2)
    rare = {int(item): "1" for item in np.flatnonzero(crowd.truth == 1)[:80]}
    consensus = DawidSkene().fit(crowd.votes, Gold.of(crowd.votes, rare))
    left = ~consensus.known
    assert consensus.class_prior[1] == pytest.approx(np.mean(crowd.truth[left] == 1), abs=0.05)


def test_without_own_leaves_out_one_workers_evidence() -> None:
    votes = table_of_1979()
    consensus = DawidSkene().fit(votes)
    chances = consensus.without_own(votes)
    assert consensus.confusion is not None
    own = (votes.item == 2) & (votes.worker == 0)  # three answers of observer 1 to patient 3
    scores = np.log(consensus.class_prior)
    for k, label in zip(
        votes.worker[(votes.item == 2) & ~own], votes.label[(votes.item == 2) & ~own], strict=True
    ):
        scores = scores + np.log(consensus.confusion.table()[k, :, label])
    others = np.exp(scores - np.logaddexp.reduce(scores))
    np.testing.assert_allclose(chances[own], others[votes.label[own]])


def test_a_fixed_class_prior_is_kept() -> None:
    votes = simulate(8, items=30).votes
    np.testing.assert_allclose(DawidSkene(class_prior="uniform").fit(votes).class_prior, 1 / 3)
    np.testing.assert_allclose(DawidSkene(class_prior=[2, 1, 1]).fit(votes).class_prior, [0.5, 0.25, 0.25])
    with pytest.raises(InvalidParameter, match="3 numbers"):
        DawidSkene(class_prior=[1, 1]).fit(votes)


@pytest.mark.parametrize(
    "parameters",
    [
        {"diagonal": -1},
        {"off_diagonal": "much"},
        {"tolerance": float("nan")},
        {"max_iterations": 0},
        {"class_prior": "?"},
    ],
)
def test_parameters_out_of_range_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter, match=next(iter(parameters))):
        DawidSkene(**parameters)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [1, 2, 10])
def test_answers_that_are_all_alike_do_not_rule_the_other_class_out(number: int) -> None:
    """Or the first answer in every project would be certain, and the item accepted."""
    items = [f"item {place}" for place in range(number)]
    votes = Votes.of(items, ["ann"] * number, ["cat"] * number, classes=["cat", "dog"], all_items=[*items, "open"])
    consensus = DawidSkene().fit(votes)
    assert (consensus.label[:-1] == 0).all()
    assert consensus.confidence[:-1].max() < 0.99
    assert 0.001 < consensus.posterior[-1, 1] < 0.5
    assert (np.diff(consensus.objective) > -1e-9).all()
