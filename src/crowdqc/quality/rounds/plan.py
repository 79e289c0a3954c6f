"""What a round is to be: how many items, chosen how, and when to stop; said before it begins, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from crowdqc.errors import Invalid
from crowdqc.quality.certificates import StopRule
from crowdqc.quality.sampling import Inconsistency, Stratified, SuspectedErrors
from crowdqc.quality.sampling.queue import Part, QueuePlan
from crowdqc.quality.sampling.shares import sharing
from crowdqc.quality.sampling.yields import Yields

#: The most items of a round.
LARGEST = 1_000_000
#: The part of a round whose order is that of the confident mistakes.
SUSPECTS = "suspects"

#: Names in an item's metadata that tell the sequence to which it belongs, when, and where it was taken.
SEQUENCE, TIME, POSITION = "sequence", "time", ("x", "y", "z")

_KNOWN = ("size", "random", "parts", "sharing", "stop")


class InvalidRound(Invalid):
    """Such a round cannot be."""


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """What a round is to be.

    Parameters
    ----------
    size
        Items to be looked at.
    queue
        How they are chosen; the part `suspects` is always there.
    sharing
        The rule by which shares follow what each part brought in earlier rounds.
    stop
        When no further round is wanted.

    Examples
    --------
    >>> plan = RoundPlan.of({"size": 100, "stop": {"top": 20}})
    >>> RoundPlan.of(plan.to_json()) == plan, [part.name for part in plan.queue.parts]
    (True, ['suspects'])
    >>> RoundPlan.of({"size": 50})
    Traceback (most recent call last):
    ...
    crowdqc.quality.rounds.plan.InvalidRound: The stop rule looks at the 50 most confident mistakes; of 50 items 42
    are for them. Make the round larger, or let the stop rule look at fewer.
    """

    size: int = 200
    queue: QueuePlan = field(default_factory=lambda: QueuePlan((Part(SUSPECTS, SuspectedErrors()),)))
    sharing: str = "thompson"
    stop: StopRule = field(default_factory=StopRule)

    @classmethod
    def of(cls, json: object) -> Self:
        """Read a plan; what is left out is as usual, and `suspects` is added where `parts` do not name it.

        Raises
        ------
        InvalidRound
        InvalidQueue, InvalidSampler, InvalidParameter, InvalidStopRule
            Of its parts.
        """
        if not isinstance(json, Mapping):
            raise InvalidRound("The plan of a round is an object.", mend='Write {"size": 200}.')
        strange = [name for name in json if name not in _KNOWN]
        if strange:
            raise InvalidRound(
                errors=[{"where": str(name), "what": f"is none of {', '.join(_KNOWN)}"} for name in strange]
            )
        size = json.get("size", 200)
        if type(size) is not int or not 1 <= size <= LARGEST:
            raise InvalidRound(
                errors=[{"where": "size", "what": f"{size!r} is not a whole number from 1 to {LARGEST:,}"}]
            )
        parts: Any = json.get("parts") or []
        if not isinstance(parts, Sequence) or isinstance(parts, str):
            raise InvalidRound(errors=[{"where": "parts", "what": "must be a list of samplers"}])
        if not any(isinstance(part, Mapping) and part.get("name") == SUSPECTS for part in parts):
            share = max(1.0, float(len(parts)))
            parts = [{"name": SUSPECTS, "sampler": "suspected_errors", "share": share}, *parts]
        rule = json.get("sharing", "thompson")
        if not isinstance(rule, str):
            raise InvalidRound(errors=[{"where": "sharing", "what": f"{rule!r} is not the name of a rule"}])
        plan = cls(
            size,
            QueuePlan.read({"parts": parts, "random": json.get("random", 0.15)}),
            rule,
            StopRule.of(json.get("stop", {})),
        )
        sharing(plan.sharing)
        plan._check_suspects()
        plan._check_top()
        return plan

    def to_json(self) -> dict[str, object]:
        return {"size": self.size, **self.queue.written(), "sharing": self.sharing, "stop": self.stop.to_json()}

    def shared(self, before: Sequence[Yields]) -> RoundPlan:
        """Let shares follow what each part brought in earlier rounds; the first round has those of the plan.

        The confident mistakes that the stop rule asks for are looked at in any case.
        """
        names = [part.name for part in self.queue.parts]
        if not any(each.looked.sum() for each in before) or len(names) < 2:
            return self
        shares = dict(sharing(self.sharing).shares(names, before))
        targeted = self._targeted()
        shares[SUSPECTS] = max(shares[SUSPECTS], min(1.0, self.stop.top / max(targeted, 1)))
        rest = sum(share for name, share in shares.items() if name != SUSPECTS)
        scale = (1 - shares[SUSPECTS]) / rest if rest else 0.0
        queue = self.queue.shared(
            {name: share if name == SUSPECTS else share * scale for name, share in shares.items()}
        )
        return RoundPlan(self.size, queue, self.sharing, self.stop)

    def metadata(self) -> list[str]:
        """Give the names of the metadata that its samplers look at."""
        wanted: list[str] = []
        for part in self.queue.parts:
            if isinstance(part.sampler, Stratified):
                wanted += part.sampler.by
            elif isinstance(part.sampler, Inconsistency):
                wanted += [SEQUENCE, TIME, *POSITION]
        return [*dict.fromkeys(wanted)]

    def _targeted(self) -> int:
        return self.size - max(1, round(self.queue.random * self.size))

    def _check_suspects(self) -> None:
        """What the stop rule looks at are the confident mistakes, whatever else goes by their name."""
        part = next(part for part in self.queue.parts if part.name == SUSPECTS)
        if not isinstance(part.sampler, SuspectedErrors):
            raise InvalidRound(
                f"The part {SUSPECTS!r} holds the confident mistakes, chosen by suspected_errors.",
                mend="Give the other sampler another name.",
                errors=[{"where": f"parts.{SUSPECTS}", "what": f"is chosen by {type(part.sampler).__name__}"}],
            )

    def _check_top(self) -> None:
        shares = {part.name: part.share for part in self.queue.parts}
        whole = sum(shares.values())
        room = int(self._targeted() * shares[SUSPECTS] / whole + 1e-9) if whole else 0
        if room < self.stop.top:
            raise InvalidRound(
                f"The stop rule looks at the {self.stop.top:,} most confident mistakes; "
                f"of {self.size:,} items {room:,} are for them.",
                mend="Make the round larger, or let the stop rule look at fewer.",
            )
