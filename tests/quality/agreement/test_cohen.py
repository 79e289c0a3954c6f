"""Cohen's kappa and Scott's pi against statsmodels, scikit-learn and nltk."""

from __future__ import annotations

import warnings
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from crowdqc.quality.agreement import Agreement, InvalidAgreement, cohen_kappa, scott_pi
from crowdqc.quality.agreement.weights import Named
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import numbered, triples, wide
from tests.quality.crowds import simulate

WEIGHTS: list[tuple[Named, str | None]] = [("identity", None), ("linear", "linear"), ("quadratic", "quadratic")]


def both(votes: Votes, one: int, other: int) -> tuple[np.ndarray, np.ndarray]:
    """What two workers said of the items that both answered."""
    said = []
    for worker in (one, other):
        his = votes.worker == worker
        said.append(dict(zip(votes.item[his].tolist(), votes.label[his].tolist(), strict=True)))
    common = sorted(said[0].keys() & said[1].keys())
    return tuple(np.array([each[i] for i in common], dtype=int) for each in said)  # type: ignore[return-value]


def statsmodels(first: np.ndarray, second: np.ndarray, K: int, weights: str | None) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((K, K))
    np.add.at(table, (first, second), 1)
    return cohens_kappa(table, wt=weights)


@pytest.mark.parametrize(("ours", "theirs"), WEIGHTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_workers_equal_statsmodels_and_its_interval(seed: int, ours: Named, theirs: str | None) -> None:
    votes = simulate(seed, items=80, K=4, workers=3, overlap=2).votes
    for one, other in combinations(range(3), 2):
        expected = statsmodels(*both(votes, one, other), 4, theirs)
        found = cohen_kappa(votes, between=(one, other), weights=ours, intervals="analytic")
        assert found.value == pytest.approx(expected.kappa, abs=1e-9)
        assert found.error == pytest.approx(expected.std_kappa, abs=1e-9)
        assert (found.low, found.high) == pytest.approx((expected.kappa_low, min(expected.kappa_upp, 1)), abs=1e-9)


@settings(max_examples=40)
@given(votes=numbered("123"))
def test_the_mean_over_pairs_equals_scikit_learn(votes: Votes) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for ours, theirs in WEIGHTS:
        kappas = []
        for one, other in combinations(range(votes.n_workers), 2):
            first, second = both(votes, one, other)
            if first.size < 2 or len({*first, *second}) < 2:
                continue  # not defined
            kappas.append(metrics.cohen_kappa_score(first, second, labels=[0, 1, 2], weights=theirs))
        found = cohen_kappa(votes, least=2, weights=ours).value
        if votes.n_workers > 2:
            assert found == pytest.approx(np.mean(kappas) if kappas else np.nan, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", [1, 2])
def test_nltk_says_the_same(seed: int) -> None:
    nltk = pytest.importorskip("nltk.metrics.agreement")

    votes = simulate(seed, items=40, K=4, workers=3, overlap=3).votes

    task = nltk.AnnotationTask(triples(votes))
    assert cohen_kappa(votes).value == pytest.approx(task.kappa(), abs=1e-9)
    linear = nltk.AnnotationTask(triples(votes), distance=lambda one, other: abs(one - other) / 3)
    assert cohen_kappa(votes, weights="linear").value == pytest.approx(linear.weighted_kappa(), abs=1e-9)
    pair = nltk.AnnotationTask(triples(votes.where(votes.worker < 2)))
    assert scott_pi(votes, between=(0, 1)).value == pytest.approx(pair.pi(), abs=1e-9)


def test_scott_by_hand() -> None:
    """Agreement 3/4; pooled shares 5/8 and 3/8."""
    votes = wide(("xxxy", "xxyy"))
    chance = (5 / 8) ** 2 + (3 / 8) ** 2
    assert scott_pi(votes).value == pytest.approx((0.75 - chance) / (1 - chance))


@pytest.mark.parametrize("measure", [cohen_kappa, scott_pi])
def test_the_error_of_a_mean_over_pairs_is_that_of_drawing_items(measure: Any) -> None:
    """Against the infinitesimal jackknife by brute force: weigh one item a little more."""
    from crowdqc.quality.agreement.cohen import two
    from crowdqc.quality.agreement.distances import Nominal

    votes = simulate(4, items=60, K=3, workers=5, overlap=4).votes
    found = measure(votes, intervals="analytic")
    marginals = "own" if measure is cohen_kappa else "pooled"
    [estimate] = two(votes, Nominal(), marginals, errors=True)
    step = 1e-5
    moved = [(estimate.at(1 + step * (np.arange(60) == item)) - found.value) / step for item in range(60)]
    assert found.error == pytest.approx(np.sqrt(np.sum(np.square(moved))), rel=1e-3)


def test_a_pair_with_too_little_in_common_does_not_count() -> None:
    votes = wide(("121212121", "121212112", "******121"))
    pairs = cohen_kappa(votes, between=(0, 1)).value, cohen_kappa(votes, between=(0, 2)).value
    assert cohen_kappa(votes).value == pytest.approx(pairs[0])
    third = cohen_kappa(votes, between=(1, 2)).value
    assert cohen_kappa(votes, least=3).value == pytest.approx(np.mean([*pairs, third]))
    assert np.isnan(cohen_kappa(votes, least=10).value)


def test_two_workers_are_compared_however_little_they_share() -> None:
    assert cohen_kappa(wide(("12*", "122"))).value == 1
    assert cohen_kappa(wide(("12*", "122"))).items == 2


def test_the_bootstrap_compares_all_pairs_anew() -> None:
    votes = simulate(8, items=60, K=2, workers=4, overlap=4).votes
    found: list[Agreement] = [
        cohen_kappa(votes, intervals=np.random.default_rng(2), resamples=100) for _ in range(2)
    ]
    assert found[0] == found[1]
    assert found[0].low < found[0].value < found[0].high


def test_whom_to_compare_is_checked() -> None:
    votes = wide(("12", "12"))
    with pytest.raises(InvalidAgreement, match="Worker 7 of between"):
        cohen_kappa(votes, between=(0, 7))
    with pytest.raises(InvalidAgreement, match="one worker twice"):
        scott_pi(votes, between=(0, 0))
