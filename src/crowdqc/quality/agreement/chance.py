"""Agreement beyond chance, 1 less observed over expected disagreement, with Gwet's variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.distances import Distance
from crowdqc.quality.agreement.measure import NAN, symmetric
from crowdqc.quality.arrays import Flags, Floats, brief

#: Expected disagreement below this is none: all answers are of one class, and there is nothing to correct for.
NOTHING = 1e-12


class Chance(Protocol):
    """What disagreement a coefficient expects of chance."""

    def expected(self, weight: Floats) -> float:
        """Disagreement expected of items that occur so often, from 0 to 1."""

    def influence(self) -> Floats:
        """How far each row would move half the expected agreement, float64[rows]: Gwet's p_e|i less p_e."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A coefficient of agreement beyond chance.

    Attributes
    ----------
    apart
        float64[rows], the mean distance of two answers to an item, 1 for no agreement; 0 where there is but one.
    """

    apart: Floats
    pairable: Flags
    answers: Floats
    occurs: Floats
    chance: Chance

    @classmethod
    def of(cls, items: Items, distance: Distance, chance: Chance) -> Corrected:
        return cls(disagreement(items, distance), items.pairable, items.answers, items.occurs, chance)

    def at(self, weight: Floats) -> float:
        pairable = float(weight @ self.pairable)
        expected = self.chance.expected(weight) if pairable > 0 else 0.0
        return 1 - float(weight @ self.apart) / pairable / expected if expected > NOTHING else NAN

    def interval(self, level: float) -> tuple[float, float, float]:
        """Gwet's linearisation: items are a sample, workers are not; conservative where many have one answer.

        K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapter 5; (2008), equation 36.
        """
        value, expected = self.at(self.occurs), self.chance.expected(self.occurs)
        n, pairable = float(self.occurs.sum()), float(self.occurs @ self.pairable)
        linear = n / pairable * self.pairable * (1 - self.apart / expected)
        linear = linear - 2 * (1 - value) * self.chance.influence() / expected
        variance = float(self.occurs @ (linear - value) ** 2) / (n * (n - 1)) if n > 1 else NAN
        return symmetric(value, variance**0.5, level, n - 1)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """A mean over the items with two answers or more, each weighing the same."""

    values: Floats
    pairable: Flags
    answers: Floats
    occurs: Floats

    def at(self, weight: Floats) -> float:
        total = float(weight @ self.pairable)
        return float((weight * self.pairable) @ self.values) / total if total > 0 else NAN

    def interval(self, level: float) -> tuple[float, float, float]:
        value, weight = self.at(self.occurs), self.occurs * self.pairable
        n = float(weight.sum())
        variance = float(weight @ (self.values - value) ** 2) / (n * (n - 1)) if n > 1 else NAN
        return symmetric(value, variance**0.5, level, n - 1)


def disagreement(items: Items, distance: Distance) -> Floats:
    """Mean distance of two answers to an item, float64[rows], 1 for no agreement; 0 where there is one answer."""
    n = items.answers
    return np.asarray(within(items, distance) / np.maximum(n * (n - 1), 1) / distance.largest)


def within(items: Items, distance: Distance) -> Floats:
    """Sum of the distances of all ordered pairs of answers to an item, float64[rows]."""
    cells = items.cells
    return cells.per_group(cells.mass * distance.toward(cells, cells))


def shares(items: Items, weight: Floats) -> Floats:
    """Share of each class, float64[K]: each item weighs the same however many answered it."""
    cells = items.cells
    total = float(weight.sum())
    return cells.per_code(weight[cells.group] * cells.mass / items.answers[cells.group]) / (total or 1.0)
