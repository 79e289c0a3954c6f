"""ROVER: a text is composed, word by word, of what most answers say at each place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from crowdqc.quality import crowdkit
from crowdqc.quality.arrays import Codes, Counts
from crowdqc.quality.parameters import check_whole
from crowdqc.quality.texts.consensus import TextConsensus, concluded
from crowdqc.quality.texts.forms import Forms
from crowdqc.quality.texts.medoid import mean_differences
from crowdqc.quality.texts.reading import Detokenizer, Tokenizer, Words
from crowdqc.quality.texts.texts import Texts


@dataclass(frozen=True, slots=True)
class Rover:
    """Align the answers of an item word by word and take the commonest word at each place, by crowd-kit.

    What comes out depends on the answer with which the alignment begins and on those that follow. Here an item's
    answers come in the order of how like they are to the others, the likest first (the medoid), then in the order
    of their words: neither the order of the rows nor the names of workers matter. A composed text is spelt, word
    by word, as most answers that have the word there spell it. There is no skill.

    Parameters
    ----------
    tokenizer, detokenizer
        Take a text apart, and put words together again: `str.split` and `" ".join`; for characters `list` and
        `"".join`.
    most
        Answers to an item that are aligned; of more, as many are drawn at even distances through them in their
        order.

    References
    ----------
    J. G. Fiscus (1997), A post-processing system to yield reduced word error rates: Recognizer Output Voting Error
    Reduction (ROVER), IEEE Workshop on Automatic Speech Recognition and Understanding, 347-354.

    Examples
    --------
    >>> answers = ["the red cat sat", "The red bat sat", "a red cat sat"]
    >>> consensus = Rover().fit(Texts.of([1, 1, 1], ["ann", "bob", "cid"], answers))
    >>> consensus.text, consensus.source.tolist()
    (('the red cat sat',), [0])
    """

    tokenizer: Tokenizer = str.split
    detokenizer: Detokenizer = " ".join
    most: int = 100

    def __post_init__(self) -> None:
        check_whole(self, "most", low=1)

    def fit(self, texts: Texts) -> TextConsensus:
        """Compose a text for each item; needs crowd-kit."""
        words = texts.words(self.tokenizer)
        forms = Forms.of(texts, words)
        item, said = self._in_order(forms)
        composed = crowdkit.compose(item, said)
        # what somebody wrote is spelt as he did
        own = {
            (int(each), said): form for form, (each, said) in enumerate(zip(forms.item, forms.words, strict=True))
        }
        form = np.full(texts.n_items, -1)
        for code, made in composed.items():
            form[code] = own.get((code, made), -1)
        spelt, source = forms.spelling(texts, form)
        first = np.searchsorted(texts.item, np.arange(texts.n_items + 1))
        chosen: list[tuple[str, Words] | None] = [None] * texts.n_items
        for code, made in composed.items():
            text = spelt[code]
            if text is None:
                text = self._spell(texts, texts.text[first[code] : first[code + 1]], made)
            chosen[code] = text, made
        return concluded(texts, words, chosen, source, np.zeros(texts.n_items, dtype=bool))

    def _in_order(self, forms: Forms) -> tuple[Codes, list[Words]]:
        """Give the item and the words of each answer to be aligned, in the order of aligning."""
        answers: Counts = np.bincount(forms.item, weights=forms.count).astype(np.int64)[forms.item]
        weight = forms.thinned(answers, self.most)
        apart = np.nan_to_num(mean_differences(forms, weight))
        order = np.lexsort((np.arange(apart.size), np.round(apart, 9), forms.item))
        order = np.repeat(order, weight[order])
        return forms.item[order].astype(np.int32), [forms.words[form] for form in order.tolist()]

    def _spell(self, texts: Texts, answers: Sequence[str], made: Words) -> str:
        """Spell a composed text: each word as most answers do that have it at that place, or else anywhere."""
        there: list[Counter[str]] = [Counter() for _ in made]
        anywhere: dict[str, Counter[str]] = {word: Counter() for word in made}
        for text in answers:
            tokens = [token for token in self.tokenizer(text) if texts.reading(token)]
            said = [texts.reading(token) for token in tokens]
            for word, token in zip(said, tokens, strict=True):
                if word in anywhere:
                    anywhere[word][token] += 1
            for here, in_answer, size in SequenceMatcher(None, made, said, autojunk=False).get_matching_blocks():
                for step in range(size):
                    there[here + step][tokens[in_answer + step]] += 1
        spelt = [_commonest(votes or anywhere[word]) for word, votes in zip(made, there, strict=True)]
        return self.detokenizer(spelt)


def _commonest(votes: Counter[str]) -> str:
    return min(votes, key=lambda spelling: (-votes[spelling], spelling))
