"""Predictions: what models say of items, out of the rows of an upload."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.records import items, predictions, projects, uploads
from crowdqc.records.jobs import JobName
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, item_name, not_kept, note

#: How far from 1 the probabilities of an item may sum and be taken as they are.
ROUNDING = 1e-9
#: How far from 1 the probabilities of an item may sum before the row is at fault.
TOLERANCE = 0.01


class Said(NamedTuple):
    """What a row says of an item."""

    line: int
    item: str
    probabilities: bytes


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Keep the predictions of a chunk of rows; a row at fault is noted.

    A row says itself which version of which model it is of, in columns `model` and `version`, or the upload does.
    A version of a model says one thing of an item: the same again is left alone, another thing is at fault.
    """
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    faults = [row for row in rows if isinstance(row, Fault)]
    read: dict[tuple[str, str], list[Said]] = {}
    for row in rows:
        if isinstance(row, Row):
            model, said = _model(row, upload.parameters), _read(row, project.classes)
            if isinstance(model, Fault) or isinstance(said, Fault):
                faults.append(model if isinstance(model, Fault) else said)  # type: ignore[arg-type]
            else:
                read.setdefault(model, []).append(said)
    found = items.ids(tx.session, project.id, {said.item for all_said in read.values() for said in all_said})
    kept = unchanged = 0
    for (name, version), all_said in read.items():
        model_id = predictions.open_model(tx.session, project.id, name, version, tx.now).id
        known = predictions.existing(tx.session, model_id, list(found.values()))
        fresh: list[dict[str, Any]] = []
        for said in all_said:
            item_id = found.get(said.item)
            if item_id is None:
                what = f"There is no item {said.item!r} in this project."
                faults.append(Fault(said.line, "item", what, "Upload the items first, and name them as there."))
            elif item_id not in known:
                known[item_id] = said.probabilities
                fresh.append(
                    {
                        "model_id": model_id,
                        "item_id": item_id,
                        "upload_id": upload.id,
                        "probabilities": said.probabilities,
                    }
                )
            elif known[item_id] == said.probabilities:
                unchanged += 1
            else:
                what = f"Model {name!r}, version {version!r}, said something else of item {said.item!r}."
                faults.append(Fault(said.line, "item", what, "Give a new version of the model its own name."))
        predictions.add_many(tx.session, fresh)
        kept += len(fresh)
    note(tx, upload, rows, kept=kept, unchanged=unchanged, faults=faults)
    if kept:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)


def _model(row: Row, parameters: Mapping[str, str]) -> tuple[str, str] | Fault:
    """Say which version of which model a row is of."""
    name, version = (str(row.values.get(part) or parameters.get(part) or "") for part in ("model", "version"))
    for part, value in (("model", name), ("version", version)):
        if not 0 < len(value) <= 100:
            what = f"There is no {part}." if not value else f"The {part} is longer than 100 characters."
            return Fault(row.line, part, what, f"Fill a column {part}, or say it beside the file.")
    return name, version


def _read(row: Row, classes: Sequence[str]) -> Said | Fault:
    """Read a row as (item, probabilities): a column `p:CLASS` or `CLASS` for each class, or `probabilities`."""
    _, key = item_name(row.values)
    if not key:
        return Fault(row.line, "item", "The row names no item.", "Fill a column named item.")
    whole = row.values.get("probabilities")
    if isinstance(whole, str) and whole:
        try:
            whole = jsonvalues.parse(whole)
        except jsonvalues.NotJson:
            return Fault(row.line, "probabilities", "This is not JSON.", 'Write {"class": 0.9, ...}.')
    if whole in (None, ""):
        whole = {
            name: row.values[given] for name in classes for given in (f"p:{name}", name) if given in row.values
        }
    if isinstance(whole, list):
        if len(whole) != len(classes):
            what = f"There are {len(whole)} probabilities for {len(classes)} classes."
            return Fault(row.line, "probabilities", what, "Give one for each class, in the project's order.")
        whole = dict(zip(classes, whole, strict=True))
    if not isinstance(whole, dict) or not whole:
        what = "There are no probabilities."
        return Fault(row.line, "probabilities", what, "Give a column p:CLASS for each class, or probabilities.")
    if unknown := [name for name in whole if name not in classes]:
        what = f"{unknown[0]!r} is not a class of this project."
        return Fault(row.line, "probabilities", what, f"Classes: {', '.join(classes[:50])}.")
    values = np.zeros(len(classes))
    for number, name in enumerate(classes):
        cell = whole.get(name, 0.0)
        try:
            value = math.nan if isinstance(cell, bool) else float(cell or 0.0)
        except (TypeError, ValueError, OverflowError):
            value = math.nan
        if not 0.0 <= value <= 1.0 + TOLERANCE:
            what = f"{cell!r} is not a probability."
            return Fault(row.line, f"probabilities, {name}", what, "Give a number from 0 to 1.")
        values[number] = value
    total = float(values.sum())
    if abs(total - 1.0) > TOLERANCE:
        return Fault(row.line, "probabilities", f"They sum to {total:.4g}, not to 1.", "Normalise them.")
    # What sums to 1 but for rounding is kept as it came, so that an export comes back the same.
    exact = abs(total - 1.0) <= ROUNDING
    return Said(row.line, key, predictions.packed(values if exact else values / total))
