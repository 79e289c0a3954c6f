"""Encodings, packing, limits: whatever happens before a line has a meaning."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc import formats
from crowdqc.formats.lines import lines

BIG = 2**30


class Dribble(BytesIO):
    """A stream that gives a few bytes at a time, as sockets do."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3 if size is None or size < 0 else min(size, 3))


def texts(data: bytes, *, packed: bool = False, limit_line: int = BIG) -> list[tuple[int, str]]:
    found = lines(BytesIO(data), packed=packed, limit_bytes=BIG, limit_line=limit_line)
    return [(number, text) for number, text, fault in found if fault is None]


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]))))
def test_lines_are_numbered_from_one(given_lines: list[str]) -> None:
    data = "".join(f"{line}\n" for line in given_lines).encode()
    expected = list(enumerate(given_lines, 1))
    if given_lines and given_lines[0].startswith("\ufeff"):
        expected[0] = (1, given_lines[0][1:])
    assert texts(data) == expected
    assert texts(gzip.compress(data), packed=True) == expected
    dribbled = lines(Dribble(data), packed=False, limit_bytes=BIG, limit_line=BIG)
    assert [line[:2] for line in dribbled] == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_with_or_without_its_mark(encoding: str) -> None:
    text = "item,label\n1,ça 🐈\n"
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")
    found = list(formats.rows(BytesIO(mark + text.encode(encoding)), "csv"))
    assert found == [formats.Row(2, {"item": "1", "label": "ça 🐈"})]


def test_utf_16_cut_in_the_midst_of_a_character_is_unreadable() -> None:
    with pytest.raises(formats.Unreadable, match=r"UTF-16.*Save the file as UTF-8"):
        list(formats.rows(BytesIO("a,b\n1,2\n".encode("utf-16")[:-1]), "csv"))


def test_utf_32_is_refused_by_name() -> None:
    with pytest.raises(formats.Unreadable, match="UTF-32"):
        list(formats.rows(BytesIO("a,b\n1,2\n".encode("utf-32")), "csv"))


def test_a_latin_1_line_is_named_with_its_byte_and_the_rest_is_read() -> None:
    data = b"item,label\n1,cat\n2,ch\xe2t\n3,dog\n"
    first, fault, last = formats.rows(BytesIO(data), "csv")
    assert first == formats.Row(2, {"item": "1", "label": "cat"})
    assert fault == formats.Fault(
        3, "line 3, byte 5", "The byte 0xe2 is not valid UTF-8.", "Save the file as UTF-8."
    )
    assert last == formats.Row(4, {"item": "3", "label": "dog"})


def test_a_latin_1_line_within_quotes_spoils_its_record_only() -> None:
    data = b'item,label\n1,"a\nch\xe2t\nb"\n3,dog\n'
    fault, last = formats.rows(BytesIO(data), "csv")
    assert isinstance(fault, formats.Fault)
    assert (fault.line, fault.where) == (3, "line 3, byte 3")
    assert last == formats.Row(5, {"item": "3", "label": "dog"})


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_nul_is_a_fault(form: str) -> None:
    good, bad = {"csv": (b"a,b\n1,2\n", b"1,\x002\n"), "jsonl": (b'{"a":"1"}\n', b'{"a":"\x00"}\n')}[form]
    found = list(formats.rows(BytesIO(good + bad), form))
    assert isinstance(found[0], formats.Row)
    assert isinstance(found[1], formats.Fault)
    assert "NUL" in found[1].what


def test_a_file_with_carriage_returns_alone_is_read() -> None:
    assert list(formats.rows(BytesIO(b"a,b\r1,2\r3,4\r"), "csv")) == [
        formats.Row(2, {"a": "1", "b": "2"}),
        formats.Row(3, {"a": "3", "b": "4"}),
    ]


def test_a_line_over_the_limit_is_named_and_not_held() -> None:
    data = b"a\n1\n" + b"x" * 1000 + b"\n2\n"
    row, fault, last = formats.rows(BytesIO(data), "csv", limit_record=100)
    assert isinstance(row, formats.Row)
    assert isinstance(fault, formats.Fault)
    assert (fault.line, fault.what) == (3, "The line is longer than 100 bytes.")
    assert last == formats.Row(4, {"a": "2"})


def test_a_line_over_the_limit_that_spans_chunks_is_named() -> None:
    data = b"a\n" + b"x" * 1_000_000 + b"\n2\n\n3\n" + b"y" * 400_000
    found = list(formats.rows(BytesIO(data), "csv", limit_record=200_000))
    assert [(each.line, type(each).__name__) for each in found] == [
        (2, "Fault"),
        (3, "Row"),
        (5, "Row"),
        (6, "Fault"),
    ]


@pytest.mark.parametrize("cut", [5, 12, 30, -9, -1])
def test_gzip_that_is_cut_off_is_unreadable(cut: int) -> None:
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    with pytest.raises(formats.Unreadable, match="gzip packing ends too early"):
        list(formats.rows(BytesIO(packed[:cut]), "csv.gz"))


def test_what_is_not_gzip_is_unreadable() -> None:
    with pytest.raises(formats.Unreadable, match="broken"):
        list(formats.rows(BytesIO(b"a,b\n1,2\n"), "csv.gz"))


def test_gzip_with_a_wrong_checksum_is_unreadable() -> None:
    packed = bytearray(gzip.compress(b"a,b\n1,2\n"))
    packed[-6] ^= 1
    with pytest.raises(formats.Unreadable, match="broken"):
        list(formats.rows(BytesIO(bytes(packed)), "csv.gz"))


def test_gzip_of_several_members_is_one_file() -> None:
    packed = gzip.compress(b"a,b\n1,") + gzip.compress(b"2\n")
    assert list(formats.rows(BytesIO(packed), "csv.gz")) == [formats.Row(2, {"a": "1", "b": "2"})]


@pytest.mark.parametrize(("form", "start"), [("csv.gz", b"a,b\n"), ("jsonl.gz", b'{"a":1}\n')])
def test_a_bomb_is_refused_without_being_unpacked(form: str, start: bytes) -> None:
    bomb = gzip.compress(start + b"\n" * 30_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(formats.Unreadable, match=r"more than 1,000,000 bytes \(unpacked\)"):
        list(formats.rows(BytesIO(bomb), form, limit_bytes=1_000_000))


def test_a_plain_file_over_the_limit_is_refused() -> None:
    with pytest.raises(formats.Unreadable, match="more than 10 bytes"):
        list(formats.rows(BytesIO(b"a,b\n" + b"1,2\n" * 10), "csv", limit_bytes=10))
