"""What another draw of workers might give: intervals that take workers, not items, for the sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from crowdqc.quality.agreement.alpha import krippendorff_alpha
from crowdqc.quality.agreement.measure import Agreement, InvalidAgreement, symmetric
from crowdqc.quality.votes import Votes


def over_workers(
    votes: Votes,
    coefficient: Callable[..., Agreement] = krippendorff_alpha,
    *,
    level: float = 0.95,
    groups: int = 100,
    **options: Any,
) -> Agreement:
    """Compute a coefficient with an interval over workers: by how much does it move as each of them is left out?

    Where workers are few, which of them came matters more than which items were asked, and intervals over items
    do not tell. The two errors are of different things: that of both at once is at most the root of the sum of
    their squares.

    Parameters
    ----------
    coefficient, options
        Any function of votes that gives an `Agreement`, and its keyword arguments.
    groups
        Workers are left out one by one up to so many, and in so many groups where there are more.

    Returns
    -------
    Agreement
        Student's interval with one degree of freedom less than there are workers or groups; NaN where fewer than
        three answered.

    References
    ----------
    B. Efron, C. Stein (1981), The jackknife estimate of variance, Annals of Statistics 9(3), 586-596.

    Examples
    --------
    >>> from crowdqc.quality.examples import anaesthetists
    >>> patient, observer, _, fitness = zip(*anaesthetists(), strict=True)
    >>> found = over_workers(Votes.of(patient, observer, fitness))
    >>> round(found.value, 3), round(found.error, 3)
    (0.584, 0.062)
    """
    if not 0 < level < 1:
        raise InvalidAgreement(f"level is {level!r}; it must lie between 0 and 1.")
    whole = coefficient(votes, **options)
    present = np.flatnonzero(votes.answers_per_worker())
    size = min(present.size, groups)
    if size < 3 or np.isnan(whole.value):
        return whole
    group = np.zeros(votes.n_workers, dtype=np.int64)
    group[present] = np.arange(present.size) % size
    of_answer = group[votes.worker]
    values = np.array([coefficient(votes.where(of_answer != left), **options).value for left in range(size)])
    spread = (size - 1) / size * float(((values - values.mean()) ** 2).sum())
    error, low, high = symmetric(whole.value, spread**0.5, level, size - 1)
    return replace(whole, low=low, high=high, error=error)
