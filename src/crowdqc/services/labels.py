"""Labels as they leave, with their history: a block of items at a time, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring as quoted
from typing import Any, NamedTuple

import numpy as np

from crowdqc.formats import Block, Same
from crowdqc.records import answers, items, people, predictions, reviews, runs, scores, uploads
from crowdqc.records.items import Fact, ItemState
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review
from crowdqc.records.runs import Run
from crowdqc.services.transaction import Transaction

#: What there is of an item without a score: label, confidence, answers, agreement, entropy, tied, posterior.
_UNSCORED = (None,) * 7


def blocks(tx: Transaction, project: Project) -> Iterator[Block]:
    """Give the label of each item, and all that it comes from."""
    run = runs.latest(tx.session, project.id)
    run_facts = _run_facts(run)
    batches = {upload.id: str(upload.uid) for upload in uploads.page(tx.session, project.id, limit=1_000_000)}
    counts = _Counts(project.classes)
    for facts in items.facts(tx.session, project.id):
        ids, keys, states, _, _, brought = zip(*facts, strict=True)
        first, last = ids[0], ids[-1]
        found = labelled(tx, project, run, facts)
        given = dict(answers.label_counts_between(tx.session, project.id, first, last))
        decided = reviews.decided_between(tx.session, project.id, first, last)
        yield Block(
            len(ids),
            {
                "item": keys,
                "label": found.label,
                "confidence": found.confidence,
                "source": found.source,
                "state": states,
                "answers": found.answers,
                "counts": [counts.text(given.get(item)) for item in ids],
                "agreement": found.agreement,
                "entropy": found.entropy,
                "tied": found.tied,
                "posterior": Same(None) if run is None else _posteriors(found.posterior, run.classes),
                "batch": [batches.get(upload) for upload in brought] if len(set(brought)) > 1
                else Same(batches.get(brought[0])),
                **run_facts,
                **_decisions(tx, project, facts, decided),
            },
        )  # fmt: skip


class Labelled(NamedTuple):
    """The labels of a block of items, by columns, with what the run says of them."""

    label: Sequence[str | None]
    confidence: Sequence[float | None]
    source: Sequence[str | None]
    answers: Sequence[int | None]
    agreement: Sequence[float | None]
    entropy: Sequence[float | None]
    tied: Sequence[bool | None]
    posterior: Sequence[bytes | None]


def labelled(tx: Transaction, project: Project, run: Run | None, facts: Sequence[Fact]) -> Labelled:
    """Say which label each item of a block has now: the decision, else the gold, else the run's consensus."""
    ids, _, states, truths, sources, _ = zip(*facts, strict=True)
    between = () if run is None else scores.between(tx.session, run.id, ids[0], ids[-1])
    scored = {row[0]: row[1:] for row in between}
    label, confidence, answered, agreement, entropy, tied, posterior = zip(
        *[scored.get(item, _UNSCORED) for item in ids], strict=True
    )
    labels: list[str | None] = [None if each is None else project.classes[each] for each in label]
    label_sources: list[str | None] = [None if each is None else "consensus" for each in labels]
    confidences = [*confidence]
    for place, (truth, state) in enumerate(zip(truths, states, strict=True)):
        if truth:
            label_sources[place] = sources[place]
            if len(truth) == 1:
                labels[place], confidences[place] = truth[0], 1.0
        if state == ItemState.DISCARDED:
            labels[place] = None
    confidences = [None if name is None else each for each, name in zip(confidences, labels, strict=True)]
    return Labelled(labels, confidences, label_sources, answered, agreement, entropy, tied, posterior)


def _run_facts(run: Run | None) -> dict[str, Same]:
    return {
        "run": Same(None if run is None else str(run.uid)),
        "method": Same(None if run is None else run.method),
        "code_version": Same(None if run is None else run.code_version),
        "run_finished_at": Same(None if run is None or run.finished_at is None else run.finished_at.isoformat()),
    }


class _Counts:
    """Writes counts as JSON; the same few come again and again."""

    def __init__(self, classes: Sequence[str]) -> None:
        self._names = [quoted(name) for name in classes]
        self._known: dict[tuple[tuple[int, int], ...], str] = {}

    def text(self, counts: Sequence[tuple[int, int]] | None) -> str:
        """Write counts by the number of the class."""
        if counts is None:
            return "{}"
        key = (*counts,)
        found = self._known.get(key)
        if found is None:
            found = "{" + ",".join(f"{self._names[label]}:{number}" for label, number in key) + "}"
            if len(self._known) < 10_000:
                self._known[key] = found
        return found


def _posteriors(blobs: Sequence[bytes | None], classes: Sequence[str]) -> list[str | None]:
    """Write posteriors as JSON: the probability of each class."""
    if not classes:
        return [None if blob is None else "{}" for blob in blobs]
    there = [blob for blob in blobs if blob is not None]
    full = 8 * len(classes)
    if all(len(blob) == full for blob in there):
        table = np.frombuffer(b"".join(there), dtype="<f8").reshape(len(there), len(classes))
    else:
        table = np.array([predictions.unpacked(blob, len(classes)) for blob in there])
    pattern = "{" + ",".join(quoted(name).replace("%", "%%") + ":%r" for name in classes) + "}"
    written = map(pattern.__mod__, map(tuple, table.tolist()))
    return [None if blob is None else next(written) for blob in blobs]


def _decisions(
    tx: Transaction, project: Project, facts: Sequence[Fact], decided: Mapping[int, Review]
) -> dict[str, Same | Sequence[Any]]:
    """Give what experts decided; mostly nothing."""
    names = ("review", "verdict", "crowd_label", "decided_by", "decided_at")
    if not decided:
        return {name: Same(None) for name in names}
    deciders = people.names(tx.session, {review.decided_by for review in decided.values()})
    rows: list[tuple[str | None, ...]] = []
    for fact in facts:
        review = decided.get(fact[0])
        if review is None:
            rows.append((None,) * len(names))
            continue
        said = review.consensus_label
        rows.append(
            (
                str(review.uid),
                str(review.verdict),
                None if said is None else project.classes[said],
                deciders.get(review.decided_by or 0),
                None if review.decided_at is None else review.decided_at.isoformat(),
            )
        )  # fmt: skip
    return dict(zip(names, zip(*rows, strict=True), strict=True))
