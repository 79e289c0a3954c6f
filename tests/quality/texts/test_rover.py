"""ROVER: against crowd-kit in its own order, and what must not matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crowdqc.quality.texts import Reading, Rover, Texts
from crowdqc.quality.texts.distances import Sequences, differences

texts_of_crowd_kit = pytest.importorskip("crowdkit.aggregation.texts")


def some(seed: int, items: int = 12, overlap: int = 5) -> Texts:
    """Sentences of six words, of which each worker changes, drops and adds some."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(30, size=(items, 6))
    said = []
    for item in np.repeat(np.arange(items), overlap):
        words = [f"w{word}" for word in truth[item]]
        words = [word if rng.random() < 0.75 else f"w{rng.integers(30)}" for word in words]
        said.append(" ".join(word for word in words if rng.random() < 0.9))
    return Texts.of(np.repeat(np.arange(items), overlap), np.tile(np.arange(overlap), items), said)


def test_it_is_crowd_kits_when_the_medoid_comes_first() -> None:
    texts = some(3)
    ours = Rover().fit(texts)
    apart = np.empty(len(texts))  # summed difference to the others, which the order is by
    sequences = Sequences.of(texts.words())
    for row in range(len(texts)):
        others = np.flatnonzero(texts.item == texts.item[row])
        apart[row] = differences(sequences, np.full(others.size, row), others).sum()
    order = sorted(range(len(texts)), key=lambda row: (texts.item[row], round(apart[row], 9), texts.words()[row]))
    frame = pd.DataFrame(
        {
            "task": texts.item[order],
            "worker": texts.worker[order],
            "text": [texts.text[row] for row in order],
        }
    )
    theirs = texts_of_crowd_kit.ROVER(str.split, " ".join).fit_predict(frame)
    assert list(ours.text) == theirs.tolist()


def test_nothing_depends_on_the_names_of_workers() -> None:
    """Which crowd-kit's result does: it begins with whoever comes first."""
    texts = some(8, items=30)
    names = np.random.default_rng(1).permuted(np.tile(np.arange(5), (30, 1)), axis=1).ravel()
    renamed = Texts.of(texts.item, names, texts.text)
    assert Rover().fit(renamed).text == Rover().fit(texts).text
    frames = [pd.DataFrame({"task": t.item, "worker": t.worker, "text": t.text}) for t in (texts, renamed)]
    theirs = [texts_of_crowd_kit.ROVER(str.split, " ".join).fit_predict(frame).tolist() for frame in frames]
    assert theirs[0] != theirs[1]


def test_it_mends_what_no_single_answer_has_right() -> None:
    said = ["the cat sat on mat", "the bat sat on the mat", "a cat sat on the mat"]
    consensus = Rover().fit(Texts.of([1, 1, 1], list("abc"), said))
    assert consensus.text == ("the cat sat on the mat",)
    assert consensus.source.tolist() == [-1]
    assert consensus.agreement.round(3).tolist() == [round((5 / 6 + 5 / 6 + 5 / 6) / 3, 3)]


def test_words_are_spelt_as_most_spell_them_there() -> None:
    said = ["The man saw the Dog x", "The man saw a dog", "a bat saw the dog"]
    consensus = Rover().fit(Texts.of([1, 1, 1], list("abc"), said))
    assert consensus.text == ("The man saw the dog",)


def test_characters_for_languages_without_spaces() -> None:
    reading = Reading(spaces=False)
    texts = Texts.of([1, 1, 1], list("abc"), ["猫が好き", "犬が好き", "猫が好"], reading=reading)
    assert Rover(tokenizer=list, detokenizer="".join).fit(texts).text == ("猫が好き",)


def test_many_answers_are_thinned() -> None:
    said = ["the cat sat"] * 600 + ["the cat sat down"] * 400
    consensus = Rover(most=10).fit(Texts.of([1] * 1000, range(1000), said))
    assert consensus.text == ("the cat sat",)
    assert consensus.agreement[0] == pytest.approx((599 + 400 * 0.75) / 999)
