"""Columns as files: what was written is read again, by us and by others."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.formats import FORMATS, Column, Row, UnknownFormat, Unwritable, read
from crowdqc.formats.tables import write

texts = st.one_of(
    st.none(), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5)
)
SHAPE = [Column("t\u00e9xt, 1"), Column("number", "number"), Column("count", "integer"), Column("flag", "boolean")]


@given(
    st.lists(st.tuples(texts, st.floats(allow_infinity=False), st.integers(-(2**63), 2**63 - 1), st.booleans())),
    st.sampled_from(sorted(FORMATS)),
)
def test_what_is_written_is_read_again(table: list[tuple[str | None, float, int, bool]], form: str) -> None:
    text, number, count, flag = zip(*table, strict=True) if table else ((), (), (), ())
    held = BytesIO()
    columns: dict[str, Any] = {
        "t\u00e9xt, 1": list(text),
        "number": np.array(number, dtype=np.float64),
        "count": np.array(count, dtype=np.int64),
        "flag": np.array(flag, dtype=bool),
    }
    write(held, form, columns)
    if not table and form.startswith("jsonl"):
        assert len(held.getvalue()) <= 20  # no line, so no columns either
        return
    held.seek(0)
    found = list(read(held, form, SHAPE))
    assert all(isinstance(each, Row) for each in found)
    expected = [(a, None if b != b else b, c, d) for a, b, c, d in table]
    assert [tuple(each.values.values()) for each in found if isinstance(each, Row)] == expected


def test_many_rows_are_written_in_order() -> None:
    rows = 150_000
    held = BytesIO()
    items, share, tied = [f"i{n}" for n in range(rows)], np.arange(rows) / 7, np.arange(rows) % 3 == 0
    write(held, "csv", {"item": items, "share": share, "tied": tied})
    held.seek(0)
    found = pd.read_csv(held)
    assert found["item"].tolist() == items
    # pandas reads quickly unless told to read exactly
    np.testing.assert_allclose(found["share"], share, rtol=1e-15)
    assert (found["tied"].to_numpy() == tied).all()


def test_what_cannot_be_written() -> None:
    for form in ("csv", "parquet", "jsonl"):
        with pytest.raises(Unwritable, match="surrogate"):
            write(BytesIO(), form, {"item": ["\ud800"]})
    with pytest.raises(UnknownFormat):
        write(BytesIO(), "xlsx", {"item": ["a"]})
