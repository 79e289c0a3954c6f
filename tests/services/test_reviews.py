"""Reviews: one an item, in one hand, never in the hand of somebody who answered; every step is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.quality import judge
from crowdqc.records import Item, Job, Project, Review
from crowdqc.records.reviews import ReviewState, Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import reviews, runs
from crowdqc.services.reach import NoSuchReview
from crowdqc.services.reviews import (
    Answered,
    BadDecision,
    InOtherHands,
    NotInHand,
    NotLive,
    NotUndoable,
)
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, answer_all, decide, do, look

ALL = {"when": {"signal": "confidence", "op": "at_least", "value": 0.0}, "route": "review", "weight": 40}


def reviewed(place: Installation, owner: Actor, number: int = 3, **plan: object) -> Project:
    """Make a project all of whose items are under review."""
    values = {"items": number, "overlap": 2, "review": [ALL], "review_seconds": 60} | plan
    project = factories.project(place, owner, **values)  # type: ignore[arg-type]
    content = "worker,item,label\n" + "".join(f"{who},i{each},cat\n" for each in range(number) for who in "ab")
    factories.bring(place, owner, project, content.encode(), filename="a.csv", kind=UploadKind.ANSWERS)
    aggregate(place, owner, project)
    return project


def of(place: Installation, project: Project) -> list[Review]:
    return factories.every(place, Review, Review.project_id == project.id)


def test_an_expert_keeps_what_he_has_in_hand_and_others_get_the_next(place: Installation) -> None:
    owner, eve, max_ = factories.requester(place), factories.expert(place), factories.expert(place, "max")
    project = reviewed(place, owner, 2)
    first = do(place, reviews.claim_next, eve)
    again = do(place, reviews.claim_next, eve)
    second = do(place, reviews.claim_next, max_)
    assert first is not None
    assert again is not None
    assert second is not None
    assert first.id == again.id != second.id
    assert do(place, reviews.claim_next, factories.expert(place, "third")) is None
    with pytest.raises(InOtherHands):
        do(place, reviews.claim, max_, first.uid)
    with pytest.raises(NotInHand):
        do(place, reviews.decide, max_, first.uid, verdict=Verdict.DISCARD)
    with pytest.raises(NotInHand):
        do(place, reviews.release, max_, first.uid)
    do(place, reviews.release, eve, first.uid)
    assert do(place, reviews.claim, max_, first.uid).claimed_by == max_.id
    assert {review.state for review in of(place, project)} == {"claimed"}


def test_two_experts_at_once_never_have_the_same(place: Installation) -> None:
    owner = factories.requester(place)
    reviewed(place, owner, 12)
    experts = [factories.expert(place, f"e{each}") for each in range(6)]
    start = Barrier(len(experts))

    def work(actor: Actor) -> list[int]:
        start.wait()
        mine = []
        while (review := do(place, reviews.claim_next, actor)) is not None:
            mine.append(review.id)
            do(place, reviews.decide, actor, review.uid, verdict=Verdict.CORRECT, label="owl")
        return mine

    with ThreadPoolExecutor(len(experts)) as pool:
        got = [*pool.map(work, experts)]
    every = [each for mine in got for each in mine]
    assert len(every) == len(set(every))
    left = [review for review in factories.every(place, Review) if review.state == "open"]
    # A row that another locks is passed over, so one may be left for later, but none is done twice.
    assert len(every) + len(left) == 12


def test_one_review_cannot_be_claimed_by_two_at_once(place: Installation) -> None:
    owner = factories.requester(place)
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    experts = [factories.expert(place, f"e{each}") for each in range(6)]
    start = Barrier(len(experts))

    def claim(actor: Actor) -> bool:
        start.wait()
        try:
            return do(place, reviews.claim, actor, review.uid).claimed_by == actor.id
        except InOtherHands:
            return False

    with ThreadPoolExecutor(len(experts)) as pool:
        assert sorted(pool.map(claim, experts)) == [False] * 5 + [True]


def test_a_claim_that_lapsed_is_free_for_others(place: Installation, clock: Clock) -> None:
    owner, eve, max_ = factories.requester(place), factories.expert(place), factories.expert(place, "max")
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    do(place, reviews.claim, eve, review.uid)
    clock.advance(59)
    assert do(place, reviews.claim_next, max_) is None
    clock.advance(1)
    taken = do(place, reviews.claim_next, max_)
    assert taken is not None
    assert (taken.id, taken.claimed_by) == (review.id, max_.id)
    with pytest.raises(NotInHand):
        do(place, reviews.decide, eve, review.uid, verdict=Verdict.DISCARD)
    clock.advance(3600)
    # Nobody took it meanwhile: it is still his to decide.
    decided = do(place, reviews.decide, max_, review.uid, verdict=Verdict.CORRECT, label="dog")
    assert (decided.state, decided.decided_by) == ("decided", max_.id)


def test_whoever_answered_an_item_never_has_its_review(place: Installation) -> None:
    owner = factories.requester(place)
    both = factories.person(place, "both", Role.WORKER, Role.EXPERT)
    project = factories.project(place, owner, items=1, overlap=1, review=[ALL])
    answer_all(place, both, project, lambda item: "cat")
    aggregate(place, owner, project)
    (review,) = of(place, project)
    assert do(place, reviews.claim_next, both) is None
    with pytest.raises(Answered):
        do(place, reviews.claim, both, review.uid)
    with place.transaction() as tx:
        row = tx.session.get_one(Review, review.id)
        row.state, row.claimed_by, row.claimed_until = "claimed", both.id, tx.now
    with pytest.raises(Answered):
        do(place, reviews.decide, both, review.uid, verdict=Verdict.ACCEPT)
    assert factories.states(place, project) == {"i0": "in_review"}


def test_two_runs_that_write_at_once_open_one_review(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=8, overlap=1, review=[ALL])
    content = "worker,item,label\n" + "".join(f"a,i{each},cat\n" for each in range(8))
    factories.bring(place, owner, project, content.encode(), filename="a.csv", kind=UploadKind.ANSWERS)
    mine = do(place, runs.request, owner, project.uid).id
    answers = do(place, runs.begin, project.id)
    readings = []
    for run_id in (mine, answers):
        do(place, runs.bound, run_id)
        readings.append(do(place, runs.read, run_id))
    start = Barrier(2)

    def write(reading: runs.Reading) -> str:
        judgement = judge(reading.problem)
        start.wait()
        return do(place, runs.write, reading, judgement).state

    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(write, readings)] == ["done", "done"]
    found = of(place, project)
    assert len(found) == len({review.item_id for review in found}) == 8
    assert {review.state for review in found} == {"open"}


def test_an_undone_decision_leaves_everything_as_before(place: Installation) -> None:
    owner, eve, max_ = factories.requester(place), factories.expert(place), factories.expert(place, "max")
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)

    def standing() -> tuple[object, ...]:
        found = factories.item(place, project, "i0")
        return found.state, found.truth, found.truth_source, found.overlap, found.answered, found.reports

    before = standing()
    for verdict, label, state in (
        (Verdict.CORRECT, "owl", "decided"),
        (Verdict.ACCEPT, None, "decided"),
        (Verdict.DISCARD, None, "discarded"),
        (Verdict.MORE_ANSWERS, None, "open"),
    ):
        decide(place, eve, review, verdict, label=label)
        assert standing()[0] == state
        with pytest.raises(NotUndoable):
            do(place, reviews.undo, max_, review.uid)
        back = do(place, reviews.undo, eve, review.uid)
        assert (back.state, back.verdict, back.label, back.decided_by, back.decided_at, back.claimed_by) == (
            "claimed", None, None, None, None, eve.id,
        )  # fmt: skip
        assert standing() == before
    with pytest.raises(NotUndoable):
        do(place, reviews.undo, eve, review.uid)
    decide(place, eve, review, Verdict.CORRECT, label="dog")
    history = [
        (event.action, event.verdict, name) for event, name in look(place, reviews.case, eve, review.uid).events
    ]
    assert history == [
        ("opened", None, None), ("claimed", None, "eve"),
        ("decided", "correct", "eve"), ("undone", "correct", "eve"),
        ("decided", "accept", "eve"), ("undone", "accept", "eve"),
        ("decided", "discard", "eve"), ("undone", "discard", "eve"),
        ("decided", "more_answers", "eve"), ("undone", "more_answers", "eve"),
        ("decided", "correct", "eve"),
    ]  # fmt: skip
    assert [each.uid for each, _ in look(place, reviews.decided, eve)] == [review.uid]
    assert look(place, reviews.decided, max_) == []


def test_what_has_gone_out_to_workers_cannot_be_undone(place: Installation) -> None:
    owner, eve, ada = factories.requester(place), factories.expert(place), factories.worker(place, "ada")
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    decide(place, eve, review, Verdict.MORE_ANSWERS)
    taken = factories.take_one(place, ada, project)
    with pytest.raises(NotUndoable, match="gone out"):
        do(place, reviews.undo, eve, review.uid)
    factories.submit(place, ada, taken, "dog")
    aggregate(place, owner, project)
    with pytest.raises(NotUndoable, match="under review again"):
        do(place, reviews.undo, eve, review.uid)


def test_a_decision_must_be_whole(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    do(place, reviews.claim, eve, review.uid)
    for named, where in (
        ({"verdict": Verdict.CORRECT}, "label"),
        ({"verdict": Verdict.CORRECT, "label": "emu"}, "label"),
        ({"verdict": Verdict.MORE_ANSWERS, "more": 0}, "more"),
        ({"verdict": Verdict.MORE_ANSWERS, "more": 11}, "more"),
    ):
        with pytest.raises(BadDecision) as told:
            do(place, reviews.decide, eve, review.uid, **named)  # type: ignore[arg-type]
        assert told.value.errors[0]["where"] == where
    (found,) = of(place, project)
    assert (found.state, found.verdict) == ("claimed", None)
    assert factories.states(place, project) == {"i0": "in_review"}


def test_there_must_be_a_consensus_to_accept(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = factories.project(place, owner, items=1)
    thing = factories.item(place, project, "i0")
    with place.transaction() as tx:
        tx.session.get_one(Item, thing.id).state = "in_review"
        review = Review(
            project_id=project.id, item_id=thing.id, state="open", reasons=[], priority=1.0, created_at=tx.now
        )
        tx.session.add(review)
    for _ in range(2):
        do(place, reviews.claim, eve, review.uid)
        with pytest.raises(BadDecision, match="no consensus"):
            do(place, reviews.decide, eve, review.uid, verdict=Verdict.ACCEPT)
        aggregate(place, owner, project)
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.CORRECT, label="owl")
    assert factories.item(place, project, "i0").truth == ["owl"]


def test_a_review_that_is_over_is_over(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    decide(place, eve, review, Verdict.DISCARD)
    with pytest.raises(NotLive):
        do(place, reviews.claim, eve, review.uid)
    with pytest.raises(NotInHand):
        do(place, reviews.decide, eve, review.uid, verdict=Verdict.DISCARD)
    for use in (reviews.claim, reviews.release, reviews.undo, reviews.case):
        with pytest.raises(NoSuchReview):
            do(place, use, eve, factories.uid())  # type: ignore[arg-type]
    # It can be talked about all the same.
    do(place, reviews.comment, eve, review.uid, text="it was blank")
    case = look(place, reviews.case, eve, review.uid)
    assert (case.events[-1][0].action, case.events[-1][0].comment) == ("commented", "it was blank")


def test_a_case_has_all_the_evidence_and_nobody_elses(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner, 2)
    factories.bring(
        place, owner, project, b"item,cat,dog,owl\ni0,0.25,0.75,0\n", filename="p.csv",
        kind=UploadKind.PREDICTIONS, model="m", version="1",
    )  # fmt: skip
    review = next(each for each in of(place, project) if each.item_id == factories.item(place, project, "i0").id)
    case = look(place, reviews.case, eve, review.uid)
    assert [(worker.name, answer.label, score.answers) for answer, worker, score in case.answers if score] == [
        ("a", 0, 2), ("b", 0, 2),
    ]  # fmt: skip
    assert [(model.name, said) for model, said in case.predictions] == [("m", [0.25, 0.75, 0.0])]
    assert case.reports == []
    assert case.score is not None
    assert case.score.label == 0
    assert sum(case.posterior) == pytest.approx(1.0)


def test_a_decision_calls_for_a_run(place: Installation, clock: Clock) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner, 1)
    (review,) = of(place, project)
    clock.advance(60)
    jobs.perform_due(place)
    decide(place, eve, review, Verdict.CORRECT, label="dog")
    (waiting,) = factories.every(place, Job, Job.state == "waiting")
    assert (waiting.name, waiting.subject) == ("aggregate", f"project:{project.id}")
    clock.advance(60)
    jobs.perform_due(place)
    run = look(place, runs.latest, owner, project.uid)
    assert run is not None
    assert (run.truths or {})["labels"] == {"i0": ["dog"]}


def test_the_queue_is_in_the_order_of_urgency(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project, other = reviewed(place, owner, 4), reviewed(place, owner, 1, name="other")
    with place.transaction() as tx:
        for number, review in enumerate(of(place, project)):
            tx.session.get_one(Review, review.id).priority = [5.0, 50.0, 50.0, 7.0][number]
    listed = look(place, reviews.queue, eve, project_uid=project.uid)
    assert [item.key for _, item in listed] == ["i1", "i2", "i3", "i0"]
    rest = look(place, reviews.queue, eve, project_uid=project.uid, after=listed[1][0].uid, limit=1)
    assert [item.key for _, item in rest] == ["i3"]
    first = do(place, reviews.claim_next, eve, project_uid=project.uid)
    assert first is not None
    assert first.uid == listed[0][0].uid
    do(place, reviews.decide, eve, first.uid, verdict=Verdict.DISCARD)
    decided = look(place, reviews.queue, eve, project_uid=project.uid, states=[ReviewState.DECIDED])
    assert [item.key for _, item in decided] == ["i1"]
    counted = look(place, reviews.counts, eve)
    assert counted[project.uid] == ("birds", {"open": 3, "decided": 1})
    assert counted[other.uid] == ("other", {"open": 1})
