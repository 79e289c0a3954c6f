"""One function a thing that a test needs; each does it as a user would, through the use cases."""

from __future__ import annotations

import io
import json
import random
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.records import (
    Answer,
    Appeal,
    Assignment,
    Attempt,
    Exercise,
    Firing,
    FiringEvidence,
    Item,
    ItemScore,
    Model,
    Person,
    Prediction,
    Report,
    Reservation,
    Response,
    Restriction,
    Review,
    ReviewEvent,
    Rule,
    RuleVersion,
    Run,
    Skill,
    Upload,
    UploadFault,
    Worker,
    WorkerScore,
    WorkerWeight,
)
from crowdqc.records.projects import Guideline, Project, ProjectState
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import assignments, courses, people, plans, projects, reviews, runs, uploads
from crowdqc.services import desk as desks
from crowdqc.services.courses import Course, CourseKind, CourseState
from crowdqc.services.transaction import Transaction

Found = TypeVar("Found")

CLASSES = ("cat", "dog", "owl")


def do(place: Installation, use: Callable[..., Found], *given: Any, **named: Any) -> Found:
    """Call one use case in a transaction of its own."""
    with place.transaction() as tx:
        return use(tx, *given, **named)


def look(place: Installation, use: Callable[..., Found], *given: Any, **named: Any) -> Found:
    """Call one use case that only reads."""
    with place.reading() as tx:
        return use(tx, *given, **named)


def person(place: Installation, name: str, *roles: Role, password: str | None = None) -> Actor:
    made = do(place, people.create, name=name, password=password, roles=roles)
    return Actor(made.id, made.name, frozenset(roles))


def requester(place: Installation, name: str = "rita") -> Actor:
    return person(place, name, Role.REQUESTER)


def worker(place: Installation, name: str) -> Actor:
    return person(place, name, Role.WORKER)


def crowd(place: Installation, number: int, prefix: str = "w") -> list[Actor]:
    return [worker(place, f"{prefix}{each}") for each in range(number)]


def expert(place: Installation, name: str = "eve") -> Actor:
    return person(place, name, Role.EXPERT)


def project(
    place: Installation,
    owner: Actor,
    *,
    items: int | Sequence[Mapping[str, object]] = 0,
    classes: Sequence[str] = CLASSES,
    state: ProjectState = ProjectState.OPEN,
    name: str = "birds",
    **plan: Any,
) -> Project:
    """Make a project with items; nothing of chance in it (no gold, no audit) unless the plan says so."""
    values = {"gold_share": 0.0, "review": [], "overlap": 2} | plan
    made = do(place, projects.create, owner, name=name, question="Which?", classes=classes, plan=values)
    if state != ProjectState.DRAFT:
        do(place, projects.set_state, owner, made.uid, ProjectState.OPEN)
    if items:
        bring(place, owner, made, rows(items if not isinstance(items, int) else numbered(items)))
    if state not in (ProjectState.DRAFT, ProjectState.OPEN):
        do(place, projects.set_state, owner, made.uid, state)
    return made


def numbered(number: int, prefix: str = "i") -> list[dict[str, object]]:
    return [{"item": f"{prefix}{each}", "text": f"thing {each}"} for each in range(number)]


def rows(values: Iterable[Mapping[str, object]]) -> bytes:
    """Write rows as JSON lines."""
    return "".join(json.dumps(each) + "\n" for each in values).encode()


def send(
    place: Installation,
    actor: Actor,
    at: Project,
    content: bytes,
    *,
    kind: UploadKind = UploadKind.ITEMS,
    filename: str = "rows.jsonl",
    key: str | None = None,
    **parameters: str,
) -> tuple[Upload, bool]:
    """Send a file and do not wait until it is read."""
    storage_key = look(place, uploads.expected, actor, at.uid)
    stored = place.storage.put(storage_key, io.BytesIO(content), limit=place.settings.upload_limit)
    return do(
        place,
        uploads.receive,
        actor,
        at.uid,
        kind=kind,
        stored=stored,
        filename=filename,
        content_type=None,
        idempotency_key=key,
        parameters=parameters,
    )


def bring(place: Installation, actor: Actor, at: Project, content: bytes, **named: Any) -> Upload:
    """Send a file, have all jobs done, and give the upload as it stands then."""
    upload, _ = send(place, actor, at, content, **named)
    jobs.perform_due(place)
    return look(place, uploads.get, actor, upload.uid)


def faults(place: Installation, actor: Actor, upload: Upload) -> list[tuple[int, str]]:
    found = look(place, uploads.faults, actor, upload.uid, after=0, limit=100_000)
    return [(fault.line, fault.where) for fault in found]


def take(place: Installation, actor: Actor, at: Project, count: int = 1) -> desks.Desk:
    return do(place, desks.take, actor, at.uid, count=count)


def take_one(place: Installation, actor: Actor, at: Project) -> Assignment:
    desk = take(place, actor, at)
    assert desk.assignments, desk.supply
    return desk.assignments[0][0]


def submit(place: Installation, actor: Actor, assignment: Assignment, label: str, **named: Any) -> Answer:
    return do(place, assignments.submit, actor, assignment.uid, label=label, **named)[0]


def answer_all(place: Installation, actor: Actor, at: Project, say: Callable[[Item], str]) -> int:
    """Answer whatever there is for a worker; give how many answers that were."""
    given = 0
    while (desk := take(place, actor, at, count=50)).assignments:
        with place.transaction() as tx:
            for assignment, item in desk.assignments:
                assignments.submit(tx, actor, assignment.uid, label=say(item))
                given += 1
    return given


def aggregate(place: Installation, owner: Actor, at: Project) -> Run:
    """Have a run made now."""
    run = do(place, runs.request, owner, at.uid)
    jobs.perform_due(place)
    return look(place, runs.get, owner, run.uid)


def decide(place: Installation, actor: Actor, review: Review, verdict: Verdict, **named: Any) -> Review:
    """Claim a review and decide it."""
    do(place, reviews.claim, actor, review.uid)
    return do(place, reviews.decide, actor, review.uid, verdict=verdict, **named)


def every(place: Installation, table: type[Found], *where: Any) -> list[Found]:
    """Give rows of a table in the order of their making."""
    with place.reading() as tx:
        return [*tx.session.query(table).filter(*where).order_by(*table.__table__.primary_key)]  # type: ignore[attr-defined]


def item(place: Installation, at: Project, key: str) -> Item:
    (found,) = every(place, Item, Item.project_id == at.id, Item.key == key)
    return found


def course(
    place: Installation,
    owner: Actor,
    at: Project,
    rows_of_it: Sequence[Mapping[str, object]],
    *,
    kind: CourseKind = CourseKind.EXAM,
    name: str = "bird exam",
    **values: Any,
) -> Course:
    """Make a training or an exam with exercises, open to workers."""
    made = do(place, courses.create, owner, at.uid, kind=kind, name=name, **values).course
    do(place, courses.bring, owner, made.uid, content=rows(rows_of_it), filename="e.jsonl", content_type=None)
    return do(place, courses.update, owner, made.uid, state=CourseState.OPEN).course


def lessons(number: int, label: str = "cat") -> list[dict[str, object]]:
    """Give exercises whose truth is one label."""
    return [
        {"exercise": f"e{each}", "text": f"lesson {each}", "truth": label, "hint": f"hint {each}",
         "explanation": f"because {each}"}
        for each in range(number)
    ]  # fmt: skip


def worker_row(place: Installation, actor: Actor) -> Worker:
    """Give the worker that a person is."""
    (found,) = every(place, Worker, Worker.person_id == actor.id)
    return found


def states(place: Installation, at: Project) -> dict[str, str]:
    return {each.key: each.state for each in every(place, Item, Item.project_id == at.id)}


def noise(place: Installation, number: int = 4) -> Project:
    """Add a project of somebody else, with items of the same names and a row of every kind: it must never leak."""
    with place.transaction() as tx:
        return _noise(tx, number, random.Random(7))


def _noise(tx: Transaction, number: int, chance: random.Random) -> Project:
    session, now = tx.session, tx.now

    def add(row: Found) -> Found:
        session.add(row)
        session.flush()
        return row

    owner = add(Person(name="noise.owner", roles=["requester"], created_at=now))
    made = add(
        Project(
            owner_id=owner.id, name="noise", question="?", answer_type="single_choice", classes=[*CLASSES],
            state="open", plan=plans.Plan(overlap=2, gold_share=0.5).json(), guideline_version=1, created_at=now,
        )
    )  # fmt: skip
    add(Guideline(project_id=made.id, version=1, text="noise", created_at=now))
    upload = add(
        Upload(
            project_id=made.id, kind="items", state="done", filename="noise.csv", format="csv",
            storage_key="noise", size=1, content_hash="0" * 64, fingerprint="0" * 64, parameters={}, rows=number,
            kept=number, created_by=owner.id, created_at=now,
        )
    )  # fmt: skip
    add(UploadFault(upload_id=upload.id, line=1, where="noise", what="noise"))
    run = add(
        Run(
            project_id=made.id, state="done", cause="answers", method="majority_vote", parameters={}, policy=[],
            classes=[*CLASSES], seed=1, code_version="0", summary={}, created_at=now, finished_at=now,
        )
    )  # fmt: skip
    model = add(Model(project_id=made.id, name="m", version="1", created_at=now))
    workers = []
    for each in range(2):
        somebody = add(Person(name=f"noise{each}", roles=["worker"], created_at=now))
        workers.append(add(Worker(crowd="here", name=somebody.name, person_id=somebody.id, created_at=now)))
        confusion = np.eye(3).tobytes()
        add(
            WorkerScore(
                run_id=run.id, worker_id=workers[-1].id, answers=number, gold_answers=1, gold_correct=1,
                confusion=confusion, confusion_counts=confusion,
            )
        )  # fmt: skip
    for each in range(number):
        gold = each == 0
        thing = add(
            Item(
                project_id=made.id, upload_id=upload.id, key=f"i{each}", content={"text": "noise"}, meta={},
                content_hash="0", state="gold" if gold else "in_review", overlap=3,
                answered=0 if gold else 2, leased=0 if gold else 1, truth=["dog"] if gold else None,
                truth_source="gold" if gold else None, reports=1, created_at=now,
            )
        )  # fmt: skip
        for somebody in workers:
            add(
                Answer(
                    project_id=made.id, item_id=thing.id, worker_id=somebody.id, label=chance.randrange(3),
                    guideline_version=1, submitted_at=now, seconds=99.0,
                )
            )  # fmt: skip
        add(Report(item_id=thing.id, worker_id=workers[0].id, reason="other", comment="noise", created_at=now))
        add(
            Prediction(
                model_id=model.id, item_id=thing.id, upload_id=upload.id,
                probabilities=np.array([0.1, 0.1, 0.8]).tobytes(),
            )
        )  # fmt: skip
        add(
            ItemScore(
                run_id=run.id, item_id=thing.id, label=2, confidence=0.5, doubt=0.5,
                posterior=np.ones(3).tobytes(), answers=2, tied=True, route="review", priority=99.0,
            )
        )  # fmt: skip
        if not gold:
            review = add(
                Review(
                    project_id=made.id, item_id=thing.id, run_id=run.id, state="withdrawn", reasons=[],
                    priority=99.0, created_at=now,
                )
            )  # fmt: skip
            add(ReviewEvent(review_id=review.id, action="opened", at=now))
    _noise_of_training(tx, made, workers[0])
    _noise_of_rules(add, made, owner, workers[0], thing, now)
    return made


def _noise_of_training(tx: Transaction, at: Project, somebody: Worker) -> None:
    """Add a course that is closed, an attempt at it, a skill, and an item that is reserved."""
    session, now = tx.session, tx.now
    course = Course(
        project_id=at.id, kind="exam", name="noise", skill="birds", state="closed", pass_mark=50.0,
        retry_hours=0.0, created_at=now,
    )  # fmt: skip
    session.add(course)
    session.flush()
    exercise = Exercise(
        course_id=course.id, key="e0", content={"text": "noise"}, content_hash="0", truth=["cat"], created_at=now
    )
    attempt = Attempt(
        course_id=course.id, worker_id=somebody.id, number=1, state="finished", drawn=[], started_at=now,
        finished_at=now, score=99.0, passed=True,
    )  # fmt: skip
    session.add_all([exercise, attempt])
    session.flush()
    session.add(Response(attempt_id=attempt.id, exercise_id=exercise.id, turn=1, label=0, correct=True, at=now))
    session.add(Skill(worker_id=somebody.id, name="birds", value=99.0, source="exam", earned_at=now, latest=True))
    item = session.query(Item).filter(Item.project_id == at.id, Item.state != "gold").first()
    assert item is not None
    session.add(Reservation(item_id=item.id, worker_id=somebody.id, project_id=at.id, created_at=now))
    item.reserved = at.reserves = True
    session.flush()


def _noise_of_rules(
    add: Callable[[Any], Any], made: Project, owner: Person, somebody: Worker, thing: Item, now: datetime
) -> None:
    rule = add(Rule(project_id=made.id, name="careless", state="on", version=1, created_at=now))
    data = {"name": "careless", "collector": "answers", "when": [{"key": "answers", "op": "at_least", "value": 1}],
            "action": {"kind": "exclude"}}  # fmt: skip
    version = add(RuleVersion(rule_id=rule.id, version=1, data=data, created_by=owner.id, created_at=now))
    firing = add(
        Firing(
            project_id=made.id, rule_id=rule.id, version_id=version.id, worker_id=somebody.id, number=1, at=now,
            seen_until=now, measured="answers", value=1.0, low=1.0, high=1.0, count=1, facts={}, to_worker="noise",
            to_lead="noise", told=True, applied=True, state="standing",
        )
    )  # fmt: skip
    add(FiringEvidence(firing_id=firing.id, item_id=thing.id, answer_id=None, at=now))
    add(
        Restriction(
            project_id=made.id, worker_id=somebody.id, firing_id=firing.id, reason="noise", starts_at=now
        )
    )  # fmt: skip
    add(WorkerWeight(project_id=made.id, worker_id=somebody.id, firing_id=firing.id, weight=0.0, starts_at=now))
    add(Appeal(firing_id=firing.id, text="noise", state="open", created_at=now, corrected=[]))


def uid() -> uuid.UUID:
    """Give a name that nothing has."""
    return uuid.uuid4()
