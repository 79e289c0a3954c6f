"""How healthy a project's gold is: looked at beside each run, and kept for the latest one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from crowdqc.quality import Gold, Judgement, Problem
from crowdqc.quality.gold_health import ITEM_KINDS, GoldFinding, GoldHealth, examine_gold
from crowdqc.records import golds, people
from crowdqc.records.runs import Run
from crowdqc.records.scores import number
from crowdqc.services.transaction import Transaction

#: Findings about workers, classes and gold as a whole that are kept; those about items stand with these.
FINDINGS_KEPT = 200


def examined(
    problem: Problem, judgement: Judgement, hidden: Sequence[int], order: np.ndarray | None = None
) -> GoldHealth | None:
    """Examine the gold that a run read; nothing where there is none.

    Parameters
    ----------
    hidden
        Codes of the items that are gold. Those of which an expert decided are not among them: their answers were
        given before anybody knew the truth, and are expected to be mixed.
    order
        The rank of each answer, in the order of the votes.
    """
    if problem.gold is None or not len(hidden):
        return None
    accepted = np.zeros_like(problem.gold.accepted)
    accepted[list(hidden)] = problem.gold.accepted[list(hidden)]
    return examine_gold(problem.votes, judgement.consensus, Gold(accepted), order)


def keep(
    tx: Transaction,
    run: Run,
    problem: Problem,
    health: GoldHealth | None,
    *,
    items: Sequence[int],
    workers: Sequence[int],
) -> dict[str, Any] | None:
    """Keep what was found of each gold item; give what is found of workers, classes and gold as a whole.

    `items` and `workers` are the keys inside of the codes.
    """
    golds.forget_scores(tx.session, run.project_id, but=run.id)
    if health is None:
        return None
    golds.add_scores(tx.session, _rows(run, problem, health, items))
    others = [found for found in health.findings if found.kind not in ITEM_KINDS]
    named = people.workers_by_ids(tx.session, [found.about for found in others if found.kind == "knowing"])
    balance, ease = health.balance, health.ease
    return {
        "items": int(health.item.size),
        "share_wrong": number(health.suspects.share),
        "workers": int(health.exposures.workers),
        "ease": {
            name: number(getattr(ease, name)) for name in ("answers", "right", "expected", "low", "high", "pace")
        },
        "classes": [
            {
                "class": name,
                "gold": number(balance.gold[k]),
                "gold_share": number(balance.gold_share[k]),
                "rest_share": number(balance.rest_share[k]),
                "q_value": number(balance.q_value[k]),
                "lacks": int(balance.lacks[k]),
            }
            for k, name in enumerate(problem.votes.classes)
        ],
        "findings": [_told(found, named) for found in others[:FINDINGS_KEPT]],
    }


def _told(found: GoldFinding, named: dict[int, people.Worker]) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": found.kind, "q_value": number(found.q_value), "meaning": found.meaning}
    if found.kind == "knowing" and isinstance(found.about, int):
        worker = named[found.about]
        # The core knows a worker by his key inside, which nobody is to see.
        told["meaning"] = worker.name + found.meaning.removeprefix(str(found.about))
        return told | {"about": worker.name, "worker": str(worker.uid)}
    return told | {"about": found.about, "worker": None}


def _rows(run: Run, problem: Problem, health: GoldHealth, items: Sequence[int]) -> list[dict[str, Any]]:
    findings: dict[Any, list[GoldFinding]] = {}
    for found in health.findings:
        if found.kind in ITEM_KINDS:
            findings.setdefault(found.about, []).append(found)
    # In the order of the findings: suspects first, the surest of them before the others.
    ranks = {about: rank for rank, about in enumerate(findings)}
    suspects, exposures, leaks, trends = health.suspects, health.exposures, health.leaks, health.trends
    rows = []
    for g, code in enumerate(health.item.tolist()):
        key = problem.votes.items[code]
        says = int(suspects.says[g])
        rows.append(
            {
                "run_id": run.id,
                "item_id": items[code],
                "project_id": run.project_id,
                "rank": ranks.get(key),
                "answers": int(exposures.answers[g]),
                "says": says if says >= 0 else None,
                "says_share": number(suspects.says_share[g]),
                "wrong": number(suspects.wrong[g]),
                "wrong_q_value": number(suspects.q_value[g]),
                "good": int(suspects.good[g]),
                "dissent": int(suspects.dissent[g]),
                "share": number(exposures.share[g]),
                "over_exposed": bool(exposures.over[g]),
                "right": number(leaks.right[g]),
                "expected": number(leaks.expected[g]),
                "pace": number(leaks.pace[g]),
                "leak_q_value": number(leaks.q_value[g]),
                "rise_q_value": None if trends is None else number(trends.q_value[g]),
                "findings": [
                    {"kind": found.kind, "q_value": number(found.q_value), "meaning": found.meaning}
                    for found in findings.get(key, [])
                ],
            }
        )
    return rows
