"""Names from outside that grow with time, and rows that go in or are left."""

from __future__ import annotations

import time
import uuid

from crowdqc.assembly import Installation
from crowdqc.records import Job
from crowdqc.records.base import insert_or_leave, new_uid


def test_uids_are_of_version_7_and_grow() -> None:
    made = []
    for _ in range(3):
        made.append([new_uid() for _ in range(100)])
        time.sleep(0.002)
    flat = [each for part in made for each in part]
    assert len(set(flat)) == 300
    assert {(each.version, each.variant) for each in flat} == {(7, uuid.RFC_4122)}
    assert max(made[0]) < min(made[2])
    assert abs((flat[0].int >> 80) / 1000 - time.time()) < 60


def test_it_says_how_many_rows_went_in(installation: Installation) -> None:
    def row(tx, number: int) -> dict[str, object]:  # type: ignore[no-untyped-def]
        return {
            "uid": new_uid(), "name": "aggregate", "subject": f"project:{number}", "state": "waiting",
            "due_at": tx.now, "attempts": 0, "created_at": tx.now,
        }  # fmt: skip

    with installation.transaction() as tx:
        assert insert_or_leave(tx.session, Job, [row(tx, 1)]) == 1
        assert insert_or_leave(tx.session, Job, [row(tx, 1)]) == 0
        assert insert_or_leave(tx.session, Job, [row(tx, 1), row(tx, 2), row(tx, 3)]) == 2
    with installation.transaction() as tx:
        assert insert_or_leave(tx.session, Job, [row(tx, 3), row(tx, 2)]) == 0
        assert tx.session.query(Job).count() == 3
