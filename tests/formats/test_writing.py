"""Writing, and the promise that what is written comes back as it was."""

from __future__ import annotations

import csv
import gzip
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc import formats
from crowdqc.formats import Column, Kind

characters = st.one_of(
    st.sampled_from(" '\"\\,;\t\n\r=+-@|{}[]\u2028\ufeff"),
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
)
texts = st.text(characters, max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(2**63), 2**63 - 1)
json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(), floats, texts),
    lambda inner: st.one_of(
        st.lists(st.one_of(st.none(), inner), max_size=3),
        st.dictionaries(texts, st.one_of(st.none(), inner), max_size=3),
    ),
    max_leaves=5,
)
BY_KIND: dict[Kind, st.SearchStrategy[Any]] = {
    "text": texts,
    "integer": integers,
    "number": floats,
    "boolean": st.booleans(),
    "json": json_values,
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[Column], list[dict[str, object]]]:
    names = draw(st.lists(st.text(characters, min_size=1, max_size=5), min_size=1, max_size=4, unique=True))
    columns = [Column(name, draw(st.sampled_from(list(BY_KIND)))) for name in names]
    row = st.fixed_dictionaries({each.name: st.one_of(st.none(), BY_KIND[each.kind]) for each in columns})
    return columns, draw(st.lists(row, min_size=1, max_size=5))


def same(left: object, right: object) -> bool:
    """Compare by type as well, so that 1, 1.0 and True differ, and -0.0 and 0.0."""
    return repr(left) == repr(right)


@pytest.mark.parametrize("form", formats.FORMATS)
@settings(max_examples=60, deadline=None)
@given(table=tables())
def test_what_is_written_comes_back(form: str, table: tuple[list[Column], list[dict[str, object]]]) -> None:
    columns, rows = table
    data = b"".join(formats.write(rows, columns, form))
    found = list(formats.read(BytesIO(data), form, columns))
    assert not [each for each in found if isinstance(each, formats.Fault)]
    expected = [{column.name: row[column.name] for column in columns} for row in rows]
    assert same([each.values for each in found if isinstance(each, formats.Row)], expected)


@pytest.mark.parametrize("form", sorted(set(formats.FORMATS) - {"jsonl", "jsonl.gz"}))
def test_no_rows_come_back_as_no_rows(form: str) -> None:
    data = b"".join(formats.write([], [Column("a")], form))
    assert list(formats.read(BytesIO(data), form, [Column("a")])) == []


def test_no_rows_of_json_lines_are_an_empty_file_and_that_is_unreadable() -> None:
    assert b"".join(formats.write([], [Column("a")], "jsonl")) == b""
    with pytest.raises(formats.Unreadable, match="empty"):
        list(formats.read(BytesIO(), "jsonl", [Column("a")]))


def test_csv_is_what_the_standard_reader_reads() -> None:
    columns = [Column("id"), Column("n", "number"), Column("ok", "boolean"), Column("x", "json")]
    rows: list[dict[str, object]] = [
        {"id": 'say "hi", twice\n', "n": 0.1, "ok": True, "x": {"a": ["é"]}},
        {"id": "", "n": None, "ok": False, "x": None},
    ]
    data = b"".join(formats.write(rows, columns, "csv"))
    assert data.decode() == ('id,n,ok,x\n"say ""hi"", twice\n",0.1,true,"{""a"":[""é""]}"\n"",,false,\n')
    assert list(csv.reader(StringIO(data.decode(), newline="")))[1:] == [
        ['say "hi", twice\n', "0.1", "true", '{"a":["é"]}'],
        ["", "", "false", ""],
    ]


def test_json_lines_are_exact() -> None:
    columns = [Column("a"), Column("n", "number"), Column("x", "json")]
    data = b"".join(formats.write([{"a": "é", "n": 1, "x": [None]}, {"a": None}], columns, "jsonl"))
    assert data.decode() == '{"a":"é","n":1.0,"x":[null]}\n{"a":null,"n":null,"x":null}\n'


def test_a_formula_goes_out_as_it_is_unless_asked_otherwise() -> None:
    columns = [Column("a"), Column("n", "integer")]
    rows = [{"a": "=1+1", "n": -1}, {"a": "@x", "n": 1}, {"a": "a=b", "n": 2}]
    assert b"".join(formats.write(rows, columns, "csv")) == b"a,n\n=1+1,-1\n@x,1\na=b,2\n"
    safe = b"".join(formats.write(rows, columns, "csv", spreadsheet_safe=True))
    assert safe == b"a,n\n'=1+1,-1\n'@x,1\na=b,2\n"


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_chunks_are_of_some_64_kib_and_come_as_they_are_made(form: str) -> None:
    taken = 0

    def source() -> Any:
        nonlocal taken
        for n in range(20_000):
            taken = n
            yield {"a": f"{n:030}"}

    chunks = formats.write(source(), [Column("a")], form)
    assert 2**16 <= len(next(chunks)) < 2**16 + 100
    assert taken < 2500
    assert {2**16 <= len(chunk) < 2**16 + 100 for chunk in list(chunks)[:-1]} == {True}


def test_packed_bytes_are_the_same_each_time() -> None:
    first, second = (b"".join(formats.write([{"a": "x"}], [Column("a")], "csv.gz")) for _ in range(2))
    assert first == second
    assert gzip.decompress(first) == b"a\nx\n"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("text", 1, "A int is not text."),
        ("integer", True, "A bool is not integer."),
        ("integer", 1.0, "A float is not integer."),
        ("number", float("nan"), "infinite or not a number"),
        ("number", float("inf"), "infinite or not a number"),
        ("number", 2**53 + 1, "too large for a number column"),
        ("number", 2**1024, "infinite or not a number"),
        ("number", "1", "A str is not number."),
        ("boolean", 1, "A int is not boolean."),
        ("json", float("nan"), "not JSON"),
        ("json", {"a": object()}, "not JSON"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_not_written(
    form: str, kind: Kind, value: object, words: str
) -> None:
    with pytest.raises(formats.Unwritable) as caught:
        list(formats.write([{"v": None}, {"v": value}], [Column("v", kind)], form))
    assert words in caught.value.detail
    assert caught.value.facts["where"] == "row 2, column v"


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_half_a_surrogate_pair_is_not_written(form: str) -> None:
    with pytest.raises(formats.Unwritable, match="surrogate"):
        list(formats.write([{"v": "\ud800"}], [Column("v")], form))


@pytest.mark.parametrize("columns", [[], [Column("a"), Column("a")]])
def test_a_table_needs_columns_that_differ(columns: list[Column]) -> None:
    with pytest.raises(ValueError, match="needs columns"):
        formats.write([], columns, "csv")


def test_an_unknown_format_is_refused_at_once() -> None:
    with pytest.raises(formats.UnknownFormat):
        formats.write([], [Column("a")], "xml")
    with pytest.raises(formats.UnknownFormat):
        formats.rows(BytesIO(), "xml")
