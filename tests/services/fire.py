"""Workers by the dozen, in processes of their own: they take, answer, skip, abandon, come late, and note all."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.exc import OperationalError

from crowdqc.assembly import Installation, assemble
from crowdqc.errors import Conflict
from crowdqc.records import Answer, Assignment, Item, Worker
from crowdqc.records.assignments import AssignmentState
from crowdqc.records.items import ItemState
from crowdqc.roles import Actor
from crowdqc.services import assignments, work
from crowdqc.services import desk as desks
from crowdqc.services.desk import Handed, Supply
from crowdqc.services.leases import Kept
from crowdqc.services.transaction import Transaction
from crowdqc.settings import Settings


@dataclass(frozen=True)
class Fast:
    """A clock of the same time in all processes, on which a lease of ten seconds is soon over."""

    origin: float = field(default_factory=time.time)
    times: float = 50.0

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.origin + (time.time() - self.origin) * self.times, UTC)

    def until(self, moment: datetime) -> float:
        """Say how long it really is until a moment, in seconds."""
        return max(0.0, (moment - self()).total_seconds() / self.times)


@dataclass
class Told:
    """What one worker lived through."""

    worker: int
    #: (item key, label) of every answer that was taken.
    answers: list[tuple[str, str]] = field(default_factory=list)
    #: Items in the order in which they were given for the first time.
    items: list[str] = field(default_factory=list)
    supplies: Counter[str] = field(default_factory=Counter)
    #: Things that must not be: in words.
    wrong: list[str] = field(default_factory=list)
    #: Errors that ask to be tried again: deadlocks, locks not had in time.
    again: Counter[str] = field(default_factory=Counter)


def burn(
    settings: Settings, clock: Fast, project: uuid.UUID, actors: list[Actor], *, processes: int, seconds: float
) -> list[Told]:
    """Have workers work until each is told that he is finished, at most some seconds."""
    context = multiprocessing.get_context("spawn")
    hands = [actors[number::processes] for number in range(processes)]
    start = context.Barrier(processes)
    gather = context.Queue()
    running = [
        context.Process(target=_crew, args=(settings, clock, project, hand, start, gather, seconds))
        for hand in hands
    ]
    for process in running:
        process.start()
    told: list[Told] = []
    for _ in running:
        told += gather.get(timeout=seconds + 60)
    for process in running:
        process.join(30)
    return told


def settle(place: Installation, seconds: float = 60.0) -> None:
    """Wait until the runner has done all jobs."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with place.reading() as tx:
            if not work.unfinished(tx):
                return
        time.sleep(0.05)


def _crew(  # type: ignore[no-untyped-def]
    settings: Settings, clock: Fast, project: uuid.UUID, actors: list[Actor], start, gather, seconds: float
) -> None:
    place = assemble(settings, clock=clock)
    try:
        start.wait(60)
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(len(actors)) as pool:
            gather.put([*pool.map(lambda actor: _work(place, clock, project, actor, until), actors)])
    finally:
        place.close()


def _work(place: Installation, clock: Fast, project: uuid.UUID, actor: Actor, until: float) -> Told:
    told, chance = Told(actor.id), random.Random(actor.id)
    try:
        while time.monotonic() < until:
            if _turn(place, clock, project, actor, chance, told):
                return told
        told.wrong.append("the time was over before he was finished")
    except Exception as error:
        told.wrong.append(f"{type(error).__name__}: {error}")
    return told


def _turn(
    place: Installation, clock: Fast, project: uuid.UUID, actor: Actor, chance: random.Random, told: Told
) -> bool:
    """Take items and do something with each; say whether there are no more."""
    try:
        with place.transaction() as tx:
            desk = desks.take(tx, actor, project, count=chance.choice((1, 1, 2, 5)))
            if desk.supply == Supply.FINISHED and (left := _never_had(tx, desk.project.id, actor)):
                told.wrong.append(f"finished, with {left} items left that he never had")
    except (OperationalError, Conflict) as error:
        told.again[f"take: {type(getattr(error, 'orig', error)).__name__}"] += 1
        return False
    told.supplies[str(desk.supply)] += 1
    if desk.supply == Supply.FINISHED:
        return True
    if desk.supply == Supply.SPENT:
        # Done where nothing can come back any more: no lease is open.
        if desk.retry_at is not None:
            time.sleep(max(0.01, clock.until(desk.retry_at)))
        return desk.retry_at is None
    if desk.supply == Supply.LATER:
        if desk.retry_at is None:
            told.wrong.append("later, without a time")
            return True
        time.sleep(max(0.01, clock.until(desk.retry_at)))
        return False
    _note(desk, told)
    if len(desk.assignments) > 1 and chance.random() < 0.3:
        _hand_in(place, project, actor, desk, chance, told)
        return False
    for assignment, item in desk.assignments:
        what = chance.random()
        try:
            with place.transaction() as tx:
                if what < 0.05:
                    assignments.give_back(tx, actor, assignment.uid)
                elif what < 0.15:
                    assignments.skip(tx, actor, assignment.uid, reason="dull")
                elif what < 0.85:
                    label = chance.choice(desk.project.classes)
                    _, new, *_ = assignments.submit(tx, actor, assignment.uid, label=label)
                    answered = item.key, label, new
        except OperationalError as error:
            told.again[f"act: {type(error.orig).__name__}"] += 1
            continue
        if 0.15 <= what < 0.85:
            if answered[2]:
                told.answers.append(answered[:2])
            else:
                told.wrong.append(f"the answer to {item.key} was there already")
        elif what >= 0.85:
            # Abandoned: he comes back when the lease is over, and answers late in every other case.
            time.sleep(clock.until(assignment.expires_at) + 0.02)
            if what < 0.93:
                _late(place, actor, assignment, item, told)
    return False


def _note(desk: desks.Desk, told: Told) -> None:
    told.items += [item.key for _, item in desk.assignments if item.key not in told.items]


def _hand_in(
    place: Installation, project: uuid.UUID, actor: Actor, desk: desks.Desk, chance: random.Random, told: Told
) -> None:
    """Hand in all that is in hand, and take more, at one go."""
    handed = [
        Handed(assignment=each.uid, label=chance.choice(desk.project.classes), key=str(each.uid))
        for each, _ in desk.assignments
    ]
    try:
        with place.transaction() as tx:
            outcomes, after = desks.hand_in(tx, actor, project, handed, count=2)
    except (OperationalError, Conflict) as error:
        told.again[f"hand in: {type(getattr(error, 'orig', error)).__name__}"] += 1
        return
    _note(after, told)
    for (_, item), each, outcome in zip(desk.assignments, handed, outcomes, strict=True):
        if isinstance(outcome, Kept) and outcome.new:
            told.answers.append((item.key, each.label))
        else:
            told.wrong.append(f"the answer to {item.key} was not kept: {outcome}")


def _late(place: Installation, actor: Actor, assignment: Assignment, item: Item, told: Told) -> None:
    try:
        with place.transaction() as tx:
            answer, new, *_ = assignments.submit(tx, actor, assignment.uid, label="cat")
    except OperationalError as error:
        told.again[f"late: {type(error.orig).__name__}"] += 1
        return
    if not answer.late or not new:
        told.wrong.append(f"a late answer to {item.key} is not marked so")
    told.answers.append((item.key, "cat"))


def _never_had(tx: Transaction, project_id: int, actor: Actor) -> int:
    """Count the open items that a worker never had or gave back; here an item that is not open never is again."""
    mine = exists().where(
        Assignment.item_id == Item.id,
        Assignment.worker_id == Worker.id,
        Worker.person_id == actor.id,
        Assignment.state != AssignmentState.RETURNED,
    )
    query = select(func.count()).select_from(Item)
    query = query.where(Item.project_id == project_id, Item.state == ItemState.OPEN, ~mine)
    return tx.session.scalar(query) or 0


class Watch:
    """Looks at one state of the database after another, and notes where a promise does not hold."""

    def __init__(self, place: Installation, project_id: int) -> None:
        self._place, self._project_id = place, project_id
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look_on)
        self.looks = 0
        #: The most open leases that were seen at once.
        self.most_leased = 0
        self.broken: list[str] = []

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._over.is_set():
            try:
                self.look()
            except OperationalError as error:
                self.broken.append(f"could not look: {error}")
            self._over.wait(0.02)

    def look(self) -> None:
        with self._place.reading() as tx:
            rows = tx.session.execute(
                select(
                    Item.key, Item.overlap, Item.answered, Item.leased, Item.state, _counted(), _leased()
                ).where(Item.project_id == self._project_id)
            ).all()
        self.looks += 1
        self.most_leased = max(self.most_leased, sum(row[6] for row in rows))
        for key, overlap, answered, leased, state, really_answered, really_leased in rows:
            if really_answered + really_leased > overlap:
                self.broken.append(f"{key}: {really_answered} + {really_leased} > {overlap}")
            if (answered, leased) != (really_answered, really_leased):
                self.broken.append(f"{key}: says {answered}, {leased}; has {really_answered}, {really_leased}")
            if (state == ItemState.OPEN) != (really_answered < overlap):
                self.broken.append(f"{key}: {state} with {really_answered} of {overlap}")


def _counted():  # type: ignore[no-untyped-def]
    query = select(func.count()).select_from(Answer).where(Answer.item_id == Item.id, Answer.counted)
    return query.correlate(Item).scalar_subquery()


def _leased():  # type: ignore[no-untyped-def]
    query = select(func.count()).select_from(Assignment)
    query = query.where(Assignment.item_id == Item.id, Assignment.counts, Assignment.state == AssignmentState.OPEN)
    return query.correlate(Item).scalar_subquery()
