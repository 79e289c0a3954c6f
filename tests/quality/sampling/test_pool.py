"""What a pool takes, and how it names what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.predictions import InvalidPredictions, Predictions
from crowdqc.quality.sampling import InvalidPool, MissingEvidence, Pool, Stratified

HALF = [[0.5, 0.5]] * 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"embeddings": [[1.0], [float("nan")], [1.0]]}, "embeddings of item 1 hold NaN"),
        ({"embeddings": [[1.0], [float("inf")], [1.0]]}, "embeddings of item 1"),
        ({"embeddings": [1.0, 2.0, 3.0]}, r"shape \(3,\).*\[3, d\]"),
        ({"embeddings": [[1.0]] * 2}, r"shape \(2, 1\)"),
        ({"label": [0, 1]}, "label has 2 rows; there are 3 items"),
        ({"label": [0.0, 1.0, 2.0]}, "label must be one column of codes"),
        ({"label": [0, -2, 1]}, "label of item 1 is -2"),
        ({"label": [0, 1, 2], "student": HALF}, "label of item 2 is 2; there are 2 classes"),
        ({"student": [[0.5, 0.5]]}, r"student has the shape \(1, 2\).*\[3, K\]"),
        ({"student": [HALF, HALF]}, r"student has the shape \(2, 3, 2\)"),
        ({"ensemble": [[[0.5, 0.5]]]}, r"ensemble has the shape \(1, 1, 2\).*\[M, 3, K\]"),
        ({"student": HALF, "teacher": [[0.2, 0.3, 0.5]] * 3}, "classes differ: student 2, teacher 3"),
        ({"student": HALF, "classes": "abc"}, "classes differ: classes 3, student 2"),
        ({"metadata": {"hour": [1, 2]}}, "metadata 'hour' has 2 rows"),
        ({"time": [0.0, 1.0]}, "time has 2 rows"),
        ({"time": [0.0, 1.0, float("inf")]}, "time of item 2 is infinite"),
        ({"position": [[[0.0]]] * 3}, "position has the shape"),
        ({"error": [3]}, "error names item 3; items are numbered from 0 to 2"),
        ({"right": [-1]}, "right names item -1"),
        ({"wanted": [True]}, "wanted has 1 rows"),
        ({"error": [0, 1], "right": [1]}, "Item 1 is both error and right"),
        ({"wanted": [2], "unwanted": [2]}, "Item 2 is both wanted and unwanted"),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidPool, match=words):
        Pool.of(3, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("n_items", [-1, 2.5, True])
def test_a_number_of_items_is_one(n_items: object) -> None:
    with pytest.raises(InvalidPool, match="whole number"):
        Pool.of(n_items)  # type: ignore[arg-type]


def test_probabilities_are_checked() -> None:
    with pytest.raises(InvalidPredictions, match="sum to 1"):
        Pool.of(3, student=[[0.5, 0.5], [0.9, 0.9], [0.5, 0.5]])


def test_predictions_of_other_items_are_refused() -> None:
    said = Predictions.coded([7], [0], [[0.5, 0.5]], models=["m"], n_items=8, n_classes=2)
    with pytest.raises(InvalidPool, match="student speaks of item 7; there are 3 items"):
        Pool.of(3, student=said)


def test_a_student_speaks_once_of_an_item() -> None:
    said = Predictions.coded([1, 1], [0, 1], [[0.5, 0.5]] * 2, models=["m", "n"], n_items=3, n_classes=2)
    with pytest.raises(InvalidPool, match=r"2 rows of item 1.*`ensemble`"):
        Pool.of(3, student=said)
    assert Pool.of(3, ensemble=said).ensemble is said


def test_a_row_of_nan_is_an_item_without_a_prediction() -> None:
    pool = Pool.of(3, student=[[0.5, 0.5], [np.nan, np.nan], [0.1, 0.9]])
    assert pool.student is not None
    assert pool.student.item.tolist() == [0, 2]


def test_an_unknown_column_is_named() -> None:
    pool = Pool.of(2, metadata={"weather": ["dry", "rain"]})
    with pytest.raises(MissingEvidence, match=r"no column 'hour'\. Columns: weather"):
        Stratified(by=("weather", "hour")).rank(pool, np.random.default_rng(0))


def test_flags_and_codes_mean_the_same() -> None:
    codes, flags = (
        Pool.of(3, error=[2], right=[0]),
        Pool.of(3, error=[False, False, True], right=[True, False, False]),
    )
    assert codes.free().tolist() == flags.free().tolist() == [1]
