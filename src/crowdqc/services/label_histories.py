"""Items as the lines of a release, with all that their labels come from; and the figures of the whole."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats import frozen
from crowdqc.records import items, predictions, provenance, runs
from crowdqc.records.items import Fact, ItemState, TruthSource
from crowdqc.records.projects import Project
from crowdqc.records.provenance import Decided, GivenAnswer
from crowdqc.records.runs import Run
from crowdqc.services import labels
from crowdqc.services.transaction import Transaction

#: Fields of contents that are told one by one; where there are more, contents are told as a whole.
FIELDS = 100
#: Pairs of classes that are told as confused.
PAIRS = 20


class Histories:
    """Reads a project's items, a block at a time; the figures are whole when the lines are all taken."""

    def __init__(self, tx: Transaction, project: Project) -> None:
        self._tx, self._project = tx, project
        self.run: Run | None = runs.latest(tx.session, project.id)
        given = {} if self.run is None else self.run.weights
        self._weights: dict[int, float] = {int(key): weight for key, weight in given.items()}
        keys = provenance.pseudonym_keys(tx.session, project.id)
        self._names = {worker: pseudonym(key, project) for worker, key in keys.items()}
        self.models = [*predictions.models(tx.session, project.id)]
        self._models = {model.id: f"{model.name} {model.version}" for model, _ in self.models}
        size = len(project.classes)
        self._codes = {name: number for number, name in enumerate(project.classes)}
        self.states: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self.classes: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        #: Counted answers by (label of the item, what was said).
        self.said: NDArray[np.int64] = np.zeros((size, size), dtype=np.int64)
        #: What kind of value each field of the contents holds; None: there are too many to tell.
        self.fields: dict[str, str] | None = {}

    def lines(self) -> Iterator[bytes]:
        """Give a line for each item, in the order of their coming."""
        for facts in items.facts(self._tx.session, self._project.id):
            yield from self._block(facts)

    def confusions(self) -> list[dict[str, Any]]:
        """Give the pairs of classes that are confused most often: counted answers against the final labels."""
        wrong = self.said.copy()
        np.fill_diagonal(wrong, 0)
        totals = self.said.sum(axis=1)
        order = np.argsort(-wrong, axis=None, kind="stable")[:PAIRS]
        pairs = [(int(at) // len(wrong), int(at) % len(wrong)) for at in order]
        return [
            {
                "label": self._project.classes[label],
                "said": self._project.classes[said],
                "answers": int(wrong[label, said]),
                "share": float(wrong[label, said] / totals[label]),
            }
            for label, said in pairs
            if wrong[label, said]
        ]

    def _block(self, facts: Sequence[Fact]) -> Iterator[bytes]:
        session, project = self._tx.session, self._project
        first, last = facts[0][0], facts[-1][0]
        found = labels.labelled(self._tx, project, self.run, facts)
        things = provenance.things(session, project.id, first, last)
        given = provenance.answers(session, project.id, first, last)
        decided = provenance.decisions(session, project.id, first, last)
        known = provenance.truths(session, project.id, first, last)
        predicted = dict(provenance.predictions(session, project.id, first, last))
        for place, (item, key, state, truth, source, _) in enumerate(facts):
            _, content, metadata, content_hash = things[item]
            label, answered = found.label[place], given.get(item, [])
            self._count(state, found.source[place], label, answered, content)
            yield frozen.encode(
                {
                    "item": key,
                    "content_hash": content_hash,
                    "label": label,
                    "confidence": found.confidence[place],
                    "source": found.source[place],
                    "state": state,
                    # Everything above is plain, so that it can be read without what follows (`frozen.columns`).
                    "content": content,
                    "metadata": metadata,
                    "posterior": self._posterior(found.posterior[place]),
                    "agreement": found.agreement[place],
                    "counts": self._counts(answered),
                    "answers": [self._answer(each) for each in answered],
                    "decisions": [self._decision(each) for each in decided.get(item, ())],
                    "truth": _truth(known.get(item), truth, source, state),
                    "predictions": self._predictions(predicted.get(item, ())),
                }
            )

    def _answer(self, answer: GivenAnswer) -> dict[str, Any]:
        return {
            "worker": self._names[answer.worker_id],
            "label": None if answer.label is None else self._project.classes[answer.label],
            "time": answer.submitted_at.isoformat(),
            "seconds": answer.seconds,
            "counted": bool(answer.counted),
            "late": bool(answer.late),
            "weight": self._weight(answer),
            "guideline_version": answer.guideline_version,
        }

    def _weight(self, answer: GivenAnswer) -> float | None:
        """Say how much an answer weighed in the run: 0 where it was left out, or came too late for it."""
        if self.run is None:
            return None
        if not answer.counted or answer.label is None or answer.id > self.run.answers_until:
            return 0.0
        return self._weights.get(answer.worker_id, 1.0)

    def _decision(self, decision: Decided) -> dict[str, Any]:
        classes = self._project.classes
        return {
            "verdict": decision.verdict,
            "label": None if decision.label is None else classes[decision.label],
            "crowd_label": None if decision.consensus_label is None else classes[decision.consensus_label],
            "decided_at": decision.decided_at.isoformat(),
            "reasons": decision.reasons,
        }

    def _posterior(self, blob: bytes | None) -> dict[str, float] | None:
        if blob is None or self.run is None:
            return None
        values = predictions.unpacked(blob, len(self.run.classes)).tolist()
        if not all(map(math.isfinite, values)):
            return None
        return dict(zip(self.run.classes, values, strict=True))

    def _predictions(self, said: Sequence[tuple[int, bytes]]) -> dict[str, Any]:
        told = {}
        for model, blob in said:
            values = np.frombuffer(blob, dtype="<f8")
            best = int(values.argmax())
            told[self._models[model]] = {
                "label": self._project.classes[best], "probability": float(values[best])
            }  # fmt: skip
        return told

    def _counts(self, answered: Sequence[GivenAnswer]) -> dict[str, int]:
        numbers = Counter(each.label for each in answered if each.counted and each.label is not None)
        return {self._project.classes[label]: numbers[label] for label in sorted(numbers)}

    def _count(
        self,
        state: str,
        source: str | None,
        label: str | None,
        answered: Sequence[GivenAnswer],
        content: Mapping[str, Any],
    ) -> None:
        self.states[state] += 1
        if label is not None:
            self.sources[source or ""] += 1
            self.classes[label] += 1
        for answer in answered:
            self.answers["all"] += 1
            self.answers["late"] += bool(answer.late)
            self.answers["discounted"] += answer.counted and answer.worker_id in self._weights
            if answer.counted:
                self.answers["counted"] += 1
                if label is not None and answer.label is not None:
                    self.said[self._codes[label], answer.label] += 1
        if self.fields is not None:
            for name, value in content.items():
                self.fields[name] = _wider(self.fields.get(name), value)
            if len(self.fields) > FIELDS:
                self.fields = None


def pseudonym(key: bytes, project: Project) -> str:
    """Give the name of a worker in the releases of a project: the same in all of them, in no other project's.

    Who does not have the key, which is the worker's own and random, cannot tell whose it is by trying names.
    """
    return "w" + hmac.new(key, project.uid.bytes, hashlib.sha256).hexdigest()[:16]


def _truth(
    known: tuple[Any, ...] | None, labels_now: list[str] | None, source: str | None, state: str
) -> dict[str, Any] | None:
    """Tell which labels are known to be right and why; what stands on the item is what holds."""
    if not labels_now:
        return None
    told: dict[str, Any] = {
        "labels": labels_now,
        "gold": state == ItemState.GOLD or source == TruthSource.GOLD,
        "reason": None,
        "source": source,
        "at": None,
    }
    if known is not None:
        told |= {"reason": known[1], "source": known[2], "at": known[3].isoformat()}
    return told


_KINDS: dict[type, str] = {str: "text", bool: "boolean", int: "integer", float: "number"}


def _wider(kind: str | None, value: object) -> str:
    """Give the kind of column that holds a value and all that came before it."""
    if value is None:
        return kind or "text"
    mine = _KINDS.get(type(value), "json")
    if isinstance(value, int) and not -(2**53) <= value <= 2**53:
        mine = "json"
    if kind is None or kind == mine:
        return mine
    return "number" if {kind, mine} == {"integer", "number"} else "json"
