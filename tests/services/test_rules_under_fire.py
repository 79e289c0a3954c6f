"""Workers answer while two runners ask the rules: who is restricted gets nothing, and is acted on once."""

from __future__ import annotations

import threading
import time
from collections import Counter

from sqlalchemy.exc import OperationalError

from crowdqc.assembly import Installation
from crowdqc.records.people import Worker
from crowdqc.roles import Actor
from crowdqc.services import firings
from crowdqc.services.desk import Supply
from tests.ground.clock import Clock
from tests.services import factories, offices
from tests.services.offices import CARELESS, Office

#: Gold items: more than a careless worker is given before a rule catches up with him.
GOLD, CROWD, SECONDS = 120, 8, 60


def test_who_is_restricted_gets_nothing(place: Installation, clock: Clock, backend: str) -> None:
    office = offices.opened(place, clock, gold=GOLD)
    office.save(CARELESS)
    crowd = factories.crowd(place, CROWD if backend == "postgresql" else 3)
    #: When it was certain that a worker is restricted, by his key.
    caught: dict[int, float] = {}
    wrong: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with place.transaction() as tx:
                firings.settle(tx, office.project.id)
            with place.reading() as tx:
                sight = firings.sight(tx, office.project.id)
            assert sight is not None
            with place.transaction() as tx:
                firings.act(tx, sight, firings.find(sight))
            for each in office.firings():
                caught.setdefault(each.worker_id, time.monotonic())
            time.sleep(0.01)

    def work(actor: Actor) -> None:
        (worker,) = factories.every(place, Worker, Worker.person_id == actor.id)
        until, told = time.monotonic() + SECONDS, 0
        while time.monotonic() < until and told < 5:
            began = time.monotonic()
            desk = factories.take(place, actor, office.project, count=2)
            if desk.assignments and caught.get(worker.id, until) < began:
                wrong.append(f"{actor.name} was given something after he was restricted")
            if desk.supply == Supply.RESTRICTED:
                told += 1
            elif not desk.assignments:
                wrong.append(f"{actor.name} was told {desk.supply}")
                return
            for assignment, item in desk.assignments:
                factories.submit(place, actor, assignment, offices.wrong(item.key))
        if told < 5:
            wrong.append(f"{actor.name} was not restricted in time")

    def guarded(what: object, *given: object) -> None:
        try:
            what(*given)  # type: ignore[operator]
        except (OperationalError, AssertionError) as error:
            wrong.append(f"{type(error).__name__}: {error}")

    asking = [threading.Thread(target=guarded, args=(ask,)) for _ in range(2)]
    working = [threading.Thread(target=guarded, args=(work, actor)) for actor in crowd]
    for thread in [*asking, *working]:
        thread.start()
    for thread in working:
        thread.join()
    over.set()
    for thread in asking:
        thread.join()

    assert wrong == []
    found = office.firings()
    assert Counter(each.worker_id for each in found) == dict.fromkeys(caught, 1)
    assert len(found) == len(crowd) == len(office.restrictions())


def test_more_answers_are_asked_for_while_workers_work(place: Installation, clock: Clock, backend: str) -> None:
    """Whoever asks for more answers locks items as those do who answer: nobody waits in a circle."""
    office: Office = offices.opened(place, clock, gold=0, plain=60, overlap=2, max_overlap=4)
    office.save(
        {
            "name": "all", "collector": "answers", "window": {"answers": 6},
            "when": [{"key": "answers", "op": "at_least", "value": 6}],
            "action": {"kind": "ask_more", "answers": 1},
        }
    )  # fmt: skip
    crowd = factories.crowd(place, 6 if backend == "postgresql" else 3)
    wrong: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with place.reading() as tx:
                sight = firings.sight(tx, office.project.id)
            assert sight is not None
            found = firings.find(sight)
            try:
                with place.transaction() as tx:
                    firings.act(tx, sight, found)
            except OperationalError as error:
                wrong.append(str(error))
            clock.advance(1)
            time.sleep(0.01)

    def work(actor: Actor) -> None:
        try:
            for _ in range(30):
                for assignment, _item in factories.take(place, actor, office.project, count=3).assignments:
                    factories.submit(place, actor, assignment, "cat")
        except OperationalError as error:
            wrong.append(str(error))

    asking = threading.Thread(target=ask)
    working = [threading.Thread(target=work, args=(actor,)) for actor in crowd]
    for thread in [asking, *working]:
        thread.start()
    for thread in working:
        thread.join()
    over.set()
    asking.join()
    assert wrong == []
    assert office.firings()
    overlaps = {office.item(f"i{n}").overlap for n in range(60)}
    assert max(overlaps) in (3, 4)
