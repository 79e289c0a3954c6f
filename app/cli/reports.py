"""What commands say of their results: lines for people, values for machines."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from app.cli.crowds import Case, count, shown
from crowdqc.quality import Agreement, Consensus, Votes
from crowdqc.quality.evaluation import Evaluation
from crowdqc.quality.gold_health import ITEM_KINDS, GoldHealth
from crowdqc.quality.tables import exactly
from crowdqc.quality.workers import Findings

#: A class of so many answers that labels no item is worth a word.
_MISSED = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation:
    """What is told of an aggregation: of the method asked for, what it was given, and what it found.

    Attributes
    ----------
    findings : Findings or None
        What speaks of something amiss with the workers, where it was asked for.
    health : GoldHealth or None
        How the gold is, where it was asked for.
    """

    asked: str
    case: Case
    consensus: Consensus
    evaluation: Evaluation | None
    findings: Findings | None = None
    health: GoldHealth | None = None

    @property
    def method(self) -> str:
        """The method that was taken in the end."""
        return self.asked if self.consensus.choice is None else self.consensus.choice.method

    def values(self) -> dict[str, Any]:
        """Give all figures by name."""
        votes, consensus = self.case.votes, self.consensus
        labelled = consensus.label[consensus.label >= 0]
        shares = np.bincount(labelled, minlength=votes.n_classes) / max(labelled.size, 1)
        values: dict[str, Any] = {
            "method": self.method,
            "asked": self.asked,
            "items": votes.n_items,
            "workers": votes.n_workers,
            "answers": len(votes),
            "repeated": self.case.repeated,
            "gold": int(consensus.known.sum()),
            "iterations": consensus.iterations,
            "converged": bool(consensus.converged),
            "log_likelihood": float(consensus.log_likelihood),
            "class_shares": dict(zip(votes.classes, shares.tolist(), strict=True)),
            "tied": int(consensus.tied.sum()),
            "mean_confidence": float(np.nanmean(consensus.confidence)) if labelled.size else math.nan,
        }
        if self.evaluation is not None:
            found = self.evaluation
            values |= {each.name: getattr(found, each.name) for each in fields(found) if each.name not in _COUNTS}
            values |= {name: getattr(found, each) for each, name in _COUNTS.items()}
        if consensus.choice is not None:
            values["reason"] = consensus.choice.reason
            values["candidates"] = [asdict(each) for each in consensus.choice.candidates]
        voices: Any = consensus.voices
        if voices is not None:
            values["models"] = {
                name: {part: getattr(voices, part)[code].item() for part in ("weight", "accuracy", "items")}
                for code, name in enumerate(voices.models)
            }
        if self.findings is not None:
            values["findings"] = {
                kind: None if tests is None else {"tested": tests, "found": self.findings.count(kind)}
                for kind, tests in self.findings.tested.items()
            }
        if self.health is not None:
            values["gold_findings"] = [asdict(finding) for finding in self.health.findings]
        values["notes"] = list(self.notes())
        return values

    def lines(self) -> Iterator[str]:
        """Give the figures as lines."""
        votes, consensus, values = self.case.votes, self.consensus, self.values()
        yield f"method    {self.method}" + (f", chosen by {self.asked}" if consensus.choice else "")
        if consensus.choice is not None:
            yield f"          {consensus.choice.reason}"
            for each in consensus.choice.candidates:
                yield f"          {each.name:26} {each.figure:8.4f}  {each.note or 'chosen'}"
        yield (
            f"answers   {len(votes):,} of {count(votes.n_workers, 'worker')} to {count(votes.n_items, 'item')}, "
            f"{len(votes) / max(votes.n_items, 1):.1f} an item"
        )
        if consensus.iterations:
            ended = "converged" if consensus.converged else "not converged"
            likelihood = values["log_likelihood"]
            told = "" if math.isnan(likelihood) else f", log likelihood {likelihood:,.1f}"
            yield f"fit       {count(consensus.iterations, 'iteration')}, {ended}{told}"
        for name, each in values.get("models", {}).items():
            told = f"weight {each['weight']:.2f}, accuracy {each['accuracy']:.3f} by the consensus"
            told = f"{told}, {count(each['items'], 'item')}" if each["items"] else "none of its items was answered"
            yield f"model     {shown(name)}: {told}"
        shares = sorted(values["class_shares"].items(), key=lambda each: -each[1])
        named = ", ".join(f"{shown(name)} {share:.1%}" for name, share in shares[:8])
        yield f"labels    {named}" + (f", and {len(shares) - 8} more classes" if len(shares) > 8 else "")
        yield f"          {count(values['tied'], 'tie')}, mean confidence {values['mean_confidence']:.3f}"
        if self.evaluation is not None:
            yield from _compared(self.evaluation)
        if self.findings is not None:
            signs = [
                f"{kind} {self.findings.count(kind):,} of {tests:,} tested"
                for kind, tests in self.findings.tested.items()
                if tests is not None
            ]
            yield f"evidence  {', '.join(signs)}"
        if self.health is not None:
            kinds = Counter(finding.kind for finding in self.health.findings)
            signs = [f"{kind} {kinds[kind]:,}" for kind in ITEM_KINDS if kind != "rising" or self.health.trends]
            yield f"gold      {', '.join(signs)} of {count(self.health.item.size, 'gold item')}"
            for finding in self.health.findings:
                if finding.kind not in ITEM_KINDS:
                    yield f"          {finding.meaning}"

    def notes(self) -> Iterator[str]:
        """Give what should be known beside the figures."""
        yield from self.case.notes
        votes, consensus = self.case.votes, self.consensus
        if not consensus.converged:
            yield f"{self.method} did not converge in {count(consensus.iterations, 'iteration')}."
        said = np.bincount(votes.label, minlength=votes.n_classes) / max(len(votes), 1)
        given = np.bincount(consensus.label[consensus.label >= 0], minlength=votes.n_classes)
        for code in np.flatnonzero((said >= _MISSED) & (given == 0)):
            yield f"No item is labelled {shown(votes.classes[code])}, which {said[code]:.0%} of the answers say."
        if self.evaluation is not None and self.evaluation.unlabelled:
            yield f"{count(self.evaluation.unlabelled, 'item')} of the truth without answers left out."
        if self.evaluation is not None and self.evaluation.gold:
            yield f"{count(self.evaluation.gold, 'item')} of the truth left out, being gold."
        if self.findings is not None:
            yield from _untold(self.findings, self.case)
        if self.health is not None:
            yield from _unlooked(self.case)


#: Why nobody was tested.
_TOO_FEW = {
    "collusion": "no two workers have enough items in common that others answered too",
    "drift": "nobody has enough answers that others, or gold, tell of",
    "haste": "nobody hurried through answers that others, or gold, tell of",
    "leaning": "nobody has enough answers that others, or gold, tell of",
}

#: Counts of an evaluation, and what they are called beside all else.
_COUNTS = {"items": "truth_items", "right": "truth_right", "gold": "truth_gold", "unlabelled": "truth_unlabelled"}


def agreement(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """Give each coefficient of agreement by name: its value, low, high and error, and what it rests on."""
    return {name: {part.name: getattr(each, part.name) for part in fields(each)} for name, each in found.items()}


def agreement_lines(votes: Votes, found: Mapping[str, Agreement], level: str) -> Iterator[str]:
    """Give the coefficients of agreement as lines."""
    pairable = max((each.items for each in found.values()), default=0)
    yield (
        f"{count(len(votes), 'answer')} of {count(votes.n_workers, 'worker')} to {count(votes.n_items, 'item')}, "
        f"{pairable:,} of them with two answers or more; {level}"
    )
    for name, each in found.items():
        figure = "not defined" if math.isnan(each.value) else f"{each.value:7.4f}"
        yield f"{name:20} {figure}{_interval(each.low, each.high)}"


def time_of(case: Case) -> Callable[[float], str]:
    """Say how the times of the answers are written."""
    if not case.dated:
        return exactly

    def written(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

    return written


def described(name: str, chosen: Any) -> dict[str, Any]:
    """Give a method's name, one sentence about it, and its parameters with what they are unless set."""
    words = (chosen.__doc__ or "").strip().split("\n\n")[0]
    parameters = {
        each.name: _plain(each.default_factory() if each.default_factory is not MISSING else each.default)
        for each in fields(chosen)
        if each.init
    }
    return {"name": name, "words": " ".join(words.split()), "parameters": parameters}


def json_of(values: Mapping[str, Any]) -> str:
    """Give JSON in one line; what is not defined is null."""
    return json.dumps(_plain(values), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return None if value is MISSING else str(value)


def _untold(findings: Findings, case: Case) -> Iterator[str]:
    """Say what was not looked for, and why."""
    tested = findings.tested
    if case.time is None:
        yield "No evidence of drift: the answers have no column time (or submitted_at, timestamp)."
    elif (unknown := int(np.isnan(case.time).sum())) and case.time.size:
        yield f"{count(unknown, 'answer')} without a time that can be read; drift leaves them out."
    if tested["haste"] is None:
        yield "No evidence of haste: the answers have no column seconds."
    if case.place is None:
        yield (
            "Leaning is to a class here: the answers have no column place (or position), where on the screen the "
            "label stood."
        )
    for kind, tests in tested.items():
        if tests == 0:
            yield f"No evidence of {kind}: {_TOO_FEW[kind]}."


def _unlooked(case: Case) -> Iterator[str]:
    """Say what could not be looked for in the gold, and why."""
    if case.time is None:
        yield "Gold has no life and no rise: the answers have no column time (or submitted_at, timestamp)."
    if case.votes.seconds is None:
        yield "Leaks of gold are looked for without times: the answers have no column seconds."


def _compared(found: Evaluation) -> Iterator[str]:
    if not found.items:
        yield "truth     nothing to compare: no item of it has a label here that is not gold"
        return
    yield (
        f"truth     accuracy {found.accuracy:.4f}{_interval(found.accuracy_low, found.accuracy_high)}, "
        f"{found.right:,} of {count(found.items, 'item')} right"
    )
    yield f"          macro F1 {found.macro_f1:.4f}{_interval(found.macro_f1_low, found.macro_f1_high)}"


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or math.isnan(high) else f"  [{low:.4f}, {high:.4f}]"
