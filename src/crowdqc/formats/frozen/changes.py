"""What changed between two releases, item by item, why, and by how much; read side by side in constant memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, BinaryIO, Literal

from crowdqc.formats.frozen.lines import parsed, raw

Kind = Literal["added", "removed", "label", "confidence", "history"]


@dataclass(frozen=True, slots=True)
class Change:
    """One item that is not the same in both.

    Attributes
    ----------
    kind : str
        Added, removed, its label changed, its confidence alone, or only what it comes from.
    before, after : dict or None
        What is told of it in each: label, confidence, source, state, counted answers, counts by class.
    because : str or None
        What most likely changed the label or the confidence: ``decision``, ``truth`` (gold was made, corrected or
        taken back), ``discarded``, ``answers``, ``predictions``, or ``run`` where only the aggregation is another;
        ``pseudonyms`` where nothing but a worker's changed, who was erased.
    detail : dict
        Of that: the decision, the truth, how many answers came.
    """

    item: str
    kind: Kind
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    because: str | None
    detail: dict[str, Any]

    @property
    def by(self) -> float | None:
        """By how much the confidence rose."""
        if self.before is None or self.after is None:
            return None
        one, other = self.before["confidence"], self.after["confidence"]
        return None if one is None or other is None else other - one


@dataclass(slots=True)
class Summary:
    """How much changed."""

    before: int = 0
    after: int = 0
    unchanged: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    #: Changed labels by (before, after), and by what changed them.
    pairs: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    because: Counter[str] = field(default_factory=Counter)
    largest_rise: float = 0.0
    largest_fall: float = 0.0


class Changes:
    """The changes from one release to another; take them once, then read the summary."""

    def __init__(self, before: BinaryIO, after: BinaryIO) -> None:
        self._before, self._after = before, after
        self.summary = Summary()

    def __iter__(self) -> Iterator[Change]:
        told = self.summary
        for one, other in _pairs(raw(self._before), raw(self._after), told):
            change = _change(one, other)
            if change is None:
                continue
            told.kinds[change.kind] += 1
            if change.kind == "label" and change.before is not None and change.after is not None:
                told.pairs[change.before["label"], change.after["label"]] += 1
                told.because[change.because or "run"] += 1
            if (by := change.by) is not None:
                told.largest_rise, told.largest_fall = max(told.largest_rise, by), min(told.largest_fall, by)
            yield change


def _pairs(
    before: Iterator[bytes], after: Iterator[bytes], told: Summary
) -> Iterator[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
    """Give the lines of each item that are not alike; both files are in one order, and new items stand last.

    Where they are not, what has no partner yet is kept until it comes.
    """
    left: dict[str, dict[str, Any]] = {}
    right: dict[str, dict[str, Any]] = {}
    for number, (one, other) in enumerate(zip_longest(before, after), 1):
        told.before += one is not None
        told.after += other is not None
        if one == other:
            told.unchanged += 1
            continue
        mine = None if one is None else parsed(one, number)
        theirs = None if other is None else parsed(other, number)
        if mine is not None and theirs is not None and mine["item"] == theirs["item"]:
            yield mine, theirs
            continue
        if mine is not None:
            if (partner := right.pop(mine["item"], None)) is not None:
                yield from _unlike(mine, partner, told)
            elif other is None:
                yield mine, None
            else:
                left[mine["item"]] = mine
        if theirs is not None:
            if (partner := left.pop(theirs["item"], None)) is not None:
                yield from _unlike(partner, theirs, told)
            elif one is None:
                yield None, theirs
            else:
                right[theirs["item"]] = theirs
    for each in left.values():
        yield each, None
    for each in right.values():
        yield None, each


def _unlike(
    one: dict[str, Any], other: dict[str, Any], told: Summary
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if one == other:
        told.unchanged += 1
    else:
        yield one, other


def _change(one: dict[str, Any] | None, other: dict[str, Any] | None) -> Change | None:
    if one is None or other is None:
        there = one or other or {}
        kind: Kind = "added" if one is None else "removed"
        return Change(there["item"], kind, _brief(one), _brief(other), None, {})
    because, detail = _why(one, other)
    if one["label"] != other["label"]:
        kind = "label"
    elif one["confidence"] != other["confidence"]:
        kind = "confidence"
    else:
        kind = "history"
    return Change(one["item"], kind, _brief(one), _brief(other), because, detail)


def _brief(line: dict[str, Any] | None) -> dict[str, Any] | None:
    if line is None:
        return None
    told = {name: line[name] for name in ("label", "confidence", "source", "state", "counts")}
    return told | {"answers": sum(1 for each in line["answers"] if each["counted"])}


def _why(one: dict[str, Any], other: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Say what changed a line: what an expert said goes before what workers said, and that before models."""
    if one["decisions"] != other["decisions"]:
        new = [each for each in other["decisions"] if each not in one["decisions"]]
        return "decision", new[-1] if new else {"undone": len(one["decisions"]) - len(other["decisions"])}
    if one["truth"] != other["truth"]:
        return "truth", other["truth"] or {}
    if one["state"] != other["state"] and "discarded" in (one["state"], other["state"]):
        return "discarded", {}
    if _said(one) != _said(other):
        come = len(other["answers"]) - len(one["answers"])
        return "answers", {"come": come} if come else {"weighed": "otherwise"}
    if one["predictions"] != other["predictions"]:
        return "predictions", {"models": sorted(other["predictions"].keys() - one["predictions"].keys())}
    if one | {"answers": None} == other | {"answers": None}:
        return "pseudonyms", {}
    return "run", {}


def _said(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the answers without who gave them: who is erased has another pseudonym afterwards."""
    return [{name: value for name, value in each.items() if name != "worker"} for each in line["answers"]]
