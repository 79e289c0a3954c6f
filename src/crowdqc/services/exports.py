"""Exports: what leaves, row by row: labels with their history, items, answers and all else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crowdqc import formats
from crowdqc.formats import Block, Column
from crowdqc.records import answers, golds, items, predictions, reviews, runs, scores, truths
from crowdqc.records.items import ItemState
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import labels, reach
from crowdqc.services.transaction import Transaction

Rows = Iterator[Mapping[str, object]]


class ExportKind(StrEnum):
    """What can be taken out."""

    LABELS = "labels"
    ITEMS = "items"
    ANSWERS = "answers"
    PREDICTIONS = "predictions"
    REVIEWS = "reviews"
    WORKERS = "workers"
    GOLD = "gold"


@dataclass(frozen=True, slots=True)
class Export:
    """A table on its way out: rows are read while they are taken, within the transaction that opened it."""

    project: Project
    columns: Sequence[Column]
    #: Where rows come one by one, and where they come by blocks: one of them.
    _rows: Rows | None
    _blocks: Iterator[Block] | None

    @property
    def rows(self) -> Rows:
        """Give the rows one by one; they can be taken once, so or as a file."""
        if self._rows is not None:
            return self._rows
        return (row for block in self._blocks or () for row in block.rows(self.columns))

    def file(self, format: str) -> Iterator[bytes]:
        """Write the table as a file, in chunks; raise formats.UnknownFormat."""
        if self._blocks is not None:
            return formats.write_blocks(self._blocks, self.columns, format)
        return formats.write(self.rows, self.columns, format)


def export(tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, kind: ExportKind) -> Export:
    """Open an export; the transaction must stay open until its rows are taken."""
    project = reach.project(tx, actor, project_uid)
    columns, rows = _KINDS[kind]
    if rows is None:
        return Export(project, columns, None, labels.blocks(tx, project))
    return Export(project, columns, rows(tx, project), None)


def _items(tx: Transaction, project: Project) -> Rows:
    for chunk in items.chunks(tx.session, project.id):
        known = truths.current(tx.session, [item.id for item in chunk if item.state == ItemState.GOLD])
        for item in chunk:
            gold = item.truth if item.state == ItemState.GOLD else None
            yield {
                "item": item.key,
                "content": item.content,
                "gold": "|".join(gold) if gold else None,
                "gold_reason": known[item.id].reason if gold and item.id in known else None,
                "overlap": item.overlap,
                "metadata": item.meta or None,
            }


def _answers(tx: Transaction, project: Project) -> Rows:
    for chunk in answers.chunks(tx.session, project.id):
        for answer, item, worker, worker_uid in chunk:
            yield {
                "worker": worker,
                "item": item,
                "label": None if answer.label is None else project.classes[answer.label],
                "time": answer.submitted_at.isoformat(),
                "seconds": answer.seconds,
                "late": answer.late,
                "counted": answer.counted,
                "guideline_version": answer.guideline_version,
                "comment": answer.comment,
                "worker_id": str(worker_uid),
            }


def _predictions(tx: Transaction, project: Project) -> Rows:
    for model, _ in predictions.models(tx.session, project.id):
        for chunk in predictions.chunks(tx.session, model.id):
            for key, view, blob in chunk:
                values = predictions.unpacked(blob, len(project.classes)).tolist()
                yield {
                    "item": key,
                    "model": model.name,
                    "version": model.version,
                    "view": view,
                    "role": model.role,
                    "fold": model.fold,
                    "probabilities": dict(zip(project.classes, values, strict=True)),
                }


def _reviews(tx: Transaction, project: Project) -> Rows:
    for chunk in reviews.chunks(tx.session, project.id):
        for review, key, name in chunk:
            yield {
                "item": key,
                "review": str(review.uid),
                "verdict": str(review.verdict),
                "label": None if review.label is None else project.classes[review.label],
                "crowd_label": None if review.consensus_label is None else project.classes[review.consensus_label],
                "reasons": review.reasons,
                "priority": review.priority,
                "decided_by": name,
                "decided_at": None if review.decided_at is None else review.decided_at.isoformat(),
            }


def _workers(tx: Transaction, project: Project) -> Rows:
    run = runs.latest(tx.session, project.id)
    if run is None:
        return
    for score, worker in scores.workers(tx.session, run.id):
        size = len(run.classes)
        flat = predictions.unpacked(score.confusion, size * size).reshape(size, size)
        yield {
            "worker": worker.name,
            "answers": score.answers,
            "gold_answers": score.gold_answers,
            "gold_correct": score.gold_correct,
            "gold_accuracy": score.gold_accuracy,
            "gold_low": score.gold_low,
            "gold_high": score.gold_high,
            "consensus_accuracy": score.consensus_accuracy,
            "consensus_low": score.consensus_low,
            "consensus_high": score.consensus_high,
            "median_seconds": score.median_seconds,
            "confusion": {
                true: dict(zip(run.classes, flat[number].tolist(), strict=True))
                for number, true in enumerate(run.classes)
            },
            "run": str(run.uid),
            "worker_id": str(worker.uid),
        }


def _gold(tx: Transaction, project: Project) -> Rows:
    run = golds.latest(tx.session, project.id)
    for chunk in golds.chunks(tx.session, project.id, None if run is None else run.id):
        known = truths.current(tx.session, [item.id for item, _ in chunk])
        for item, score in chunk:
            truth = known.get(item.id)
            yield {
                "item": item.key,
                "gold": "|".join(item.truth or ()),
                "gold_reason": None if truth is None else truth.reason,
                "source": None if truth is None else truth.source,
                "since": None if truth is None else truth.at.isoformat(),
                "answers": None if score is None else score.answers,
                "says": None if score is None or score.says is None else project.classes[score.says],
                **{name: None if score is None else getattr(score, name) for name in _GOLD_FIGURES},
                "findings": [each["kind"] for each in score.findings] if score and score.findings else None,
                "meaning": " ".join(each["meaning"] for each in score.findings) or None if score else None,
                "run": None if score is None or run is None else str(run.uid),
            }


#: Figures of a gold item as they are kept.
_GOLD_FIGURES = (
    "says_share", "wrong", "wrong_q_value", "good", "dissent", "share", "over_exposed", "right", "expected",
    "pace", "leak_q_value", "rise_q_value",
)  # fmt: skip


def _columns(**kinds: str) -> list[Column]:
    return [Column(name, kind) for name, kind in kinds.items()]  # type: ignore[arg-type]


_KINDS: Mapping[ExportKind, tuple[Sequence[Column], Callable[[Transaction, Project], Rows] | None]] = {
    ExportKind.LABELS: (
        _columns(
            item="text", label="text", confidence="number", source="text", state="text", answers="integer",
            counts="json", agreement="number", entropy="number", tied="boolean", posterior="json", batch="text",
            run="text", method="text", code_version="text", run_finished_at="text", review="text", verdict="text",
            crowd_label="text", decided_by="text", decided_at="text",
        ),
        # By blocks: there is one of every item.
        None,
    ),
    ExportKind.ITEMS: (
        _columns(item="text", content="json", gold="text", gold_reason="text", overlap="integer", metadata="json"),
        _items,
    ),
    ExportKind.ANSWERS: (
        _columns(
            worker="text", item="text", label="text", time="text", seconds="number", late="boolean",
            counted="boolean", guideline_version="integer", comment="text", worker_id="text",
        ),
        _answers,
    ),
    ExportKind.PREDICTIONS: (
        _columns(
            item="text", model="text", version="text", view="integer", role="text", fold="text",
            probabilities="json",
        ),
        _predictions,
    ),
    ExportKind.REVIEWS: (
        _columns(
            item="text", review="text", verdict="text", label="text", crowd_label="text", reasons="json",
            priority="number", decided_by="text", decided_at="text",
        ),
        _reviews,
    ),
    ExportKind.WORKERS: (
        _columns(
            worker="text", answers="integer", gold_answers="integer", gold_correct="integer",
            gold_accuracy="number", gold_low="number", gold_high="number", consensus_accuracy="number",
            consensus_low="number", consensus_high="number", median_seconds="number", confusion="json",
            run="text", worker_id="text",
        ),
        _workers,
    ),
    ExportKind.GOLD: (
        _columns(
            item="text", gold="text", gold_reason="text", source="text", since="text", answers="integer",
            says="text", says_share="number", wrong="number", wrong_q_value="number", good="integer",
            dissent="integer", share="number", over_exposed="boolean", right="number", expected="number",
            pace="number", leak_q_value="number", rise_q_value="number", findings="json", meaning="text",
            run="text",
        ),
        _gold,
    ),
}  # fmt: skip
