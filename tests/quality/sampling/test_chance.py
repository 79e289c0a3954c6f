"""What is drawn by chance is drawn fairly, and each item's chance is told."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.sampling import Pool, Stratified, Uniform

WEATHER = ["dry"] * 12 + ["rain"] * 6 + ["snow"] * 2


def test_uniform_is_uniform() -> None:
    times = np.zeros(10)
    for seed in range(2000):
        times[Uniform().rank(Pool.of(10, right=[4]), np.random.default_rng(seed)).top(3)] += 1
    assert times[4] == 0
    # 9 items, 3 places: 2000 / 3 each, with a standard error of 21
    assert np.delete(times, 4) == pytest.approx(np.full(9, 2000 / 3), abs=85)


@pytest.mark.parametrize("shares", ["equal", "proportional"])
def test_a_stratified_sample_weighed_by_its_chance_is_fair(shares: str) -> None:
    pool = Pool.of(20, metadata={"weather": WEATHER})
    value = np.random.default_rng(0).normal(size=20)
    means = []
    for seed in range(1500):
        ranking = Stratified(shares=shares).rank(pool, np.random.default_rng(seed))  # type: ignore[arg-type]
        chance = ranking.chance(9)
        assert chance is not None
        means.append((value[ranking.top(9)] / chance).sum() / 20)
    error = np.std(means) / np.sqrt(len(means))
    assert np.mean(means) == pytest.approx(value.mean(), abs=4 * error)


def test_shares_hold_at_every_place() -> None:
    pool = Pool.of(20, metadata={"weather": WEATHER})
    code = pool.metadata["weather"].code
    for seed in range(20):
        rng = np.random.default_rng(seed)
        equal, even = (Stratified(shares=shares).rank(pool, rng) for shares in ("equal", "proportional"))  # type: ignore[arg-type]
        for k in range(1, 21):
            counts = np.bincount(code[even.top(k)], minlength=3)
            assert np.abs(counts - k * np.array([0.6, 0.3, 0.1])).max() < 1.5
            if k <= 6:
                assert np.ptp(np.bincount(code[equal.top(k)], minlength=3)) <= 1


def test_combinations_are_strata_and_the_unknown_is_one() -> None:
    pool = Pool.of(5, metadata={"hour": [1, 1, None, 2, float("nan")], "weather": list("xyxyx")})
    ranking = Stratified().rank(pool, np.random.default_rng(0))
    assert ranking.cell is not None
    assert len(set(ranking.cell.tolist())) == 4
    assert ranking.why(2) == "drawn by chance within hour unknown and weather x, which has 2 items"
    assert ranking.why(3) == "drawn by chance within hour 2 and weather y, which has 1 item"


def test_many_columns_do_not_overflow() -> None:
    rng = np.random.default_rng(0)
    pool = Pool.of(50, metadata={f"column {c}": rng.integers(0, 1000, 50) for c in range(12)})
    ranking = Stratified().rank(pool, rng)
    assert ranking.cell is not None
    assert len(set(ranking.cell.tolist())) == 50
