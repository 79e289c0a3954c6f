"""What is known of each item when it is decided whether to ask on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Counts, Floats, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.items import InvalidMatrix
from crowdqc.quality.overlap.skills import accuracy_by_gold, accuracy_by_others
from crowdqc.quality.overlap.worker_groups import WorkerGroups
from crowdqc.quality.votes import Votes


class InvalidStanding(Invalid):
    """What is known of the items and workers does not fit the votes."""


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """The answers so far and what was made of them; build it with `of`.

    Attributes
    ----------
    votes, consensus
    answered
        int64[n_items], workers who answered.
    gold
        Which labels are accepted of items whose truth is known; None where nothing is.
    accuracy
        float64[n_workers], from 0 to 1, how often each worker is right; None: `accuracies` estimates it.
    crowd
        Who may be asked next; None: `groups` estimates it.
    draws
        float64[n_items], a number from 0 to 1 that belongs to the item by chance and stays the same from one
        decision to the next, such as `routing.audit_draws` of its id; None: there is no sample.
    baseline
        float64[n_items, K], log odds that a model's prediction adds to a class; None: no model speaks.
    """

    votes: Votes
    consensus: Consensus
    answered: Counts
    gold: Gold | None = None
    accuracy: Floats | None = None
    crowd: WorkerGroups | None = None
    draws: Floats | None = None
    baseline: Floats | None = None

    @classmethod
    def of(
        cls,
        votes: Votes,
        consensus: Consensus,
        gold: Gold | None = None,
        *,
        accuracy: ArrayLike | None = None,
        crowd: WorkerGroups | ArrayLike | None = None,
        draws: ArrayLike | None = None,
        baseline: ArrayLike | None = None,
    ) -> Self:
        """Read what is known; a crowd may be one table for anybody, float64[K, K].

        Raises
        ------
        InvalidStanding
            Something has not the shape that it must have, or is out of its range.
        InvalidMatrix
            The crowd's table is no table of probabilities of as many classes.
        """
        n, K = consensus.posterior.shape
        if (n, K) != (votes.n_items, votes.n_classes):
            raise InvalidStanding(f"The consensus has {n} items and {K} classes; the votes have others.")
        return cls(
            votes,
            consensus,
            np.bincount(votes.item[votes.opens_group()], minlength=n),
            gold,
            None if accuracy is None else _read("accuracy", accuracy, (votes.n_workers,), high=1.0),
            None if crowd is None else _groups(crowd, K),
            None if draws is None else _read("draws", draws, (n,), high=1.0),
            None if baseline is None else _read("baseline", baseline, (n, K), low=-np.inf),
        )

    def accuracies(self) -> Floats:
        """Give how often each worker is right, float64[n_workers]: given, else on gold, else by the others."""
        if self.accuracy is not None:
            return self.accuracy
        if self.gold is not None and self.gold.known[self.votes.item].any():
            return accuracy_by_gold(self.votes, self.gold)
        return accuracy_by_others(self.votes, self.consensus)

    def groups(self, number: int) -> WorkerGroups:
        """Give who may be asked next: as given, else so many groups by the answers so far."""
        return WorkerGroups.of(self.votes, self.consensus, number) if self.crowd is None else self.crowd


def _groups(crowd: WorkerGroups | ArrayLike, K: int) -> WorkerGroups:
    groups = crowd if isinstance(crowd, WorkerGroups) else WorkerGroups.alike(crowd)
    if groups.n_classes != K:
        raise InvalidMatrix(f"The crowd has {groups.n_classes} classes; these votes have {K}.")
    return groups


def _read(name: str, given: ArrayLike, shape: tuple[int, ...], low: float = 0.0, high: float = np.inf) -> Floats:
    table = np.asarray(given, dtype=np.float64)
    if table.shape != shape:
        raise InvalidStanding(f"{name} has the shape {table.shape}; these votes need {shape}.", name=name)
    if not (np.isfinite(table) & (table >= low) & (table <= high)).all():
        raise InvalidStanding(f"{name} must be finite numbers from {low:g} to {high:g}.", name=name)
    return table
