"""JSON lines: objects, strictly."""

from __future__ import annotations

from io import BytesIO

import pytest

from crowdqc import formats
from crowdqc.formats import jsonvalues


def read(data: bytes) -> list[formats.Row | formats.Fault]:
    return list(formats.rows(BytesIO(data), "jsonl"))


def test_each_line_is_an_object_and_blank_lines_are_skipped() -> None:
    data = b'{"a": 1, "b": [1.5, null, true]}\r\n\n  \n{"a": "\xc3\xa9"}'
    assert read(data) == [
        formats.Row(1, {"a": 1, "b": [1.5, None, True]}),
        formats.Row(4, {"a": "é"}),
    ]


def test_whole_numbers_stay_whole_however_large() -> None:
    (row,) = read(f'{{"a": {10**50 + 1}, "b": {10**4000 + 1}}}'.encode())
    assert row == formats.Row(1, {"a": 10**50 + 1, "b": 10**4000 + 1})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"[1]", "not a JSON object"),
        (b"3", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"a": 1', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": Infinity}', "Infinity is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": 1, "a": 1}', "'a' stands twice"),
        (b'{"x": {"a": 1, "a": 2}}', "'a' stands twice"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"\\u0000": 1}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"a": ["\\udc00"]}', "surrogate"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "within brackets"),
        (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "within brackets"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "within brackets"),
        (b"\xff", "not valid UTF-8"),
    ],
)
def test_a_bad_line_is_named_and_the_rest_is_read(line: bytes, words: str) -> None:
    first, fault, last = read(b'{"n": 1}\n' + line + b'\n{"n": 3}\n')
    assert first == formats.Row(1, {"n": 1})
    assert isinstance(fault, formats.Fault)
    assert fault.line == 2
    assert fault.where.startswith("line 2")
    assert words in fault.what
    assert last == formats.Row(3, {"n": 3})


def test_a_fault_names_the_character() -> None:
    (fault,) = read(b'{"a": 1 "b"}')
    assert isinstance(fault, formats.Fault)
    assert fault.where == "line 1, character 9"


def test_a_pair_of_surrogates_and_a_written_out_escape_are_text() -> None:
    (row,) = read(b'{"a": "\\ud83d\\ude00", "b": "\\\\u0000"}')
    assert row == formats.Row(1, {"a": "😀", "b": "\\u0000"})


def test_a_hundred_brackets_are_read() -> None:
    (row,) = read(b'{"a": ' + b"[" * 98 + b"1" + b"]" * 98 + b"}")
    assert isinstance(row, formats.Row)


@pytest.mark.parametrize("data", [b'[{"a": 1}]', b'[\n{"a": 1}\n]', b'\n{\n  "a": 1\n}\n'])
def test_json_that_is_not_by_the_line_is_unreadable(data: bytes) -> None:
    with pytest.raises(formats.Unreadable, match="not one JSON object a line"):
        read(data)


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_unreadable(data: bytes) -> None:
    with pytest.raises(formats.Unreadable, match="empty"):
        read(data)


def test_a_value_knows_where_its_text_fails() -> None:
    with pytest.raises(jsonvalues.NotJson) as caught:
        jsonvalues.parse("[1, ]")
    assert caught.value.at == 5
