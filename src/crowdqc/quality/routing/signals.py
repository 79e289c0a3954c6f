"""The signals that a policy may speak of: what each means, its range, and its values for every item."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.arrays import Floats, brief
from crowdqc.quality.items import ItemScores
from crowdqc.quality.predictions import Contradictions

_NO_WORDS: Mapping[int, str] = MappingProxyType({})


class InvalidSignals(Invalid):
    """A signal is missing or has the wrong length."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a signal means and where it can lie; `high` is None where it has no bound."""

    meaning: str
    unit: str
    words: str
    low: float = 0.0
    high: float | None = 1.0
    #: In whole numbers, so that words show no decimals.
    whole: bool = False


#: Every signal, by the name that a policy uses.
SIGNALS: Mapping[str, Signal] = {
    "agreement": Signal("Share of pairs of workers who say the same of the item.", "share", "agreement"),
    "plurality": Signal(
        "Share of the workers who gave the commonest answer.", "share", "share of the commonest answer"
    ),
    "confidence": Signal("Probability of the consensus label.", "probability", "confidence"),
    "margin": Signal("Confidence less the probability of the next best label.", "probability", "margin", low=-1.0),
    "entropy": Signal("Entropy of the posterior as a share of the greatest possible.", "share", "entropy"),
    "tied": Signal("1 where two labels are equally good, else 0.", "0 or 1", "the answers are tied", whole=True),
    "answers": Signal("Workers who answered the item.", "workers", "answers", high=None, whole=True),
    "contradiction": Signal(
        "Probability of the surest model that says something else.", "probability", "contradiction"
    ),
    "saving": Signal(
        "What one more answer, and those that it may call for, are expected to save beyond their price.",
        "cost",
        "expected saving by one more answer",
        low=-1e12,
        high=None,
    ),
    "expert_saving": Signal(
        "What an expert's decision is expected to save beyond its price.",
        "cost",
        "expected saving by an expert",
        low=-1e12,
        high=None,
    ),
    "reports": Signal(
        "Workers who reported a problem with the item.", "workers", "reports", high=None, whole=True
    ),
    "audit": Signal(
        "A draw from 0 to 1, fixed by seed and item: below 0.05 is a random 5%.", "share", "audit draw"
    ),
}


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """The signals of every item.

    Attributes
    ----------
    values
        Name to float64[n_items]; NaN where an item has no such signal. A name that is absent is unknown of all.
    words
        Name to item code to words that say more than the number does.
    n_items
        Number of items.
    """

    n_items: int
    values: Mapping[str, Floats]
    words: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, value in self.values.items():
            if name not in SIGNALS or value.shape != (self.n_items,):
                raise InvalidSignals(
                    f"The signal {name!r} of shape {value.shape} is not one of {self.n_items} items."
                )

    @classmethod
    def of(
        cls,
        items: ItemScores,
        *,
        classes: Sequence[str],
        contradictions: Contradictions | None = None,
        reports: NDArray[np.int64] | None = None,
        audit: Floats | None = None,
        savings: Mapping[str, Floats] | None = None,
    ) -> Self:
        """Gather the signals of scored items; `classes` names the labels in the words of a contradiction."""
        n = items.label.size
        found = Contradictions.none() if contradictions is None else contradictions
        values = {
            "agreement": items.agreement,
            "plurality": items.plurality,
            "confidence": items.confidence,
            "margin": items.margin,
            "entropy": np.where(items.label < 0, np.nan, items.entropy),
            "tied": items.tied.astype(np.float64),
            "answers": items.answers.astype(np.float64),
            "contradiction": found.strongest(n),
            "reports": np.zeros(n) if reports is None else np.asarray(reports, dtype=np.float64),
        }
        if audit is not None:
            values["audit"] = audit
        values |= savings or {}
        spoken = {
            int(found.item[row]): (
                f"model {found.models[found.model[row]]} is {found.probability[row]:.2f} sure of "
                f"'{classes[found.label[row]]}', the workers say '{classes[items.label[found.item[row]]]}'"
            )
            for row in found.first()
        }
        return cls(n, values, {"contradiction": spoken})

    def of_name(self, name: str) -> Floats:
        """Values of a signal, NaN throughout where it is unknown."""
        known = self.values.get(name)
        return np.full(self.n_items, np.nan) if known is None else known

    def words_of(self, name: str, item: int) -> str | None:
        return self.words.get(name, _NO_WORDS).get(item)


def audit_draws(items: Sequence[Hashable], seed: int) -> Floats:
    """Draw a number in [0, 1) for each item, fixed by seed and id: the same whatever else is in the project.

    >>> audit_draws(["a", "b"], 1).round(3).tolist() == audit_draws(["b", "a"], 1).round(3).tolist()[::-1]
    True
    """
    digests = b"".join(hashlib.blake2b(f"{seed}/{item}".encode(), digest_size=8).digest() for item in items)
    # the upper 53 bits: all that a float keeps, so that 1 is never reached
    return (np.frombuffer(digests, dtype=">u8") >> 11).astype(np.float64) / 2.0**53
