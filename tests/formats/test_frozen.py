"""Frozen lines: what is written is read, whatever stands in it; changes are found whatever the order."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.formats import frozen
from crowdqc.formats.canonical import canonical
from crowdqc.formats.layouts import label_studio, sagemaker

CLASSES = ["cat", 'a "quoted", ,"content": class', "owl"]
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def line(item: str, label: str | None = "cat", confidence: float | None = 0.5, **more: Any) -> dict[str, Any]:
    told = {
        "item": item, "content_hash": "0", "label": label, "confidence": confidence,
        "source": None if label is None else "consensus", "state": "accepted", "content": {"text": item},
        "metadata": {}, "posterior": None, "agreement": None, "counts": {}, "answers": [], "decisions": [],
        "truth": None, "predictions": {},
    }  # fmt: skip
    return told | more


def file(lines: list[dict[str, Any]]) -> io.BytesIO:
    return io.BytesIO(b"".join(frozen.packed(map(frozen.encode, lines))))


LINES = st.lists(
    st.builds(
        line,
        st.text(min_size=1, max_size=8) | st.sampled_from(['x,"content":{', '\\",', "é"]),
        st.sampled_from([*CLASSES, None]),
        st.none() | st.floats(0, 1),
    ),
    unique_by=lambda each: each["item"],
    max_size=12,
)


@given(LINES)
def test_lines_and_columns_say_the_same(lines: list[dict[str, Any]]) -> None:
    assert [*frozen.read(file(lines))] == lines
    columns = frozen.columns(file(lines), CLASSES)
    assert columns.items == [each["item"] for each in lines]
    assert [None if code < 0 else CLASSES[code] for code in columns.label] == [each["label"] for each in lines]
    assert [None if np.isnan(each) else each for each in columns.confidence] == [
        each["confidence"] for each in lines
    ]


@given(LINES)
def test_the_same_lines_are_the_same_bytes(lines: list[dict[str, Any]]) -> None:
    assert file(lines).getvalue() == file(lines).getvalue()


@given(LINES, LINES, st.randoms(use_true_random=False))
def test_changes_are_those_of_two_tables(before: Any, after: Any, chance: Any) -> None:
    """Whatever the order of the lines: an item is found wherever it stands."""
    chance.shuffle(after)
    one, two = ({each["item"]: each for each in lines} for lines in (before, after))
    changes = frozen.Changes(file(before), file(after))
    found = {each.item: each for each in changes}
    assert {key for key, each in found.items() if each.kind == "added"} == two.keys() - one.keys()
    assert {key for key, each in found.items() if each.kind == "removed"} == one.keys() - two.keys()
    both = one.keys() & two.keys()
    labels = {key for key in both if one[key]["label"] != two[key]["label"]}
    assert {key for key, each in found.items() if each.kind == "label"} == labels
    same = {key for key in both if one[key] == two[key]}
    assert changes.summary.unchanged == len(same)
    assert (changes.summary.before, changes.summary.after) == (len(one), len(two))
    assert sum(changes.summary.pairs.values()) == len(labels)
    assert not same & found.keys()
    assert len(found) == len(one.keys() | two.keys()) - len(same)


def test_by_how_much_and_why() -> None:
    answer = {"worker": "w", "label": "cat", "counted": True}
    for change, because, detail in (
        ({"answers": [answer]}, "answers", {"come": 1}),
        ({"predictions": {"m 1": {}}}, "predictions", {"models": ["m 1"]}),
        ({"truth": {"labels": ["cat"]}}, "truth", {"labels": ["cat"]}),
        ({"decisions": [{"verdict": "accept"}], "answers": [answer]}, "decision", {"verdict": "accept"}),
        ({"state": "discarded"}, "discarded", {}),
        ({}, "run", {}),
    ):
        changes = frozen.Changes(file([line("a")]), file([line("a", confidence=0.75, **change)]))
        (found,) = [*changes]
        assert (found.kind, found.because, found.detail, found.by) == ("confidence", because, detail, 0.25)
        assert (changes.summary.largest_rise, changes.summary.largest_fall) == (0.25, 0.0)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\x1f\x8b", "damaged behind line 0"),
        (b"text", "damaged"),
        (b"".join(frozen.packed([b"{\n"])), "Line 1"),
        (b"".join(frozen.packed([b"[1]\n"])), "Line 1"),
        (b"".join(frozen.packed([frozen.encode(line("a")), b'{"label":1}\n'])), "Line 2"),
    ],
)
def test_a_damaged_file_is_told(content: bytes, part: str) -> None:
    for read in (
        lambda: [*frozen.read(io.BytesIO(content))],
        lambda: frozen.columns(io.BytesIO(content), CLASSES),
    ):
        with pytest.raises(frozen.Damaged, match=part):
            read()


def test_a_manifest_that_is_none() -> None:
    for manifest in (b"", b"{}", b"[]", b'{"labels":1}', b"\xff", canonical({"labels": {"sha256": "0"}})):
        assert frozen.faults(manifest, file([])) == ["The manifest is not that of a release."]
    told = {"format": "other", "labels": {"sha256": "0", "number": 2}}
    found = frozen.faults(canonical(told) + b"\n", file([line("a")]), content_hash="f" * 64)
    assert [each.split("'")[0] for each in found] == [
        "The manifest is of the format ",
        "The manifest is not written as it was: its JSON is not canonical.",
        "The manifest",
        "The labels",
        "There are 1 lines, and the manifest says 2.",
    ]


def test_nothing_of_a_large_release_is_held() -> None:
    """Ten times the largest thing that is held would be the lines themselves: 20,000 of a thousand bytes."""
    manifest = {
        "project": {"name": "x", "classes": CLASSES}, "fields": {"text": "text"}, "run": None,
        "release": {"frozen_at": "2026-01-01T00:00:00+00:00"},
    }  # fmt: skip
    number = 20_000

    def lines() -> Iterator[dict[str, Any]]:
        return (line(f"item-{each}", content={"text": f"{each} " * 150}) for each in range(number))

    packed = b"".join(frozen.packed(map(frozen.encode, lines())))
    tracemalloc.start()
    try:
        for chunk in frozen.packed(map(frozen.encode, lines())):
            del chunk
        changes = frozen.Changes(io.BytesIO(packed), io.BytesIO(packed))
        assert [*changes] == []
        for layout in (sagemaker.write, label_studio.write):
            assert sum(1 for _ in layout(frozen.read(io.BytesIO(packed)), manifest)) >= number
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert changes.summary.unchanged == number
    assert peak < 2 * 2**20
