"""What `crowdqc round begin` is given, as a pool of items to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from app.cli import files, labelled
from app.cli.files import BadInput
from app.cli.labelled import Labelled
from crowdqc.quality.rounds.plan import POSITION, SEQUENCE, TIME
from crowdqc.quality.sampling import Pool


def pool(
    case: Labelled,
    *,
    teacher: Path | None,
    ensemble: Sequence[Path],
    views: Sequence[Path],
    metadata: Path | None,
    wanted: Sequence[str],
    error: Sequence[int],
    right: Sequence[int],
) -> Pool:
    """Make the pool; `wanted` are the columns of metadata that the plan looks at."""
    if len(case.predictions.models) > 1:
        raise BadInput(
            f"The predictions are of {len(case.predictions.models)} models: {', '.join(case.predictions.models)}. "
            "A round has one student, trained on these labels. Give the others as --ensemble or --teacher."
        )
    more: dict[str, Any] = {}
    for role, paths in (("teacher", [teacher] if teacher else []), ("ensemble", ensemble), ("views", views)):
        if paths:
            more[role] = labelled.also(case, paths)
    if teacher is not None and len(more["teacher"].models) > 1:
        raise BadInput(f"{teacher}: There are {len(more['teacher'].models)} models; a round has one teacher.")
    if case.embeddings is not None:
        more["embeddings"] = _vectors(case)
    if wanted:
        if metadata is None:
            raise BadInput(f"The plan looks at {', '.join(wanted)} of the items. Give --metadata FILE.")
        more |= _metadata(metadata, case.items, wanted)
    return Pool.of(
        len(case.items),
        classes=case.classes,
        label=case.label,
        student=case.predictions,
        error=np.array(error, dtype=np.int32),
        right=np.array(right, dtype=np.int32),
        **more,
    )


def known(path: Path, labels: Path, case: Labelled) -> list[int]:
    """Read labels that were decided before; give their items, by code."""
    table = files.labels(path)
    code = {item: at for at, item in enumerate(case.items)}
    codes = []
    for row, (item, label) in enumerate(zip(table.item.codes.tolist(), table.label.codes.tolist(), strict=True)):
        name, said = table.item.values[item], table.label.values[label]
        if name not in code:
            raise files.at_row(path, row, f"The item {name!r} has no label in {labels}.")
        given = case.classes[case.label[code[name]]]
        if said != given:
            what = f"The item {name!r} was decided to be {said!r}, and {labels} says {given!r}."
            raise files.at_row(path, row, f"{what} Correct the labels first.")
        codes.append(code[name])
    return codes


def _vectors(case: Labelled) -> np.ndarray:
    assert case.embeddings is not None
    item, vectors = case.embeddings
    lacking = len(case.items) - item.size
    if lacking:
        raise BadInput(
            f"{lacking:,} of {len(case.items):,} items have no embedding. "
            "Give those of all, or leave --embeddings out."
        )
    table = np.empty((len(case.items), vectors.shape[1]), dtype=np.float32)
    table[item] = vectors
    return table


def _metadata(path: Path, items: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """Read columns of what is known of items; of the axes of a position those that the file has."""
    rows = files.rows(path, "item", *(name for name in wanted if name not in POSITION))
    code = {item: at for at, item in enumerate(items)}
    seen: set[int] = set()
    columns: dict[str, list[Any]] = {name: [None] * len(items) for name in wanted}
    for row in rows:
        at = code.get(str(row.values["item"]))
        if at is None:
            continue  # of an item without a label
        if at in seen:
            raise BadInput(f"{path}, line {row.line}: The item {row.values['item']!r} has a second row.")
        seen.add(at)
        for name in wanted:
            value = row.values.get(name)
            text = "" if value is None else str(value).strip()
            columns[name][at] = _number(path, row.line, name, text) if name in (TIME, *POSITION) else text or None
    there = set(rows[0].values) if rows else set()
    return _columns(columns, [axis for axis in POSITION if axis in there])


def _columns(columns: Mapping[str, list[Any]], axes: Sequence[str]) -> dict[str, Any]:
    plain = {name: values for name, values in columns.items() if name not in (SEQUENCE, TIME, *POSITION)}
    found: dict[str, Any] = {"metadata": plain}
    if SEQUENCE in columns:
        codes: dict[str, int] = {}
        found["sequence"] = [
            -1 if name is None else codes.setdefault(name, len(codes)) for name in columns[SEQUENCE]
        ]
        found["time"] = [np.nan if value is None else value for value in columns[TIME]]
        if axes:
            found["position"] = [
                [np.nan if value is None else value for value in each]
                for each in zip(*(columns[axis] for axis in axes), strict=True)
            ]
    return found


def _number(path: Path, line: int, name: str, text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise BadInput(
            f"{path}, line {line}, column {name}: {text!r} is not a number. Write a number, or nothing."
        )
    return number
