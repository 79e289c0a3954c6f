"""Pre-labels: shown with half of the leases, gold as everything else, and what showing them does."""

from __future__ import annotations

import pytest

from crowdqc.assembly import Installation
from crowdqc.records import Assignment
from crowdqc.records.uploads import UploadKind
from crowdqc.services import anchoring, assignments, plans, projects
from crowdqc.services.anchoring import NoExperiment
from crowdqc.services.plans import BadPlan
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import bring, do, every, look, requester, worker

NAMED = {"model": "m", "version": "1"}


def test_half_of_the_leases_have_one_and_it_draws_answers(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    items = factories.numbered(60)
    for each in items[:10]:
        each["gold"] = "dog"
    project = factories.project(place, owner, items=items, overlap=3, gold_share=0.2)
    said = [{"item": f"i{each}", "probabilities": {"owl": 0.8, "cat": 0.2}} for each in range(60)]
    bring(place, owner, project, factories.rows(said), kind=UploadKind.PREDICTIONS, **NAMED)
    with pytest.raises(NoExperiment):
        look(place, anchoring.measure, owner, project.uid)
    eager = worker(place, "eager")
    early = factories.take_one(place, eager, project)
    clock.advance(10)
    do(place, projects.update, owner, project.uid, plan={"pre_labels": NAMED})
    with pytest.raises(NoExperiment):
        look(place, anchoring.measure, owner, project.uid)
    seen: dict[object, str] = {}
    for actor in factories.crowd(place, 4):
        while (desk := factories.take(place, actor, project, count=10)).assignments:
            assert set(desk.pre_labels.values()) <= {"owl"}
            for lease, _ in desk.assignments:
                shown = desk.pre_labels.get(lease.uid)
                assert do(place, assignments.get, actor, lease.uid)[3] == shown
                seen[lease.uid] = shown or ""
                # Who sees it says it; the others know better.
                do(place, assignments.submit, actor, lease.uid, label=shown or "dog")
    given = {each.uid: each for each in every(place, Assignment)}
    assert {bool(shown) == bool(uid.int & 1) for uid, shown in seen.items()} == {True}  # type: ignore[attr-defined]
    assert 0.3 < sum(map(bool, seen.values())) / len(seen) < 0.7
    gold = [bool(shown) for uid, shown in seen.items() if not given[uid].counts]  # type: ignore[index]
    assert True in gold
    assert False in gold
    found = look(place, anchoring.measure, owner, project.uid)
    assert (found.all.follow_shown, found.all.follow_hidden) == (1.0, 0.0)
    assert found.all.shown + found.all.hidden == len(seen)
    assert found.wrong is not None
    assert found.wrong.shown + found.wrong.hidden == len(gold)
    assert found.wrong.low > 0
    # What was leased before is not of it.
    assert do(place, assignments.get, eager, early.uid)[3] is None


def test_the_plan_names_a_model_and_notes_since_when(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    project = factories.project(place, owner)
    for bad in ("m", {"model": "m"}, {"model": "", "version": "1"}, NAMED | {"share": 1}):
        with pytest.raises(BadPlan):
            plans.read({"pre_labels": bad}, project.classes)
    first = do(place, projects.update, owner, project.uid, plan={"pre_labels": NAMED}).plan["pre_labels"]
    clock.advance(60)
    again = do(place, projects.update, owner, project.uid, plan={"overlap": 3}).plan["pre_labels"]
    other = do(place, projects.update, owner, project.uid, plan={"pre_labels": NAMED | {"version": "2"}})
    assert again == first
    assert other.plan["pre_labels"]["since"] > first["since"]
    assert do(place, projects.update, owner, project.uid, plan={"pre_labels": None}).plan["pre_labels"] is None
