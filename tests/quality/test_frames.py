"""Frames of others as votes: whoever made them, the same votes, and what is missing has its row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from crowdqc.formats.tables.cells import KNOWN
from crowdqc.quality import frames
from crowdqc.quality.frames import InvalidFrame
from crowdqc.quality.votes import InvalidVotes, Votes
from tests.quality.crowds import rows

Maker = Callable[[dict[str, list[Any]]], Any]

MAKERS: dict[str, Maker] = {
    "pandas": pd.DataFrame,
    "pandas objects": lambda columns: pd.DataFrame(columns, dtype=object),
    "pandas categories": lambda columns: pd.DataFrame(columns).astype("category"),
    "pandas by Arrow": lambda columns: pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame,
    "polars categories": lambda columns: pl.DataFrame(
        {name: pl.Series(values, dtype=pl.Categorical) for name, values in columns.items()}
    ),
    "Arrow": pa.table,
    "Arrow in chunks": lambda columns: pa.concat_tables(
        [pa.table({name: values[:half] for name, values in columns.items()}) for half in (None,)]
        + [pa.table(columns).slice(0, 0)]
    ),
    "Arrow dictionaries": lambda columns: pa.table(
        {name: pa.array(values, pa.string()).dictionary_encode() for name, values in columns.items()}
    ),
    "Arrow batch": lambda columns: pa.RecordBatch.from_pydict(columns),
    "numpy": lambda columns: {name: np.array(values, dtype=object) for name, values in columns.items()},
    "numpy text": lambda columns: {name: np.array(values, dtype=str) for name, values in columns.items()},
    "lists": lambda columns: columns,
    "numpy records": lambda columns: np.array(
        list(zip(*columns.values(), strict=True)), dtype=[(name, object) for name in columns]
    ),
}


def same(one: Votes, other: Votes) -> bool:
    return (
        (one.items, one.workers, one.classes) == (other.items, other.workers, other.classes)
        and one.item.tolist() == other.item.tolist()
        and one.worker.tolist() == other.worker.tolist()
        and one.label.tolist() == other.label.tolist()
    )


@pytest.mark.parametrize("maker", MAKERS)
@given(rows().filter(bool))
def test_all_frames_give_the_same_votes(maker: str, table: list[tuple[str, str, str]]) -> None:
    items, workers, labels = (list(column) for column in zip(*table, strict=True))
    frame = MAKERS[maker]({"worker": workers, "item": items, "label": labels})
    assert same(Votes.of_frame(frame), Votes.of(items, workers, labels))


@pytest.mark.parametrize(
    "maker", ["pandas", "pandas objects", "pandas by Arrow", "polars", "Arrow", "numpy", "lists"]
)
@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([1, 0, 1], ("0", "1")),
        ([2.5, 1.0, 2.5], ("1", "2.5")),
        ([True, False, True], ("false", "true")),
        (["b", "a", "b"], ("a", "b")),
    ],
)
def test_ids_stay_and_labels_become_text(maker: str, labels: list[Any], classes: tuple[str, ...]) -> None:
    votes = Votes.of_frame(MAKERS[maker]({"task": [12, 7, 7], "Worker": ["x", "x", "y"], "answer": labels}))
    assert votes.items == (7, 12)
    assert all(type(item) is int for item in votes.items)
    assert votes.classes == classes
    assert [votes.classes[code] for code in votes.label] == [classes[0], classes[1], classes[1]]


def test_labels_that_are_equal_to_python_are_told_apart() -> None:
    frame = {"item": [1, 2, 3, 4], "worker": ["w"] * 4, "label": [1, True, "1", 1.0]}
    assert Votes.of_frame(frame).classes == ("1", "true")


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["a", None, "b"]),
        pd.Series(["a", pd.NA, "b"], dtype=object),
        pd.Series([1.0, np.nan, 2.0]),
        pd.Series([pd.Timestamp(0), pd.NaT, pd.Timestamp(1)]),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series([1, None, 2], dtype="Int64"),
        pl.Series(["a", None, "b"]),
        pl.Series([1.0, float("nan"), 2.0]),
        pl.Series(["a", None, "b"], dtype=pl.Categorical),
        pa.array(["a", None, "b"]),
        pa.chunked_array([["a"], [None, "b"]]),
        pa.array(["a", None, "b"]).dictionary_encode(),
        np.array(["a", None, "b"], dtype=object),
        np.array(["a", " ", "b"]),
        np.array([1.0, np.nan, 2.0]),
        ["a", None, "b"],
        ["a", pd.NA, "b"],
        ["a", "", "b"],
    ],
    ids=lambda column: (
        f"{type(column).__module__.split('.')[0]} {getattr(column, 'dtype', getattr(column, 'type', ''))}"
    ),
)
def test_what_is_missing_has_its_row(column: Any) -> None:
    with pytest.raises(InvalidFrame, match="The item of row 1 is missing") as caught:
        frames.coded(column, "item")
    assert caught.value.facts["row"] == 1


def test_values_that_are_no_labels() -> None:
    with pytest.raises(InvalidFrame, match=r"row 1 is \(1, 2\), neither text nor a number"):
        frames.coded_labels(["a", (1, 2)])
    with pytest.raises(InvalidFrame, match="row 1 cannot be hashed"):
        frames.coded(["a", ["b"]], "item")


def test_a_label_that_is_not_declared_has_its_row() -> None:
    frame = pd.DataFrame({"item": [1, 2, 3], "worker": ["w"] * 3, "label": ["b", "a", "c"]})
    with pytest.raises(InvalidVotes, match="The label 'c' of row 2 is not known"):
        Votes.of_frame(frame, classes=["b", "a"])
    votes = Votes.of_frame(frame, classes=["c", "b", "a"], all_items=[3, 2, 1, 0])
    assert (votes.items, votes.classes, votes.label.tolist()) == ((3, 2, 1, 0), ("c", "b", "a"), [0, 2, 1])


def test_columns_of_other_names() -> None:
    frame = pd.DataFrame({"who": ["w"], "what": ["i"], "said": ["x"], 7: [2.5], "w": [3]})
    votes = Votes.of_frame(frame, worker="who", item="what", label="said", seconds=7, weight="w")
    assert votes.seconds is not None
    assert votes.weight is not None
    assert (votes.workers, votes.seconds.tolist(), votes.weight.tolist()) == (("w",), [2.5], [3])
    with pytest.raises(
        InvalidFrame, match=r"no column item or item_id .* Its columns are: who, what, said, 7, w\."
    ):
        Votes.of_frame(frame)
    with pytest.raises(InvalidFrame, match="no column 'nobody'"):
        Votes.of_frame(frame, item="what", worker="nobody")
    with pytest.raises(InvalidFrame, match="lazy"):
        Votes.of_frame(pl.LazyFrame({"item": [1]}))
    with pytest.raises(InvalidFrame, match="A int has no columns"):
        Votes.of_frame(3)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, None, 2.5]),
        pd.Series([1, None, 2.5], dtype="Float64"),
        pl.Series([1.0, None, 2.5]),
        pa.chunked_array([[1.0], [None, 2.5]]),
        [1, None, 2.5],
    ],
    ids=lambda column: type(column).__module__,
)
def test_numbers(column: Any) -> None:
    np.testing.assert_array_equal(frames.numbers(column, "seconds"), [1, np.nan, 2.5])
    with pytest.raises(InvalidFrame, match="seconds is not one of numbers"):
        frames.numbers(["soon"], "seconds")


def test_columns_are_known_by_the_names_that_files_use() -> None:
    assert {role: KNOWN[role] for role in frames.ALIASES} == frames.ALIASES


def test_a_million_rows_take_no_python_loop() -> None:
    # ten million comparisons of ids would be seen: this is a bound on work, not on time
    codes = np.random.default_rng(0).integers(50_000, size=1_000_000)
    series = pd.Series(codes)
    coded, values = frames.coded(series, "item")
    assert len(values) == 50_000
    assert (np.array(values)[coded] == codes).all()
