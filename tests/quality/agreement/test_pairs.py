"""Worker by worker: against comparing every two workers one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given

from crowdqc.quality.agreement import cohen_kappa, pairs, percent_agreement, scott_pi, worker_pairs
from crowdqc.quality.agreement.weights import Named
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import numbered, wide
from tests.quality.crowds import simulate


@given(votes=numbered("123"))
@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
def test_every_pair_is_as_if_compared_alone(weights: Named, votes: Votes) -> None:
    found = worker_pairs(votes, weights=weights)
    of = {(int(u), int(v)): place for place, (u, v) in enumerate(zip(found.first, found.second, strict=True))}
    assert list(of) == sorted(of)
    for one, other in combinations(range(votes.n_workers), 2):
        between = votes.workers[one], votes.workers[other]
        alone = cohen_kappa(votes, between=between, weights=weights)
        if not alone.items:
            assert (one, other) not in of
            continue
        place = of[one, other]
        assert found.common[place] == alone.items
        of_two = votes.where(np.isin(votes.worker, (one, other)))
        assert found.agreement[place] == pytest.approx(percent_agreement(of_two).value)
        assert found.cohen[place] == pytest.approx(alone.value, abs=1e-12, nan_ok=True)
        pi = scott_pi(votes, between=between, weights=weights).value
        assert found.scott[place] == pytest.approx(pi, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("block", [1, 7, 100])
def test_working_in_blocks_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    votes = simulate(2, items=50, K=3, workers=9, overlap=4).votes
    whole, mean = worker_pairs(votes, least=3), cohen_kappa(votes, intervals="analytic")
    monkeypatch.setattr(pairs, "_BLOCK", block)
    parts, other = worker_pairs(votes, least=3), cohen_kappa(votes, intervals="analytic")
    for name in ("first", "second", "common", "agreement", "cohen", "scott"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(parts, name))
    assert (mean.value, mean.error) == pytest.approx((other.value, other.error), abs=1e-14)


def test_a_matrix_of_a_column() -> None:
    found = worker_pairs(wide(("112*", "122*", "***1")))
    assert len(found) == 1
    assert found.matrix(found.common).toarray().tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    assert found.matrix(found.cohen).toarray()[1, 0] == pytest.approx(found.cohen[0])


def test_a_pair_that_never_left_one_class_has_no_kappa() -> None:
    found = worker_pairs(wide(("111", "111"), "12"))
    assert found.agreement.tolist() == [1]
    assert np.isnan([found.cohen[0], found.scott[0]]).all()


def test_nobody_is_compared_with_nobody() -> None:
    for votes in (Votes.of([], [], [], classes=["x"]), wide(("121",))):
        found = worker_pairs(votes)
        assert len(found) == 0
        assert found.matrix(found.cohen).nnz == 0


def test_many_workers_take_no_square() -> None:
    """100,000 workers: every two of them would be 5 billion pairs."""
    n = 100_000
    item = np.repeat(np.arange(n // 2), 2)
    label = np.random.default_rng(0).integers(3, size=n)
    votes = Votes.coded(item, np.arange(n), label, items=range(n // 2), workers=range(n), classes=list("xyz"))
    found = worker_pairs(votes)
    assert len(found) == n // 2
    assert found.common.max() == 1
    assert found.agreement.mean() == pytest.approx(np.mean(votes.label[::2] == votes.label[1::2]))
