"""Trainings and exams as a worker sees them: what he may take, an exercise at a time, how it went.

The truth of an exercise is given to nobody here. A training says right or wrong, its hint and then its
explanation; an exam says nothing before its end, and then the score alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import attempts, courses, projects, skills
from crowdqc.records.attempts import Attempt, AttemptState, Response
from crowdqc.records.courses import Course, CourseKind, CourseState, Exercise
from crowdqc.records.people import Worker
from crowdqc.records.projects import Project, ProjectState
from crowdqc.records.skills import SkillSource
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction

__all__ = ["Attempt", "AttemptState", "Course", "CourseKind", "Exercise", "Project"]


class NotOffered(Missing):
    """There is no such training or exam for you."""


class NoSuchAttempt(Missing):
    """There is no such attempt among yours."""


class NotInTurn(Missing):
    """This exercise is not before you."""

    usual_mend = "Answer the exercise that the attempt shows."


class NotNow(Conflict):
    """You cannot begin this now."""


class AlreadyAnswered(Conflict):
    """You have answered this exercise already."""

    usual_mend = "Go on with the next one."


class AttemptOver(Conflict):
    """This attempt is over."""

    usual_mend = "See how it went, and begin a new one where you may."


class UnknownLabel(Invalid):
    """The label is not a class of this project."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a training says to the last answer."""

    label: str
    right: bool
    #: The explanation where it was right, else the hint.
    words: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An attempt as the worker sees it."""

    attempt: Attempt
    course: Course
    project: Project
    #: What is before him; nothing where it is over.
    exercise: Exercise | None
    #: Labels that he tried here and that are wrong.
    tried: Sequence[str]
    feedback: Feedback | None
    #: How many exercises he is done with, of how many.
    done: int
    of: int
    #: Its time is over, and how it went is not reckoned yet: `finish` does.
    lapsed: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A course that a worker may take, now or later, and how he stands in it."""

    course: Course
    project: Project
    exercises: int
    open: Attempt | None
    last: Attempt | None
    #: Why he may not begin now, and from when on he may.
    why: str | None
    retry_at: datetime | None


def offers(tx: Transaction, actor: Actor) -> Sequence[Offer]:
    """Give the trainings and exams of open projects."""
    worker = reach.worker(tx, actor)
    found = courses.opened(tx.session)
    sizes = courses.sizes(tx.session, [course.id for course, _ in found])
    held = skills.held(tx.session, worker.id, {course.skill for course, _ in found}, tx.now)
    mine: dict[int, list[Attempt]] = {}
    for attempt in attempts.of_worker(tx.session, worker.id):
        mine.setdefault(attempt.course_id, []).append(attempt)
    told = []
    for course, project in found:
        past = mine.get(course.id, [])
        open_one = next((each for each in past if each.state == AttemptState.OPEN), None)
        finished = [each for each in past if each.state == AttemptState.FINISHED]
        why, retry_at = (None, None) if open_one else _bar(tx, course, finished, held.get(course.skill))
        size = min(sizes.get(course.id, 0), course.draw or sizes.get(course.id, 0))
        told.append(Offer(course, project, size, open_one, finished[-1] if finished else None, why, retry_at))
    return told


def begin(tx: Transaction, actor: Actor, course_uid: uuid.UUID) -> Shown:
    """Begin an attempt, or give the one that is under way; raise NotOffered, NotNow.

    One whose time is over is finished first, and given as it ended: how it went is not to be passed over.
    """
    worker = reach.worker(tx, actor)
    course = courses.by_uid(tx.session, course_uid, owner_id=None)
    project = None if course is None else projects.by_id(tx.session, course.project_id)
    if course is None or project is None or (course.state, project.state) != (CourseState.OPEN, ProjectState.OPEN):
        raise NotOffered(course=str(course_uid))
    going = attempts.open_one(tx.session, course.id, worker.id, lock=True)
    if going is None:
        going = _begun(tx, course, worker)
    elif _lapsed(tx, going):
        _finish(tx, going, course)
    return _shown(tx, going, course, project)


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Shown:
    """Show one of the worker's attempts; raise NoSuchAttempt."""
    attempt = _mine(tx, actor, uid, lock=False)
    return _shown(tx, attempt, attempts.course_of(tx.session, attempt))


def answer(tx: Transaction, actor: Actor, uid: uuid.UUID, exercise_uid: uuid.UUID, *, label: str) -> Shown:
    """Keep an answer to the exercise in turn; the same one again changes nothing.

    Where the time is over the attempt is finished instead, and the answer is not kept.
    """
    attempt = _mine(tx, actor, uid, lock=True)
    course = attempts.course_of(tx.session, attempt)
    project = projects.by_id(tx.session, course.project_id)
    said = attempts.responses(tx.session, attempt.id)
    current = _current(tx, attempt, course, said)
    code = _number(label, project.classes)
    if current is None or current.uid != exercise_uid:
        _again(tx, attempt, said, exercise_uid, code)
        return _shown(tx, attempt, course, project)
    turns = [each for each in said if each.exercise_id == current.id]
    if _lapsed(tx, attempt):
        _finish(tx, attempt, course)
    elif all(each.label != code for each in turns):
        right = label in current.truth
        turn = Response(
            attempt_id=attempt.id,
            exercise_id=current.id,
            turn=len(turns) + 1,
            label=code,
            correct=right,
            at=tx.now,
        )
        tx.session.add(turn)
        tx.session.flush()
        if _current(tx, attempt, course, [*said, turn]) is None:
            _finish(tx, attempt, course)
    return _shown(tx, attempt, course, project)


def finish(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Shown:
    """End an attempt as it stands: what was not answered is not right. One that is over stays as it is."""
    attempt = _mine(tx, actor, uid, lock=True)
    course = attempts.course_of(tx.session, attempt)
    if attempt.state == AttemptState.OPEN:
        _finish(tx, attempt, course)
    return _shown(tx, attempt, course)


def _mine(tx: Transaction, actor: Actor, uid: uuid.UUID, *, lock: bool) -> Attempt:
    found = attempts.by_uid(tx.session, uid, reach.worker(tx, actor).id, lock=lock)
    if found is None:
        raise NoSuchAttempt(attempt=str(uid))
    return found


def _begun(tx: Transaction, course: Course, worker: Worker) -> Attempt:
    past = attempts.of_worker(tx.session, worker.id, course.id)
    held = skills.held(tx.session, worker.id, [course.skill], tx.now).get(course.skill)
    why, retry_at = _bar(tx, course, past, held)
    if why is not None:
        when = "" if retry_at is None else f" You may from {retry_at:%Y-%m-%d %H:%M} UTC on."
        raise NotNow(why + when, mend="Come again then." if retry_at else "See what else there is for you.")
    ids = courses.exercise_ids(tx.session, course.id)
    ends = None if course.limit_seconds is None else tx.now + timedelta(seconds=course.limit_seconds)
    made = Attempt(
        course_id=course.id,
        worker_id=worker.id,
        number=len(past) + 1,
        state=AttemptState.OPEN,
        drawn=tx.chance.sample(ids, min(course.draw or len(ids), len(ids))),
        started_at=tx.now,
        ends_at=ends,
    )
    try:
        with tx.session.begin_nested():
            tx.session.add(made)
            tx.session.flush()
    except IntegrityError:
        # Two windows at once: the other was first, and this one shows what that one began.
        other = attempts.open_one(tx.session, course.id, worker.id, lock=True)
        if other is None:
            raise NotNow("You began and ended it elsewhere just now.", mend="Load the page again.") from None
        return other
    return made


def _bar(
    tx: Transaction, course: Course, past: Sequence[Attempt], held: float | None
) -> tuple[str | None, datetime | None]:
    """Say why a worker may not begin a course now, and from when on he may."""
    last = past[-1] if past else None
    examines = course.kind == CourseKind.EXAM
    passed = max((place for place, each in enumerate(past, 1) if each.passed), default=0) if examines else 0
    if passed and held is not None and held >= course.pass_mark:
        return "You have passed this, and it still holds.", None
    if course.max_attempts is not None and len(past) - passed >= course.max_attempts:
        return "You have had as many attempts as there are.", None
    if last is not None and last.finished_at is not None and len(past) > passed:
        again = last.finished_at + timedelta(hours=course.retry_hours)
        if again > tx.now:
            return "You have to wait before the next attempt.", again
    return None, None


def _lapsed(tx: Transaction, attempt: Attempt) -> bool:
    return attempt.state == AttemptState.OPEN and attempt.ends_at is not None and attempt.ends_at <= tx.now


def _finish(tx: Transaction, attempt: Attempt, course: Course) -> None:
    """Reckon how an attempt went, and give its skill to who passed."""
    said = attempts.responses(tx.session, attempt.id)
    right = sum(each.correct for each in said if each.turn == 1)
    score = 100 * right / len(attempt.drawn)
    over = tx.now if attempt.ends_at is None else min(tx.now, attempt.ends_at)
    attempt.state, attempt.finished_at, attempt.score = AttemptState.FINISHED, over, score
    attempt.passed = score >= course.pass_mark
    tx.session.flush()
    if attempt.passed:
        skills.put(
            tx.session,
            attempt.worker_id,
            course.skill,
            score,
            SkillSource.EXAM if course.kind == CourseKind.EXAM else SkillSource.TRAINING,
            over,
            None if course.valid_days is None else over + timedelta(days=course.valid_days),
            detail=f"{course.name}, attempt {attempt.number}",
        )


def _current(tx: Transaction, attempt: Attempt, course: Course, said: Sequence[Response]) -> Exercise | None:
    """Give the exercise in turn: the first that is not done with."""
    if attempt.state != AttemptState.OPEN:
        return None
    done = _done(course, said)
    following = next((key for key in attempt.drawn if key not in done), None)
    return None if following is None else courses.exercise(tx.session, following)


def _done(course: Course, said: Sequence[Response]) -> set[int]:
    """Give the exercises that are done with: answered in an exam, answered right in a training."""
    return {each.exercise_id for each in said if each.correct or course.kind == CourseKind.EXAM}


def _again(
    tx: Transaction, attempt: Attempt, said: Sequence[Response], exercise_uid: uuid.UUID, code: int
) -> None:
    """Let an answer pass that was kept before; raise AlreadyAnswered, AttemptOver, NotInTurn for another one."""
    before = {each.exercise_id: each for each in said}
    answered = {courses.exercise(tx.session, key).uid: each for key, each in before.items()}
    if exercise_uid in answered and answered[exercise_uid].label == code:
        return
    if attempt.state != AttemptState.OPEN:
        raise AttemptOver()
    if exercise_uid in answered:
        raise AlreadyAnswered()
    raise NotInTurn(exercise=str(exercise_uid))


def _shown(tx: Transaction, attempt: Attempt, course: Course, project: Project | None = None) -> Shown:
    project = project or projects.by_id(tx.session, course.project_id)
    said = attempts.responses(tx.session, attempt.id)
    lapsed = _lapsed(tx, attempt)
    current = None if lapsed else _current(tx, attempt, course, said)
    teaches = course.kind == CourseKind.TRAINING
    feedback = None
    if teaches and said:
        last = courses.exercise(tx.session, said[-1].exercise_id)
        words = last.explanation if said[-1].correct else last.hint
        feedback = Feedback(project.classes[said[-1].label], said[-1].correct, words)
    tried = [
        project.classes[each.label]
        for each in said
        if teaches and current is not None and each.exercise_id == current.id
    ]
    return Shown(
        attempt, course, project, current, tried, feedback, len(_done(course, said)), len(attempt.drawn), lapsed
    )


def _number(label: str, classes: Collection[str]) -> int:
    if label in classes:
        return list(classes).index(label)
    names = ", ".join(list(classes)[:50])
    raise UnknownLabel(
        f"{label!r} is not a class of this project.",
        mend=f"Choose one of: {names}.",
        errors=[{"where": "label", "what": f"is not one of: {names}"}],
    )
