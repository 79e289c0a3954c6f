"""Hierarchical and graded Dawid-Skene, on crowds whose habits and whose items' difficulty are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.aggregation import DawidSkene, GradedDawidSkene, HierarchicalDawidSkene
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of


@given(rows())
def test_the_bound_never_falls(table: list[Row]) -> None:
    for method in (HierarchicalDawidSkene(tolerance=0, max_iterations=25), GradedDawidSkene(max_iterations=25)):
        objective = method.fit(votes_of(table)).objective
        assert (np.diff(objective) >= -1e-7 * (1 + np.abs(objective[1:]))).all()


def habit(seed: int, each: int) -> tuple[Votes, np.ndarray]:
    """Many workers of few answers, who all take class 2 for class 1 as often as not."""
    rng = np.random.default_rng(seed)
    items, overlap = 600, 5
    workers = items * overlap // each
    truth = rng.integers(3, size=items)
    item = np.repeat(np.arange(items), overlap)
    worker = rng.permutation(np.arange(item.size) % workers)
    table = np.array([[0.8, 0.15, 0.05], [0.15, 0.8, 0.05], [0.03, 0.5, 0.47]])
    label = (rng.random(item.size)[:, None] > table[truth[item]].cumsum(axis=1)).sum(axis=1)
    votes = Votes.coded(
        item, worker, np.minimum(label, 2), items=range(items), workers=range(workers), classes=list("abc")
    )
    return votes, truth


def test_workers_of_few_answers_share_the_habits_of_the_crowd() -> None:
    own, shared = [], []
    for seed in range(5):
        votes, truth = habit(seed, each=6)
        own.append(np.mean(DawidSkene().fit(votes).label == truth))
        shared.append(np.mean(HierarchicalDawidSkene(class_prior="uniform").fit(votes).label == truth))
    assert np.mean(shared) > np.mean(own) + 0.02


def test_difficulty_is_found() -> None:
    rng = np.random.default_rng(1)
    crowd = simulate(1, items=800, workers=25, K=3, low=0.85, high=0.95, overlap=7)
    hard = rng.random(800) < 0.3
    votes = crowd.votes
    guess = hard[votes.item] & (rng.random(len(votes)) < 0.6)
    label = np.where(guess, rng.integers(3, size=len(votes)), votes.label)
    votes = Votes.coded(
        votes.item, votes.worker, label, items=votes.items, workers=votes.workers, classes=votes.classes
    )
    consensus = GradedDawidSkene().fit(votes)
    assert consensus.difficulty is not None
    easier, harder = consensus.difficulty[~hard], consensus.difficulty[hard]
    above = np.mean(harder[:, None] > easier[None, :])  # the area under the curve
    assert above > 0.9
    assert np.mean(consensus.label == crowd.truth) >= np.mean(DawidSkene().fit(votes).label == crowd.truth) - 0.01


def test_states_add_up_to_the_classes() -> None:
    votes = simulate(3, items=50, K=4).votes
    consensus = GradedDawidSkene().fit(votes)
    assert consensus.log_states is not None
    assert consensus.confusion is not None
    by_class = np.exp(consensus.log_states).reshape(50, 4, 2).sum(axis=2)
    np.testing.assert_allclose(by_class, consensus.posterior, atol=1e-12)
    np.testing.assert_allclose(consensus.confusion.table().sum(axis=2), 1, atol=1e-9)


def test_one_grade_is_the_plain_hierarchical_model() -> None:
    votes = simulate(5, items=60, K=3).votes
    one, other = HierarchicalDawidSkene().fit(votes), GradedDawidSkene(grades=1).fit(votes)
    np.testing.assert_array_equal(one.posterior, other.posterior)


@pytest.mark.parametrize("parameters", [{"grades": 0}, {"right": 0}, {"crowd": -1}, {"class_prior": "?"}])
def test_parameters_out_of_range_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter, match=next(iter(parameters))):
        HierarchicalDawidSkene(**parameters)  # type: ignore[arg-type]
