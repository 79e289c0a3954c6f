"""Money: what an answer earns, who accepts it, what is paid, and that none is spent that is not there."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import select

from crowdqc import jobs, money
from crowdqc.assembly import Installation
from crowdqc.errors import Conflict, Invalid, Missing
from crowdqc.records import Answer, Assignment, Item, Purse, Transfer, ledger
from crowdqc.roles import Actor, Role
from crowdqc.services import acceptances, assignments, bonuses, budgets, earnings, payouts, projects, reach
from crowdqc.services import desk as desks
from crowdqc.services.acceptances import Meant
from crowdqc.services.desk import Supply
from tests.ground.clock import Clock
from tests.services.factories import crowd, do, every, look, person, project, requester, worker

PAID: dict[str, Any] = {"price": "0.10", "currency": "EUR", "budget": "1.00", "overlap": 2}
DAY = 86400.0


def take(place: Installation, actor: Actor, at: Any, count: int = 1) -> list[Assignment]:
    return [each for each, _ in do(place, desks.take, actor, at.uid, count=count).assignments]


def answer(place: Installation, actor: Actor, at: Any, count: int = 1, label: str = "cat") -> list[Assignment]:
    given = take(place, actor, at, count)
    for each in given:
        do(place, assignments.submit, actor, each.uid, label=label)
    return given


def earned(place: Installation, actor: Actor) -> earnings.Earnings:
    (found,) = look(place, earnings.of_worker, actor)
    return found


def spent(place: Installation, owner: Actor, at: Any) -> tuple[str, ...]:
    found = look(place, earnings.of_project, owner, at.uid)
    assert found is not None
    return found.budget, found.left, found.promised, found.pending, found.owed, found.paid


def named(given: list[Assignment]) -> Meant:
    return Meant(assignments=[each.uid for each in given])


def test_an_answer_earns_its_price_at_once(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=3, **PAID)
    assert spent(place, owner, at) == ("1.00", "1.00", "0.00", "0.00", "0.00", "0.00")
    (first, second) = take(place, ada, at, 2)
    assert spent(place, owner, at) == ("1.00", "0.80", "0.20", "0.00", "0.00", "0.00")
    do(place, assignments.submit, ada, first.uid, label="cat")
    do(place, assignments.submit, ada, first.uid, label="cat")
    assert spent(place, owner, at) == ("1.00", "0.80", "0.10", "0.00", "0.10", "0.00")
    do(place, assignments.skip, ada, second.uid, reason="dull")
    assert spent(place, owner, at) == ("1.00", "0.90", "0.00", "0.00", "0.10", "0.00")
    found = earned(place, ada)
    assert (found.price, found.accepted, found.owed, found.pending) == ("0.10", "0.10", "0.10", "0.00")
    assert look(place, assignments.get, ada, first.uid)[0].state == "accepted"
    with pytest.raises(assignments.AlreadyAnswered):
        do(place, assignments.skip, ada, first.uid, reason="no")


def test_a_project_without_a_price_has_no_money(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=1)
    (given,) = answer(place, ada, at)
    assert look(place, assignments.get, ada, given.uid)[0].state == "submitted"
    assert look(place, earnings.of_worker, ada) == []
    assert look(place, earnings.of_project, owner, at.uid) is None
    assert every(place, Transfer) == []
    assert every(place, Purse) == []


def test_a_price_per_page_is_parted_and_never_short(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=6, **(PAID | {"price_per": "page", "page_size": 3}))
    answer(place, ada, at, 3)
    assert earned(place, ada).accepted == "0.100002"
    paid = do(place, payouts.make, owner, at.uid)
    assert "0.10,EUR" in paid.content
    assert earned(place, ada).owed == "0.000002"
    with pytest.raises(payouts.NothingOwed):
        do(place, payouts.make, owner, at.uid)


def test_the_budget_stops_the_desk_before_it_is_overrun(place: Installation, clock: Clock) -> None:
    owner, (ada, ben) = requester(place), crowd(place, 2)
    at = project(place, owner, items=9, **(PAID | {"budget": "0.35", "lease_seconds": 60}))
    held = take(place, ada, at, 9)
    assert len(held) == 3
    desk = do(place, desks.take, ben, at.uid, count=5)
    assert (desk.supply, list(desk.assignments)) == (Supply.SPENT, [])
    assert desk.retry_at == held[0].expires_at
    # What he holds he is shown; no more is promised.
    assert len(take(place, ada, at, 9)) == 3
    do(place, assignments.give_back, ada, held[0].uid)
    assert len(take(place, ben, at, 5)) == 1
    clock.advance(61)
    # Lapsed leases give their money back to whoever asks, and their late answers earn nothing.
    assert len(take(place, ben, at, 5)) == 3
    do(place, assignments.submit, ada, held[1].uid, label="cat")
    assert earned(place, ada).owed == "0.00"
    assert look(place, assignments.get, ada, held[1].uid)[0].state == "submitted"
    assert spent(place, owner, at) == ("0.35", "0.05", "0.30", "0.00", "0.00", "0.00")
    do(place, projects.update, owner, at.uid, plan={"budget": "0.45"})
    assert len(take(place, ada, at, 5)) == 1


def test_a_late_answer_earns_where_somebody_accepts_it(place: Installation, clock: Clock) -> None:
    owner, (ada, ben) = requester(place), crowd(place, 2)
    at = project(place, owner, items=1, **(PAID | {"overlap": 1, "lease_seconds": 60, "budget": "0.20"}))
    (late,) = take(place, ada, at)
    clock.advance(61)
    answer(place, ben, at)
    do(place, assignments.submit, ada, late.uid, label="cat")
    assert do(place, acceptances.accept, owner, at.uid, meant=named([late])).changed == 1
    assert earned(place, ada).owed == "0.10"
    assert spent(place, owner, at) == ("0.20", "0.00", "0.00", "0.00", "0.20", "0.00")


def test_answers_wait_to_be_accepted_and_then_are(place: Installation, clock: Clock) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=3, **(PAID | {"acceptance": "review", "acceptance_days": 2}))
    first, second, third = answer(place, ada, at, 3)
    assert (earned(place, ada).pending, earned(place, ada).owed) == ("0.30", "0.00")
    assert do(place, acceptances.accept, owner, at.uid, meant=named([first])).left == 0
    assert do(place, acceptances.accept, owner, at.uid, meant=named([first])).changed == 0
    assert (earned(place, ada).pending, earned(place, ada).owed) == ("0.20", "0.10")
    clock.advance(2 * DAY - 1)
    do(place, acceptances.reject, owner, at.uid, meant=named([second]), reason="It is a dog.")
    clock.advance(1)
    # Accepted by the clock, before any job has written it.
    assert (earned(place, ada).pending, earned(place, ada).owed) == ("0.00", "0.20")
    with pytest.raises(acceptances.TooLate):
        do(place, acceptances.reject, owner, at.uid, meant=named([third]), reason="no")
    assert do(place, acceptances.reject, owner, at.uid, meant=Meant(everything=True), reason="no").changed == 0
    assert look(place, assignments.get, ada, third.uid)[0].state == "submitted"
    jobs.perform_due(place)
    assert look(place, assignments.get, ada, third.uid)[0].state == "accepted"
    assert (earned(place, ada).accepted, earned(place, ada).rejected) == ("0.20", "0.10")
    _, rows = look(place, acceptances.own, ada, at.uid, after=None, limit=10)
    said = {each.assignment.uid: (each.assignment.state, each.reason) for each in rows}
    assert said[second.uid] == ("rejected", "It is a dog.")
    assert said[first.uid] == ("accepted", None)


def test_a_rejected_answer_is_not_counted_and_its_item_asks_again(place: Installation) -> None:
    owner, (ada, ben, cyd) = requester(place), crowd(place, 3)
    at = project(place, owner, items=1, **(PAID | {"acceptance": "review", "budget": "0.20"}))
    (hers,) = answer(place, ada, at)
    answer(place, ben, at)
    assert do(place, desks.take, cyd, at.uid).supply == Supply.FINISHED
    done = do(place, acceptances.reject, owner, at.uid, meant=named([hers]), reason="Careless.")
    assert (done.changed, done.left) == (1, 0)
    (item,) = every(place, Item, Item.project_id == at.id)
    assert (item.state, item.answered) == ("open", 1)
    assert spent(place, owner, at) == ("0.20", "0.10", "0.00", "0.10", "0.00", "0.00")
    # Nobody answers an item twice; somebody else takes the place.
    assert take(place, ada, at) == []
    answer(place, cyd, at)
    (item,) = every(place, Item, Item.project_id == at.id)
    assert (item.state, item.answered) == ("answered", 2)
    # Accepted after all: paid where the budget has it, and counted where there is a place.
    with pytest.raises(budgets.BudgetSpent):
        do(place, acceptances.accept, owner, at.uid, meant=named([hers]))
    do(place, projects.update, owner, at.uid, plan={"budget": "0.30"})
    do(place, acceptances.accept, owner, at.uid, meant=named([hers]))
    assert (earned(place, ada).rejected, earned(place, ada).owed) == ("0.00", "0.10")
    counted = {each.worker_id: each.counted for each in every(place, Answer, Answer.project_id == at.id)}
    assert sorted(counted.values()) == [False, True, True]
    with pytest.raises(acceptances.NotWaiting):
        do(place, acceptances.reject, owner, at.uid, meant=named([hers]), reason="again")


def test_after_thirty_days_a_rejection_stands(place: Installation, clock: Clock) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=1, **(PAID | {"acceptance": "review"}))
    given = answer(place, ada, at)
    do(place, acceptances.reject, owner, at.uid, meant=named(given), reason="no")
    clock.advance(30 * DAY + 1)
    with pytest.raises(acceptances.TooLate):
        do(place, acceptances.accept, owner, at.uid, meant=named(given))


def test_an_answer_to_gold_is_paid_and_rejected_as_any_other(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    items = [{"item": "g", "text": "x", "gold": "cat"}, {"item": "i", "text": "y"}]
    at = project(place, owner, items=items, **(PAID | {"gold_share": 0.5, "acceptance": "review"}))
    while answer(place, ada, at, 5):
        pass
    assert earned(place, ada).pending == "0.20"
    do(place, acceptances.reject, owner, at.uid, meant=Meant(everything=True), reason="no")
    assert (earned(place, ada).pending, earned(place, ada).rejected) == ("0.00", "0.20")
    counted = {each.item_id: each.counted for each in every(place, Answer, Answer.project_id == at.id)}
    gold = {each.id for each in every(place, Item, Item.project_id == at.id) if each.state == "gold"}
    # It goes on measuring him.
    assert {key: key in gold for key in counted} == counted


def test_answers_are_chosen_by_worker_by_label_and_by_time(place: Installation, clock: Clock) -> None:
    owner, (ada, ben) = requester(place), crowd(place, 2)
    at = project(place, owner, items=3, **(PAID | {"acceptance": "review"}))
    answer(place, ada, at, 1, "dog")
    answer(place, ada, at, 1, "cat")
    clock.advance(60)
    middle = place.clock()
    clock.advance(60)
    answer(place, ben, at, 2)
    with pytest.raises(acceptances.NothingSaid):
        do(place, acceptances.accept, owner, at.uid, meant=Meant())
    with place.reading() as tx:
        bens = reach.worker(tx, ben).uid
    assert do(place, acceptances.accept, owner, at.uid, meant=Meant(worker=bens, label="dog")).changed == 0
    assert do(place, acceptances.accept, owner, at.uid, meant=Meant(before=middle, label="dog")).changed == 1
    assert do(place, acceptances.accept, owner, at.uid, meant=Meant(worker=bens)).changed == 2
    with pytest.raises(Invalid):
        do(place, acceptances.reject, owner, at.uid, meant=Meant(everything=True), reason="  ")
    assert do(place, acceptances.reject, owner, at.uid, meant=Meant(everything=True), reason="no").changed == 1


def test_who_may_accept(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=2, **(PAID | {"acceptance": "review"}))
    answer(place, ada, at, 1)
    for stranger in (requester(place, "other"), ada):
        with pytest.raises(Missing):
            do(place, acceptances.accept, stranger, at.uid, meant=Meant(everything=True))
    lead = person(place, "lea", Role.QA_LEAD)
    assert do(place, acceptances.accept, lead, at.uid, meant=Meant(everything=True)).changed == 1


def test_a_bonus_is_given_once_and_out_of_the_budget(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=2, **(PAID | {"budget": "0.50"}))
    answer(place, ada, at)
    with place.reading() as tx:
        uid = reach.worker(tx, ada).uid
    given: dict[str, Any] = {"worker": uid, "amount": "0.25", "reason": "Well done.", "key": "k"}
    do(place, bonuses.give, owner, at.uid, **given)
    do(place, bonuses.give, owner, at.uid, **given)
    assert (earned(place, ada).bonus, earned(place, ada).owed) == ("0.25", "0.35")
    with pytest.raises(bonuses.KeyUsed):
        do(place, bonuses.give, owner, at.uid, **(given | {"amount": "0.20"}))
    with pytest.raises(budgets.BudgetSpent):
        do(place, bonuses.give, owner, at.uid, **(given | {"amount": "0.16", "key": "other"}))
    for amount in ("-1", "0", "0.00", "1e3", "NaN", "99999999999999", "0.00000001", "1,5"):
        with pytest.raises(money.BadAmount):
            do(place, bonuses.give, owner, at.uid, **(given | {"amount": amount, "key": "third"}))
    assert spent(place, owner, at) == ("0.50", "0.15", "0.00", "0.00", "0.35", "0.00")


def test_a_payout_pays_once_and_its_file_stays(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "+1-2")
    at = project(place, owner, items=3, **PAID)
    answer(place, ada, at, 2)
    first = do(place, payouts.make, owner, at.uid, key="k")
    assert do(place, payouts.make, owner, at.uid, key="k").uid == first.uid
    with pytest.raises(payouts.NothingOwed):
        do(place, payouts.make, owner, at.uid)
    (row,) = csv.DictReader(io.StringIO(first.content))
    assert (row["worker"], row["amount"], row["currency"]) == ("'+1-2", "0.20", "EUR")
    assert (earned(place, ada).paid, earned(place, ada).owed) == ("0.20", "0.00")
    answer(place, ada, at)
    second = do(place, payouts.make, owner, at.uid)
    assert (second.number, second.amount) == (2, money.read("0.10", "EUR"))
    assert look(place, payouts.get, owner, at.uid, first.uid)[1].content == first.content
    with pytest.raises(payouts.NoSuchPayout):
        look(place, payouts.get, owner, project(place, owner, name="other").uid, first.uid)


def test_a_budget_is_not_cut_below_what_is_committed(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=4, **PAID)
    answer(place, ada, at, 2)
    take(place, ada, at, 2)
    for budget in ("0.39", None, "0"):
        with pytest.raises((budgets.BudgetTooSmall, Invalid)):
            do(place, projects.update, owner, at.uid, plan={"budget": budget, "price": None})
    with pytest.raises(budgets.OtherCurrency):
        do(place, projects.update, owner, at.uid, plan={"currency": "USD"})
    do(place, projects.update, owner, at.uid, plan={"budget": "0.40", "price": "0.15"})
    assert spent(place, owner, at) == ("0.40", "0.00", "0.20", "0.00", "0.20", "0.00")
    # What was promised is paid, whatever the price is by now.
    for each in take(place, ada, at, 2):
        do(place, assignments.submit, ada, each.uid, label="cat")
    assert earned(place, ada).owed == "0.40"


def test_the_ledger_is_only_added_to(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    at = project(place, owner, items=1, **PAID)
    answer(place, ada, at)
    do(place, payouts.make, owner, at.uid)
    for statement in ("UPDATE transfers SET amount = 1", "DELETE FROM transfers", "DELETE FROM payouts"):
        with pytest.raises(Exception, match="only ever added"), place.transaction() as tx:
            tx.session.connection().exec_driver_sql(statement)
    with place.reading() as tx:
        row = tx.session.scalars(select(Transfer).where(Transfer.kind == "earn")).one()
        values = {each.name: getattr(row, each.name) for each in Transfer.__table__.columns if each.name != "id"}
    for wrong in (
        {},
        {"subject": "x", "amount": 0},
        {"subject": "x", "credit": "paid"},
        {"subject": "x", "kind": "gift"},
    ):
        with pytest.raises(Exception, match=r"(?i)constraint"), place.transaction() as tx:
            ledger.add(tx.session, [values | wrong])


def test_a_draw_takes_from_all_purses_together(place: Installation) -> None:
    owner, ada = requester(place), worker(place, "ada")
    # Less than one price in each purse, and enough for ten answers in all of them.
    at = project(place, owner, items=20, **PAID)
    assert len(take(place, ada, at, 20)) == 10
    with pytest.raises(Conflict):
        do(place, projects.update, owner, at.uid, plan={"budget": "0.99"})
