"""The weighted vote, against crowd-kit's and against votes that are repeated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.aggregation.majority_vote import MajorityVote
from crowdqc.quality.aggregation.weighted_vote import WeightedVote
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.aggregation.crowd_kit import fitted
from tests.quality.crowds import Row, rows, simulate, votes_of


@given(rows())
def test_equal_weights_are_a_majority_vote(table: list[Row]) -> None:
    votes = votes_of(table)
    plain = MajorityVote().fit(votes)
    for weights in (None, {}, dict.fromkeys(votes.workers, 0.7)):
        weighted = WeightedVote(weights).fit(votes)
        np.testing.assert_allclose(weighted.posterior, plain.posterior)
        np.testing.assert_array_equal(weighted.label, plain.label)
        np.testing.assert_array_equal(weighted.tied, plain.tied)


@given(rows(), st.dictionaries(st.sampled_from("vwxyz"), st.integers(0, 3), min_size=5))
def test_a_weight_is_a_number_of_voices(table: list[Row], weights: dict[str, float]) -> None:
    """By worker, and by answer."""
    chorus = [(i, f"{w}{voice}", k) for i, w, k in table for voice in range(int(weights[w]))]
    expected = MajorityVote().fit(votes_of(chorus)).posterior
    silent = votes_of(chorus).answers_per_item() == 0
    expected[silent] = 1 / 3
    by_worker = WeightedVote(weights).fit(votes_of(table))
    np.testing.assert_allclose(by_worker.posterior, expected)
    items, workers, labels = zip(*table, strict=True) if table else ((), (), ())
    each = [weights[worker] for worker in workers]
    votes = Votes.of(items, workers, labels, classes=list("PQR"), all_items="abcdef", weights=each)
    np.testing.assert_allclose(WeightedVote().fit(votes).posterior, expected)
    assert by_worker.tied[silent & (votes.answers_per_item() > 0)].all()


def test_equals_crowd_kit() -> None:
    votes = simulate(1, K=4).votes
    pandas = pytest.importorskip("pandas")
    skill = np.random.default_rng(0).uniform(0.1, 1, votes.n_workers)
    theirs = fitted("MajorityVote", votes, pandas.Series(skill, index=range(votes.n_workers)))
    ours = WeightedVote(dict(enumerate(skill.tolist()))).fit(votes)
    np.testing.assert_allclose(ours.posterior, theirs.probas_.sort_index().to_numpy(), atol=1e-12)
    np.testing.assert_array_equal(ours.label, theirs.labels_.sort_index())
    np.testing.assert_allclose(ours.skill, skill)  # type: ignore[arg-type]


def test_what_weighs_nothing_is_a_tie() -> None:
    votes = Votes.of([1, 1, 2, 2], list("abac"), list("xyxy"), classes=["x", "y", "z"])
    consensus = WeightedVote({"a": 0, "b": 0, "nobody": 5}).fit(votes)
    np.testing.assert_allclose(consensus.posterior, [[1 / 3] * 3, [0, 1, 0]])
    assert consensus.tied.tolist() == [True, False]
    assert consensus.label.tolist() == [0, 1]
    assert consensus.skill is not None
    assert consensus.skill.tolist() == [0, 0, 1]
    gilded = WeightedVote({"a": 0, "b": 0}).fit(votes, Gold.of(votes, {1: "z"}))
    assert gilded.label.tolist() == [2, 1]


def test_great_weights_and_small_ones() -> None:
    votes = Votes.of([1, 1, 2, 2], list("abab"), list("xyxx"), weights=[1e308, 1e308, 1e-2, 1e-2])
    posterior = WeightedVote({"a": np.float64(1e308), "b": np.int64(0)}).fit(votes).posterior
    np.testing.assert_allclose(posterior, [[1, 0], [1, 0]])
    np.testing.assert_allclose(WeightedVote().fit(votes).posterior, [[0.5, 0.5], [1, 0]])


@pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "2", True, None])
def test_what_is_no_weight_is_refused(weight: Any) -> None:
    with pytest.raises(InvalidParameter, match="worker 'ann'"):
        WeightedVote({"bob": 1, "ann": weight})
