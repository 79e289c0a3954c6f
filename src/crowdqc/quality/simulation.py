"""A crowd that is drawn by chance: its truth and each worker's confusion matrix are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.votes import Votes

#: Numbers that are held at once.
_HELD = 1 << 22
#: Items on which a model is tuned to its accuracy.
_TRIED = 50_000
#: How much of what a biased worker says is his favourite class, whatever is true: from, to.
_BIAS = (0.3, 0.7)
#: Of ordinal mistakes, one that is a step farther off is so much rarer.
_STEP = 0.4

#: What workers may be.
KINDS = ("good", "spammer", "adversary", "biased")


class InvalidSimulation(Invalid):
    """No crowd can be drawn so."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """Votes, and what they come from.

    Attributes
    ----------
    votes
    truth
        int32[n_items], class codes.
    confusion
        float64[n_workers, K, K], P(said | true), rows are true classes.
    kinds
        What each worker is, of `KINDS`.
    class_shares
        float64[K], from which the truth was drawn.
    """

    votes: Votes
    truth: Codes
    confusion: Floats
    kinds: tuple[str, ...]
    class_shares: Floats

    def labels(self) -> list[str]:
        """Give the true label of each item."""
        return [self.votes.classes[code] for code in self.truth.tolist()]

    def predictions(self, accuracy: float, seed: int | np.random.Generator = 0) -> Floats:
        """Draw what a calibrated model says of each item, float64[n_items, K].

        It sees the true class through noise: a normal signal in as many dimensions as there are classes, from
        which it gives the posterior. How strong the signal is follows from the accuracy.

        Parameters
        ----------
        accuracy
            Share of items whose likeliest class is the true one; at least that of always saying the commonest.
        """
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((self.truth.size, self.class_shares.size))
        base = np.log(np.maximum(self.class_shares, 1e-300))
        strength = _strength(noise[:_TRIED], self.truth[:_TRIED], base, accuracy)
        return _posterior(noise, self.truth, base, strength)


@dataclass(frozen=True, slots=True)
class Simulation:
    """A crowd to be drawn: each item goes to different workers, who are drawn by chance.

    Parameters
    ----------
    items, workers
        How many.
    classes
        Their names, or how many; these are named "0", "1", ...
    overlap
        Workers who answer an item.
    accuracy
        A good worker says the true class with a probability between these, the same for each class; mistakes are
        spread evenly.
    class_shares
        How common each class is; None for all alike.
    spammers, adversaries, biased
        Shares of workers who answer regardless of the truth; who are as often wrong as good ones are right; who
        give one class, each his own, instead of 30 to 70% of what they would say.
    ordinal
        Whether mistakes are the rarer the farther off they are, in the order of the classes.
    activity
        How unequally many answers workers give: the standard deviation of the logarithm of how often each is
        drawn; 0 for all alike, 1 to 2 as on a market.

    Examples
    --------
    >>> crowd = Simulation(items=100, workers=10, classes=3, overlap=4, spammers=0.2).run(seed=1)
    >>> len(crowd.votes), crowd.votes.classes, crowd.confusion.shape, crowd.kinds.count("spammer")
    (400, ('0', '1', '2'), (10, 3, 3), 2)
    """

    items: int = 1000
    workers: int = 50
    classes: int | Sequence[str] = 2
    overlap: int = 5
    accuracy: tuple[float, float] = (0.6, 0.95)
    class_shares: Sequence[float] | None = None
    spammers: float = 0.0
    adversaries: float = 0.0
    biased: float = 0.0
    ordinal: bool = False
    activity: float = 0.0

    def __post_init__(self) -> None:
        K = len(self.names)
        for what, number, least in (("items", self.items, 0), ("workers", self.workers, 1), ("classes", K, 1)):
            if number < least:
                raise InvalidSimulation(f"{what} is {number}; it must be at least {least}.")
        if len(set(self.names)) < K or "" in self.names:
            raise InvalidSimulation("Classes must have names, each its own.")
        if not 1 <= self.overlap <= self.workers:
            raise InvalidSimulation(
                f"overlap is {self.overlap}; it must lie from 1 to the number of workers, {self.workers}."
            )
        if len(self.accuracy) != 2 or not 0 <= self.accuracy[0] <= self.accuracy[1] <= 1:
            raise InvalidSimulation(f"accuracy is {self.accuracy}; it must be two numbers, 0 <= low <= high <= 1.")
        others = (self.spammers, self.adversaries, self.biased)
        if not all(share >= 0 for share in others) or not sum(others) <= 1 + 1e-9:
            raise InvalidSimulation(
                f"The shares of workers are {others}; they must be from 0, and 1 at most together."
            )
        if not 0 <= self.activity <= 5:
            raise InvalidSimulation(f"activity is {self.activity}; it must lie from 0 to 5.")
        shares = self.class_shares
        if shares is not None and (
            len(shares) != K or not all(share >= 0 for share in shares) or not sum(shares) > 0
        ):
            raise InvalidSimulation(f"class_shares is {tuple(shares)}; it must be {K} numbers from 0, not all 0.")

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, in their order."""
        if not isinstance(self.classes, int):
            return tuple(self.classes)
        width = len(str(self.classes - 1))
        return tuple(f"{code:0{width}}" for code in range(self.classes))

    def run(self, seed: int | np.random.Generator = 0) -> Crowd:
        """Draw the crowd; the same seed gives the same crowd."""
        rng = np.random.default_rng(seed)
        K = len(self.names)
        shares = (
            np.full(K, 1 / K)
            if self.class_shares is None
            else np.array(self.class_shares) / sum(self.class_shares)
        )
        kinds = self._kinds(rng)
        confusion = self._confusion(kinds, rng)
        truth = rng.choice(K, size=self.items, p=shares).astype(np.int32)
        worker = _assign(self.items, self.overlap, np.exp(self.activity * rng.standard_normal(self.workers)), rng)
        item = np.repeat(np.arange(self.items, dtype=np.int32), self.overlap)
        votes = Votes(  # sorted by item and worker as it is, so nothing is left for `Votes.coded` to do
            item=item,
            worker=worker,
            label=_said(worker, truth[item], confusion, rng),
            items=_ids("i", self.items),
            workers=_ids("w", self.workers),
            classes=self.names,
        )
        return Crowd(votes, truth, confusion, tuple(KINDS[kind] for kind in kinds), shares)

    def _kinds(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw what each worker is, as a place in `KINDS`: as many of each as there are to be."""
        ends = np.cumsum([self.spammers, self.adversaries, self.biased])
        kind = np.searchsorted(ends, (np.arange(self.workers) + 0.5) / self.workers, side="right")
        return rng.permutation(np.array([1, 2, 3, 0])[kind])

    def _confusion(self, kinds: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        K, W = len(self.names), self.workers
        right = rng.uniform(*self.accuracy, size=W)
        right = np.where(kinds == 2, 1 - right, right)
        apart = np.abs(np.arange(K)[:, None] - np.arange(K))
        wrong = np.where(apart > 0, _STEP**apart if self.ordinal else 1.0, 0.0)
        wrong = np.divide(wrong, wrong.sum(axis=1, keepdims=True), out=np.zeros((K, K)), where=K > 1)
        right = right if K > 1 else np.ones(W)
        confusion: Floats = (1 - right)[:, None, None] * wrong + right[:, None, None] * np.eye(K)
        spam = np.flatnonzero(kinds == 1)
        confusion[spam] = rng.dirichlet(np.full(K, 0.5), size=spam.size)[:, None, :]
        biased = np.flatnonzero(kinds == 3)
        weight = rng.uniform(*_BIAS, size=biased.size)[:, None, None]
        favourite = np.eye(K)[rng.integers(K, size=biased.size)][:, None, :]
        confusion[biased] = (1 - weight) * confusion[biased] + weight * favourite
        return confusion


def _assign(items: int, overlap: int, often: Floats, rng: np.random.Generator) -> Codes:
    """Draw different workers for each item, one after the other as `often` says; sorted within an item.

    Exponential times divided by the rates, of which the first are taken, are draws without replacement. Where few
    of many are drawn that is a waste: there each is drawn, and drawn again while he has the item already.
    """
    W = often.size
    chosen = np.empty((items, overlap), dtype=np.int32)
    if overlap * 4 > W:
        step = max(1, _HELD // W)
        for at in range(0, items, step):
            times = rng.standard_exponential((min(step, items - at), W)) / often
            chosen[at : at + step] = np.argpartition(times, overlap - 1, axis=1)[:, :overlap]
    else:
        ends = np.cumsum(often) / often.sum()
        alike = bool((often == often[0]).all())
        for place in range(overlap):
            rows = np.arange(items)
            while rows.size:
                if alike:
                    drawn = rng.integers(W, size=rows.size, dtype=np.int32)
                else:
                    drawn = np.minimum(np.searchsorted(ends, rng.random(rows.size), side="right"), W - 1)
                chosen[rows, place] = drawn
                taken = (chosen[rows, :place] == chosen[rows, place, None]).any(axis=1)
                rows = rows[taken]
    chosen.sort(axis=1)
    return chosen.ravel()


def _said(worker: Codes, true: Codes, confusion: Floats, rng: np.random.Generator) -> Codes:
    """Draw what is said: the first class up to which the worker's row of the truth sums to more than chance."""
    W, K, _ = confusion.shape
    sums = confusion.cumsum(axis=2).reshape(W * K, K)
    said = np.empty(worker.size, dtype=np.int32)
    steps = [1 << power for power in reversed(range(max(K - 1, 1).bit_length()))]
    for at in range(0, worker.size, _HELD):
        part = slice(at, at + _HELD)
        start = (worker[part].astype(np.int64) * K + true[part]) * K
        chance = rng.random(start.size)
        below = np.zeros(start.size, dtype=np.int64)  # classes that are passed, by halving
        for step in steps:
            further = np.minimum(below + step, K - 1)
            passed = (sums.ravel()[start + further - 1] <= chance) & (below + step <= K - 1)
            below = np.where(passed, further, below)
        said[part] = below
    return said


def _ids(sign: str, number: int) -> tuple[str, ...]:
    """Names whose order is that of their numbers."""
    width = len(str(max(number - 1, 0)))
    return tuple(f"{sign}{code:0{width}}" for code in range(number))


def _strength(noise: Floats, truth: Codes, base: Floats, accuracy: float) -> float:
    """Find by halving how strong a signal gives this accuracy."""
    least = float(np.exp(base).max())
    if not least <= accuracy < 1:
        raise InvalidSimulation(
            f"The accuracy of a model is {accuracy}; it must lie from that of always saying the commonest class, "
            f"{least:.3f}, to below 1."
        )
    low, high = 0.0, 40.0
    for _ in range(40 if truth.size else 0):
        middle = (low + high) / 2
        hit = (_scores(noise, truth, base, middle).argmax(axis=1) == truth).mean()
        low, high = (middle, high) if hit < accuracy else (low, middle)
    return (low + high) / 2


def _scores(noise: Floats, truth: Codes, base: Floats, strength: float) -> Floats:
    scores = base + strength * noise
    scores[np.arange(truth.size), truth] += strength**2
    return np.asarray(scores)


def _posterior(noise: Floats, truth: Codes, base: Floats, strength: float) -> Floats:
    scores = _scores(noise, truth, base, strength)
    scores -= scores.max(axis=1, keepdims=True)
    shares = np.exp(scores)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
