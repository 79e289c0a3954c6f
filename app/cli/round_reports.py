"""What `crowdqc round end` says of a round: lines for people, values for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.cli.crowds import count
from app.cli.round_files import Begun
from crowdqc.quality.rounds import Outcome

#: Pairs that are shown to people.
_PAIRS = 8


@dataclass(frozen=True, slots=True)
class RoundReport:
    """A round and what it came to."""

    begun: Begun
    outcome: Outcome
    notes: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        begun = self.begun
        return {
            "number": begun.number,
            "labels": begun.size,
            "free": begun.free,
            "items": len(begun.asked),
            **self.outcome.to_json(),
            "stop_rule": begun.plan.stop.words(),
            "notes": [*self.notes],
        }

    def lines(self) -> Iterator[str]:
        begun, found = self.begun, self.outcome
        yield _line(
            "round",
            f"{begun.number}: {count(len(begun.asked), 'item')}, {found.looked:,} looked at, "
            f"{found.wrong:,} wrong, {found.unsure:,} unsure, {found.unseen:,} not looked at",
        )
        told = [
            f"of the {each.at:,} most confident mistakes {each.looked:,} looked at, {each.errors:,} wrong: "
            f"{_share(each.share, each.low, each.high)}"
            for each in found.precision
        ]
        yield from _block("precision", told)
        rate, (low, high) = found.yields.rate, found.yields.interval()
        told = [
            f"{name}: {int(wrong):,} wrong of {int(looked):,}"
            + (f", {_share(float(rate[at]), float(low[at]), float(high[at]))}" if looked else "")
            for at, (name, looked, wrong) in enumerate(
                zip(found.yields.names, found.yields.looked, found.yields.found, strict=True)
            )
        ]
        yield from _block("yields", told)
        more = [f"and {count(len(found.pairs) - _PAIRS, 'pair')} more"] if len(found.pairs) > _PAIRS else []
        yield from _block("pairs", [*(f"{a}, now {b}: {n:,}" for a, b, n in found.pairs[:_PAIRS]), *more])
        if found.rate is None or found.certificate is None or found.verdict is None:
            return
        share = _share(found.rate.value, found.rate.low, found.rate.high)
        waiting = f"; {found.waiting:,} more wait for one drawn before them" if found.waiting else ""
        yield _line(
            "rate",
            f"{share} of {found.rate.size:,} labels were wrong before this round, from "
            f"{count(found.audited, 'random item')}{waiting}",
        )
        yield _line("labels", found.certificate.words())
        yield _line("rule", begun.plan.stop.words())
        yield _line("verdict", found.verdict.words())


def _block(head: str, lines: list[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield _line(head if not place else "", line)


def _line(head: str, text: str) -> str:
    return f"{head:<10}{text}"


def _share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.1f}% [{100 * low:.1f}%, {100 * high:.1f}%]"
