"""Dawid-Skene answer by answer: a state that learns, forgets and adds up, and that a full fit sets right."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.aggregation.dawid_skene import FLOOR, DawidSkene
from crowdqc.quality.aggregation.tally import Tally
from crowdqc.quality.arrays import Counts, Floats
from crowdqc.quality.estimation.class_prior import first_prior
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes


class InvalidStream(Invalid):
    """The stream cannot take this in."""


class Stream:
    """Keeps the posterior of an item current after each answer to it, in microseconds.

    Unlike the other values of this library a stream changes: it is one process' picture of one project. It holds
    the answers and what Dawid-Skene's maximisation step needs of them: the workers' expected counts of (true,
    said), the class counts, and the posterior with which each item stands in both, so that it can be taken out
    again.

    An answer renews the posterior of its own item; the others stay as they were when last touched. `consensus`
    passes over all of them once. A full fit (`refresh`, or `correct` with one from elsewhere) leaves no trace of
    the order in which answers, edits and retractions came; docs/explanation/streaming.md tells how far labels
    are from it before that.

    Parameters
    ----------
    classes
        Names of the classes, in their order.
    model
        Whose priors are used, and which `refresh` fits.

    Notes
    -----
    The posterior of an item is the class prior times P(said | true) of those who answered it. The item's own
    part in the counts is left out of both: with it, what a stream believed first would bear itself out. That is
    incremental expectation maximisation (Neal and Hinton), collapsed (CVB0 of Asuncion et al.).

    References
    ----------
    R. M. Neal, G. E. Hinton (1998), A view of the EM algorithm that justifies incremental, sparse, and other
    variants, section 3.
    A. Asuncion, M. Welling, P. Smyth, Y. W. Teh (2009), On smoothing and inference for topic models, UAI.

    Examples
    --------
    >>> stream = Stream(["n", "y"])
    >>> for worker, item, label in [("ann", 1, "y"), ("bob", 1, "y"), ("ann", 2, "y"), ("cid", 2, "n")]:
    ...     posterior = stream.learn(worker, item, label)
    >>> len(stream), stream.posterior(2).round(2).tolist()
    (4, [0.36, 0.64])
    >>> stream.forget("cid"), stream.posterior(2).round(2).tolist()
    (1, [0.12, 0.88])
    """

    def __init__(self, classes: Sequence[str], model: DawidSkene | None = None) -> None:
        self.classes, self.model = tuple(classes), DawidSkene() if model is None else model
        K = len(self.classes)
        if not K or len(set(self.classes)) < K:
            raise InvalidStream("Classes must have names, each its own.")
        self._class = {name: code for code, name in enumerate(self.classes)}
        self._items: dict[Hashable, int] = {}
        self._workers: dict[Hashable, int] = {}
        learned = isinstance(self.model.class_prior, str) and self.model.class_prior == "learned"
        self._tally = Tally(
            self.model.pseudo_answers(K),
            first_prior(self.model.class_prior, K),
            self.model.class_items if learned else None,
        )

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus | None = None, model: DawidSkene | None = None) -> Self:
        """Begin with votes and a consensus of them, whose gold is taken over; without one the model is fitted.

        Raises
        ------
        InvalidStream
            A worker answered an item more than once.
        """
        if not votes.opens_group().all():
            raise InvalidStream(
                "A worker answered an item more than once.",
                mend="Read the votes with `repeats` as 'first' or 'last'.",
            )
        stream = cls(votes.classes, model)
        tally = stream._tally
        stream._items = {item: tally.new_item() for item in votes.items}
        stream._workers = {worker: tally.new_worker() for worker in votes.workers}
        for item, worker, label in zip(
            votes.item.tolist(), votes.worker.tolist(), votes.label.tolist(), strict=True
        ):
            tally.said[item][worker] = tally.pair(worker, label)
        consensus = stream.model.fit(votes) if consensus is None else consensus
        for item in np.flatnonzero(consensus.known).tolist():
            tally.held[item] = np.isfinite(consensus.log_posterior[item])
        stream.correct(votes, consensus)
        return stream

    def __len__(self) -> int:
        """Answers that are held."""
        return sum(map(len, self._tally.said))

    def learn(self, worker: Hashable, item: Hashable, label: str | int) -> Floats:
        """Take in one answer, its label by name or code; give the item's posterior, float64[K].

        It takes the place of an answer that the worker gave to this item before.
        """
        code = self._label(label)
        who, what = self._worker(worker), self._item(item)
        return self._tally.add(who, what, code)

    def retract(self, worker: Hashable, item: Hashable) -> Floats:
        """Take an answer back; give the item's posterior, float64[K].

        Raises
        ------
        InvalidStream
            There is no such answer.
        """
        who, what = self._workers.get(worker, -1), self._items.get(item, -1)
        if what < 0 or who not in self._tally.said[what]:
            raise InvalidStream(f"Worker {worker!r} has no answer to item {item!r}.")
        return self._tally.drop(who, what)

    def forget(self, worker: Hashable) -> int:
        """Take all answers of a worker back; give how many they were.

        Items that he did not answer keep what reached them through others until they are touched.
        """
        who = self._workers.get(worker, -1)
        answered = [what for what, answers in enumerate(self._tally.said) if who in answers]
        for what in answered:
            self._tally.drop(who, what)
        return len(answered)

    def hold(self, item: Hashable, labels: str | int | Iterable[str | int]) -> Floats:
        """Hold an item at its true label or labels, as gold; none releases it. Give its posterior, float64[K]."""
        accepted = np.zeros(len(self.classes), dtype=bool)
        for label in [labels] if isinstance(labels, str | int | np.integer) else labels:
            accepted[self._label(label)] = True
        return self._tally.hold(self._item(item), accepted)

    def posterior(self, item: Hashable) -> Floats:
        """Posterior of an item, float64[K], as of its last answer or the last full fit; else the class prior."""
        what = self._items.get(item, -1)
        if what < 0:
            return self.class_prior
        if self._tally.said[what]:
            return np.array(self._tally.entered[what])
        return self._tally.settle(what)

    @property
    def class_prior(self) -> Floats:
        """Share of each class among the items whose truth is not known, float64[K]."""
        return self._tally.class_prior

    def counts(self, worker: Hashable) -> Floats:
        """Expected answers of a worker, float64[K, K], rows true; 0 for one who is not known."""
        return self._tally.counts(self._workers.get(worker, -1)) - self.model.pseudo_answers(len(self.classes))

    def confusion(self, worker: Hashable) -> Floats:
        """P(said | true) of a worker, float64[K, K], rows true; the prior's for one who is not known."""
        table = self._tally.counts(self._workers.get(worker, -1))
        return np.asarray(table / np.maximum(table.sum(axis=1, keepdims=True), FLOOR))

    def votes(self) -> Votes:
        """All answers; items without any are left out. The order of arrival leaves no trace."""
        item, worker, pair = self._tally.answers()
        label = np.array(self._tally.label, dtype=np.int64)[pair]
        items, workers = list(self._items), list(self._workers)
        return Votes.of(
            [items[code] for code in item.tolist()],
            [workers[code] for code in worker.tolist()],
            [self.classes[code] for code in label.tolist()],
            classes=self.classes,
        )

    def gold(self, votes: Votes) -> Gold:
        """What is held of the items of these votes."""
        gold = Gold.none(votes)
        for place, what in enumerate(self._places(votes).tolist() if self._tally.held else ()):
            if what in self._tally.held:
                gold.accepted[place] = self._tally.held[what]
        return gold

    def consensus(self) -> Consensus:
        """Pass over all items once from where the stream stands, in the order of `votes()`; nothing changes."""
        votes = self.votes()
        once = replace(self.model, max_iterations=1)
        return once.fit(votes, self.gold(votes), start=self._tally.entered[self._places(votes)])

    def refresh(self) -> Consensus:
        """Fit the model to all answers and go on from there; give its consensus, in the order of `votes()`."""
        votes = self.votes()
        consensus = self.model.fit(votes, self.gold(votes))
        self._enter(votes, consensus)
        return consensus

    def correct(self, votes: Votes, consensus: Consensus) -> None:
        """Go on from a full fit to these votes; what has changed since they were taken is learned again."""
        self._enter(votes, consensus)
        for what in self._changed(votes, consensus):
            self._tally.settle(what)

    def __add__(self, other: Stream) -> Stream:
        """Give a stream of the answers of both; of different items the sums add up.

        Raises
        ------
        InvalidStream
            Classes or models differ, or the two hold different answers of one worker to one item.
        """
        if not isinstance(other, Stream):
            return NotImplemented
        if (self.classes, self.model) != (other.classes, other.model):
            raise InvalidStream("Streams of different classes or models do not add up.")
        both = Stream(self.classes, self.model)
        for part in (self, other):
            both._take(part)
        entered = np.zeros((len(both._items), len(self.classes)))
        for part in (self, other):
            entered[[both._items[item] for item in part._items]] += part._tally.entered
        total = entered.sum(axis=1, keepdims=True)
        both._tally.rebase(entered / np.where(total > 0, total, 1.0))
        for item in self._items:
            if item in other._items:
                both._tally.settle(both._items[item])
        return both

    def _take(self, part: Stream) -> None:
        """Take the answers and gold of another in; the sums are left to `rebase`."""
        K, names = len(self.classes), list(part._workers)
        who = [self._worker(name) for name in names]
        pairs = [self._tally.pair(who[cell // K], cell % K) for cell in part._tally.pairs]
        for item, there in part._items.items():
            here = self._item(item)
            said = self._tally.said[here]
            for worker, pair in part._tally.said[there].items():
                if said.setdefault(who[worker], pairs[pair]) != pairs[pair]:
                    raise InvalidStream(
                        f"The streams hold different answers of worker {names[worker]!r} to item {item!r}."
                    )
            accepted = part._tally.held.get(there)
            if accepted is not None and (self._tally.held.setdefault(here, accepted) != accepted).any():
                raise InvalidStream(f"The streams hold item {item!r} at different labels.")

    def _enter(self, votes: Votes, consensus: Consensus) -> None:
        place = self._places(votes)
        entered = self._tally.entered.copy()
        entered[place[place >= 0]] = consensus.posterior[place >= 0]
        self._tally.rebase(entered)

    def _changed(self, votes: Votes, consensus: Consensus) -> list[int]:
        """Find the items whose answers or gold are not those that were fitted."""
        tally, place = self._tally, self._places(votes)
        workers = np.array([self._workers.get(worker, -1) for worker in votes.workers], dtype=np.int64)
        item, worker, pair = tally.answers()
        label = np.array(tally.label, dtype=np.int64)[pair]
        here, W, K = place[votes.item] >= 0, tally.workers + 1, len(self.classes)
        # a worker who is not known by now counts as one more
        who = np.where(workers < 0, tally.workers, workers)[votes.worker[here]]
        fitted = (place[votes.item[here]] * W + who) * K + votes.label[here]
        changed = set((np.setxor1d(fitted, (item * W + worker) * K + label) // (W * K)).tolist())
        known = np.flatnonzero(consensus.known)
        gold = dict(zip(place[known].tolist(), np.isfinite(consensus.log_posterior[known]), strict=True))
        none = np.zeros(K, dtype=bool)
        both = {*gold, *tally.held} - {-1}
        held = {what for what in both if (gold.get(what, none) != tally.held.get(what, none)).any()}
        return sorted(changed | held)

    def _places(self, votes: Votes) -> Counts:
        """The codes of the items of votes, int64[n_items]; -1 for one that is not known."""
        return np.array([self._items.get(item, -1) for item in votes.items], dtype=np.int64)

    def _item(self, item: Hashable) -> int:
        code = self._items.get(item)
        if code is None:
            code = self._items[_id(item, "item")] = self._tally.new_item()
        return code

    def _worker(self, worker: Hashable) -> int:
        code = self._workers.get(worker)
        if code is None:
            code = self._workers[_id(worker, "worker")] = self._tally.new_worker()
        return code

    def _label(self, label: str | int) -> int:
        code = self._class.get(label, -1) if isinstance(label, str) else label
        if isinstance(code, bool) or not isinstance(code, int | np.integer) or not 0 <= code < len(self.classes):
            known = ", ".join(map(repr, self.classes))
            raise InvalidStream(f"The label {label!r} is not known. Known: {known}.")
        return int(code)


def _id(value: Hashable, what: str) -> Hashable:
    """Refuse what is missing; numpy's own scalars become plain."""
    if value is None or value == "" or value != value:
        raise InvalidStream(f"The {what} is missing.")
    return value.item() if isinstance(value, np.generic) else value
