"""Gold over the API: make it, correct it, retire it; how healthy it is, and what is to be done."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.api.v1.reviews import ReviewOut
from app.http import Api, Call
from app.shapes import In, Key, Line, Out, PageIn, Remark, following
from crowdqc.roles import Role
from crowdqc.services import gold
from crowdqc.services.gold import MOST, GoldItem, GoldScore, Named, Project, Truth, TruthOrigin

api = Api("gold")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
CHANGES = (Role.REQUESTER, Role.ADMIN)
ASKS = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)

Labels = Annotated[list[Line], Field(min_length=1, max_length=1000)]


class AfterGold(StrEnum):
    """What becomes of the truth of an item that is retired."""

    #: It stands: whoever answered the item stays measured by it.
    KEEP = "keep"
    #: It is taken back: nobody is measured by it, and the item takes answers.
    DROP = "drop"


class NamedIn(In):
    """An item that is to be gold."""

    item: Key = Field(description="the name that the requester gave it")
    labels: Labels = Field(description="the accepted labels: one, or several")
    reason: Remark | None = Field(None, description="why they are right")


class MakeIn(In):
    """Items that are to be gold."""

    items: list[NamedIn] = Field(min_length=1, max_length=MOST)


class CorrectIn(In):
    """What is accepted from now on; what is left out stays."""

    labels: Labels | None = None
    reason: Remark | None = None


class RetireIn(In):
    """Why gold is retired, and what becomes of its truth."""

    truth: AfterGold = AfterGold.KEEP
    reason: Remark | None = None


class ReviewIn(In):
    """What the expert shall look at."""

    comment: Remark | None = None


class PromoteIn(In):
    """Why the decision is right, as gold."""

    reason: Remark | None = Field(None, description="the expert's comment where left out")


class FindingOut(Out):
    """Something to look at; nothing in it is a verdict."""

    kind: str = Field(description="suspect, unsaid, leak, rising, exposed, knowing, ease, imbalance or lack")
    about: str | None = Field(description="the item, worker or class; none: gold as a whole")
    id: uuid.UUID | None = Field(description="of the item or worker")
    q_value: float | None = Field(description="none where it is counted and not tested")
    meaning: str
    advice: str = Field(description="what to do")


class GoldScoreOut(Out):
    """What the latest run says of a gold item."""

    answers: int
    says: str | None = Field(description="the label that the workers point to")
    says_share: float | None
    wrong: float = Field(description="probability that none of the accepted labels is right")
    wrong_q_value: float | None
    good: int = Field(description="good workers who answered it")
    dissent: int = Field(description="how many of them disagree")
    share: float | None = Field(description="share of the workers who have seen it")
    over_exposed: bool
    right: float | None
    expected: float | None
    pace: float | None = Field(description="seconds as a multiple of what is usual")
    leak_q_value: float | None
    rise_q_value: float | None

    @classmethod
    def of(cls, score: GoldScore, project: Project) -> GoldScoreOut:
        facts = {name: getattr(score, name) for name in cls.model_fields if name != "says"}
        return cls(says=None if score.says is None else project.classes[score.says], **facts)


class GoldItemOut(Out):
    """A gold item."""

    id: uuid.UUID
    item: str
    labels: list[str]
    reason: str | None
    source: TruthOrigin | None = Field(description="where the labels come from")
    since: datetime | None
    score: GoldScoreOut | None
    findings: list[FindingOut]

    @classmethod
    def of(cls, each: GoldItem, project: Project) -> GoldItemOut:
        item, truth, score = each.item, each.truth, each.score
        return cls(
            id=item.uid,
            item=item.key,
            labels=item.truth or [],
            reason=None if truth is None else truth.reason,
            source=None if truth is None else TruthOrigin(truth.source),
            since=None if truth is None else truth.at,
            score=None if score is None else GoldScoreOut.of(score, project),
            findings=_of_item(each),
        )


class GoldOut(Out):
    """A page of gold."""

    data: list[GoldItemOut]
    next: uuid.UUID | None


class MadeOut(Out):
    """What became gold, in the order in which it was named."""

    items: list[uuid.UUID]


class TruthOut(Out):
    """A step in the history of an item's truth."""

    labels: list[str] | None = Field(description="none: the truth was taken back")
    gold: bool = Field(description="whether the item is gold from then on")
    reason: str | None
    source: TruthOrigin
    person: str | None
    at: datetime

    @classmethod
    def of(cls, truth: Truth, person: str | None) -> TruthOut:
        facts = {name: getattr(truth, name) for name in ("labels", "gold", "reason", "at")}
        return cls(source=TruthOrigin(truth.source), person=person, **facts)


class TruthsOut(Out):
    """The history of an item's truth, the oldest step first."""

    data: list[TruthOut]


class GoldClassOut(Out):
    """How common a class is among gold and the rest."""

    name: str
    gold: float | None
    gold_share: float | None
    rest_share: float | None
    q_value: float | None
    lacks: int = Field(description="gold items of it that are wanted to know a worker's recall of it")


class EaseOut(Out):
    """How gold as a whole is answered, beside look-alikes."""

    answers: float | None
    right: float | None
    expected: float | None
    low: float | None
    high: float | None
    pace: float | None


class GoldHealthOut(Out):
    """How healthy the gold is, as the latest run that looked at it found."""

    run: uuid.UUID | None
    at: datetime | None
    items: int
    workers: int
    share_wrong: float | None = Field(description="share of the gold that is wrong, as far as can be told")
    ease: EaseOut | None
    classes: list[GoldClassOut]
    findings: list[FindingOut]


@api.get("/projects/{project}/gold", roles=SEES)
def listing(call: Call, project: uuid.UUID, query: PageIn) -> GoldOut:
    """List a project's gold in the order of its coming, each with what the latest run says of it."""
    found_project, found = gold.page(call.tx, call.actor, project, after=query.after, limit=query.limit)
    return GoldOut(
        data=[GoldItemOut.of(each, found_project) for each in found],
        next=following([each.item.uid for each in found], query.limit),
    )


@api.post("/projects/{project}/gold", roles=CHANGES, status=201)
def make(call: Call, project: uuid.UUID, body: MakeIn) -> MadeOut:
    """Make items gold, all or none.

    New items come as a batch with a column `gold`, and `gold_reason` where there is one.
    """
    named = [Named(each.item, each.labels, each.reason) for each in body.items]
    found = gold.make(call.tx, call.actor, project, named=named, source=TruthOrigin.API)
    return MadeOut(items=[item.uid for item in found])


@api.get("/projects/{project}/gold/health", roles=SEES)
def health(call: Call, project: uuid.UUID) -> GoldHealthOut:
    """Say how healthy a project's gold is: what of it is suspect, worn out, known to workers, or lacking."""
    found = gold.health(call.tx, call.actor, project)
    whole = found.whole or {}
    of_items = [finding for each in found.found for finding in _of_item(each)]
    return GoldHealthOut(
        run=None if found.run is None else found.run.uid,
        at=None if found.run is None else found.run.finished_at,
        items=whole.get("items", 0),
        workers=whole.get("workers", 0),
        share_wrong=whole.get("share_wrong"),
        ease=EaseOut(**whole["ease"]) if "ease" in whole else None,
        classes=[
            GoldClassOut(name=each["class"], **{name: value for name, value in each.items() if name != "class"})
            for each in whole.get("classes", [])
        ],
        findings=[
            *of_items,
            *(
                FindingOut(
                    kind=each["kind"],
                    about=each["about"],
                    id=each["worker"],
                    q_value=each["q_value"],
                    meaning=each["meaning"],
                    advice=gold.ADVICE[each["kind"]],
                )
                for each in whole.get("findings", [])
            ),
        ],
    )


@api.get("/items/{item}/gold", roles=SEES)
def history(call: Call, item: uuid.UUID) -> TruthsOut:
    """Get the history of an item's truth: who said which labels are right, when and why."""
    found = gold.history(call.tx, call.actor, item)
    return TruthsOut(data=[TruthOut.of(truth, person) for truth, person in found])


@api.patch("/items/{item}/gold", roles=CHANGES)
def correct(call: Call, item: uuid.UUID, body: CorrectIn) -> TruthsOut:
    """Correct the accepted labels of a gold item, or the reason; whoever answered it is measured anew."""
    gold.correct(call.tx, call.actor, item, labels=body.labels, reason=body.reason, source=TruthOrigin.API)
    return history(call, item)


@api.delete("/items/{item}/gold", roles=CHANGES)
def retire(call: Call, item: uuid.UUID, query: RetireIn) -> TruthsOut:
    """Retire a gold item: it is given to nobody any longer.

    Its truth stands, or with `truth=drop` is taken back.
    """
    keep = query.truth is AfterGold.KEEP
    gold.retire(call.tx, call.actor, item, reason=query.reason, keep_truth=keep, source=TruthOrigin.API)
    return history(call, item)


@api.post("/items/{item}/gold/review", roles=ASKS, status=201)
def send_to_review(call: Call, item: uuid.UUID, body: ReviewIn) -> ReviewOut:
    """Have an expert look at gold that may be wrong; it stays gold meanwhile."""
    return ReviewOut.of(gold.send_to_review(call.tx, call.actor, item, comment=body.comment))


@api.post("/reviews/{review}/promotion", roles=(Role.EXPERT,), status=201)
def promote(call: Call, review: uuid.UUID, body: PromoteIn) -> TruthsOut:
    """Make an item gold by what was decided of it; who answered or reviewed it is never given it."""
    return history(call, gold.promote(call.tx, call.actor, review, reason=body.reason).uid)


def _of_item(each: GoldItem) -> list[FindingOut]:
    return [
        FindingOut(about=each.item.key, id=each.item.uid, advice=gold.ADVICE[finding["kind"]], **finding)
        for finding in (each.score.findings if each.score else [])
    ]
