"""The files of a round: what it was begun with, the queue that a reviewer fills in, and what it came to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from app.cli import files
from app.cli.files import BadInput
from crowdqc.errors import CrowdqcError
from crowdqc.quality.rounds import Choice, Looked, RoundPlan
from crowdqc.quality.rounds.outcome import RIGHT, UNSEEN, UNSURE, WRONG
from crowdqc.quality.sampling.yields import Yields

FORMAT, RESULT = "crowdqc round 1", "crowdqc round result 1"
#: Bad rows that are told.
_TOLD = 10


@dataclass(frozen=True, slots=True)
class Decision:
    """What an item was decided to be, and which label it had."""

    item: str
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class History:
    """The rounds before: how many, what each way of choosing brought, and what was decided."""

    rounds: int = 0
    yields: tuple[Yields, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `round end --result` wrote."""
        values = files.read_json(path)
        if not isinstance(values, Mapping) or values.get("format") != RESULT:
            raise BadInput(f"{path} is no result of a round. `crowdqc round end ... --result` writes one.")
        try:
            return cls.of(values)
        except (KeyError, TypeError, ValueError, AttributeError, CrowdqcError) as fault:
            raise BadInput(f"{path} is no whole result of a round: {fault}.") from None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        return cls(
            int(values["rounds"]),
            tuple(Yields.of(each["names"], each["looked"], each["errors"]) for each in values["yields"]),
            tuple(Decision(*map(str, each)) for each in values["decisions"]),
        )

    def values(self) -> dict[str, Any]:
        return {
            "rounds": self.rounds,
            "yields": [
                {"names": [*each.names], "looked": each.looked.tolist(), "errors": each.found.tolist()}
                for each in self.yields
            ],
            "decisions": [[each.item, each.was, each.now] for each in self.decisions],
        }

    def after(self, yields: Yields, decisions: Sequence[Decision]) -> History:
        """Add a round."""
        return History(self.rounds + 1, (*self.yields, yields), (*self.decisions, *decisions))


@dataclass(frozen=True, slots=True)
class Asked:
    """An item of the queue, and why it is in it."""

    item: str
    label: str
    suggested: str | None
    suspect: int
    draw: int
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Begun:
    """A round as it was begun: all that its end needs beside the labels and what the reviewer says.

    Attributes
    ----------
    labels, sha256
        The file of labels, as seen from the folder of the round's file, and its hash.
    size, free
        Labels in it, and those of them that nobody had looked at.
    unsure
        The word for an item of which nobody can tell.
    """

    plan: RoundPlan
    seed: int
    labels: str
    sha256: str
    size: int
    free: int
    classes: tuple[str, ...]
    unsure: str
    samplers: tuple[str, ...]
    asked: tuple[Asked, ...]
    history: History

    @property
    def number(self) -> int:
        return self.history.rounds + 1

    @classmethod
    def read(cls, path: Path) -> Self:
        values = files.read_json(path)
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            raise BadInput(f"{path} is no round. `crowdqc round begin ... --round` writes one.")
        try:
            return cls(
                plan=RoundPlan.of(values["plan"]),
                seed=int(values["seed"]),
                labels=str(values["labels"]["file"]),
                sha256=str(values["labels"]["sha256"]),
                size=int(values["labels"]["number"]),
                free=int(values["free"]),
                classes=tuple(map(str, values["classes"])),
                unsure=str(values["unsure"]),
                samplers=tuple(map(str, values["samplers"])),
                asked=tuple(_asked(each, values["classes"]) for each in values["items"]),
                history=History.of(values["before"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, CrowdqcError, BadInput) as fault:
            raise BadInput(f"{path} is no whole round: {fault}.") from None

    def values(self) -> dict[str, Any]:
        names = Asked.__slots__
        return {
            "format": FORMAT,
            "number": self.number,
            "plan": self.plan.to_json(),
            "seed": self.seed,
            "labels": {"file": self.labels, "sha256": self.sha256, "number": self.size},
            "free": self.free,
            "classes": [*self.classes],
            "unsure": self.unsure,
            "samplers": [*self.samplers],
            "items": [{name: getattr(each, name) for name in names} for each in self.asked],
            "before": self.history.values(),
        }

    def queue(self, *, reasons: bool) -> dict[str, Any]:
        """Give the columns that a reviewer sees; why an item is there only where that is wanted."""
        columns: dict[str, Any] = {
            "place": np.arange(1, len(self.asked) + 1),
            "item": [each.item for each in self.asked],
            "label": [each.label for each in self.asked],
        }
        if reasons:
            columns["suggested"] = [each.suggested for each in self.asked]
            columns["reason"] = [
                "; ".join(f"{name}: {why}" for name, why in each.reasons.items()) for each in self.asked
            ]
        return columns | {"decided": [None] * len(self.asked)}

    def looked(self, decided: Mapping[str, str]) -> Looked:
        """Say what came of each item."""
        code = {name: place for place, name in enumerate(self.classes)}
        said = [decided.get(each.item, "") for each in self.asked]
        outcome = [
            UNSEEN if not word else UNSURE if word == self.unsure else RIGHT if word == each.label else WRONG
            for word, each in zip(said, self.asked, strict=True)
        ]
        chosen = np.array([[name in each.reasons for name in self.samplers] for each in self.asked], dtype=bool)

        def column(values: Sequence[int]) -> np.ndarray:
            return np.array(values, dtype=np.int32)

        return Looked(
            outcome=np.array(outcome, dtype=np.int8),
            label=column([code[each.label] for each in self.asked]),
            decided=column([code.get(word, -1) for word in said]),
            suspect=column([each.suspect for each in self.asked]),
            draw=column([each.draw for each in self.asked]),
            chosen=chosen.reshape(len(self.asked), len(self.samplers)),
            names=self.samplers,
        )

    def decisions(self, decided: Mapping[str, str]) -> list[Decision]:
        """Give what was decided, in the order of the queue."""
        words = ((each, decided.get(each.item, "")) for each in self.asked)
        return [Decision(each.item, each.label, word) for each, word in words if word not in ("", self.unsure)]


def asked(choice: Choice, items: Sequence[str], label: np.ndarray, classes: Sequence[str]) -> tuple[Asked, ...]:
    """Name what was chosen."""
    rows = zip(choice.item, choice.suggested, choice.suspect, choice.draw, choice.reasons, strict=True)
    return tuple(
        Asked(
            items[item],
            classes[label[item]],
            classes[said] if said >= 0 else None,
            int(suspect),
            int(draw),
            dict(reasons),
        )
        for item, said, suspect, draw, reasons in rows
    )


def decided(path: Path, begun: Begun) -> dict[str, str]:
    """Read what a reviewer says, by item; an empty cell is an item at which nobody has looked."""
    wanted = {each.item: each.label for each in begun.asked}
    words = {*begun.classes, begun.unsure}
    found: dict[str, str] = {}
    faults: list[str] = []
    for row in files.rows(path, "item", "decided"):
        item, label, word = (_text(row.values.get(name)) for name in ("item", "label", "decided"))
        if item not in wanted:
            faults.append(f"line {row.line}: The item {item!r} is not of this round.")
        elif item in found:
            faults.append(f"line {row.line}: The item {item!r} stands here a second time.")
        elif "label" in row.values and label != wanted[item]:
            faults.append(
                f"line {row.line}: The item {item!r} has the label {label!r} here, {wanted[item]!r} before."
            )
        elif word and word not in words:
            those = ", ".join((*begun.classes[:20], begun.unsure))
            faults.append(
                f"line {row.line}, column decided: {word!r} is no class. Write one of {those}, or nothing."
            )
        found.setdefault(item, word)
    if faults:
        more = [f"  and {len(faults) - _TOLD:,} more"] if len(faults) > _TOLD else []
        lines = "1 line" if len(faults) == 1 else f"{len(faults):,} lines"
        raise BadInput("\n".join([f"{path}: {lines} cannot be read.", *(f"  {f}" for f in faults[:_TOLD]), *more]))
    return found


def hash_of(path: Path) -> str:
    """Give the SHA-256 of a file that stays where it is."""
    if not path.is_file():
        raise BadInput(f"{path} is no file that stays; a round reads its labels again at its end.")
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _asked(values: Mapping[str, Any], classes: Sequence[str]) -> Asked:
    if values["label"] not in classes:
        raise BadInput(f"the label {values['label']!r} is none of its classes")
    return Asked(
        item=str(values["item"]),
        label=values["label"],
        suggested=values["suggested"],
        suspect=int(values["suspect"]),
        draw=int(values["draw"]),
        reasons={str(name): str(why) for name, why in values["reasons"].items()},
    )


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
