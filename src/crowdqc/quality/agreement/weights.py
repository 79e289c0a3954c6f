"""What weights and scales of measurement mean: how far two classes lie apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.distances import Distance, Nominal, Pairwise
from crowdqc.quality.agreement.measure import InvalidAgreement
from crowdqc.quality.agreement.numeric_distances import Linear, Ratio, Squared, above_zero
from crowdqc.quality.arrays import Floats

Named = Literal["identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar"]
#: Weights of agreement by name, or float64[K, K]: 1 on the diagonal, 0 where two classes have nothing in common.
Weights = Named | ArrayLike


def weighted(weights: Weights, K: int, values: ArrayLike | None = None) -> Distance:
    """Read weights of agreement as a distance, whose `largest` has weight 0.

    Parameters
    ----------
    weights
        A name, or a symmetric float64[K, K] from 0 to 1 with 1 on the diagonal. "identity": the same or not.
        "linear", "quadratic", "radical": by the difference of the values, its square, its root; "ratio": by the
        square of difference over sum; "ordinal": by the number of pairs of classes from the one to the other;
        "circular": the last value is next to the first; "bipolar": a step near either end weighs more.
    values
        The number that each class stands for, float64[K]; None numbers them from 1 in their declared order.

    References
    ----------
    K. L. Gwet (2014), Handbook of inter-rater reliability, 4th ed., chapter 3.
    """
    if not isinstance(weights, str):
        table = _symmetric(weights, K, "weights", "weight", diagonal=1.0)
        if table.size and (table.min() < 0 or table.max() > 1):
            raise InvalidAgreement("weights must lie between 0 and 1.")
        return looked_up(1 - table, largest=1.0)
    if weights not in get_args(Named):
        raise InvalidAgreement(
            f"weights is {weights!r}; it must be one of {', '.join(get_args(Named))}, or a table."
        )
    if weights == "identity":
        return Nominal()
    number = np.arange(1.0, K + 1) if values is None else checked_values(values, K)
    if weights == "quadratic":
        return Squared(number)
    if weights == "ordinal":
        return Pairwise(lambda k, l: (abs(k - l) + 1.0) * abs(k - l) / 2, above_zero(K * (K - 1) / 2))  # noqa: E741
    if weights == "ratio":
        return Ratio.of(number)
    if weights == "linear":
        return Linear(number)
    low, high = (float(number.min()), float(number.max())) if K else (0.0, 0.0)
    if weights == "radical":
        return Pairwise(lambda k, l: np.sqrt(abs(number[k] - number[l])), above_zero(high - low) ** 0.5)  # noqa: E741
    apart = number[:, None] - number[None, :]
    if weights == "circular":
        return looked_up(np.sin(np.pi * apart / (high - low + 1)) ** 2)
    both = number[:, None] + number[None, :]
    ends = (both - 2 * low) * (2 * high - both)
    return looked_up(np.divide(apart**2, ends, out=np.zeros_like(apart), where=ends > 0))


def looked_up(table: Floats, largest: float | None = None) -> Distance:
    """A distance from a symmetric table of distances, float64[K, K]."""
    flat, K = np.ascontiguousarray(table).ravel(), len(table)
    most = above_zero(float(flat.max(initial=0.0))) if largest is None else largest
    return Pairwise(lambda left, right: flat[left * K + right], most)


def given(distance: ArrayLike | Callable[[str, str], float], classes: tuple[str, ...]) -> Distance:
    """A table of distances, or a function of the names of two classes that is called for each two of them."""
    if callable(distance):
        table = np.zeros((len(classes), len(classes)))
        for one, name in enumerate(classes):
            for two in range(one):
                table[one, two] = table[two, one] = float(distance(name, classes[two]))
    else:
        table = np.asarray(distance, dtype=np.float64)
    table = _symmetric(table, len(classes), "scale", "distance", diagonal=0.0)
    if table.size and table.min() < 0:
        raise InvalidAgreement("Distances must not lie below zero.")
    return looked_up(table)


def numbers(classes: tuple[str, ...], values: ArrayLike | None = None) -> Floats:
    """Read the number that each class stands for: `values` where given, else the names of the classes."""
    if values is not None:
        return checked_values(values, len(classes))
    try:
        read = np.array([float(name) for name in classes])
    except ValueError:
        read = np.array([np.nan])
    if not np.isfinite(read).all():
        shown = ", ".join(classes[:8]) + (", ..." if len(classes) > 8 else "")
        raise InvalidAgreement(
            f"An interval or ratio scale needs classes that are numbers, or values; these are {shown}."
        )
    return read


def checked_values(values: ArrayLike, K: int) -> Floats:
    """One finite number a class, float64[K]."""
    number = np.array(values, dtype=np.float64)
    if number.shape != (K,) or not np.isfinite(number).all():
        raise InvalidAgreement(f"values must be one finite number for each of the {K} classes.")
    return number


def _symmetric(table: ArrayLike, K: int, name: str, what: str, *, diagonal: float) -> Floats:
    read = np.array(table, dtype=np.float64)
    if read.shape != (K, K):
        raise InvalidAgreement(
            f"{name} has the shape {read.shape}; a table has a {what} for each two of {K} classes."
        )
    if not np.isfinite(read).all():
        row, column = np.argwhere(~np.isfinite(read))[0]
        raise InvalidAgreement(f"The {what} of classes {row} and {column} is {read[row, column]}.")
    if not np.allclose(read, read.T, rtol=0, atol=1e-12) or not np.allclose(np.diag(read), diagonal, atol=1e-12):
        raise InvalidAgreement(f"A table of {what}s must be symmetric, with {diagonal:g} on the diagonal.")
    return read
