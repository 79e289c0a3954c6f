"""The medoid: of each item's answers the one that is most like all the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Counts, Floats
from crowdqc.quality.groups import means, pairs_within, sums
from crowdqc.quality.parameters import check_whole
from crowdqc.quality.texts.consensus import TextConsensus, concluded
from crowdqc.quality.texts.distances import Sequences, differences
from crowdqc.quality.texts.forms import Forms
from crowdqc.quality.texts.reading import Tokenizer
from crowdqc.quality.texts.texts import Texts

#: Pairs of texts compared at once: bounds memory, changes no result.
PAIRS = 1 << 19


@dataclass(frozen=True, slots=True)
class Medoid:
    """Choose the answer with the least sum of edit distances to the item's other answers.

    A distance is that in words, as a share of the longer text. The skill is how like a worker's answers are, on
    average, to what others answered: 1 the same words, 0 none in common. Of equally good texts the commoner is
    taken, then the first in order; with two answers all is tied.

    Parameters
    ----------
    tokenizer
        Takes a text apart: `str.split` into words, `list` into characters, for languages that put no spaces.
    most
        Different texts of an item that are compared, each with each; of more, as many answers are drawn at even
        distances through them in their order, and the others are left out of account.

    Examples
    --------
    >>> answers = ["the red cat", "a red cat", "the red cat sat", "no idea"]
    >>> texts = Texts.of([1, 1, 1, 1], ["ann", "bob", "cid", "dan"], answers)
    >>> consensus = Medoid().fit(texts)
    >>> consensus.text, consensus.source.tolist(), consensus.skill.round(2).tolist()
    (('the red cat',), [0], [0.47, 0.39, 0.42, 0.0])
    """

    tokenizer: Tokenizer = str.split
    most: int = 500

    def __post_init__(self) -> None:
        check_whole(self, "most", low=2)

    def fit(self, texts: Texts) -> TextConsensus:
        """Compare the texts of each item with one another, and choose."""
        words = texts.words(self.tokenizer)
        forms = Forms.of(texts, words)
        apart = mean_differences(forms, forms.thinned(np.repeat(forms.per_item, forms.per_item), self.most))
        alone = forms.count == np.bincount(forms.item, weights=forms.count)[forms.item]
        form, tied = forms.cheapest(np.where(alone, 0.0, np.where(np.isnan(apart), np.inf, apart)), texts.n_items)
        spelt, source = forms.spelling(texts, form)
        chosen = [
            None if text is None else (text, forms.words[which]) for text, which in zip(spelt, form, strict=True)
        ]
        skill = means(texts.worker, 1 - apart[forms.of_answer], texts.n_workers)
        return concluded(texts, words, chosen, source, tied, skill)


def mean_differences(forms: Forms, weight: Counts) -> Floats:
    """Mean difference of an answer of each form to the item's other answers, float64[forms].

    `weight`, int64[forms], says how often each form counts. NaN for one that does not, and where there is no other
    answer.
    """
    used = np.flatnonzero(weight > 0)
    sequences = Sequences.of([forms.words[form] for form in used])
    item, count = forms.item[used], weight[used].astype(np.float64)
    total = np.zeros(used.size)
    sizes = np.unique(item, return_counts=True)[1]
    ends = np.cumsum(sizes)
    part = np.cumsum(sizes * (sizes - 1) // 2) // PAIRS
    for each in np.unique(part):
        groups = np.flatnonzero(part == each)
        first = int(ends[groups[0]] - sizes[groups[0]])
        left, right = pairs_within(sizes[groups])
        left, right = left + first, right + first
        difference = differences(sequences, left, right)
        total += sums(left, difference * count[right], used.size)
        total += sums(right, difference * count[left], used.size)
    others = sums(item, count, 1)[item] - 1
    mean = np.full(forms.item.size, np.nan)
    mean[used] = np.divide(total, others, out=np.full(used.size, np.nan), where=others > 0)
    return mean
