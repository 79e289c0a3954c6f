"""How hard each item is: how often a worker of average skill would err on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import CHUNK, Codes, Floats, brief
from crowdqc.quality.gold import Gold, Truth
from crowdqc.quality.logs import log_sum, safe_log
from crowdqc.quality.parameters import check_number
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers.backing import Backing

#: Difficulties that are tried, in logits, and how far items may differ, as a standard deviation.
GRID = np.linspace(-4.5, 4.5, 41)
SPREADS = np.geomspace(0.1, 3.0, 18)
#: Items from which the spread is found where there are more.
ENOUGH = 20_000
#: A spread that is less probable than this does not enter.
NEGLIGIBLE = 1e-3
#: A worker is taken to know at least and at most this share of what is beyond guessing.
SKILL = (0.02, 0.98)
#: Answers that the crowd's accuracy is worth in a worker's.
SHRUNK = 2.0


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Difficulties:
    """One entry an item.

    Attributes
    ----------
    difficulty, low, high
        float64, P(a worker of average skill errs on the item), and its credible interval. An item with few
        answers is near the mean of all, and its interval is wide; one without answers is any item.
    usual
        That of an item of average difficulty.
    spread
        How far items differ: standard deviation of the log odds of knowing the answer.
    """

    difficulty: Floats
    low: Floats
    high: Floats
    usual: float
    spread: float


@dataclass(frozen=True, slots=True)
class DifficultyModel:
    """A worker knows an item's class with log odds (his skill - its difficulty), or guesses among all classes.

    Parameters
    ----------
    level
        Of the intervals.

    Notes
    -----
    A model of one parameter (Rasch) with a floor at chance. Skills are taken from each worker's accuracy by gold
    and everyone else; difficulties are normal around 0 with a spread that all items' answers tell of; the class
    of an item is not known, and summed over with the class prior. So it does not depend on what an aggregation
    made of the item itself, and compares across methods. A wrong label that attracts most of the workers looks
    easy: only gold, or an expert, can tell.

    References
    ----------
    G. Rasch (1960), Probabilistic models for some intelligence and attainment tests. For the estimate by
    marginal likelihood: R. D. Bock, M. Aitkin (1981), Psychometrika 46(4), 443-459.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> said = {"ann": "xyxyxx", "bob": "xyxyyx", "cid": "xyxyxx", "dan": "xyxyyx"}
    >>> rows = [(item, worker, label) for worker, labels in said.items() for item, label in enumerate(labels * 9)]
    >>> votes = Votes.of(*zip(*rows))
    >>> found = DifficultyModel().fit(votes, DawidSkene().fit(votes))
    >>> found.difficulty[:6].round(2).tolist()  # of the fifth, and those like it, two say x and two say y
    [0.08, 0.08, 0.08, 0.08, 0.24, 0.08]
    """

    level: float = 0.95

    def __post_init__(self) -> None:
        check_number(self, "level", low=0.5, high=0.9999)

    def fit(self, votes: Votes, consensus: Consensus, gold: Gold | Truth | None = None) -> Difficulties:
        """Estimate the difficulty of every item."""
        K, once = votes.n_classes, votes.once()
        if K < 2:
            nothing = np.zeros(votes.n_items)
            return Difficulties(nothing, nothing, nothing, 0.0, 0.0)
        accepted = np.isfinite(consensus.log_posterior) | ~consensus.known[:, None]
        if gold is not None:
            gold = Gold.given(votes, gold)
            accepted = gold.accepted | ~gold.known[:, None]
        accuracy, average = _accuracies(votes, consensus, gold)
        logs = _log_likelihood(once, accuracy, np.where(accepted, safe_log(consensus.class_prior), -np.inf))
        answered = np.flatnonzero(votes.answers_per_item())
        likely = _spreads(logs[answered[:: answered.size // ENOUGH + 1]])
        weight = np.zeros_like(logs)
        for share, spread in zip(likely, SPREADS, strict=True):
            if share > NEGLIGIBLE:
                each = logs + _log_normal(spread)
                weight += share * np.exp(each - log_sum(each)[:, None])
        weight /= weight.sum(axis=1, keepdims=True)
        errors = 1 - _right(_skill(np.array([average]), K), GRID, K)[0]
        low, high = _quantiles(weight, errors, self.level)
        prior = likely @ np.exp([_log_normal(spread) for spread in SPREADS])
        return Difficulties(weight @ errors, low, high, float(prior @ errors), float(likely @ SPREADS))


def _accuracies(votes: Votes, consensus: Consensus, gold: Gold | None) -> tuple[Floats, float]:
    """Accuracy of each worker, float64[n_workers], and of the average one."""
    found, evidence = Backing.of(votes, consensus, gold).shares(votes.worker, votes.n_workers)
    chance = 1 / votes.n_classes
    right = np.nan_to_num(found) * evidence
    crowd = (right.sum() + SHRUNK * (1 + chance) / 2) / (evidence.sum() + SHRUNK)
    each = (right + SHRUNK * crowd) / (evidence + SHRUNK)
    answers = votes.answers_per_worker()
    return each, float((each @ answers) / answers.sum()) if answers.any() else float(crowd)


def _skill(accuracy: Floats, K: int) -> Floats:
    """Log odds of knowing the answer, for one who is right so often."""
    known = np.clip((accuracy - 1 / K) / (1 - 1 / K), *SKILL)
    return np.asarray(np.log(known / (1 - known)))


def _right(skill: Floats, difficulty: Floats, K: int) -> Floats:
    """Give P(right), float64[skills, difficulties]."""
    return np.asarray(1 / K + (1 - 1 / K) / (1 + np.exp(difficulty - skill[:, None])))


def _log_likelihood(votes: Votes, accuracy: Floats, log_prior: Floats) -> Floats:
    """Log probability of each item's answers at each difficulty of the grid, float64[n_items, GRID].

    Parameters
    ----------
    log_prior
        float64[n_items, K].
    """
    K = votes.n_classes
    right = _right(_skill(accuracy, K), GRID, K)
    hit, miss = np.log(right), np.log((1 - right) / (K - 1))
    ends = np.append(0, np.cumsum(votes.answers_per_item()))
    logs = np.empty((votes.n_items, GRID.size))
    low = 0
    while low < votes.n_items:
        high = max(low + 1, int(np.searchsorted(ends, ends[low] + CHUNK, side="right")) - 1)
        high = min(high, low + max(1, CHUNK // K))
        rows = slice(ends[low], ends[high])
        item, worker = votes.item[rows] - low, votes.worker[rows]
        cell = item.astype(np.int64) * K + votes.label[rows]
        base = _sums(item, worker, high - low, miss)
        lead = _sums(cell, worker, (high - low) * K, hit - miss).reshape(-1, K, GRID.size)
        lead += log_prior[low:high, :, None]
        highest = lead.max(axis=1, keepdims=True)
        logs[low:high] = base + np.log(np.exp(lead - highest).sum(axis=1)) + highest[:, 0]
        low = high
    return logs


def _sums(row: NDArray[np.integer], worker: Codes, rows: int, table: Floats) -> Floats:
    """Sum the workers' rows of a table over the answers in each row, float64[rows, GRID]."""
    from scipy import sparse

    order = np.argsort(row, kind="stable")
    ends = np.append(0, np.cumsum(np.bincount(row, minlength=rows)))
    answers = sparse.csr_array((np.ones(row.size), worker[order], ends), shape=(rows, len(table)))
    return np.asarray(answers @ table)


def _log_normal(spread: float) -> Floats:
    """Log weights of the grid under a normal distribution around 0."""
    logs = -((GRID / spread) ** 2) / 2
    return np.asarray(logs - np.logaddexp.reduce(logs))


def _spreads(logs: Floats) -> Floats:
    """Probability of each spread given the answers, all being alike before: float64[SPREADS]."""
    evidence = np.array([float(log_sum(logs + _log_normal(spread)).sum()) for spread in SPREADS])
    shares = np.exp(evidence - evidence.max())
    return np.asarray(shares / shares.sum())


def _quantiles(weight: Floats, errors: Floats, level: float) -> tuple[Floats, Floats]:
    """Equal-tailed interval of errors, which rise along the grid, float64[n_items] twice."""
    sums = np.cumsum(weight, axis=1) - weight / 2
    ends = []
    for chance in ((1 - level) / 2, (1 + level) / 2):
        above = np.clip((sums < chance).sum(axis=1), 1, errors.size - 1)
        rows = np.arange(len(sums))
        before, after = sums[rows, above - 1], sums[rows, above]
        step = np.divide(chance - before, after - before, out=np.zeros(len(sums)), where=after > before)
        ends.append(errors[above - 1] + np.clip(step, 0.0, 1.0) * (errors[above] - errors[above - 1]))
    return ends[0], ends[1]
