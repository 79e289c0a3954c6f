"""What an order is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality import Judgement
from crowdqc.records.queue import By

Ranks = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a run says of items, one entry an item."""

    #: Normalised entropy of the posterior, from 0 (certain) to 1.
    entropy: NDArray[np.float64]
    #: What one more answer is expected to save beyond its price; 0 where nobody reckoned it.
    saving: NDArray[np.float64]

    @classmethod
    def of(cls, judgement: Judgement) -> Judged:
        saving = judgement.saving
        entropy = judgement.items.entropy
        return cls(entropy, np.zeros(len(entropy)) if saving is None else np.nan_to_num(saving))


def _first(priority: int, chance: random.Random) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Order:
    """One order: by its name in a plan, in words, and the ranks that it gives."""

    name: str
    words: str
    #: The rank of an item that comes in, by its priority.
    arriving: Callable[[int, random.Random], int] = _first
    #: What the rank goes by, where it is read off the item; by places it goes up with each one that is taken.
    by: By = By.NOTHING
    #: The ranks after a run, where its judgement says them.
    judged: Callable[[Judged], Ranks] | None = None
    #: For these a run has to reckon what one more answer saves.
    by_saving: bool = False
