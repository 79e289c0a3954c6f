"""Which version of which model a row of a file is of, and whether that model may speak as the file says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from crowdqc.formats import Fault, Row
from crowdqc.records import items, predictions
from crowdqc.records.predictions import Fold, Model, ModelRole
from crowdqc.records.projects import Project
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, item_name

__all__ = ["Fold", "Model", "ModelRole", "Named", "named", "opened", "sorted_out"]

_LONGEST = 100
#: In a column `fold`: that the model was trained on this item.
_TRAINED = ("in_sample", "in-sample", "in sample", "train", "training", "trained")


class Named(NamedTuple):
    """A row that names its model, its item and which view of it."""

    row: Row
    name: str
    version: str
    item: str
    view: int
    role: ModelRole | None
    fold: Fold | None


def named(rows: Rows, parameters: Mapping[str, str]) -> tuple[list[Named], list[Fault]]:
    """Read what rows speak of: columns `model`, `version`, `role` and `fold` say it, or the file's parameters.

    In `fold` may stand the number of a fold as well: that an item was predicted by a model trained on the others.
    """
    found: list[Named] = []
    faults: list[Fault] = []
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
        elif isinstance(row, Row):
            each = _named(row, parameters)
            if isinstance(each, Fault):
                faults.append(each)
            else:
                found.append(each)
    return found, faults


def _named(row: Row, parameters: Mapping[str, str]) -> Named | Fault:
    values = row.values
    name, version = (str(values.get(part) or parameters.get(part) or "") for part in ("model", "version"))
    for part, value in (("model", name), ("version", version)):
        if not 0 < len(value) <= _LONGEST:
            what = f"There is no {part}." if not value else f"The {part} is longer than {_LONGEST} characters."
            return Fault(row.line, part, what, f"Fill a column {part}, or say it beside the file.")
    _, item = item_name(values)
    if not item:
        return Fault(row.line, "item", "The row names no item.", "Fill a column named item.")
    fold = _fold(values.get("fold"), parameters.get("fold"))
    if fold == Fold.IN_SAMPLE and parameters.get("fold") != Fold.IN_SAMPLE:
        what = f"The model was trained on item {item!r}, as fold says."
        mend = "Predict each item by a model trained on the others, or upload the file as fold=in_sample."
        return Fault(row.line, "fold", what, mend)
    said = str(values.get("role") or parameters.get("role") or "")
    if said and said not in [*ModelRole]:
        what = f"{said!r} is not what a model can be."
        return Fault(row.line, "role", what, f"Give one of: {', '.join(ModelRole)}.")
    role = ModelRole(said) if said else None
    view = values.get("view")
    if view in (None, ""):
        return Named(row, name, version, item, 0, role, fold)
    try:
        number = float(str(view))
        if isinstance(view, bool) or not number.is_integer() or not 0 <= number < 1000:
            raise ValueError
    except ValueError:
        return Fault(row.line, "view", f"{view!r} is not a whole number from 0 to 999.", "Number the views.")
    return Named(row, name, version, item, int(number), role, fold)


def _fold(cell: object, beside: str | None) -> Fold | None:
    """Say what a cell, or what was said beside the file, means: a number is that of a fold."""
    text = str("" if cell is None else cell).strip().lower()
    if not text or beside == Fold.IN_SAMPLE:
        return None if beside is None else Fold(beside)
    if text in _TRAINED:
        return Fold.IN_SAMPLE
    return Fold(text) if text in [*Fold] else Fold.OUT_OF_FOLD


def opened(
    tx: Transaction, project: Project, name: str, version: str, role: ModelRole | None, fold: Fold | None
) -> Model | tuple[str, str]:
    """Give a model, made where it is new; or why it cannot be what is said of it, and how to mend that."""
    found = predictions.open_model(
        tx.session, project.id, name, version, tx.now, role=role or ModelRole.STUDENT, fold=fold or Fold.UNKNOWN
    )
    for what, said, known in (("role", role, found.role), ("fold", fold, found.fold)):
        if said not in (None, Fold.UNKNOWN, known):
            return (
                f"Model {name!r}, version {version!r}, was uploaded before with {what} {known!r}, not {said!r}.",
                "Say the same of it, or give it another version.",
            )
    return found


def sorted_out(
    tx: Transaction, project: Project, rows: Sequence[Named], faults: list[Fault]
) -> Iterable[tuple[Model, list[tuple[Named, int]]]]:
    """Give each model with its rows, each with the key inside of its item; what does not fit is at fault."""
    found = items.ids(tx.session, project.id, {each.item for each in rows})
    of_models: dict[tuple[str, str, ModelRole | None, Fold | None], list[tuple[Named, int]]] = {}
    for each in rows:
        item_id = found.get(each.item)
        if item_id is None:
            what = f"There is no item {each.item!r} in this project."
            faults.append(Fault(each.row.line, "item", what, "Upload the items first, and name them as there."))
        else:
            said = each.name, each.version, each.role, each.fold
            of_models.setdefault(said, []).append((each, item_id))
    for said, mine in of_models.items():
        model = opened(tx, project, *said)
        if isinstance(model, tuple):
            faults.extend(Fault(each.row.line, "model", *model) for each, _ in mine)
            continue
        if model.role == ModelRole.STUDENT and any(each.view for each, _ in mine):
            what = f"Model {model.name!r} has one view of an item only."
            mend = "Upload the file as role=views, or role=ensemble."
            faults.extend(Fault(each.row.line, "view", what, mend) for each, _ in mine if each.view)
            mine = [(each, item_id) for each, item_id in mine if not each.view]
        yield model, mine
