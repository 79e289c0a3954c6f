"""The answers to gold, one row each: what the rest of the room looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes


@brief
@dataclass(frozen=True, slots=True, eq=False)
class GoldAnswers:
    """G gold items, and the n answers to them: the first of each worker to each.

    Attributes
    ----------
    item
        int32[G], codes of the gold items, rising.
    accepted
        bool[G, K], their accepted labels.
    truth
        float64[G, K], which of the accepted labels is true, by the consensus; rows sum to 1.
    row
        int64[n], the answers by their place among the votes, sorted by item.
    place
        int64[n], which gold item each is to: 0 is the first of `item`.
    worker, label
        int32[n].
    right
        bool[n], whether the label is accepted.
    n_workers
        Of the votes.
    """

    item: Codes
    accepted: Flags
    truth: Floats
    row: Counts
    place: Counts
    worker: Codes
    label: Codes
    right: Flags
    n_workers: int

    @classmethod
    def of(cls, votes: Votes, consensus: Consensus, gold: Gold) -> Self:
        """Find the answers to gold."""
        known = gold.known
        item = np.flatnonzero(known).astype(np.int32)
        accepted = gold.accepted[item]
        truth = np.where(accepted, consensus.posterior[item], 0.0)
        truth[truth.sum(axis=1) <= 0] = accepted[truth.sum(axis=1) <= 0]
        row = np.flatnonzero(known[votes.item] & votes.opens_group())
        place = (np.cumsum(known) - 1)[votes.item[row]]
        return cls(
            item=item,
            accepted=accepted,
            truth=truth / np.maximum(truth.sum(axis=1, keepdims=True), 1e-300),
            row=row,
            place=place.astype(np.int64),
            worker=votes.worker[row],
            label=votes.label[row],
            right=accepted[place, votes.label[row]],
            n_workers=votes.n_workers,
        )

    def __len__(self) -> int:
        return int(self.row.size)

    @property
    def n_items(self) -> int:
        return int(self.item.size)

    @property
    def n_classes(self) -> int:
        return int(self.accepted.shape[1])

    @property
    def alike(self) -> Codes:
        """The class whose other items an item is compared with, int32[G]: the likeliest of its accepted labels."""
        return self.truth.argmax(axis=1).astype(np.int32) if self.n_classes else np.zeros(self.n_items, np.int32)

    def per_item(self, values: Floats | Flags | None = None) -> Floats:
        """Sum over the answers to each gold item, float64[G]; without values, count them."""
        return np.bincount(self.place, weights=values, minlength=self.n_items).astype(np.float64)

    def per_worker(self, values: Floats | Flags | None = None) -> Floats:
        """Sum over the answers of each worker to gold, float64[n_workers]; without values, count them."""
        return np.bincount(self.worker, weights=values, minlength=self.n_workers).astype(np.float64)
