"""What a command is given, as votes, gold, predictions and costs that fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.cli import files
from app.cli.files import BadInput
from crowdqc.formats.tables import Answers, Coded, Costs, Probabilities
from crowdqc.quality import Consensus, Gold, Predictions, Votes, columns
from crowdqc.quality.workers import InvalidColumn, Matrices, WorkerEvidence, beside, examine

REPEATS = ("first", "last", "all", "reject")
#: Names that are listed where there are many.
_SHOWN = 10


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """All that an aggregation of files starts from.

    Attributes
    ----------
    repeated : int
        Answers of a worker to an item that he had answered before.
    truth : mapping or None
        Accepted labels by item, to compare with.
    time, place : float64[n] or None
        When each answer was given and where on the screen its label stood, in the order of the votes; None where
        they were not asked for or the file does not say.
    dated : bool
        Whether times are seconds from 1970 on, and not numbers of the file's own.
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
    time: np.ndarray | None = None
    place: np.ndarray | None = None
    dated: bool = False


def read(
    path: Path,
    *,
    repeats: str = "first",
    classes: Sequence[str] = (),
    needs_order: bool = False,
    gold: Path | None = None,
    predictions: Path | None = None,
    truth: Path | None = None,
    costs: Path | None = None,
    also: Collection[str] = (),
) -> Case:
    """Read the files of an aggregation.

    The classes are those of the answers, of gold, of the predictions and of the costs, in the order of their
    names. Where `classes` are given they stand first, in their own order, and predictions alone may add to them.
    Truth adds none: nothing may be learned from it.

    Parameters
    ----------
    needs_order
        Have a note say which order was taken where the classes are no numbers.
    also
        "time" and "place", where these are wanted.
    """
    table = files.answers(path, also)
    if not len(table.item):
        raise BadInput(f"{path} has no answers.")
    said = table.label.values
    notes: list[str] = []
    known = files.truths(gold, {*said, *classes}) if gold else {}
    _refuse_nan(path, table, classes)
    _refuse_nan_in(gold, known, classes)
    there = set(table.item.values) if known else set()
    if strange := [item for item in known if item not in there]:
        notes.append(f"{gold}: {count(len(strange), 'gold item')} without answers left out.")
        known = {item: labels for item, labels in known.items() if item in there}
    if gold:
        notes += _unsaid(gold, known, said, classes)
    notes += _odd_seconds(path, table)
    taught = {label for labels in known.values() for label in labels}
    priced = files.costs(costs) if costs else None
    seen = {*said, *taught, *classes}
    guessed = files.predictions(predictions, seen) if predictions else None
    declared = {name for pair in priced or () for name in pair} | set(guessed.classes if guessed else ())
    if classes:
        _refuse_undeclared(path, table, classes)
        if gold and (strangers := sorted(taught - set(classes))):
            raise BadInput(f"{files.line_of(gold, strangers[0])}: {_not_among(strangers[0], classes)}")
        lines = priced.lines if priced is not None else {}
        for name, line in ((name, line) for pair, line in lines.items() for name in pair if name not in classes):
            raise BadInput(f"{costs}, line {line}: {_not_among(name, classes)}")
    names = [*classes, *columns.classes_in_order({*said, *taught, *declared} - set(classes))]
    if needs_order and not classes and len(names) > 1 and not _are_numbers(names):
        notes.append(
            f"The classes are taken in the order of their names: {_listed(names)}. "
            "--classes A,B,... states another."
        )
    if unsaid := sorted(declared - taught - {*said, *classes}):
        named = ", ".join(map(shown, unsaid[:10]))
        notes.append(f"Nobody says {named}{' and others' if len(unsaid) > 10 else ''}.")
    votes, repeated = _votes(path, table, names, repeats)
    if repeated:
        words = {"first": "the first counts", "last": "the last counts", "all": "all count"}[repeats]
        notes.append(
            f"{path}: {count(repeated, 'answer')} to an item that the worker had answered before; {words}."
        )
    accepted = files.truths(truth, {*seen, *names}) if truth else None
    _refuse_nan_in(truth, accepted or {}, classes)
    if truth and accepted:
        notes += _unsaid(truth, accepted, said, classes)
    return Case(
        votes=votes,
        repeated=repeated,
        gold=Gold.of(votes, known) if known else None,
        predictions=None if guessed is None else _predictions(str(predictions), guessed, votes, notes),
        costs=_costs(costs, priced, names, {*said, *taught, *classes}) if costs and priced is not None else None,
        truth=accepted,
        notes=notes,
        time=_beside(table, votes, table.time, repeats),
        place=_beside(table, votes, table.place, repeats),
        dated=table.dated,
    )


def examined(path: Path, case: Case, consensus: Consensus, matrices: Matrices | None, seed: int) -> WorkerEvidence:
    """Examine the workers by all that the file of answers says."""
    try:
        return examine(
            case.votes,
            consensus,
            case.gold,
            order=case.time,
            places=case.place,
            costs=case.costs,
            matrices=matrices,
            seed=seed,
        )
    except InvalidColumn as error:
        raise BadInput(f"{path}: {error}") from None


def _beside(table: Answers, votes: Votes, values: np.ndarray | None, repeats: str) -> np.ndarray | None:
    if values is None:
        return None
    items, workers = (
        map(column.values.__getitem__, column.codes.tolist()) for column in (table.item, table.worker)
    )
    return beside(votes, items, workers, values, repeats="last" if repeats == "last" else "first")


def _odd_seconds(path: Path, table: Answers) -> list[str]:
    """Tell of seconds that are no times."""
    if not table.odd_seconds.size:
        return []
    told = f"{count(len(table.odd_seconds), 'answer')} with seconds that are no number from 0; they are not known."
    return [f"{files.place_of(path, int(table.odd_seconds[0]))}: {told}"]


def _unsaid(
    path: Path, known: Mapping[str, Sequence[str]], said: Sequence[str], classes: Sequence[str]
) -> list[str]:
    """Tell of accepted labels that no answer has: a misspelt one is easily taken for a class."""
    there = {*said, *classes}
    often = Counter(label for labels in known.values() for label in labels if label not in there)
    if not often:
        return []
    items = sum(not there.issuperset(labels) for labels in known.values())
    first = next(iter(often))
    shown = [f"{name!r} ({number:,})" for name, number in often.most_common(_SHOWN)]
    told = f"{count(items, 'item')} with a label that nobody gave: {_listed(shown, len(often))}"
    return [f"{files.line_of(path, first)}: {told}. The answers say {_listed(said)}."]


def _not_among(name: str, classes: Sequence[str]) -> str:
    return f"The label {name!r} is not among the classes {', '.join(classes)}."


def _listed(names: Sequence[str], number: int | None = None) -> str:
    """List the first of some names, and say how many more there are."""
    more = (len(names) if number is None else number) - _SHOWN
    return ", ".join(map(shown, names[:_SHOWN])) + (f" and {more:,} more" if more > 0 else "")


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


def _are_numbers(names: Collection[str]) -> bool:
    try:
        return all(float(name) == float(name) for name in names)
    except ValueError:
        return False


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
        raise files.at_row(path, row, _not_among(name, classes))


def _refuse_nan(path: Path, table: Answers, classes: Sequence[str]) -> None:
    """Refuse labels that say there is no number, which programs write where there is no label."""
    odd = np.array([_reads_nan(name) and name not in classes for name in table.label.values])
    if odd.any():
        row = int(np.argmax(odd[table.label.codes]))
        name = table.label.values[table.label.codes[row]]
        raise files.at_row(path, row, _not_a_label(name))


def _refuse_nan_in(path: Path | None, known: Mapping[str, Sequence[str]], classes: Sequence[str]) -> None:
    """Refuse such labels in a file of gold or truth."""
    labels = {label for labels in known.values() for label in labels}
    for name in sorted(label for label in labels if _reads_nan(label) and label not in classes):
        raise BadInput(f"{files.line_of(path, name) if path else ''}: {_not_a_label(name)}")


def _reads_nan(name: str) -> bool:
    return name.strip().lower() == "nan"


def _not_a_label(name: str) -> str:
    return (
        f"The label {name!r} is how programs write that there is none. Remove the line; "
        f"if it is a class, declare it with the others: --classes {name.strip()},..."
    )


def _predictions(path: str, guessed: Probabilities, votes: Votes, notes: list[str]) -> Predictions:
    """Bring the columns into the order of the classes, and leave out items that nobody answered."""
    code = {item: place for place, item in enumerate(votes.items)}
    items = np.array([code.get(item, -1) for item in guessed.item.values], dtype=np.int32)[guessed.item.codes]
    there = items >= 0
    if not there.any():
        notes.append(f"{path}: None of the predicted items was answered; the predictions are of other items.")
    elif not there.all():
        notes.append(f"{path}: {count(int((~there).sum()), 'prediction')} of items without answers left out.")
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


def _costs(path: Path, priced: Costs, names: Sequence[str], known: Collection[str]) -> np.ndarray:
    """Read the costs of all classes; `known` are those that other files or the command name as well."""
    table = np.zeros((len(names), len(names)))
    for row, true in enumerate(names):
        for column, said in enumerate(names):
            cost = priced.get((true, said), 0.0 if row == column else None)
            if cost is None:
                alone = {name: line for pair, line in priced.lines.items() for name in pair if name not in known}
                told = [f"Only it knows {name!r} (line {line})" for name, line in alone.items()]
                more = f" {'; '.join(told[:_SHOWN])}: the classes are {_listed(sorted(known))}." if told else ""
                raise BadInput(f"{path}: It does not say what {said!r} costs where {true!r} is true.{more}")
            if row == column and cost:
                where = f"{path}, line {priced.lines[true, said]}"
                raise BadInput(f"{where}: To say {said!r} where it is true costs {cost:g}; it must cost nothing.")
            table[row, column] = cost
    return table


def shown(name: str) -> str:
    """Show a name as it is, or in quotes where it would break the line.

    >>> shown("cat"), shown("two\\nlines")
    ('cat', "'two\\\\nlines'")
    """
    return name if name.isprintable() else repr(name)


def count(number: int, what: str) -> str:
    """Say how many of something there are."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
