"""Many workers at once, and not enough money for all: what is promised and earned never passes the budget."""

from __future__ import annotations

import multiprocessing
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from crowdqc import money
from crowdqc.assembly import Installation, assemble
from crowdqc.errors import Conflict
from crowdqc.records import Assignment, Purse, Transfer, ledger
from crowdqc.records.ledger import Account
from crowdqc.roles import Actor
from crowdqc.services import acceptances, payouts
from crowdqc.services.acceptances import Meant
from crowdqc.settings import Settings
from tests.services import factories, fire

BUDGET, PRICE, ITEMS = "1.00", "0.03", 30
#: As many answers as the budget pays for: less than half of what the items want.
PAYS = 33


class Till:
    """Looks at one state of the money after another, and meanwhile rejects and pays as it comes."""

    def __init__(self, place: Installation, owner: Actor, project: Any) -> None:
        self._place, self._owner, self._project = place, owner, project
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._look_on), threading.Thread(target=self._judge)]
        self.looks = self.rejected = self.paid = 0
        self.broken: list[str] = []

    def __enter__(self) -> Till:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    def _look_on(self) -> None:
        while not self._over.is_set():
            self.look()
            self._over.wait(0.02)

    def look(self) -> None:
        with self._place.reading() as tx:
            budget = ledger.balance(tx.session, self._project.id, Account.BUDGET)
            free = int(tx.session.scalar(select(func.sum(Purse.free))) or 0)
            promised = int(
                tx.session.scalar(select(func.sum(Assignment.price)).where(Assignment.state == "open")) or 0
            )
        self.looks += 1
        if free < 0 or free + promised != budget:
            self.broken.append(f"{free} left + {promised} promised != {budget}")

    def _judge(self) -> None:
        while not self._over.wait(0.15):
            try:
                with self._place.transaction() as tx:
                    submitted = select(Assignment.uid).where(Assignment.state == "submitted")
                    waiting = [*tx.session.scalars(submitted.where(Assignment.price.is_not(None)).limit(30))]
                with self._place.transaction() as tx:
                    if waiting[:2]:
                        meant = Meant(assignments=waiting[:2])
                        acceptances.accept(tx, self._owner, self._project.uid, meant=meant)
                if waiting[2:4]:
                    with self._place.transaction() as tx:
                        meant = Meant(assignments=waiting[2:4])
                        done = acceptances.reject(tx, self._owner, self._project.uid, meant=meant, reason="no")
                        self.rejected += done.changed
                with self._place.transaction() as tx:
                    payouts.make(tx, self._owner, self._project.uid)
                self.paid += 1
            except Conflict:
                continue
            except OperationalError as error:
                self.broken.append(f"judging: {error}")


@pytest.mark.settings(job_lease=3600.0, job_pause=0.05)
@pytest.mark.parametrize("acceptance", ["at_once", "review"])
def test_the_budget_holds_under_fire(
    place: Installation, settings: Settings, backend: str, acceptance: str
) -> None:
    many = backend == "postgresql"
    owner = factories.requester(place)
    actors = factories.crowd(place, 32 if many else 8)
    project = factories.project(
        place, owner, items=ITEMS, overlap=3, lease_seconds=10, price=PRICE, currency="EUR", budget=BUDGET,
        acceptance=acceptance, acceptance_days=30,
    )  # fmt: skip
    clock = fire.Fast()
    real = assemble(settings, clock=clock)
    with Till(real, owner, project) as till:
        told = fire.burn(settings, clock, project.uid, actors, processes=2, seconds=100)
    # What was rejected at the very end is money again.
    told += fire.burn(settings, clock, project.uid, actors, processes=2, seconds=100)
    till.look()
    real.close()
    assert [wrong for each in told for wrong in each.wrong] == []
    assert till.broken == []
    assert till.looks > 10
    assert sum((each.again for each in told), Counter()) == {}
    given = factories.every(place, Assignment, Assignment.project_id == project.id)
    paid_for = [each for each in given if each.price is not None and each.state in ("submitted", "accepted")]
    price = money.read(PRICE, "EUR")
    assert len(paid_for) <= PAYS
    # All of the money was of use: what is left lies in several purses and pays for no answer in any.
    assert len(paid_for) > PAYS - 12
    transfers = factories.every(place, Transfer, Transfer.project_id == project.id)
    earned = Counter(each.subject for each in transfers if each.kind == "earn")
    assert set(earned.values()) <= {1}
    spent = sum(each.amount for each in transfers if each.kind == "earn")
    spent -= sum(each.amount for each in transfers if each.kind == "reject")
    assert spent == price * len(paid_for) <= money.read(BUDGET, "EUR")
    assert till.paid > 0


def _pay(settings: Settings, owner: Actor, uid: Any, start: Any, gather: Any) -> None:
    place = assemble(settings)
    try:
        start.wait(60)
        gather.put([*ThreadPoolExecutor(3).map(lambda _: _pay_once(place, owner, uid), range(3))])
    finally:
        place.close()


def _pay_once(place: Installation, owner: Actor, uid: Any) -> int:
    try:
        with place.transaction() as tx:
            return payouts.make(tx, owner, uid).amount
    except payouts.NothingOwed:
        return 0


def test_payouts_at_once_do_not_pay_twice(place: Installation, settings: Settings) -> None:
    from tests.services.test_money import answer

    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=5, price="0.10", currency="EUR", budget="1.00")
    answer(place, ada, project, 5)
    context = multiprocessing.get_context("spawn")
    start, gather = context.Barrier(2), context.Queue()
    running = [context.Process(target=_pay, args=(settings, owner, project.uid, start, gather)) for _ in range(2)]
    for each in running:
        each.start()
    amounts = [amount for _ in running for amount in gather.get(timeout=90)]
    for each in running:
        each.join(30)
    assert sorted(amounts) == [0] * 5 + [money.read("0.50", "EUR")]
