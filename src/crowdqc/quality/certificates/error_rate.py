"""The share of wrong labels, from the audit alone: without bias, with an interval, and class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Flags
from crowdqc.quality.certificates.audit import Audit, InvalidAudit
from crowdqc.quality.confidence_sequences import Draws, fewest, fixed_interval, most


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """A share of labels that are not right among those that could be drawn, before what was found is corrected.

    Attributes
    ----------
    value
        The estimate; NaN where nothing was looked at.
    low, high
        Of an interval at `level`, half of the error on each side.
    wrong, unsure, looked, size
        Labels found wrong, found neither right nor wrong, looked at, and in the pool at first.
    level
    anytime
        Whether the interval holds however often one looks; else for one look at a sample of planned size.
    name
        Of the class; None for all.
    """

    value: float
    low: float
    high: float
    wrong: int
    unsure: int
    looked: int
    size: int
    level: float
    anytime: bool
    name: str | None = None


def error_rate(audit: Audit, level: float = 0.95) -> ErrorRate:
    """Estimate the share of labels that are not right; who is unsure has not found a label right.

    Where every label had the same chance the interval is the one for finite sets, which holds at every look. Else
    the estimate is that of Hajek, and the interval that of Korn and Graubard, for one look: Clopper and Pearson's
    with as many labels as a uniform sample would need to be as good, (sum of weights)^2 / sum of squared weights.

    Raises
    ------
    InvalidInterval
        A level outside (0, 1).
    InvalidAudit
        Chances were not uniform and experts decided other labels between the draws.

    References ---------- `crowdqc.quality.confidence_sequences.finite`; Korn, Graubard (1998), Confidence
    intervals for proportions with small expected number of positive counts estimated from survey data.

    Examples
    --------
    >>> found = error_rate(Audit.of(["right"] * 392 + ["wrong"] * 8, size=10_000))
    >>> found.value, round(found.low, 4), round(found.high, 4)
    (0.02, 0.0034, 0.0498)
    """
    if audit.uniform:
        return _uniform(audit, audit.draws(), level, None, np.ones(len(audit), dtype=bool))
    if audit.left - len(audit) + 1 != audit.pool[-1]:
        raise InvalidAudit("Labels with unequal chances cannot be drawn while others leave the pool.")
    weight = 1 / audit.probability
    value = float(weight @ audit.not_right / weight.sum())
    effective = float(weight.sum() ** 2 / (weight @ weight))
    low, high = fixed_interval(value * effective, effective, level)
    return ErrorRate(
        value, float(low), float(high), audit.wrong, audit.unsure, len(audit), audit.left, level, anytime=False
    )


def error_rate_by_class(audit: Audit, level: float = 0.95, *, simultaneous: bool = True) -> tuple[ErrorRate, ...]:
    """Estimate the share of labels that are not right among those of each class.

    Among the labels of one class the draws are uniform and without replacement too.

    Parameters
    ----------
    simultaneous
        Whether all intervals hold together at the level: then each is at 1 - (1 - level) / K (Bonferroni).

    Raises
    ------
    InvalidAudit
        Classes or their sizes are not known, chances were not uniform, or experts decided other labels meanwhile.

    Examples
    --------
    >>> audit = Audit.of(["right"] * 99 + ["wrong"], size=1000, labels=["cat"] * 90 + ["dog"] * 10,
    ...                  sizes={"cat": 900, "dog": 100})
    >>> [(each.name, round(each.high, 3)) for each in error_rate_by_class(audit)]
    [('cat', 0.053), ('dog', 0.56)]
    """
    if not audit.classes or (audit.sizes < 0).any():
        raise InvalidAudit("The classes of the labels and how many there are of each must be known.")
    if not audit.uniform or len(audit.draws().drawn) > 1:
        raise InvalidAudit("By class only a uniform audit can be read, while nothing else leaves the pool.")
    each = 1 - (1 - level) / len(audit.classes) if simultaneous else level
    found = []
    for code, (name, size) in enumerate(zip(audit.classes, audit.sizes.tolist(), strict=True)):
        of = audit.label == code
        draws = Draws.of(int(audit.not_right[of].sum()), int(of.sum()), size)
        found.append(_uniform(audit, draws, each, name, of))
    return tuple(found)


def _uniform(audit: Audit, draws: Draws, level: float, name: str | None, of: Flags) -> ErrorRate:
    half, looked = (1 + level) / 2, int(of.sum())
    size = max(draws.size, 1)
    return ErrorRate(
        value=_value(draws) / size,
        low=fewest(draws, half) / size,
        high=most(draws, half) / size,
        wrong=int((audit.outcome[of] == 1).sum()),
        unsure=int((audit.outcome[of] == -1).sum()),
        looked=looked,
        size=draws.size,
        level=level,
        anytime=True,
        name=name,
    )


def _value(draws: Draws) -> float:
    """Estimate the hits in the set: each stretch says how many there were, and weighs as much as its draws."""
    weight = draws.drawn
    if not weight.sum():
        return float("nan")
    each = draws.known + draws.pool * np.divide(draws.hits, weight, out=np.zeros(weight.size), where=weight > 0)
    return float(each @ weight / weight.sum())
