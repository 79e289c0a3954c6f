"""What follows from a firing, one function a kind of action; and how it is undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from crowdqc.quality.rules import Rule
from crowdqc.quality.rules.actions import Action, Discount, Exclude, Pay, Restrict, SetSkill
from crowdqc.records import acceptances, firings, items, projects, restrictions, rules, skills
from crowdqc.records.assignments import Assignment, AssignmentState
from crowdqc.records.firings import Firing, FiringState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.records.restrictions import Restriction, WorkerWeight
from crowdqc.records.skills import SkillSource
from crowdqc.services import accepting, histories
from crowdqc.services.budgets import BudgetSpent
from crowdqc.services.transaction import Transaction

#: However little a rule says, a restriction ends after it began.
SHORTEST = timedelta(seconds=1)
#: States in which an item may be given to more workers; what an expert has, has decided or took out is his.
WIDENED = (ItemState.OPEN, ItemState.ANSWERED, ItemState.ACCEPTED)


def apply(tx: Transaction, firing: Firing, action: Action) -> bool:
    """Do what a rule asks for; say whether it was done.

    To ask for more answers, and to pay or not, is left to `ask_more` and `pay`, once for all firings: rows are
    locked in one order.
    """
    match action:
        case Restrict():
            restrict(tx, firing, action)
        case Discount():
            weigh(tx, firing, action.weight)
        case Exclude():
            weigh(tx, firing, 0.0)
        case SetSkill():
            return set_skill(tx, firing, action)
        case _:
            # Telling somebody is done by the firing itself, which is shown.
            pass
    return True


def restrict(tx: Transaction, firing: Firing, action: Restrict) -> None:
    """Give a worker nothing new of the project, or of any, for a time."""
    made = Restriction(
        project_id=firing.project_id if action.scope == "project" else None,
        worker_id=firing.worker_id,
        firing_id=firing.id,
        reason=firing.to_worker,
        starts_at=tx.now,
        ends_at=None if action.hours is None else tx.now + max(timedelta(hours=action.hours), SHORTEST),
    )
    restrictions.add(tx.session, made)
    firings.mark_restricted(tx.session, firing.worker_id)


def weigh(tx: Transaction, firing: Firing, weight: float) -> None:
    """Let a worker's answers count less in the runs to come, 0 for not at all."""
    made = WorkerWeight(
        project_id=firing.project_id,
        worker_id=firing.worker_id,
        firing_id=firing.id,
        weight=weight,
        starts_at=tx.now,
    )
    restrictions.add_weight(tx.session, made)
    tx.defer(JobName.AGGREGATE, f"project:{firing.project_id}", after=tx.settings.aggregation_delay)


def ask_more(tx: Transaction, project: Project, wanted: Mapping[int, int]) -> None:
    """Ask for so many more answers to items, by their keys inside, up to the plan's greatest overlap."""
    most: int = project.plan["max_overlap"]
    for item in items.locked(tx.session, wanted.keys()):
        _widen(item, wanted[item.id], most)
    tx.session.flush()


def set_skill(tx: Transaction, firing: Firing, action: SetSkill) -> bool:
    """Write a worker's skill down, from 0 to 100; where the rule names no value, the share that was measured."""
    measured = firing.value if action.value is None else action.value
    if measured is None or not 0 <= measured <= 1:
        return False
    detail = _rule_told(firing)
    skills.put(tx.session, firing.worker_id, action.skill, 100 * measured, SkillSource.RULE, tx.now, detail=detail)
    return True


def _rule_told(firing: Firing) -> str:
    """Name a firing where a skill, or an answer that is not paid, says what it comes from."""
    return f"A rule of the project; see what was done to you: {firing.uid}"


def pay(tx: Transaction, project: Project, asked: Sequence[tuple[Firing, Pay]]) -> set[int]:
    """Accept or reject the answers that wait, of each firing's worker up to its time; give the firings that did.

    All of them, and not those alone that the rule rests on: what is paid would tell which items are gold. What is
    accepted already stays paid.
    """
    waiting = acceptances.waiting(tx.session, project.id, {firing.worker_id for firing, _ in asked})
    # Where nobody is to look at answers they do not wait for it.
    left = [(each, at) for each, at in waiting if each.accept_by is not None and each.accept_by > tx.now]
    judged: dict[bool, list[Assignment]] = {True: [], False: []}
    reasons: dict[int, str] = {}
    did: set[int] = set()
    for assignment, at in left:
        for firing, action in asked:
            if firing.worker_id == assignment.worker_id and at <= firing.at:
                judged[action.pay].append(assignment)
                reasons[assignment.id] = _rule_told(firing)
                did.add(firing.id)
                break
    if judged[True]:
        accepting.accept(tx, project, judged[True], by=None, reason=reasons)
    if judged[False]:
        accepting.reject(tx, project, judged[False], by=None, reason=reasons)
    return did


def undo(tx: Transaction, firing: Firing, state: FiringState, *, by: int | None, why: str) -> None:
    """End a firing, and what follows from it: restriction, weight, skill. Answers that were asked for stay."""
    firings.end(tx.session, firing, state, tx.now, why)
    restrictions.lift(tx.session, firing.id, tx.now, by=by, why=why)
    skills.take_back(tx.session, firing.worker_id, _rule_told(firing), tx.now)
    _pay_after_all(tx, firing)
    if restrictions.end_weight(tx.session, firing.id, tx.now):
        tx.defer(JobName.AGGREGATE, f"project:{firing.project_id}", after=tx.settings.aggregation_delay)


def _pay_after_all(tx: Transaction, firing: Firing) -> None:
    """Accept what a rule rejected; where the budget has not as much left that is to be done later, by hand."""
    rejected = acceptances.said(tx.session, firing.worker_id, AssignmentState.REJECTED, _rule_told(firing))
    if not rejected:
        return
    project = projects.by_id(tx.session, firing.project_id)
    try:
        with tx.session.begin_nested():
            why = "What was done to you does not stand."
            accepting.accept(tx, project, rejected, by=None, reason=why)
            tx.session.flush()
    except BudgetSpent:
        # The firing falls all the same: who decides an appeal may have no say in the budget.
        pass


def overturn(tx: Transaction, project: Project, found: Sequence[Firing], *, figures: bool = True) -> int:
    """Ask again about firings on truths that were put right; overturn what falls, and say how many.

    Of one on a figure only a new run can say it: it falls, or without `figures` is left to that run.
    """
    versions = rules.versions_by_id(tx.session, {firing.version_id for firing in found})
    overturned = 0
    for firing in found:
        rule = Rule.of(versions[firing.version_id].data)
        if figures if histories.on_figure(rule) else not _justified(tx, project, firing, rule):
            why = "The right label of something that this rested on was put right."
            undo(tx, firing, FiringState.OVERTURNED, by=None, why=why)
            overturned += 1
    return overturned


def _justified(tx: Transaction, project: Project, firing: Firing, rule: Rule) -> bool:
    """Tell whether a rule still holds on the evidence of a firing."""
    history = histories.read(tx, project, consensus=rule.collector == "agreement", worker_id=firing.worker_id)
    return histories.holds_on(rule, history, [row.item_id for row, _ in firings.evidence(tx.session, firing.id)])


def ask_again(tx: Transaction, project: Project) -> None:
    """Have a project's rules asked again where some are on: what they look at has changed."""
    if project.rules_on:
        tx.defer(JobName.APPLY_RULES, f"project:{project.id}", after=tx.settings.aggregation_delay)


def _widen(item: Item, more: int, most: int) -> None:
    if item.state not in WIDENED:
        return
    overlap = max(item.overlap, min(max(item.overlap, item.answered + item.leased) + more, most))
    if overlap > item.overlap:
        item.overlap = overlap
        item.state = ItemState.OPEN
