"""Blocks: the same bytes as row by row, whatever stands in them."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.formats import Block, Column, Same, Unwritable, write, write_blocks

COLUMNS = [
    Column("t"), Column("n", "number"), Column("i", "integer"), Column("b", "boolean"), Column("j", "json"),
    Column('100% "odd", name'), Column("not there"),
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(
        ["", " ", "=1+1", "a,b", 'q"q', "a\tb", "l\nm", "c\r", "\ufeff", "100%", "%s", " x", "x\u2003"]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda part: st.lists(part, max_size=3))
VALUES = {
    "t": TEXT,
    "n": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    "i": st.integers(-(2**63), 2**63 - 1),
    "b": st.booleans(),
    "j": st.dictionaries(TEXT, JSON, max_size=3),
    '100% "odd", name': TEXT,
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | each for name, each in VALUES.items()}), min_size=1)


def block(rows: list[dict[str, object]], same: set[str]) -> Block:
    columns: dict[str, object] = {}
    for name in VALUES:
        values = [row[name] for row in rows]
        if name == "j":
            values = [None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
                      for value in values]  # fmt: skip
        columns[name] = Same(values[0]) if name in same else values
    return Block(len(rows), columns)  # type: ignore[arg-type]


@given(ROWS, st.sets(st.sampled_from([*VALUES])), st.integers(1, 5), st.sampled_from(["csv", "tsv", "jsonl"]))
def test_a_block_is_written_as_its_rows_are(
    rows: list[dict[str, object]], same: set[str], size: int, form: str
) -> None:
    rows = [{**row, **{name: rows[0][name] for name in same}} for row in rows]
    blocks = [block(rows[at : at + size], same) for at in range(0, len(rows), size)]
    assert b"".join(write_blocks(blocks, COLUMNS, form)) == b"".join(write(rows, COLUMNS, form))
    assert [row for each in blocks for row in each.rows(COLUMNS)] == [{**row, "not there": None} for row in rows]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize(
    ("kind", "value"), [("number", math.inf), ("number", math.nan), ("text", 1), ("integer", True), ("boolean", 1)]
)
def test_what_does_not_fit_its_column_is_refused_as_in_rows(form: str, kind: str, value: object) -> None:
    column = Column("v", kind)  # type: ignore[arg-type]
    blocks = [Block(1, {"v": [None]}), Block(2, {"v": [None, value]})]
    with pytest.raises(Unwritable) as by_block:
        b"".join(write_blocks(blocks, [column], form))
    with pytest.raises(Unwritable) as by_row:
        b"".join(write([{"v": None}, {"v": None}, {"v": value}], [column], form))
    assert str(by_block.value) == str(by_row.value)


def test_nothing_is_a_header_alone() -> None:
    assert b"".join(write_blocks([], [Column("a"), Column("b")], "csv")) == b"a,b\n"
    assert b"".join(write_blocks([], [Column("a")], "jsonl")) == b""
