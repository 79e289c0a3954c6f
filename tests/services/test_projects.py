"""Projects: classes that only grow, ways between states, plans, guidelines in versions, honest numbers."""

from __future__ import annotations

import itertools

import pytest

from crowdqc.assembly import Installation
from crowdqc.records import Item
from crowdqc.records.projects import ProjectState
from crowdqc.records.uploads import UploadKind
from crowdqc.services import projects
from crowdqc.services.plans import BadPlan
from crowdqc.services.projects import BadClasses, NoWay
from tests.services import factories
from tests.services.factories import aggregate, answer_all, do, look, take


def test_a_project_is_a_draft_with_every_default_written_out(place: Installation) -> None:
    owner = factories.requester(place)
    made = do(place, projects.create, owner, name="n", question="q", classes=["a", "b"], guidelines="do", plan={})
    assert (made.state, made.guideline_version, made.owner_id) == ("draft", 1, owner.id)
    assert made.plan["overlap"] == 3
    assert made.plan["max_overlap"] == 5
    assert made.plan["method"] == "dawid_skene"
    assert {rule["when"]["signal"] for rule in made.plan["review"]} >= {"confidence", "reports", "audit"}
    assert [each.text for each in look(place, projects.guidelines, owner, made.uid)] == ["do"]


@pytest.mark.parametrize(
    ("classes", "faulty"),
    [
        (["a"], ["classes"]),
        ([], ["classes"]),
        (["a", "a", "b"], ["classes[1]"]),
        (["a", "", " b", "c|d", "e\0", "x" * 201], [f"classes[{each}]" for each in (1, 2, 3, 4, 5)]),
        ([str(each) for each in range(1001)], ["classes"]),
    ],
)
def test_every_fault_of_a_list_of_classes_is_named(
    place: Installation, classes: list[str], faulty: list[str]
) -> None:
    owner = factories.requester(place)
    with pytest.raises(BadClasses) as told:
        do(place, projects.create, owner, name="n", question="q", classes=classes)
    assert [each["where"] for each in told.value.errors] == faulty


def test_classes_only_grow_once_a_project_was_opened_or_has_items(place: Installation) -> None:
    owner = factories.requester(place)
    draft = factories.project(place, owner, state=ProjectState.DRAFT, costs=[[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    assert do(place, projects.update, owner, draft.uid, classes=["x", "y"]).plan["costs"] is None
    factories.bring(place, owner, draft, factories.rows(factories.numbered(1)))
    opened = factories.project(place, owner, name="opened")
    for project, kept in ((draft, ["x", "y"]), (opened, [*factories.CLASSES])):
        for classes in ([*kept[:-1], "new"], kept[::-1], [*kept[1:], "new"]):
            with pytest.raises(BadClasses):
                do(place, projects.update, owner, project.uid, classes=classes)
        grown = do(place, projects.update, owner, project.uid, classes=[*kept, "new"])
        assert grown.classes == [*kept, "new"]


def test_answers_keep_their_labels_when_classes_grow(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=2, overlap=1)
    factories.submit(place, ada, factories.take_one(place, ada, project), "owl")
    do(place, projects.update, owner, project.uid, classes=[*factories.CLASSES, "emu"])
    factories.submit(place, ada, factories.take_one(place, ada, project), "emu")
    run = aggregate(place, owner, project)
    assert (run.state, run.classes) == ("done", [*factories.CLASSES, "emu"])


def test_a_project_goes_only_where_a_way_leads(place: Installation) -> None:
    owner = factories.requester(place)
    ways = {
        ("draft", "open"), ("draft", "closed"), ("open", "paused"), ("open", "closed"), ("paused", "open"),
        ("paused", "closed"), ("closed", "open"),
    }  # fmt: skip
    for start, end in itertools.product(ProjectState, repeat=2):
        project = factories.project(place, owner, state=start, name=f"{start} {end}")
        if start == end or (start, end) in ways:
            assert do(place, projects.set_state, owner, project.uid, end).state == end
        else:
            with pytest.raises(NoWay) as told:
                do(place, projects.set_state, owner, project.uid, end)
            assert all(way in (told.value.mend or "") for begin, way in ways if begin == start)
            assert look(place, projects.get, owner, project.uid).state == start


def test_a_change_of_overlap_moves_the_items_that_are_open(place: Installation) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 3)
    things = [*factories.numbered(4), {"item": "own", "text": "x", "overlap": 7}]
    project = factories.project(place, owner, items=things, overlap=2)
    for actor in crew[:2]:
        factories.submit(place, actor, factories.take_one(place, actor, project), "cat")
    take(place, crew[0], project)
    do(place, projects.update, owner, project.uid, plan={"overlap": 4})

    def overlaps() -> dict[str, tuple[int, str]]:
        found = factories.every(place, Item, Item.project_id == project.id)
        return {item.key: (item.overlap, item.state) for item in found}

    # i0 has its answers and stays; "own" has an overlap of its own.
    assert overlaps() == {
        "i0": (2, "answered"), "i1": (4, "open"), "i2": (4, "open"), "i3": (4, "open"), "own": (7, "open"),
    }  # fmt: skip
    for actor in crew:
        factories.submit(place, actor, factories.take_one(place, actor, project), "dog")
    do(place, projects.update, owner, project.uid, plan={"overlap": 1})
    # What they have they keep: i1 has three answers, i2 none.
    assert overlaps() == {
        "i0": (2, "answered"), "i1": (3, "answered"), "i2": (1, "open"), "i3": (1, "open"), "own": (7, "open"),
    }  # fmt: skip
    noise = factories.every(place, Item, Item.project_id != project.id)
    assert {item.overlap for item in noise} == {3}


def test_a_plan_is_changed_in_parts(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, lease_seconds=77)
    changed = do(place, projects.update, owner, project.uid, plan={"gold_share": 0.5}, name="new", question="Who?")
    assert (changed.plan["gold_share"], changed.plan["lease_seconds"], changed.name) == (0.5, 77, "new")
    with pytest.raises(BadPlan):
        do(place, projects.update, owner, project.uid, plan={"max_overlap": 1})
    assert look(place, projects.get, owner, project.uid).plan == changed.plan


def test_guidelines_are_written_anew_and_never_over(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    for text, version in (("one", 2), ("one", 2), ("two", 3), ("one", 4)):
        assert do(place, projects.set_guidelines, owner, project.uid, text=text).version == version
    told = [(each.version, each.text) for each in look(place, projects.guidelines, owner, project.uid)]
    assert told == [(1, ""), (2, "one"), (3, "two"), (4, "one")]


def test_progress_counts_this_project_alone(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    things = [*factories.numbered(3), {"item": "g", "text": "x", "gold": "cat"}]
    project = factories.project(place, owner, items=things, overlap=2)
    answer_all(place, ada, project, lambda item: "cat")
    bob = factories.worker(place, "bob")
    take(place, bob, project, count=2)
    factories.bring(
        place, owner, project, b"worker,item,label\nx,g,cat\n", filename="a.csv", kind=UploadKind.ANSWERS
    )
    found = look(place, projects.progress, owner, project.uid)
    assert found.items == {
        "gold": 1, "open": 3, "answered": 0, "accepted": 0, "in_review": 0, "decided": 0, "discarded": 0,
    }  # fmt: skip
    assert (found.answers, found.answers_wanted, found.answers_counted, found.live_assignments) == (4, 6, 3, 2)
    assert (found.reviews, found.latest_run, found.run_waits) == ({}, None, False)
    assert [(upload.kind, upload.kept) for upload in found.uploads] == [("answers", 1), ("items", 4)]


def test_projects_are_listed_in_the_order_of_their_making(place: Installation) -> None:
    owner, other = factories.requester(place), factories.requester(place, "otto")
    mine = [factories.project(place, owner, name=f"p{each}").uid for each in range(3)]
    factories.project(place, other, name="his")
    assert [each.uid for each in look(place, projects.page, owner, after=None, limit=2)] == mine[:2]
    assert [each.uid for each in look(place, projects.page, owner, after=mine[1], limit=9)] == mine[2:]
    assert len(look(place, projects.page, factories.expert(place), after=None, limit=9)) == 5
