"""An audit: labels drawn by chance out of a release, looked at one after another, and found right or wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.confidence_sequences import Draws, InvalidDraws

#: What came of looking at a label; who is unsure has not found it right.
OUTCOMES: Mapping[str, int] = {"right": 0, "wrong": 1, "unsure": -1}
RIGHT, WRONG, UNSURE = 0, 1, -1


class InvalidAudit(Invalid):
    """The audit cannot be read, or does not fit the release."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """One entry a label that was looked at, in the order of the draws.

    Attributes
    ----------
    size
        Labels in the release.
    known
        Of these, how many an expert had decided before the first draw: they are right, and not drawn from.
    outcome
        int8[n], 0 right, 1 wrong, -1 unsure.
    items
        Ids; empty where they were not given.
    probability
        float64[n], the chance with which each came into the sample, up to a common factor.
    label, classes
        int32[n], codes of the labels as the release has them, -1 where unknown; and the classes.
    sizes
        int64[K], how many labels of each class could be drawn at first; -1 where unknown.
    pool
        int64[n], how many could be drawn, each time.
    elsewhere
        int64[n], wrong labels that were found otherwise between the first draw and this.
    """

    size: int
    known: int
    outcome: NDArray[np.int8]
    items: tuple[Hashable, ...]
    probability: Floats
    label: Codes
    classes: tuple[str, ...]
    sizes: Counts
    pool: Counts
    elsewhere: Counts

    @classmethod
    def of(
        cls,
        outcomes: Iterable[object],
        *,
        size: int,
        known: int = 0,
        order: ArrayLike | None = None,
        items: Iterable[Hashable] | None = None,
        probability: ArrayLike | None = None,
        labels: Iterable[str] | None = None,
        sizes: Mapping[str, int] | None = None,
        pool: ArrayLike | None = None,
        elsewhere: ArrayLike | None = None,
    ) -> Self:
        """Read columns, one entry a label that was looked at.

        Parameters
        ----------
        outcomes
            "right", "wrong" or "unsure"; or 0, 1 or -1.
        size, known
            Labels in the release; those decided before the first draw.
        order
            Numbers that grow in the order of the draws; None: as they are given.
        probability
            Of coming into the sample, up to a common factor; None: uniform.
        labels, sizes
            The class of each label as the release has it; how many of each class could be drawn at first.
        pool, elsewhere
            Where experts decided other labels between the draws: how many could be drawn, each time; how many
            wrong labels they had found since the first draw.

        Raises
        ------
        InvalidAudit
            With one error a fault: `{"where": "outcomes[3]", "what": ...}`.

        Examples
        --------
        >>> audit = Audit.of(["right", "wrong", "unsure", "right"], size=1000, known=200)
        >>> len(audit), audit.left, audit.wrong, audit.unsure
        (4, 800, 1, 1)
        """
        faults: list[dict[str, object]] = []
        found = [OUTCOMES.get(each) if isinstance(each, str) else each for each in outcomes]
        for place, code in enumerate(found):
            if isinstance(code, bool | np.bool_) or code not in (0, 1, -1):
                faults.append({"where": f"outcomes[{place}]", "what": "must be right, wrong or unsure"})
        n = len(found)
        if not (isinstance(size, int) and isinstance(known, int) and 0 <= known <= size):
            faults.append({"where": "size", "what": f"{size!r} labels of which {known!r} are known"})
        elif n > size - known:
            faults.append(
                {"where": "outcomes", "what": f"{n:,} were looked at; there are {size - known:,} to draw"}
            )
        if faults:
            raise InvalidAudit(errors=faults)
        chance = _column(probability, "probability", np.ones(n), faults)
        if not (np.isfinite(chance) & (chance > 0)).all():
            faults.append({"where": "probability", "what": "must be positive numbers"})
        rank = _column(order, "order", np.arange(n, dtype=np.float64), faults)
        by = np.argsort(rank, kind="stable")
        left = _column(pool, "pool", (size - known) - np.argsort(by).astype(np.float64), faults)
        other = _column(elsewhere, "elsewhere", np.zeros(n), faults)
        ids = () if items is None else tuple(items)
        if ids and len(ids) != n:
            faults.append({"where": "items", "what": f"{len(ids):,} for {n:,} outcomes"})
        if len(set(ids)) < len(ids):
            faults.append({"where": "items", "what": "an item occurs twice; draws are without replacement"})
        names, label, counts = _classes(labels, sizes, n, faults)
        if faults:
            raise InvalidAudit(errors=faults)
        audit = cls(
            size=size,
            known=known,
            outcome=np.array(found, dtype=np.int8)[by],
            items=tuple(ids[place] for place in by) if ids else (),
            probability=chance[by],
            label=label[by],
            classes=names,
            sizes=counts,
            pool=left[by].astype(np.int64),
            elsewhere=other[by].astype(np.int64),
        )
        try:
            audit.draws()
        except InvalidDraws as no:
            raise InvalidAudit(errors=[{"where": "pool", "what": str(no)}]) from None
        return audit

    def __len__(self) -> int:
        return int(self.outcome.size)

    @property
    def left(self) -> int:
        """How many labels could be drawn at first."""
        return self.size - self.known

    @property
    def wrong(self) -> int:
        return int((self.outcome == WRONG).sum())

    @property
    def unsure(self) -> int:
        return int((self.outcome == UNSURE).sum())

    @property
    def not_right(self) -> Flags:
        """What counts against the release, bool[n]: wrong, or nobody could say."""
        return np.asarray(self.outcome != RIGHT)

    @property
    def uniform(self) -> bool:
        """Whether every label had the same chance."""
        return bool(np.ptp(self.probability) <= 1e-9 * self.probability.max()) if len(self) else True

    def draws(self, looks: int | None = None) -> Draws:
        """Give the first so many draws; what is not right is a hit."""
        part = slice(looks)
        return Draws.one_by_one(
            self.not_right[part], self.left, pool=self.pool[part], elsewhere=self.elsewhere[part]
        )


def _column(values: ArrayLike | None, where: str, usual: Floats, faults: list[dict[str, object]]) -> Floats:
    if values is None:
        return usual
    try:
        column = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        faults.append({"where": where, "what": "must be numbers"})
        return usual
    if column.shape != usual.shape or not np.isfinite(column).all():
        faults.append({"where": where, "what": f"must be {usual.size:,} numbers, one an outcome"})
        return usual
    return column


def _classes(
    labels: Iterable[str] | None, sizes: Mapping[str, int] | None, n: int, faults: list[dict[str, object]]
) -> tuple[tuple[str, ...], Codes, Counts]:
    given: Sequence[str] = [] if labels is None else list(labels)
    if labels is not None and len(given) != n:
        faults.append({"where": "labels", "what": f"{len(given):,} for {n:,} outcomes"})
        return (), np.full(n, -1, dtype=np.int32), np.zeros(0, dtype=np.int64)
    names = tuple(sizes if sizes is not None else dict.fromkeys(given))
    code = {name: place for place, name in enumerate(names)}
    strangers = sorted({name for name in given if name not in code})
    if strangers:
        faults.append({"where": "labels", "what": f"{strangers[0]!r} is not among the classes with sizes"})
    label = np.array([code.get(name, -1) for name in given] if given else [-1] * n, dtype=np.int32)
    counts = np.array([-1 if sizes is None else sizes[name] for name in names], dtype=np.int64)
    seen = np.bincount(label[label >= 0], minlength=len(names))
    for name, most, found in zip(names, counts.tolist(), seen.tolist(), strict=True):
        if sizes is not None and found > most:
            faults.append({"where": f"sizes.{name}", "what": f"{found:,} were looked at; there are {most:,}"})
    return names, label, counts
