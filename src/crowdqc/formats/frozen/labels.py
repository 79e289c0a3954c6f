"""The labels of a release as columns of numbers, read from the short part of each line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.frozen.lines import NARROW, Damaged, parsed, raw

#: Where a label can come from; a code in `FrozenColumns.source` is a place in here.
SOURCES = ("consensus", "decision", "gold")
#: Lines that are read at a time.
BLOCK = 4096


@dataclass(frozen=True, slots=True)
class FrozenColumns:
    """Labels of a release, an item a row.

    Attributes
    ----------
    items : list of str
        The requester's names, in the order of the release.
    label : int32 array
        The number of the class; -1 where there is no label.
    confidence : float64 array
        NaN where there is none.
    source : int8 array
        The place in `SOURCES`; -1 where there is none.
    state : list of str
        The item's state.
    """

    items: list[str]
    label: NDArray[np.int32]
    confidence: NDArray[np.float64]
    source: NDArray[np.int8]
    state: list[str]

    def __len__(self) -> int:
        return len(self.items)


def columns(stream: BinaryIO, classes: Sequence[str]) -> FrozenColumns:
    """Read the labels of a packed file, without their histories.

    Raises
    ------
    Damaged
        If the file is, or has a label that is none of the classes.
    """
    codes: dict[str | None, int] = {name: number for number, name in enumerate(classes)}
    sources: dict[str | None, int] = {name: number for number, name in enumerate(SOURCES)}
    codes[None] = sources[None] = -1
    items: list[str] = []
    label: list[int] = []
    confidence: list[float] = []
    source: list[int] = []
    state: list[str] = []
    for first, lines in _blocks(raw(stream)):
        found = _parsed(lines, first)
        try:
            items += [each["item"] for each in found]
            label += [codes[each["label"]] for each in found]
            source += [sources[each["source"]] for each in found]
            confidence += [np.nan if each["confidence"] is None else each["confidence"] for each in found]
            state += [sys.intern(each["state"]) for each in found]
        except (KeyError, TypeError):
            raise _damaged(found, first, codes) from None
    return FrozenColumns(
        items,
        np.array(label, dtype=np.int32),
        np.array(confidence, dtype=np.float64),
        np.array(source, dtype=np.int8),
        state,
    )


def _blocks(lines: Iterator[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Give some thousand lines at a time, with the number of the first."""
    first = 1
    while block := [*islice(lines, BLOCK)]:
        yield first, block
        first += len(block)


def _parsed(lines: list[bytes], first: int) -> list[dict[str, Any]]:
    """Read the short parts of lines: all in one, which is many times faster than one by one."""
    short = [line.partition(NARROW)[0] for line in lines]
    try:
        found: list[dict[str, Any]] = json.loads(b"[" + b"},".join(short) + b"}]")
    except ValueError:
        for number, line in enumerate(lines, first):
            parsed(line, number)
        raise Damaged(f"A line of the release, from {first} on, is no item.") from None
    return found


def _damaged(found: list[dict[str, Any]], first: int, codes: dict[str | None, int]) -> Damaged:
    names = {"item", "label", "source", "confidence", "state"}
    for number, each in enumerate(found, first):
        if not isinstance(each, dict) or names - each.keys() or each["label"] not in codes:
            return Damaged(f"Line {number} of the release is no item, or its label is no class.")
    return Damaged(f"A line of the release, from {first} on, is no item.")
