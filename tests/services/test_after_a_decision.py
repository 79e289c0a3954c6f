"""What becomes of an item after an expert, a report or a wish for more answers."""

from __future__ import annotations

import numpy as np

from crowdqc.assembly import Installation
from crowdqc.records import WorkerScore
from crowdqc.records.reviews import Verdict
from crowdqc.services import assignments
from crowdqc.services.assignments import ReportReason
from tests.services import factories
from tests.services.factories import aggregate, answer_all, decide, do, take, take_one
from tests.services.test_runs import MORE, doubtful, live, replan, scores_of


def test_a_decision_is_truth_for_the_next_run(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    decide(place, eve, live(place, project)[0], Verdict.CORRECT, label="owl")
    run = aggregate(place, owner, project)
    found = scores_of(place, run)["i1"]
    assert (found.label, found.confidence, found.doubt) == (2, 1.0, 0.0)
    assert np.frombuffer(found.posterior).tolist() == [0.0, 0.0, 1.0]
    assert factories.states(place, project) == {"i0": "accepted", "i1": "decided", "i2": "open"}
    assert live(place, project) == []
    assert (run.truths or {})["labels"] == {"i1": ["owl"]}
    # Whoever answered it is measured by it.
    assert [each.gold_answers for each in factories.every(place, WorkerScore, WorkerScore.run_id == run.id)] == [
        1,
        1,
    ]


def test_an_accepted_consensus_is_truth_as_well(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    review = decide(place, eve, live(place, project)[0], Verdict.ACCEPT)
    assert (review.label, review.consensus_label) == (0, 0)
    assert factories.item(place, project, "i1").truth == ["cat"]


def test_a_discarded_item_stays_out(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    decide(place, eve, live(place, project)[0], Verdict.DISCARD)
    aggregate(place, owner, project)
    found = factories.item(place, project, "i1")
    assert (found.state, found.truth) == ("discarded", None)
    assert live(place, project) == []


def test_an_item_that_is_sent_back_is_answered_and_may_be_reviewed_again(place: Installation) -> None:
    owner, eve, ada = factories.requester(place), factories.expert(place), factories.worker(place, "ada")
    project = doubtful(place, owner)
    aggregate(place, owner, project)
    (review,) = live(place, project)
    decide(place, eve, review, Verdict.MORE_ANSWERS, more=1)
    aggregate(place, owner, project)
    found = factories.item(place, project, "i1")
    assert (found.state, found.overlap, found.answered) == ("open", 3, 2)
    assert live(place, project) == []
    assert answer_all(place, ada, project, lambda item: "owl") == 2
    assert factories.states(place, project)["i1"] == "answered"
    aggregate(place, owner, project)
    (again,) = [each for each in live(place, project) if each.item_id == found.id]
    assert again.id != review.id


def test_a_reported_item_that_is_sent_back_goes_to_workers_first(place: Installation) -> None:
    owner, eve, ada = factories.requester(place), factories.expert(place), factories.worker(place, "ada")
    bob = factories.worker(place, "bob")
    rule = {"when": {"signal": "reports", "op": "at_least", "value": 1}, "route": "review", "weight": 80}
    project = doubtful(place, owner, review=[rule])
    taken = take_one(place, ada, project)
    do(place, assignments.report, ada, taken.uid, reason=ReportReason.OTHER, comment="?")
    aggregate(place, owner, project)
    (review,) = live(place, project)
    assert factories.states(place, project)["i2"] == "in_review"
    decide(place, eve, review, Verdict.MORE_ANSWERS, more=1)
    aggregate(place, owner, project)
    assert live(place, project) == []
    assert factories.states(place, project)["i2"] == "open"
    # It has been heard once; a new one is heard again.
    do(place, assignments.report, bob, take_one(place, bob, project).uid, reason=ReportReason.OTHER, comment="!")
    aggregate(place, owner, project)
    assert len(live(place, project)) == 1


def test_a_reported_item_that_nobody_answered_is_reviewed(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    rule = {"when": {"signal": "reports", "op": "at_least", "value": 1}, "route": "review", "weight": 80}
    project = factories.project(place, owner, items=1, review=[rule])
    taken = take_one(place, ada, project)
    do(place, assignments.report, ada, taken.uid, reason=ReportReason.NOT_SHOWN, comment="")
    aggregate(place, owner, project)
    assert len(live(place, project)) == 1


def test_more_answers_are_asked_for_up_to_a_bound_and_then_an_expert(place: Installation) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 3)
    project = doubtful(place, owner, review=[MORE], max_overlap=4)
    overlaps, states = [], []
    for actor in crew:
        aggregate(place, owner, project)
        found = factories.item(place, project, "i1")
        overlaps.append((found.overlap, found.answered))
        states.append(found.state)
        answer_all(place, actor, project, lambda item: {"i1": "owl"}.get(item.key, "owl"))
    assert overlaps == [(3, 2), (4, 3), (4, 4)]
    assert states == ["open", "open", "in_review"]
    (review,) = live(place, project)
    assert [reason["signal"] for reason in review.reasons] == ["agreement"]
    assert factories.states(place, project) == {"i0": "accepted", "i1": "in_review", "i2": "accepted"}


def test_an_accepted_item_of_which_more_is_wanted_now_goes_out_again(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = doubtful(place, owner, review=[])
    aggregate(place, owner, project)
    assert factories.states(place, project) == {"i0": "accepted", "i1": "accepted", "i2": "open"}
    replan(place, owner, project, MORE)
    aggregate(place, owner, project)
    assert factories.states(place, project) == {"i0": "accepted", "i1": "open", "i2": "open"}
    assert {item.key for _, item in take(place, ada, project, count=9).assignments} == {"i1", "i2"}
