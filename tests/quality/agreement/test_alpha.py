"""Krippendorff's alpha: published tables, the reference libraries, many classes and many numbers."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from crowdqc.quality.agreement import InvalidAgreement, krippendorff_alpha
from crowdqc.quality.agreement.alpha import Scale
from crowdqc.quality.votes import Votes
from tests.quality.agreement.tables import FOUR, THREE, numbered, wide
from tests.quality.crowds import simulate


def test_published_examples() -> None:
    four, three = wide(FOUR), wide(THREE)
    published = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}
    for scale, value in published.items():
        assert krippendorff_alpha(four, scale=scale).value == pytest.approx(value, abs=0.0006)
    assert krippendorff_alpha(three).value == pytest.approx(0.691, abs=0.0006)
    assert krippendorff_alpha(three, scale="interval").value == pytest.approx(0.811, abs=0.0006)


@pytest.mark.parametrize("scale", ["nominal", "ordinal", "interval", "ratio"])
@given(votes=numbered("0159"))
def test_it_equals_the_krippendorff_package(scale: Scale, votes: Votes) -> None:
    import krippendorff

    counts = votes.counts()
    ours = krippendorff_alpha(votes, scale=scale).value
    pairable = counts[counts.sum(axis=1) > 1]
    if (pairable.sum(axis=0) > 0).sum() < 2:
        assert np.isnan(ours)
        return
    theirs = krippendorff.alpha(
        value_counts=counts, value_domain=np.array([0, 1, 5, 9]), level_of_measurement=scale, dtype=np.float64
    )
    assert ours == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=20)
@given(votes=numbered())
def test_any_distance_equals_nltk(votes: Votes) -> None:
    nltk = pytest.importorskip("nltk.metrics.agreement")

    counts = votes.counts()
    assume((counts[counts.sum(axis=1) > 1].sum(axis=0) > 0).sum() > 1)
    table = np.abs(np.subtract.outer(np.arange(4), np.arange(4))) ** 1.5

    def distance(one: str, other: str) -> float:
        return float(table[int(one) - 1, int(other) - 1])

    said = [
        (str(worker), str(item), votes.classes[label])
        for item, worker, label in zip(votes.item, votes.worker, votes.label, strict=True)
        if counts[item].sum() > 1  # nltk divides by none less than one
    ]
    theirs = nltk.AnnotationTask(said, distance=distance).alpha()
    assert krippendorff_alpha(votes, scale=table).value == pytest.approx(theirs, abs=1e-9)
    assert krippendorff_alpha(votes, scale=distance).value == pytest.approx(theirs, abs=1e-9)


def test_large_numbers_lose_nothing() -> None:
    """A year does not agree less than the same year counted from 2000."""
    rng = np.random.default_rng(0)
    votes = simulate(4, items=50, K=3).votes
    values = np.sort(rng.normal(size=3))
    near = krippendorff_alpha(votes, scale="interval", values=values).value
    far = krippendorff_alpha(votes, scale="interval", values=values * 2.0**-20 + 2.0**20).value
    assert far == pytest.approx(near, abs=1e-7)
    assert krippendorff_alpha(votes, scale="interval", values=values * 1e6).value == pytest.approx(near, abs=1e-12)


@pytest.mark.parametrize("scale", ["interval", "ratio", "ordinal"])
def test_distinct_numbers_are_not_squared(scale: Scale) -> None:
    """12,000 distinct numbers: the quick sums against a table of all pairs of them, in pieces."""
    rng = np.random.default_rng(1)
    item = np.repeat(np.arange(4000), 3)
    values = np.sort(rng.lognormal(size=4000)[item] * rng.lognormal(sigma=0.3, size=12_000))
    label = rng.permutation(12_000)
    label[:6000] = np.sort(label[:6000])  # not all is chance
    votes = Votes.coded(
        item,
        np.tile([0, 1, 2], 4000),
        label,
        items=range(4000),
        workers=range(3),
        classes=[repr(x) for x in values],
    )
    found = krippendorff_alpha(votes, scale=scale, values=values).value
    number = np.arange(12_000.0) if scale == "ordinal" else values  # each number occurs once: ranks

    def apart(one: np.ndarray, other: np.ndarray) -> float:
        return float(((one - other) ** 2 / ((one + other) ** 2 if scale == "ratio" else 1)).sum())

    said = number[votes.label].reshape(4000, 3)
    observed = sum(apart(said[:, i], said[:, j]) for i, j in combinations(range(3), 2))
    expected = sum(apart(number[at : at + 500, None], number) for at in range(0, 12_000, 500)) / 11_999
    assert found == pytest.approx(1 - observed / expected, abs=1e-9)


def test_thousands_of_classes_take_no_room() -> None:
    """Items times classes would be 500 million cells."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(100_000), 2)
    truth = rng.integers(5000, size=100_000)[item]
    label = np.where(rng.random(item.size) < 0.8, truth, rng.integers(5000, size=item.size))
    votes = Votes.coded(
        item,
        np.tile([0, 1], 100_000),
        label,
        items=range(100_000),
        workers=range(2),
        classes=[str(k) for k in range(5000)],
    )
    found = krippendorff_alpha(votes, intervals="analytic")
    same = votes.label[::2] == votes.label[1::2]
    assert found.value == pytest.approx(same.mean(), abs=0.001)
    assert found.low < 0.64 < found.high


def test_the_error_of_ordinal_alpha_follows_its_moving_distances() -> None:
    """Against the jackknife, which recomputes them; without that term the error is another."""
    votes = simulate(5, items=120, K=5, overlap=4, low=0.4, high=0.9).votes
    found = krippendorff_alpha(votes, scale="ordinal", intervals="analytic")
    without = [krippendorff_alpha(votes.where(votes.item != item), scale="ordinal").value for item in range(120)]
    jackknife = np.std(without) * np.sqrt(119)
    assert found.error == pytest.approx(jackknife, rel=0.03)


def test_a_scale_that_does_not_fit_is_refused() -> None:
    votes = wide(("xy", "xy"))
    with pytest.raises(InvalidAgreement, match="numbers, or values; these are x, y"):
        krippendorff_alpha(votes, scale="interval")
    with pytest.raises(InvalidAgreement, match="scale is 'metric'"):
        krippendorff_alpha(votes, scale="metric")  # type: ignore[arg-type]
    with pytest.raises(InvalidAgreement, match="no numbers below zero; the smallest is -1"):
        krippendorff_alpha(votes, scale="ratio", values=[-1, 2])
    with pytest.raises(InvalidAgreement, match="one finite number for each of the 2 classes"):
        krippendorff_alpha(votes, scale="interval", values=[1, float("nan")])
    with pytest.raises(InvalidAgreement, match=r"scale has the shape \(3, 3\)"):
        krippendorff_alpha(votes, scale=np.zeros((3, 3)))
    with pytest.raises(InvalidAgreement, match="symmetric, with 0 on the diagonal"):
        krippendorff_alpha(votes, scale=[[0, 1], [2, 0]])
    with pytest.raises(InvalidAgreement, match="classes 0 and 1 is nan"):
        krippendorff_alpha(votes, scale=[[0, np.nan], [2, 0]])
    with pytest.raises(InvalidAgreement, match="below zero"):
        krippendorff_alpha(votes, scale=[[0, -1], [-1, 0]])
