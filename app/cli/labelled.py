"""What `crowdqc suspects` is given, as columns of the same items and classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.cli import files
from app.cli.crowds import count
from app.cli.files import BadInput
from crowdqc.formats.tables import Coded, Probabilities
from crowdqc.quality import Predictions, Votes, columns


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Items with labels, and all that speaks of them.

    Attributes
    ----------
    items, classes : tuple of str
        Names by code.
    label : int32[items]
    predictions : Predictions
    votes : Votes or None
        The answers, of these items and classes.
    embeddings : (int32[m], float32[m, d]) or None
        Items, and a vector of each.
    notes : list of str
        What was left out, and why.
    """

    items: tuple[str, ...]
    classes: tuple[str, ...]
    label: np.ndarray
    predictions: Predictions
    votes: Votes | None = None
    embeddings: tuple[np.ndarray, np.ndarray] | None = None
    notes: list[str] = field(default_factory=list)


def read(
    labels: Path, predictions: Sequence[Path], answers: Path | None = None, embeddings: Path | None = None
) -> Labelled:
    """Read the files; what does not fit together is refused, with its line.

    The classes are those of the predictions, in the order of their names.
    """
    table = files.labels(labels)
    if not len(table.item):
        raise BadInput(f"{labels} has no labels.")
    said = table.label.values
    for name in said:
        if name.strip().lower() == "nan":
            raise _at(labels, table.label, name, f"The label {name!r} is how programs write that there is none.")
    guessed = [_predictions(path, labels, table.label, said) for path in predictions]
    classes = tuple(columns.classes_in_order({name for each in guessed for name in each.classes}))
    place = {name: code for code, name in enumerate(classes)}
    label = np.empty(len(table.item), dtype=np.int32)
    label[table.item.codes] = np.array([place[name] for name in said], dtype=np.int32)[table.label.codes]
    items = table.item.values
    code = {item: at for at, item in enumerate(items)}
    notes: list[str] = []
    joined = _joined(predictions, guessed, code, place)
    guessed.clear()
    return Labelled(
        items,
        classes,
        label,
        joined,
        None if answers is None else _votes(answers, items, code, place, notes),
        None if embeddings is None else _vectors(embeddings, code, notes),
        notes,
    )


def also(case: Labelled, paths: Sequence[Path]) -> Predictions:
    """Read what other models say of the same items and classes."""
    guessed = [files.predictions(path, case.classes, single=True) for path in paths]
    place = {name: code for code, name in enumerate(case.classes)}
    for path, each in zip(paths, guessed, strict=True):
        strange = [name for name in each.classes if name not in place]
        if strange:
            raise BadInput(
                f"{path}: The class {strange[0]!r} has no column in the predictions of the student. "
                f"Its classes are: {', '.join(case.classes)}."
            )
    return _joined(paths, guessed, {item: at for at, item in enumerate(case.items)}, place)


def _predictions(path: Path, labels: Path, column: Coded[str], said: Sequence[str]) -> Probabilities:
    """Read one file; a label without a column is told with the line on which it stands."""
    try:
        return files.predictions(path, said, single=True)
    except BadInput as error:
        named = error.message.partition("no column for the class ")[2]
        name = next((each for each in said if named.startswith((f"{each}.", f"{each},", f"{each} and"))), None)
        if name is None:
            raise
        where = _at(labels, column, name, f"The label {name!r} stands here.").message
        raise BadInput(f"{error.message}\n  {where}") from None


def _joined(
    paths: Sequence[Path],
    guessed: Sequence[Probabilities],
    code: Mapping[str, int],
    place: Mapping[str, int],
) -> Predictions:
    """Put the predictions of all files under one another, with the classes in one order."""
    names: list[str] = []
    items, models, tables = [], [], []
    for path, each in zip(paths, guessed, strict=True):
        own = each.model.values
        if own == ("model",) and len(paths) > 1:
            own = (path.name.partition(".")[0],)  # the file's name tells its model from the others
        if twice := [name for name in own if name in names]:
            raise BadInput(
                f"{path}: The model {twice[0]!r} stands in another file as well. Name the models apart."
            )
        models.append(each.model.codes + np.int32(len(names)))
        names += own
        items.append(_known(path, each.item, code)[each.item.codes])
        if each.classes == tuple(place):
            tables.append(each.probabilities)
        else:
            table = np.zeros((len(each.item), len(place)), dtype=each.probabilities.dtype)
            table[:, [place[name] for name in each.classes]] = each.probabilities
            tables.append(table)
    return Predictions.coded(
        np.concatenate(items),
        np.concatenate(models),
        tables[0] if len(tables) == 1 else np.concatenate(tables),
        models=names,
        n_items=len(code),
        n_classes=len(place),
    )


def _known(path: Path, column: Coded[str], code: Mapping[str, int]) -> np.ndarray:
    """Give the code of each value of a column of items; refuse items without a label."""
    codes = np.array([code.get(item, -1) for item in column.values], dtype=np.int32)
    strange = np.flatnonzero(codes < 0)
    if strange.size:
        what = f"The item {column.values[strange[0]]!r} has no label."
        error = _at(path, column, column.values[strange[0]], what)
        more = "" if strange.size == 1 else f" {strange.size - 1:,} more predicted items have none."
        raise BadInput(f"{error.message}{more}")
    return codes


def _votes(
    path: Path, items: Sequence[str], code: Mapping[str, int], place: Mapping[str, int], notes: list[str]
) -> Votes:
    table = files.answers(path)
    for name in table.label.values:
        if name not in place:
            raise _at(path, table.label, name, f"The label {name!r} is not among the classes {', '.join(place)}.")
    item = np.array([code.get(name, -1) for name in table.item.values], dtype=np.int32)[table.item.codes]
    there = item >= 0
    if not there.all():
        notes.append(f"{path}: {count(int((~there).sum()), 'answer')} to items without a label left out.")
    label = np.array([place[name] for name in table.label.values], dtype=np.int32)[table.label.codes]
    return Votes.coded(
        item[there],
        table.worker.codes[there],
        label[there],
        items=items,
        workers=table.worker.values,
        classes=tuple(place),
        repeats="first",
    )


def _vectors(path: Path, code: Mapping[str, int], notes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    table = files.embeddings(path)
    item = np.array([code.get(name, -1) for name in table.item.values], dtype=np.int32)[table.item.codes]
    there = item >= 0
    if not there.all():
        notes.append(f"{path}: {count(int((~there).sum()), 'vector')} of items without a label left out.")
    if there.sum() < len(code):
        notes.append(f"{path}: {count(len(code) - int(there.sum()), 'item')} without a vector have no neighbours.")
    return item[there], table.numbers[there]


def _at(path: Path, column: Coded[str], name: str, what: str) -> BadInput:
    """Give the error for the first row that has a value."""
    row = int(np.argmax(column.codes == column.values.index(name)))
    return files.at_row(path, row, what)
