"""Gold that is made, corrected, retired and promoted: its history, the pool, what workers are measured by."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from scipy.stats import chisquare

from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.records import Answer, Assignment, Desk, GoldPlace, Item, Truth, queue
from crowdqc.records import assignments as records
from crowdqc.records import people as persons
from crowdqc.records.projects import Project
from crowdqc.records.reviews import Review, Verdict
from crowdqc.records.truths import TruthOrigin
from crowdqc.roles import Actor, Role
from crowdqc.services import gold, people, reviews
from crowdqc.services.gold import CannotBeGold, Named, NotDecided, NotGold, UnderReview
from crowdqc.services.reach import NoSuchItem
from crowdqc.services.reviews import NotUndoable
from crowdqc.services.truths import BadTruth
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, answer_all, decide, do, look, take, take_one
from tests.services.test_runs import doubtful, live

API = TruthOrigin.API


def made(place: Installation, owner: Actor, project: Project, *named: Named) -> Sequence[Item]:
    return do(place, gold.make, owner, project.uid, named=named, source=API)


def right(place: Installation, project: Project) -> list[int]:
    desks = factories.every(place, Desk, Desk.project_id == project.id)
    assert_counts(place, project)
    return [desk.gold_right for desk in desks]


def assert_counts(place: Installation, project: Project) -> None:
    """The desks count as many right answers as there are; the pool holds the gold, numbered without gaps."""
    items = {item.id: item for item in factories.every(place, Item, Item.project_id == project.id)}
    counted: Counter[int] = Counter()
    for answer in factories.every(place, Answer, Answer.project_id == project.id):
        item = items[answer.item_id]
        labels = item.truth if item.truth_source == "gold" else None
        counted[answer.worker_id] += project.classes[answer.label or 0] in (labels or [])
    for desk in factories.every(place, Desk, Desk.project_id == project.id):
        assert desk.gold_right == counted[desk.worker_id]
    pool = factories.every(place, GoldPlace, GoldPlace.project_id == project.id)
    assert [each.number for each in pool] == list(range(1, len(pool) + 1))
    assert {each.item_id for each in pool} == {key for key, item in items.items() if item.state == "gold"}
    for item in items.values():
        assert item.answered + item.leased <= item.overlap
        newest = [each for each in factories.every(place, Truth, Truth.item_id == item.id)][-1:]
        if newest:
            assert (newest[0].labels, newest[0].gold) == (item.truth, item.state == "gold")


def history(place: Installation, project: Project, key: str) -> list[tuple[Any, ...]]:
    item = factories.item(place, project, key)
    return [
        (each.labels, each.gold, each.reason, each.source)
        for each in factories.every(place, Truth, Truth.item_id == item.id)
    ]


def test_gold_out_of_a_file_begins_its_history(place: Installation) -> None:
    owner = factories.requester(place)
    things = [
        {"item": "g", "text": "x", "gold": "cat|dog", "gold_reason": "both are in it"},
        {"item": "h", "text": "y", "gold": "owl"},
        {"item": "i", "text": "z"},
    ]
    project = factories.project(place, owner, items=things)
    assert history(place, project, "g") == [(["cat", "dog"], True, "both are in it", "file")]
    assert history(place, project, "h") == [(["owl"], True, None, "file")]
    assert history(place, project, "i") == []
    assert_counts(place, project)
    wrong = factories.bring(place, owner, project, b'{"item": "j", "text": "x", "gold_reason": "no gold"}\n')
    assert factories.faults(place, owner, wrong) == [(1, "gold_reason")]


def test_answers_that_an_item_has_are_answers_to_gold_and_leases_go_on(place: Installation, clock: Clock) -> None:
    owner, (ada, bob, cid, dan) = factories.requester(place), factories.crowd(place, 4)
    project = factories.project(place, owner, items=1, overlap=3, gold_share=1.0, gold_first=0)
    first, second = take_one(place, ada, project), take_one(place, bob, project)
    factories.submit(place, ada, first, "cat")
    item = made(place, owner, project, Named("i0", ["cat"], "plain to see"))[0]
    assert (item.state, item.answered, item.leased, item.truth) == ("gold", 1, 1, ["cat"])
    assert right(place, project) == [1, 0]
    # Bob notices nothing; his lease holds its place until it ends.
    factories.submit(place, bob, second, "cat")
    found = factories.item(place, project, "i0")
    assert (found.answered, found.leased, found.state) == (2, 0, "gold")
    assert right(place, project) == [1, 1]
    # Cid and Dan are given it as gold: beyond the overlap, if need be.
    for worker in (cid, dan):
        factories.submit(place, worker, take_one(place, worker, project), "dog")
    found = factories.item(place, project, "i0")
    assert (found.answered, found.leased, found.overlap) == (2, 0, 3)
    assert right(place, project) == [1, 1, 0, 0]
    # Several answers are acceptable after all.
    do(place, gold.correct, owner, item.uid, labels=["dog", "cat"], reason="both", source=API)
    assert right(place, project) == [1, 1, 1, 1]
    do(place, gold.correct, owner, item.uid, labels=["dog"], source=API)
    assert right(place, project) == [0, 0, 1, 1]
    assert history(place, project, "i0") == [
        (["cat"], True, "plain to see", "api"),
        (["dog", "cat"], True, "both", "api"),
        (["dog"], True, "both", "api"),
    ]


def test_a_lease_that_lapses_on_new_gold_gives_its_place_back(place: Installation, clock: Clock) -> None:
    owner, (ada, bob) = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=2, overlap=1, lease_seconds=60, gold_share=0.5, gold_first=0)
    taken = take_one(place, ada, project)
    (key,) = [each.key for each in factories.every(place, Item, Item.id == taken.item_id)]
    made(place, owner, project, Named(key, ["cat"]))
    clock.advance(61)
    take(place, bob, project, count=2)
    assert factories.item(place, project, key).leased == 0
    kept = factories.submit(place, ada, taken, "cat")
    assert (kept.late, kept.counted) == (True, True)
    assert sum(right(place, project)) == 1


def test_retired_gold_is_given_to_nobody_and_measures_still(place: Installation) -> None:
    owner, (ada, bob) = factories.requester(place), factories.crowd(place, 2)
    things = [*factories.numbered(4), *({"item": f"g{n}", "text": "x", "gold": "dog"} for n in range(3))]
    project = factories.project(place, owner, items=things, gold_share=0.5, overlap=2)
    answer_all(place, ada, project, lambda item: "dog")
    assert right(place, project) == [3]
    for key in ("g0", "g2"):
        item = factories.item(place, project, key)
        do(place, gold.retire, owner, item.uid, reason="leaked", source=API)
        assert_counts(place, project)
    found = factories.item(place, project, "g0")
    assert (found.state, found.truth, found.truth_source) == ("decided", ["dog"], "gold")
    assert right(place, project) == [3]
    answer_all(place, bob, project, lambda item: "dog")
    asked = {each.item_id for each in factories.every(place, Answer) if each.worker_id == worker_of(place, bob)}
    assert asked.isdisjoint({factories.item(place, project, key).id for key in ("g0", "g2")})
    run = aggregate(place, owner, project)
    assert (run.truths or {})["labels"] == {"g0": ["dog"], "g1": ["dog"], "g2": ["dog"]}
    with pytest.raises(NotGold):
        do(place, gold.correct, owner, found.uid, labels=["cat"], source=API)
    with pytest.raises(NotGold):
        do(place, gold.retire, owner, found.uid, source=API)


def worker_of(place: Installation, actor: Actor) -> int:
    with place.reading() as tx:
        found = persons.worker_of(tx.session, actor.id)
        assert found is not None
        return found.id


def test_gold_whose_truth_is_dropped_takes_answers_of_those_who_never_had_it(place: Installation) -> None:
    owner, (ada, bob, cid) = factories.requester(place), factories.crowd(place, 3)
    things = [*factories.numbered(1), {"item": "g", "text": "x", "gold": "dog"}]
    project = factories.project(place, owner, items=things, gold_share=0.5, gold_first=1, overlap=2)
    answer_all(place, ada, project, lambda item: "dog")
    item = factories.item(place, project, "g")
    do(place, gold.retire, owner, item.uid, reason="wrong", keep_truth=False, source=API)
    found = factories.item(place, project, "g")
    assert (found.state, found.truth, found.truth_source, found.answered) == ("open", None, None, 0)
    assert right(place, project) == [0]
    assert answer_all(place, ada, project, lambda item: "cat") == 0
    for worker in (bob, cid):
        answer_all(place, worker, project, lambda item: "cat")
    found = factories.item(place, project, "g")
    assert (found.state, found.answered) == ("answered", 2)
    aggregate(place, owner, project)
    assert factories.states(place, project)["g"] == "accepted"
    assert history(place, project, "g") == [(["dog"], True, None, "file"), (None, False, "wrong", "api")]


def test_what_cannot_be_gold_is_named_and_nothing_is_made(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    do(place, reviews.claim, eve, review.uid)
    wanted = [Named("i0", ["cat"]), Named("i0", ["emu"]), Named("lost", []), Named("i1", ["cat"])]
    with pytest.raises(CannotBeGold) as told:
        made(place, owner, project, *wanted)
    assert [(each["where"], each["what"]) for each in told.value.errors] == [
        ("items[1].labels", "'emu' is not a class"),
        ("items[1].item", "'i0' is named twice"),
        ("items[2].labels", "names no label"),
        ("items[2].item", "there is no item 'lost' in this project"),
        ("items[3].item", "an expert has 'i1' in hand"),
    ]
    with pytest.raises(CannotBeGold, match="Not all") as told:
        made(place, owner, project, Named("i0", ["cat", "dog", "owl"]))
    assert "every class" in str(told.value.errors[0]["what"])
    assert factories.item(place, project, "i0").state != "gold"
    do(place, reviews.release, eve, review.uid)
    made(place, owner, project, Named("i1", ["cat"]))
    assert [each.state for each in factories.every(place, Review, Review.id == review.id)] == ["withdrawn"]
    with pytest.raises(CannotBeGold, match="Not all"):
        made(place, owner, project, Named("i1", ["cat"]))
    item = factories.item(place, project, "i1")
    with pytest.raises(BadTruth):
        do(place, gold.correct, owner, item.uid, labels=["emu"], source=API)
    stranger = factories.requester(place, "stranger")
    for use in (gold.correct, gold.retire):
        with pytest.raises(NoSuchItem):
            do(place, use, stranger, item.uid, source=API)


def test_a_decision_becomes_gold_where_the_plan_says_so(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.person(place, "eve", Role.EXPERT, Role.WORKER)
    project = doubtful(place, owner, promote_decisions=1.0, gold_share=1.0, gold_first=0)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    decide(place, eve, review, Verdict.CORRECT, label="owl", comment="look at the beak")
    found = factories.item(place, project, "i1")
    assert (found.state, found.truth, found.truth_source) == ("gold", ["owl"], "gold")
    assert history(place, project, "i1") == [
        (["owl"], False, "look at the beak", "decision"),
        (["owl"], True, "look at the beak", "promotion"),
    ]
    assert_counts(place, project)
    # Who never had it is given it; who decided it is not, nor those who answered it.
    zoe = factories.worker(place, "zoe")
    assert [item.key for _, item in take(place, zoe, project).assignments] == ["i1"]
    assert found.id not in {item.id for _, item in take(place, eve, project, count=9).assignments}
    # The expert may change his mind: then it is no gold.
    do(place, reviews.undo, eve, review.uid)
    found = factories.item(place, project, "i1")
    assert (found.state, found.truth) == ("in_review", None)
    assert_counts(place, project)


def test_a_decision_is_promoted_by_hand(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner, gold_share=1.0)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    with pytest.raises(NotDecided):
        do(place, gold.promote, eve, review.uid)
    decide(place, eve, review, Verdict.CORRECT, label="owl", comment="the beak")
    assert factories.item(place, project, "i1").state == "decided"
    do(place, gold.promote, eve, review.uid)
    do(place, gold.promote, eve, review.uid)
    assert history(place, project, "i1")[1:] == [(["owl"], True, "the beak", "promotion")]
    # An expert who becomes a worker later is not given what he reviewed.
    factories.person(place, "ann", Role.ADMIN, password="a long enough one")
    do(place, people.update, eve, person_uid(place, "eve"), roles=[Role.EXPERT, Role.WORKER])
    item = factories.item(place, project, "i1")
    assert item.id not in {each.id for _, each in take(place, eve, project, count=9).assignments}
    states = factories.every(place, Assignment, Assignment.worker_id == worker_of(place, eve))
    assert [each.state for each in states if each.item_id == item.id] == ["withheld"]
    # The requester corrected it since: the decision is past undoing.
    do(place, gold.correct, owner, item.uid, labels=["owl", "dog"], source=API)
    with pytest.raises(NotUndoable, match="changed since"):
        do(place, reviews.undo, eve, review.uid)


def person_uid(place: Installation, name: str) -> Any:
    (found,) = [each for each in look(place, people.everybody) if each.name == name]
    return found.uid


def test_gold_that_may_be_wrong_is_reviewed_and_stays_gold(place: Installation) -> None:
    owner, eve, (ada,) = factories.requester(place), factories.expert(place), factories.crowd(place, 1)
    things = [*factories.numbered(3), {"item": "g", "text": "x", "gold": "dog|owl"}]
    project = factories.project(place, owner, items=things, gold_share=0.5)
    answer_all(place, ada, project, lambda item: "cat")
    item = factories.item(place, project, "g")
    review = do(place, gold.send_to_review, owner, item.uid, comment="odd")
    with pytest.raises(UnderReview):
        do(place, gold.send_to_review, owner, item.uid)
    assert review.reasons[0]["signal"] == "gold_suspect"
    aggregate(place, owner, project)
    assert factories.states(place, project)["g"] == "gold"
    do(place, reviews.claim, eve, review.uid)
    with pytest.raises(Invalid, match="Gold takes"):
        do(place, reviews.decide, eve, review.uid, verdict=Verdict.MORE_ANSWERS)
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.CORRECT, label="cat", comment="it is a cat")
    assert (factories.item(place, project, "g").truth, right(place, project)) == (["cat"], [1])
    do(place, reviews.undo, eve, review.uid)
    assert (factories.item(place, project, "g").truth, right(place, project)) == (["dog", "owl"], [0])
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.ACCEPT)
    assert factories.item(place, project, "g").truth == ["dog", "owl"]
    do(place, reviews.undo, eve, review.uid)
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.DISCARD)
    found = factories.item(place, project, "g")
    assert (found.state, found.truth, right(place, project)) == ("discarded", None, [0])
    do(place, reviews.undo, eve, review.uid)
    found = factories.item(place, project, "g")
    assert (found.state, found.truth) == ("gold", ["dog", "owl"])
    assert_counts(place, project)


def test_gold_is_drawn_without_favour(place: Installation) -> None:
    """Whatever a worker had, each that is left is as likely as any other; holes in the numbers tell nothing."""
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    things = [{"item": f"g{n}", "text": "x", "gold": "dog"} for n in range(60)]
    project = factories.project(place, owner, items=things, gold_share=1.0)
    with place.transaction() as tx:
        for _, item in records_of(tx.session, project, 25):
            tx.session.flush()
            records.withhold(tx.session, item, [worker_of_session(tx.session, ada)], 1, tx.now)
    for key in ("g50", "g55", "g59"):
        found = factories.item(place, project, key)
        if found.state == "gold":
            do(place, gold.retire, owner, found.uid, source=API)
    assert_counts(place, project)
    chance, drawn = random.Random(4), Counter()
    with place.reading() as tx:
        worker = worker_of_session(tx.session, ada)
        for _ in range(600):
            found_items = queue.free_gold(tx.session, project.id, worker, limit=3, chance=chance)
            assert len({item.id for item in found_items}) == 3
            drawn.update(item.key for item in found_items)
        everything = queue.free_gold(tx.session, project.id, worker, limit=100, chance=chance)
    assert {item.key for item in everything} == {f"g{n}" for n in range(25, 60)} - {"g50", "g55", "g59"}
    assert set(drawn) == {item.key for item in everything}
    assert chisquare([*drawn.values()]).pvalue > 0.01


def records_of(session: Any, project: Project, number: int) -> list[tuple[int, Item]]:
    rows = session.query(Item).filter(Item.project_id == project.id).order_by(Item.id).limit(number)
    return [(row.id, row) for row in rows]


def worker_of_session(session: Any, actor: Actor) -> int:
    found = persons.worker_of(session, actor.id)
    assert found is not None
    return found.id


def test_the_newest_answers_are_heard_by_the_next_run(place: Installation) -> None:
    """A correction calls for a run, and this one measures by the new truth."""
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    things = [*factories.numbered(2), {"item": "g", "text": "x", "gold": "dog"}]
    project = factories.project(place, owner, items=things, gold_share=0.5)
    answer_all(place, ada, project, lambda item: "cat")
    aggregate(place, owner, project)
    item = factories.item(place, project, "g")
    do(place, gold.correct, owner, item.uid, labels=["cat"], source=TruthOrigin.APPEAL)
    run = aggregate(place, owner, project)
    assert (run.truths or {})["labels"] == {"g": ["cat"]}
    _, found = look(place, gold.page, owner, project.uid)
    assert [(each.item.key, each.truth.source if each.truth else None) for each in found] == [("g", "appeal")]
