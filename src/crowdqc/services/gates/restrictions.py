"""Who is restricted is given nothing new; what he has in hand he may hand in."""

from __future__ import annotations

from crowdqc.records import restrictions
from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services.gates.caps import LARGEST_PAGE
from crowdqc.services.gates.supply import Room, Supply
from crowdqc.services.transaction import Transaction

#: Narrower than any cap, so that he hears of this and not of a cap.
SHUT = -(10**9)


def room(tx: Transaction, project: Project, worker: Worker, desk: Desk) -> Room:
    """Give no room to a worker who is restricted here. Of one who never was nothing is asked."""
    open_to_him = Room(LARGEST_PAGE, Supply.RESTRICTED, "")
    if not worker.restricted:
        return open_to_him
    found = restrictions.restriction(tx.session, worker.id, project.id, tx.now)
    if found is None:
        return open_to_him
    return Room(SHUT, Supply.RESTRICTED, _why(found), found.ends_at)


def _why(found: restrictions.Restriction) -> str:
    where = "in any project" if found.project_id is None else "here"
    if found.ends_at is None:
        until = "any longer"
    else:
        until = f"until {found.ends_at.day} {found.ends_at:%b %Y, %H:%M} UTC"
    return f"Nothing new is given to you {where} {until}. {found.reason}"
