"""The reliability curve."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.calibration import InvalidConfidences, calibration


def test_what_is_drawn_as_it_says_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.3, 1, 50_000)
    found = calibration(confidence, rng.random(50_000) < confidence)
    assert found.error < 0.01
    full = found.items > 0
    inside = (found.low[full] <= found.confidence[full]) & (found.confidence[full] <= found.high[full])
    assert inside.mean() >= 0.7


def test_the_error_is_the_weighted_distance() -> None:
    found = calibration([0.95] * 8 + [0.55] * 2, [True] * 4 + [False] * 4 + [True, False])
    assert found.error == pytest.approx(0.8 * 0.45 + 0.2 * 0.05)
    assert found.items.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 8]
    assert calibration([1.0], [True]).error == 0


def test_nothing_and_nonsense() -> None:
    assert np.isnan(calibration([], []).error)
    for bad in ([1.2], [float("nan")]):
        with pytest.raises(InvalidConfidences):
            calibration(bad, [True])
    with pytest.raises(InvalidConfidences):
        calibration([0.5, 0.5], [True])
