"""What is thought of an item before any answer: shares of the classes, learned, uniform or given; or gold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from crowdqc.quality.arrays import Codes, Floats, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.logs import safe_log
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.votes import Votes

#: "learned" from the items whose truth is not known, "uniform", or K probabilities.
Prior = Literal["learned", "uniform"] | Sequence[float]


@brief
@dataclass(frozen=True, slots=True, eq=False)
class ClassPrior:
    """The rows that items start from, and which item starts from which.

    Attributes
    ----------
    kind
        int32[n_items], each item's row: 0 is the class prior, 1 the uniform one of items that nobody answered,
        then come the sets of accepted labels of gold.
    fixed
        float64[kinds, K], the rows; row 0 is the first class prior.
    drawn
        float64[n_items], 1 for items that the class prior is learned from: answered, and not gold, for gold is
        chosen, not drawn, and says nothing of the rest.
    learns
        Whether it is learned at all.
    items
        Pseudo-items of each class, so that a class is not ruled out because nobody has named it yet.
    """

    kind: Codes
    fixed: Floats
    drawn: Floats
    learns: bool
    items: float

    @classmethod
    def of(cls, votes: Votes, gold: Gold, prior: Prior, items: float) -> ClassPrior:
        """Read the class prior for these votes; raises `InvalidParameter`."""
        K, known = votes.n_classes, gold.known
        drawn = (votes.answers_per_item() > 0) & ~known
        first = first_prior(prior, K)
        uniform = np.full(K, 1 / max(K, 1))
        kind = np.where(drawn, 0, 1).astype(np.int32)
        rows = [first, uniform]
        if known.any():
            accepted, which = np.unique(gold.accepted[known], axis=0, return_inverse=True)
            kind[known] = which.reshape(-1) + 2
            rows.extend(accepted.astype(np.float64))
        learns = isinstance(prior, str) and prior == "learned" and bool(drawn.any())
        return cls(kind, np.array(rows), drawn.astype(np.float64), learns, items)

    def learn(self, posterior: Floats) -> tuple[Floats, float]:
        """Give the rows for the next expectation step, and the log density of the class prior among them."""
        return self.counted(self.drawn @ posterior) if self.learns else (self.fixed, 0.0)

    def counted(self, shares: Floats) -> tuple[Floats, float]:
        """Do the same from the sum of the posteriors of the drawn items, float64[K]."""
        if not self.learns:
            return self.fixed, 0.0
        shares = shares + self.items
        rows = self.fixed.copy()
        rows[0] = shares / shares.sum()
        return rows, self.items * float(safe_log(rows[0]).sum())


def first_prior(prior: Prior, K: int) -> Floats:
    """Give the class prior before the first iteration, float64[K]."""
    if isinstance(prior, str):
        return np.full(K, 1 / max(K, 1))
    given = np.asarray(prior, dtype=np.float64)
    if given.shape != (K,) or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
        raise InvalidParameter(f"class_prior must be {K} numbers, one a class, not below 0 and not all 0.")
    return np.asarray(given / given.sum())


def check_prior(prior: Prior) -> None:
    """Refuse a word that is no way to come by a class prior."""
    if isinstance(prior, str) and prior not in ("learned", "uniform"):
        raise InvalidParameter(f"class_prior is {prior!r}; say 'learned', 'uniform' or K numbers.")
