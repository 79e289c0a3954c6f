"""What Dawid-Skene's maximisation step needs, kept current answer by answer; everything by codes."""

from __future__ import annotations

from itertools import chain

import numpy as np

from crowdqc.quality.aggregation.dawid_skene import FLOOR
from crowdqc.quality.arrays import Counts, Flags, Floats
from crowdqc.quality.logs import safe_log


class Tally:
    """The answers of each item, and the sums to which each item adds its posterior.

    Attributes
    ----------
    said
        The answers of each item: the number of the pair (worker, label), by worker.
    held
        bool[K] by item, the accepted labels of those whose truth is known.
    pairs, label
        Number of each pair that occurred, by worker * K + label; the label of each pair, by its number.
    entered
        float64[items, K], the posterior with which an item stands in the sums; 0 without answers.
    """

    def __init__(self, pseudo: Floats, class_prior: Floats, class_items: float | None) -> None:
        """Begin empty; `class_items` are pseudo-items of each class, None where the class prior is given."""
        K = class_prior.size
        self.said: list[dict[int, int]] = []
        self.held: dict[int, Flags] = {}
        self.pairs: dict[int, int] = {}
        self.label: list[int] = []
        self.workers = 0
        self._pseudo, self._prior, self._class_items = pseudo, class_prior, class_items
        # tables of items, pairs and workers, longer than they are filled; pseudo-answers are in the sums
        self._entered, self._counts, self._mass = np.zeros((0, K)), np.zeros((0, K)), np.zeros((0, K))
        self._shares = np.full(K, class_items or 0.0)
        # without pseudo-answers a sum may be 0, and by rounding less
        self._floored = not pseudo.all() or class_items == 0

    @property
    def entered(self) -> Floats:
        return self._entered[: len(self.said)]

    @property
    def class_prior(self) -> Floats:
        """Share of each class among the items that are not held, float64[K]."""
        if self._class_items is None:
            return self._prior
        shares = np.maximum(self._shares, FLOOR)
        return np.asarray(shares / shares.sum())

    def new_item(self) -> int:
        self.said.append({})
        self._entered = _grown(self._entered, len(self.said))
        return len(self.said) - 1

    def new_worker(self) -> int:
        self.workers += 1
        self._mass = _grown(self._mass, self.workers)
        self._mass[self.workers - 1] = self._pseudo.sum(axis=1)
        return self.workers - 1

    def pair(self, worker: int, label: int) -> int:
        """Give the number of a pair, a new one where it has not occurred."""
        pair = self.pairs.setdefault(worker * self._prior.size + label, len(self.label))
        if pair == len(self.label):
            self.label.append(label)
            self._counts = _grown(self._counts, pair + 1)
            self._counts[pair] = self._pseudo[:, label]
        return pair

    def counts(self, worker: int) -> Floats:
        """Expected answers and pseudo-answers of a worker, float64[K, K], rows true."""
        K, table = self._prior.size, self._pseudo.copy()
        for label in range(K):
            pair = self.pairs.get(worker * K + label)
            if pair is not None:
                table[:, label] = np.maximum(self._counts[pair], table[:, label])
        return table

    def add(self, worker: int, item: int, label: int) -> Floats:
        """Take in an answer, instead of the one before if there is one; give the item's posterior, float64[K]."""
        if worker in self.said[item]:
            self._drop(worker, item)
        pair = self.said[item][worker] = self.pair(worker, label)
        # the newcomer joins the others in what the item has entered so far
        self._counts[pair] += self._entered[item]
        self._mass[worker] += self._entered[item]
        return self.settle(item)

    def drop(self, worker: int, item: int) -> Floats:
        """Take an answer out; give the item's posterior, float64[K]."""
        self._drop(worker, item)
        return self.settle(item)

    def hold(self, item: int, accepted: Flags) -> Floats:
        """Hold an item at its accepted labels, bool[K], none releases it; give its posterior, float64[K]."""
        if item not in self.held:
            self._shares -= self._entered[item]
        if accepted.any():
            self.held[item] = accepted
        else:
            self.held.pop(item, None)
            self._shares += self._entered[item]
        return self.settle(item)

    def settle(self, item: int) -> Floats:
        """Renew an item's posterior by what all others have entered, and enter it; float64[K]."""
        answers, before = self.said[item], self._entered[item].copy()
        scores = self._start(item, before)
        if answers:
            pair = np.fromiter(answers.values(), dtype=np.intp, count=len(answers))
            worker = np.fromiter(answers, dtype=np.intp, count=len(answers))
            counts, mass = self._counts[pair] - before, self._mass[worker] - before
            rates = np.maximum(counts, FLOOR) / np.maximum(mass, FLOOR) if self._floored else counts / mass
            scores += np.log(rates).sum(axis=0)
        posterior = np.exp(scores - scores.max())
        posterior /= posterior.sum()
        now = posterior if answers else np.zeros(posterior.size)
        if answers:
            self._counts[pair] = counts + now
            self._mass[worker] = mass + now
        if item not in self.held:
            self._shares += now - before
        self._entered[item] = now
        return np.asarray(posterior)

    def answers(self) -> tuple[Counts, Counts, Counts]:
        """Give item, worker and pair of each answer, int64[n] each."""
        each = np.fromiter(map(len, self.said), dtype=np.int64, count=len(self.said))
        n = int(each.sum())
        worker = np.fromiter(chain.from_iterable(self.said), dtype=np.int64, count=n)
        pair = np.fromiter(chain.from_iterable(said.values() for said in self.said), dtype=np.int64, count=n)
        return np.repeat(np.arange(each.size), each), worker, pair

    def rebase(self, entered: Floats) -> None:
        """Let the items enter with these posteriors, float64[items, K], and sum them all anew."""
        item, worker, pair = self.answers()
        answers = np.bincount(item, minlength=len(self.said))
        self._entered = np.where(answers[:, None] > 0, entered, 0.0)
        self._counts = self._pseudo.T[self.label] if self.label else self._counts[:0]
        self._mass = np.tile(self._pseudo.sum(axis=1), (self.workers, 1))
        for k, column in enumerate(self._entered.T):
            self._counts[:, k] += np.bincount(pair, weights=column[item], minlength=len(self._counts))
            self._mass[:, k] += np.bincount(worker, weights=column[item], minlength=self.workers)
        free = np.ones(answers.size, dtype=bool)
        free[list(self.held)] = False
        self._shares = self._entered[free].sum(axis=0) + (self._class_items or 0.0)

    def _drop(self, worker: int, item: int) -> None:
        pair = self.said[item].pop(worker)
        self._counts[pair] -= self._entered[item]
        self._mass[worker] -= self._entered[item]

    def _start(self, item: int, before: Floats) -> Floats:
        """Log odds of the classes without answers, float64[K]; of gold, which labels are accepted."""
        accepted = self.held.get(item)
        if accepted is not None:
            return np.asarray(np.where(accepted, 0.0, -np.inf))
        if self._class_items is None:
            return safe_log(self._prior)
        shares = self._shares - before
        return np.log(np.maximum(shares, FLOOR) if self._floored else shares)


def _grown(table: Floats, rows: int) -> Floats:
    """Give the table with space for so many rows, and as many again when it has to move."""
    if rows <= len(table):
        return table
    larger = np.zeros((max(2 * rows, 8), table.shape[1]))
    larger[: len(table)] = table
    return larger
