"""Courses as their makers see them: what they ask for, files of exercises, ownership, results."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import CrowdqcError, Missing, Refused
from crowdqc.formats import UnknownFormat, Unreadable
from crowdqc.records import Exercise
from crowdqc.records.projects import ProjectState
from crowdqc.roles import Actor, Role
from crowdqc.services import attempts, courses
from crowdqc.services.courses import (
    BadCourse,
    Brought,
    Course,
    CourseKind,
    CourseNameTaken,
    CourseState,
    NoExercises,
)
from crowdqc.services.exercises import BadExercises
from tests.services import factories
from tests.services.factories import do, lessons, look


@pytest.fixture
def owner(place: Installation) -> Actor:
    return factories.requester(place)


@pytest.fixture
def course(place: Installation, owner: Actor) -> Course:
    project = factories.project(place, owner, state=ProjectState.DRAFT)
    return do(place, courses.create, owner, project.uid, kind=CourseKind.EXAM, name="birds").course


def bring(place: Installation, owner: Actor, course: Course, content: str | bytes, name: str = "e.csv") -> Brought:
    sent = content.encode() if isinstance(content, str) else content
    return do(place, courses.bring, owner, course.uid, content=sent, filename=name, content_type=None)


def faults(place: Installation, owner: Actor, course: Course, content: str | bytes, **named: str) -> list[Any]:
    with pytest.raises(BadExercises) as refused:
        bring(place, owner, course, content, **named)
    assert factories.every(place, Exercise, Exercise.course_id == course.id) == []
    return [(fault["where"], fault["what"]) for fault in refused.value.errors]


def test_defaults_are_of_the_kind(place: Installation, owner: Actor, course: Course) -> None:
    assert (course.skill, course.pass_mark, course.retry_hours, course.state) == ("birds", 80.0, 24.0, "draft")
    assert (course.draw, course.limit_seconds, course.max_attempts, course.valid_days) == (None, None, None, None)
    (project,) = [each.project for each in [look(place, courses.get, owner, course.uid)]]
    made = do(
        place, courses.create, owner, project.uid, kind=CourseKind.TRAINING, name="eyes", skill="eye", draw=3
    )
    assert (made.course.pass_mark, made.course.retry_hours, made.course.draw) == (0.0, 0.0, 3)
    with pytest.raises(CourseNameTaken):
        do(place, courses.create, owner, project.uid, kind=CourseKind.EXAM, name="birds")
    with pytest.raises(CourseNameTaken):
        do(place, courses.update, owner, made.course.uid, name="birds")
    listed = look(place, courses.of_project, owner, project.uid)
    assert [each.course.name for each in listed] == ["birds", "eyes"]


def test_every_number_that_cannot_be_is_named(place: Installation, owner: Actor, course: Course) -> None:
    wrong = {
        "pass_mark": 101, "draw": 0, "limit_seconds": 9, "retry_hours": -1, "max_attempts": 1.5, "valid_days": 0,
        "skill": " ",
    }  # fmt: skip
    with pytest.raises(BadCourse) as refused:
        do(place, courses.update, owner, course.uid, **wrong)
    assert {fault["where"] for fault in refused.value.errors} == {*wrong}
    for value in (float("nan"), float("inf"), 10**400, True):
        with pytest.raises(BadCourse):
            do(place, courses.update, owner, course.uid, pass_mark=value)
    changed = do(place, courses.update, owner, course.uid, draw=2, pass_mark=None).course
    assert (changed.draw, changed.pass_mark) == (2, 80.0)
    assert do(place, courses.update, owner, course.uid, draw=None).course.draw is None


def test_files_of_every_format(place: Installation, owner: Actor, course: Course) -> None:
    csv = "exercise,text,truth,hint,explanation,meta:source\n1,a cat,cat,look,meow,secret\n2,either,cat|dog,,,\n"
    assert bring(place, owner, course, csv) == Brought(2, 0, 0)
    assert bring(place, owner, course, csv) == Brought(0, 0, 2)
    one, two = factories.every(place, Exercise, Exercise.course_id == course.id)
    assert (one.key, one.content, one.truth, one.hint, one.explanation) == (
        "1", {"text": "a cat"}, ["cat"], "look", "meow",
    )  # fmt: skip
    assert (two.truth, two.hint) == (["cat", "dog"], None)
    listed = json.dumps([{"item": 3, "content": {"text": "an owl"}, "gold": ["owl"]}])
    assert bring(place, owner, course, listed, name="e.json") == Brought(1, 0, 0)
    lines = '{"exercise": "1", "text": "a dog", "truth": "dog"}\n{"text": "nameless", "truth": "dog"}\n'
    assert bring(place, owner, course, lines, name="e.jsonl") == Brought(1, 1, 0)
    kept = {each.key: each.content["text"] for each, _, _ in look(place, courses.listed, owner, course.uid)}
    assert sorted(kept.values()) == ["a dog", "an owl", "either", "nameless"]


def test_every_bad_line_is_named_and_nothing_is_kept(place: Installation, owner: Actor, course: Course) -> None:
    bad = "exercise,text,truth\n1,fine,cat\n2,no truth,\n3,other,lion\n,nameless,cat\n1,again,cat\n6\n7,,dog\n"
    told = faults(place, owner, course, bad)
    assert [where for where, _ in told] == [
        "line 3, truth", "line 4, truth", "line 5, exercise", "line 6, exercise", "line 7", "line 8, row",
    ]  # fmt: skip
    assert "'lion' is not a class of this project" in told[1][1]
    assert faults(place, owner, course, "exercise,text,truth\n") == [("whole file", "has no exercise in it")]
    assert [
        where for where, _ in faults(place, owner, course, '[{"truth": "cat", "text": 1}, 5]', name="x.json")
    ] == ["entry 2"]
    long = json.dumps({"exercise": "1", "text": "x", "truth": "cat", "hint": "h" * 10_001, "explanation": [1]})
    assert faults(place, owner, course, long, name="e.jsonl") == [
        ("line 1, hint", "is longer than 10,000 characters")
    ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "e.csv"), (b" \n", "e.csv"), (b"[", "e.json"),
        (b'[{"a": 1, "a": 2}]', "e.json"), (b"[\xff]", "e.json"),
        (b"x" * ((4 << 20) + 1), "e.csv"), (b"PK\x03\x04" + b"\x00" * 50, "e.xlsx"), (b"{\n}", "e.jsonl"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(
    place: Installation, owner: Actor, course: Course, content: bytes, name: str
) -> None:
    with pytest.raises(CrowdqcError) as refused:
        bring(place, owner, course, content, name=name)
    assert isinstance(refused.value, (BadExercises, UnknownFormat, Unreadable))
    assert refused.value.mend


def test_an_exercise_that_is_replaced_stays_with_those_who_have_it(place: Installation, owner: Actor) -> None:
    project = factories.project(place, owner)
    course = factories.course(place, owner, project, lessons(1), pass_mark=100)
    ada, bob = factories.worker(place, "ada"), factories.worker(place, "bob")
    begun = do(place, attempts.begin, ada, course.uid)
    mended = lessons(1)[0] | {"truth": "owl"}
    assert bring(place, owner, course, factories.rows([mended]), name="e.jsonl") == Brought(0, 1, 0)
    assert begun.exercise is not None
    told = do(place, attempts.answer, ada, begun.attempt.uid, begun.exercise.uid, label="cat")
    assert told.attempt.passed
    other = do(place, attempts.begin, bob, course.uid)
    assert other.exercise is not None
    assert other.exercise.truth == ["owl"]
    shown = look(place, courses.listed, owner, course.uid)
    assert [(each.truth, answers, right) for each, answers, right in shown] == [(["owl"], 0, 0)]
    with pytest.raises(NoExercises, match="last exercise"):
        do(place, courses.retire, owner, shown[0][0].uid)


def test_nothing_is_opened_empty(place: Installation, owner: Actor, course: Course) -> None:
    with pytest.raises(NoExercises):
        do(place, courses.update, owner, course.uid, state=CourseState.OPEN)
    bring(place, owner, course, factories.rows(lessons(2)), name="e.jsonl")
    assert do(place, courses.update, owner, course.uid, state=CourseState.OPEN).exercises == 2
    first, second = (each for each, _, _ in look(place, courses.listed, owner, course.uid))
    do(place, courses.retire, owner, first.uid)
    do(place, courses.retire, owner, first.uid)
    assert [each.uid for each, _, _ in look(place, courses.listed, owner, course.uid)] == [second.uid]


def test_results_tell_who_fared_how(place: Installation, owner: Actor) -> None:
    course = factories.course(place, owner, factories.project(place, owner), lessons(2), retry_hours=0)
    for name, label in (("ada", "cat"), ("bob", "dog")):
        actor = factories.worker(place, name)
        shown = do(place, attempts.begin, actor, course.uid)
        while shown.exercise is not None:
            shown = do(place, attempts.answer, actor, shown.attempt.uid, shown.exercise.uid, label=label)
    found = look(place, courses.results, owner, course.uid, before=None, limit=9)
    assert [(worker.name, each.score) for each, worker in found] == [("bob", 0.0), ("ada", 100.0)]
    following = look(place, courses.results, owner, course.uid, before=found[0][0].uid, limit=9)
    assert [worker.name for _, worker in following] == ["ada"]
    with pytest.raises(courses.NoSuchAttempt):
        look(place, courses.results, owner, course.uid, before=factories.uid(), limit=9)
    assert [told[1:] for told in look(place, courses.listed, owner, course.uid)] == [(2, 1), (2, 1)]


def test_a_strangers_course_is_not_there(place: Installation, owner: Actor, course: Course) -> None:
    bring(place, owner, course, factories.rows(lessons(2)), name="e.jsonl")
    exercise = look(place, courses.listed, owner, course.uid)[0][0]
    stranger, lead = factories.requester(place, "sam"), factories.person(place, "lea", Role.QA_LEAD)
    project = look(place, courses.get, owner, course.uid).project
    file = {"content": b"text,truth\na,cat\n", "filename": "e.csv", "content_type": None}
    changes: list[tuple[Any, Any, dict[str, Any]]] = [
        (courses.create, project.uid, {"kind": CourseKind.EXAM, "name": "x"}),
        (courses.update, course.uid, {"name": "x"}),
        (courses.bring, course.uid, file),
        (courses.retire, exercise.uid, {}),
    ]
    for use, uid, named in changes:
        with pytest.raises(Missing):
            do(place, use, stranger, uid, **named)
        with pytest.raises(Refused):
            do(place, use, lead, uid, **named)
    for see, uid, named in (
        (courses.get, course.uid, {}),
        (courses.of_project, project.uid, {}),
        (courses.listed, course.uid, {}),
        (courses.results, course.uid, {"before": None, "limit": 5}),
    ):
        with pytest.raises(Missing):
            look(place, see, stranger, uid, **named)
        look(place, see, lead, uid, **named)
