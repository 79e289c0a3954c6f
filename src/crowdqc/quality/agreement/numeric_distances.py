"""Distances of classes that are numbers, in time that follows the answers, however many numbers there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.agreement.cells import Cells, Index
from crowdqc.quality.agreement.distances import Pairwise
from crowdqc.quality.agreement.measure import InvalidAgreement
from crowdqc.quality.arrays import Floats, brief

#: Distinct numbers up to which each two of them are compared.
_EACH = 1 << 12


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Squared:
    """Classes are numbers, float64[K]; their distance is the square of the difference."""

    values: Floats

    @property
    def largest(self) -> float:
        return above_zero(_width(self.values) ** 2)

    def between(self, left: Index, right: Index) -> Floats:
        return np.asarray((self.values[left] - self.values[right]) ** 2)

    def toward(self, left: Cells, right: Cells) -> Floats:
        # by way of the group's own mean, so that large numbers lose nothing and the sum is never below zero
        value, total = self.values[right.code], np.where(right.total > 0, right.total, 1.0)
        mean = right.per_group(right.mass * value) / total
        around = right.per_group(right.mass * (value - mean[right.group]) ** 2)
        return np.asarray(
            right.total[left.group] * (self.values[left.code] - mean[left.group]) ** 2 + around[left.group]
        )


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Classes are numbers, float64[K]; their distance is the difference without its sign."""

    values: Floats

    @property
    def largest(self) -> float:
        return above_zero(_width(self.values))

    def between(self, left: Index, right: Index) -> Floats:
        return np.asarray(abs(self.values[left] - self.values[right]))

    def toward(self, left: Cells, right: Cells) -> Floats:
        if right.total.size != 1 or right.code.size <= _EACH:
            return Pairwise(self.between).toward(left, right)
        centred = self.values - np.median(self.values)
        order = np.argsort(centred[right.code], kind="stable")
        value, mass = centred[right.code][order], right.mass[order]
        at = np.searchsorted(value, centred[left.code], side="right")
        below, sum_below = np.append(0.0, np.cumsum(mass))[at], np.append(0.0, np.cumsum(mass * value))[at]
        return np.asarray(centred[left.code] * (2 * below - mass.sum()) + mass @ value - 2 * sum_below)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """Classes are numbers from zero up; their distance is the square of difference over sum.

    So 1 and 2 lie as far apart as 10 and 20, and everything is at 1 from zero.
    """

    values: Floats

    @classmethod
    def of(cls, values: Floats) -> Ratio:
        if values.size and values.min() < 0:
            raise InvalidAgreement(f"A ratio scale has no numbers below zero; the smallest is {values.min():g}.")
        return cls(values)

    @property
    def largest(self) -> float:
        high = float(self.values.max(initial=0.0))
        return above_zero((_width(self.values) / (2 * high - _width(self.values))) ** 2 if high > 0 else 0.0)

    def between(self, left: Index, right: Index) -> Floats:
        one, other = self.values[left], self.values[right]
        both = one + other
        return np.asarray(np.divide(one - other, both, out=np.zeros(both.shape), where=both > 0) ** 2)

    def toward(self, left: Cells, right: Cells) -> Floats:
        if right.total.size != 1 or right.code.size <= _EACH:
            return Pairwise(self.between).toward(left, right)
        to, of = self.values[left.code], self.values[right.code]
        out = np.where(to > 0, right.total[0], right.mass @ (of > 0))
        out[to > 0] -= _alike(np.log(to[to > 0]), np.log(of[of > 0]), right.mass[of > 0])
        return out


def _alike(to: Floats, of: Floats, mass: Floats) -> Floats:
    """Sum of mass / cosh((to - of) / 2)^2 over all `of`, for each `to`, to 1e-13 of the mass.

    With x the difference of logarithms, 1 - ((a - b) / (a + b))^2 = 1 / cosh(x / 2)^2: a smooth bump, whose
    Fourier transform 4 pi f / sinh(pi f) falls so fast that a hundred cosines are as good as all. A sum of cosines
    of differences splits into a sum over the ones times a sum over the others, so nobody has to meet everybody.
    """
    if not (to.size and of.size):
        return np.zeros(to.size)
    middle = float(np.median(of))
    to, of = to - middle, of - middle
    far = max(float(to.max() - of.min()), float(of.max() - to.min()))
    step = 2 * np.pi / (far + 40)  # the bump repeats where it has fallen to e^-40
    turn_to, turn_of = np.exp(1j * step * to), np.exp(1j * step * of)
    at_to, at_of = np.ones_like(turn_to), mass.astype(np.complex128)
    out = np.full(to.size, 4 * float(mass.sum()))
    for frequency in np.arange(step, 13, step):
        at_to *= turn_to
        at_of *= turn_of
        out += 8 * np.pi * frequency / np.sinh(np.pi * frequency) * (at_to * np.conj(at_of.sum())).real
    return out * step / (2 * np.pi)


def above_zero(largest: float) -> float:
    """A largest distance to divide by: 1 where nothing lies apart."""
    return largest if largest > 0 else 1.0


def _width(values: Floats) -> float:
    return float(np.ptp(values)) if values.size else 0.0
