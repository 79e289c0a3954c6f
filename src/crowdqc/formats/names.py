"""What the formats are called, and which of them a file is in."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from crowdqc.errors import Invalid


class UnknownFormat(Invalid):
    """The file is in a format that is not read here."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: its name, how its files end, its media type, and whether it is packed with gzip."""

    name: str
    extension: str
    media_type: str
    #: The format inside the packing; the name itself where nothing is packed.
    inner: str
    #: Other endings and media types under which it comes.
    endings: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()

    @property
    def packed(self) -> bool:
        """Whether the bytes are packed with gzip."""
        return self.inner != self.name


_JSONL = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_PARQUET = "application/vnd.apache.parquet"

#: Every format, named once.
FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        Format("csv", ".csv", "text/csv", "csv", (), ("application/csv", "text/comma-separated-values")),
        Format("csv.gz", ".csv.gz", "application/gzip", "csv", (".csv.gzip",)),
        Format("tsv", ".tsv", "text/tab-separated-values", "tsv", (".tab",)),
        Format("tsv.gz", ".tsv.gz", "application/gzip", "tsv", (".tab.gz",)),
        Format("jsonl", ".jsonl", _JSONL[0], "jsonl", (".ndjson", ".manifest"), _JSONL[1:]),
        Format("jsonl.gz", ".jsonl.gz", "application/gzip", "jsonl", (".ndjson.gz",)),
        Format("parquet", ".parquet", _PARQUET, "parquet", (".pq",), ("application/x-parquet",)),
    )
}

_PACKED = {each.inner: each.name for each in FORMATS.values() if each.packed}
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
#: How files begin that people take for tables.
_OTHERS = (
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "Save the sheet as “CSV UTF-8” and send that."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save the sheet as “CSV UTF-8” and send that."),
    (b"%PDF", "a PDF document", "Send the table itself, as CSV, JSON lines or Parquet."),
    (b"ORC", "an ORC file", "Write it as Parquet, CSV or JSON lines."),
    (b"Obj\x01", "an Avro file", "Write it as Parquet, CSV or JSON lines."),
    (b"ARROW1", "an Arrow file", "Write it as Parquet, CSV or JSON lines."),
    (b"SQLite format 3", "a SQLite database", "Export the table as CSV, JSON lines or Parquet."),
    (b"BZh", "packed with bzip2", "Pack it with gzip, or not at all."),
    (b"\xfd7zXZ", "packed with xz", "Pack it with gzip, or not at all."),
    (b"\x28\xb5\x2f\xfd", "packed with zstandard", "Pack it with gzip, or not at all."),
)


def named(format: str) -> Format:
    """Give the format of that name.

    Raises
    ------
    UnknownFormat
        If there is none; the message lists those there are.
    """
    try:
        return FORMATS[format]
    except KeyError:
        raise _unknown(f"There is no format named {format!r}.") from None


def media_type(format: str) -> str:
    """Give the media type of a format.

    >>> media_type("csv")
    'text/csv'
    """
    return named(format).media_type


def extension(format: str) -> str:
    """Give the ending of a format's file names, with its dot.

    >>> extension("jsonl.gz")
    '.jsonl.gz'
    """
    return named(format).extension


def detect(filename: str | None, content_type: str | None, head: bytes) -> str:
    """Say which format a file is in.

    The first bytes decide whether it is parquet or packed, whatever its name says; then the name's ending
    decides, then the media type, then a look at the text.

    Parameters
    ----------
    filename : str or None
        The name that the uploader gave; only its ending is looked at.
    content_type : str or None
        The media type that the uploader gave, with or without parameters.
    head : bytes
        The first bytes of the file; a few hundred are enough.

    Returns
    -------
    str
        A key of `FORMATS`.

    Raises
    ------
    UnknownFormat
        If nothing fits; the message lists what is accepted.

    Examples
    --------
    >>> detect("answers.csv", None, b"worker,item,label")
    'csv'
    >>> detect(None, "application/octet-stream", b'{"item": 1}')
    'jsonl'
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    packed = head.startswith(b"\x1f\x8b")
    if packed:
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4096)
        except zlib.error:
            head = b""
        if head.startswith(b"PAR1"):
            raise _unknown("The file is Parquet packed with gzip.", mend="Unpack it: Parquet packs itself.")
    for magic, what, mend in _OTHERS:
        if head.startswith(magic):
            raise _unknown(f"The file is {what}.", mend=mend)
    inner = _by_name(filename) or _by_media_type(content_type) or _by_look(head)
    if inner == "parquet" and packed:
        inner = None
    if inner is None:
        raise _unknown("The file's format could not be told from its name, its media type or its content.")
    return _PACKED[inner] if packed else inner


def _by_name(filename: str | None) -> str | None:
    name = (filename or "").strip().lower()
    for each in FORMATS.values():
        if name.endswith((each.extension, *each.endings)):
            return each.inner
    return None


def _by_media_type(content_type: str | None) -> str | None:
    given = (content_type or "").partition(";")[0].strip().lower()
    for each in FORMATS.values():
        if not each.packed and given in (each.media_type, *each.media_types):
            return each.inner
    return None


def _by_look(head: bytes) -> str | None:
    encoding = _UTF16.get(head[:2])
    text = head.decode(encoding or "utf-8", errors="ignore").removeprefix("\ufeff").lstrip()
    if text.startswith("["):
        raise _unknown(
            "The file is one JSON array.", mend="Write one JSON object a line, without brackets and commas."
        )
    if text.startswith("{"):
        return "jsonl"
    line = text.splitlines()[0] if text else ""
    if "\0" in text or (not line.isprintable() and "\t" not in line):
        return None
    if "\t" in line and "," not in line:
        return "tsv"
    return "csv" if "," in line or ";" in line else None


def _unknown(what: str, *, mend: str | None = None) -> UnknownFormat:
    accepted = ", ".join(f"{each.name} ({each.extension})" for each in FORMATS.values())
    words = f"{mend} Accepted: {accepted}." if mend else f"Accepted: {accepted}."
    return UnknownFormat(what, mend=words, accepted=tuple(FORMATS))
