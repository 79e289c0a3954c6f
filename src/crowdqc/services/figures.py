"""Figures of workers over all answers of a project, for the rules that speak of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality import Consensus, Gold, Problem, examine, judge, score_workers
from crowdqc.quality.judgement import counted
from crowdqc.quality.rules import Figure, figures_of
from crowdqc.records import answers, items, restrictions
from crowdqc.records.projects import Project
from crowdqc.services import plans, problems
from crowdqc.services.histories import FiguresByLevel, Sight
from crowdqc.services.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """From what figures are worked out: a value that can be sent to another process."""

    problem: Problem
    #: The key of each answer, in the order of the problem's votes.
    order: NDArray[np.int64]
    #: The workers, by their keys inside, in the order that is wanted.
    among: Sequence[Hashable]
    #: Of the intervals.
    levels: Sequence[float]
    #: What a run concluded from the problem; None: it is still to be done.
    consensus: Consensus | None = None


def read(tx: Transaction, project: Project, among: Sequence[Hashable], levels: Sequence[float]) -> Wanted:
    """Read a project as it is now into what figures are worked out from."""
    columns = answers.votes(tx.session, project.id, until=answers.last(tx.session, project.id))
    rows = items.numbered(tx.session, project.id)
    coded = problems.coded(columns, rows, project.classes)
    plan = plans.read(project.plan, project.classes)
    problem = Problem(
        votes=coded.votes,
        gold=Gold.of(coded.votes, {row[1]: row[3] for row in rows if row[3]}),
        method=plan.method,
        parameters=plan.parameters,
        costs=None if plan.costs is None else np.array(plan.costs, dtype=np.float64),
        weights=weights(restrictions.weights(tx.session, project.id), coded.workers.tolist()),
        resamples=0,
    )
    return Wanted(problem, coded.order, among, levels)


def of_run(sight: Sight, problem: Problem, order: NDArray[np.int64], consensus: Consensus) -> Wanted:
    """Take the figures that rules ask for out of what a run read and concluded."""
    levels = sorted({asked.rule.level for asked in sight.asked})
    return Wanted(problem, order, sight.history.events.workers, levels, consensus)


def work_out(wanted: Wanted) -> FiguresByLevel:
    """Examine the workers; who is left out of the aggregation has no figures."""
    problem = wanted.problem
    keep = counted(problem)
    votes, order = problem.votes.where(keep), wanted.order[keep]
    if not len(votes):
        return {}
    gold = problem.gold or Gold.none(votes)
    consensus = wanted.consensus or judge(replace(problem, resamples=0)).consensus
    found: dict[float, dict[str, Figure]] = {}
    for level in wanted.levels:
        evidence = examine(
            votes, consensus, gold, order=order, costs=problem.costs, level=level, seed=problem.seed
        )
        scores = score_workers(votes, consensus, gold, level=level)
        found[level] = figures_of(evidence, scores, votes.workers, among=wanted.among, level=level)
    return found


def weights(of_workers: dict[int, float], workers: Sequence[int]) -> NDArray[np.float64] | None:
    """Give how much each worker's answers count, in an order; None where all count whole."""
    found = np.array([of_workers.get(worker, 1.0) for worker in workers], dtype=np.float64)
    return None if (found == 1).all() else found
