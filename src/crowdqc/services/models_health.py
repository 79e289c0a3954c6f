"""How far the models of a project can be trusted: their probabilities beside what is known of the items."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crowdqc.errors import Missing
from crowdqc.quality.calibration import (
    IN_SAMPLE,
    calibration,
    class_calibration,
    fit_temperature,
    seems_in_sample,
)
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.label_errors import lines_by_pair, mistakes_by_class, mistakes_by_pair, pair_names
from crowdqc.records import items, predictions, projects, runs, scores
from crowdqc.records.items import TruthSource
from crowdqc.records.predictions import Fold, Model, ModelRole
from crowdqc.records.projects import Project
from crowdqc.records.scores import number
from crowdqc.roles import Actor
from crowdqc.services import reach
from crowdqc.services.transaction import Transaction

__all__ = ["Fold", "Model", "ModelRole"]

#: The most items that are looked at, and the most probabilities of them: bounds memory and time.
MOST, CELLS = 50_000, 2_000_000
#: Pairs of classes that are told.
PAIRS = 100
_CHUNK = 5000
#: Fewer items than these tell nothing of a temperature.
_FEW = 20

DECIDED = (
    "{decided:,} of these truths are decisions of experts, who are sent the items that models contradict: beside "
    "them a model looks worse than it is."
)
HEARD = "The consensus has heard models as well, so that it agrees with them more than the answers do."
TOO_GOOD = "It foretells so many labels that it has probably seen them. "


class NoSuchModel(Missing):
    """There is no such model among yours."""


class Bin(NamedTuple):
    """Items on which a model is about as sure: how sure, and how often it is right."""

    least: float
    most: float
    items: int
    confidence: float | None
    accuracy: float | None
    low: float
    high: float


class OfClass(NamedTuple):
    """A class: how often it is said and right, and how often it is there and missed."""

    name: str
    said: int
    confidence: float | None
    accuracy: float | None
    low: float
    high: float
    too_sure: bool
    labels: int
    mistakes: int
    share: float | None
    share_low: float
    share_high: float


class OfPair(NamedTuple):
    """A class that is taken for another, and what the guidelines say of the two."""

    label: str
    said: str
    mistakes: int
    share: float
    low: float
    high: float
    guideline: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What a model says beside labels that are known otherwise.

    Attributes
    ----------
    what
        "truth" or "consensus".
    known, items
        Items that have such a label and a prediction; of these, drawn by chance and looked at.
    right, accuracy, low, high
        On how many the model's likeliest class is the label; the share and its interval.
    error
        The expected calibration error.
    temperature
        Above 1: the model is too sure of itself; None where too little is known.
    guidelines
        Their version.
    warnings
        Why these figures are to be read with care.
    """

    what: str
    known: int
    items: int
    right: int
    accuracy: float
    low: float
    high: float
    error: float
    temperature: float | None
    bins: Sequence[Bin]
    classes: Sequence[OfClass]
    pairs: Sequence[OfPair]
    guidelines: int
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Health:
    """A model with how it stands beside the known truths, and beside the consensus on all other items."""

    model: Model
    project: Project
    #: Rows of predictions, and items of which it says anything.
    predictions: int
    items: int
    beside: Sequence[Beside]
    warnings: Sequence[str]


def health(tx: Transaction, actor: Actor, uid: uuid.UUID) -> Health:
    """Say how far a model can be trusted."""
    model = predictions.by_uid(tx.session, uid, owner_id=actor.own_only(reach.SEES_ALL))
    if model is None:
        raise NoSuchModel(model=str(uid))
    project = projects.by_id(tx.session, model.project_id)
    spoken = predictions.spoken_of(tx.session, model.id)
    truth, decided = _truths(tx, project)
    run = runs.latest(tx.session, project.id)
    found = [_beside(tx, model, project, "truth", spoken, truth, _of_truth(decided, truth, spoken))]
    if run is not None:
        others = _columns(scores.labels(tx.session, run.id))
        others = others[:, ~np.isin(others[0], truth[0])]
        heard = [HEARD] if run.method == "model_aware" else []
        found.append(_beside(tx, model, project, "consensus", spoken, others, heard))
    beside = [each for each in found if each is not None]
    rows = predictions.number_of(tx.session, model.id)
    return Health(model, project, rows, spoken.size, beside, _warnings(model, beside))


def _warnings(model: Model, beside: Sequence[Beside]) -> list[str]:
    if model.fold == Fold.IN_SAMPLE:
        return [IN_SAMPLE]
    if model.fold == Fold.UNKNOWN and any(seems_in_sample(each.right, each.items) for each in beside):
        return [TOO_GOOD + IN_SAMPLE]
    return []


def _truths(tx: Transaction, project: Project) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give items whose truth is one class, with its code, [2, n]; and those of which experts decided."""
    code = {name: place for place, name in enumerate(project.classes)}
    rows: list[tuple[int, int]] = []
    decided: list[int] = []
    for item, truth, source in items.truths(tx.session, project.id):
        if len(truth) == 1 and truth[0] in code:
            rows.append((item, code[truth[0]]))
            if source == TruthSource.DECISION:
                decided.append(item)
    return _columns(rows), np.array(decided, dtype=np.int64)


def _of_truth(decided: NDArray[np.int64], truth: NDArray[np.int64], spoken: NDArray[np.int64]) -> list[str]:
    there = int(np.isin(decided, spoken).sum())
    return [DECIDED.format(decided=there)] if there else []


def _columns(rows: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    return np.fromiter((value for row in rows for value in row), dtype=np.int64).reshape(-1, 2).T


def _beside(
    tx: Transaction,
    model: Model,
    project: Project,
    what: str,
    spoken: NDArray[np.int64],
    known: NDArray[np.int64],
    warnings: Sequence[str],
) -> Beside | None:
    """Compare a model with labels, [2, n]; nothing where it says nothing of any."""
    known = known[:, np.isin(known[0], spoken)]
    n, K = known.shape[1], len(project.classes)
    if not n or not K:
        return None
    most = min(MOST, CELLS // K)
    if n > most:
        # The same draw each time, so that a page that is loaded again says the same.
        known = known[:, np.sort(np.random.default_rng(model.id).choice(n, most, replace=False))]
    label = known[1]
    table = _said(tx, model, known[0], K)
    likeliest = table.argmax(axis=1)
    sure = np.minimum(table[np.arange(label.size), likeliest], 1.0)
    curve, of_class = calibration(sure, likeliest == label), class_calibration(table, label)
    mistakes = mistakes_by_class(label, likeliest, K)
    guidelines = projects.guideline(tx.session, project.id, project.guideline_version)
    said = lines_by_pair(guidelines.text if guidelines else "", project.classes)
    pairs = mistakes_by_pair(label, likeliest, K, guidelines=said)
    right = int((likeliest == label).sum())
    low, high = beta_interval(right, label.size)
    return Beside(
        what=what,
        known=n,
        items=label.size,
        right=right,
        accuracy=right / label.size,
        low=float(low),
        high=float(high),
        error=curve.error,
        temperature=fit_temperature(table, label).value if label.size >= _FEW else None,
        bins=[
            Bin(float(a), float(b), int(many), number(mean), number(share), float(low), float(high))
            for a, b, many, mean, share, low, high in zip(
                curve.edges[:-1],
                curve.edges[1:],
                curve.items,
                curve.confidence,
                curve.accuracy,
                curve.low,
                curve.high,
                strict=True,
            )
            if many
        ],
        classes=[
            OfClass(
                name,
                int(of_class.said[k]),
                number(of_class.confidence[k]),
                number(of_class.accuracy[k]),
                float(of_class.low[k]),
                float(of_class.high[k]),
                bool(of_class.too_sure[k]),
                int(mistakes.labels[k]),
                int(mistakes.mistakes[k]),
                number(mistakes.share[k]),
                float(mistakes.low[k]),
                float(mistakes.high[k]),
            )
            for k, name in enumerate(project.classes)
        ],
        pairs=[
            OfPair(
                *names,
                int(pairs.mistakes[m]),
                float(pairs.share[m]),
                float(pairs.low[m]),
                float(pairs.high[m]),
                pairs.guideline[m],
            )
            for m, names in enumerate(pair_names(pairs, project.classes)[:PAIRS])
        ],
        guidelines=project.guideline_version,
        warnings=warnings,
    )


def _said(tx: Transaction, model: Model, item_ids: NDArray[np.int64], K: int) -> NDArray[np.float64]:
    """Read a model's word on items, [n, K]: of an ensemble the mean of its members, else that on view 0."""
    table, views = np.zeros((item_ids.size, K)), np.zeros(item_ids.size)
    place = {item: row for row, item in enumerate(item_ids.tolist())}
    for start in range(0, item_ids.size, _CHUNK):
        part = predictions.existing(tx.session, model.id, item_ids[start : start + _CHUNK].tolist())
        for (item, view), blob in part.items():
            if view == 0 or model.role == ModelRole.ENSEMBLE:
                table[place[item]] += predictions.unpacked(blob, K)
                views[place[item]] += 1
    # An item of which only augmented views were predicted: nothing is said of the item itself.
    table[views == 0] = 1 / K
    total = table.sum(axis=1, keepdims=True)
    said: NDArray[np.float64] = np.divide(table, total, out=np.full_like(table, 1 / K), where=total > 0)
    return said
