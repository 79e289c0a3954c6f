"""Ranking: who beats whom."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.comparisons import BradleyTerry
from tests.quality.comparisons.test_comparisons import read


def test_beats_broadcasts_and_is_bradley_terrys_formula() -> None:
    table = [("a", "b", "v", "left"), ("b", "c", "v", "left"), ("a", "c", "w", "right"), ("d", "e", "w", "left")]
    ranking = BradleyTerry().fit(read(table))
    chances = ranking.beats(np.arange(5)[:, None], np.arange(5))
    strength = np.exp(ranking.score)
    np.testing.assert_allclose(chances[:3, :3], (strength[:3, None] / (strength[:3, None] + strength[:3])))
    assert np.isnan(chances[:3, 3:]).all()
    assert ranking.beats(3, 4) == pytest.approx(strength[3] / (strength[3] + strength[4]))
