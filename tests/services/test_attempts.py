"""Trainings and exams: what is said and when, one attempt at a time, waits, limits, and the skill that results."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import CrowdqcError
from crowdqc.records import Attempt, Response, Skill
from crowdqc.roles import Actor
from crowdqc.services import attempts, courses, projects
from crowdqc.services.attempts import (
    AlreadyAnswered,
    AttemptOver,
    NotInTurn,
    NotNow,
    NotOffered,
    Shown,
    UnknownLabel,
)
from crowdqc.services.courses import Course, CourseKind, CourseState
from crowdqc.services.projects import ProjectState
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, lessons, look


def begin(place: Installation, actor: Actor, course: Course) -> Shown:
    return do(place, attempts.begin, actor, course.uid)


def say(place: Installation, actor: Actor, shown: Shown, label: str) -> Shown:
    assert shown.exercise is not None
    return do(place, attempts.answer, actor, shown.attempt.uid, shown.exercise.uid, label=label)


def sit(place: Installation, actor: Actor, course: Course, *labels: str) -> Shown:
    """Answer an exam."""
    shown = begin(place, actor, course)
    for label in labels:
        shown = say(place, actor, shown, label)
    return shown


def skills(place: Installation, actor: Actor) -> list[tuple[str, float, str]]:
    worker = factories.worker_row(place, actor)
    return [
        (each.name, each.value, each.source)
        for each in factories.every(place, Skill, Skill.worker_id == worker.id)
    ]


def said(place: Installation, shown: Shown) -> list[Response]:
    return factories.every(place, Response, Response.attempt_id == shown.attempt.id)


@pytest.fixture
def made(place: Installation) -> tuple[Actor, Actor, Any]:
    owner = factories.requester(place)
    return owner, factories.worker(place, "ada"), factories.project(place, owner, items=3)


def test_a_training_hints_has_mistakes_corrected_and_explains(place: Installation, made: Any) -> None:
    owner, ada, project = made
    course = factories.course(
        place, owner, project, lessons(4), kind=CourseKind.TRAINING, name="cats", skill="eye"
    )
    shown = begin(place, ada, course)
    assert (shown.feedback, shown.tried, shown.done, shown.of) == (None, [], 0, 4)
    assert shown.exercise is not None
    first = shown.exercise
    wrong = say(place, ada, shown, "dog")
    assert wrong.exercise is not None
    assert wrong.feedback is not None
    assert (wrong.exercise.uid, wrong.feedback.right) == (first.uid, False)
    assert (wrong.feedback.words, wrong.tried, wrong.done) == (first.hint, ["dog"], 0)
    right = say(place, ada, wrong, "cat")
    assert right.feedback is not None
    assert right.feedback.right
    assert (right.feedback.words, right.tried, right.done) == (first.explanation, [], 1)
    for label in ("cat", "cat", "cat"):
        right = say(place, ada, right, label)
    assert (right.attempt.state, right.attempt.score, right.attempt.passed) == ("finished", 75.0, True)
    assert right.exercise is None
    assert skills(place, ada) == [("eye", 75.0, "training")]
    # It may be taken again at once, and the later score counts.
    again = sit(place, ada, course, "cat", "cat", "cat", "cat")
    assert (again.attempt.number, again.attempt.score) == (2, 100.0)
    held = factories.every(place, Skill, Skill.latest, Skill.name == "eye")
    assert [(each.name, each.value) for each in held] == [("eye", 100.0)]


def test_an_exam_says_nothing_before_its_end(place: Installation, made: Any) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(5), pass_mark=60, draw=3, valid_days=10)
    shown = begin(place, ada, course)
    assert (shown.of, len(shown.attempt.drawn), len({*shown.attempt.drawn})) == (3, 3, 3)
    for label in ("dog", "cat"):
        shown = say(place, ada, shown, label)
        assert (shown.feedback, shown.tried, shown.attempt.score, shown.attempt.passed) == (None, [], None, None)
    shown = say(place, ada, shown, "cat")
    assert shown.attempt.score == pytest.approx(200 / 3)
    assert (shown.attempt.passed, shown.feedback) == (True, None)
    (skill,) = factories.every(place, Skill, Skill.name == "bird exam")
    assert (skill.name, skill.source, skill.detail) == ("bird exam", "exam", "bird exam, attempt 1")
    assert skill.expires_at == shown.attempt.finished_at + timedelta(days=10)  # type: ignore[operator]


def test_exercises_come_by_chance(place: Installation, made: Any) -> None:
    owner, _, project = made
    course = factories.course(place, owner, project, lessons(12), draw=4)
    drawn = [tuple(begin(place, factories.worker(place, f"w{each}"), course).attempt.drawn) for each in range(6)]
    assert len({*drawn}) > 1
    assert len({key for each in drawn for key in each}) > 4


def test_who_fails_waits_and_tries_again(place: Installation, made: Any, clock: Clock) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(2), pass_mark=100, retry_hours=2, max_attempts=2)
    assert sit(place, ada, course, "cat", "dog").attempt.passed is False
    assert skills(place, ada) == []
    with pytest.raises(NotNow, match="You have to wait before the next attempt"):
        begin(place, ada, course)
    (offer,) = look(place, attempts.offers, ada)
    assert offer.retry_at == clock.now + timedelta(hours=2)
    clock.advance(2 * 3600 - 1)
    with pytest.raises(NotNow):
        begin(place, ada, course)
    clock.advance(1)
    assert sit(place, ada, course, "dog", "dog").attempt.number == 2
    clock.advance(3 * 3600)
    with pytest.raises(NotNow, match="as many attempts as there are"):
        begin(place, ada, course)
    do(place, courses.update, owner, course.uid, max_attempts=None)
    assert sit(place, ada, course, "cat", "cat").attempt.passed


def test_who_passed_takes_it_again_when_the_skill_is_over(place: Installation, made: Any, clock: Clock) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(1), valid_days=1, max_attempts=1)
    assert sit(place, ada, course, "cat").attempt.passed
    clock.advance(86399)
    with pytest.raises(NotNow, match="You have passed this"):
        begin(place, ada, course)
    clock.advance(1)
    # Attempts before the one that was passed do not count, and after a pass nobody waits.
    assert sit(place, ada, course, "dog").attempt.number == 2
    with pytest.raises(NotNow, match="as many attempts"):
        begin(place, ada, course)


def test_an_answer_is_kept_once(place: Installation, made: Any) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(3))
    shown = begin(place, ada, course)
    assert begin(place, ada, course).attempt.uid == shown.attempt.uid
    after = say(place, ada, shown, "cat")
    assert say(place, ada, shown, "cat").done == after.done == 1
    with pytest.raises(AlreadyAnswered):
        say(place, ada, shown, "dog")
    assert after.exercise is not None
    with pytest.raises(NotInTurn):
        do(place, attempts.answer, ada, shown.attempt.uid, uuid.uuid4(), label="cat")
    with pytest.raises(UnknownLabel):
        say(place, ada, after, "eagle")
    ended = do(place, attempts.finish, ada, shown.attempt.uid)
    assert ended.attempt.score == pytest.approx(100 / 3)
    assert do(place, attempts.finish, ada, shown.attempt.uid).attempt.finished_at == ended.attempt.finished_at
    assert say(place, ada, shown, "cat").attempt.state == "finished"
    with pytest.raises(AttemptOver):
        say(place, ada, after, "cat")
    assert len(said(place, shown)) == 1


def test_a_mistake_made_twice_is_one(place: Installation, made: Any) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(1), kind=CourseKind.TRAINING)
    shown = begin(place, ada, course)
    tried = [say(place, ada, shown, label).tried for label in ("dog", "dog", "owl", "dog", "owl")]
    assert tried == [["dog"], ["dog"], ["dog", "owl"], ["dog", "owl"], ["dog", "owl"]]
    assert [each.turn for each in said(place, shown)] == [1, 2]
    assert say(place, ada, shown, "cat").attempt.score == 0.0


def test_time_runs_out(place: Installation, made: Any, clock: Clock) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(4), limit_seconds=60, pass_mark=25, retry_hours=1)
    shown = say(place, ada, begin(place, ada, course), "cat")
    ends = shown.attempt.ends_at
    clock.advance(60)
    looked = look(place, attempts.get, ada, shown.attempt.uid)
    assert (looked.lapsed, looked.exercise, looked.attempt.state) == (True, None, "open")
    late = say(place, ada, shown, "cat")
    assert (late.attempt.state, late.attempt.finished_at, late.attempt.score) == ("finished", ends, 25.0)
    assert len(said(place, shown)) == 1
    assert skills(place, ada) == [("bird exam", 25.0, "exam")]


def test_an_attempt_that_was_left_is_finished_before_the_next(
    place: Installation, made: Any, clock: Clock
) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(2), limit_seconds=60, retry_hours=1)
    left = begin(place, ada, course)
    clock.advance(3 * 3600)
    told = begin(place, ada, course)
    assert (told.attempt.uid, told.attempt.state, told.attempt.passed) == (left.attempt.uid, "finished", False)
    # The wait began when the time was over.
    assert begin(place, ada, course).attempt.number == 2


def test_what_is_not_open_is_not_offered(place: Installation, made: Any) -> None:
    owner, ada, project = made
    course = factories.course(place, owner, project, lessons(1))
    shown = begin(place, ada, course)
    bob = factories.worker(place, "bob")
    with pytest.raises(attempts.NoSuchAttempt):
        look(place, attempts.get, bob, shown.attempt.uid)
    do(place, courses.update, owner, course.uid, state=CourseState.CLOSED)
    assert look(place, attempts.offers, bob) == []
    with pytest.raises(NotOffered):
        begin(place, bob, course)
    # Who is at it goes on.
    assert say(place, ada, shown, "cat").attempt.passed
    do(place, courses.update, owner, course.uid, state=CourseState.OPEN)
    do(place, projects.set_state, owner, project.uid, ProjectState.PAUSED)
    with pytest.raises(NotOffered):
        begin(place, bob, course)
    with pytest.raises(NotOffered):
        do(place, attempts.begin, bob, uuid.uuid4())


def test_two_windows_at_once(place: Installation, made: Any) -> None:
    """Begun twice it is one attempt; sent twice, the same or another answer, it is one response."""
    owner, _, project = made
    course = factories.course(place, owner, project, lessons(3))
    crowd = factories.crowd(place, 4)

    def both(use: Any, *given: Any) -> list[Any]:
        def once(each: tuple[Any, ...]) -> Any:
            try:
                return do(place, use, *each[:-1], **each[-1])
            except CrowdqcError as error:
                return error

        with ThreadPoolExecutor(len(given)) as pool:
            return [*pool.map(once, given)]

    for actor in crowd:
        begun = both(attempts.begin, *[(actor, course.uid, {})] * 4)
        assert len({each.attempt.uid for each in begun}) == 1
        shown = begun[0]
        sent = (actor, shown.attempt.uid, shown.exercise.uid)
        same = both(attempts.answer, *[(*sent, {"label": "cat"})] * 3)
        assert {each.done for each in same} == {1}
        following = (actor, shown.attempt.uid, same[0].exercise.uid)
        differing = both(attempts.answer, (*following, {"label": "cat"}), (*following, {"label": "dog"}))
        assert sum(isinstance(each, AlreadyAnswered) for each in differing) == 1
        last = next(each for each in differing if isinstance(each, Shown))
        ended = both(
            attempts.answer,
            *[(actor, shown.attempt.uid, last.exercise.uid, {"label": "cat"})] * 3,  # type: ignore[union-attr]
        )
        assert {each.attempt.state for each in ended} == {"finished"}
    made_of_it = factories.every(place, Attempt, Attempt.course_id == course.id)
    assert len(made_of_it) == 4
    made_in_them = factories.every(place, Response, Response.attempt_id.in_([each.id for each in made_of_it]))
    assert len(made_in_them) == 12
    given = factories.every(place, Skill, Skill.name == course.skill)
    assert len({each.worker_id for each in given}) == len(given)
