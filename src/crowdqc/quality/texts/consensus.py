"""What the aggregation of texts gives: one text an item, and how far the answers agree with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Counts, Flags, Floats, brief
from crowdqc.quality.groups import means
from crowdqc.quality.texts.distances import Sequences, differences
from crowdqc.quality.texts.reading import Words
from crowdqc.quality.texts.texts import Texts


@brief
@dataclass(frozen=True, slots=True, eq=False)
class TextConsensus:
    """The result of an aggregation of texts.

    Attributes
    ----------
    text
        One an item, as somebody wrote it or composed of what several wrote; None for an item without answers.
    source
        int64[n_items], the place of an answer with that text among the answers; -1 where it is composed, or where
        there is none.
    agreement
        float64[n_items], mean likeness of the text and the item's answers other than its source, from 0, not a
        word in common, to 1: one less the edit distance in words as a share of the longer text. NaN where nobody
        else answered.
    likeness
        float64[n], the same of each answer by itself.
    answers
        int64[n_items].
    tied
        bool[n_items], two different texts were equally good: the commoner was taken, or the first in order.
    skill
        float64[n_workers], the method's own number for how good a worker is (its docstring says on which scale);
        NaN for a worker of whom nothing is known, None for a method that has none.
    """

    text: tuple[str | None, ...]
    source: Counts
    agreement: Floats
    likeness: Floats
    answers: Counts
    tied: Flags
    skill: Floats | None = None


def concluded(
    texts: Texts,
    words: Sequence[Words],
    chosen: Sequence[tuple[str, Words] | None],
    source: Counts,
    tied: Flags,
    skill: Floats | None = None,
) -> TextConsensus:
    """Compare the answers, whose `words` are given, with the text and the words `chosen` for each item."""
    place = len(words) + np.arange(texts.n_items)
    sequences = Sequences.of([*words, *(() if each is None else each[1] for each in chosen)])
    likeness = 1 - differences(sequences, np.arange(len(words)), place[texts.item])
    other = np.arange(len(words)) != source[texts.item]
    return TextConsensus(
        text=tuple(None if each is None else each[0] for each in chosen),
        source=source,
        agreement=means(texts.item, np.where(other, likeness, np.nan), texts.n_items),
        likeness=likeness,
        answers=texts.answers_per_item(),
        tied=tied,
        skill=skill,
    )
