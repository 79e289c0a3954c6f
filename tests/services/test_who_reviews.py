"""Who may review what: what was shown is what is accepted, and nobody judges an item that he also answers."""

from __future__ import annotations

import pytest

from crowdqc.assembly import Installation
from crowdqc.records import Item, Review
from crowdqc.records.reviews import Verdict
from crowdqc.roles import Role
from crowdqc.services import assignments, reviews
from crowdqc.services.assignments import ReportReason
from crowdqc.services.reviews import Answered, ConsensusMoved
from tests.services import factories
from tests.services.factories import do, look
from tests.services.test_reviews import reviewed

REPORTED = {"when": {"signal": "reports", "op": "at_least", "value": 1}, "route": "review", "weight": 40}


def test_what_is_accepted_is_what_was_shown(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = reviewed(place, owner)
    review = do(place, reviews.claim_next, eve)
    assert review is not None
    case = look(place, reviews.case, eve, review.uid)
    assert case.score is not None
    assert case.score.label is not None
    shown = project.classes[case.score.label]
    other = next(name for name in project.classes if name != shown)
    with pytest.raises(ConsensusMoved, match=f"was {other!r} and is {shown!r}"):
        do(place, reviews.decide, eve, review.uid, verdict=Verdict.ACCEPT, label=other)
    do(place, reviews.decide, eve, review.uid, verdict=Verdict.ACCEPT, label=shown)
    assert look(place, reviews.case, eve, review.uid).item.truth == [shown]


def test_who_reviews_an_item_does_not_answer_it(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    both = factories.person(place, "both", Role.WORKER, Role.EXPERT)
    project = factories.project(place, owner, items=1, overlap=3, review=[REPORTED])
    held = factories.take_one(place, ada, project)
    do(place, assignments.report, ada, held.uid, reason=ReportReason.OTHER, comment="broken")
    factories.aggregate(place, owner, project)
    review = do(place, reviews.claim_next, both)
    assert review is not None
    do(place, reviews.decide, both, review.uid, verdict=Verdict.MORE_ANSWERS, more=2)
    assert factories.take(place, both, project).assignments == []


def test_who_holds_an_item_does_not_review_it(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    both = factories.person(place, "both", Role.WORKER, Role.EXPERT)
    project = factories.project(place, owner, items=1, overlap=3, review=[REPORTED])
    factories.take_one(place, both, project)
    held = factories.take_one(place, ada, project)
    do(place, assignments.report, ada, held.uid, reason=ReportReason.OTHER, comment="broken")
    factories.aggregate(place, owner, project)
    assert do(place, reviews.claim_next, both) is None
    (waiting,) = factories.every(place, Review, Review.project_id == project.id)
    with pytest.raises(Answered):
        do(place, reviews.claim, both, waiting.uid)


def test_undoing_a_wish_for_more_answers_gives_the_overlap_back(place: Installation) -> None:
    owner, ada, eve = factories.requester(place), factories.worker(place, "ada"), factories.expert(place)
    project = factories.project(place, owner, items=1, overlap=5, review=[REPORTED])
    held = factories.take_one(place, ada, project)
    do(place, assignments.report, ada, held.uid, reason=ReportReason.OTHER, comment="broken")
    factories.aggregate(place, owner, project)
    review = do(place, reviews.claim_next, eve)
    assert review is not None
    for _ in range(2):
        do(place, reviews.decide, eve, review.uid, verdict=Verdict.MORE_ANSWERS, more=1)
        assert [item.overlap for item in factories.every(place, Item, Item.project_id == project.id)] == [6]
        do(place, reviews.undo, eve, review.uid)
        assert [item.overlap for item in factories.every(place, Item, Item.project_id == project.id)] == [5]
