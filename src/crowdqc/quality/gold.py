"""The truth that is known beforehand: which labels are accepted of which items."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Flags, Floats
from crowdqc.quality.votes import Votes


class InvalidGold(Invalid):
    """The gold does not fit the votes."""


@dataclass(frozen=True, slots=True, eq=False)
class Gold:
    """Accepted labels of items; an item may accept several.

    Attributes
    ----------
    accepted
        bool[n_items, K]; a row without any True is an item whose truth is not known.
    """

    accepted: Flags

    @classmethod
    def none(cls, votes: Votes) -> Self:
        """No item's truth is known."""
        return cls(np.zeros((votes.n_items, votes.n_classes), dtype=bool))

    @classmethod
    def of(cls, votes: Votes, truth: Mapping[Any, str | Collection[str]]) -> Self:
        """Read a mapping from item id to the accepted label, or to several.

        Raises
        ------
        InvalidGold
            An item or a label that the votes do not know: name it in `all_items` or `classes`.

        Examples
        --------
        >>> votes = Votes.of(["a", "b"], ["ann", "ann"], ["cat", "dog"])
        >>> Gold.of(votes, {"b": ["dog", "cat"]}).accepted.tolist()
        [[False, False], [True, True]]
        """
        gold = cls.none(votes)
        if not truth:
            return gold
        item_code = {item: code for code, item in enumerate(votes.items)}
        class_code = {name: code for code, name in enumerate(votes.classes)}
        for item, labels in truth.items():
            if item not in item_code:
                raise InvalidGold(f"The gold item {item!r} is not among the items.", item=item)
            for label in (labels,) if isinstance(labels, str) else labels:
                if label not in class_code:
                    known = ", ".join(map(repr, votes.classes))
                    raise InvalidGold(f"The gold label {label!r} of item {item!r} is not a class. Known: {known}.")
                gold.accepted[item_code[item], class_code[label]] = True
        return gold

    @property
    def known(self) -> Flags:
        """Whether an item's truth is known, bool[n_items]."""
        return np.asarray(self.accepted.any(axis=1))

    def clamp(self, log_scores: Floats) -> Floats:
        """Restrict gold items to their accepted labels, float64[n_items, K]; a copy where there is gold.

        Where all accepted labels have no score at all they become equally likely.
        """
        known = self.known
        if not known.any():
            return log_scores
        clamped = log_scores.copy()
        rows = np.where(self.accepted[known], log_scores[known], -np.inf)
        void = ~np.isfinite(rows).any(axis=1)
        rows[void] = np.where(self.accepted[known][void], 0.0, -np.inf)
        clamped[known] = rows
        return clamped
