"""One-coin Dawid-Skene, against crowd-kit's and against what was planted."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation import MajorityVote, OneCoin
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of


@pytest.mark.parametrize("iterations", [1, 4])
def test_maximum_likelihood_is_that_of_crowdkit(iterations: int) -> None:
    crowdkit = pytest.importorskip("crowdkit.aggregation")
    import pandas

    votes = simulate(2, items=60, workers=10, K=3).votes
    frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = crowdkit.OneCoinDawidSkene(n_iter=iterations, tol=-np.inf).fit(frame)
    ours = OneCoin(
        right=0, wrong=0, class_prior="learned", class_items=0, max_iterations=iterations, tolerance=0
    ).fit(votes)
    expected = theirs.probas_.sort_index()[sorted(theirs.probas_.columns)].to_numpy()
    np.testing.assert_allclose(ours.posterior, expected, atol=1e-8)


def test_finds_the_accuracies() -> None:
    crowd = simulate(4, items=2000, workers=15, K=3)
    consensus = OneCoin().fit(crowd.votes)
    assert consensus.skill is not None
    np.testing.assert_allclose(consensus.skill, crowd.confusion[:, 0, 0], atol=0.08)
    plain = MajorityVote().fit(crowd.votes).label
    assert np.mean(consensus.label == crowd.truth) > np.mean(plain == crowd.truth) + 0.01


@given(rows())
def test_the_log_posterior_never_falls(table: list[Row]) -> None:
    for method in (OneCoin(tolerance=0, max_iterations=30), OneCoin(pooled=True, class_prior="learned")):
        objective = method.fit(votes_of(table)).objective
        assert (np.diff(objective) >= -1e-9 * (1 + np.abs(objective[1:]))).all()


@given(rows())
def test_pooled_it_gives_the_labels_of_majority_vote(table: list[Row]) -> None:
    votes = votes_of(table)
    pooled, plain = OneCoin(pooled=True).fit(votes), MajorityVote().fit(votes)
    backwards = pooled.skill is not None and np.nanmin(np.append(pooled.skill, 1)) <= 1 / 3 + 1e-6
    if not backwards:  # a crowd that agrees less than chance does would be read the other way round
        np.testing.assert_array_equal(pooled.label, plain.label)
        np.testing.assert_array_equal(pooled.tied, plain.tied)


def test_pooled_confidence_is_calibrated() -> None:
    crowd = simulate(7, items=4000, workers=30, K=3, low=0.7, high=0.7)
    consensus = OneCoin(pooled=True).fit(crowd.votes)
    right = consensus.label == crowd.truth
    assert consensus.confidence.mean() == pytest.approx(right.mean(), abs=0.01)


@given(st.integers(2, 5))
def test_gold_shows_who_is_right(K: int) -> None:
    """Two against one, and gold that says that the one is right."""
    items = range(30)
    said = {"ann": 0, "bob": 0, "cid": 1}
    table = [(item, worker, "abcde"[label]) for item in items for worker, label in said.items()]
    votes = Votes.of(*zip(*table, strict=True), classes=list("abcde"[:K]))
    gold = Gold.of(votes, dict.fromkeys(range(10), "b"))
    assert (OneCoin().fit(votes, gold).label == 1).all()


@pytest.mark.parametrize("parameters", [{"right": -1}, {"class_prior": "?"}, {"max_iterations": 0}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter, match=next(iter(parameters))):
        OneCoin(**parameters)  # type: ignore[arg-type]
