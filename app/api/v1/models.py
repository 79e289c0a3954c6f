"""Models over the API: which there are, and how far each can be trusted."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from pydantic import Field

from app.http import Api, Call
from app.shapes import Out
from crowdqc.roles import Role
from crowdqc.services import models_health, projects
from crowdqc.services.models_health import Beside, Fold, Health, Model, ModelRole

api = Api("models")

SEES = (Role.REQUESTER, Role.EXPERT, Role.QA_LEAD, Role.ADMIN)
TRUSTS = (Role.REQUESTER, Role.QA_LEAD, Role.ADMIN)


class ModelOut(Out):
    """One version of one model."""

    id: uuid.UUID
    name: str
    version: str
    role: ModelRole
    fold: Fold = Field(description="whether it had seen the labels of the items that it speaks of")
    predictions: int = Field(description="rows: an item, or a view of one")
    created_at: datetime

    @classmethod
    def of(cls, found: Model, predictions: int) -> ModelOut:
        return cls(
            id=found.uid,
            name=found.name,
            version=found.version,
            role=ModelRole(found.role),
            fold=Fold(found.fold),
            predictions=predictions,
            created_at=found.created_at,
        )


class ModelsOut(Out):
    """A project's models, in the order in which they came."""

    data: list[ModelOut]


class BinOut(Out):
    """Items on which the model is about as sure."""

    least: float
    most: float
    items: int
    confidence: float | None = Field(description="how sure it is on average")
    accuracy: float | None = Field(description="how often it is right")
    low: float
    high: float


class OfClassOut(Out):
    """A class: how often it is said and right, and how often it is there and missed."""

    name: str
    said: int
    confidence: float | None
    accuracy: float | None
    low: float
    high: float
    too_sure: bool = Field(description="whether the confidence lies above the interval of the accuracy")
    labels: int
    mistakes: int = Field(description="labels of the class that the model takes for another")
    share: float | None
    share_low: float
    share_high: float


class OfPairOut(Out):
    """A class that is taken for another."""

    label: str
    said: str
    mistakes: int
    share: float = Field(description="of the labels of the class")
    low: float
    high: float
    guideline: str = Field(description="lines of the guidelines that name both; empty: none does")


class BesideOut(Out):
    """The model beside labels that are known otherwise; intervals are at 95%."""

    what: str = Field(description="truth; or consensus, of all items whose truth is not known")
    known: int = Field(description="items with such a label and a prediction")
    items: int = Field(description="of these, drawn by chance and looked at")
    right: int
    accuracy: float
    low: float
    high: float
    error: float = Field(description="expected calibration error")
    temperature: float | None = Field(description="above 1: too sure of itself")
    bins: list[BinOut]
    classes: list[OfClassOut]
    pairs: list[OfPairOut] = Field(description="the most frequent first")
    guidelines: int = Field(description="version of the guidelines")
    warnings: list[str]

    @classmethod
    def of(cls, found: Beside) -> BesideOut:
        facts: dict[str, Any] = {name: getattr(found, name) for name in cls.model_fields}
        facts |= {
            "bins": [BinOut(**each._asdict()) for each in found.bins],
            "classes": [OfClassOut(**each._asdict()) for each in found.classes],
            "pairs": [OfPairOut(**each._asdict()) for each in found.pairs],
            "warnings": list(found.warnings),
        }
        return cls(**facts)


class ModelHealthOut(Out):
    """How far a model can be trusted."""

    model: ModelOut
    project: uuid.UUID
    items: int = Field(description="of which it says anything")
    beside: list[BesideOut]
    warnings: list[str]

    @classmethod
    def of(cls, found: Health) -> ModelHealthOut:
        return cls(
            model=ModelOut.of(found.model, found.predictions),
            project=found.project.uid,
            items=found.items,
            beside=[BesideOut.of(each) for each in found.beside],
            warnings=list(found.warnings),
        )


@api.get("/projects/{project}/models", roles=SEES)
def page(call: Call, project: uuid.UUID) -> ModelsOut:
    """List the models of a project, each with how many predictions it made."""
    found = projects.models(call.tx, call.actor, project)
    return ModelsOut(data=[ModelOut.of(each, count) for each, count in found])


@api.get("/models/{model}/health", roles=TRUSTS)
def health(call: Call, model: uuid.UUID) -> ModelHealthOut:
    """Compare a model's probabilities with the known truths, and with the consensus."""
    return ModelHealthOut.of(models_health.health(call.tx, call.actor, model))
