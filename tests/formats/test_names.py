"""Which form a file is in, and what the formats are called."""

from __future__ import annotations

import contextlib
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc import formats
from crowdqc.errors import Invalid

CSV = b"worker,item,label\n1,2,3\n"
TSV = b"worker\titem\tlabel\n"
JSONL = b'{"worker": 1}\n'


@pytest.mark.parametrize(
    ("filename", "content_type", "head", "form"),
    [
        ("answers.csv", None, CSV, "csv"),
        ("ANSWERS.CSV", None, CSV, "csv"),
        ("answers.v2.csv", None, b"", "csv"),
        ("answers.tsv", None, TSV, "tsv"),
        ("out.jsonl", None, JSONL, "jsonl"),
        ("out.ndjson", None, JSONL, "jsonl"),
        ("a.parquet", None, b"PAR1....", "parquet"),
        ("a.csv", "text/csv", b"PAR1....", "parquet"),
        (None, "text/csv; charset=utf-8", b"", "csv"),
        (None, "application/x-ndjson", b"", "jsonl"),
        (None, "application/jsonl", b"", "jsonl"),
        (None, "application/vnd.apache.parquet", b"", "parquet"),
        ("a.csv.gz", "application/gzip", gzip.compress(CSV), "csv.gz"),
        ("a.jsonl.gz", "application/octet-stream", gzip.compress(JSONL), "jsonl.gz"),
        ("upload", "application/gzip", gzip.compress(JSONL), "jsonl.gz"),
        (None, "application/gzip", gzip.compress(CSV)[:40], "csv.gz"),
        ("a.csv.gz", None, CSV, "csv"),
        ("a.csv", None, gzip.compress(CSV), "csv.gz"),
        ("data.txt", "text/plain", CSV, "csv"),
        ("data.txt", "text/plain", TSV, "tsv"),
        (None, "application/octet-stream", JSONL, "jsonl"),
        (None, None, b"\xef\xbb\xbf" + CSV, "csv"),
        (None, None, "a\tb\n1\t2\n".encode("utf-16"), "tsv"),
        ("a.csv", "application/vnd.ms-excel", CSV, "csv"),
    ],
)
def test_a_file_is_told_by_content_then_name_then_media_type(
    filename: str | None, content_type: str | None, head: bytes, form: str
) -> None:
    assert formats.detect(filename, content_type, head) == form


@pytest.mark.parametrize(
    ("filename", "head", "word"),
    [
        ("book.xlsx", b"PK\x03\x04rest", "Excel"),
        ("really.csv", b"PK\x03\x04rest", "Excel"),
        ("doc.pdf", b"%PDF-1.7", "PDF"),
        ("data.json", b'[{"a": 1}]', "array"),
        ("pixel.png", b"\x89PNG\r\n\x1a\n\0\0", "could not be told"),
        (None, b"", "could not be told"),
        ("a.parquet.gz", gzip.compress(b"PAR1..."), "packed with gzip"),
        ("a.csv.bz2", b"BZh91AY", "bzip2"),
    ],
)
def test_what_is_not_read_is_refused_with_what_is(filename: str | None, head: bytes, word: str) -> None:
    with pytest.raises(formats.UnknownFormat, match=word) as caught:
        formats.detect(filename, "application/octet-stream", head)
    assert isinstance(caught.value, Invalid)
    for form in formats.FORMATS:
        assert form in str(caught.value)


@given(st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()), st.binary())
def test_nothing_else_is_ever_raised(filename: str | None, content_type: str | None, head: bytes) -> None:
    with contextlib.suppress(formats.UnknownFormat):
        assert formats.detect(filename, content_type, head) in formats.FORMATS


@pytest.mark.parametrize("form", formats.FORMATS)
def test_an_export_is_recognised_by_the_name_and_the_type_it_goes_out_with(form: str) -> None:
    columns = [formats.Column("a"), formats.Column("b")]
    head = b"".join(formats.write([{"a": "1", "b": "2"}], columns, form))
    assert formats.detect(f"export{formats.extension(form)}", formats.media_type(form), head) == form
    assert formats.detect(None, formats.media_type(form), head) == form


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(formats.UnknownFormat, match="xml"):
        formats.media_type("xml")
