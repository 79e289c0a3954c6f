"""Any sequence of what people do with money: the ledger balances, nothing is overrun, earnings are the ledger."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from crowdqc import jobs, money
from crowdqc.assembly import Installation, assemble
from crowdqc.records import Assignment, Purse, Transfer, Worker
from crowdqc.roles import Actor
from crowdqc.services import acceptances, assignments, bonuses, budgets, earnings, payouts, projects
from crowdqc.services import desk as desks
from crowdqc.services.acceptances import Meant
from crowdqc.settings import Settings
from tests.ground import sqlite
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look

WHO = st.integers(0, 2)
#: Prices that purses do not divide by, and one below the smallest unit.
PRICES = st.sampled_from(["0.07", "0.0333", "0.10", None])
NUMBER = st.integers(0, 20)


class Money(RuleBasedStateMachine):
    """A project with a budget, three workers, an owner, and the time."""

    folder: Path
    number = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).number += 1
        home = self.folder / str(self.number)
        home.mkdir()
        self.clock = Clock()
        url = sqlite.database(home)
        given = Settings(data_dir=str(home / "var"), database_url=url, password_memory=8, password_passes=1)
        self.place: Installation = assemble(given, clock=self.clock)
        self.written: dict[int, tuple[Any, ...]] = {}
        self.bonuses = 0

    def teardown(self) -> None:
        self.place.close()

    @initialize(price=PRICES, review=st.booleans(), overlap=st.integers(1, 3))
    def begin(self, price: str | None, review: bool, overlap: int) -> None:
        self.owner = factories.requester(self.place)
        self.workers: list[Actor] = factories.crowd(self.place, 3)
        plan: dict[str, Any] = {
            "price": price, "currency": "EUR", "budget": "1.00", "overlap": overlap, "gold_share": 0.3,
            "acceptance": "review" if review else "at_once", "acceptance_days": 1, "lease_seconds": 60,
        }  # fmt: skip
        rows = [{"item": f"i{n}", "text": "x", **({"gold": "cat"} if n < 3 else {})} for n in range(12)]
        self.project = factories.project(self.place, self.owner, items=rows, **plan)
        self.uid = self.project.uid

    @rule(who=WHO, count=st.integers(1, 8))
    def take(self, who: int, count: int) -> None:
        do(self.place, desks.take, self.workers[who], self.uid, count=count)

    @rule(who=WHO, which=NUMBER, what=st.sampled_from(["answer", "answer", "answer", "skip", "give back"]))
    def act(self, who: int, which: int, what: str) -> None:
        # Leases that lapsed as well: their answers are late.
        mine = [each for each in self.rows(who) if each.state in ("open", "expired")]
        if not mine:
            return
        each, actor = mine[which % len(mine)], self.workers[who]
        if what == "answer":
            do(self.place, assignments.submit, actor, each.uid, label="cat")
        elif what == "skip":
            do(self.place, assignments.skip, actor, each.uid, reason="no")
        else:
            do(self.place, assignments.give_back, actor, each.uid)

    @rule(seconds=st.sampled_from([61.0, 86400.0, 31 * 86400.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def work(self) -> None:
        jobs.perform_due(self.place)

    @rule(who=WHO, which=NUMBER, accept=st.booleans())
    def judge(self, who: int, which: int, accept: bool) -> None:
        mine = [each for each in self.rows(who) if each.state in ("submitted", "accepted", "rejected")]
        if mine:
            self.judged(Meant(assignments=[mine[which % len(mine)].uid]), accept)

    @rule(accept=st.booleans())
    def judge_all(self, accept: bool) -> None:
        self.judged(Meant(everything=True), accept)

    def judged(self, meant: Meant, accept: bool) -> None:
        try:
            if accept:
                do(self.place, acceptances.accept, self.owner, self.uid, meant=meant)
            else:
                do(self.place, acceptances.reject, self.owner, self.uid, meant=meant, reason="no")
        except (acceptances.TooLate, acceptances.NotWaiting, budgets.BudgetSpent):
            pass

    @rule(who=WHO, cents=st.integers(1, 60))
    def bonus(self, who: int, cents: int) -> None:
        rows = self.rows(who)
        if not rows:
            return
        self.bonuses += 1
        with self.place.reading() as tx:
            uid = tx.session.get_one(Worker, rows[0].worker_id).uid
        given = {"worker": uid, "amount": f"0.{cents:02}", "reason": "thanks", "key": f"k{self.bonuses}"}
        try:
            do(self.place, bonuses.give, self.owner, self.uid, **given)
            do(self.place, bonuses.give, self.owner, self.uid, **given)
        except (budgets.BudgetSpent, bonuses.NoBudget):
            pass

    @rule()
    def pay(self) -> None:
        with contextlib.suppress(payouts.NothingOwed):
            do(self.place, payouts.make, self.owner, self.uid)

    @rule(cents=st.integers(0, 300), price=PRICES)
    def change(self, cents: int, price: str | None) -> None:
        plan = {"budget": f"{cents // 100}.{cents % 100:02}", "price": price}
        with contextlib.suppress(budgets.BudgetTooSmall):
            do(self.place, projects.update, self.owner, self.uid, plan=plan)

    def rows(self, who: int) -> list[Assignment]:
        with self.place.reading() as tx:
            mine = select(Worker.id).where(Worker.person_id == self.workers[who].id)
            query = select(Assignment).where(Assignment.worker_id == mine.scalar_subquery())
            return list(tx.session.scalars(query.order_by(Assignment.id)))

    @invariant()
    def the_ledger_holds(self) -> None:
        if not hasattr(self, "uid"):
            return
        with self.place.reading() as tx:
            transfers = tx.session.scalars(select(Transfer).order_by(Transfer.id)).all()
            free = int(tx.session.scalar(select(func.sum(Purse.free))) or 0)
            given = tx.session.scalars(select(Assignment)).all()
        rows = {each.id: (each.kind, each.debit, each.credit, each.amount, each.subject) for each in transfers}
        assert self.written.items() <= rows.items(), "a row was changed"
        self.written = rows
        accounts: dict[tuple[str, int | None], int] = defaultdict(int)
        for each in transfers:
            shared = (each.debit in ("outside", "budget")), (each.credit in ("outside", "budget"))
            accounts[each.debit, None if shared[0] else each.worker_id] -= each.amount
            accounts[each.credit, None if shared[1] else each.worker_id] += each.amount
        assert sum(accounts.values()) == 0
        assert all(ticks >= 0 for (name, _), ticks in accounts.items() if name != "outside"), accounts
        promised = sum(lease.price or 0 for lease in given if lease.state == "open")
        assert free + promised == accounts["budget", None]
        pending: dict[int, int] = defaultdict(int)
        for lease in given:
            if lease.state == "submitted":
                pending[lease.worker_id] += lease.price or 0
            assert lease.price is None or lease.state in ("open", "submitted", "accepted", "rejected")
        for worker, ticks in pending.items():
            assert accounts["pending", worker] == ticks
        self.earnings_are_the_ledgers(accounts)

    def earnings_are_the_ledgers(self, accounts: dict[tuple[str, int | None], int]) -> None:
        total: dict[str, int] = defaultdict(int)
        for actor in self.workers:
            for found in look(self.place, earnings.of_worker, actor):
                for name in ("pending", "accepted", "bonus", "paid", "owed", "rejected"):
                    ticks = money.read(getattr(found, name), "EUR")
                    assert ticks >= 0
                    total[name] += ticks
        sums: dict[str, int] = defaultdict(int)
        for (name, _), ticks in accounts.items():
            sums[name] += ticks
        # What is due counts as owed though no job wrote it yet.
        assert total["pending"] + total["owed"] == sums["pending"] + sums["owed"]
        assert total["pending"] <= sums["pending"]
        assert total["paid"] == sums["paid"]
        assert total["accepted"] + total["bonus"] == total["owed"] + total["paid"]


def test_any_sequence_keeps_the_ledger(tmp_path: Path) -> None:
    Money.folder = tmp_path

    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=[*HealthCheck]
        ),
    )
