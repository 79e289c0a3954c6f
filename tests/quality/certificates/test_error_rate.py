"""Error rates: without bias and covered, overall, by class, by unequal chances and with models' help."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.certificates import Audit, InvalidAudit, assisted_rate, error_rate, error_rate_by_class
from crowdqc.quality.confidence_sequences import fewest, most


def test_of_a_uniform_audit() -> None:
    audit = Audit.of([0] * 95 + [1, 1, 1, -1, -1], size=1200, known=200)
    found = error_rate(audit, 0.9)
    assert (found.value, found.wrong, found.unsure, found.looked, found.size) == (0.05, 3, 2, 100, 1000)
    assert found.low == fewest(audit.draws(), 0.95) / 1000
    assert found.high == most(audit.draws(), 0.95) / 1000
    assert found.anytime


def test_nothing_looked_at() -> None:
    found = error_rate(Audit.of([], size=10))
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0, 1)


def test_where_others_leave_the_pool_the_estimate_stays_right_on_average() -> None:
    """Experts take the worst hundred out after forty draws."""
    rng, N, K = np.random.default_rng(4), 1000, 100
    values = []
    for _ in range(300):
        score = (np.arange(N) < K) + rng.normal(0, 1, N)
        order = rng.permutation(N)
        first = order[:40]
        taken = [place for place in np.argsort(-score) if place not in set(first.tolist())][:100]
        left = [place for place in order[40:] if place not in set(taken)]
        drawn = np.array([*first, *left[:40]])
        found = int((np.array(taken) < K).sum())
        audit = Audit.of(
            (drawn < K).astype(int), size=N, pool=[*range(1000, 960, -1), *range(860, 820, -1)],
            elsewhere=[0] * 40 + [found] * 40,
        )  # fmt: skip
        values.append(error_rate(audit).value)
    assert np.mean(values) == pytest.approx(0.1, abs=4 * np.std(values) / np.sqrt(300))


def test_by_class_all_intervals_hold_together() -> None:
    rng, sizes, shares, broken = np.random.default_rng(6), [600, 300, 100], [0.02, 0.1, 0.3], 0
    label = np.repeat(np.arange(3), sizes)
    is_wrong = np.concatenate([np.arange(size) < share * size for size, share in zip(sizes, shares, strict=True)])
    for _ in range(100):
        drawn = rng.permutation(1000)[:150]
        names = dict(zip("abc", sizes, strict=True))
        audit = Audit.of(
            is_wrong[drawn].astype(int), size=1000, labels=["abc"[code] for code in label[drawn]], sizes=names
        )
        rates = error_rate_by_class(audit, 0.9)
        assert [each.name for each in rates] == ["a", "b", "c"]
        assert sum(each.looked for each in rates) == 150
        broken += any(not each.low <= share <= each.high for each, share in zip(rates, shares, strict=True))
    assert broken <= 10


def test_by_class_needs_sizes() -> None:
    with pytest.raises(InvalidAudit, match="how many"):
        error_rate_by_class(Audit.of([0], size=9, labels=["a"]))
    with pytest.raises(InvalidAudit, match="uniform"):
        error_rate_by_class(Audit.of([0, 0], size=9, labels=["a", "a"], sizes={"a": 9}, probability=[1, 2]))


def test_unequal_chances_are_put_right() -> None:
    """Rare labels with many mistakes are drawn ten times as often."""
    rng, values, inside = np.random.default_rng(2), [], 0
    rare = np.arange(5000) < 500
    is_wrong = np.where(rare, np.arange(5000) % 3 == 0, np.arange(5000) % 50 == 0)
    chance = np.where(rare, 0.4, 0.04)
    truth = is_wrong.mean()
    for _ in range(300):
        drawn = np.flatnonzero(rng.random(5000) < chance)
        found = error_rate(Audit.of(is_wrong[drawn].astype(int), size=5000, probability=chance[drawn]), 0.9)
        values.append(found.value)
        inside += found.low <= truth <= found.high
        assert not found.anytime
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / np.sqrt(300))
    assert inside >= 270
    naive = is_wrong[drawn].mean()
    assert naive > 1.5 * truth


@pytest.mark.parametrize("good", [True, False])
def test_models_help_where_they_are_good_and_do_no_harm_where_not(good: bool) -> None:
    rng, N, n, runs = np.random.default_rng(3), 4000, 400, 60
    f = np.repeat([0.02, 0.75], [3600, 400])
    is_wrong = rng.random(N) < f
    if not good:  # sure of the wrong things
        f = 1 - rng.permutation(f)
    truth, inside = is_wrong.mean(), 0
    assisted, alone, widths, widths_alone = [], [], [], []
    for _ in range(runs):
        drawn = rng.permutation(N)[:n]
        audit = Audit.of(is_wrong[drawn].astype(int), size=N)
        found = assisted_rate(audit, f[drawn], f, 0.9)
        plain = error_rate(audit, 0.9)
        inside += found.low <= truth <= found.high
        assisted.append(found.value)
        alone.append(plain.value)
        widths.append(found.high - found.low)
        widths_alone.append(plain.high - plain.low)
    assert np.mean(assisted) == pytest.approx(truth, abs=0.005)
    assert inside >= 0.9 * runs
    if good:
        assert np.std(assisted) < 0.75 * np.std(alone)
        assert np.mean(widths) < 0.9 * np.mean(widths_alone)
    else:
        assert np.std(assisted) < 1.1 * np.std(alone)


def test_what_help_is_refused() -> None:
    audit = Audit.of([0, 1, 0], size=5)
    for some, everywhere in (([0.5] * 2, [0.5] * 5), ([0.5] * 3, [0.5] * 4), ([1.5] * 3, [0.5] * 5)):
        with pytest.raises(InvalidAudit):
            assisted_rate(audit, some, everywhere)
    with pytest.raises(InvalidAudit):
        assisted_rate(Audit.of([0], size=5), [0.5], [0.5] * 5)
