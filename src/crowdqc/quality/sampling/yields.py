"""What each sampler brought: errors found per item looked at, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.sampling.queue import RANDOM, Queue


class InvalidYields(Invalid):
    """Such counts cannot be."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Yields:
    """Counts by sampler; those of several rounds add up with `+`.

    An item that several samplers chose counts for each of them. The row "random" estimates the share of wrong
    labels among all items that nobody had looked at, without bias: of its own round, for each round takes errors
    out of what is left.

    Attributes
    ----------
    names
        Of the samplers.
    looked, found
        float64[S], items looked at and errors among them; whole numbers, until they are discounted.

    Examples
    --------
    >>> yields = Yields.of(["random", "near"], looked=[100, 40], found=[3, 20])
    >>> [each.round(2).tolist() for each in (yields.rate, *yields.interval())]
    [[0.03, 0.5], [0.01, 0.35], [0.08, 0.65]]
    """

    names: tuple[str, ...]
    looked: Floats
    found: Floats

    @classmethod
    def of(cls, names: list[str] | tuple[str, ...], looked: ArrayLike, found: ArrayLike) -> Self:
        """Read counts.

        Raises
        ------
        InvalidYields
            More errors than items, a count below 0, columns of different lengths, a name twice.
        """
        n, wrong = np.array(looked, dtype=np.float64), np.array(found, dtype=np.float64)
        if n.shape != (len(names),) or wrong.shape != n.shape or len(set(names)) != len(names):
            raise InvalidYields(
                f"{len(names)} names, {n.size} and {wrong.size} counts; each name has one of both."
            )
        odd = ~((wrong >= 0) & (wrong <= n))
        if odd.any():
            at = int(odd.argmax())
            raise InvalidYields(f"{names[at]} found {wrong[at]:g} errors in {n[at]:g} items.", name=names[at])
        return cls(tuple(names), n, wrong)

    @classmethod
    def none(cls) -> Self:
        return cls((), np.zeros(0), np.zeros(0))

    @classmethod
    def from_queue(cls, queue: Queue, wrong: ArrayLike, looked: ArrayLike | None = None) -> Self:
        """Count what a queue brought.

        Parameters
        ----------
        wrong
            bool[q], in the order of the queue: the label was wrong.
        looked
            bool[q]: the item was looked at; all of them, where this is not given.
        """
        bad = np.asarray(wrong, dtype=bool)
        seen = np.ones(len(queue), dtype=bool) if looked is None else np.asarray(looked, dtype=bool)
        for column in (bad, seen):
            if column.shape != (len(queue),):
                raise InvalidYields(f"{column.size} outcomes for a queue of {len(queue)} items.")
        if (bad & ~seen).any():
            at = int((bad & ~seen).argmax())
            raise InvalidYields(f"Item {queue.item[at]} is wrong, but nobody looked at it.")
        return cls.of(queue.names, seen @ queue.chosen.astype(float), bad @ queue.chosen.astype(float))

    @property
    def rate(self) -> Floats:
        """Errors found per item looked at, float64[S]; NaN where nothing was looked at."""
        nothing = np.full(self.looked.size, np.nan)
        return np.asarray(np.divide(self.found, self.looked, out=nothing, where=self.looked > 0))

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Give an interval of each rate: see `beta_interval`."""
        return beta_interval(self.found, self.looked, level)

    def targeted(self) -> Yields:
        """Leave the random slice out."""
        kept = [place for place, name in enumerate(self.names) if name != RANDOM]
        return Yields(tuple(self.names[place] for place in kept), self.looked[kept], self.found[kept])

    def discounted(self, factor: float) -> Yields:
        """Let counts fade, so that what a sampler brings now weighs more than what it once brought."""
        return Yields(self.names, self.looked * factor, self.found * factor)

    def __add__(self, other: Yields) -> Yields:
        names = tuple(dict.fromkeys((*self.names, *other.names)))
        looked, found = np.zeros(len(names)), np.zeros(len(names))
        for each in (self, other):
            place = [names.index(name) for name in each.names]
            looked[place] += each.looked
            found[place] += each.found
        return Yields(names, looked, found)
