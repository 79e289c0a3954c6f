"""Pre-labels that draw answers to themselves."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.label_errors import InvalidExperiment, anchoring

confint = pytest.importorskip("statsmodels.stats.proportion").confint_proportions_2indep


def test_the_interval_is_newcombes() -> None:
    found = anchoring([True] * 30 + [False] * 20 + [True] * 12 + [False] * 48, [True] * 50 + [False] * 60)
    low, high = confint(30, 50, 12, 60, method="newcomb", compare="diff")
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.difference == pytest.approx(0.4)
    assert "more often by 40%" in found.words


def test_only_wrong_pre_labels_where_they_are_named() -> None:
    equal, shown = [True, True, True, False, False, True], [True, True, False, True, False, False]
    found = anchoring(equal, shown, wrong=[True, False, False, False, True, True])
    assert (found.shown, found.hidden, found.follow_shown, found.follow_hidden) == (1, 2, 1, 0.5)
    assert "a wrong pre-label" in found.words
    assert "no difference is proven" in found.words


def test_it_covers_and_is_not_fooled() -> None:
    rng = np.random.default_rng(0)
    held = falsely = 0
    for _ in range(300):
        shown = rng.random(200) < 0.5
        equal = rng.random(200) < np.where(shown, 0.35, 0.2)
        found = anchoring(equal, shown)
        held += found.low <= 0.15 <= found.high
        falsely += anchoring(rng.random(200) < 0.2, shown).p_value < 0.05
    assert held >= 0.92 * 300
    assert falsely <= 0.08 * 300


def test_nonsense_is_refused() -> None:
    for equal, shown in (([True], [True, False]), ([True], [True]), ([], [])):
        with pytest.raises(InvalidExperiment):
            anchoring(equal, shown)
    with pytest.raises(InvalidExperiment):
        anchoring([True, False], [True, False], wrong=[True])
