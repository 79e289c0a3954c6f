"""Groups of workers who are alike good."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene, MajorityVote
from crowdqc.quality.items import InvalidMatrix
from crowdqc.quality.overlap import InvalidGroups, Standing, WorkerGroups
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.matrices import Matrices
from tests.quality.crowds import answered, simulate


def test_good_and_bad_workers_fall_apart() -> None:
    rng = np.random.default_rng(0)
    confusion = np.repeat(np.array([[[0.9, 0.1], [0.1, 0.9]], [[0.6, 0.4], [0.4, 0.6]]]), 10, axis=0)
    crowd = answered(rng, rng.integers(2, size=2000), confusion, 6)
    found = WorkerGroups.of(crowd.votes, DawidSkene().fit(crowd.votes))
    np.testing.assert_allclose(found.tables.diagonal(axis1=1, axis2=2), [[0.6, 0.6], [0.9, 0.9]], atol=0.03)
    np.testing.assert_allclose(found.shares, 0.5, atol=0.05)


@pytest.mark.parametrize("groups", [1, 2, 5])
def test_together_they_are_the_crowd(groups: int) -> None:
    votes = simulate(1, items=400, K=3).votes
    consensus = DawidSkene().fit(votes)
    found = WorkerGroups.of(votes, consensus, groups)
    assert found.tables.shape == (groups, 3, 3)
    np.testing.assert_allclose(found.tables.sum(axis=2), 1)
    np.testing.assert_allclose(found.anybody(), Matrices.of(votes, consensus).crowd, atol=0.03)
    joint = found.joint()
    np.testing.assert_allclose(joint.reshape(3, groups, 3).sum(axis=1), found.anybody())
    assert joint[1, -1] == pytest.approx(found.shares[-1] * found.tables[-1, 1, 2])


def test_of_nothing() -> None:
    votes = Votes.of([], [], [], classes="xy", all_items=[1])
    found = WorkerGroups.of(votes, MajorityVote().fit(votes))
    np.testing.assert_allclose(found.anybody().sum(axis=1), 1)


def test_refused() -> None:
    for tables in (np.eye(2), [[[0.5, 0.6], [0.5, 0.5]]], [[[1.5, -0.5], [0, 1]]], [[[0.5, 0.5, 0.0]]]):
        with pytest.raises(InvalidMatrix):
            WorkerGroups.given(tables, [1.0])  # type: ignore[arg-type]
    for shares in ([0.5, 0.6], [1.0], [1.5, -0.5]):
        with pytest.raises(InvalidGroups):
            WorkerGroups.given([np.eye(2), np.eye(2)], shares)
    votes = simulate(0, items=5).votes
    with pytest.raises(InvalidMatrix, match="2 classes; these votes have 3"):
        Standing.of(votes, MajorityVote().fit(votes), crowd=np.eye(2))
