"""Whether pre-labels draw answers to themselves: what those say who saw one, beside those who did not."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from crowdqc.errors import Conflict
from crowdqc.quality.label_errors import Anchoring, InvalidExperiment, anchoring
from crowdqc.records import answers, items, predictions
from crowdqc.roles import Actor
from crowdqc.services import pre_labels, reach
from crowdqc.services.transaction import Transaction


class NoExperiment(Conflict):
    """This project shows no pre-labels, or nobody has answered with and without one yet."""

    usual_mend = "Name a model in plan.pre_labels, and wait for answers."


@dataclass(frozen=True, slots=True)
class Experiment:
    """What came of showing pre-labels: of all, and of those that known truth proves wrong, where there are any."""

    model: str
    version: str
    since: datetime
    all: Anchoring
    wrong: Anchoring | None


def measure(tx: Transaction, actor: Actor, project_uid: uuid.UUID) -> Experiment:
    """Compare the answers of those who were shown a pre-label with those of the others; raise NoExperiment."""
    project = reach.project(tx, actor, project_uid)
    told = project.plan.get("pre_labels")
    if not told:
        raise NoExperiment
    since = datetime.fromisoformat(told["since"])
    rows = answers.leased_since(tx.session, project.id, since)
    said = predictions.likeliest(
        tx.session, project.id, told["model"], told["version"], {row.item_id for row in rows}
    )
    rows = [row for row in rows if row.item_id in said]
    truth = {row[0]: row[3] for row in items.numbered(tx.session, project.id) if row[3]}
    equal = np.array([row.label == said[row.item_id] for row in rows], dtype=bool)
    shown = np.array([pre_labels.is_shown(told, row) for row in rows], dtype=bool)
    wrong = np.array(
        [row.item_id in truth and project.classes[said[row.item_id]] not in truth[row.item_id] for row in rows],
        dtype=bool,
    )
    try:
        found = anchoring(equal, shown)
    except InvalidExperiment:
        raise NoExperiment from None
    try:
        proven = anchoring(equal, shown, wrong=wrong)
    except InvalidExperiment:
        proven = None
    return Experiment(told["model"], told["version"], since, found, proven)
