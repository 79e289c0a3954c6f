"""The gates before a desk: how many items a worker may take now; each gate is one small file.

A gate says how much room it leaves, and what a worker who has none is told. The narrowest one decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services.gates import budget, caps, qualification, restrictions
from crowdqc.services.gates.supply import Room, Supply
from crowdqc.services.transaction import Transaction

__all__ = ["GATES", "Room", "Supply", "room"]

Gate = Callable[[Transaction, Project, Worker, Desk], Room]

#: In this order a worker hears why there is nothing for him, where several gates are shut.
GATES: Sequence[Gate] = (restrictions.room, qualification.room, caps.room, budget.room)


def room(tx: Transaction, project: Project, worker: Worker, desk: Desk, *, held: int) -> Room:
    """Give the narrowest room that the gates leave to a worker who has so many items in hand."""
    rooms = [gate(tx, project, worker, desk) for gate in GATES]
    narrowest = reduce(lambda one, other: other if other.items < one.items else one, rooms)
    return narrowest._replace(items=narrowest.items - held)
