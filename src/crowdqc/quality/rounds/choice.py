"""Which items a round looks at: the queue, and where each stands among the confident mistakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from crowdqc.quality.arrays import Codes, Flags, brief
from crowdqc.quality.rounds.plan import SUSPECTS, RoundPlan
from crowdqc.quality.sampling import Pool
from crowdqc.quality.sampling.ranking import Ranking
from crowdqc.quality.sampling.yields import Yields


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Items in the order in which to look at them.

    Attributes
    ----------
    item
        int32[q], codes.
    names
        Of the samplers, "random" first.
    chosen
        bool[q, S], which samplers chose each.
    reasons
        Of each item, by the samplers' names.
    suspect
        int32[q], its place among all confident mistakes, from 0; -1 where nothing can be said.
    suggested
        int32[q], the model's likeliest class; -1 without a prediction.
    draw
        int32[q], its place in the random sample, from 0; -1 outside of it.
    n_free
        Labels that nobody had looked at before, from which the random sample was drawn.
    """

    item: Codes
    names: tuple[str, ...]
    chosen: Flags
    reasons: tuple[Mapping[str, str], ...]
    suspect: Codes
    suggested: Codes
    draw: Codes
    n_free: int

    def __len__(self) -> int:
        return int(self.item.size)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A sampler that has ranked already."""

    ranking: Ranking

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        return self.ranking


def choose(plan: RoundPlan, pool: Pool, seed: int, before: Sequence[Yields] = ()) -> Choice:
    """Choose the items of a round; the same pool, plan, seed and earlier yields give the same.

    Raises
    ------
    MissingEvidence
        The pool lacks what a sampler looks at.

    Examples
    --------
    >>> said = [[0.9, 0.1], [0.8, 0.2], [0.05, 0.95], [0.2, 0.8], [0.3, 0.7]] * 20
    >>> label = [0, 0, 0, 1, 1] + [0, 0, 1, 1, 1] * 19
    >>> plan = RoundPlan.of({"size": 10, "stop": {"top": 3}})
    >>> found = choose(plan, Pool.of(100, label=label, student=said), seed=1)
    >>> len(found), int((found.draw >= 0).sum()), 2 in found.item, found.n_free
    (10, 2, True, 100)
    """
    part = next(part for part in plan.queue.parts if part.name == SUSPECTS)
    # Ranked once: of a million labels it is most of the work.
    ranking = part.sampler.rank(pool, np.random.default_rng(seed))
    shared = plan.shared(before).queue
    ranked = [replace(each, sampler=_Ranked(ranking)) if each.name == SUSPECTS else each for each in shared.parts]
    queue = replace(shared, parts=tuple(ranked)).build(pool, plan.size, seed)
    place = np.full(pool.n_items, -1, dtype=np.int32)
    place[ranking.item] = np.arange(len(ranking), dtype=np.int32)
    said = np.full(pool.n_items, -1, dtype=np.int32)
    if pool.student is not None:
        said[pool.student.item] = pool.student.probabilities.argmax(axis=1)
    draw = np.where(queue.random, np.cumsum(queue.random) - 1, -1).astype(np.int32)
    return Choice(
        item=queue.item,
        names=queue.names,
        chosen=queue.chosen,
        reasons=queue.reasons,
        suspect=place[queue.item],
        suggested=said[queue.item],
        draw=draw,
        n_free=queue.n_free,
    )
