"""Predictions: what models say of items, out of the rows of an upload."""

from __future__ import annotations

from crowdqc.formats import Fault
from crowdqc.records import predictions, projects, uploads
from crowdqc.records.copying import Same
from crowdqc.records.jobs import JobName
from crowdqc.services import models
from crowdqc.services.readings import Reader
from crowdqc.services.transaction import Transaction
from crowdqc.services.uploads import Rows, not_kept, note


def keep(tx: Transaction, upload_id: int, rows: Rows) -> None:
    """Keep the predictions of a chunk of rows; a row at fault is noted.

    A row says itself which version of which model it is of, in columns `model` and `version`, or the upload does;
    `view` says which view of the item. A version of a model says one thing of a view of an item: the same again is
    left alone, another thing is at fault.
    """
    upload = uploads.by_id(tx.session, upload_id, lock=True)
    rows = not_kept(upload, rows)
    project = projects.by_id(tx.session, upload.project_id, lock=True)
    reader = Reader(project.classes, scores=upload.parameters.get("values") == "scores")
    found, faults = models.named(rows, upload.parameters)
    said: dict[int, bytes] = {}
    for each, read in zip(found, reader.read([each.row for each in found]), strict=True):
        if isinstance(read, Fault):
            faults.append(read)
        else:
            said[each.row.line] = predictions.packed(read)
    fit = [each for each in found if each.row.line in said]
    kept = unchanged = 0
    for model, mine in models.sorted_out(tx, project, fit, faults):
        known = predictions.existing(tx.session, model.id, {item_id for _, item_id in mine})
        fresh: list[tuple[int, int, bytes]] = []
        for each, item_id in mine:
            blob = said[each.row.line]
            before = known.setdefault((item_id, each.view), blob)
            if before is blob:
                fresh.append((item_id, each.view, blob))
            elif before == blob:
                unchanged += 1
            else:
                what = f"Model {each.name!r}, version {each.version!r}, said something else of item {each.item!r}."
                mend = "Give a new version of the model its own name; several views of an item a column view."
                faults.append(Fault(each.row.line, "item", what, mend))
        if fresh:
            columns = zip(("item_id", "view", "probabilities"), zip(*fresh, strict=True), strict=True)
            same = {"model_id": Same(model.id), "upload_id": Same(upload.id)}
            predictions.add_many(tx.session, same | dict(columns))
        kept += len(fresh)
    note(tx, upload, rows, kept=kept, unchanged=unchanged, faults=faults)
    if kept:
        tx.defer(JobName.AGGREGATE, f"project:{project.id}", after=tx.settings.aggregation_delay)
