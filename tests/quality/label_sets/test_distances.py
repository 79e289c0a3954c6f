"""Distances between sets against nltk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.label_sets import (
    InvalidLabelSets,
    distances,
    distinct,
    jaccard_distance,
    masi_distance,
    set_votes,
)
from tests.quality.label_sets.sets import Row, read, simulate, tables

some = st.frozensets(st.sampled_from("abcdef"))


@given(some, some)
def test_two_sets_as_nltk(one: frozenset[str], other: frozenset[str]) -> None:
    nltk = pytest.importorskip("nltk.metrics.distance")
    if one or other:  # nltk divides by zero
        assert jaccard_distance(one, other) == pytest.approx(nltk.jaccard_distance(one, other), abs=1e-12)
        assert masi_distance(one, other) == pytest.approx(nltk.masi_distance(one, other), abs=1e-12)
    else:
        assert jaccard_distance(one, other) == masi_distance(one, other) == 0


@given(st.lists(some, max_size=8))
def test_a_table_of_distances(sets: list[frozenset[str]]) -> None:
    table = np.array([[name in chosen for name in "abcdef"] for chosen in sets], dtype=bool).reshape(-1, 6)
    for kind, distance in (("jaccard", jaccard_distance), ("masi", masi_distance)):
        found = distances(table, kind)  # type: ignore[arg-type]
        expected = [[distance(one, other) for other in sets] for one in sets]
        np.testing.assert_allclose(found, np.array(expected).reshape(len(sets), len(sets)), atol=1e-12)


def test_an_unknown_distance_is_refused() -> None:
    with pytest.raises(InvalidLabelSets, match="'dice'; it must be one of jaccard, masi"):
        distances(np.zeros((1, 1), dtype=bool), "dice")  # type: ignore[arg-type]


@given(tables)
def test_distinct_sets_are_those_that_occur(table: list[Row]) -> None:
    sets = read(table)
    votes, found = set_votes(sets)
    assert len({*votes.classes}) == len(found) == len({names for *_, names in table})
    said = {
        (votes.items[i], votes.workers[w], frozenset(votes.classes[k].split("|")) - {""})
        for i, w, k in zip(votes.item, votes.worker, votes.label, strict=True)
    }
    assert said == set(table)
    for name, row in zip(votes.classes, found, strict=True):
        assert [option in name.split("|") for option in "PQR"] == row.tolist()


def test_more_options_than_a_byte_holds() -> None:
    crowd = simulate(1, options=19, items=20)
    found, code = distinct(crowd.sets)
    chosen = np.zeros((len(crowd.sets), 19), dtype=bool)
    chosen[crowd.sets.answer, crowd.sets.option] = True
    np.testing.assert_array_equal(found[code], chosen)
    assert len(np.unique(found, axis=0)) == len(found)


def test_alpha_with_masi_is_nltks() -> None:
    """Krippendorff's alpha from the coincidences and these distances, everybody having answered everything."""
    agreement = pytest.importorskip("nltk.metrics.agreement")
    distance = pytest.importorskip("nltk.metrics.distance")
    rng = np.random.default_rng(3)
    names = [frozenset("P"), frozenset("PQ"), frozenset("QR"), frozenset("R")]
    table = [(item, worker, names[rng.integers(4)]) for item in "abcd" for worker in "wxyz"]
    theirs = agreement.AnnotationTask([(w, i, s) for i, w, s in table], distance=distance.masi_distance).alpha()
    votes, found = set_votes(read(table))
    counts = votes.counts()[:4].astype(float)
    coincidences = (counts.T @ counts - np.diag(counts.sum(axis=0))) / 3
    marginal, D = counts.sum(axis=0), distances(found, "masi")
    ours = 1 - (coincidences * D).sum() * 15 / (marginal @ D @ marginal)
    assert ours == pytest.approx(theirs, abs=1e-9)
