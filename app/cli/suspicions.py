"""What `crowdqc suspects` says of its result: a table, lines for people, values for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from app.cli.crowds import count, shown
from app.cli.labelled import Labelled
from crowdqc.quality.calibration import (
    IN_SAMPLE,
    Calibration,
    ClassCalibration,
    Temperature,
    calibration,
    class_calibration,
    fit_temperature,
    seems_in_sample,
    tempered,
)
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.label_errors import (
    PairMistakes,
    Suspects,
    mistakes_by_class,
    mistakes_by_pair,
    pair_names,
)

#: Suspects and pairs that are shown to people.
_FIRST, _PAIRS = 10, 8
#: Rows from which calibration is learned at most, drawn evenly: more tell no more.
_ROWS = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class ModelCalibration:
    """How one model's probabilities compare with the labels."""

    name: str
    rows: int
    agreeing: int
    temperature: Temperature
    curve: Calibration
    softened: float
    by_class: ClassCalibration


@dataclass(frozen=True, eq=False)
class Suspicions:
    """All suspects, those that are given, and what was looked at."""

    case: Labelled
    found: Suspects
    given: Suspects
    out_of_fold: bool

    @cached_property
    def pairs(self) -> PairMistakes:
        return mistakes_by_pair(self.found.given, self._taken, len(self.case.classes))

    @cached_property
    def models(self) -> list[ModelCalibration]:
        """Calibrate each model against the labels."""
        said, label = self.case.predictions, self.case.label
        found = []
        for code, name in enumerate(said.models):
            rows = np.flatnonzero(said.model == code)
            rows = rows[np.unique(np.linspace(0, rows.size - 1, min(rows.size, _ROWS)).astype(np.int64))]
            table, given = said.probabilities[rows], label[said.item[rows]]
            fitted = fit_temperature(table, given)
            right = table.argmax(axis=1) == given
            soft = tempered(table, 1 / fitted.value)
            found.append(
                ModelCalibration(
                    name,
                    rows.size,
                    int(right.sum()),
                    fitted,
                    calibration(np.clip(table.max(axis=1), 0, 1), right),
                    calibration(soft.max(axis=1), right).error,
                    class_calibration(table, given),
                )
            )
        return found

    def values(self) -> dict[str, Any]:
        """Give all figures by name."""
        found, classes = self.found, self.case.classes
        by_class = mistakes_by_class(found.given, self._taken, len(classes))
        return {
            "labels": len(self.case.items),
            "classes": list(classes),
            "looked_at": found.looked_at,
            "expected_errors": found.expected_errors,
            "flagged": int(found.error.sum()),
            "out_of_fold": self.out_of_fold,
            "models": [
                {
                    "model": each.name,
                    "rows": each.rows,
                    "agreement": each.agreeing / max(each.rows, 1),
                    "temperature": each.temperature.value,
                    "calibration_error": each.curve.error,
                    "calibration_error_tempered": each.softened,
                    "by_class": _by_class(classes, each.by_class),
                }
                for each in self.models
            ],
            "weights": dict(zip(found.models, found.weight.tolist(), strict=True)),
            "by_class": [
                {
                    "class": name,
                    **{part: getattr(by_class, part)[code] for part in ("labels", "mistakes", "missed")},
                    **{part: getattr(by_class, part)[code] for part in ("share", "low", "high")},
                }
                for code, name in enumerate(classes)
            ],
            "by_pair": [
                {"given": given, "suggested": other, "labels": self.pairs.mistakes[row]}
                | {part: getattr(self.pairs, part)[row] for part in ("share", "low", "high")}
                for row, (given, other) in enumerate(pair_names(self.pairs, classes))
            ],
            "suspects": _rows(table_of(self.case, self.given)),
            "notes": list(self.notes()),
        }

    def lines(self) -> Iterator[str]:
        """Give the figures as lines."""
        found, classes = self.found, self.case.classes
        items = count(len(self.case.items), "item")
        yield f"labels    {items}, {len(classes)} classes; {found.looked_at:,} looked at"
        for each in self.models:
            low, high = beta_interval(each.agreeing, each.rows)
            yield (
                f"model     {shown(each.name)}: agrees with {each.agreeing / max(each.rows, 1):.2%} of the labels "
                f"[{low:.2%}, {high:.2%}], temperature {each.temperature.value:.2f}, "
                f"calibration error {each.curve.error:.3f}, tempered {each.softened:.3f}"
            )
            if (sure := np.flatnonzero(each.by_class.too_sure)).size:
                worst = sure[np.argsort(-each.by_class.gap[sure])][:3]
                named = (
                    f"{shown(classes[k])} (says {each.by_class.confidence[k]:.0%}, "
                    f"right {each.by_class.accuracy[k]:.0%})"
                    for k in worst
                )
                yield f"          too sure of {', '.join(named)}"
        if len(found.models) > 1:
            told = (f"{shown(name)} {weight:.2f}" for name, weight in zip(found.models, found.weight, strict=True))
            yield f"weights   {', '.join(told)}"
        share = found.expected_errors / max(found.looked_at, 1)
        flagged = int(found.error.sum())
        yield f"expected  about {found.expected_errors:,} wrong labels ({share:.1%}), {flagged:,} flagged"
        for row, (given, other) in enumerate(pair_names(self.pairs, classes)[:_PAIRS]):
            head = "pairs     " if not row else "          "
            yield (
                f"{head}{shown(given)}, perhaps {shown(other)}: {self.pairs.mistakes[row]:,} flagged, "
                f"{self.pairs.share[row]:.1%} of {shown(given)} "
                f"[{self.pairs.low[row]:.1%}, {self.pairs.high[row]:.1%}]"
            )
        for row, reason in enumerate(self.given.head(_FIRST).reasons([shown(name) for name in classes])):
            head = "suspects  " if not row else "          "
            yield f"{head}{shown(self.case.items[self.given.item[row]])} ({self.given.score[row]:.2f}): {reason}"

    def notes(self) -> Iterator[str]:
        """Give what should be known beside the figures."""
        yield from self.case.notes
        if not self.out_of_fold:
            yield IN_SAMPLE
        for each in self.models:
            if self.out_of_fold and seems_in_sample(each.agreeing, each.rows):
                share = each.agreeing / each.rows
                yield (
                    f"{shown(each.name)} agrees with {share:.2%} of the labels. Is it in-sample? "
                    "Then it hides wrong labels; say --in-sample, or better predict out-of-fold."
                )
        if missing := len(self.case.items) - self.found.looked_at:
            yield f"{count(missing, 'item')} without a prediction not looked at."

    @cached_property
    def _taken(self) -> np.ndarray:
        """What each label is taken to be: itself, unless confident learning takes it for an error."""
        return np.where(self.found.error, self.found.suggested, self.found.given)


def table_of(case: Labelled, found: Suspects) -> dict[str, Any]:
    """Give the suspects as columns of a file."""
    names = np.array(case.classes, dtype=object)
    against = [
        ",".join(name for name, says in zip(found.models, row, strict=True) if says) for row in found.against
    ]
    columns: dict[str, Any] = {
        "item": [case.items[code] for code in found.item],
        "label": names[found.given].tolist(),
        "suggested": names[found.suggested].tolist(),
        "score": found.score,
        "p_label": found.of_given,
        "p_suggested": found.of_suggested,
        "contradicted_by": against,
        "confident_learning": found.error,
    }
    if found.crowd_given is not None and found.crowd_suggested is not None:
        columns |= {"crowd_label": found.crowd_given, "crowd_suggested": found.crowd_suggested}
    return {**columns, "reason": list(found.reasons(case.classes))}


def _rows(columns: dict[str, Any]) -> list[dict[str, Any]]:
    lists = [each.tolist() if isinstance(each, np.ndarray) else each for each in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def _by_class(classes: tuple[str, ...], found: ClassCalibration) -> list[dict[str, Any]]:
    parts = ("said", "confidence", "accuracy", "low", "high", "present", "found", "found_low", "found_high")
    return [
        {"class": name} | {part: getattr(found, part)[code] for part in parts} for code, name in enumerate(classes)
    ]
