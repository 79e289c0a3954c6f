"""Rows of a file read as probabilities: a whole chunk at once where they are plain, else with care."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats import Fault, Row, jsonvalues

#: How far from 1 the probabilities of an item may sum and be taken as they are.
ROUNDING = 1e-9
#: How far from 1 the probabilities of an item may sum before the row is at fault.
TOLERANCE = 0.01


class Reader:
    """Reads rows over the classes of a project: a column `p:CLASS` or `CLASS` for each, or `probabilities`.

    With `scores` they are any numbers, as a model has them before its softmax, one for each class.
    """

    def __init__(self, classes: Sequence[str], *, scores: bool = False) -> None:
        self._classes = classes
        self._scores = scores

    def read(self, rows: Sequence[Row]) -> list[NDArray[np.float64] | Fault]:
        """Give of each row the probabilities, float64[K], or what is wrong with it."""
        table = self._table(rows)
        if table is None:
            return [self._careful(row) for row in rows]
        fits = np.asarray(np.isfinite(table).all(axis=1))
        if self._scores:
            table[fits] = _softmax(table[fits])
        else:
            total = table.sum(axis=1)
            fits &= (
                (table >= 0).all(axis=1) & (table <= 1 + TOLERANCE).all(axis=1) & (np.abs(total - 1) <= TOLERANCE)
            )
            # What sums to 1 but for rounding is kept as it came, so that an export comes back the same.
            loose = fits & (np.abs(total - 1) > ROUNDING)
            table[loose] /= total[loose, None]
        return [table[place] if fit else self._careful(rows[place]) for place, fit in enumerate(fits.tolist())]

    def _table(self, rows: Sequence[Row]) -> NDArray[np.float64] | None:
        """Read rows that all have the same plain columns; None where any is in doubt."""
        if not rows or len(rows[0].values.keys() & {f"p:{name}" for name in self._classes}) < len(self._classes):
            return None
        columns = [f"p:{name}" for name in self._classes]
        try:
            cells = [row.values[column] for row in rows for column in columns]
            if any(row.values.get("probabilities") for row in rows) or not {*map(type, cells)} <= {
                str,
                float,
                int,
            }:
                return None
            return np.array(cells, dtype=np.float64).reshape(len(rows), len(columns))
        except (KeyError, ValueError, OverflowError):
            return None

    def _careful(self, row: Row) -> NDArray[np.float64] | Fault:
        whole = row.values.get("probabilities")
        if isinstance(whole, str) and whole:
            try:
                whole = jsonvalues.parse(whole)
            except jsonvalues.NotJson:
                return Fault(row.line, "probabilities", "This is not JSON.", 'Write {"class": 0.9, ...}.')
        if whole in (None, ""):
            whole = {
                name: row.values[given]
                for name in self._classes
                for given in (f"p:{name}", name)
                if given in row.values
            }
        if isinstance(whole, list):
            if len(whole) != len(self._classes):
                what = f"There are {len(whole)} probabilities for {len(self._classes)} classes."
                return Fault(row.line, "probabilities", what, "Give one for each class, in the project's order.")
            whole = dict(zip(self._classes, whole, strict=True))
        if not isinstance(whole, dict) or not whole:
            what = "There are no probabilities."
            return Fault(
                row.line, "probabilities", what, "Give a column p:CLASS for each class, or probabilities."
            )
        if unknown := [name for name in whole if name not in self._classes]:
            what = f"{unknown[0]!r} is not a class of this project."
            return Fault(row.line, "probabilities", what, f"Classes: {', '.join(self._classes[:50])}.")
        return self._numbers(row, whole)

    def _numbers(self, row: Row, whole: dict[str, Any]) -> NDArray[np.float64] | Fault:
        values = np.zeros(len(self._classes))
        for number, name in enumerate(self._classes):
            cell = whole.get(name)
            try:
                # An empty cell is no probability, and no score at all.
                value = math.nan if isinstance(cell, bool) else float(cell or (str(cell) if self._scores else 0.0))
            except (TypeError, ValueError, OverflowError):
                value = math.nan
            if not (math.isfinite(value) if self._scores else 0.0 <= value <= 1.0 + TOLERANCE):
                what = f"{cell!r} is not a {'score' if self._scores else 'probability'}."
                mend = "Give a number for each class." if self._scores else "Give a number from 0 to 1."
                return Fault(row.line, f"probabilities, {name}", what, mend)
            values[number] = value
        if self._scores:
            return _softmax(values[None]).ravel()
        total = float(values.sum())
        if abs(total - 1.0) > TOLERANCE:
            mend = "Normalise them; if they are scores before a softmax, upload the file as values=scores."
            return Fault(row.line, "probabilities", f"They sum to {total:.4g}, not to 1.", mend)
        return values if abs(total - 1.0) <= ROUNDING else values / total


def _softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised: NDArray[np.float64] = scores - scores.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(raised, out=raised)
    raised /= raised.sum(axis=1, keepdims=True)
    return raised
