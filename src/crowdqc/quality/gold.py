"""The truth that is known beforehand: which labels are accepted of which items."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality import frames
from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.votes import Votes, check_votes

#: The accepted label of each item, or several.
Truth = Mapping[Any, str | Collection[str]]


class InvalidGold(Invalid):
    """The gold does not fit the votes."""


@brief
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
    def given(cls, votes: Votes, gold: Gold | Truth | None) -> Gold:
        """Take gold as it is given to a fit: as `Gold`, as a mapping as in `of`, or None for none.

        Raises
        ------
        InvalidVotes
            The votes are no `Votes`.
        InvalidGold
            The gold is that of other votes, or is neither gold nor a mapping.
        """
        if gold is None or not isinstance(gold, Gold):
            return cls.none(votes) if gold is None else cls.of(votes, gold)
        check_votes(votes)
        if gold.accepted.shape != (votes.n_items, votes.n_classes):
            raise InvalidGold(
                f"The gold is that of {len(gold.accepted)} items and {gold.accepted.shape[1]} classes; the votes "
                f"have {votes.n_items} and {votes.n_classes}.",
                mend="Read it for these very votes: Gold.of(votes, {item: label}).",
            )
        return gold

    @classmethod
    def none(cls, votes: Votes) -> Self:
        """No item's truth is known."""
        check_votes(votes)
        return cls(np.zeros((votes.n_items, votes.n_classes), dtype=bool))

    @classmethod
    def of(cls, votes: Votes, truth: Truth) -> Self:
        """Read a mapping from item id to the accepted label, or to several.

        Labels become text as those of votes do: 1 and 1.0 are "1", True is "true".

        Raises
        ------
        InvalidGold
            An item or a label that the votes do not know: name it in `all_items` or `classes`. A label that is
            missing, or something that is no mapping.

        Examples
        --------
        >>> votes = Votes.of(["a", "b"], ["ann", "ann"], ["cat", "dog"])
        >>> Gold.of(votes, {"b": ["dog", "cat"]}).accepted.tolist()
        [[False, False], [True, True]]
        """
        gold = cls.none(votes)
        if not isinstance(truth, Mapping):
            raise InvalidGold(
                f"A {type(truth).__name__} is no mapping from item to label.",
                mend="Give a mapping: Gold.of(votes, dict(zip(items, labels))).",
            )
        if not truth:
            return gold
        item_code = {item: code for code, item in enumerate(votes.items)}
        class_code = {name: code for code, name in enumerate(votes.classes)}
        for item, labels in truth.items():
            if item not in item_code:
                raise InvalidGold(f"The gold item {item!r} is not among the items.", item=item)
            for label in _listed(item, labels):
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


def _listed(item: Any, labels: Any) -> list[str]:
    """Give the accepted labels of an item as text."""
    given = labels if isinstance(labels, Collection) and not isinstance(labels, str) else [labels]
    try:
        if any(map(frames.is_missing, given)):
            raise TypeError
        return [frames.text(label) for label in given]
    except TypeError:
        raise InvalidGold(
            f"The gold label of item {item!r} is {labels!r}; it must be text, or several texts.",
            mend="Leave items out whose label is not known.",
            item=item,
        ) from None
