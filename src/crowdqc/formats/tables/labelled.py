"""Files with one row an item: its label, or its embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats.outcomes import LIMIT_BYTES, LIMIT_RECORD, unreadable
from crowdqc.formats.tables.cells import Cell, Number, identity, label
from crowdqc.formats.tables.coded import Coded
from crowdqc.formats.tables.reading import found_columns, read_columns, refuse


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The label of each item, one row an item, in the order of the file."""

    item: Coded[str]
    label: Coded[str]


def labels(
    stream: BinaryIO, format: str, *, limit_bytes: int = LIMIT_BYTES, limit_record: int = LIMIT_RECORD
) -> Labels:
    """Read a whole file of labels: columns item and label, each item once.

    Raises
    ------
    Unreadable, BadLines
        As `answers` does; also where an item has a second row.

    Examples
    --------
    >>> from io import BytesIO
    >>> found = labels(BytesIO(b"item,label\\n7,cat\\n8,dog\\n"), "csv")
    >>> found.item.values, found.label.codes.tolist()
    (('7', '8'), [0, 1])
    """

    def choose(names: tuple[str, ...]) -> tuple[Cell, ...]:
        found = found_columns(names, "item", "label")
        return identity("item", found["item"]), label(found["label"])

    start = stream.tell()
    columns = read_columns(stream, format, choose, limit_bytes, limit_record)
    item: Coded[str] = columns["item"]
    faults = {int(row): f"The item {item.values[item.codes[row]]!r} has a second label." for row in _again(item)}
    refuse(faults, stream, start, format)
    return Labels(item, columns["label"])


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """A vector of each item, one row an item, in the order of the file: numbers are float32[n, d]."""

    item: Coded[str]
    numbers: NDArray[np.float32]


def embeddings(
    stream: BinaryIO, format: str, *, limit_bytes: int = LIMIT_BYTES, limit_record: int = LIMIT_RECORD
) -> Embeddings:
    """Read a whole file of embeddings: a column item, and each other column a number of the vector.

    Raises
    ------
    Unreadable, BadLines
        As `answers` does; also where a cell is no finite number, a vector is all 0, or an item has a second row.
    """
    named: list[str] = []

    def choose(names: tuple[str, ...]) -> tuple[Cell, ...]:
        item = found_columns(names, "item")["item"]
        named[:] = [name for name in names if name != item]
        if not named:
            raise unreadable("The file has no column of numbers beside the item.", "header", "Write the vectors.")
        return identity("item", item), *(Number(f"number {n}", n, "number", low=-np.inf) for n in named)

    start = stream.tell()
    columns = dict(read_columns(stream, format, choose, limit_bytes, limit_record))
    item: Coded[str] = columns["item"]
    numbers = np.empty((len(item), len(named)), dtype=np.float32)
    for place, name in enumerate(named):
        numbers[:, place] = columns.pop(f"number {name}")
    faults = {int(row): f"The item {item.values[item.codes[row]]!r} has a second vector." for row in _again(item)}
    faults |= {
        int(row): "The vector is all 0; it has no direction." for row in np.flatnonzero(~numbers.any(axis=1))
    }
    refuse(faults, stream, start, format)
    return Embeddings(item, numbers)


def _again(item: Coded[str]) -> NDArray[np.int64]:
    """Rows whose item stood before."""
    first = np.zeros(len(item), dtype=bool)
    first[np.unique(item.codes, return_index=True)[1]] = True
    return np.flatnonzero(~first)
