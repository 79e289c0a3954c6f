"""Rows out of bytes, and back: a bad line is named, the rest is read.

`rows` reads an uploaded file, `read` one whose columns are known, `write` writes one, `detect` says which format
a file is in. The rooms `answers` (files of answers and of truths) and `canonical` (one text for one JSON value)
are imported by name.
"""

from __future__ import annotations

from crowdqc.formats.columns import Column, Kind, Mistyped, Unwritable, typed
from crowdqc.formats.names import FORMATS, Format, UnknownFormat, detect, extension, media_type
from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, Fault, Row, Unreadable
from crowdqc.formats.reading import read, rows
from crowdqc.formats.writing import write

__all__ = [
    "FORMATS",
    "LIMIT_BYTES",
    "LIMIT_RECORD",
    "Column",
    "Fault",
    "Format",
    "Kind",
    "Mistyped",
    "Row",
    "UnknownFormat",
    "Unreadable",
    "Unwritable",
    "detect",
    "extension",
    "media_type",
    "read",
    "rows",
    "typed",
    "write",
]
