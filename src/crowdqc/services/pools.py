"""What is known of the labels of a release and of what models say of them, as a pool to choose from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Invalid
from crowdqc.quality.predictions import Predictions
from crowdqc.quality.rounds.plan import POSITION, SEQUENCE, TIME
from crowdqc.quality.sampling import Pool
from crowdqc.records import embeddings, items, predictions, rounds
from crowdqc.records.predictions import ModelRole
from crowdqc.records.projects import Project
from crowdqc.records.releases import Release
from crowdqc.services import freezing
from crowdqc.services.transaction import Transaction


class NotEmbedded(Invalid):
    """Items of the release have no embedding of this model."""

    usual_mend = "Upload the embeddings of all items, or leave the model out."


@dataclass(frozen=True, slots=True)
class Gathered:
    """A pool, and by its codes the keys inside of items."""

    pool: Pool
    items: NDArray[np.int64]


def gathered(
    tx: Transaction, project: Project, release: Release, models: Mapping[str, int], *, metadata: Sequence[str]
) -> Gathered:
    """Gather the labels of a release, and what is known of them; raise freezing.NotReady.

    Codes are places among the release's items that have a label. `metadata` names what is wanted of it.
    """
    frozen = freezing.columns(tx.storage, release, list(project.classes))
    there = frozen.label >= 0
    label = frozen.label[there]
    key_of = {row[1]: (row[0], row[3]) for row in items.numbered(tx.session, project.id)}
    known = [key_of[name] for name, has in zip(frozen.items, there.tolist(), strict=True) if has]
    item_ids = np.array([item_id for item_id, _ in known], dtype=np.int64)
    truth = np.array([truth is not None for _, truth in known], dtype=bool)
    wrong = truth & np.isin(item_ids, np.array(rounds.errors(tx.session, project.id), dtype=np.int64))
    place = _places(item_ids)
    pool = Pool.of(
        len(item_ids),
        classes=project.classes,
        label=label,
        error=wrong,
        right=truth & ~wrong,
        **_said(tx, models, place, len(item_ids), project),
        **_embedded(tx, models, place, len(item_ids)),
        **_of_metadata(tx, project, item_ids, metadata),
    )
    return Gathered(pool, item_ids)


def _places(item_ids: NDArray[np.int64]) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
    """Give a way from keys inside to codes; -1 for an item that is not among them."""
    order = np.argsort(item_ids, kind="stable")
    ordered = item_ids[order]

    def place(keys: NDArray[np.int64]) -> NDArray[np.int64]:
        at = np.minimum(np.searchsorted(ordered, keys), max(ordered.size - 1, 0))
        fits = ordered[at] == keys if ordered.size else np.zeros(keys.size, dtype=bool)
        return np.where(fits, order[at] if ordered.size else -1, -1)

    return place


def _said(
    tx: Transaction,
    models: Mapping[str, int],
    place: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    size: int,
    project: Project,
) -> dict[str, Any]:
    """Read what models say, one row a view."""
    found: dict[str, Any] = {}
    for role, name in (
        (ModelRole.STUDENT, "student"),
        (ModelRole.TEACHER, "teacher"),
        (ModelRole.ENSEMBLE, "ensemble"),
        (ModelRole.VIEWS, "views"),
    ):
        if role not in models:
            continue
        of, views, table = predictions.said(tx.session, models[role], len(project.classes))
        codes = place(of)
        # Of a model with views the student's word is view 0.
        fit = (codes >= 0) & ((views == 0) | (name in ("ensemble", "views")))
        numbers = np.unique(views[fit])
        found[name] = Predictions.coded(
            codes[fit],
            np.searchsorted(numbers, views[fit]),
            table if fit.all() else table[fit],
            models=[str(number) for number in numbers.tolist()],
            n_items=size,
            n_classes=len(project.classes),
        )
    return found


def _embedded(
    tx: Transaction, models: Mapping[str, int], place: Callable[[NDArray[np.int64]], NDArray[np.int64]], size: int
) -> dict[str, Any]:
    if ModelRole.EMBEDDER not in models:
        return {}
    of, vectors = embeddings.vectors(tx.session, models[ModelRole.EMBEDDER])
    codes = place(of)
    lacking = size - int((codes >= 0).sum())
    if lacking:
        raise NotEmbedded(f"{lacking:,} of {size:,} items of the release have no embedding of this model.")
    table = np.zeros((size, vectors.shape[1]), dtype=np.float32)
    table[codes[codes >= 0]] = vectors[codes >= 0]
    return {"embeddings": table}


def _of_metadata(
    tx: Transaction, project: Project, item_ids: NDArray[np.int64], wanted: Sequence[str]
) -> dict[str, Any]:
    """Read columns of the items' metadata; numbers that are none are not known."""
    if not wanted:
        return {}
    metas = items.metas(tx.session, project.id)
    rows = [metas.get(item_id) or {} for item_id in item_ids.tolist()]
    found: dict[str, Any] = {
        "metadata": {
            name: ["" if row.get(name) is None else str(row[name]) for row in rows]
            for name in wanted
            if name not in (SEQUENCE, TIME, *POSITION)
        }
    }
    if SEQUENCE in wanted:
        codes: dict[str, int] = {}
        found["sequence"] = [
            -1 if row.get(SEQUENCE) in (None, "") else codes.setdefault(str(row[SEQUENCE]), len(codes))
            for row in rows
        ]
        found["time"] = [_number(row.get(TIME)) for row in rows]
        axes = [axis for axis in POSITION if any(axis in row for row in rows)]
        if axes:
            found["position"] = [[_number(row.get(axis)) for axis in axes] for row in rows]
    return found


def _number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return float("nan")
