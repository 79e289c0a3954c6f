"""Pre-labels: what a model says of an item, shown with half of its leases, so that its pull can be told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from crowdqc.records import predictions
from crowdqc.records.projects import Project
from crowdqc.services.transaction import Transaction


class _Leased(Protocol):
    @property
    def uid(self) -> uuid.UUID: ...

    @property
    def leased_at(self) -> datetime: ...


def faults(value: object) -> list[dict[str, object]]:
    """Give what is wrong with the part of a plan that names the model."""
    if isinstance(value, Mapping) and {"model", "version"} <= value.keys() <= {"model", "version", "since"}:
        words = [isinstance(each, str) and 0 < len(each) <= 100 for each in value.values()]
        if all(words):
            return []
    return [{"where": "plan.pre_labels", "what": 'is not null, and not {"model": ..., "version": ...}'}]


def since(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, now: datetime
) -> dict[str, Any] | None:
    """Note in a plan from when on a model's pre-labels are shown."""
    if after is None:
        return None
    named = {part: after[part] for part in ("model", "version")}
    if before is not None and named.items() <= before.items():
        return dict(before)
    return named | {"since": now.isoformat()}


def shown(tx: Transaction, project: Project, leases: Sequence[tuple[_Leased, int]]) -> dict[uuid.UUID, str]:
    """Give the pre-label of each lease, with the key inside of its item, to which one is shown."""
    told = project.plan.get("pre_labels")
    if not told or not leases:
        return {}
    mine = {item_id: lease.uid for lease, item_id in leases if is_shown(told, lease)}
    said = predictions.likeliest(tx.session, project.id, told["model"], told["version"], mine)
    return {mine[item_id]: project.classes[label] for item_id, label in said.items()}


def is_shown(told: Mapping[str, Any], lease: _Leased) -> bool:
    """Say whether a pre-label is shown with a lease: a bit of its own name, drawn by chance, decides."""
    return lease.leased_at >= datetime.fromisoformat(told["since"]) and bool(lease.uid.int & 1)
