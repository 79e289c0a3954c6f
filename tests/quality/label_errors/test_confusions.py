"""Mistakes by class and by pair of classes."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.label_errors import InvalidLabels, mistakes_by_class, mistakes_by_pair, pair_names

GIVEN, TRUE = [0, 0, 0, 0, 1, 1, 2], [0, 1, 1, 2, 1, 0, 2]


def test_pairs_the_most_frequent_first() -> None:
    found = mistakes_by_pair(GIVEN, TRUE, 4, guidelines={(1, 0): "A cat is no dog.", (0, 3): "Not seen."})
    assert pair_names(found, ["cat", "dog", "fox", "owl"]) == [("cat", "dog"), ("cat", "fox"), ("dog", "cat")]
    assert found.mistakes.tolist() == [2, 1, 1]
    np.testing.assert_allclose(found.share, [0.5, 0.25, 0.5])
    assert ((found.low <= found.share) & (found.share <= found.high)).all()
    assert found.guideline == ("A cat is no dog.", "", "A cat is no dog.")


def test_classes() -> None:
    found = mistakes_by_class(GIVEN, TRUE, 4)
    assert found.labels.tolist() == [4, 2, 1, 0]
    assert found.mistakes.tolist() == [3, 1, 0, 0]
    assert found.missed.tolist() == [1, 2, 1, 0]
    assert np.isnan(found.share[3])
    assert (found.low[3], found.high[3]) == (0, 1)


def test_nonsense_is_refused() -> None:
    for given, other in (([0], [0, 1]), ([3], [0]), ([-1], [0])):
        with pytest.raises(InvalidLabels):
            mistakes_by_pair(given, other, 3)
    assert len(mistakes_by_pair([], [], 3)) == 0
