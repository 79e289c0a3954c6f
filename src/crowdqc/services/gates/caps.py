"""As many answers as one worker may give: in all, as a share of the items, in a day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from crowdqc.records import uploads
from crowdqc.records.desks import Desk
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project
from crowdqc.services.gates.supply import Room, Supply
from crowdqc.services.transaction import Transaction

#: As many items as a worker may hold at a time.
LARGEST_PAGE = 50


def room(tx: Transaction, project: Project, worker: Worker, desk: Desk) -> Room:
    """Give what the caps of the plan leave to a worker."""
    plan = project.plan
    caps = [LARGEST_PAGE]
    if plan["worker_answers"] is not None:
        caps.append(plan["worker_answers"] - desk.answered)
    if plan["worker_share"] is not None:
        share = int(plan["worker_share"] * uploads.items_kept(tx.session, project.id))
        caps.append(max(share, 1) - desk.answered)
    in_all = Room(min(caps), Supply.CAPPED, "You have given as many answers as one worker may.")
    if plan["worker_daily"] is None:
        return in_all
    today = desk.answered_today if desk.day == tx.now.date() else 0
    tomorrow = datetime.combine(tx.now.date() + timedelta(days=1), time(), UTC)
    why = "You have given as many answers as one worker may give in a day."
    daily = Room(plan["worker_daily"] - today, Supply.CAPPED, why, tomorrow)
    return daily if daily.items < in_all.items else in_all
