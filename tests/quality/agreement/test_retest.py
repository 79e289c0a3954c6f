"""A worker who is asked twice: against scikit-learn, and against the bootstrap over workers."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.agreement import InvalidAgreement, retest
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes


def crowd(seed: int, workers: int, items: int, *, spread: float = 0.0) -> tuple[Votes, np.ndarray]:
    """Everybody answers everything twice; said[round, worker, item]."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=items)
    right = rng.random((2, workers, items)) < 0.6 + spread * rng.uniform(-1, 1, size=(1, workers, 1))
    said = np.where(right, truth, rng.integers(3, size=right.shape))
    _, worker, item = np.indices(said.shape).reshape(3, -1)
    votes = Votes.coded(
        item, worker, said.ravel(), items=range(items), workers=range(workers), classes=list("012"), repeats="all"
    )
    return votes, said


def test_each_worker_and_all_together_equal_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    votes, (first, second) = crowd(0, workers=6, items=40)
    for weights, theirs in (("identity", None), ("linear", "linear"), ("quadratic", "quadratic")):
        found = retest(votes, weights=weights)
        kappas = [
            metrics.cohen_kappa_score(one, two, weights=theirs) for one, two in zip(first, second, strict=True)
        ]
        np.testing.assert_allclose(found.kappa, kappas, atol=1e-9)
        overall = metrics.cohen_kappa_score(first.ravel(), second.ravel(), weights=theirs)
        assert found.overall_kappa.value == pytest.approx(overall, abs=1e-9)
    same = (first == second).sum(axis=1)
    np.testing.assert_allclose(found.agreement, same / 40)
    np.testing.assert_allclose((found.agreement_low, found.agreement_high), beta_interval(same, [40] * 6))
    assert found.pairs.tolist() == [40] * 6
    assert found.overall.value == pytest.approx((first == second).mean())
    assert (found.overall.items, found.overall.answers) == (240, 480)


def test_the_overall_error_is_that_of_drawing_workers() -> None:
    votes, (first, second) = crowd(1, workers=25, items=30, spread=0.3)
    found, same = retest(votes), (first == second).mean(axis=1)
    assert found.overall.error == pytest.approx(same.std(ddof=1) / 5, abs=1e-12)
    drawn = []
    for draw in np.random.default_rng(0).integers(25, size=(400, 25)):
        joint = np.zeros((3, 3))
        np.add.at(joint, (first[draw], second[draw]), 1 / 750)
        chance = joint.sum(axis=0) @ joint.sum(axis=1)
        drawn.append((np.trace(joint) - chance) / (1 - chance))
    assert found.overall_kappa.error == pytest.approx(np.std(drawn), rel=0.1)


def test_a_third_answer_is_held_against_the_second() -> None:
    votes = Votes.of([1, 1, 1, 2], ["ann"] * 4, list("xyyx"), repeats="all")
    found = retest(votes)
    assert found.pairs.tolist() == [2]
    assert found.agreement.tolist() == [0.5]
    assert (found.overall.items, found.overall.answers) == (1, 3)


def test_neighbours_in_the_table_are_different_pairs() -> None:
    """Worker b's two answers follow worker a's, and item 2's follow item 1's."""
    votes = Votes.of([1, 1, 1, 1, 2, 2], list("aabbbb"), list("xyxxyy"), repeats="all")
    found = retest(votes)
    assert found.pairs.tolist() == [1, 2]
    assert (found.overall.items, found.overall.answers) == (3, 6)


def test_nobody_was_asked_twice() -> None:
    for votes in (Votes.of([], [], [], classes=["x"]), Votes.of([1, 1], ["a", "b"], ["x", "y"], repeats="all")):
        found = retest(votes)
        assert not found.pairs.any()
        assert np.isnan(found.agreement).all()
        assert np.isnan(found.kappa).all()
        assert np.isnan([found.overall.value, found.overall_kappa.value]).all()
        assert (found.agreement_high - found.agreement_low == 1).all()


def test_one_worker_has_no_interval_over_workers_and_one_class_no_kappa() -> None:
    votes = Votes.of([1, 1, 2, 2], ["a"] * 4, ["x"] * 4, classes=["x", "y"], repeats="all")
    found = retest(votes)
    assert found.overall.value == 1
    assert np.isnan([found.overall.low, found.overall_kappa.value, found.kappa[0]]).all()
    with pytest.raises(InvalidAgreement, match="level is 2"):
        retest(votes, level=2)
