"""Answers that were given elsewhere: one a worker and item, in the places that there are."""

from __future__ import annotations

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.records import Answer, Item, Worker
from crowdqc.records.uploads import UploadKind
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import bring, take_one


def test_the_first_answer_of_a_worker_stands(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=3, overlap=2)
    content = (
        b"worker,item,label,seconds,time\n"
        b"ann,i0,cat,1.5,2026-01-01T10:00:00Z\n"
        b"ann,i0,cat,9,\n"
        b"ann,i0,dog,,\n"
        b"bob,i0,dog,,\n"
        b"cid,i0,dog,,\n"
        b"ann,nothing,dog,,\n"
        b"ann,i1,emu,,\n"
        b",i1,cat,,\n"
        b"dan,i1,owl,,\n"
    )
    upload = bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    assert (upload.kept, upload.unchanged, upload.faulty, upload.rows) == (4, 1, 4, 9)
    assert factories.faults(place, owner, upload) == [
        (4, "worker, item"), (7, "item"), (8, "label"), (9, "line 9, column worker"),
    ]  # fmt: skip
    kept = factories.every(place, Answer, Answer.project_id == project.id)
    assert [(answer.label, answer.counted) for answer in kept] == [(0, True), (1, True), (1, False), (2, True)]
    assert (kept[0].seconds, kept[0].submitted_at.isoformat()) == (1.5, "2026-01-01T10:00:00+00:00")
    items = {item.key: item for item in factories.every(place, Item, Item.project_id == project.id)}
    assert [(each.answered, each.state) for each in items.values()] == [(2, "answered"), (1, "open"), (0, "open")]
    crowds = {worker.crowd for worker in factories.every(place, Worker, Worker.name.in_(["ann", "dan"]))}
    assert crowds == {f"uploads of {owner.id}"}


def test_they_leave_the_places_that_are_leased(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1, overlap=2)
    taken = take_one(place, ada, project)
    content = b"worker,item,label\nann,i0,cat\nbob,i0,cat\n"
    bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    found = factories.item(place, project, "i0")
    assert (found.answered, found.leased, found.state) == (1, 1, "open")
    assert factories.submit(place, ada, taken, "dog").counted
    assert factories.item(place, project, "i0").answered == 2


def test_a_worker_of_that_name_elsewhere_is_another(place: Installation) -> None:
    owner, other = factories.requester(place), factories.requester(place, "otto")
    ann = factories.worker(place, "ann")
    mine, his = factories.project(place, owner, items=1), factories.project(place, other, items=1)
    content = b"worker,item,label\nann,i0,cat\n"
    bring(place, owner, mine, content, filename="a.csv", kind=UploadKind.ANSWERS)
    bring(place, other, his, content, filename="a.csv", kind=UploadKind.ANSWERS)
    factories.submit(place, ann, take_one(place, ann, mine), "dog")
    assert len(factories.every(place, Worker, Worker.name == "ann")) == 3
    assert [answer.label for answer in factories.every(place, Answer, Answer.project_id == mine.id)] == [0, 1]


def test_answers_to_gold_always_count(place: Installation, clock: Clock) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=[{"item": "g", "text": "x", "gold": "cat"}], overlap=1)
    content = b"worker,item,label\n" + b"".join(b"w%d,g,cat\n" % each for each in range(5))
    bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    found = factories.item(place, project, "g")
    assert (found.answered, found.leased, found.state) == (0, 0, "gold")
    assert [answer.counted for answer in factories.every(place, Answer, Answer.project_id == project.id)] == [
        True
    ] * 5
    clock.advance(60)
    assert jobs.perform_due(place) == 1
