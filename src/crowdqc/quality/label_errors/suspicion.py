"""How suspicious each label is: one number that ranks, made of what the models say and how far to believe them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.label_errors.given import blocks, class_counts
from crowdqc.quality.label_errors.opinions import Opinions

#: Probabilities this small are not told apart: nobody knows that a class is one in ten thousand.
DOUBT = 0.01
#: Pseudo-rows with which what a class is believed is held to that of all classes, and so how noisy a label is.
TRUST_ROWS, NOISE_ROWS = 50.0, 200.0
#: How much each part counts, at most.
TRUST, HABIT, NOISE = 0.5, 0.5, 0.25
#: Turns in which the noise of each label is learned, and the share of wrong labels that it starts from.
TURNS, START = 20, 0.05
#: Shares nearer to 0 or 1 are not told apart.
EDGE = 1e-6


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Suspicion:
    """One row an item with a label and a prediction, as in the `Opinions`.

    Attributes
    ----------
    score
        float64[n], in nats: the greater, the sooner the label should be looked at.
    suggested
        int32[n], the class that speaks most against the label.
    of_given, of_suggested
        float64[n], the tempered probability of both.
    """

    score: Floats
    suggested: Codes
    of_given: Floats
    of_suggested: Floats


def suspicion(opinions: Opinions, beside: Floats | None = None) -> Suspicion:
    """Score the labels of `opinions`.

    Parameters
    ----------
    beside
        float64[n, K], further log evidence of the truth of each row, such as that of a crowd's answers; none where
        it is left out.

    Notes
    -----
    The score is the log ratio of the tempered probabilities of the suggested class j and of the given one g, each
    with 0.01 added, and three corrections for whose fault a contradiction is:

    - *distrust*: a class that the model says and labels often contradict is believed less, by half the log odds of
      that, over all labels;
    - *habit*: a class that the model says too often on the whole is believed less, by half the log of its mean;
    - *noise*: a label that is often wrong is doubted more, by a quarter of the log odds of that.

    A contradiction of j and g may be the model's fault in j or the label's in g. With two classes both are one,
    and nothing tells them apart: then distrust counts nothing, habit and noise count in full. With K classes
    distrust counts by (K - 2)/(K - 1) and the others by 1/(K - 1).

    References
    ----------
    C. Guo et al. (2017), On calibration of modern neural networks; C. Gupta, A. Ramdas (2022), Top-label
    calibration; C. G. Northcutt et al. (2021), Confident learning, whose thresholds do what habit and noise do.
    """
    n, K = len(opinions), opinions.n_classes
    nothing = Suspicion(np.zeros(n), np.zeros(n, dtype=np.int32), np.ones(n), np.zeros(n))
    if not n or K < 2:
        return nothing
    given = opinions.given
    own, said, mean = np.empty(n), np.empty(n, dtype=np.int32), np.zeros(K)
    for rows in blocks(n, K):
        table = opinions.table(rows)
        own[rows] = table[np.arange(len(table)), given[rows]]
        said[rows] = table.argmax(axis=1)
        mean += table.sum(axis=0, dtype=np.float64)
    mean /= n
    blame = 1 / (K - 1)
    habit = HABIT * blame * np.log(np.maximum(mean, EDGE))
    against = habit + TRUST * (1 - blame) * _distrust(given, said, K)
    held = habit + NOISE * blame * _noise(given, own, mean)
    score, suggested, of_suggested = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n)
    for rows in blocks(n, K):
        table, label = opinions.table(rows), given[rows]
        place = np.arange(len(table))
        speaks = np.log(table + DOUBT) if beside is None else np.log(table + DOUBT) + beside[rows]
        for_label = speaks[place, label] - held[label]
        speaks -= against
        speaks[place, label] = -np.inf
        best = speaks.argmax(axis=1)
        score[rows] = speaks[place, best] - for_label
        suggested[rows], of_suggested[rows] = best, table[place, best]
    return Suspicion(score, suggested, own, of_suggested)


def _distrust(given: Codes, said: Codes, K: int) -> Floats:
    """Log odds that a class which is said is contradicted by the label, float64[K]."""
    wrong = said != given
    overall = float(wrong.mean())
    often = class_counts(said, K)
    return _log_odds((np.bincount(said[wrong], minlength=K) + TRUST_ROWS * overall) / (often + TRUST_ROWS))


def _noise(given: Codes, own: Floats, mean: Floats) -> Floats:
    """Log odds that a label of each class is wrong, float64[K], by expectation maximisation.

    What the model's probability of the label says is taken against its mean, so that a class which is rarely
    foretold is not thereby thought noisy.
    """
    K = mean.size
    often, base = class_counts(given, K), np.clip(mean, EDGE, 1 - EDGE)[given]
    odds = np.log((1 - own + EDGE) / (1 - base)) - np.log((own + EDGE) / base)
    share = np.full(K, START)
    for _ in range(TURNS):
        wrong = 1 / (1 + np.exp(-np.clip(odds + _log_odds(share)[given], -700, 700)))
        total = np.bincount(given, weights=wrong, minlength=K)
        share = (total + NOISE_ROWS * total.sum() / given.size) / (often + NOISE_ROWS)
    return _log_odds(share)


def _log_odds(share: Floats) -> Floats:
    held = np.clip(share, EDGE, 1 - EDGE)
    return np.asarray(np.log(held) - np.log1p(-held))
