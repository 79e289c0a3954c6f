"""Delimited text: RFC 4180, line numbers, and what is done about quotes that never close."""

from __future__ import annotations

import csv
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc import formats
from crowdqc.formats import delimited

cells = st.text(
    st.one_of(
        st.sampled_from(' "",;\t\n\r=é\u2028'), st.characters(exclude_characters="\0", exclude_categories=["Cs"])
    ),
    max_size=8,
)


def read(data: bytes, form: str = "csv", **how: object) -> list[formats.Row | formats.Fault]:
    return list(formats.rows(BytesIO(data), form, **how))  # type: ignore[arg-type]


def values(data: bytes, form: str = "csv") -> list[dict[str, object]]:
    found = read(data, form)
    assert not [each for each in found if isinstance(each, formats.Fault)]
    return [each.values for each in found if isinstance(each, formats.Row)]


@given(
    st.lists(st.tuples(cells, cells, cells), max_size=8),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["csv", "tsv"]),
)
def test_what_the_standard_writer_writes_is_read(
    table: list[tuple[str, str, str]], quoting: int, end: str, form: str
) -> None:
    text = StringIO(newline="")
    delimiter = "\t" if form == "tsv" else ","
    writer = csv.writer(text, quoting=quoting, lineterminator=end, delimiter=delimiter)  # type: ignore[arg-type]
    writer.writerow(("a", "b", "c"))
    writer.writerows(table)
    # The standard library agrees with itself, so it is a fair oracle.
    again = list(csv.reader(StringIO(text.getvalue(), newline=""), delimiter=delimiter, strict=True))[1:]
    assert [tuple(row) for row in again] == table
    expected = [dict(zip("abc", row, strict=True)) for row in table]
    assert values(text.getvalue().encode(), form) == expected


@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_a_line_number_is_that_of_the_physical_line_on_which_a_record_starts(
    table: list[tuple[str, str]],
) -> None:
    data = b"a,b\n"
    expected = []
    for row in table:
        expected.append(data.count(b"\n") + 1)
        data += ",".join('"' + cell.replace('"', '""') + '"' for cell in row).encode() + b"\n"
    assert [each.line for each in read(data)] == expected


def test_newlines_in_quotes_move_the_numbers_of_the_lines_below() -> None:
    data = b'item,text\r\n1,"one\r\ntwo"\r\n\r\n2,"say ""hi"""\r\n3\r\n4,x\r\n'
    first, second, fault, last = read(data)
    assert first == formats.Row(2, {"item": "1", "text": "one\r\ntwo"})
    assert second == formats.Row(5, {"item": "2", "text": 'say "hi"'})
    assert isinstance(fault, formats.Fault)
    assert fault.line == 6
    assert last == formats.Row(7, {"item": "4", "text": "x"})


@pytest.mark.parametrize(("line", "count"), [(b"1", 1), (b"1,2,3", 3), (b",,,", 4), (b'"x"', 1)])
def test_too_many_or_too_few_cells_are_a_fault(line: bytes, count: int) -> None:
    fault, row = read(b"a,b\n" + line + b"\n5,6\n")
    assert isinstance(fault, formats.Fault)
    assert fault.line == 2
    assert fault.what == f"The record has {count} cells where the header names 2 columns."
    assert row == formats.Row(3, {"a": "5", "b": "6"})


def test_blank_lines_are_skipped_above_the_header_and_below() -> None:
    assert read(b"\n  \na,b\n\n   \n1,2\n\n") == [formats.Row(6, {"a": "1", "b": "2"})]


def test_a_line_of_tabs_is_a_row_of_empty_cells() -> None:
    assert values(b"a\tb\n\t\n", "tsv") == [{"a": "", "b": ""}]


def test_empty_cells_are_empty_text_unless_nulls_are_asked_for() -> None:
    data = b'a,b,c\n,"",x\n'
    assert read(data) == [formats.Row(2, {"a": "", "b": "", "c": "x"})]
    assert read(data, nulls=True) == [formats.Row(2, {"a": None, "b": "", "c": "x"})]


def test_a_blank_line_of_a_single_column_is_a_null_if_nulls_are_asked_for() -> None:
    data = b'a\n\n""\nx\n'
    assert [each.line for each in read(data)] == [3, 4]
    assert read(data, nulls=True) == [
        formats.Row(2, {"a": None}),
        formats.Row(3, {"a": ""}),
        formats.Row(4, {"a": "x"}),
    ]


def test_spaces_around_names_are_dropped_unless_quoted_and_around_cells_kept() -> None:
    assert values(b'worker , item," c "\n w, i , c\n') == [{"worker": " w", "item": " i ", " c ": " c"}]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_header_without_commas_tells_its_delimiter(delimiter: str) -> None:
    data = f'a{delimiter}b\n1,5{delimiter}"x{delimiter}y"\n'.encode()
    assert values(data) == [{"a": "1,5", "b": f"x{delimiter}y"}]


def test_a_quote_within_a_cell_stands_for_itself_on_one_line() -> None:
    assert values(b'a,b\n5" disk,x"y"\n') == [{"a": '5" disk', "b": 'x"y"'}]


def test_text_after_a_closing_quote_is_a_fault() -> None:
    fault, row = read(b'a,b\n"He" said,x\n1,2\n')
    assert isinstance(fault, formats.Fault)
    assert (fault.line, fault.what) == (2, "Text stands after a closing quote (character 5 of its line).")
    assert row == formats.Row(3, {"a": "1", "b": "2"})


def test_a_quote_that_is_never_closed_costs_its_line_alone() -> None:
    fault, *rest = read(b'a,b\n1,"oops\n' + b"3,4\n" * 5)
    assert fault == formats.Fault(
        2,
        "line 2",
        "A quote that is opened here is never closed.",
        "Close the quote; write a quote inside quotes twice.",
    )
    assert [each.line for each in rest] == [3, 4, 5, 6, 7]
    assert all(each.values == {"a": "3", "b": "4"} for each in rest if isinstance(each, formats.Row))


def test_a_quote_that_is_closed_by_a_later_record_is_found_out() -> None:
    fault, *rest = read(b'a,b\n1,"oops\n3,4\n5,"x, y"\n')
    assert isinstance(fault, formats.Fault)
    assert fault.line == 2
    assert rest == [formats.Row(3, {"a": "3", "b": "4"}), formats.Row(4, {"a": "5", "b": "x, y"})]


def test_an_open_quote_holds_no_more_than_the_limit() -> None:
    data = b'a,b\n1,"oops\n' + b"3,4\n" * 5000
    fault, *rest = read(data, limit_record=10_000)
    assert isinstance(fault, formats.Fault)
    assert fault.what == "A quote that is opened here is not closed within 10,000 characters."
    assert len(rest) == 5000


@pytest.mark.parametrize(
    "line", [b'"a', b'x","y', b'x",5" disk,"y', b'"a"",""b', b'a"b,"c', b'"', b'""","', b'"a,"",""\n""']
)
def test_no_line_makes_going_back_slow(line: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fed = 0
    feed = delimited._Scan.feed

    def counted(scan: delimited._Scan, text: str) -> None:
        nonlocal fed
        fed += 1
        feed(scan, text)

    monkeypatch.setattr(delimited._Scan, "feed", counted)
    assert read(b"a,b\n" + (line + b"\n") * 20_000)
    # It grows with the lines, not with their square.
    assert fed <= 5 * 20_000


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"  \n"])
def test_an_empty_file_is_unreadable(data: bytes) -> None:
    with pytest.raises(formats.Unreadable, match="empty") as caught:
        read(data)
    assert caught.value.mend is not None
    assert caught.value.errors == ({"where": "whole file", "what": "The file is empty."},)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"a,b,a", "names a column twice: a"),
        (b"a, a", "names a column twice: a"),
        (b",a", "Column 1 of the header has no name"),
        (b"a,b,", "Column 3 of the header has no name"),
        (b'"a', "never closed"),
        (b"a,\xe9", "not valid UTF-8"),
        (b"a,\x00", "NUL"),
        ("a,b".encode("utf-16-le"), "NUL"),
    ],
)
def test_a_header_that_cannot_be_used_is_unreadable(header: bytes, words: str) -> None:
    with pytest.raises(formats.Unreadable, match=words) as caught:
        read(header + b"\n1,2\n")
    assert caught.value.errors[0]["where"]
    assert caught.value.mend


def test_a_header_alone_is_a_file_without_rows() -> None:
    names: list[tuple[str, ...]] = []
    assert read(b"a,b\n", on_columns=names.append) == []
    assert names == [("a", "b")]
