"""RASA and HRRASA: the answer nearest to a weighted average of the vectors that stand for an item's answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Counts, Floats
from crowdqc.quality.groups import sums
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.texts.consensus import TextConsensus, concluded
from crowdqc.quality.texts.distances import Sequences, differences
from crowdqc.quality.texts.forms import Forms
from crowdqc.quality.texts.likeness import Likeness
from crowdqc.quality.texts.reading import Tokenizer, Words
from crowdqc.quality.texts.texts import Texts
from crowdqc.quality.texts.vectors import Encoder, vectors_of

#: Least sum of squared distances of a worker: one who always is the average would weigh infinitely much.
LEAST = 1e-5


@dataclass(frozen=True, slots=True)
class TextRASA:
    """Reliability-aware aggregation: a worker weighs the more the nearer his answers lie to the averages.

    The skill is what one answer of a worker weighs: a quantile of chi squared for his number of answers, over his
    summed squared distances to the averages; NaN for a worker who was alone on all his items. What nobody else
    answered tells nothing of a worker. Of a worker's repeated answers to an item the first counts.

    Parameters
    ----------
    encoder
        Gives a vector for a text, as a sentence encoder does; the text comes in the form in which it is compared.
        None takes `HashedGrams`: likeness of spelling, without any model.
    alpha
        Level of the quantile: the smaller, the more the number of answers counts.
    max_iterations, tolerance
        Stop when the averages move by no more than `tolerance`, as a share of their squares; or at the cap.
    tokenizer
        Takes a text apart into the words by which agreement is told.
    most
        Answers to an item that are compared with one another; of more, as many are drawn at even distances through
        them in the order of their words, and the others are left out of account.

    Notes
    -----
    With e the vectors of length 1, an item's average is the sum of b e over its answers, over that of b; a
    worker's weight b is chi2(alpha / 2; n) over his sum of |e - average|^2. All of it is in the inner products of
    the answers to an item, so that the vectors are needed once only.

    References
    ----------
    J. Li, F. Fukumoto (2019), A dataset of crowdsourced word sequences: collections and answer aggregation for
    ground truth creation, Proceedings of AnnoNLP, 24-28.

    Examples
    --------
    >>> texts = Texts.of([1, 1, 1], ["ann", "bob", "cid"], ["the red cat", "a red cat", "no idea"])
    >>> TextRASA().fit(texts).text
    ('a red cat',)
    """

    encoder: Encoder | None = None
    alpha: float = 0.05
    max_iterations: int = 100
    tolerance: float = 1e-5
    tokenizer: Tokenizer = str.split
    most: int = 100

    def __post_init__(self) -> None:
        check_rasa(self)

    def fit(self, texts: Texts) -> TextConsensus:
        """Weigh the workers, and choose."""
        return _fit(texts, self, by_vector=None)


@dataclass(frozen=True, slots=True)
class TextHRRASA:
    """RASA in which an answer also weighs the more the liker it is to the item's other answers.

    Parameters
    ----------
    encoder, alpha, max_iterations, tolerance, tokenizer, most
        As for `TextRASA`; the skill too.
    by_vector
        Share of the vectors in the likeness of two answers; the rest is that of their words: one less the edit
        distance as a share of the longer text, where the paper has GLEU.

    References
    ----------
    J. Li (2020), Crowdsourced text sequence aggregation based on hybrid reliability and representation, SIGIR,
    1761-1764.

    Examples
    --------
    >>> texts = Texts.of([1, 1, 1], ["ann", "bob", "cid"], ["the red cat", "a red cat", "no idea"])
    >>> TextHRRASA().fit(texts).text
    ('a red cat',)
    """

    encoder: Encoder | None = None
    alpha: float = 0.05
    by_vector: float = 0.5
    max_iterations: int = 100
    tolerance: float = 1e-5
    tokenizer: Tokenizer = str.split
    most: int = 100

    def __post_init__(self) -> None:
        check_rasa(self)
        # without vectors two answers may be nothing like each other, and what is like nothing weighs nothing
        check_number(self, "by_vector", low=1e-3, high=1.0)

    def fit(self, texts: Texts) -> TextConsensus:
        """Weigh the answers and the workers, and choose."""
        return _fit(texts, self, by_vector=self.by_vector)


def check_rasa(method: TextRASA | TextHRRASA) -> None:
    """Check what both have."""
    check_number(method, "alpha", low=1e-12, high=1.0)
    check_number(method, "tolerance")
    check_whole(method, "max_iterations")
    check_whole(method, "most", low=2)


def _fit(texts: Texts, method: TextRASA | TextHRRASA, by_vector: float | None) -> TextConsensus:
    words = texts.words(method.tokenizer)
    forms = Forms.of(texts, words)
    answer = _compared(texts, forms, method.most)
    form = texts.compared()
    said = [form[each] for each in answer.tolist()]
    likeness = Likeness.of(texts.item[answer], said, vectors_of(said, method.encoder))
    own = np.ones(answer.size) if by_vector is None else _local(words, answer, likeness, by_vector)
    skill, distance = _weighed(texts.worker[answer], texts.n_workers, likeness, own, method)
    return _nearest(texts, words, forms, answer, distance, skill)


def _weighed(
    worker: Codes, n_workers: int, likeness: Likeness, own: Floats, method: TextRASA | TextHRRASA
) -> tuple[Floats, Floats]:
    """Give the workers' weights, float64[n_workers], and how far each answer is from its average by angle.

    `own`, float64[n], is what an answer weighs by itself.
    """
    from scipy.special import chdtri

    n = np.bincount(worker, minlength=n_workers)
    prior = chdtri(np.maximum(n, 1), method.alpha / 2)
    weight, before = np.ones(n_workers), None
    average = likeness.averaged(own)
    for _ in range(method.max_iterations):
        average = likeness.averaged(own * weight[worker])
        total = sums(worker, average.squares() / own, n_workers)
        weight = prior / np.maximum(total, LEAST)
        if before is not None and average.moved(before) < method.tolerance:
            break
        before = average
    return np.where(n > 0, weight, np.nan), average.angles()


def _local(words: list[Words], answer: Counts, likeness: Likeness, by_vector: float) -> Floats:
    """Mean likeness of each answer to the item's other answers, float64[n]."""
    left, right = likeness.pairs
    apart = np.maximum(2 - 2 * likeness.product, 0.0)
    alike = 1 - differences(Sequences.of([words[each] for each in answer.tolist()]), left, right)
    return likeness.mean_of_others(by_vector * np.exp(-apart) + (1 - by_vector) * alike)


def _compared(texts: Texts, forms: Forms, most: int) -> Counts:
    """Give the first answers of each worker to items with several workers, thinned, by item and form, int64."""
    first = np.ones(len(texts), dtype=bool)
    first[1:] = (texts.item[1:] != texts.item[:-1]) | (texts.worker[1:] != texts.worker[:-1])
    order = np.lexsort((texts.worker, forms.of_answer))
    order = order[first[order]]
    workers = np.bincount(texts.item[order], minlength=texts.n_items)
    order = order[workers[texts.item[order]] > 1]
    item = texts.item[order]
    place = np.arange(item.size) - np.searchsorted(item, item)
    # even distances: an answer stays where a further whole step is passed
    step = np.minimum(most / np.maximum(workers[item], 1), 1.0)
    return np.asarray(order[np.floor((place + 1) * step + 1e-9) > np.floor(place * step + 1e-9)])


def _nearest(
    texts: Texts, words: list[Words], forms: Forms, answer: Counts, distance: Floats, skill: Floats
) -> TextConsensus:
    """Choose the form of least distance; where one worker alone answered, his commonest."""
    cost = np.full(forms.item.size, np.inf)
    np.minimum.at(cost, forms.of_answer[answer], distance)
    alone = ~np.isin(forms.item, texts.item[answer])
    cost[alone] = 0.0
    form, tied = forms.cheapest(cost, texts.n_items)
    spelt, source = forms.spelling(texts, form)
    chosen = [None if text is None else (text, forms.words[at]) for text, at in zip(spelt, form, strict=True)]
    return concluded(texts, words, chosen, source, tied, skill)
