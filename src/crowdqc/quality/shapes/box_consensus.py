"""What the aggregation of boxes gives: objects with probability, class and place, and how each worker draws."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crowdqc.quality.arrays import Codes, Counts, Flags, Floats, brief


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Drawers:
    """How each worker draws, one entry a worker; only items that somebody else answered as well count.

    Attributes
    ----------
    answers, boxes
        int64, answers given, and boxes drawn in them.
    objects
        float64, expected number of objects on his items, with those that nobody drew.
    miss_rate, miss_low, miss_high
        float64, share of those that he did not draw, and its interval; NaN, 0 and 1 where nothing is known.
    false_rate, false_low, false_high
        float64, share of his boxes that mark no object, and its interval.
    false_per_answer
        float64, expected number of such boxes in an answer.
    iou
        float64, mean overlap of his boxes with what the others drew of the same objects, his own left out.
    deviation
        float64, standard deviation of his boxes' sides from the truth, as a share of an object's width or height.
    """

    answers: Counts
    boxes: Counts
    objects: Floats
    miss_rate: Floats
    miss_low: Floats
    miss_high: Floats
    false_rate: Floats
    false_low: Floats
    false_high: Floats
    false_per_answer: Floats
    iou: Floats
    deviation: Floats


@brief
@dataclass(frozen=True, slots=True, eq=False)
class BoxConsensus:
    """The result of an aggregation of boxes: one entry a candidate, which is what at least one worker drew.

    Candidates are sorted by item and then by x, y, width, height.

    Attributes
    ----------
    item
        int64[candidates].
    probability
        float64[candidates], that there is an object.
    box
        float64[candidates, 4], x, y, width and height, in the unit of the answers.
    spread
        float64[candidates, 4], standard deviation of each of them among those who drew it; NaN where one did.
    label
        int32[candidates], its class by those who drew it.
    confidence
        float64[candidates], probability of that class if it is an object.
    tied
        bool[candidates], two classes are equally good; the first in the declared order was taken.
    drawn, asked
        int64[candidates], answers that have it, and answers to its item.
    candidate
        int64[boxes], the candidate of each box of the answers; -1 where it is not among these.
    unseen
        float64[n_items], expected number of objects that nobody drew, by how often those who answered missed what
        others drew. Rather too low than too high: what is hard to see hides from all.
    workers
        How each worker draws.
    objective
        float64[iterations], log posterior of what is there, in nats; never falls.
    converged
        Whether that fit ended by itself.
    """

    item: Counts
    probability: Floats
    box: Floats
    spread: Floats
    label: Codes
    confidence: Floats
    tied: Flags
    drawn: Counts
    asked: Counts
    candidate: Counts
    unseen: Floats
    workers: Drawers
    objective: Floats
    converged: bool

    def __len__(self) -> int:
        return int(self.item.size)

    @property
    def iterations(self) -> int:
        return int(self.objective.size)

    def likely(self, least: float = 0.5) -> BoxConsensus:
        """Keep the candidates that are objects with a probability of at least `least`."""
        return self.where(self.probability >= least)

    def where(self, keep: Flags) -> BoxConsensus:
        """Keep the candidates where `keep`, bool[candidates], is true; the workers stay as they are."""
        number = keep.cumsum() - 1
        number[~keep] = -1
        return replace(
            self,
            item=self.item[keep],
            probability=self.probability[keep],
            box=self.box[keep],
            spread=self.spread[keep],
            label=self.label[keep],
            confidence=self.confidence[keep],
            tied=self.tied[keep],
            drawn=self.drawn[keep],
            asked=self.asked[keep],
            candidate=_renumbered(self.candidate, number),
        )


def _renumbered(candidate: Counts, number: Counts) -> Counts:
    found = candidate.copy()
    there = candidate >= 0
    found[there] = number[candidate[there]]
    return found
