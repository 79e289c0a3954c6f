"""What follows from a firing, one function a kind of action; and how it is undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from crowdqc.quality.rules.actions import Action, Discount, Exclude, Pay, Restrict, SetSkill
from crowdqc.records import acceptances, firings, items, projects, restrictions, skills
from crowdqc.records.assignments import AssignmentState
from crowdqc.records.firings import Firing, FiringState
from crowdqc.records.items import Item, ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.projects import Project
from crowdqc.records.restrictions import Restriction, WorkerWeight
from crowdqc.records.skills import SkillSource
from crowdqc.services import accepting
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
    """Name a firing where a skill says what it comes from."""
    return f"A rule of a project: {firing.uid}"


def pay(tx: Transaction, project: Project, asked: Sequence[tuple[Firing, Pay, Collection[int]]]) -> set[int]:
    """Accept or reject the answers that wait, of each firing's worker to its items; give the firings that did so.

    An answer that is accepted already stays paid.
    """
    pairs: dict[int, set[int]] = {}
    for firing, _, item_ids in asked:
        pairs.setdefault(firing.worker_id, set()).update(item_ids)
    waiting = acceptances.of_items(tx.session, project.id, pairs, AssignmentState.SUBMITTED)
    # Where nobody is to look at answers they do not wait for it.
    left = {each.id: each for each in waiting if each.accept_by is not None and each.accept_by > tx.now}
    reasons: dict[bool, dict[int, str]] = {True: {}, False: {}}
    did: set[int] = set()
    found = {}
    for firing, action, item_ids in asked:
        for each in [*left.values()]:
            if each.worker_id == firing.worker_id and each.item_id in item_ids:
                found[each.id] = left.pop(each.id)
                reasons[action.pay][each.id] = firing.to_worker
                did.add(firing.id)
    # Nothing is reserved before all is locked; see `budgets`.
    for paid, why in reasons.items():
        judged = [found[key] for key in why]
        if judged and paid:
            accepting.accept(tx, project, judged, by=None, reason=why)
        elif judged:
            accepting.reject(tx, project, judged, by=None, reason=why)
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
    """Accept what a rule rejected; raise budgets.BudgetSpent."""
    pairs = {firing.worker_id: [item.id for _, item in firings.evidence(tx.session, firing.id)]}
    rejected = acceptances.of_items(tx.session, firing.project_id, pairs, AssignmentState.REJECTED)
    ids = [each.id for each in rejected]
    by_it = acceptances.said_so(tx.session, ids, AssignmentState.REJECTED, firing.to_worker) if ids else set()
    if by_it:
        project = projects.by_id(tx.session, firing.project_id)
        why = "What was done to you does not stand."
        accepting.accept(tx, project, [each for each in rejected if each.id in by_it], by=None, reason=why)


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
