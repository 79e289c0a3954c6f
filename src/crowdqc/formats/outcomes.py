"""What a reader gives: rows, faults that name a bad line, and the error for a file that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from crowdqc.errors import Invalid

#: Most bytes that a file may have once it is unpacked.
LIMIT_BYTES = 4 * 2**30
#: Most bytes of one line, and most characters of one record that runs over several lines.
LIMIT_RECORD = 4 * 2**20
#: Most brackets within brackets in one JSON value.
LIMIT_DEPTH = 100


class Unreadable(Invalid):
    """The file cannot be read."""


class Row(NamedTuple):
    """One record of a file. (A tuple, as it is made a million times.)

    Attributes
    ----------
    line : int
        The physical line on which the record starts, from 1; in parquet the row, from 1.
    values : dict
        Column name to value: text in csv and tsv, JSON values elsewhere.
    """

    line: int
    values: dict[str, object]


@dataclass(frozen=True, slots=True)
class Fault:
    """One record that could not be read; the records around it could.

    Attributes
    ----------
    line : int
        As in `Row`.
    where : str
        The place within the file, in words: ``"line 7, byte 12"``, ``"line 3, column label"``.
    what : str
        What is wrong, as a sentence.
    mend : str or None
        How to put it right, as a sentence.
    """

    line: int
    where: str
    what: str
    mend: str | None = None


def unreadable(what: str, where: str, mend: str) -> Unreadable:
    """Give the error for a whole file: what is wrong, where, how to mend it."""
    return Unreadable(what, mend=mend, errors=({"where": where, "what": what},), where=where)
