"""Runs: what answers come to, where items go next, and that it can be done again to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.quality import judge
from crowdqc.records import Item, ItemScore, Project, Review, ReviewEvent, Run, WorkerScore
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import evidence, projects, reviews, runs
from crowdqc.services.desk import Supply
from crowdqc.services.runs import NotDone
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, answer_all, decide, do, look, take

#: Everything that is not unanimous is reviewed.
DOUBT = {"when": {"signal": "agreement", "op": "below", "value": 0.99}, "route": "review", "weight": 40}
TIED = {"when": {"signal": "tied", "op": "is", "value": 1}, "route": "review", "weight": 60}
MORE = {"when": {"signal": "agreement", "op": "below", "value": 0.99}, "route": "ask_more", "weight": 40}


def doubtful(place: Installation, owner: Actor, **plan: object) -> Project:
    """Make a project with i0 (unanimous: cat), i1 (cat, dog) and i2 (open, one answer)."""
    values = {"items": 3, "overlap": 2, "method": "majority_vote", "review": [DOUBT]} | plan
    project = factories.project(place, owner, **values)  # type: ignore[arg-type]
    content = b"worker,item,label\na,i0,cat\nb,i0,cat\na,i1,cat\nb,i1,dog\na,i2,owl\n"
    factories.bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    return project


def live(place: Installation, project: Project) -> list[Review]:
    return factories.every(place, Review, Review.project_id == project.id, Review.state.in_(["open", "claimed"]))


def replan(place: Installation, owner: Actor, project: Project, *rules: object) -> None:
    do(place, projects.update, owner, project.uid, plan={"review": [*rules]})


def scores_of(place: Installation, run: Run) -> dict[str, ItemScore]:
    keys = {item.id: item.key for item in factories.every(place, Item)}
    return {keys[each.item_id]: each for each in factories.every(place, ItemScore, ItemScore.run_id == run.id)}


def test_a_run_by_auto_says_what_it_chose_and_why(place: Installation) -> None:
    owner = factories.requester(place)
    run = aggregate(place, owner, doubtful(place, owner, method="auto"))
    assert run.method == "auto"
    assert run.summary is not None
    assert run.summary["choice"]["method"] == "majority_vote"
    assert "only 4 answers could be held out" in run.summary["choice"]["reason"]


def test_a_run_writes_down_what_it_found(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    run = aggregate(place, owner, project)
    assert (run.state, run.cause, run.method, run.repeats_id) == ("done", "person", "majority_vote", None)
    assert (run.classes, run.policy[0]["when"]["signal"]) == ([*factories.CLASSES], "agreement")
    assert run.summary is not None
    assert {name: run.summary[name] for name in ("items", "workers", "answers", "gold_items", "tied_items")} == {
        "items": 3, "workers": 2, "answers": 5, "gold_items": 0, "tied_items": 1,
    }  # fmt: skip
    assert run.summary["routes"] == {"accept": 1, "ask_more": 0, "review": 1, "wait": 1}
    assert run.summary["agreement"]["percent_agreement"]["value"] == pytest.approx(0.5)
    found = scores_of(place, run)
    assert {key: (each.label, each.answers, each.route, each.tied) for key, each in found.items()} == {
        "i0": (0, 2, "accept", False), "i1": (0, 2, "review", True), "i2": (2, 1, "wait", False),
    }  # fmt: skip
    assert np.frombuffer(found["i1"].posterior).tolist() == [0.5, 0.5, 0.0]
    assert (found["i0"].confidence, found["i0"].doubt, found["i0"].entropy) == (1.0, 0.0, 0.0)
    of_workers = factories.every(place, WorkerScore, WorkerScore.run_id == run.id)
    assert [(each.answers, each.gold_answers, each.gold_accuracy) for each in of_workers] == [
        (3, 0, None), (2, 0, None),
    ]  # fmt: skip
    assert factories.states(place, project) == {"i0": "accepted", "i1": "in_review", "i2": "open"}
    (review,) = live(place, project)
    assert (review.item_id, review.run_id) == (found["i1"].item_id, run.id)
    assert [reason["signal"] for reason in review.reasons] == ["agreement"]
    # Somebody else's are as they were.
    noise = factories.every(place, Project, Project.name == "noise")[0]
    assert set(factories.states(place, noise).values()) == {"gold", "in_review"}
    assert live(place, noise) == []


def test_a_second_run_opens_no_second_review_and_brings_its_reasons_up_to_date(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (before,) = live(place, project)
    replan(place, owner, project, TIED, DOUBT)
    run = aggregate(place, owner, project)
    (after,) = live(place, project)
    assert after.id == before.id
    assert after.run_id == run.id
    assert [reason["signal"] for reason in after.reasons] == ["tied", "agreement"]
    assert after.priority > before.priority
    events = factories.every(place, ReviewEvent, ReviewEvent.review_id == after.id)
    assert [event.action for event in events] == ["opened"]


def test_a_review_whose_reasons_are_gone_is_withdrawn(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    replan(place, owner, project)
    aggregate(place, owner, project)
    assert live(place, project) == []
    assert factories.states(place, project)["i1"] == "accepted"
    (found,) = factories.every(place, Review, Review.id == review.id)
    assert (found.state, found.verdict) == ("withdrawn", None)
    events = factories.every(place, ReviewEvent, ReviewEvent.review_id == review.id)
    assert [(event.action, event.comment, event.person_id) for event in events] == [
        ("opened", None, None), ("withdrawn", "no reason holds any longer", None),
    ]  # fmt: skip
    # The reasons come again: so does a review.
    replan(place, owner, project, DOUBT)
    aggregate(place, owner, project)
    assert [each.id != review.id for each in live(place, project)] == [True]
    assert factories.states(place, project)["i1"] == "in_review"


@pytest.mark.parametrize("rules", [[], [MORE]], ids=["accept", "ask more"])
def test_what_an_expert_has_in_hand_is_left_to_him(place: Installation, rules: list[object]) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    review = do(place, reviews.claim_next, eve)
    assert review is not None
    before = review.reasons
    replan(place, owner, project, *rules)
    aggregate(place, owner, project)
    (after,) = live(place, project)
    assert (after.id, after.state, after.claimed_by, after.reasons) == (review.id, "claimed", eve.id, before)
    assert factories.states(place, project)["i1"] == "in_review"
    assert factories.item(place, project, "i1").overlap == 2
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.CORRECT, label="owl")
    assert factories.states(place, project)["i1"] == "decided"


def test_a_decision_between_reading_and_writing_is_not_overwritten(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    replan(place, owner, project)
    run = do(place, runs.request, owner, project.uid)
    do(place, runs.bound, run.id)
    reading = do(place, runs.read, run.id)
    decide(place, eve, review, Verdict.CORRECT, label="owl")
    do(place, runs.write, reading, judge(reading.problem))
    found = factories.item(place, project, "i1")
    assert (found.state, found.truth, found.truth_source) == ("decided", ["owl"], "decision")
    assert live(place, project) == []
    (after,) = factories.every(place, Review, Review.id == review.id)
    assert (after.state, after.verdict, after.label) == ("decided", "correct", 2)


def test_answers_between_reading_and_writing_leave_a_reopened_item_open(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    run = do(place, runs.request, owner, project.uid)
    do(place, runs.bound, run.id)
    reading = do(place, runs.read, run.id)
    decide(place, eve, review, Verdict.MORE_ANSWERS, more=2)
    replan(place, owner, project)
    do(place, runs.write, reading, replace(judge(reading.problem)))
    found = factories.item(place, project, "i1")
    assert (found.state, found.overlap, found.answered) == ("open", 4, 2)


def test_the_late_of_two_runners_writes_nothing(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    run = do(place, runs.request, owner, project.uid)
    do(place, runs.bound, run.id)
    reading = do(place, runs.read, run.id)
    jobs.perform_due(place)
    first = look(place, runs.get, owner, run.uid)
    assert first.state == "done"
    judgement = judge(reading.problem)
    do(place, runs.write, replace(reading, answers_until=0), judgement)
    do(place, runs.fail, run.id, Invalid("too late"))
    again = look(place, runs.get, owner, run.uid)
    assert (again.state, again.finished_at, again.answers_until) == (
        "done",
        first.finished_at,
        first.answers_until,
    )
    assert len(factories.every(place, ItemScore, ItemScore.run_id == run.id)) == 3
    assert len(live(place, project)) == 1


def test_a_repetition_is_the_same_whatever_came_since(place: Installation) -> None:
    owner, eve, ada = factories.requester(place), factories.expert(place), factories.worker(place, "ada")
    things = [*factories.numbered(6), {"item": "g", "text": "x", "gold": "dog"}]
    project = factories.project(place, owner, items=things, overlap=2, review=[DOUBT])
    content = "worker,item,label\n" + "".join(
        f"w{worker},i{item},{factories.CLASSES[(worker * item) % 3]}\n" for worker in range(2) for item in range(4)
    )
    factories.bring(
        place, owner, project, content.encode() + b"w0,g,dog\n", filename="a.csv", kind=UploadKind.ANSWERS
    )
    factories.bring(
        place, owner, project, b"item,cat,dog,owl\ni0,0.5,0.5,0\n", filename="p.csv",
        kind=UploadKind.PREDICTIONS, model="m", version="1",
    )  # fmt: skip
    first = aggregate(place, owner, project)
    before = {key: bytes(each.posterior) for key, each in scores_of(place, first).items()}
    # Answers, items, predictions, a decision, a class and another plan come after it.
    answer_all(place, ada, project, lambda item: "owl")
    factories.bring(place, owner, project, factories.rows([{"item": "late", "text": "x"}]))
    factories.bring(
        place, owner, project, b"item,cat,dog,owl\ni1,0,1,0\n", filename="p.csv",
        kind=UploadKind.PREDICTIONS, model="m", version="2",
    )  # fmt: skip
    decide(place, eve, live(place, project)[0], Verdict.CORRECT, label="owl")
    do(place, projects.update, owner, project.uid, classes=[*factories.CLASSES, "emu"])
    do(place, projects.update, owner, project.uid, plan={"method": "majority_vote"})
    later = aggregate(place, owner, project)
    states = factories.states(place, project)
    again = do(place, runs.repeat, owner, first.uid)
    jobs.perform_due(place)
    again = look(place, runs.get, owner, again.uid)
    assert again.state == "done"
    assert again.summary is not None
    assert (again.summary["same_input"], again.summary["same_output"]) == (True, True)
    assert (again.input_hash, again.output_hash) == (first.input_hash, first.output_hash)
    assert (again.repeats_id, again.method) == (first.id, "dawid_skene")
    assert later.input_hash != first.input_hash
    # It changes nothing, and is not the latest.
    assert factories.states(place, project) == states
    assert scores_of(place, again) == {}
    assert {key: bytes(each.posterior) for key, each in scores_of(place, first).items()} == before
    assert look(place, runs.latest, owner, project.uid).id == later.id
    with pytest.raises(NotDone):
        do(place, runs.repeat, owner, do(place, runs.request, owner, project.uid).uid)


def test_scores_of_runs_that_answers_caused_are_dropped_when_a_newer_one_is_done(
    place: Installation, clock: Clock
) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 3)
    project = factories.project(place, owner, items=2, overlap=9)
    made = []
    for actor in crew:
        answer_all(place, actor, project, lambda item: "cat")
        clock.advance(10)
        jobs.perform_due(place)
        latest = look(place, runs.latest, owner, project.uid)
        assert latest is not None
        made.append(latest)
        if actor is crew[0]:
            made.append(aggregate(place, owner, project))
    assert [run.cause for run in made] == ["answers", "person", "answers", "answers"]
    assert [len(factories.every(place, ItemScore, ItemScore.run_id == run.id)) for run in made] == [0, 2, 0, 2]
    assert [len(factories.every(place, WorkerScore, WorkerScore.run_id == run.id)) for run in made] == [1, 1, 2, 3]
    assert len(factories.every(place, ItemScore)) == 4 + 4


def test_workers_are_measured_by_gold_with_an_interval(place: Installation) -> None:
    owner = factories.requester(place)
    things = [{"item": f"g{each}", "text": "x", "gold": "dog|owl" if each == 0 else "dog"} for each in range(10)]
    project = factories.project(place, owner, items=[*things, {"item": "plain", "text": "x"}])
    said = {"good": ["owl"] + ["dog"] * 9, "half": ["cat"] * 5 + ["dog"] * 5}
    content = "worker,item,label\n" + "".join(
        f"{worker},g{each},{label}\n" for worker, labels in said.items() for each, label in enumerate(labels)
    )
    factories.bring(
        place, owner, project, content.encode() + b"new,plain,cat\n", filename="a.csv", kind=UploadKind.ANSWERS
    )
    aggregate(place, owner, project)
    _, _, found = look(place, evidence.workers, owner, project.uid)
    scored = {each.worker.name: each.score for each in found}
    assert {name: (each.gold_answers, each.gold_correct) for name, each in scored.items()} == {
        "good": (10, 10), "half": (10, 5), "new": (0, 0),
    }  # fmt: skip
    good, half, new = scored["good"], scored["half"], scored["new"]
    assert (good.gold_accuracy, half.gold_accuracy, new.gold_accuracy) == (1.0, 0.5, None)
    assert good.gold_low is not None
    assert half.gold_low is not None
    assert half.gold_high is not None
    assert good.gold_high == 1.0
    assert 0.65 < good.gold_low < 0.8
    assert 0.2 < half.gold_low < 0.27
    assert half.gold_low + half.gold_high == pytest.approx(1.0)
    assert (new.gold_low, new.gold_high) in ((None, None), (0.0, 1.0))
    counts = np.array(found[0].confusion_counts)
    assert counts.sum() == pytest.approx(found[0].score.answers)


def test_a_run_that_cannot_be_made_fails_with_its_reason(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    run = do(place, runs.request, owner, project.uid)
    with place.transaction() as tx:
        tx.session.get_one(Run, run.id).parameters = {"ties": "by_coin"}
    jobs.perform_due(place)
    found = look(place, runs.get, owner, run.uid)
    assert found.state == "failed"
    assert found.failure is not None
    assert "by_coin" in found.failure["what"]
    assert aggregate(place, owner, project).state == "done"


def test_a_run_over_nothing_is_a_run(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner)
    assert aggregate(place, owner, project).state == "done"
    things = factories.project(place, owner, items=2, name="things")
    run = aggregate(place, owner, things)
    assert run.summary is not None
    assert (run.summary["items"], run.summary["answers"]) == (2, 0)
    assert [each.label for each in scores_of(place, run).values()] == [None, None]
    assert factories.states(place, things) == {"i0": "open", "i1": "open"}
    assert take(place, ada, project).supply == Supply.FINISHED


def test_runs_asked_for_at_once_are_one(place: Installation) -> None:
    owner = factories.requester(place)
    project = doubtful(place, owner)
    first, second = (do(place, runs.request, owner, project.uid) for _ in range(2))
    assert first.id == second.id
    jobs.perform_due(place)
    third = do(place, runs.request, owner, project.uid)
    assert third.id != first.id
    pages = look(place, runs.page, owner, project.uid, before=None, limit=2)
    assert pages[0].id == third.id
    rest = look(place, runs.page, owner, project.uid, before=pages[1].uid, limit=9)
    assert {each.id for each in [*pages, *rest]} >= {first.id, third.id}
    assert {each.project_id for each in [*pages, *rest]} == {project.id}
