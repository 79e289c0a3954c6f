"""Labels and embeddings, read whole: quickly and slowly alike."""

from __future__ import annotations

import gzip
from io import BytesIO

import numpy as np
import pytest

from crowdqc.formats.outcomes import Unreadable
from crowdqc.formats.tables import BadLines, embeddings, labels, quick

LABELS = "item,label,note\n7,cat,\n8,dog,well\n9,cat,\n"
VECTORS = "task,x,y\ni2,-1.5,0.25\ni1,3e-2,-4\n"


def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubt(*_: object, **__: object) -> None:
        raise quick.Doubt

    monkeypatch.setattr(quick, "read", doubt)


@pytest.mark.parametrize("slow", [False, True])
def test_labels(slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if slow:
        slowly(monkeypatch)
    found = labels(BytesIO(LABELS.encode()), "csv")
    assert [found.item.values[code] for code in found.item.codes] == ["7", "8", "9"]
    assert [found.label.values[code] for code in found.label.codes] == ["cat", "dog", "cat"]
    packed = labels(BytesIO(gzip.compress(LABELS.encode())), "csv.gz")
    assert packed.label.codes.tolist() == found.label.codes.tolist()


@pytest.mark.parametrize("slow", [False, True])
def test_embeddings_may_be_below_zero(slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if slow:
        slowly(monkeypatch)
    found = embeddings(BytesIO(VECTORS.encode()), "csv")
    assert [found.item.values[code] for code in found.item.codes] == ["i2", "i1"]
    assert found.numbers.dtype == np.float32
    np.testing.assert_allclose(found.numbers, [[-1.5, 0.25], [0.03, -4]])


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("item,label\n7,cat\n8,dog\n7,dog\n", "line 4", "The item '7' has a second label."),
        ("item,label\n7,cat\n8,\n", "line 3, column label", "The cell is empty."),
    ],
)
def test_bad_labels_have_lines(text: str, where: str, what: str) -> None:
    with pytest.raises(BadLines) as caught:
        labels(BytesIO(text.encode()), "csv")
    [fault] = caught.value.errors
    assert (fault["where"], fault["what"]) == (where, what)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("item,x\na,1\nb,inf\n", "line 3, column x"),
        ("item,x\na,1\nb,\n", "line 3, column x"),
        ("item,x,y\na,0,0\nb,1,1\n", "line 2"),
        ("item,x\na,1\na,2\n", "line 3"),
    ],
)
def test_bad_vectors_have_lines(text: str, where: str) -> None:
    with pytest.raises(BadLines) as caught:
        embeddings(BytesIO(text.encode()), "csv")
    assert [fault["where"] for fault in caught.value.errors] == [where]


def test_a_file_without_numbers_is_refused() -> None:
    with pytest.raises(Unreadable, match="no column of numbers"):
        embeddings(BytesIO(b"item\na\n"), "csv")
