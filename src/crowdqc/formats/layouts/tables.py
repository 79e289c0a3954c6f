"""The tables of a release: its labels, its items and its answers, as rows for csv, JSON lines or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from crowdqc.formats.columns import Column

Rows = Iterator[Mapping[str, object]]


def labels(lines: Iterable[Mapping[str, Any]]) -> Rows:
    """Give one row an item: its label, and in short what it comes from."""
    for line in lines:
        decision = line["decisions"][-1] if line["decisions"] else {}
        yield {
            "item": line["item"],
            "label": line["label"],
            "confidence": line["confidence"],
            "source": line["source"],
            "state": line["state"],
            "answers": sum(1 for each in line["answers"] if each["counted"]),
            "discounted": sum(1 for each in line["answers"] if each["counted"] and _discounted(each)),
            "counts": line["counts"],
            "agreement": line["agreement"],
            "posterior": line["posterior"],
            "predictions": line["predictions"] or None,
            "verdict": decision.get("verdict"),
            "crowd_label": decision.get("crowd_label"),
            "decided_at": decision.get("decided_at"),
            "content_hash": line["content_hash"],
        }


def items(lines: Iterable[Mapping[str, Any]]) -> Rows:
    """Give one row an item as it was uploaded; the file can be uploaded again."""
    for line in lines:
        truth = line["truth"] if line["state"] == "gold" else None
        yield {
            "item": line["item"],
            "content": line["content"],
            "gold": "|".join(truth["labels"]) if truth else None,
            "gold_reason": truth["reason"] if truth else None,
            "metadata": line["metadata"] or None,
        }


def answers(lines: Iterable[Mapping[str, Any]]) -> Rows:
    """Give one row an answer, workers by their pseudonyms; the file can be uploaded again."""
    for line in lines:
        for answer in line["answers"]:
            yield {"item": line["item"], **answer}


#: Each table: its columns, and its rows.
TABLES: Mapping[str, tuple[Sequence[Column], Callable[[Iterable[Mapping[str, Any]]], Rows]]] = {
    "labels": (
        [
            Column("item", "text"), Column("label", "text"), Column("confidence", "number"),
            Column("source", "text"), Column("state", "text"), Column("answers", "integer"),
            Column("discounted", "integer"), Column("counts", "json"), Column("agreement", "number"),
            Column("posterior", "json"), Column("predictions", "json"), Column("verdict", "text"),
            Column("crowd_label", "text"), Column("decided_at", "text"), Column("content_hash", "text"),
        ],
        labels,
    ),
    "items": (
        [
            Column("item", "text"), Column("content", "json"), Column("gold", "text"),
            Column("gold_reason", "text"), Column("metadata", "json"),
        ],
        items,
    ),
    "answers": (
        [
            Column("worker", "text"), Column("item", "text"), Column("label", "text"), Column("time", "text"),
            Column("seconds", "number"), Column("counted", "boolean"), Column("late", "boolean"),
            Column("weight", "number"), Column("guideline_version", "integer"),
        ],
        answers,
    ),
}  # fmt: skip


def _discounted(answer: Mapping[str, Any]) -> bool:
    return answer["weight"] is not None and answer["weight"] < 1
