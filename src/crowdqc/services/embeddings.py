"""Embeddings: where models put items, out of the rows of an upload."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.records import embeddings, projects, uploads
from crowdqc.records.copying import Same
from crowdqc.records.predictions import ModelRole
from crowdqc.services import models
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, not_kept, note

#: The most numbers of a vector.
LARGEST = 16_384


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Keep the embeddings of a chunk of rows: `item` and `embedding`, a list; a row at fault is noted.

    Columns `model` and `version` say whose they are, or the upload does. All vectors of a version have one length.
    """
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    found, faults = models.named(rows, upload.parameters | {"role": ModelRole.EMBEDDER.value})
    kept = unchanged = 0
    for model, mine in models.sorted_out(tx, project, found, faults):
        known = embeddings.existing(tx.session, model.id, {item_id for _, item_id in mine})
        size = embeddings.size(tx.session, model.id)
        fresh: list[tuple[int, bytes]] = []
        for each, item_id in mine:
            vector = _read(each.row)
            if isinstance(vector, Fault):
                faults.append(vector)
                continue
            size = size or vector.size
            if vector.size != size:
                what = f"The vector has {vector.size} numbers, those of this model before it {size}."
                faults.append(
                    Fault(each.row.line, "embedding", what, "Give vectors of another size a new version.")
                )
                continue
            blob = embeddings.packed(vector)
            before = known.setdefault(item_id, blob)
            if before is blob:
                fresh.append((item_id, blob))
            elif before == blob:
                unchanged += 1
            else:
                what = f"Model {each.name!r}, version {each.version!r}, put item {each.item!r} elsewhere before."
                faults.append(Fault(each.row.line, "item", what, "Give a new version of the model its own name."))
        if fresh:
            columns = zip(("item_id", "vector"), zip(*fresh, strict=True), strict=True)
            same = {"model_id": Same(model.id), "upload_id": Same(upload.id)}
            embeddings.add_many(tx.session, same | dict(columns))
        kept += len(fresh)
    note(tx, upload, rows, kept=kept, unchanged=unchanged, faults=faults)


def _read(row: Row) -> NDArray[np.float64] | Fault:
    """Read the vector of a row, float64[d]."""
    given = row.values.get("embedding")
    mend = "Fill a column embedding with a list of numbers: [0.1, -2.3, ...]."
    if isinstance(given, str) and given:
        try:
            given = jsonvalues.parse(given)
        except jsonvalues.NotJson:
            return Fault(row.line, "embedding", "This is not JSON.", mend)
    if not isinstance(given, list) or not given:
        return Fault(row.line, "embedding", "There is no vector.", mend)
    if len(given) > LARGEST:
        return Fault(row.line, "embedding", f"The vector has more than {LARGEST} numbers.", "Embed it in fewer.")
    if not {*map(type, given)} <= {int, float}:
        odd = next(each for each in given if type(each) not in (int, float))
        return Fault(row.line, "embedding", f"{odd!r} is not a number.", mend)
    vector = np.array(given, dtype=np.float64)
    with np.errstate(over="ignore"):
        finite = np.isfinite(vector.astype(np.float32)).all()
    return vector if finite else Fault(row.line, "embedding", "A number is not finite, or too large.", mend)
