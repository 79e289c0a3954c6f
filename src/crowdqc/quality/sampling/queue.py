"""Several ways of choosing in one queue, no item twice, with a random slice that keeps the estimate fair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Codes, Flags, Floats, brief
from crowdqc.quality.parameters import check_number
from crowdqc.quality.sampling.pool import Pool
from crowdqc.quality.sampling.ranking import Ranking, Sampler
from crowdqc.quality.sampling.registry import sampler, written
from crowdqc.quality.sampling.uniform import Uniform

#: The name of the random slice among the samplers of a queue.
RANDOM = "random"


class InvalidQueue(Invalid):
    """Such a queue cannot be made."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sampler in a queue, under a name of its own, with its share of what is not random.

    Shares are relative: 2 and 1 are two thirds and one third. A part whose share is 0 is not asked.
    """

    name: str
    sampler: Sampler
    share: float = 1.0

    def __post_init__(self) -> None:
        check_number(self, "share")
        if not isinstance(self.name, str) or self.name in ("", RANDOM):
            raise InvalidQueue(f"{self.name!r} cannot name a part; {RANDOM!r} is the random slice.")


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Queue:
    """Items in the order in which to look at them.

    Attributes
    ----------
    item
        int32[q], no item twice.
    names
        Of the samplers, "random" first.
    chosen
        bool[q, S]: which samplers chose an item; `chosen[:, 0]` is the random slice.
    reasons
        For each item the reason of each sampler that chose it, by its name.
    n_free
        Items that nobody had looked at: from these the random slice is drawn.
    missing
        Places that stay empty: the samplers had no more to say.
    """

    item: Codes
    names: tuple[str, ...]
    chosen: Flags
    reasons: tuple[Mapping[str, str], ...]
    n_free: int
    missing: int

    def __len__(self) -> int:
        return int(self.item.size)

    @property
    def random(self) -> Flags:
        """Tell the random slice, bool[q]: the items of which the share of errors can be told without bias."""
        return self.chosen[:, 0]

    @property
    def chance(self) -> float:
        """The probability with which each free item was to be in the random slice, whatever else chose it."""
        return float(self.random.sum() / self.n_free) if self.n_free else 0.0


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """What a queue is made of.

    The random slice is drawn first among all items that nobody has looked at, and is a simple random sample of
    them, whatever the samplers say. Then the samplers choose in turns, the one that is farthest behind its share
    first. A sampler passes over what is in the queue already; that it chose it as well is noted, and costs none of
    its share. One that has no more to say leaves its places to the others. At the end random and chosen items are
    shuffled into each other, each kind in its own order: who reviews does not know which is which, and who stops
    early has looked at a fair sample so far.

    Parameters
    ----------
    parts
        Samplers with their shares; without any, the whole queue is random.
    random
        Share of the queue that is random, 0.1 to 0.25: to the nearest whole number of items, at least one.

    Examples
    --------
    >>> from crowdqc.quality.sampling import LowConfidence, TeacherDisagreement
    >>> student = [[sure, 1 - sure] for sure in (0.99, 0.52, 0.9, 0.6, 0.8, 0.7)]
    >>> pool = Pool.of(6, student=student, teacher=[[0.1, 0.9], *[[0.9, 0.1]] * 5])
    >>> plan = QueuePlan.of({"unsure": LowConfidence(), "teacher": TeacherDisagreement()})
    >>> queue = plan.build(pool, size=3, seed=1)
    >>> for item, reasons in zip(queue.item.tolist(), queue.reasons):
    ...     print(item, reasons)
    1 {'random': 'drawn by chance among 6 items', 'unsure': 'the model is unsure: class 0 0.52, class 1 0.48'}
    3 {'unsure': 'the model is unsure: class 0 0.60, class 1 0.40'}
    0 {'teacher': 'the teacher says class 1 (0.90), the model class 0 (0.99)'}
    """

    parts: tuple[Part, ...]
    random: float = 0.15

    def __post_init__(self) -> None:
        check_number(self, "random", low=0.1, high=0.25)
        names = [part.name for part in self.parts]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InvalidQueue(f"Two parts are named {twice!r}; give each a name of its own.", name=twice)
        if self.parts and not any(part.share for part in self.parts):
            raise InvalidQueue("All shares are 0; give one sampler a share.")

    @classmethod
    def of(cls, samplers: Mapping[str, Sampler], shares: Sequence[float] = (), random: float = 0.15) -> Self:
        """Make a plan of samplers by name, with equal shares where none are given."""
        given = list(shares) or [1.0] * len(samplers)
        if len(given) != len(samplers):
            raise InvalidQueue(f"There are {len(given)} shares for {len(samplers)} samplers.")
        return cls(tuple(map(Part, samplers, samplers.values(), given)), random)

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Make a plan of what `written` gave.

        >>> QueuePlan.read({"parts": [{"name": "near", "sampler": "outliers", "parameters": {"neighbours": 5}}]})
        QueuePlan(parts=(Part(name='near', sampler=Outliers(neighbours=5), share=1.0),), random=0.15)
        """
        try:
            parts = tuple(
                Part(each["name"], sampler(each["sampler"], each.get("parameters")), each.get("share", 1.0))
                for each in stored["parts"]
            )
        except (KeyError, TypeError, AttributeError) as fault:
            raise InvalidQueue(
                f"The plan of a queue cannot be read: {fault}.",
                mend='It has the form {"random": 0.15, "parts": [{"name": ..., "sampler": ..., "share": 1}]}.',
            ) from None
        return cls(parts, stored.get("random", 0.15))

    def written(self) -> dict[str, object]:
        """Write the plan as JSON can hold it."""
        parts = [{"name": part.name, "share": part.share, **written(part.sampler)} for part in self.parts]
        return {"random": self.random, "parts": parts}

    def shared(self, shares: Mapping[str, float]) -> QueuePlan:
        """Give the same plan with these shares by the names of its parts; who is not named has none."""
        return QueuePlan(tuple(Part(p.name, p.sampler, shares.get(p.name, 0.0)) for p in self.parts), self.random)

    def build(self, pool: Pool, size: int, seed: int) -> Queue:
        """Choose `size` items, or all where there are fewer.

        The same pool, plan and seed give the same queue. Each sampler's chance hangs on the seed and its own name:
        another one beside it changes none of its draws.

        Raises
        ------
        InvalidQueue
            A size that is none.
        MissingEvidence
            The pool lacks what a sampler with a share looks at.
        """
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InvalidQueue(f"size is {size!r}; it must be a whole number of items, at least 1.")
        n_free = int(pool.free().size)
        size = min(size, n_free)
        used = [part for part in self.parts if part.share]
        n_random = min(size, max(1, round(self.random * size))) if used else size
        rankings = [Uniform().rank(pool, _generator(seed, RANDOM))]
        rankings += [part.sampler.rank(pool, _generator(seed, part.name)) for part in used]
        who = _turns(rankings, np.array([part.share for part in used]), n_random, size)
        item = _shuffled(np.fromiter(who, dtype=np.int32, count=len(who)), n_random, _generator(seed, "order"))
        names = (RANDOM, *(part.name for part in used))
        chosen = np.zeros((item.size, len(names)), dtype=bool)
        for place, each in enumerate(item.tolist()):
            chosen[place, who[each]] = True
        reasons = tuple({names[s]: rankings[s].why(each) for s in who[each]} for each in item.tolist())
        return Queue(item, names, chosen, reasons, n_free, size - item.size)


def _turns(rankings: Sequence[Ranking], shares: Floats, n_random: int, size: int) -> dict[int, list[int]]:
    """Let the random slice and then the samplers choose: who chose each item, in the order of choosing."""
    who: dict[int, list[int]] = {item: [0] for item in rankings[0].top(n_random).tolist()}
    rest = [iter(ranking.item.tolist()) for ranking in rankings]
    places = np.ones(len(shares))
    while len(who) < size and np.isfinite(places).any():
        # who would still be least beyond its share with one place more
        turn = int((places / shares).argmin())
        for item in rest[turn + 1]:
            who.setdefault(item, []).append(turn + 1)
            if len(who[item]) == 1:
                places[turn] += 1
                break
        else:
            places[turn] = np.inf
    return who


def _shuffled(item: Codes, n_random: int, rng: np.random.Generator) -> Codes:
    """Put the first n at places that chance chooses, and the others between them, each kind in its own order."""
    at = np.zeros(item.size, dtype=bool)
    at[rng.permutation(item.size)[:n_random]] = True
    order = np.empty_like(item)
    order[at], order[~at] = item[:n_random], item[n_random:]
    return order


def _generator(seed: int, name: str) -> np.random.Generator:
    """Make a generator of a seed and a name."""
    return np.random.default_rng([seed, int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")])
