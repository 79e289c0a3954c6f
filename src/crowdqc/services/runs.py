"""Runs: read a project into one problem, have it judged, write down what comes of it."""

from __future__ import annotations

import uuid
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc import __version__
from crowdqc.errors import Conflict, CrowdqcError
from crowdqc.quality import Gold, Judgement, Policy, Predictions, Problem, Votes, fingerprints, method
from crowdqc.quality.aggregation.consensus import Choice
from crowdqc.quality.gold_health import GoldHealth
from crowdqc.quality.overlap import ExpectedSaving
from crowdqc.records import answers, items, predictions, projects, restrictions, reviews, runs, scores
from crowdqc.records.items import ItemState
from crowdqc.records.jobs import JobName
from crowdqc.records.runs import Run, RunCause, RunState
from crowdqc.records.scores import number
from crowdqc.roles import Actor
from crowdqc.services import effects, figures, gold_health, orders, plans, problems, reach, routing
from crowdqc.services.orders.order import Judged
from crowdqc.services.orders.reranking import rerank
from crowdqc.services.transaction import Transaction

#: Rows of item scores that are written at a time.
CHUNK = 5000
#: So many times as long as a run took a project rests before the next one.
REST = 4
#: Bootstrap draws behind the intervals of agreement.
RESAMPLES = 200


class NotDone(Conflict):
    """The run is not done."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A project as a problem, and what its codes stand for."""

    run_id: int
    problem: Problem
    #: Keys inside, by code.
    items: Sequence[int]
    workers: Sequence[int]
    #: The key of each answer, in the order of the problem's votes.
    order: NDArray[np.int64]
    #: As in `Run`: what it was read from.
    answers_until: int
    predictions_until: int
    truths: dict[str, Any]
    #: Codes of the items that are gold, and the rank of each answer, where there are any.
    hidden: Sequence[int]
    rank: NDArray[np.float64] | None


def request(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Run:
    """Ask for a run now; one that is asked for and not begun serves everybody who asks."""
    project = projects.by_id(tx.session, reach.project(tx, actor, project_uid).id, lock=True)
    run = runs.waiting(tx.session, project.id, RunCause.PERSON) or _new(tx, project, RunCause.PERSON)
    tx.defer(JobName.PERFORM_RUN, f"run:{run.id}")
    return run


def repeat(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Run:
    """Have a run done again over the very same answers, truths and predictions; it changes no item."""
    first = reach.run(tx, actor, uid)
    if first.state != RunState.DONE:
        raise NotDone(mend="Wait until it is, then repeat it.")
    again = Run(
        project_id=first.project_id,
        state=RunState.WAITING,
        cause=RunCause.PERSON,
        repeats_id=first.id,
        method=first.method,
        parameters=first.parameters,
        policy=first.policy,
        costs=first.costs,
        saving=first.saving,
        classes=first.classes,
        seed=first.seed,
        code_version=__version__,
        answers_until=first.answers_until,
        predictions_until=first.predictions_until,
        truths=first.truths,
        weights=first.weights,
        created_at=tx.now,
    )
    tx.session.add(again)
    tx.session.flush()
    tx.defer(JobName.PERFORM_RUN, f"run:{again.id}")
    return again


def begin(tx: Transaction, project_id: int) -> int | None:
    """Open the run that new answers call for (or go on with one that was cut off); give its key.

    A large project takes long to judge: there is no new run before the last one rested `REST` times as long as it
    took, so that those who answer are not slowed down by those who reckon. Then give nothing, and come again.
    """
    project = projects.by_id(tx.session, project_id, lock=True)
    last = runs.latest(tx.session, project_id)
    if last is not None and last.finished_at is not None:
        rested = last.finished_at + REST * (last.finished_at - last.created_at)
        if tx.now < rested:
            tx.defer(JobName.AGGREGATE, f"project:{project_id}", after=(rested - tx.now).total_seconds())
            return None
    run = runs.waiting(tx.session, project_id, RunCause.ANSWERS) or _new(tx, project, RunCause.ANSWERS)
    return run.id


def bound(tx: Transaction, run_id: int) -> None:
    """Note up to which answer and prediction a run reads: all that are in, or are just coming in."""
    run = runs.by_id(tx.session, run_id)
    if run.state == RunState.WAITING and run.repeats_id is None:
        projects.settle(tx.session, run.project_id)
        run.answers_until = answers.last(tx.session, run.project_id)
        run.predictions_until = predictions.last(tx.session, run.project_id)


def read(tx: Transaction, run_id: int) -> Reading | None:
    """Read a project into a problem, as far as the run is bound; give nothing where the run is done already."""
    run = runs.by_id(tx.session, run_id)
    if run.state != RunState.WAITING:
        return None
    project = projects.by_id(tx.session, run.project_id)
    votes = answers.votes(tx.session, run.project_id, until=run.answers_until)
    rows = items.numbered(tx.session, run.project_id)
    if run.repeats_id is not None:
        rows = rows[: (run.truths or {}).get("items", len(rows))]
    coded = problems.coded(votes, rows, run.classes)
    columns = coded.votes
    if run.repeats_id is None:
        run.weights = {
            str(key): weight for key, weight in restrictions.weights(tx.session, run.project_id).items()
        }
    hidden = [code for code, row in enumerate(rows) if row[2] == ItemState.GOLD and run.repeats_id is None]
    known = run.truths
    if run.repeats_id is None or known is None:
        known = {
            "items": len(rows),
            "labels": {row[1]: row[3] for row in rows if row[3]},
            "selected": _selected(tx, run.project_id, rows, columns),
        }
    # A run from before these were told apart is repeated as it was.
    selected = {*known.get("selected", ())}
    truths: dict[Hashable, list[str]] = known["labels"]
    problem = Problem(
        votes=columns,
        gold=Gold.of(columns, truths),
        predictions=_predictions(tx, run, coded.items),
        selected=np.array([row[1] in selected for row in rows], dtype=bool) if selected else None,
        method=run.method,
        parameters=run.parameters,
        policy=Policy.of(run.policy),
        costs=None if run.costs is None else np.array(run.costs, dtype=np.float64),
        saving=ExpectedSaving(**run.saving),
        savings=orders.of(project.plan).by_saving,
        reports=np.array([row[4] for row in rows], dtype=np.int64),
        weights=figures.weights({int(key): w for key, w in run.weights.items()}, coded.workers.tolist()),
        complete=np.array([routing.routable(row[2], row[4]) for row in rows], dtype=bool),
        resamples=RESAMPLES,
        seed=run.seed,
    )
    return Reading(
        run_id=run.id,
        problem=problem,
        items=coded.items.tolist(),
        workers=coded.workers.tolist(),
        order=coded.order,
        answers_until=run.answers_until,
        predictions_until=run.predictions_until,
        truths=known,
        hidden=hidden,
        # Answers are read in the order of their coming, and votes stand in that of items, then workers.
        rank=np.lexsort((votes.worker, votes.item)).astype(np.float64) if hidden else None,
    )


def write(tx: Transaction, reading: Reading, judgement: Judgement, health: GoldHealth | None = None) -> Run:
    """Write down what a run found: scores, the items' next states, reviews for what is doubtful."""
    run = runs.by_id(tx.session, reading.run_id, lock=True)
    if run.state != RunState.WAITING:
        # Another runner, who was given the job when this one seemed dead, was faster.
        return run
    project = projects.by_id(tx.session, run.project_id, lock=True)
    run.state = RunState.DONE
    run.finished_at = tx.now
    run.answers_until, run.predictions_until = reading.answers_until, reading.predictions_until
    run.truths = reading.truths
    run.input_hash = fingerprints.of_problem(reading.problem)
    run.output_hash = fingerprints.of_judgement(judgement)
    summary = _summary(reading, judgement)
    if run.repeats_id is not None:
        first = runs.by_id(tx.session, run.repeats_id)
        summary["same_input"] = run.input_hash == first.input_hash
        summary["same_output"] = run.output_hash == first.output_hash
    # Whole: what is put into it afterwards would not be seen.
    run.summary = summary
    if run.repeats_id is not None:
        return run
    scores.add(tx.session, run.id, judgement, items=reading.items, workers=reading.workers)
    about_gold = gold_health.keep(tx, run, reading.problem, health, items=reading.items, workers=reading.workers)
    run.summary = summary | {"gold": about_gold}
    complete = np.asarray(reading.problem.complete, dtype=bool)
    routing.send(tx, run, project, reading.items, complete, judgement.routes)
    rerank(tx, project, reading.items, Judged.of(judgement))
    scores.forget_items(tx.session, project.id, before=run.id)
    effects.ask_again(tx, project)
    return run


def fail(tx: Transaction, run_id: int, error: CrowdqcError) -> None:
    """Give a run up, with the reason."""
    run = runs.by_id(tx.session, run_id, lock=True)
    if run.state != RunState.WAITING:
        return
    run.state = RunState.FAILED
    run.finished_at = tx.now
    run.failure = {"what": error.detail, "mend": error.mend}


def get(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Run:
    return reach.run(tx, actor, uid)


def latest(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Run | None:
    return runs.latest(tx.session, reach.project(tx, actor, project_uid).id)


def page(
    tx: Transaction, actor: Actor, project_uid: uuid.UUID, *, before: uuid.UUID | None, limit: int
) -> Sequence[Run]:
    """Give a project's runs, the newest first."""
    project = reach.project(tx, actor, project_uid)
    start = None if before is None else reach.run(tx, actor, before).id
    return runs.page(tx.session, project.id, before=start, limit=limit)


def _new(tx: Transaction, project: projects.Project, cause: RunCause) -> Run:
    plan = plans.read(project.plan, project.classes)
    run = Run(
        project_id=project.id,
        state=RunState.WAITING,
        cause=cause,
        method=plan.method,
        # The defaults as well, so that a later version with other defaults repeats it as it was.
        parameters=asdict(method(plan.method, plan.parameters)),  # type: ignore[call-overload]
        policy=plan.policy().to_json(),
        costs=None if plan.costs is None else [list(row) for row in plan.costs],
        saving={"price": plan.answer_cost, "expert_price": plan.expert_cost, "maximum": plan.max_overlap},
        classes=list(project.classes),
        # The project's own, so that an item is drawn for audit or not, whatever the run.
        seed=project.uid.int & ((1 << 63) - 1),
        code_version=__version__,
        created_at=tx.now,
    )
    tx.session.add(run)
    tx.session.flush()
    return run


def _predictions(tx: Transaction, run: Run, item_ids: np.ndarray) -> Predictions | None:
    of_items, of_models, table = predictions.columns(
        tx.session, run.project_id, len(run.classes), until=run.predictions_until
    )
    if not len(of_items):
        return None
    model_ids = np.unique(of_models)
    named = predictions.by_keys(tx.session, run.project_id)
    return Predictions.coded(
        np.searchsorted(item_ids, of_items),
        np.searchsorted(model_ids, of_models),
        table,
        models=[named[key].title for key in model_ids.tolist()],
        n_items=len(item_ids),
        n_classes=len(run.classes),
    )


#: Signals by which an item comes before an expert for something else than the answers to it.
_OUTSIDE = frozenset({"contradiction", "reports", "round"})


def _selected(tx: Transaction, project_id: int, rows: Sequence[problems.ItemRow], votes: Votes) -> list[str]:
    """Name the decided items that an expert saw for another reason than what workers say of them.

    Where the answers themselves sent an item to him (they disagree; it was drawn for audit), the model of the
    answers allows for that. A single answer disagrees with nobody.
    """
    reasons = reviews.reasons_of_decided(tx.session, project_id)
    answered = votes.answers_per_item()
    return [
        row[1]
        for code, row in enumerate(rows)
        if row[3]
        and row[2] != ItemState.GOLD
        and (answered[code] < 2 or not _OUTSIDE.isdisjoint(reasons.get(row[0], ())))
    ]


def _choice(choice: Choice | None) -> dict[str, Any] | None:
    if choice is None:
        return None
    candidates = [
        {name: number(value) if isinstance(value, float) else value for name, value in asdict(each).items()}
        for each in choice.candidates
    ]
    return {"method": choice.method, "reason": choice.reason, "candidates": candidates}


def _summary(reading: Reading, judgement: Judgement) -> dict[str, Any]:
    votes = reading.problem.votes
    names = [name for name, gold in zip(judgement.routes.names(), judgement.items.gold, strict=True) if not gold]
    return {
        "items": votes.n_items,
        "workers": votes.n_workers,
        "answers": len(votes),
        "gold_items": int(judgement.items.gold.sum()),
        "tied_items": int(judgement.items.tied.sum()),
        "routes": {route: names.count(route) for route in ("accept", "ask_more", "review", "wait")},
        "iterations": judgement.consensus.iterations,
        "converged": judgement.consensus.converged,
        "weights": _weights(reading.problem, judgement),
        "choice": _choice(judgement.consensus.choice),
        "class_prior": [number(share) for share in judgement.consensus.class_prior],
        "agreement": {
            name: {
                "value": number(each.value),
                "low": number(each.low),
                "high": number(each.high),
                "items": each.items,
                "answers": each.answers,
            }
            for name, each in judgement.agreement.items()
        },
    }


def _weights(problem: Problem, judgement: Judgement) -> dict[str, Any] | None:
    """Say of how many workers the answers were left out, or counted in part; None where of none."""
    if problem.weights is None:
        return None
    given = np.asarray(problem.weights)
    return {
        "excluded": int((given == 0).sum()),
        "discounted": int(((given > 0) & (given < 1)).sum()),
        "heeded": judgement.heeded,
    }
