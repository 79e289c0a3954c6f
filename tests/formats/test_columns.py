"""Typed columns: what fits, what does not, and what is said then."""

from __future__ import annotations

from io import BytesIO

import pytest

from crowdqc import formats
from crowdqc.formats import Column, Kind


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "", ""),
        ("text", "1", "1"),
        ("integer", "", None),
        ("integer", "-12", -12),
        ("integer", "007", 7),
        ("number", "1e3", 1000.0),
        ("number", ".5", 0.5),
        ("number", "", None),
        ("boolean", "true", True),
        ("boolean", "FALSE", False),
        ("boolean", "", None),
        ("json", '{"a":[1]}', {"a": [1]}),
        ("json", '""', ""),
        ("json", "", None),
    ],
)
def test_a_cell_of_text_becomes_its_kind(kind: Kind, text: str, value: object) -> None:
    given = formats.typed({"v": text}, [Column("v", kind)], "csv")
    assert given == {"v": value}
    assert type(given["v"]) is type(value)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        ("integer", "1.5", "'1.5' is not a whole number."),
        ("integer", "1_000", "'1_000' is not a whole number."),
        ("integer", "٣", "'٣' is not a whole number."),
        ("integer", "9" * 5000, "is not a whole number."),
        ("integer", True, "True is not a whole number."),
        ("number", "nan", "'nan' is not a finite number."),
        ("number", "1e999", "'1e999' is not a finite number."),
        ("number", "1,5", "'1,5' is not a finite number."),
        ("boolean", "yes", "'yes' is not true or false."),
        ("boolean", 1, "1 is not true or false."),
        ("text", 1, "1 is not text."),
        ("json", "{", "'{' is not JSON: The text is not JSON"),
        ("json", 3, "3 is not JSON: it is not JSON text."),
    ],
)
def test_a_value_that_does_not_fit_is_named(kind: Kind, value: object, words: str) -> None:
    with pytest.raises(formats.Mistyped) as caught:
        formats.typed({"v": value}, [Column("v", kind)], "csv")
    assert words in caught.value.detail
    assert caught.value.facts["where"] == "column v"


def test_columns_that_are_not_there_are_none_and_others_are_left_out() -> None:
    assert formats.typed({"a": "1", "b": "2"}, [Column("a"), Column("c")], "csv") == {"a": "1", "c": None}


def test_a_text_in_a_json_column_of_json_lines_is_a_text() -> None:
    assert formats.typed({"v": "{"}, [Column("v", "json")], "jsonl") == {"v": "{"}


def test_reading_with_columns_names_the_line_and_goes_on() -> None:
    fault, row = formats.read(BytesIO(b"n\nx\n2\n"), "csv", [Column("n", "integer")])
    assert isinstance(fault, formats.Fault)
    assert (fault.line, fault.where, fault.what) == (2, "line 2, column n", "'x' is not a whole number.")
    assert row == formats.Row(3, {"n": 2})


def test_a_column_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Column("")
