"""Money over the API: what a worker earns, what a project spends, accepting and rejecting, bonuses, payouts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import AfterValidator, AwareDatetime, Field

from app.http import Api, Call
from app.shapes import In, Line, Out, PageIn, Remark, Truth, following
from crowdqc import money
from crowdqc.errors import Missing
from crowdqc.roles import Role
from crowdqc.services import acceptances, bonuses, earnings, payouts
from crowdqc.services.acceptances import AT_ONCE, AssignmentState, Judged, Meant
from crowdqc.services.bonuses import LONGEST_KEY, Project, Transfer, Worker
from crowdqc.services.earnings import Earnings, Spend
from crowdqc.services.payouts import Payout

api = Api("money")

WORKS = (Role.WORKER,)
ACCEPTS = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)
PAYS = (Role.REQUESTER, Role.ADMIN)


def _of_our_time(moment: datetime) -> datetime:
    if not 1971 <= moment.year <= 9000:
        raise ValueError("it is no moment of our time")
    return moment


#: A decimal in a text: a number of JSON may lose its last digits.
Amount = Annotated[str, Field(max_length=42, examples=["0.05"])]
Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
IdempotencyKey = Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, pattern=r"^[!-~]+$")]
Answered = Literal["submitted", "accepted", "rejected"]


class NoMoney(Missing):
    """This project has no money: its plan names no currency and no budget."""


class EarningsOut(Out):
    """What you earned in a project, as decimals of its currency."""

    project: uuid.UUID
    name: str
    currency: str
    price: str | None = Field(description="what an answer earns now; null where the project takes none for money")
    pending: str = Field(description="for answers that wait to be accepted")
    accepted: str
    rejected: str = Field(
        description="for answers that were rejected: not paid, unless they are accepted after all"
    )
    bonus: str
    paid: str
    owed: str = Field(description="accepted and bonus, less what was paid")

    @classmethod
    def of(cls, each: Earnings) -> EarningsOut:
        names = ("currency", "price", "pending", "accepted", "rejected", "bonus", "paid", "owed")
        figures = {name: getattr(each, name) for name in names}
        return cls(project=each.project.uid, name=each.project.name, **figures)


class OwnBonusOut(Out):
    """A bonus that you were given."""

    project: uuid.UUID
    amount: str
    currency: str
    reason: str | None
    made_at: datetime

    @classmethod
    def of(cls, project: Project, each: Transfer) -> OwnBonusOut:
        amount = money.write(each.amount, each.currency)
        return cls(
            project=project.uid, amount=amount, currency=each.currency, reason=each.reason, made_at=each.made_at
        )


class AllEarningsOut(Out):
    """What you earned."""

    data: list[EarningsOut]
    bonuses: list[OwnBonusOut]


class OwnAnswerOut(Out):
    """What became of one of your answers."""

    assignment: uuid.UUID
    state: Answered
    label: str | None
    submitted_at: datetime
    late: bool
    price: str | None = Field(description="what it earns once it is accepted")
    accept_by: datetime | None = Field(description="when it is accepted by itself, unless it is rejected before")
    reason: str | None = Field(description="why it was rejected")
    judged_at: datetime | None

    @classmethod
    def of(cls, project: Project, each: Judged) -> OwnAnswerOut:
        return cls(**_said(project, each))


class OwnAnswersOut(Out):
    """Your answers in a project, the newest first."""

    data: list[OwnAnswerOut]
    next: uuid.UUID | None


class SpendOut(Out):
    """Where a project's budget is; `left`, `promised`, `pending`, `owed` and `paid` together make it."""

    currency: str
    budget: str
    left: str
    promised: str = Field(description="to workers who have items in hand")
    pending: str = Field(description="for answers that wait to be accepted")
    owed: str = Field(description="accepted and bonuses, not yet paid")
    paid: str
    bonus: str = Field(description="how much of what is owed and paid are bonuses")
    answers: dict[str, int] = Field(description="how many answers are in each state")

    @classmethod
    def of(cls, found: Spend) -> SpendOut:
        names = ("currency", "budget", "left", "promised", "pending", "owed", "paid", "bonus")
        return cls(**{name: getattr(found, name) for name in names}, answers=dict(found.answers))


class WhichIn(PageIn):
    """Which answers to list."""

    state: Answered | None = None
    worker: uuid.UUID | None = None
    label: Line | None = None
    before: Moment | None = Field(None, description="those that came before this moment")


class AcceptanceIn(In):
    """Accept or reject answers: all that fit everything that is said of them."""

    state: Literal["accepted", "rejected"]
    reason: Remark | None = Field(None, description="what their workers read; a rejection needs one")
    assignments: list[uuid.UUID] | None = Field(None, min_length=1, max_length=AT_ONCE)
    worker: uuid.UUID | None = None
    label: Line | None = None
    before: Moment | None = Field(None, description="those that came before this moment")
    everything: Truth = Field(False, description="all that wait")


class DoneOut(Out):
    """How many answers were accepted or rejected."""

    changed: int
    left: int = Field(description="how many that are meant are left: send the same again")


class JudgedAnswerOut(OwnAnswerOut):
    """An answer as it stands."""

    worker: uuid.UUID
    worker_name: str
    item: uuid.UUID
    key: str

    @classmethod
    def of(cls, project: Project, each: Judged) -> JudgedAnswerOut:
        return cls(
            **_said(project, each),
            worker=each.worker.uid,
            worker_name=each.worker.name,
            item=each.item.uid,
            key=each.item.key,
        )


class AnswersOut(Out):
    """Answers of a project as they stand, the newest first."""

    data: list[JudgedAnswerOut]
    next: uuid.UUID | None


class BonusIn(In):
    """Something on top for a worker."""

    worker: uuid.UUID
    amount: Amount
    reason: Remark = Field(min_length=1, description="what the worker reads")
    key: IdempotencyKey = Field(description="made anew for each bonus: sent again it is the same one")


class BonusOut(Out):
    """A bonus."""

    worker: uuid.UUID
    worker_name: str
    amount: str
    currency: str
    reason: str | None
    made_at: datetime

    @classmethod
    def of(cls, each: Transfer, worker: Worker) -> BonusOut:
        return cls(
            worker=worker.uid,
            worker_name=worker.name,
            amount=money.write(each.amount, each.currency),
            currency=each.currency,
            reason=each.reason,
            made_at=each.made_at,
        )


class BonusesOut(Out):
    """A project's bonuses, the newest first."""

    data: list[BonusOut]


class PayoutIn(In):
    """Pay all that is owed."""

    key: IdempotencyKey | None = Field(None, description="sent again it is the same payout")


class PayoutOut(Out):
    """What was paid at one go."""

    id: uuid.UUID
    number: int
    workers: int
    amount: str
    currency: str
    made_at: datetime

    @classmethod
    def of(cls, each: Payout) -> PayoutOut:
        return cls(
            id=each.uid,
            number=each.number,
            workers=each.workers,
            amount=money.write(each.amount, each.currency),
            currency=each.currency,
            made_at=each.made_at,
        )


class PayoutsOut(Out):
    """A project's payouts, the newest first."""

    data: list[PayoutOut]
    next: uuid.UUID | None


@api.get("/earnings", roles=WORKS)
def earned(call: Call) -> AllEarningsOut:
    """Say what you earned in each project, what those that take answers pay, and your bonuses."""
    found = earnings.of_worker(call.tx, call.actor)
    given = earnings.bonuses(call.tx, call.actor)
    return AllEarningsOut(
        data=[EarningsOut.of(each) for each in found], bonuses=[OwnBonusOut.of(at, each) for at, each, _ in given]
    )


@api.get("/earnings/{project}", roles=WORKS)
def own_answers(call: Call, project: uuid.UUID, query: PageIn) -> OwnAnswersOut:
    """List your answers in a project: accepted, rejected with the reason, or waiting and until when."""
    found, rows = acceptances.own(call.tx, call.actor, project, after=query.after, limit=query.limit)
    shown = [OwnAnswerOut.of(found, each) for each in rows]
    return OwnAnswersOut(data=shown, next=following([each.assignment for each in shown], query.limit))


@api.get("/projects/{project}/money", roles=ACCEPTS)
def spend(call: Call, project: uuid.UUID) -> SpendOut:
    """Say where a project's budget is."""
    found = earnings.of_project(call.tx, call.actor, project)
    if found is None:
        raise NoMoney()
    return SpendOut.of(found)


@api.get("/projects/{project}/acceptances", roles=ACCEPTS)
def answers(call: Call, project: uuid.UUID, query: WhichIn) -> AnswersOut:
    """List answers as they stand: waiting, accepted or rejected."""
    meant = Meant(worker=query.worker, label=query.label, before=query.before, everything=True)
    state = None if query.state is None else AssignmentState(query.state)
    found, rows = acceptances.page(
        call.tx, call.actor, project, meant=meant, state=state, after=query.after, limit=query.limit
    )
    shown = [JudgedAnswerOut.of(found, each) for each in rows]
    return AnswersOut(data=shown, next=following([each.assignment for each in shown], query.limit))


@api.post("/projects/{project}/acceptances", roles=ACCEPTS)
def accept(call: Call, project: uuid.UUID, body: AcceptanceIn) -> DoneOut:
    """Accept or reject answers: named, of a worker, with a label, older than a moment, or all that wait.

    A rejected answer that is named can be accepted after all for 30 days.
    """
    meant = Meant(
        assignments=body.assignments,
        worker=body.worker,
        label=body.label,
        before=body.before,
        everything=body.everything,
    )
    if body.state == "accepted":
        done = acceptances.accept(call.tx, call.actor, project, meant=meant)
    else:
        done = acceptances.reject(call.tx, call.actor, project, meant=meant, reason=body.reason or "")
    return DoneOut(changed=done.changed, left=done.left)


@api.post("/projects/{project}/bonuses", roles=PAYS)
def give_bonus(call: Call, project: uuid.UUID, body: BonusIn) -> BonusOut:
    """Give a worker a bonus out of the project's budget."""
    return BonusOut.of(*bonuses.give(call.tx, call.actor, project, **body.model_dump()))


@api.get("/projects/{project}/bonuses", roles=ACCEPTS)
def list_bonuses(call: Call, project: uuid.UUID) -> BonusesOut:
    """List the last 200 bonuses of a project."""
    found = bonuses.of_project(call.tx, call.actor, project)
    return BonusesOut(data=[BonusOut.of(*each) for each in found])


@api.post("/projects/{project}/payouts", roles=PAYS)
def pay(call: Call, project: uuid.UUID, body: PayoutIn) -> PayoutOut:
    """Pay all that is owed, and write the file that says to whom."""
    return PayoutOut.of(payouts.make(call.tx, call.actor, project, key=body.key))


@api.get("/projects/{project}/payouts", roles=PAYS)
def list_payouts(call: Call, project: uuid.UUID, query: PageIn) -> PayoutsOut:
    """List a project's payouts."""
    found = payouts.page(call.tx, call.actor, project, after=query.after, limit=query.limit)
    return PayoutsOut(
        data=[PayoutOut.of(each) for each in found], next=following([each.uid for each in found], query.limit)
    )


@api.get("/projects/{project}/payouts/{payout}/lines", roles=PAYS, gives=("text/csv",))
def download(call: Call, project: uuid.UUID, payout: uuid.UUID) -> Response:
    """Download a payout's file: worker, worker_id, amount, currency, reference; the same each time."""
    _, found = payouts.get(call.tx, call.actor, project, payout)
    response = Response(found.content, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="payout-{found.number}.csv"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _said(project: Project, each: Judged) -> dict[str, Any]:
    assignment, answer = each.assignment, each.answer
    currency = project.plan.get("currency")
    return {
        "assignment": assignment.uid,
        "state": assignment.state,
        "label": None if answer.label is None else project.classes[answer.label],
        "submitted_at": answer.submitted_at,
        "late": answer.late,
        "price": None if assignment.price is None or currency is None else money.write(assignment.price, currency),
        "accept_by": assignment.accept_by,
        "reason": each.reason,
        "judged_at": each.at,
    }
