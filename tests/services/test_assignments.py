"""The desk: what a worker is given, once; what he says is kept, once; what he leaves goes to others."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.records import Answer, Assignment, Desk, Item, Report, Review
from crowdqc.records.projects import ProjectState
from crowdqc.services import assignments, projects, reach
from crowdqc.services import desk as desks
from crowdqc.services.assignments import (
    AlreadyAnswered,
    AlreadyEnded,
    NoSuchAssignment,
    ReportReason,
    UnknownClass,
)
from crowdqc.services.desk import NoSuchDesk, Supply
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look, submit, take, take_one


def places(place: Installation, project, key: str) -> tuple[int, int, str]:  # type: ignore[no-untyped-def]
    found = factories.item(place, project, key)
    return found.answered, found.leased, found.state


def test_the_same_answer_again_is_no_second_one(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1)
    taken = take_one(place, ada, project)
    first, new, *_ = do(place, assignments.submit, ada, taken.uid, label="dog", comment="sure", seconds=0)
    again, newer, *_ = do(place, assignments.submit, ada, taken.uid, label="dog")
    assert (new, newer) == (True, False)
    assert (first.submitted_at, first.seconds) == (again.submitted_at, again.seconds)
    assert again.comment == "sure"
    with pytest.raises(AlreadyAnswered, match="'dog'"):
        do(place, assignments.submit, ada, taken.uid, label="cat")
    with pytest.raises(UnknownClass) as told:
        do(place, assignments.submit, ada, taken.uid, label="emu")
    assert told.value.errors[0]["where"] == "label"
    (kept,) = factories.every(place, Answer, Answer.project_id == project.id)
    assert (kept.label, kept.counted, kept.late) == (1, True, False)
    assert places(place, project, "i0") == (1, 0, "open")


def test_the_same_answer_twice_at_once_is_one(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=10)
    for _ in range(10):
        taken, start = take_one(place, ada, project), threading.Barrier(4)

        def say(label: str) -> object:
            start.wait()  # noqa: B023
            try:
                return do(place, assignments.submit, ada, taken.uid, label=label)[1]  # noqa: B023
            except AlreadyAnswered as error:
                return type(error)

        with ThreadPoolExecutor(4) as pool:
            told = [*pool.map(say, ["dog", "dog", "dog", "cat"])]
        assert sorted(map(str, told)) in (
            sorted(map(str, [True, False, False, AlreadyAnswered])),
            sorted(map(str, [True, AlreadyAnswered, AlreadyAnswered, AlreadyAnswered])),
        )
    kept = factories.every(place, Answer, Answer.project_id == project.id)
    assert len(kept) == len({answer.item_id for answer in kept}) == 10
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.answered, item.leased) for item in items} == {(1, 0)}


def test_a_skipped_item_is_free_for_others_and_never_comes_back(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1)
    taken = take_one(place, ada, project)
    assert take(place, bob, project).supply == Supply.LATER
    for _ in range(2):
        assert do(place, assignments.skip, ada, taken.uid, reason="too dark").reason == "too dark"
    assert places(place, project, "i0") == (0, 0, "open")
    with pytest.raises(AlreadyEnded):
        submit(place, ada, taken, "cat")
    with pytest.raises(AlreadyEnded):
        do(place, assignments.keep_draft, ada, taken.uid, draft={})
    desk = take(place, ada, project)
    assert (desk.supply, desk.retry_at) == (Supply.FINISHED, None)
    his = take_one(place, bob, project)
    assert (his.item_id, his.uid == taken.uid) == (taken.item_id, False)
    submit(place, bob, his, "cat")
    assert places(place, project, "i0") == (1, 0, "answered")
    with pytest.raises(AlreadyAnswered):
        do(place, assignments.skip, bob, his.uid, reason="no")
    with pytest.raises(AlreadyAnswered):
        do(place, assignments.keep_draft, bob, his.uid, draft={})


def test_a_strangers_assignment_does_not_exist(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1)
    taken = take_one(place, ada, project)
    for use, named in (
        (assignments.submit, {"label": "cat"}),
        (assignments.skip, {"reason": "no"}),
        (assignments.report, {"reason": ReportReason.OTHER, "comment": ""}),
        (assignments.keep_draft, {"draft": {}}),
        (assignments.get, {}),
    ):
        for uid in (taken.uid, factories.uid()):
            with pytest.raises(NoSuchAssignment):
                do(place, use, bob, uid, **named)  # type: ignore[arg-type]
        with pytest.raises(reach.NotAWorker):
            do(place, use, owner, taken.uid, **named)  # type: ignore[arg-type]
    assert places(place, project, "i0") == (0, 1, "open")
    assert factories.every(place, Answer, Answer.project_id == project.id) == []


def test_a_late_answer_counts_where_its_place_is_free(place: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60)
    taken = take_one(place, ada, project)
    clock.advance(61)
    answer = submit(place, ada, taken, "dog", seconds=5)
    assert (answer.late, answer.counted, answer.seconds) == (True, True, 5)
    assert places(place, project, "i0") == (1, 0, "answered")


@pytest.mark.parametrize("then", ["holds", "answered", "skipped"])
def test_a_late_answer_is_kept_where_its_place_went_to_another(
    place: Installation, clock: Clock, then: str
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60)
    taken = take_one(place, ada, project)
    clock.advance(61)
    his = take_one(place, bob, project)
    if then == "answered":
        submit(place, bob, his, "cat")
    elif then == "skipped":
        do(place, assignments.skip, bob, his.uid, reason="no")
    answer = submit(place, ada, taken, "dog")
    assert answer.late
    assert answer.counted == (then == "skipped")
    assert answer.seconds == 61
    assert (
        places(place, project, "i0")
        == {
            "holds": (0, 1, "open"),
            "answered": (1, 0, "answered"),
            "skipped": (1, 0, "answered"),
        }[then]
    )
    if then == "holds":
        assert submit(place, bob, his, "cat").counted
        assert places(place, project, "i0") == (1, 0, "answered")


def test_an_answer_at_the_last_moment_is_not_late(place: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1, lease_seconds=60)
    taken = take_one(place, ada, project)
    clock.advance(60)
    assert not submit(place, ada, taken, "dog").late


def test_a_lease_that_lapsed_frees_its_place(place: Installation, clock: Clock) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=3, overlap=1, lease_seconds=60)
    assert len(take(place, ada, project, count=3).assignments) == 3
    desk = take(place, bob, project)
    assert (desk.supply, desk.retry_at) == (Supply.LATER, clock.now.replace(second=0, minute=1))
    clock.advance(60)
    assert len(take(place, bob, project, count=2).assignments) == 2
    assert sorted(item.leased for item in factories.every(place, Item, Item.project_id == project.id)) == [0, 1, 1]
    hers = factories.every(place, Assignment, Assignment.worker_id == _key(place, ada))
    assert {each.state for each in hers} == {"expired"}
    # He had them: they do not come back to him.
    assert take(place, ada, project).supply == Supply.FINISHED


def _key(place: Installation, actor) -> int:  # type: ignore[no-untyped-def]
    with place.reading() as tx:
        return reach.worker(tx, actor).id


def test_finished_is_said_of_this_worker_alone(place: Installation, clock: Clock) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=2, overlap=2)
    assert factories.answer_all(place, ada, project, lambda item: "cat") == 2
    desk = take(place, ada, project)
    assert (desk.supply, desk.retry_at, desk.assignments) == (Supply.FINISHED, None, [])
    assert factories.answer_all(place, bob, project, lambda item: "cat") == 2
    assert {each for each in factories.states(place, project).values()} == {"answered"}


def test_a_draft_outlives_its_lease(place: Installation, clock: Clock) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60)
    taken = take_one(place, ada, project)
    do(place, assignments.keep_draft, ada, taken.uid, draft={"label": "owl", "comment": "half a th"})
    clock.advance(61)
    take_one(place, bob, project)
    found, *_ = look(place, assignments.get, ada, taken.uid)
    assert (found.state, found.draft) == ("expired", {"label": "owl", "comment": "half a th"})
    do(place, assignments.keep_draft, ada, taken.uid, draft={"label": "owl", "comment": "half a thought"})
    assert look(place, assignments.get, ada, taken.uid)[0].draft == {"label": "owl", "comment": "half a thought"}
    submit(place, ada, taken, "owl")
    assert look(place, assignments.get, ada, taken.uid)[0].draft is None
    with pytest.raises(Invalid):
        do(place, assignments.keep_draft, ada, taken.uid, draft={"comment": "x" * 70_000})


def test_what_is_held_comes_back_on_the_next_take(place: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=8, overlap=1)
    page = [each.uid for each, _ in take(place, ada, project, count=5).assignments]
    assert len(set(page)) == 5
    clock.advance(10)
    again = take(place, ada, project, count=5)
    assert [each.uid for each, _ in again.assignments] == page
    assert [each.uid for each, _ in take(place, ada, project, count=2).assignments] == page[:2]
    assert [each.uid for each, _ in look(place, desks.held, ada, project.uid).assignments] == page
    submit(place, ada, again.assignments[0][0], "cat")
    more = take(place, ada, project, count=6)
    assert [each.uid for each, _ in more.assignments][:4] == page[1:]
    assert len(more.assignments) == 6
    assert {item.leased for item in factories.every(place, Item, Item.project_id == project.id)} == {0, 1}
    assert len(take(place, ada, project, count=1000).assignments) == 7


def test_items_come_in_the_order_of_the_queue(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=5)
    keys = []
    while (desk := take(place, ada, project)).assignments:
        keys.append(desk.assignments[0][1].key)
        submit(place, ada, desk.assignments[0][0], "cat")
    assert keys == ["i0", "i1", "i2", "i3", "i4"]


@pytest.mark.parametrize(("state", "supply"), [("paused", Supply.PAUSED), ("closed", Supply.FINISHED)])
def test_a_project_that_rests_gives_nothing_new_and_takes_what_is_out(
    place: Installation, state: str, supply: Supply
) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=3)
    taken = take_one(place, ada, project)
    do(place, projects.set_state, owner, project.uid, ProjectState(state))
    with pytest.raises(NoSuchDesk):
        take(place, bob, project)
    assert [each.uid for each, _ in take(place, ada, project, count=3).assignments] == [taken.uid]
    assert submit(place, ada, taken, "cat").counted
    desk = take(place, ada, project)
    assert (desk.supply, desk.assignments, desk.retry_at) == (supply, [], None)
    do(place, projects.set_state, owner, project.uid, ProjectState.OPEN)
    assert len(take(place, ada, project, count=3).assignments) == 2


def test_a_draft_project_has_no_desk(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, state=ProjectState.DRAFT)
    for uid in (project.uid, factories.uid()):
        with pytest.raises(NoSuchDesk):
            do(place, desks.take, ada, uid)
    with pytest.raises(reach.NotAWorker):
        do(place, desks.take, owner, project.uid)


def test_a_report_counts_once_a_worker_and_sends_the_item_to_review(place: Installation, clock: Clock) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 3)
    rule = {"when": {"signal": "reports", "op": "at_least", "value": 1}, "route": "review", "weight": 80}
    project = factories.project(place, owner, items=2, overlap=3, review=[rule])
    submit(place, crew[0], take_one(place, crew[0], project), "cat")
    taken = take_one(place, crew[1], project)
    for comment in ("it is blank", "really"):
        do(place, assignments.report, crew[1], taken.uid, reason=ReportReason.NOT_SHOWN, comment=comment)
    found = factories.item(place, project, "i0")
    assert (found.reports, found.leased) == (1, 0)
    (report,) = factories.every(place, Report, Report.item_id == found.id)
    assert (report.reason, report.comment) == ("not_shown", "it is blank")
    with pytest.raises(AlreadyEnded):
        submit(place, crew[1], taken, "cat")
    clock.advance(60)
    jobs.perform_due(place)
    assert factories.states(place, project) == {"i0": "in_review", "i1": "open"}
    (review,) = factories.every(place, Review, Review.project_id == project.id)
    assert [reason["signal"] for reason in review.reasons] == ["reports"]
    # It is out of the queue; what was answered stays.
    assert take(place, crew[2], project).assignments[0][1].key == "i1"


def test_a_report_after_the_answer_is_heard_and_leaves_the_answer(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=1)
    taken = take_one(place, ada, project)
    submit(place, ada, taken, "cat")
    do(place, assignments.report, ada, taken.uid, reason=ReportReason.UNCLEAR_QUESTION, comment="")
    assert look(place, assignments.get, ada, taken.uid)[0].state == "submitted"
    assert places(place, project, "i0") == (1, 0, "open")
    assert factories.item(place, project, "i0").reports == 1


def test_gold_comes_at_about_its_share_and_once_to_each(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    gold = [{"item": f"g{each}", "text": "gold", "gold": "dog"} for each in range(60)]
    project = factories.project(place, owner, items=[*factories.numbered(200), *gold], gold_share=0.25)
    given: list[str] = []
    for _ in range(20):
        with place.transaction() as tx:
            with_chance = type(tx)(tx.session, tx.now, tx.storage, tx.settings, random.Random(len(given)))
            desk = desks.take(with_chance, ada, project.uid, count=8)
            given += [item.key for _, item in desk.assignments]
            for assignment, _ in desk.assignments:
                assignments.skip(tx, ada, assignment.uid, reason="next")
    assert len(given) == len(set(given)) == 160
    number = sum(key.startswith("g") for key in given)
    # 40 are expected; four standard deviations of a binomial are 22.
    assert 18 <= number <= 60
    (found,) = factories.every(place, Desk, Desk.project_id == project.id)
    assert (found.given, found.gold_given) == (160, number)
    # Gold is mixed in, not put before or behind.
    spots = [spot for spot, key in enumerate(given) if key.startswith("g")]
    assert len({spot % 8 for spot in spots}) > 4
    # It has no places: as many as want can have it.
    rows = factories.every(place, Item, Item.project_id == project.id, Item.state == "gold")
    assert {(row.answered, row.leased) for row in rows} == {(0, 0)}


def test_no_gold_is_given_where_none_is_wanted_and_all_of_it_where_it_is_all(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    things = [*factories.numbered(3), *({"item": f"g{each}", "text": "x", "gold": "dog"} for each in range(3))]
    none = factories.project(place, owner, items=things, gold_share=0.0, name="none")
    assert {item.key for _, item in take(place, ada, none, count=10).assignments} == {"i0", "i1", "i2"}
    exam = factories.project(place, owner, items=things, gold_share=1.0, name="exam")
    desk = take(place, ada, exam, count=3)
    assert {item.key for _, item in desk.assignments} == {"g0", "g1", "g2"}
    answer = submit(place, ada, desk.assignments[0][0], "dog")
    assert answer.counted


def test_answers_remember_the_guidelines_they_were_given_under(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=2)
    before = take_one(place, ada, project)
    do(place, projects.set_guidelines, owner, project.uid, text="look twice")
    assert submit(place, ada, before, "cat").guideline_version == 1
    desk = take(place, ada, project)
    assert desk.guidelines == "look twice"
    assert submit(place, ada, desk.assignments[0][0], "cat").guideline_version == 2


def test_a_worker_is_told_how_he_stands(place: Installation) -> None:
    owner, ada, bob = factories.requester(place), factories.worker(place, "ada"), factories.worker(place, "bob")
    project = factories.project(place, owner, items=2, overlap=1)
    factories.project(place, owner, state=ProjectState.CLOSED, name="old")
    submit(place, ada, take_one(place, ada, project), "cat")
    take_one(place, ada, project)
    factories.aggregate(place, owner, project)
    mine = {each.project.name: each for each in look(place, desks.standings, ada)}
    assert set(mine) == {"birds", "noise"}
    assert mine["birds"].counts == {"submitted": 1, "open": 1}
    assert mine["birds"].score is not None
    assert mine["birds"].score.answers == 1
    assert mine["noise"].counts == {}
    assert {each.score for each in look(place, desks.standings, bob)} == {None}
