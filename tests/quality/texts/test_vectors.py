"""Vectors of texts: hashed runs of characters, and what encoders may give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.texts import HashedGrams, InvalidTexts, vectors
from crowdqc.quality.texts.vectors import vectors_of

TEXTS = ["the cat sat on the mat", "the cat sat on a mat", "a dog barks", "", "ab"]


def test_the_numbers_are_the_same_everywhere() -> None:
    """Written down once: neither a seed of the interpreter nor the machine may change them."""
    vector = HashedGrams.of(TEXTS)("cat")
    place = np.flatnonzero(vector)
    assert place.tolist() == [66, 193, 235, 280, 307, 333, 408, 409, 464]
    assert vector[place[0]] == pytest.approx(-0.4138, abs=1e-4)


@given(st.lists(st.text(max_size=6), max_size=6))
def test_every_text_has_a_vector_of_length_1(texts: list[str]) -> None:
    found = HashedGrams.of(texts).rows(texts)
    assert found.shape == (len(texts), vectors.SIZE)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)


def test_likeness_is_that_of_exact_counts() -> None:
    """Hashing loses little: against runs counted in a dictionary."""

    def runs(text: str) -> dict[str, int]:
        marked = f"\x02{text}\x03"
        found: dict[str, int] = {}
        for n in vectors.LENGTHS:
            for start in range(len(marked) - n + 1):
                run = marked[start : start + n]
                found[run] = found.get(run, 0) + 1
        return found

    spread = {run: sum(run in runs(text) for text in TEXTS) for text in TEXTS for run in runs(text)}
    names = sorted(spread)
    table = np.array(
        [
            [
                (1 + np.log(count)) * (1 + np.log((1 + len(TEXTS)) / (1 + spread[run])))
                if (count := runs(text).get(run, 0))
                else 0.0
                for run in names
            ]
            for text in TEXTS
        ]
    )
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    found = HashedGrams.of(TEXTS).rows(TEXTS)
    assert np.abs(found @ found.T - table @ table.T).max() < 0.15


def test_parts_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = HashedGrams.of(TEXTS)
    monkeypatch.setattr(vectors, "TEXTS", 2)
    np.testing.assert_array_equal(HashedGrams.of(TEXTS).weight, whole.weight)


@pytest.mark.parametrize(
    ("encoder", "fault"),
    [
        (lambda text: np.zeros(3), "not all 0"),
        (lambda text: [1.0, np.nan], "finite"),
        (lambda text: [[1.0]], "in a row"),
        (lambda text: np.ones(1 + len(text)), "of one size"),
    ],
)
def test_what_an_encoder_may_not_give(encoder: Any, fault: str) -> None:
    with pytest.raises(InvalidTexts, match=fault):
        vectors_of(["a", "bb"], encoder)


def test_an_encoder_is_asked_once_for_each_text() -> None:
    asked: list[str] = []

    def encoder(text: str) -> list[float]:
        asked.append(text)
        return [3.0, 4.0]

    found = vectors_of(["b", "a", "b"], encoder).rows(["b", "b", "a"])
    assert asked == ["a", "b"]
    assert found.tolist() == [[0.6, 0.8]] * 3
