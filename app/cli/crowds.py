"""What a command is given, as votes, gold, predictions and costs that fit together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.cli import files
from app.cli.files import BadInput
from crowdqc.formats.tables import Answers, Coded, Probabilities
from crowdqc.quality import Gold, Predictions, Votes

REPEATS = ("first", "last", "all", "reject")


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that an aggregation of files starts from.

    Attributes
    ----------
    repeated : int
        Answers of a worker to an item that he had answered before.
    truth : mapping or None
        Accepted labels by item, to compare with.
    notes : list of str
        What was left out, and why.
    """

    votes: Votes
    repeated: int
    gold: Gold | None = None
    predictions: Predictions | None = None
    costs: np.ndarray | None = None
    truth: Mapping[str, tuple[str, ...]] | None = None
    notes: list[str] = field(default_factory=list)


def read(
    path: Path,
    *,
    repeats: str = "first",
    classes: Sequence[str] = (),
    by_number: bool = False,
    gold: Path | None = None,
    predictions: Path | None = None,
    truth: Path | None = None,
    costs: Path | None = None,
) -> Case:
    """Read the files of an aggregation.

    The classes are those of the answers, of gold, of the predictions and of the costs, in the order of their
    names; before them `classes`, in their own order. Truth adds none: nothing may be learned from it.

    Parameters
    ----------
    by_number
        Order classes by number, where all of them are numbers.
    """
    table = files.answers(path)
    if not len(table.item):
        raise BadInput(f"{path} has no answers.")
    said = table.label.values
    notes: list[str] = []
    known = files.truths(gold, {*said, *classes}) if gold else {}
    there = set(table.item.values) if known else set()
    if strange := [item for item in known if item not in there]:
        notes.append(f"{gold}: {_count(len(strange), 'gold item')} without answers left out.")
        known = {item: labels for item, labels in known.items() if item in there}
    taught = {label for labels in known.values() for label in labels}
    priced = files.costs(costs) if costs else {}
    seen = {*said, *taught, *classes}
    guessed = files.predictions(predictions, seen) if predictions else None
    declared = {name for pair in priced for name in pair} | set(guessed.classes if guessed else ())
    if classes:
        _refuse_undeclared(path, table, classes)
    names = [*classes, *_ordered({*said, *taught, *declared} - set(classes), by_number)]
    if unsaid := sorted((declared | taught) - {*said, *classes}):
        notes.append(f"Nobody says {', '.join(unsaid[:10])}{' and others' if len(unsaid) > 10 else ''}.")
    votes, repeated = _votes(path, table, names, repeats)
    if repeated:
        words = {"first": "the first counts", "last": "the last counts", "all": "all count"}[repeats]
        notes.append(
            f"{path}: {_count(repeated, 'answer')} to an item that the worker had answered before; {words}."
        )
    return Case(
        votes=votes,
        repeated=repeated,
        gold=Gold.of(votes, known) if known else None,
        predictions=None if guessed is None else _predictions(str(predictions), guessed, votes, notes),
        costs=_costs(costs, priced, names) if costs else None,
        truth=files.truths(truth, {*seen, *names}) if truth else None,
        notes=notes,
    )


def _votes(path: Path, table: Answers, names: Sequence[str], repeats: str) -> tuple[Votes, int]:
    place = {name: code for code, name in enumerate(names)}
    codes = np.array([place[name] for name in table.label.values], dtype=np.int32)
    if repeats == "reject" and (row := _first_repeated(table)) is not None:
        who, what = (column.values[column.codes[row]] for column in (table.worker, table.item))
        raise files.at_row(path, row, f"The worker {who!r} answered the item {what!r} before.")
    votes = Votes.coded(
        table.item.codes,
        table.worker.codes,
        codes[table.label.codes],
        items=table.item.values,
        workers=table.worker.values,
        classes=names,
        seconds=table.seconds,
        weights=table.weight,
        repeats=repeats,  # type: ignore[arg-type]
    )
    repeated = len(table.item) - len(votes) if repeats != "all" else int((~votes.opens_group()).sum())
    return votes, repeated


def _ordered(names: Collection[str], by_number: bool) -> list[str]:
    if by_number:
        try:
            return sorted(names, key=lambda name: (float(name), name))
        except ValueError:
            pass
    return sorted(names)


def _first_repeated(table: Answers) -> int | None:
    pair = table.item.codes.astype(np.int64) * len(table.worker.values) + table.worker.codes
    order = np.argsort(pair, kind="stable")
    again = order[1:][pair[order][1:] == pair[order][:-1]]
    return int(again.min()) if again.size else None


def _refuse_undeclared(path: Path, table: Answers, classes: Sequence[str]) -> None:
    undeclared = np.array([name not in classes for name in table.label.values])
    if undeclared.any():
        row = int(np.argmax(undeclared[table.label.codes]))
        name = table.label.values[table.label.codes[row]]
        raise files.at_row(path, row, f"The label {name!r} is not among the classes {', '.join(classes)}.")


def _predictions(path: str, guessed: Probabilities, votes: Votes, notes: list[str]) -> Predictions:
    """Bring the columns into the order of the classes, and leave out items that nobody answered."""
    code = {item: place for place, item in enumerate(votes.items)}
    items = np.array([code.get(item, -1) for item in guessed.item.values], dtype=np.int32)[guessed.item.codes]
    there = items >= 0
    if not there.all():
        notes.append(f"{path}: {_count(int((~there).sum()), 'prediction')} of items without answers left out.")
    table = np.zeros((int(there.sum()), votes.n_classes))
    place = {name: column for column, name in enumerate(votes.classes)}
    table[:, [place[name] for name in guessed.classes]] = guessed.probabilities[there]
    model: Coded[str] = guessed.model
    return Predictions.coded(
        items[there],
        model.codes[there],
        table,
        models=model.values,
        n_items=votes.n_items,
        n_classes=votes.n_classes,
    )


def _costs(path: Path, priced: Mapping[tuple[str, str], float], names: Sequence[str]) -> np.ndarray:
    table = np.zeros((len(names), len(names)))
    for row, true in enumerate(names):
        for column, said in enumerate(names):
            cost = priced.get((true, said), 0.0 if row == column else None)
            if cost is None:
                raise BadInput(f"{path}: It does not say what {said!r} costs where {true!r} is true.")
            if row == column and cost:
                raise BadInput(f"{path}: To say {said!r} where it is true costs {cost:g}; it must cost nothing.")
            table[row, column] = cost
    return table


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
