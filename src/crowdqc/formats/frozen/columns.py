"""The labels of a release as columns of numbers, read from the short part of each line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.frozen.lines import NARROW, Damaged, raw

#: Where a label can come from; a code in `FrozenColumns.source` is a place in here.
SOURCES = ("consensus", "decision", "gold")


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
    """Read the labels of a packed file, some 300,000 a second.

    Raises
    ------
    Damaged
        If the file is, or has a label that is none of the classes.
    """
    codes: dict[str | None, int] = {name: number for number, name in enumerate(classes)}
    codes[None] = -1
    sources: dict[str | None, int] = {name: number for number, name in enumerate(SOURCES)}
    sources[None] = -1
    items: list[str] = []
    label: list[int] = []
    confidence: list[float] = []
    source: list[int] = []
    state: list[str] = []
    known: dict[str, str] = {}
    loads = json.loads
    for number, line in enumerate(raw(stream), 1):
        try:
            found = loads(line.partition(NARROW)[0] + b"}")
            items.append(found["item"])
            label.append(codes[found["label"]])
            source.append(sources[found["source"]])
            sure = found["confidence"]
            confidence.append(np.nan if sure is None else sure)
            state.append(known.setdefault(found["state"], found["state"]))
        except (ValueError, KeyError, TypeError):
            raise Damaged(f"Line {number} of the release is no item, or its label is no class.") from None
    return FrozenColumns(
        items,
        np.array(label, dtype=np.int32),
        np.array(confidence, dtype=np.float64),
        np.array(source, dtype=np.int8),
        state,
    )
