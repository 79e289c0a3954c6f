"""Rounds: one at a time, in turn, blind, never withdrawn by a run, and what they end with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.quality.certificates import Certificate, verify
from crowdqc.records import Certificate as Beside
from crowdqc.records import Item, Project, Release, Review, Round, RoundItem
from crowdqc.records.predictions import ModelRole
from crowdqc.records.reviews import ReviewState, Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import reviews, rounds
from crowdqc.services.freezing import NotReady
from crowdqc.services.rounds import AnotherRound, NoSuchRound, OutOfTurn, UnfitModel
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import bring, decide, do, every, expert, look, requester

N = 40
#: Labels that are wrong, and what is right.
WRONG = {3: "dog", 8: "owl", 20: "dog"}
PLAN: dict[str, Any] = {"size": 12, "random": 0.25, "stop": {"top": 5, "target": 0.2}}
STUDENT = {ModelRole.STUDENT: ("m", "1")}


def settle(place: Installation, clock: Clock) -> None:
    while jobs.perform_due(place):
        clock.advance(60)
    clock.advance(60)
    jobs.perform_due(place)


def labelled(place: Installation, owner: Actor, clock: Clock, number: int = N, **plan: Any) -> Project:
    """Give a project in which one worker called everything a cat, and a model that knows better."""
    project = factories.project(place, owner, items=number, **({"overlap": 1} | plan))
    content = "worker,item,label\n" + "".join(f"w,i{each},cat\n" for each in range(number))
    bring(place, owner, project, content.encode(), kind=UploadKind.ANSWERS, filename="a.csv")
    said(place, owner, project, number)
    settle(place, clock)
    return project


def said(place: Installation, owner: Actor, project: Project, number: int = N, **named: str) -> None:
    rows = []
    for each in range(number):
        right, sure = WRONG.get(each, "cat"), 0.9 - each / 1000
        rest = (1 - sure) / 2
        rows.append(
            {
                "item": f"i{each}",
                "probabilities": {name: sure if name == right else rest for name in factories.CLASSES},
            }
        )
    given = {"model": "m", "version": "1", "fold": "out_of_fold"} | named
    bring(place, owner, project, factories.rows(rows), kind=UploadKind.PREDICTIONS, **given)


def begun(place: Installation, owner: Actor, project: Project, clock: Clock, **plan: Any) -> Round:
    """Give a round whose items are chosen."""
    made = do(place, rounds.begin, owner, project.uid, plan=PLAN | plan)
    settle(place, clock)
    do(place, rounds.use, owner, made.uid, models=STUDENT)
    settle(place, clock)
    return made


def review_all(place: Installation, by: Actor, project: Project, most: int = 1000) -> int:
    for number in range(most):
        claimed = do(place, reviews.claim_next, by, project_uid=project.uid)
        if claimed is None:
            return number
        key = look(place, reviews.case, by, claimed.uid).item.key
        do(place, reviews.decide, by, claimed.uid, verdict=Verdict.CORRECT, label=WRONG.get(int(key[1:]), "cat"))
    return most


def now(place: Installation, made: Round) -> Round:
    (found,) = every(place, Round, Round.id == made.id)
    return found


def test_a_round_from_its_beginning_to_its_end(place: Installation, clock: Clock) -> None:
    owner, eve = requester(place), expert(place)
    project = labelled(place, owner, clock)
    made = begun(place, owner, project, clock)
    assert now(place, made).state == "reviewing"
    queue = every(place, Review, Review.state == ReviewState.OPEN)
    assert len(queue) == PLAN["size"]
    # Nothing tells why an item is looked at.
    assert len({json.dumps(review.reasons) for review in queue}) == 1
    assert review_all(place, eve, project) == PLAN["size"]

    do(place, rounds.end, owner, made.uid)
    settle(place, clock)
    ended = look(place, rounds.whole, owner, made.uid)
    result = ended.result
    assert result is not None
    assert (result["looked"], result["wrong"], result["unseen"]) == (12, 3, 0)
    assert result["precision"][0]["errors"] == 3
    assert {(pair["label"], pair["now"], pair["errors"]) for pair in result["pairs"]} == {
        ("cat", "dog", 2), ("cat", "owl", 1),
    }  # fmt: skip
    certificate = Certificate.of(result["certificate"])
    assert verify(certificate) == certificate
    assert (certificate.size, certificate.audited) == (N, 3)
    # The labels it ended with are frozen, and the certificate lies beside them.
    assert ended.end_release is not None
    assert (ended.release.number, ended.end_release.number, ended.end_release.state) == (1, 2, "ready")
    (beside,) = every(place, Beside, Beside.release_id == ended.end_release.id)
    body = json.loads(beside.body)
    assert (body["moved"], body["wrong_at_most_here"]) == (0, certificate.wrong_at_most)
    assert body["audited_release"]["content_hash"] == ended.release.content_hash
    states = {item.key: (item.state, item.truth) for item in every(place, Item, Item.project_id == project.id)}
    assert all(states[f"i{each}"] == ("decided", [label]) for each, label in WRONG.items())


def test_a_run_withdraws_nothing_that_a_round_asked_for(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    project = labelled(place, owner, clock)
    begun(place, owner, project, clock)
    factories.aggregate(place, owner, project)
    assert len(every(place, Review, Review.state == ReviewState.OPEN)) == PLAN["size"]


def test_what_nobody_looked_at_goes_back_when_a_round_ends(place: Installation, clock: Clock) -> None:
    owner, eve = requester(place), expert(place)
    project = labelled(place, owner, clock)
    made = begun(place, owner, project, clock)
    review_all(place, eve, project, most=4)
    in_hand = do(place, reviews.claim_next, eve, project_uid=project.uid)
    assert in_hand is not None
    do(place, rounds.end, owner, made.uid)
    left = [review.state for review in every(place, Review, Review.project_id == project.id)]
    assert sorted(left) == ["claimed"] + ["decided"] * 4 + ["withdrawn"] * 7
    settle(place, clock)
    waiting = {item.state for item in every(place, Item, Item.project_id == project.id)}
    assert waiting == {"accepted", "decided", "in_review"}
    result = now(place, made).result
    assert result is not None
    assert (result["looked"], result["unseen"]) == (4, 8)
    decide(place, eve, in_hand, Verdict.CORRECT, label="cat")


def test_draws_count_up_to_the_first_that_nobody_has_looked_at(place: Installation, clock: Clock) -> None:
    owner, eve = requester(place), expert(place)
    project = labelled(place, owner, clock)
    made = begun(place, owner, project, clock)
    drawn = sorted((row.draw, row.item_id) for row in every(place, RoundItem) if row.draw is not None)
    assert [draw for draw, _ in drawn] == [0, 1, 2]
    for _, item_id in drawn[1:]:
        (review,) = every(place, Review, Review.item_id == item_id)
        do(place, reviews.claim, eve, review.uid)
        decide(place, eve, review, Verdict.CORRECT, label="cat")
    result = look(place, rounds.whole, owner, made.uid).result
    assert result is not None
    assert (result["audited"], result["waiting"], result["certificate"]) == (0, 2, None)


def test_one_round_at_a_time_and_each_step_in_its_turn(place: Installation, clock: Clock) -> None:
    owner, eve = requester(place), expert(place)
    project = labelled(place, owner, clock)
    made = do(place, rounds.begin, owner, project.uid, plan=PLAN)
    with pytest.raises(AnotherRound):
        do(place, rounds.begin, owner, project.uid, plan=PLAN)
    with pytest.raises(NotReady):
        do(place, rounds.use, owner, made.uid, models=STUDENT)
    with pytest.raises(OutOfTurn):
        do(place, rounds.end, owner, made.uid)
    settle(place, clock)
    do(place, rounds.use, owner, made.uid, models=STUDENT)
    with pytest.raises(OutOfTurn):
        do(place, rounds.use, owner, made.uid, models=STUDENT)
    settle(place, clock)
    with pytest.raises(OutOfTurn):
        do(place, rounds.end, owner, made.uid)
    review_all(place, eve, project, most=1)
    do(place, rounds.abandon, owner, made.uid)
    with pytest.raises(OutOfTurn):
        do(place, rounds.abandon, owner, made.uid)
    again = do(place, rounds.begin, owner, project.uid, plan=PLAN)
    assert again.number == 2
    stranger = requester(place, "sam")
    for use in (rounds.whole, rounds.end, rounds.abandon):
        with pytest.raises(NoSuchRound):
            do(place, use, stranger, again.uid)


def test_models_that_cannot_speak_are_refused_and_say_why(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    project = labelled(place, owner, clock)
    said(place, owner, project, version="2", fold="in_sample")
    said(place, owner, project, version="3", role="teacher")
    made = do(place, rounds.begin, owner, project.uid, plan=PLAN)
    settle(place, clock)
    for models, what in (
        ({}, "needs a student"),
        ({ModelRole.STUDENT: ("m", "9")}, "no model"),
        ({ModelRole.STUDENT: ("m", "2")}, "trained on these very labels"),
        ({ModelRole.STUDENT: ("m", "3")}, "uploaded as teacher"),
        (STUDENT | {ModelRole.TEACHER: ("m", "1")}, "uploaded as student"),
    ):
        with pytest.raises(UnfitModel, match=what):
            do(place, rounds.use, owner, made.uid, models=models)


def test_what_a_sampler_lacks_is_told_and_the_round_waits(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    project = labelled(place, owner, clock)
    parts = [{"name": "taught", "sampler": "teacher_disagreement"}]
    made = begun(place, owner, project, clock, parts=parts, stop={"top": 4})
    found = now(place, made)
    assert found.state == "opened"
    assert found.failure is not None
    assert "teacher" in found.failure["what"]
    said(place, owner, project, version="3", role="teacher")
    do(place, rounds.use, owner, made.uid, models=STUDENT | {ModelRole.TEACHER: ("m", "3")})
    settle(place, clock)
    found = now(place, made)
    assert (found.state, found.samplers) == ("reviewing", ["random", "suspects", "taught"])


@pytest.mark.parametrize(
    "plan",
    [
        {"size": 0},
        {"size": 10},
        {"random": 0.5},
        {"parts": [{"name": "x", "sampler": "no"}]},
        {"stop": {"target": 2}},
        {"sizes": 3},
    ],
)
def test_a_plan_that_cannot_be_is_refused(place: Installation, plan: dict[str, Any]) -> None:
    owner = requester(place)
    project = factories.project(place, owner, items=3)
    with pytest.raises(Invalid):
        do(place, rounds.begin, owner, project.uid, plan=plan)
    assert every(place, Round) == []
    assert every(place, Release) == []


def test_the_next_round_looks_at_what_nobody_has_looked_at(place: Installation, clock: Clock) -> None:
    owner, eve = requester(place), expert(place)
    project = labelled(place, owner, clock)
    first = begun(place, owner, project, clock)
    review_all(place, eve, project)
    do(place, rounds.end, owner, first.uid)
    settle(place, clock)
    second = begun(place, owner, project, clock)
    one, two = (
        {row.item_id for row in every(place, RoundItem, RoundItem.round_id == each.id)} for each in (first, second)
    )
    assert len(two) == PLAN["size"]
    assert not one & two
    found = now(place, second)
    assert (found.size, found.free) == (N, N - len(one))


def test_samplers_see_metadata_sequences_and_embeddings(place: Installation, clock: Clock) -> None:
    owner = requester(place)
    rows = [
        {
            "item": f"i{each}",
            "text": "x",
            "meta:weather": "fog" if each < 4 else "dry",
            "meta:sequence": "v",
            "meta:time": each,
        }
        for each in range(N)
    ]
    project = factories.project(place, owner, items=rows, overlap=1)
    labels = "".join(f"w,i{each},{'dog' if each == 30 else 'cat'}\n" for each in range(N))
    bring(
        place, owner, project, b"worker,item,label\n" + labels.encode(), kind=UploadKind.ANSWERS, filename="a.csv"
    )  # fmt: skip
    said(place, owner, project)
    vectors = [{"item": f"i{each}", "embedding": [1.0, each / N]} for each in range(N)]
    given = {"kind": UploadKind.EMBEDDINGS, "model": "e", "version": "1"}
    bring(place, owner, project, factories.rows(vectors[1:]), **given)
    settle(place, clock)
    parts = [
        {"name": "strata", "sampler": "stratified", "parameters": {"by": ["weather"]}},
        {"name": "flicker", "sampler": "inconsistency"},
        {"name": "odd", "sampler": "outliers", "parameters": {"neighbours": 5}},
    ]
    plan = PLAN | {"size": 20, "parts": parts, "stop": {"top": 3}}
    made = do(place, rounds.begin, owner, project.uid, plan=plan)
    settle(place, clock)
    models = STUDENT | {ModelRole.EMBEDDER: ("e", "1")}
    do(place, rounds.use, owner, made.uid, models=models)
    settle(place, clock)
    failed = now(place, made)
    assert failed.failure is not None
    assert "1 of 40 items" in failed.failure["what"]
    bring(place, owner, project, factories.rows(vectors[:1]), **given)
    do(place, rounds.use, owner, made.uid, models=models)
    settle(place, clock)
    assert now(place, made).samplers == ["random", "suspects", "strata", "flicker", "odd"]
    by_key = {item.id: item.key for item in every(place, Item, Item.project_id == project.id)}
    chosen = {by_key[row.item_id]: row.reasons for row in every(place, RoundItem)}
    assert "flicker" in chosen["i30"]
    assert {name for reasons in chosen.values() for name in reasons} == set(now(place, made).samplers or ())
