"""An appeal is heard: gold that was wrong is put right, and what rested on it falls; or it stays, with words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.records import Appeal
from crowdqc.records.firings import AppealState, FiringState
from crowdqc.records.people import Worker
from crowdqc.services import appeals, firings, restrictions
from crowdqc.services.appeals import AlreadyAppealed, AlreadyDecided, BadCorrection, NoSuchFiring, NothingToAppeal
from crowdqc.services.desk import Supply
from tests.ground.clock import Clock
from tests.services import factories, offices
from tests.services.factories import do, look
from tests.services.offices import CARELESS, Office


def restricted(place: Installation, clock: Clock) -> Office:
    office = offices.opened(place, clock)
    office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    office.work(10)
    assert factories.take(place, office.careless, office.project).supply == Supply.RESTRICTED
    return office


def said(office: Office, text: str = "The labels are wrong.") -> Appeal:
    (firing,) = office.firings()
    mine = do(office.place, appeals.appeal, office.careless, firing.uid, text=text)
    assert mine.appeal is not None
    return mine.appeal


def test_an_upheld_appeal_puts_gold_right_and_lets_the_worker_in(place: Installation, clock: Clock) -> None:
    office = restricted(place, clock)
    found = said(office)
    (firing,) = office.firings()
    _, evidence = look(place, firings.case, office.lead, firing.uid)
    corrections = {item.uid: [offices.wrong(item.key)] for _, item in evidence}
    decided, overturned = do(
        place, appeals.decide, office.lead, found.uid, uphold=True, why="He is right.", corrections=corrections
    )
    assert (decided.state, overturned) == (AppealState.UPHELD, 1)
    assert decided.corrected[0].keys() == {"item", "before", "after"}
    assert {tuple(office.item(item.key).truth or ()) for _, item in evidence} == {
        (offices.wrong(item.key),) for _, item in evidence
    }
    (firing,) = office.firings()
    assert (firing.state, firing.ended_why) == (FiringState.OVERTURNED, "Your appeal was upheld: He is right.")
    (restriction,) = office.restrictions()
    assert restriction.lifted_at == clock.now
    assert factories.take(place, office.careless, office.project).supply == Supply.ASSIGNED
    # By the gold as it is now he is good: the rule, asked again, has nothing against him.
    office.work()
    assert len(office.firings()) == 1
    with pytest.raises(AlreadyDecided):
        do(place, appeals.decide, office.lead, found.uid, uphold=False, why="No.")


def test_others_who_were_wronged_by_the_same_gold_are_let_in_too(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=8)
    office.save(CARELESS)
    office.save({**CARELESS, "name": "unheard", "action": {"kind": "exclude"}})
    office.answer(office.careless, 8, right=False)
    office.answer(office.good, 8, right=False)
    office.work(10)
    assert len(office.firings()) == 4
    mine = look(place, appeals.mine, office.careless)
    assert [each.appealable for each in mine] == [True, True]
    found = do(place, appeals.appeal, office.careless, mine[0].firing.uid, text="No!").appeal  # type: ignore[union-attr]
    assert found is not None
    # Three of eight put right: five wrong of eight are no longer surely below 60%.
    wrong = {office.item(f"i{n}").uid: [offices.wrong(f"i{n}")] for n in range(3)}
    _, overturned = do(
        place, appeals.decide, office.lead, found.uid, uphold=True, why="Three were wrong.", corrections=wrong
    )
    assert overturned == 4
    assert {each.state for each in office.firings()} == {FiringState.OVERTURNED}
    assert all(each.ended_at for each in office.weights())
    assert all(each.lifted_at for each in office.restrictions())


def test_what_is_justified_all_the_same_stays(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=8)
    office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    office.answer(office.good, 8, right=False)
    office.work(10)
    (first, _) = office.firings()
    (gwen,) = factories.every(place, Worker, Worker.person_id == office.good.id)
    who = office.good if first.worker_id == gwen.id else office.careless
    found = do(place, appeals.appeal, who, first.uid, text="No!").appeal
    assert found is not None
    one = {office.item("i0").uid: [offices.wrong("i0")]}
    _, overturned = do(place, appeals.decide, office.lead, found.uid, uphold=True, why="One.", corrections=one)
    assert overturned == 1
    assert sorted(each.state for each in office.firings()) == ["overturned", "standing"]


def test_a_denied_appeal_stays_with_words(place: Installation, clock: Clock) -> None:
    office = restricted(place, clock)
    found = said(office)
    with pytest.raises(AlreadyAppealed):
        said(office)
    do(place, appeals.decide, office.lead, found.uid, uphold=False, why="The labels are right.")
    (mine,) = look(place, appeals.mine, office.careless)
    assert mine.appeal is not None
    assert (mine.appeal.state, mine.appeal.why) == ("denied", "The labels are right.")
    assert (mine.restricted(clock.now), mine.appealable) == (True, False)
    assert factories.take(place, office.careless, office.project).supply == Supply.RESTRICTED


def test_corrections_are_refused_whole_with_every_fault(place: Installation, clock: Clock) -> None:
    office = restricted(place, clock)
    found = said(office)
    strange = factories.uid()
    bad = {strange: ["cat"], office.item("i0").uid: ["bird"], office.item("i1").uid: ["cat"]}
    with pytest.raises(BadCorrection) as no:
        do(place, appeals.decide, office.lead, found.uid, uphold=True, why="?", corrections=bad)
    assert {str(fault["where"]) for fault in no.value.errors} == {
        f"corrections.{strange}", f"corrections.{office.item('i0').uid}"
    }  # fmt: skip
    assert office.item("i1").truth == ["dog"]
    with pytest.raises(BadCorrection, match="upheld"):
        do(place, appeals.decide, office.lead, found.uid, uphold=False, why="?", corrections=bad)


def test_nobody_appeals_for_others_nor_against_what_is_over(place: Installation, clock: Clock) -> None:
    office = restricted(place, clock)
    (firing,) = office.firings()
    assert look(place, appeals.mine, office.good) == []
    with pytest.raises(NoSuchFiring):
        do(place, appeals.appeal, office.good, firing.uid, text="No!")
    do(place, firings.lift, office.lead, firing.uid, why="A new start.")
    with pytest.raises(NothingToAppeal):
        do(place, appeals.appeal, office.careless, firing.uid, text="No!")
    with pytest.raises(firings.Ended):
        do(place, firings.lift, office.lead, firing.uid, why="Again.")
    assert factories.take(place, office.careless, office.project).supply == Supply.ASSIGNED


def test_a_lead_restricts_by_hand_and_lifts_it(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    (carl,) = factories.every(place, Worker, Worker.person_id == office.careless.id)
    made, *_ = do(place, restrictions.impose, office.lead, carl.uid, reason="Talk to us first.", hours=2)
    assert made.ends_at == clock.now + timedelta(hours=2)
    desk = factories.take(place, office.careless, office.project)
    assert (desk.supply, desk.why.startswith("Nothing new is given to you in any project until")) == (
        Supply.RESTRICTED, True
    )  # fmt: skip
    (mine,) = look(place, appeals.mine, office.careless)
    assert (mine.words, mine.appealable, mine.project) == ("Talk to us first.", False, None)
    do(place, restrictions.lift, office.lead, made.uid, why="We talked.")
    assert factories.take(place, office.careless, office.project).supply == Supply.ASSIGNED
    with pytest.raises(restrictions.AlreadyLifted):
        do(place, restrictions.lift, office.lead, made.uid, why="We talked.")
    with pytest.raises(Invalid, match="valid"):
        do(place, restrictions.impose, office.lead, carl.uid, reason="?", hours=0)
    # For good, in one project; what a rule imposed is lifted with its firing.
    do(place, restrictions.impose, office.lead, carl.uid, reason="Enough.", project_uid=office.project.uid)
    clock.advance(days=4000)
    desk = factories.take(place, office.careless, office.project)
    assert (desk.supply, desk.retry_at) == (Supply.RESTRICTED, None)


def test_lifting_a_restriction_lifts_the_firing_behind_it(place: Installation, clock: Clock) -> None:
    office = restricted(place, clock)
    (restriction,) = office.restrictions()
    do(place, restrictions.lift, office.lead, restriction.uid, why="A new start.")
    assert [each.state for each in office.firings()] == [FiringState.LIFTED]
    # A new start: what he did before does not count against him again.
    office.work()
    assert len(office.firings()) == 1
