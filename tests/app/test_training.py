"""Training, exams and skills through the doors: a worker's way by the API, the same by the pages, and no leaks."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from crowdqc.roles import Role
from tests.app.doors import CLASSES, Door, Entrance, counts, project_of
from tests.app.test_access import assert_problem
from tests.app.test_worker_sees_no_gold import HIDDEN, Watched, names
from tests.ground.clock import Clock

HOUR = 3600
#: Nothing of an exercise that a worker may see, whatever he does; the explanation after the right answer alone.
SECRET = "tell-tale"


def file(number: int = 4) -> str:
    """Give exercises whose texts begin with the right class."""
    rows = [
        f"{SECRET}-{each},{CLASSES[each % 3]} lesson {each},{CLASSES[each % 3]},look at {each},because of {each}"
        for each in range(number)
    ]
    return "\n".join(["exercise,text,truth,hint,explanation,meta:source", *(f"{row},{SECRET}" for row in rows)])


def open_course(owner: Door, project: str, kind: str, name: str, **rules: object) -> str:
    course = owner.post(f"/projects/{project}/courses", kind=kind, name=name, **rules)["id"]
    brought = owner(
        "POST", f"/courses/{course}/exercises", data=file(), content_type="text/csv",
        query_string={"filename": "exercises.csv"},
    )  # fmt: skip
    assert Door.done(brought) == {"added": 4, "replaced": 0, "unchanged": 0}
    opened = Door.done(owner("PATCH", f"/courses/{course}", json={"state": "open"}))
    assert (opened["state"], opened["exercises"]) == ("open", 4)
    return str(course)


def wanting(entrance: Entrance, clock: Clock) -> tuple[Door, str, str, str]:
    """Make a project that wants a training and an exam, with both."""
    from crowdqc import jobs

    owner = entrance.door(Role.REQUESTER)
    wanted = [{"skill": "eye", "op": "at_least", "value": 50}, {"qualification": "bird expert"}]
    project = project_of(owner, wanted=wanted, gold_share=0)
    owner.bring(project, "batches", "text\none\ntwo\nthree\n")
    owner.put(f"/projects/{project}/state", state="open")
    clock.advance(30)
    jobs.perform_due(entrance.installation)
    training = open_course(owner, project, "training", "First steps", skill="eye")
    exam = open_course(
        owner, project, "exam", "Birds", skill="bird expert", pass_mark=75, retry_hours=2, valid_days=1, draw=4
    )
    return owner, project, training, exam


def truth_of(shown: dict[str, Any]) -> str:
    return str(shown["exercise"]["content"]["text"]).split()[0]


def sit(worker: Door, course: str, *, wrong: int) -> dict[str, Any]:
    """Take a course, with so many first answers wrong."""
    shown: dict[str, Any] = worker.post(f"/training/{course}/attempts")
    while shown["exercise"]:
        right = truth_of(shown)
        label = right if wrong <= 0 or shown["exercise"]["tried"] else next(x for x in CLASSES if x != right)
        wrong -= label != right
        path = f"/attempts/{shown['id']}/responses"
        shown = worker.post(path, exercise=shown["exercise"]["id"], label=label)
    return shown


def test_the_way_of_a_worker(entrance: Entrance, clock: Clock) -> None:
    """Unqualified, trained, failed, waiting, passed, at work, expired, unqualified again."""
    owner, project, training, exam = wanting(entrance, clock)
    worker = Watched(entrance.door(Role.WORKER))
    desk = f"/desk/{project}/next"
    told = worker.post(desk, count=1)
    assert (told["supply"], told["assignments"], told["retry_at"]) == ("unqualified", [], None)
    assert "take the training 'First steps'; take the exam 'Birds'" in told["why"]
    offered = {each["name"]: each for each in worker.get("/training")["data"]}
    assert {name: each["why"] for name, each in offered.items()} == {"First steps": None, "Birds": None}

    trained = sit(worker, training, wrong=1)
    assert (trained["state"], trained["score"], trained["passed"]) == ("finished", 75.0, True)
    told = worker.post(desk, count=1)
    assert "First steps" not in told["why"]

    failed = sit(worker, exam, wrong=2)
    assert (failed["score"], failed["passed"], failed["feedback"]) == (50.0, False, None)
    clock.advance(HOUR)
    early = worker("POST", f"/training/{exam}/attempts")
    assert assert_problem(early, 409)["type"] == "urn:crowdqc:problem:not-now"
    assert worker.post(desk, count=1)["supply"] == "unqualified"
    clock.advance(HOUR)
    passed = sit(worker, exam, wrong=1)
    assert (passed["number"], passed["score"], passed["passed"]) == (2, 75.0, True)
    assert worker.post(desk, count=1)["supply"] == "assigned"

    mine = {each["name"]: each for each in worker.get("/me/skills")["skills"]}
    assert (mine["eye"]["value"], mine["eye"]["source"], mine["eye"]["expires_at"]) == (75.0, "training", None)
    assert mine["bird expert"]["expires_at"] is not None
    clock.advance(24 * HOUR)
    told = worker.post(desk, count=1)
    assert told["supply"] == "unqualified"
    assert "you do not have the qualification 'bird expert'" in told["why"]
    assert sit(worker, exam, wrong=0)["passed"]
    assert worker.post(desk, count=1)["supply"] == "assigned"

    results = owner.get(f"/courses/{exam}/attempts")["data"]
    assert [(each["number"], each["score"]) for each in results] == [(3, 100.0), (2, 75.0), (1, 50.0)]
    assert owner.get(f"/courses/{exam}/attempts", after=results[0]["id"])["data"] == results[1:]
    listed = owner.get(f"/courses/{exam}/exercises")["data"]
    assert sum(each["right"] for each in listed) == 2 + 3 + 4
    for response in worker.seen:
        where = response.request.method, response.request.path, response.status
        assert SECRET not in response.text, where
        if response.is_json and response.status_code < 300:
            assert not names(response.json) & HIDDEN, where


def test_nothing_of_an_exercise_comes_early(entrance: Entrance, clock: Clock) -> None:
    _, _, training, exam = wanting(entrance, clock)
    worker = Watched(entrance.door(Role.WORKER))

    def seen() -> str:
        return "\n".join(response.text for response in worker.seen)

    shown = worker.post(f"/training/{training}/attempts")
    worker.get(f"/attempts/{shown['id']}")
    worker.get("/training")
    number = shown["exercise"]["content"]["text"].split()[-1]
    assert "look at" not in seen()
    assert "because of" not in seen()
    right = truth_of(shown)
    path, exercise = f"/attempts/{shown['id']}/responses", shown["exercise"]["id"]
    wrong = worker.post(path, exercise=exercise, label=next(each for each in CLASSES if each != right))
    assert wrong["feedback"]["words"] == f"look at {number}"
    assert "because of" not in seen()
    told = worker.post(path, exercise=exercise, label=right)
    assert told["feedback"] == {"label": right, "right": True, "words": f"because of {number}"}
    # Of the next exercise there is its content alone, and of those behind it not even that.
    assert {*re.findall(r"because of \d", seen())} == {f"because of {number}"}
    assert len({*re.findall(r"lesson \d", seen())}) == 2

    worker.seen.clear()
    shown = worker.post(f"/training/{exam}/attempts")
    said: list[dict[str, Any]] = []
    while shown["exercise"]:
        label = CLASSES[len(said) % 3]
        response = worker(
            "POST",
            f"/attempts/{shown['id']}/responses",
            json={"exercise": shown["exercise"]["id"], "label": label},
        )
        shown = Door.done(response)
        worker.get(f"/attempts/{shown['id']}")
        said.append({name: shown[name] for name in ("feedback", "score", "passed", "state", "lapsed")})
    # Right or wrong, the answer to an answer is the same.
    assert all(each == said[0] for each in said[:-1])
    assert said[0] == {"feedback": None, "score": None, "passed": None, "state": "open", "lapsed": False}
    assert not re.search(r"look at|because of|tell-tale", seen())


def test_the_same_by_pages(entrance: Entrance, clock: Clock) -> None:
    _, project, training, exam = wanting(entrance, clock)
    client, guard = entrance.browser(Role.WORKER)
    pages: list[Any] = []

    def post(path: str, **form: str) -> Any:
        page = client.post(path, data={"csrf": guard, **form}, follow_redirects=True)
        pages.append(page)
        return page

    told = post(f"/desk/{project}/next")
    assert "You do not qualify for this project now" in told.text
    assert "take the exam &#39;Birds&#39;" in told.text
    assert "You do not qualify" in client.get("/desk").text
    listed = client.get("/training")
    assert "First steps" in listed.text
    assert "Begin" in listed.text

    def take(course: str, wrong: int) -> Any:
        page = post(f"/training/{course}/begin")
        while found := re.search(r'action="(/attempts/[0-9a-f-]+)/answer"', page.text):
            exercise = re.search(r'name="exercise" value="([0-9a-f-]+)"', page.text)
            shown = re.search(r"(cat|dog|neither) lesson \d", page.text)
            assert exercise is not None
            assert shown is not None
            tried = "(not right)" in page.text
            label = shown[1] if tried or wrong <= 0 else next(each for each in CLASSES if each != shown[1])
            wrong -= label != shown[1]
            page = post(f"{found[1]}/answer", exercise=exercise[1], label=label)
            assert page.status_code == 200
        return page

    trained = take(training, 1)
    assert "75%" in trained.text
    assert any("look at" in page.text and "not right." in page.text for page in pages)
    assert any("because of" in page.text for page in pages)
    before = len(pages)
    failed = take(exam, 4)
    assert "Not passed" in failed.text
    assert not any(re.search("look at|because of", page.text) for page in pages[before:])
    assert "You have to wait before the next attempt." in post(f"/training/{exam}/begin").text
    clock.advance(2 * HOUR)
    assert ">Passed<" in take(exam, 1).text
    mine = client.get("/training").text
    assert "bird expert" in mine
    assert "You have passed this, and it still holds." in mine
    assert "/answer" in post(f"/desk/{project}/next").text
    kept = post("/training/languages", languages="DE\npt-br")
    assert "Your languages are kept." in kept.text
    assert "pt-BR" in kept.text
    assert "is no language tag" in post("/training/languages", languages="german").text
    for page in pages:
        assert SECRET not in page.text, page.request.path
        assert page.status_code < 500, page.request.path


def test_a_requester_makes_an_exam_by_pages(entrance: Entrance) -> None:
    from io import BytesIO

    client, guard = entrance.browser(Role.REQUESTER)

    def post(path: str, **form: Any) -> Any:
        return client.post(path, data={"csrf": guard, **form}, follow_redirects=True)

    made = post("/projects/new", name="P", question="What?", classes="cat\ndog\nneither")
    project = re.search(r"/projects/([0-9a-f-]{36})/courses", made.text)
    assert project is not None
    path = f"/projects/{project[1]}/courses"
    refused = post(path, kind="exam", name="Birds", pass_mark="101", draw="0.5")
    assert refused.status_code == 422
    assert "is not a number from 0 to 100" in refused.text
    assert "is not a whole number from 1 to 2000" in refused.text
    page = post(path, kind="exam", name="Birds", pass_mark="75", valid_days="30")
    course = re.search(r'action="(/courses/[0-9a-f-]{36})/state"', page.text)
    assert course is not None
    empty = post(f"{course[1]}/state", state="open")
    assert empty.status_code == 409
    assert "Upload exercises first." in empty.text
    bad = file().replace(",dog,look", ",horse,look")
    page = post(f"{course[1]}/exercises", file=(BytesIO(bad.encode()), "e.csv"))
    assert page.status_code == 422
    assert "line 3, truth" in page.text
    assert "Nothing of the file was taken." in page.text
    page = post(f"{course[1]}/exercises", file=(BytesIO(file().encode()), "e.csv"))
    assert "The exercises are kept." in page.text
    assert "4 exercises" in page.text
    assert "Close" in post(f"{course[1]}/state", state="open").text
    retire = re.search(rf'action="({course[1]}/exercises/[0-9a-f-]+/retire)"', client.get(course[1]).text)
    assert retire is not None
    assert "3 exercises" in post(retire[1]).text
    assert (
        "Birds again" in post(course[1], name="Birds again", skill="birds", pass_mark="60", retry_hours="1").text
    )


def test_a_qa_lead_sets_a_skill_by_pages(entrance: Entrance) -> None:
    entrance.door(Role.WORKER, name="ada")
    client, guard = entrance.browser(Role.QA_LEAD)
    found = re.search(r'href="(/skills/[0-9a-f-]{36})">ada<', client.get("/skills?name=ad").text)
    assert found is not None
    form = {"csrf": guard, "name": "birds", "value": "80", "days": "2", "reason": "saw her work"}
    page = client.post(found[1], data=form, follow_redirects=True)
    assert "saw her work" in page.text
    refused = client.post(found[1], data=form | {"value": "120"})
    assert refused.status_code == 422
    assert "is not a number from 0 to 100" in refused.text
    assert "over" in client.post(found[1], data=form | {"days": "0"}, follow_redirects=True).text


def test_skills_by_hand_over_the_api(entrance: Entrance) -> None:
    lead, worker = entrance.door(Role.QA_LEAD), entrance.door(Role.WORKER, name="ada")
    (listed,) = [each for each in lead.get("/workers")["data"] if each["name"] == "ada"]
    path = f"/workers/{listed['id']}/skills"
    found = lead.put(path, name="birds", value=80, reason="saw her work")
    assert [(each["name"], each["value"], each["source"]) for each in found["skills"]] == [
        ("birds", 80.0, "person")
    ]
    # The reason is for those who keep the skills, not for the worker.
    assert worker.get("/me/skills")["skills"][0].keys() == {"name", "value", "source", "earned_at", "expires_at"}
    assert worker.put("/me/languages", languages=["DE"])["languages"] == ["de"]
    told = assert_problem(worker("PUT", "/me/languages", json={"languages": ["de", "?"]}), 422)
    assert told["errors"] == [
        {"where": "languages[1]", "what": "'?' is no language tag, such as de, pt-BR or zh-Hant"}
    ]
    bodies: list[dict[str, Any]] = [
        {"name": "x", "value": 101, "reason": "r"},
        {"name": "x", "value": 1, "reason": ""},
        *[
            {"name": "x", "value": 1, "reason": "r", "expires_at": moment}
            for moment in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-12:00", "2030-01-01T00:00:00")
        ],
    ]
    for body in bodies:
        assert_problem(lead("PUT", path, json=body), 422)
    assert_problem(
        lead("PUT", f"/workers/{uuid.uuid4()}/skills", json={"name": "x", "value": 1, "reason": "r"}), 404
    )


def test_items_are_reserved_and_kept_away_over_the_api(entrance: Entrance, clock: Clock) -> None:
    owner, project, *_ = wanting(entrance, clock)
    lead = entrance.door(Role.QA_LEAD)
    entrance.door(Role.WORKER, name="ada")
    ada = lead.get("/workers", name="ada")["data"][0]["id"]
    item = owner.get(f"/projects/{project}/items")["data"][0]["id"]
    for part in ("reserved-for", "unavailable-for"):
        path = f"/items/{item}/{part}"
        assert owner.put(path, workers=[ada]) == {"workers": [{"id": ada, "name": "ada"}], "had": []}
        assert owner.get(path)["workers"][0]["id"] == ada
        nobody = str(uuid.uuid4())
        refused = assert_problem(owner("PUT", path, json={"workers": [nobody]}), 422)
        assert refused["errors"] == [{"where": "workers", "what": f"{nobody} is no worker"}]
        assert owner.put(path, workers=[])["workers"] == []


@pytest.mark.parametrize("name", ["\\u0000", "\\ud800", " ", ""])
def test_names_that_cannot_be_kept(entrance: Entrance, clock: Clock, name: str) -> None:
    owner, project, training, _ = wanting(entrance, clock)
    before = counts(entrance.installation)
    for method, path, body in (
        ("POST", f"/projects/{project}/courses", f'{{"kind": "exam", "name": "{name}"}}'),
        ("POST", f"/projects/{project}/courses", f'{{"kind": "exam", "name": "a", "skill": "{name}"}}'),
        ("PATCH", f"/courses/{training}", f'{{"skill": "{name}"}}'),
        ("PATCH", f"/projects/{project}", f'{{"plan": {{"wanted": [{{"qualification": "{name}"}}]}}}}'),
    ):
        assert_problem(owner(method, path, data=body, content_type="application/json"), 422)
    assert counts(entrance.installation) == before
