"""Mistakes by class and by pair of classes, with intervals: where the guidelines fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Codes, Counts, Floats, brief
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.label_errors.given import InvalidLabels, class_counts


@brief
@dataclass(frozen=True, slots=True, eq=False)
class PairMistakes:
    """One row a pair of a given and another class that occurs, the most frequent first.

    Attributes
    ----------
    given, other
        int32[m], codes of the label, and of what it is taken to be.
    mistakes
        int64[m], how many labels are of the pair.
    share, low, high
        float64[m], their share of all labels that are the given class, and its interval.
    guideline
        What the guidelines say of each pair, str[m]; empty where nothing is known.
    """

    given: Codes
    other: Codes
    mistakes: Counts
    share: Floats
    low: Floats
    high: Floats
    guideline: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.given.size)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ClassMistakes:
    """One row a class.

    Attributes
    ----------
    labels, mistakes
        int64[K], how many labels are of the class, and how many of them are taken for wrong.
    missed
        int64[K], labels of other classes that are taken to be of this one.
    share, low, high
        float64[K], mistakes over labels and its interval; NaN, 0 and 1 where there are no labels.
    """

    labels: Counts
    mistakes: Counts
    missed: Counts
    share: Floats
    low: Floats
    high: Floats


def mistakes_by_pair(
    given: ArrayLike,
    other: ArrayLike,
    n_classes: int,
    *,
    guidelines: Mapping[tuple[int, int], str] | None = None,
    level: float = 0.95,
) -> PairMistakes:
    """Count pairs of the labels, int[n], and what they are taken to be, int[n] (the label, where it stands).

    What a label is taken to be may be a review's decision, a consensus or a model's likeliest class. A decision of
    all of a random sample gives shares without bias; the intervals (`beta_interval`) know nothing of the choice.

    Parameters
    ----------
    guidelines
        What is said of a pair, by (given, other); a text under the pair turned round is taken as well.

    Examples
    --------
    >>> found = mistakes_by_pair([0, 0, 0, 1, 1], [0, 1, 1, 1, 0], 2, guidelines={(1, 0): "Ham is never fried."})
    >>> found.given.tolist(), found.mistakes.tolist(), found.share.round(2).tolist(), found.guideline[0]
    ([0, 1], [2, 1], [0.67, 0.5], 'Ham is never fried.')
    """
    label, taken = _checked(given, other, n_classes)
    cells = np.bincount(label * np.int64(n_classes) + taken, minlength=n_classes**2)
    cells[:: n_classes + 1] = 0
    found = np.flatnonzero(cells)
    found = found[np.argsort(-cells[found], kind="stable")]
    first, second = (each.astype(np.int32) for each in np.divmod(found, max(n_classes, 1)))
    often = class_counts(label, n_classes)[first]
    low, high = beta_interval(cells[found], often, level)
    texts = guidelines or {}
    said = [
        texts.get(pair) or texts.get(pair[::-1]) or ""
        for pair in zip(first.tolist(), second.tolist(), strict=True)
    ]
    return PairMistakes(first, second, cells[found], cells[found] / often, low, high, tuple(said))


def mistakes_by_class(given: ArrayLike, other: ArrayLike, n_classes: int, *, level: float = 0.95) -> ClassMistakes:
    """Count by class the labels, int[n], that are taken to be something else, int[n].

    >>> found = mistakes_by_class([0, 0, 0, 1, 1], [0, 1, 1, 1, 0], 2)
    >>> found.mistakes.tolist(), found.missed.tolist(), found.low.round(2).tolist()
    ([2, 1], [1, 2], [0.18, 0.06])
    """
    label, taken = _checked(given, other, n_classes)
    wrong = label != taken
    labels, mistakes = class_counts(label, n_classes), class_counts(label[wrong], n_classes)
    share = np.divide(mistakes, labels, out=np.full(n_classes, np.nan), where=labels > 0)
    low, high = beta_interval(mistakes, labels, level)
    return ClassMistakes(labels, mistakes, class_counts(taken[wrong], n_classes), share, low, high)


def pair_names(found: PairMistakes, classes: Sequence[str]) -> list[tuple[str, str]]:
    """Name the pairs."""
    return [(classes[a], classes[b]) for a, b in zip(found.given.tolist(), found.other.tolist(), strict=True)]


def _checked(given: ArrayLike, other: ArrayLike, K: int) -> tuple[Codes, Codes]:
    label, taken = np.asarray(given, dtype=np.int32), np.asarray(other, dtype=np.int32)
    if label.ndim != 1 or label.shape != taken.shape:
        raise InvalidLabels(f"{label.size} labels and {taken.size} others do not fit together.")
    for codes in (label, taken):
        if codes.size and not 0 <= codes.min() <= codes.max() < K:
            raise InvalidLabels(f"Codes must lie from 0 to {K - 1}.")
    return label, taken
