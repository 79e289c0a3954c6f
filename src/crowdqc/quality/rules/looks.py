"""How sure a rule is of a share that it looks at again and again.

`one_look`: the Jeffreys interval of what is in the window, good for one look. A rule is asked after every answer,
and among many looks one deceives.

`anytime`: intervals that hold at all looks together, since the beginning or the last action. Whoever at every
answer has at least the chance that is asked for (or at most, for rules on much) is *ever* acted on with a chance
of at most (1 - level) / 2, whatever else happens. Without a window this is the confidence sequence of a share. A
window that has left answers behind is another look at another stretch, and there are as many stretches as answers.
So half of the error is kept for the first stretch, and the rest is shared out among those that begin later: a
stretch that begins after s answers, 2^k <= s < 2^(k + 1), gets 2^-k / ((k + 1) (k + 2)) of it, which together is
all of it. A window of the last n answers alone is then looked at when it holds n, no more and no less: there the
exact interval of one look (Clopper and Pearson) will do. Where days count too it is a confidence sequence from its
own beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.arrays import Counts, Flags, Floats
from crowdqc.quality.confidence_sequences import fixed_interval, share_interval, surely_above, surely_below
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.rules.conditions import Condition
from crowdqc.quality.rules.windows import Window

Interval = Literal["anytime", "one_look"]
#: The shape of the confidence sequence: close for shares in the middle, where rules look.
_SHAPE = 1.0


@dataclass(frozen=True, slots=True)
class Looks:
    """How a rule doubts shares.

    Attributes
    ----------
    sure
        Whether the interval decides, and not the share.
    level
    interval
    window
    """

    sure: bool = True
    level: float = 0.95
    interval: Interval = "one_look"
    window: Window = Window()  # noqa: RUF009 (it is frozen)

    def stretches(self, passed: ArrayLike) -> Counts:
        """Number the stretches by what is kept for them: 0 for the first, k + 1 for those from 2^k answers on.

        >>> Looks(interval="anytime", window=Window(20)).stretches([0, 1, 2, 3, 4, 100]).tolist()
        [0, 1, 2, 2, 3, 7]
        """
        behind = np.asarray(passed, dtype=np.int64)
        if self.interval == "one_look" or self._endless:
            return np.zeros_like(behind)
        return np.where(behind > 0, np.frexp(np.maximum(behind, 1).astype(np.float64))[1], 0).astype(np.int64)

    def levels(self, stretch: ArrayLike) -> Floats:
        """Give the level of intervals in stretches.

        >>> Looks(interval="anytime").levels([0]).round(4).tolist()
        [0.95]
        >>> Looks(interval="anytime", window=Window(20)).levels([0, 1, 2, 3]).round(4).tolist()
        [0.975, 0.9875, 0.9979, 0.9995]
        """
        k = np.asarray(stretch, dtype=np.float64) - 1
        if self._endless:
            return np.full(k.shape, self.level)
        later = 0.5 * np.exp2(-k) / ((k + 1) * (k + 2) + (k < 0))
        return np.asarray(1 - (1 - self.level) * np.where(k < 0, 0.5, later))

    def ends(self, hits: ArrayLike, counts: ArrayLike, stretch: ArrayLike = 0) -> tuple[Floats, Floats]:
        """Give the intervals of shares, one look's or those that hold at every look."""
        if self.interval == "one_look":
            return beta_interval(hits, counts, self.level)
        stretch = np.broadcast_to(stretch, np.shape(counts))
        level = self.levels(stretch)
        low, high = share_interval(hits, counts, level, shape=_SHAPE)
        if not self.full or not (stretch > 0).any():
            return low, high
        once = fixed_interval(hits, counts, level)
        return np.where(stretch > 0, once[0], low), np.where(stretch > 0, once[1], high)

    def holds(self, condition: Condition, hits: Counts, counts: Counts, stretch: int = 0) -> Flags:
        """Tell whether a condition on the share holds, without the ends where they take long to find."""
        share = np.divide(hits, counts, out=np.full(counts.shape, np.nan), where=counts > 0)
        if not self.sure:
            return condition.holds(share, share, share)
        inside = 0 < condition.value < 1
        if self.interval == "one_look" or not inside or (stretch > 0 and self.full):
            return condition.holds(share, *self.ends(hits, counts, stretch))
        ask = surely_below if condition.small else surely_above
        half = (1 + self.levels(stretch)) / 2  # of the error is for this end
        return ask(hits, counts, condition.value, half, shape=_SHAPE)

    @property
    def full(self) -> bool:
        """Whether a window that has left answers behind always holds as many."""
        return self.window.answers is not None and self.window.days is None

    @property
    def _endless(self) -> bool:
        return self.window.answers is None and self.window.days is None
