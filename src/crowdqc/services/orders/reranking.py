"""New ranks: after a run, where the order goes by what runs say, and where a project gets another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crowdqc.records import desks, items, queue
from crowdqc.records.projects import Project
from crowdqc.services import orders
from crowdqc.services.orders.order import Judged
from crowdqc.services.transaction import Transaction


def rerank(tx: Transaction, project: Project, item_ids: Sequence[int], judged: Judged) -> int:
    """Give open items the ranks that a run's judgement calls for; say how many changed.

    `item_ids` are the keys inside of the judged items, ascending. Whose rank changed may stand before a worker's
    place in the queue, so all begin anew at its front.
    """
    order = orders.of(project.plan)
    if order.judged is None:
        return 0
    wanted = order.judged(judged)
    found = items.open_ranks(tx.session, project.id)
    keys = np.asarray(item_ids, dtype=np.int64)
    at = np.searchsorted(keys, found[:, 0])
    known = at < len(keys)
    known[known] = keys[at[known]] == found[known, 0]
    found, at = found[known], at[known]
    moved = found[:, 1] != wanted[at]
    rows = zip(found[moved, 0].tolist(), wanted[at[moved]].tolist(), strict=True)
    changes = [{"item": key, "to": rank} for key, rank in rows]
    if changes:
        queue.set_ranks(tx.session, changes)
        desks.restart(tx.session, project.id)
    return len(changes)


def reorder(tx: Transaction, project: Project, plan: Mapping[str, Any]) -> None:
    """Give all items the ranks of the order of a new plan; what a run says of them comes with the next one."""
    queue.reset_ranks(tx.session, project.id, orders.of(plan).by)
    desks.restart(tx.session, project.id)
