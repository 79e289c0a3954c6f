"""Masks by pixels: against crowd-kit, against loops, and on simulated outlines."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality import crowdkit
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.shapes import MaskConsensus, Masks, PixelMajority, SegmentationEM, SegmentationRASA

pytest.importorskip("crowdkit.aggregation")


class Method(Protocol):
    def fit(self, masks: Masks) -> MaskConsensus: ...


METHODS: list[Method] = [PixelMajority(), SegmentationRASA(), SegmentationEM()]
every = pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
small = st.lists(st.booleans(), min_size=6, max_size=6).map(lambda bits: np.array(bits).reshape(2, 3))
tables = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("wxyz"), small), max_size=6, unique_by=lambda row: row[:2]
)


def masks_of(table: list[tuple[str, str, Any]]) -> Masks:
    columns = zip(*table, strict=True) if table else ((), (), ())
    return Masks.of(*columns, all_items="abc")


def outlines(seed: int, items: int = 12, workers: int = 6) -> tuple[Masks, np.ndarray]:
    """Discs, which workers draw too large or too small and not quite in place; the last one draws anything."""
    rng = np.random.default_rng(seed)
    y, x = np.indices((40, 40))

    def disc(middle: np.ndarray, radius: float) -> np.ndarray:
        return (x - middle[0]) ** 2 + (y - middle[1]) ** 2 <= radius**2

    truth, rows = [], []
    for item in range(items):
        middle, radius = rng.uniform(14, 26, 2), rng.uniform(6, 12)
        truth.append(disc(middle, radius))
        rows += [
            (item, worker, disc(middle + rng.normal(0, 1.5, 2), radius * rng.uniform(0.8, 1.25)))
            for worker in range(workers - 1)
        ]
        rows.append((item, workers - 1, disc(rng.uniform(5, 35, 2), rng.uniform(3, 12))))
    return Masks.of(*zip(*rows, strict=True)), np.array(truth)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 1.0


@given(tables)
@settings(max_examples=40)
def test_a_majority_is_crowd_kits(table: list[tuple[str, str, Any]]) -> None:
    masks = masks_of(table)
    drawn = [mask for item in range(masks.n_items) for mask in masks.of_item(item)]
    theirs = crowdkit.segmentations("SegmentationMajorityVote", masks.item, masks.worker, drawn)
    ours = PixelMajority().fit(masks)
    for item, mask in enumerate(ours.mask):
        if mask is None:
            assert item not in theirs
        else:
            np.testing.assert_array_equal(mask, theirs[item])


@given(tables)
@settings(max_examples=40)
def test_overlaps_are_those_of_loops(table: list[tuple[str, str, Any]]) -> None:
    masks = masks_of(table)
    found = PixelMajority().fit(masks)
    of_worker: dict[int, list[float]] = {}
    row = 0
    for item in range(masks.n_items):
        given_ = masks.of_item(item)
        made = found.mask[item]
        assert found.tied[item] == (2 * given_.sum(axis=0) == len(given_)).sum() * (len(given_) > 0)
        overlaps = []
        for place, mask in enumerate(given_):
            assert made is not None
            overlaps.append(overlap(mask, made))
            assert found.iou[row] == pytest.approx(overlaps[-1])
            if len(given_) > 1:
                others = np.delete(given_, place, axis=0)
                majority = 2 * others.sum(axis=0) >= len(others)
                of_worker.setdefault(int(masks.worker[row]), []).append(overlap(mask, majority))
            row += 1
        wanted = np.mean(overlaps) if len(given_) > 1 else np.nan
        assert found.agreement[item] == pytest.approx(wanted, nan_ok=True)
    wanted_skill = [np.mean(of_worker.get(worker, [np.nan])) for worker in range(masks.n_workers)]
    np.testing.assert_allclose(found.skill, wanted_skill)


def test_ties_as_declared() -> None:
    masks = Masks.of([1, 1], "ab", [[[1, 1, 0]], [[0, 1, 0]]])
    assert [PixelMajority(ties=way).fit(masks).mask[0].tolist() for way in ("in", "out")] == [  # type: ignore
        [[True, True, False]],
        [[False, True, False]],
    ]
    assert PixelMajority().fit(masks).tied.tolist() == [1]
    with pytest.raises(InvalidParameter, match="ties is 'maybe'"):
        PixelMajority(ties="maybe")  # type: ignore[arg-type]


@every
def test_the_consensus_is_nearer_to_the_truth_than_its_workers(method: Method) -> None:
    masks, truth = outlines(1)
    found = method.fit(masks)
    ours = np.mean([overlap(mask, true) for mask, true in zip(found.mask, truth, strict=True) if mask is not None])
    alone = [
        np.mean([overlap(masks.of_item(item)[worker], truth[item]) for item in range(masks.n_items)])
        for worker in range(masks.n_workers)
    ]
    assert ours > max(alone) + 0.02
    assert found.skill.argmin() == masks.n_workers - 1
    assert found.skill[-1] < 0.5 * found.skill[:-1].min()


@every
@given(table=tables, random=st.randoms())
@settings(max_examples=25)
def test_the_order_of_rows_does_not_matter(method: Method, table: list[tuple[str, str, Any]], random: Any) -> None:
    one, other = method.fit(masks_of(table)), method.fit(masks_of(random.sample(table, len(table))))
    assert str(one.mask) == str(other.mask)
    np.testing.assert_array_equal(one.iou, other.iou)
    np.testing.assert_array_equal(one.skill, other.skill)


@every
def test_what_is_degenerate(method: Method) -> None:
    none = method.fit(masks_of([]))
    assert none.mask == (None, None, None)
    empty = np.zeros((2, 2), dtype=bool)
    found = method.fit(Masks.of([1, 1, 2, 3], "abab", [empty, empty, ~empty, empty]))
    assert [mask.any() for mask in found.mask if mask is not None] == [False, True, False]
    assert found.iou.tolist() == [1.0] * 4
    assert found.agreement.tolist() == [
        1.0,
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(np.nan, nan_ok=True),
    ]
    assert found.skill.tolist() == [1.0, 1.0]
    nobody = method.fit(Masks.of([1], "a", [np.zeros((0, 3), dtype=bool)]))
    assert nobody.mask[0] is not None
    assert nobody.mask[0].shape == (0, 3)


def test_more_masks_than_crowd_kit_can_take() -> None:
    drawn = [np.ones((1, 1), dtype=bool)] * 101
    masks = Masks.of([1] * 101, range(101), drawn)
    with pytest.raises(crowdkit.NotForCrowdKit, match="101 masks"):
        SegmentationEM().fit(masks)
    assert PixelMajority().fit(masks).mask[0] == np.array([[True]])
    assert SegmentationRASA().fit(masks).mask[0] == np.array([[True]])


@pytest.mark.parametrize("method", [SegmentationRASA, SegmentationEM])
def test_parameters_out_of_range(method: type[SegmentationRASA | SegmentationEM]) -> None:
    with pytest.raises(InvalidParameter, match="max_iterations is 0"):
        method(max_iterations=0)
    with pytest.raises(InvalidParameter, match="tolerance is -1"):
        method(tolerance=-1.0)
