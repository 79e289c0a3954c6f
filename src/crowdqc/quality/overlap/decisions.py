"""What is to happen with each item: one more answer, none, or an expert; with the figures and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Flags, Floats, brief

Action = Literal["enough", "ask", "expert"]
#: Actions by code.
ACTIONS: tuple[Action, ...] = get_args(Action)
ENOUGH, ASK, EXPERT = range(3)

#: Reasons by code, and what they say of an item.
_WORDS = {
    "gold": "its truth is known",
    "minimum": "fewer answers than the minimum of {least}",
    "sample": "drawn by chance to be asked up to the maximum of {most}",
    "maximum": "the maximum of {most} answers is reached",
    "fixed": "all of the {most} answers are there",
    "sure": "confidence {confidence:.2f} is not below {limit:.2f}",
    "unsure": "confidence {confidence:.2f} is below {limit:.2f}",
    "pays": "to ask on is expected to cost {ask:.3g}, to stop {stop:.3g}",
    "does not pay": "to stop is expected to cost {stop:.3g}, to ask on {ask:.3g}",
    "expert": "an expert is expected to cost {expert:.3g}, to stop {stop:.3g}, to ask on {ask:.3g}",
    "expert at the maximum": "an expert is expected to cost {expert:.3g}, to stop {stop:.3g}; no answer is left",
}
REASONS = tuple(_WORDS)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """One entry an item.

    Attributes
    ----------
    action
        int8[n_items], codes into `ACTIONS`.
    reason
        int8[n_items], codes into `REASONS`.
    overlap
        int32[n_items], answers that the item is to have: those that there are, and one more where asked.
    confidence
        float64[n_items], that of the leading label as the rule reckons it; NaN where it does not.
    stop, ask, expert
        float64[n_items], what is expected to be paid from here on, for answers, experts and mistakes: where one
        stops, where one asks once more and goes on as is best, where an expert decides. Infinite where that
        cannot be done, NaN where the rule does not reckon it.
    gain
        float64[n_items], by how much a single answer lowers the expected cost of mistakes; NaN likewise.
    least, most, limit
        The rule's minimum and maximum overlap, and its threshold of confidence, NaN where it has none.
    """

    action: NDArray[np.int8]
    reason: NDArray[np.int8]
    overlap: Codes
    confidence: Floats
    stop: Floats
    ask: Floats
    expert: Floats
    gain: Floats
    least: int
    most: int
    limit: float = float("nan")

    def names(self) -> list[Action]:
        return [ACTIONS[code] for code in self.action]

    def taking(self, action: Action) -> NDArray[np.int64]:
        """Items of that action, those first where it saves most against stopping, else in their order."""
        items = np.flatnonzero(self.action == ACTIONS.index(action))
        instead = self.expert if action == "expert" else self.ask
        saved = np.where(np.isfinite(self.stop[items]), self.stop[items] - instead[items], 0.0)
        return items[np.argsort(-saved, kind="stable")]

    def words(self, item: int) -> str:
        """Say why, of the item with this code."""
        figures = {name: float(getattr(self, name)[item]) for name in ("confidence", "stop", "ask", "expert")}
        words = _WORDS[REASONS[self.reason[item]]]
        return words.format(**figures, least=self.least, most=self.most, limit=self.limit)


def bounded(
    answered: NDArray[np.int64], known: Flags, drawn: Flags, least: int, most: int
) -> tuple[NDArray[np.int8], NDArray[np.int8], Flags]:
    """Decide where no rule is needed: gold, items below the minimum, the sample, and items at the maximum.

    Returns
    -------
    int8[n_items], int8[n_items], bool[n_items]
        Actions, reasons, and where the rule decides.
    """
    action = np.full(answered.size, ENOUGH, dtype=np.int8)
    reason = np.full(answered.size, REASONS.index("maximum"), dtype=np.int8)
    below = answered < most
    for where, name in ((below & drawn, "sample"), (answered < least, "minimum")):
        action[where], reason[where] = ASK, REASONS.index(name)
    action[known], reason[known] = ENOUGH, REASONS.index("gold")
    return action, reason, below & ~drawn & (answered >= least) & ~known
