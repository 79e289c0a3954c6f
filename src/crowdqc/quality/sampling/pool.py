"""What is known of the items among which some are chosen to be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.predictions import Predictions
from crowdqc.quality.sampling import evidence
from crowdqc.quality.sampling.evidence import Column, InvalidPool, Vectors

#: What a pool may hold, and how it is given to `Pool.of`.
SUPPLY: Mapping[str, str] = {
    "label": "label=int[n]: the class code that each item bears now, -1 for none",
    "student": "student=float[n, K]: the probabilities of the deployed model, out of fold",
    "ensemble": "ensemble=float[M, n, K]: the probabilities of each member of an ensemble",
    "views": "views=float[V, n, K]: the model's probabilities for each augmented view of an item",
    "teacher": "teacher=float[n, K]: the probabilities of a stronger model that runs offline",
    "embeddings": "embeddings=float[n, d]: a vector for each item, of any model that embeds it",
    "metadata": "metadata={'weather': [...], ...}: columns of a value an item",
    "sequence": "sequence=int[n]: which video, track or series an item belongs to, -1 for none",
    "time": "time=float[n]: when the item was taken, in the unit of the sampler's rates",
    "position": "position=float[n, k]: where it was, in the unit of the sampler's rates",
    "error": "error=codes or bool[n]: the items that were looked at and had a wrong label",
    "wanted": "wanted=codes or bool[n]: the items that the reviewer marked as what is searched for",
}


class MissingEvidence(Invalid):
    """The pool does not hold what this sampler looks at."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Items by code, and what is known of them; build it with `of`. All but the number of items may be absent.

    Attributes
    ----------
    n_items
        Items are numbered from 0 to n_items - 1.
    classes
        Names of the classes; may be empty, and their codes stand for them.
    label
        int32[n_items], the given label, -1 for none.
    student, teacher
        One row an item.
    ensemble, views
        Several rows an item: `model` tells the members, or the views.
    embeddings
        float32[n_items, d].
    metadata
        Columns by name.
    sequence, time, position
        int32[n_items], -1 for none; float64[n_items]; float64[n_items, k]. NaN where not known.
    error, right, reviewed
        bool[n_items]: looked at and found wrong; looked at and found right; looked at, or about to be, without
        more being said. No sampler gives any of these.
    wanted, unwanted
        bool[n_items], what a reviewer who searches marked as such, and as not such.
    """

    n_items: int
    classes: tuple[str, ...]
    label: Codes | None
    student: Predictions | None
    ensemble: Predictions | None
    views: Predictions | None
    teacher: Predictions | None
    embeddings: Vectors | None
    metadata: Mapping[str, Column]
    sequence: Codes | None
    time: Floats | None
    position: Floats | None
    error: Flags
    right: Flags
    reviewed: Flags
    wanted: Flags
    unwanted: Flags

    @classmethod
    def of(
        cls,
        n_items: int,
        *,
        classes: Iterable[str] = (),
        label: ArrayLike | None = None,
        student: Predictions | ArrayLike | None = None,
        ensemble: Predictions | ArrayLike | None = None,
        views: Predictions | ArrayLike | None = None,
        teacher: Predictions | ArrayLike | None = None,
        embeddings: ArrayLike | None = None,
        metadata: Mapping[str, Sequence[Any] | NDArray[Any]] | None = None,
        sequence: ArrayLike | None = None,
        time: ArrayLike | None = None,
        position: ArrayLike | None = None,
        error: ArrayLike | None = None,
        right: ArrayLike | None = None,
        reviewed: ArrayLike | None = None,
        wanted: ArrayLike | None = None,
        unwanted: ArrayLike | None = None,
    ) -> Self:
        """Read and check what is known.

        Predictions are `Predictions`, or probabilities: float[n, K] of one model, float[M, n, K] of several; a row
        of NaN is an item without. Reviewed and marked items are codes, or a flag for each item.

        Raises
        ------
        InvalidPool
            A column of another length, numbers that are not finite, an item that is found both wrong and right.

        Examples
        --------
        >>> Pool.of(2, label=[0, 1], student=[[0.9, 0.1], [0.4, 0.6]], error=[1]).free().tolist()
        [0]
        >>> Pool.of(2, embeddings=[[1.0, float("nan")], [0.0, 1.0]])
        Traceback (most recent call last):
        ...
        crowdqc.quality.sampling.evidence.InvalidPool: The embeddings of item 0 hold NaN, or numbers that are not
        finite. Leave such items out, or compute their vectors again.
        """
        if not isinstance(n_items, int) or isinstance(n_items, bool) or n_items < 0:
            raise InvalidPool(f"n_items is {n_items!r}; it must be a whole number of items.")

        def one(values: Predictions | ArrayLike | None, what: str) -> Predictions | None:
            many = what in ("ensemble", "views")
            return None if values is None else evidence.predictions(values, n_items, what, many=many)

        marks = {
            what: evidence.flags(values, n_items, what)
            for what, values in (
                ("error", error),
                ("right", right),
                ("reviewed", reviewed),
                ("wanted", wanted),
                ("unwanted", unwanted),
            )
        }
        for this, that in (("error", "right"), ("wanted", "unwanted")):
            both = marks[this] & marks[that]
            if both.any():
                raise InvalidPool(f"Item {int(both.argmax())} is both {this} and {that}; it can be one of them.")
        pool = cls(
            n_items=n_items,
            classes=tuple(classes),
            label=None if label is None else evidence.codes(label, n_items, "label"),
            student=one(student, "student"),
            ensemble=one(ensemble, "ensemble"),
            views=one(views, "views"),
            teacher=one(teacher, "teacher"),
            embeddings=None if embeddings is None else evidence.vectors(embeddings, n_items, "embeddings"),
            metadata=MappingProxyType(
                {name: evidence.column(values, n_items, name) for name, values in (metadata or {}).items()}
            ),
            sequence=None if sequence is None else evidence.codes(sequence, n_items, "sequence"),
            time=None if time is None else evidence.numbers(time, n_items, "time"),
            position=None if position is None else evidence.numbers(position, n_items, "position", 2),
            **marks,
        )
        pool._check_classes()
        return pool

    def free(self) -> Codes:
        """Give the items that nobody has looked at, int32[n], by code."""
        return np.flatnonzero(~(self.error | self.right | self.reviewed)).astype(np.int32)

    def need(self, sampler: str, *names: str) -> None:
        """Refuse a pool that lacks what a sampler looks at, and name all of it.

        Raises
        ------
        MissingEvidence
        """
        lacking = [name for name in names if not self._holds(name)]
        if lacking:
            raise MissingEvidence(
                f"{sampler} looks at {' and '.join(lacking)}, which the pool does not hold.",
                mend="Give Pool.of(...) " + "; ".join(SUPPLY[name] for name in lacking) + ".",
                errors=[{"where": f"pool.{name}", "what": "missing"} for name in lacking],
            )

    def class_name(self, code: int) -> str:
        """Name a class, by its code where it has no name."""
        return self.classes[code] if 0 <= code < len(self.classes) else f"class {code}"

    def _holds(self, name: str) -> bool:
        held = getattr(self, name)
        if isinstance(held, np.ndarray) and held.dtype == bool:
            return bool(held.any())
        return held is not None and (not isinstance(held, Mapping) or bool(held))

    def _check_classes(self) -> None:
        """Refuse models that do not know the same classes, and labels that are none of them."""
        widths = {"classes": len(self.classes)} if self.classes else {}
        for role in ("student", "ensemble", "views", "teacher"):
            said = getattr(self, role)
            if said is not None:
                widths[role] = said.probabilities.shape[1]
        if len(set(widths.values())) > 1:
            told = ", ".join(f"{name} {width}" for name, width in widths.items())
            raise InvalidPool(f"The numbers of classes differ: {told}.", mend="Give all of them the same classes.")
        if self.label is not None and widths and self.label.size:
            highest, width = int(self.label.max()), next(iter(widths.values()))
            if highest >= width:
                raise InvalidPool(
                    f"label of item {int(self.label.argmax())} is {highest}; there are {width} classes."
                )
