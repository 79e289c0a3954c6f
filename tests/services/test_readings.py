"""Rows as probabilities: the quick way and the careful one read the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.formats import Fault, Row
from crowdqc.services.readings import Reader

CLASSES = ["cat", "dog"]
CELL = st.one_of(
    st.sampled_from(["0.5", "0.50000001", "1", "0", "", "x", "nan", "inf", "-0.1", "0.495", " 0.5", "1e-1", None]),
    st.floats(0, 1),
    st.booleans(),
    st.integers(-1, 2),
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5), st.booleans())
def test_both_ways_read_the_same(cells: list[tuple[object, object]], scores: bool) -> None:
    reader = Reader(CLASSES, scores=scores)
    rows = [Row(line, {"item": "i", "p:cat": cat, "p:dog": dog}) for line, (cat, dog) in enumerate(cells, 2)]
    for quick, row in zip(reader.read(rows), rows, strict=True):
        careful = reader._careful(row)
        if isinstance(careful, Fault):
            assert quick == careful
        else:
            np.testing.assert_array_equal(quick, careful)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2).filter(lambda each: sum(each) > 0))
def test_what_is_plain_is_read_as_it_is(values: list[float]) -> None:
    share = [each / sum(values) for each in values]
    rows = [Row(2, {"p:cat": repr(share[0]), "p:dog": repr(share[1])})]
    assert Reader(CLASSES)._table(rows) is not None
    (found,) = Reader(CLASSES).read(rows)
    np.testing.assert_array_equal(found, share)


def test_scores_become_probabilities() -> None:
    (found, odd) = Reader(CLASSES, scores=True).read(
        [Row(2, {"p:cat": "800", "p:dog": "799"}), Row(3, {"p:cat": "1", "p:dog": ""})]
    )
    np.testing.assert_allclose(found, [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1))])
    assert isinstance(odd, Fault)
    assert (odd.line, odd.where, odd.what) == (3, "probabilities, dog", "'' is not a score.")


@pytest.mark.parametrize(("cell", "where"), [("nan", "probabilities, cat"), ("1.2", "probabilities, cat")])
def test_what_is_no_probability_is_named(cell: str, where: str) -> None:
    good = Row(2, {"p:cat": "0.25", "p:dog": "0.75"})
    found, fault = Reader(CLASSES).read([good, Row(3, {"p:cat": cell, "p:dog": "0"})])
    np.testing.assert_array_equal(found, [0.25, 0.75])
    assert isinstance(fault, Fault)
    assert (fault.line, fault.where) == (3, where)
