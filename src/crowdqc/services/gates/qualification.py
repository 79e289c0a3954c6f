"""Who does not have the skills and languages that a project wants is given nothing, and told what is missing."""

from __future__ import annotations

from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services import qualifications
from crowdqc.services.gates.supply import Room, Supply
from crowdqc.services.transaction import Transaction

#: More than anybody may hold: this gate, where it is open, narrows nothing.
WIDE = Room(1_000_000, Supply.ASSIGNED, "")


def room(tx: Transaction, project: Project, worker: Worker, desk: Desk) -> Room:
    """Give room to who has all that is wanted at this moment; an expired skill is none."""
    lacked = qualifications.lacking(tx, worker, project.plan)
    return Room(0, Supply.UNQUALIFIED, qualifications.told(tx, lacked)) if lacked else WIDE
