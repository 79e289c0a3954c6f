"""Labels that flicker and places that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.sampling import Inconsistency, InvalidPool, Pool


def found(labels: str, rule: Inconsistency | None = None, time: list[float] | None = None) -> dict[int, float]:
    """Rank one sequence of labels, a letter an item; a dot has none."""
    pool = Pool.of(
        len(labels),
        label=["ABC".find(each) for each in labels],
        sequence=[0] * len(labels),
        time=list(range(len(labels))) if time is None else time,
    )
    ranking = (rule or Inconsistency()).rank(pool, np.random.default_rng(0))
    return dict(zip(ranking.item.tolist(), ranking.score.round(3).tolist(), strict=True))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("AABAA", {2: 0.6}),
        ("AAAAAAABAAAAAAA", {7: round(9 / 11, 3)}),  # no more than the window on either side
        ("AABBAA", {2: 0.333, 3: 0.333}),
        ("AABBBBAA", {}),  # a run as long as what is beside it is no flicker
        ("AABB", {}),
        ("AABCC", {}),
        ("BAAAA", {}),  # nothing before it
        ("AA.AA", {}),
        ("AAB.AA", {2: 0.6}),  # what has no label is passed over
        ("", {}),
        ("A", {}),
    ],
)
def test_flickers(labels: str, expected: dict[int, float]) -> None:
    assert found(labels) == expected


def test_a_gap_parts_a_sequence() -> None:
    late = [0.0, 1.0, 2.0, 9.0, 10.0]
    assert found("AABAA", Inconsistency(max_gap=5), late) == {}
    assert found("AABAA", Inconsistency(max_gap=7), late) == {2: 0.6}


def test_time_and_not_the_row_orders_a_sequence() -> None:
    assert found("BAAAA", time=[2.0, 0.0, 1.0, 3.0, 4.0]) == {0: 0.6}


def test_sequences_do_not_meet() -> None:
    pool = Pool.of(3, label=[0, 1, 0], sequence=[0, 1, 2], time=[0, 1, 2])
    assert len(Inconsistency().rank(pool, np.random.default_rng(0))) == 0


def test_jumps() -> None:
    pool = Pool.of(6, sequence=[0] * 6, time=range(6), position=[0.0, 1.0, 9.0, 3.0, 4.0, np.nan])
    ranking = Inconsistency(max_rate=2).rank(pool, np.random.default_rng(0))
    # item 2 comes with speed 8 and goes with 6; its neighbours know one of both
    assert ranking.item.tolist() == [2, 1, 3]
    assert ranking.score.tolist() == pytest.approx([1 - 2 / 6, (1 - 2 / 8) / 2, (1 - 2 / 6) / 2])
    assert ranking.why(2) == "its position moves by 8 a unit of time; 2 is plausible"


def test_the_students_labels_flicker_as_well() -> None:
    sure = np.array([0.9, 0.8, 0.1, 0.7, 0.9])
    pool = Pool.of(5, student=np.stack([sure, 1 - sure], axis=1), sequence=[3] * 5, time=range(5))
    assert Inconsistency(of="student").rank(pool, np.random.default_rng(0)).item.tolist() == [2]


def test_two_items_at_one_time_are_named() -> None:
    with pytest.raises(InvalidPool, match=r"Items 1 and 2 of sequence 0 have the same time, 1\."):
        found("AAB", time=[0.0, 1.0, 1.0])
