"""Skills with their versions, languages, and who gets work by them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from crowdqc.assembly import Installation
from crowdqc.quality.qualifications import BadName
from crowdqc.records import Project, Skill
from crowdqc.records import skills as records
from crowdqc.records.skills import SkillSource
from crowdqc.roles import Role
from crowdqc.services import desk, projects, skills
from crowdqc.services.desk import Supply
from crowdqc.services.skills import BadLanguages, BadSkill, NoSuchWorker
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look, take


def put(place: Installation, worker_id: int, name: str, value: float, **named: Any) -> None:
    with place.transaction() as tx:
        records.put(tx.session, worker_id, name, value, SkillSource.RULE, tx.now, **named)


def held(place: Installation, worker_id: int, *names: str) -> dict[str, float]:
    with place.reading() as tx:
        return records.held(tx.session, worker_id, names, tx.now)


def test_the_latest_version_holds_until_it_expires(place: Installation, clock: Clock) -> None:
    ada, bob = (factories.worker_row(place, factories.worker(place, name)) for name in ("ada", "bob"))
    put(place, ada.id, "birds", 50, expires_at=clock.now + timedelta(days=9))
    put(place, ada.id, "birds", 70.5, expires_at=clock.now + timedelta(seconds=60), detail="rule 1")
    put(place, ada.id, "owls", 0)
    put(place, bob.id, "birds", 99)
    assert held(place, ada.id, "birds", "owls", "other") == {"birds": 70.5, "owls": 0.0}
    clock.advance(59)
    assert held(place, ada.id, "birds") == {"birds": 70.5}
    clock.advance(1)
    # The one before does not come back.
    assert held(place, ada.id, "birds", "owls") == {"owls": 0.0}
    versions = factories.every(place, Skill, Skill.worker_id == ada.id, Skill.name == "birds")
    assert [(each.value, each.latest, each.detail) for each in versions] == [
        (50, False, None),
        (70.5, True, "rule 1"),
    ]
    with pytest.raises(BadName):
        put(place, ada.id, " birds", 1)


def test_two_at_once_leave_one_that_holds(place: Installation) -> None:
    ada = factories.worker_row(place, factories.worker(place, "ada"))
    with ThreadPoolExecutor(6) as pool:
        [*pool.map(lambda value: put(place, ada.id, "birds", value), range(24))]
    versions = factories.every(place, Skill, Skill.worker_id == ada.id)
    assert sorted(each.value for each in versions) == [*range(24)]
    assert [each.latest for each in versions].count(True) == 1


def test_a_skill_is_set_by_hand_with_its_reason(place: Installation, clock: Clock) -> None:
    lead = factories.person(place, "lea", Role.QA_LEAD)
    ada = factories.worker_row(place, factories.worker(place, "ada"))
    given = {"name": "birds", "value": 80.0, "reason": " saw her work "}
    found = do(place, skills.set_by_hand, lead, ada.uid, **given)
    (skill,) = found.skills
    assert (skill.value, skill.source, skill.detail, skill.person_id) == (80.0, "person", "saw her work", lead.id)
    do(place, skills.set_by_hand, lead, ada.uid, **given | {"expires_at": clock.now})
    assert held(place, ada.id, "birds") == {}
    assert len(look(place, skills.of_worker, ada.uid).history) == 2
    with pytest.raises(BadSkill) as refused:
        do(place, skills.set_by_hand, lead, ada.uid, name="", value=101, reason=" ")
    assert [fault["where"] for fault in refused.value.errors] == ["name", "value", "reason"]
    with pytest.raises(NoSuchWorker):
        do(place, skills.set_by_hand, lead, factories.uid(), **given)
    names = [worker.name for worker, _ in look(place, skills.page, part="ad")]
    assert names == ["ada"]
    assert look(place, skills.page, part="%") == []


def test_languages_are_written_as_is_usual(place: Installation) -> None:
    ada = factories.worker(place, "ada")
    assert do(place, skills.set_languages, ada, ["DE", "pt-br", "de"]).worker.languages == ["de", "pt-BR"]
    with pytest.raises(BadLanguages) as refused:
        do(place, skills.set_languages, ada, ["de", "german", "?"])
    assert [fault["where"] for fault in refused.value.errors] == ["languages[1]", "languages[2]"]
    assert look(place, skills.own, ada).worker.languages == ["de", "pt-BR"]
    assert do(place, skills.set_languages, ada, []).worker.languages == []


WANTED = [
    {"skill": "birds", "op": "at_least", "value": 80},
    {"qualification": "owls"},
    {"language": "de"},
]


def test_who_does_not_qualify_gets_nothing_and_is_told_why(place: Installation, clock: Clock) -> None:
    owner, actor = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=4, wanted=WANTED)
    other = factories.project(place, owner, items=1, name="other")
    factories.course(place, owner, other, factories.lessons(1), name="Owl exam", skill="owls")
    ada = factories.worker_row(place, actor)
    told = take(place, actor, project)
    assert (told.supply, told.assignments, told.retry_at) == (Supply.UNQUALIFIED, [], None)
    assert told.why == (
        "You do not qualify for this project now: you do not have the skill 'birds', which has to be at least 80; "
        "you do not have the qualification 'owls'; you have not said that you read 'de'. "
        "What you can do: take the exam 'Owl exam'; say which languages you read."
    )
    put(place, ada.id, "birds", 80, expires_at=clock.now + timedelta(hours=1))
    put(place, ada.id, "owls", 0)
    assert "birds" not in take(place, actor, project).why
    do(place, skills.set_languages, actor, ["de-CH"])
    assert look(place, skills.missing, actor) == {}
    assert len(take(place, actor, project).assignments) == 1
    clock.advance(1799)
    put(place, ada.id, "birds", 79.999)
    # What is in hand stays; nothing comes to it.
    desk_now = take(place, actor, project, count=2)
    assert (desk_now.supply, len(desk_now.assignments)) == (Supply.ASSIGNED, 1)
    clock.advance(1)
    told = take(place, actor, project)
    assert told.supply == Supply.UNQUALIFIED
    assert "your skill 'birds' is 79.99, and has to be at least 80" in told.why
    assert take(place, actor, other).supply == Supply.ASSIGNED


def test_the_gate_asks_once_and_not_at_all_where_nothing_is_wanted(place: Installation) -> None:
    owner, actor = factories.requester(place), factories.worker(place, "ada")
    plain = factories.project(place, owner, items=3)
    choosy = factories.project(place, owner, items=3, wanted=[{"qualification": "owls"}], name="choosy")
    put(place, factories.worker_row(place, actor).id, "owls", 5)
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(place.engine, "before_cursor_execute", note)
    try:
        for project, number in ((plain, 0), (choosy, 1)):
            asked.clear()
            assert do(place, desk.take, actor, project.uid, count=1).assignments
            assert sum("skills" in each for each in asked) == number
            assert not [each for each in asked if "reservations.item_id" in each or "courses" in each]
    finally:
        event.remove(place.engine, "before_cursor_execute", note)


def test_a_plan_that_wants_what_cannot_be_is_refused(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, wanted=WANTED)
    with pytest.raises(projects.plans.BadPlan) as refused:
        do(place, projects.update, owner, project.uid, plan={"wanted": [{"skill": "birds"}], "overlap": 0})
    assert {fault["where"] for fault in refused.value.errors} == {
        "plan.overlap", "plan.wanted[0].op", "plan.wanted[0].value",
    }  # fmt: skip
    assert do(place, projects.update, owner, project.uid, plan={"wanted": None}).plan["wanted"] is None
    (before,) = factories.every(place, Project, Project.id == project.id)
    assert before.plan["wanted"] is None
