"""Gold cannot be told by its place, by the order of ids, by what comes back, or by how much the server does."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare
from sqlalchemy import event

from crowdqc.assembly import Installation
from crowdqc.records import Assignment, Item
from crowdqc.records.projects import Project
from crowdqc.roles import Actor
from crowdqc.services import assignments, desk
from crowdqc.services.assignments import ReportReason
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, take

PAGE = 10
WORKERS = 60


def mixed(place: Installation, owner: Actor, plain: int, gold: int, **plan: Any) -> Project:
    things = [{"item": f"g{n}", "text": f"gold {n}", "gold": "dog"} for n in range(gold)]
    return factories.project(place, owner, items=[*factories.numbered(plain), *things], **plan)


def take_by(place: Installation, actor: Actor, project: Project, chance: random.Random) -> desk.Desk:
    """Take a page, with chance that is the same each time."""
    with place.transaction() as tx:
        return desk.take(replace(tx, chance=chance), actor, project.uid, count=PAGE)


def test_no_place_in_a_page_tells_gold_nor_does_the_order_of_ids(place: Installation) -> None:
    owner, chance = factories.requester(place), random.Random(11)
    project = mixed(place, owner, 30, 60, gold_share=0.3, gold_first=3, overlap=1000)
    table = np.zeros((WORKERS, 2 * PAGE))
    by_id = np.zeros((WORKERS, PAGE))
    for number, actor in enumerate(factories.crowd(place, WORKERS)):
        for part in range(2):
            found = take_by(place, actor, project, chance).assignments
            kinds = [item.state == "gold" for _, item in found]
            assert len(kinds) == PAGE
            table[number, part * PAGE : (part + 1) * PAGE] = kinds
            if not part:
                order = np.argsort([each.uid.int for each, _ in found])
                by_id[number] = np.array(kinds)[order]
                assert len({(each.leased_at, each.expires_at, each.guideline_version) for each, _ in found}) == 1
            with place.transaction() as tx:
                for each, _ in found:
                    assignments.submit(tx, actor, each.uid, label="dog")
    # The first page holds the floor and more, the second the share; within each no place is likelier.
    assert (table[:, :6].sum(axis=1) <= PAGE).all()
    assert table[:, :PAGE].mean() == pytest.approx((3 + 0.3 * 4) / 10, abs=0.05)
    assert table[:, PAGE:].mean() == pytest.approx(0.3, abs=0.05)
    for places in (table[:, :PAGE], table[:, PAGE:], by_id):
        assert chisquare(places.sum(axis=0)).pvalue > 0.01


@contextmanager
def statements(place: Installation) -> Iterator[list[str]]:
    """Count what is sent to the database."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement.split(None, 1)[0])

    event.listen(place.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(place.engine, "before_cursor_execute", note)


ENDS: dict[str, Any] = {
    "answer": lambda place, actor, uid: do(place, assignments.submit, actor, uid, label="dog"),
    "skip": lambda place, actor, uid: do(place, assignments.skip, actor, uid, reason="no"),
    "return": lambda place, actor, uid: do(place, assignments.give_back, actor, uid),
    "heartbeat": lambda place, actor, uid: do(place, assignments.prolong, actor, uid),
    "draft": lambda place, actor, uid: do(place, assignments.keep_draft, actor, uid, draft={"label": "dog"}),
    "report": lambda place, actor, uid: do(
        place, assignments.report, actor, uid, reason=ReportReason.OTHER, comment="odd"
    ),
}


def test_the_server_does_nearly_the_same_for_gold(place: Installation) -> None:
    """A lease of gold holds no place, so that nothing is written to its item: no more than that differs."""
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = mixed(place, owner, 40, 40, gold_share=0.5, gold_first=0, overlap=1)
    sent: dict[tuple[str, bool], int] = {}
    page = [*take(place, ada, project, count=50).assignments]
    for name, end in ENDS.items():
        for kind in (True, False):
            at = next(n for n, (_, item) in enumerate(page) if (item.state == "gold") == kind)
            taken, _ = page.pop(at)
            # Twice, so that what is done once only (a job that is deferred) is no part of it.
            with statements(place) as count:
                end(place, ada, taken.uid)
            sent[name, kind] = len(count)
    # Ending a lease early locks the item of a place and gives the place back; answering fills it.
    most = {"answer": 1, "skip": 2, "return": 2, "heartbeat": 0, "draft": 0, "report": 2}
    assert {name: sent[name, False] - sent[name, True] <= most[name] for name in ENDS} == dict.fromkeys(ENDS, True)
    assert all(sent[name, True] <= sent[name, False] + 1 for name in ENDS), sent


def test_gold_lapses_and_completes_unseen(place: Installation, clock: Clock) -> None:
    """What becomes of a lease that lapsed, or of an item that is complete, is the same for both kinds."""
    owner, (ada, bob) = factories.requester(place), factories.crowd(place, 2)
    project = mixed(place, owner, 8, 8, gold_share=0.5, gold_first=0, overlap=1, lease_seconds=60)
    page = take(place, ada, project, count=10).assignments
    states = {}
    clock.advance(61)
    # Another takes what lapsed: some of ada's items are complete when she comes back.
    factories.answer_all(place, bob, project, lambda item: "dog")
    lapsed = {
        each.uid: each.state for each in factories.every(place, Assignment, Assignment.project_id == project.id)
    }
    for taken, item in page:
        kept = do(place, assignments.submit, ada, taken.uid, label="dog")
        states.setdefault(item.state == "gold", set()).add(
            (lapsed[taken.uid], kept.answer.late, kept.new, kept.label)
        )
    assert states == {True: {("expired", True, True, "dog")}, False: {("expired", True, True, "dog")}}
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.answered, item.leased) for item in items} == {(0, 0), (1, 0)}
