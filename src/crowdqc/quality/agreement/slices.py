"""A coefficient of each part of the items: of batches, of days, of easy and of hard ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.alpha import krippendorff_alpha
from crowdqc.quality.agreement.measure import Agreement, InvalidAgreement
from crowdqc.quality.votes import Votes


def per_slice(
    votes: Votes,
    slices: ArrayLike,
    coefficient: Callable[..., Agreement] = krippendorff_alpha,
    *,
    n_slices: int | None = None,
    **options: Any,
) -> tuple[Agreement, ...]:
    """Compute a coefficient for each slice of the items on its own.

    What chance is also follows from the slice alone: a slice of nearly one class can have a low alpha where the
    whole has a high one.

    Parameters
    ----------
    slices
        int[n_items], the slice of each item, from 0; an item below 0 is in none.
    coefficient, options
        Any function of votes that gives an `Agreement`, and its keyword arguments.
    n_slices
        How many to give; None takes one more than the highest code.

    Returns
    -------
    tuple
        One entry a slice; undefined where there is nothing to compare.

    Examples
    --------
    >>> votes = Votes.of([1, 1, 2, 2, 3, 3, 4, 4], list("abababab"), list("xxyyxyyx"))
    >>> [round(found.value, 2) for found in per_slice(votes, [0, 0, 1, 1])]
    [1.0, -0.5]
    """
    code = np.asarray(slices)
    if code.shape != (votes.n_items,) or (code.size and not np.issubdtype(code.dtype, np.integer)):
        raise InvalidAgreement(f"slices must be one whole number for each of the {votes.n_items} items.")
    size = int(code.max(initial=-1)) + 1 if n_slices is None else n_slices
    if code.max(initial=-1) >= size:
        raise InvalidAgreement(f"slices holds {code.max()}; with n_slices={size} it must lie below {size}.")
    of_answer = code.astype(np.int64)[votes.item]
    order = np.argsort(of_answer, kind="stable")  # within a slice by item and worker, as before
    ends = np.searchsorted(of_answer[order], np.arange(size + 1))
    return tuple(coefficient(_taken(votes, order[start:end]), **options) for start, end in pairwise(ends))


def _taken(votes: Votes, rows: np.ndarray[Any, Any]) -> Votes:
    return replace(
        votes, item=votes.item[rows], worker=votes.worker[rows], label=votes.label[rows], seconds=None, weight=None
    )
