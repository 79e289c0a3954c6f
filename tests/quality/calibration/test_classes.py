"""Reliability class by class."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.calibration import InvalidConfidences, class_calibration
from crowdqc.quality.calibration import classes as room


def test_by_hand_and_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.array([[0.8, 0.1, 0.1], [0.6, 0.4, 0], [0.2, 0.8, 0], [0.1, 0.9, 0], [0.1, 0.2, 0.7]])
    found = class_calibration(table, [0, 1, 1, 1, -1])
    assert found.said.tolist() == [2, 2, 0]
    np.testing.assert_allclose(found.confidence, [0.7, 0.85, np.nan])
    np.testing.assert_allclose(found.accuracy, [0.5, 1, np.nan])
    np.testing.assert_allclose(found.found, [1, 2 / 3, np.nan])
    assert found.present.tolist() == [1, 3, 0]
    assert (found.low[2], found.high[2]) == (0, 1)
    monkeypatch.setattr(room, "BLOCK", 2)
    again = class_calibration(table.astype(np.float32), [0, 1, 1, 1, -1])
    np.testing.assert_allclose(again.confidence, found.confidence, rtol=1e-6)
    assert again.said.tolist() == found.said.tolist()


def test_a_class_said_too_surely_is_named() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(2, size=4000)
    said = np.where(rng.random(4000) < np.where(truth == 0, 0.97, 0.6), truth, 1 - truth)
    table = np.where(np.arange(2) == said[:, None], 0.9, 0.1)
    found = class_calibration(table, truth)
    assert found.too_sure.tolist() == [True, False]
    assert found.gap[0] == pytest.approx(0.9 - 0.97 / 1.37, abs=0.03)


def test_nonsense_is_refused() -> None:
    for truth in ([0], [2, 0], [-2, 0]):
        with pytest.raises(InvalidConfidences):
            class_calibration(np.full((2, 2), 0.5), truth)
    assert np.isnan(class_calibration(np.zeros((0, 2)), []).accuracy).all()
