"""How far models can be trusted: beside gold and consensus, counted by hand; and in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.assembly import Installation
from crowdqc.quality.calibration import fit_temperature
from crowdqc.records import Model
from crowdqc.records.projects import Project
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import models_health, projects
from crowdqc.services.models_health import Health, NoSuchModel
from tests.services import factories
from tests.services.factories import bring, do, look

CLASSES = ["cat", "dog", "owl"]


def test_a_model_beside_gold(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, classes=CLASSES)
    do(place, projects.set_guidelines, owner, project.uid, text="An OWL is no cat.\nDogs bark.")
    # g5 accepts two labels, and so says nothing of what is right alone; nothing is known of p0.
    truth = {"g0": "cat", "g1": "cat", "g2": "cat", "g3": "dog", "g4": "owl", "g5": "cat|dog", "p0": ""}
    _items(place, owner, project, truth)
    said = {"g0": 0, "g1": 0, "g2": 2, "g3": 1, "g4": 0, "g5": 1, "p0": 2}
    health = _health(place, owner, project, {item: _sure(k) for item, k in said.items()}, fold="out_of_fold")
    assert (health.predictions, health.items, list(health.warnings)) == (7, 7, [])
    (beside,) = health.beside
    assert (beside.what, beside.known, beside.items, beside.right) == ("truth", 5, 5, 3)
    assert beside.accuracy == pytest.approx(0.6)
    assert beside.low < 0.6 < beside.high
    assert beside.error == pytest.approx(0.2)  # 0.8 sure, 0.6 right
    assert beside.temperature is None  # five items tell nothing of it
    (full,) = beside.bins
    assert full.items == 5
    assert full.least <= 0.8 < full.most
    assert full.confidence == pytest.approx(0.8)
    cat, dog, owl = beside.classes
    assert (cat.said, cat.labels, cat.mistakes) == (3, 3, 1)
    assert cat.accuracy == pytest.approx(2 / 3)
    assert (dog.said, dog.accuracy, dog.share) == (1, 1.0, 0.0)
    assert (owl.said, owl.accuracy, owl.share) == (1, 0.0, 1.0)
    assert [(each.label, each.said, each.mistakes, each.guideline) for each in beside.pairs] == [
        ("cat", "owl", 1, "An OWL is no cat."),
        ("owl", "cat", 1, "An OWL is no cat."),
    ]
    assert (beside.guidelines, list(beside.warnings)) == (2, [])


def test_of_an_ensemble_the_mean_is_heard(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, classes=CLASSES)
    _items(place, owner, project, {"g0": "cat", "g1": "dog"})
    rows = "item,view,p:cat,p:dog,p:owl\ng0,0,0,1,0\ng0,1,1,0,0\ng0,2,1,0,0\ng1,0,0,1,0\n"
    named = {"kind": UploadKind.PREDICTIONS, "model": "m", "version": "1", "role": "ensemble"}
    bring(place, owner, project, rows.encode(), filename="p.csv", **named)
    (beside,) = look(place, models_health.health, owner, _model(place, project).uid).beside
    assert (beside.items, beside.right) == (2, 2)
    assert sorted(each.confidence or 0 for each in beside.bins) == pytest.approx([2 / 3, 1.0])


def test_who_foretells_too_much_is_warned_of(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, classes=CLASSES)
    truth = {f"g{n}": CLASSES[n % 3] for n in range(800)}
    _items(place, owner, project, truth)
    said = {item: _sure(CLASSES.index(label)) for item, label in truth.items()}
    (words,) = _health(place, owner, project, said).warnings
    assert words.startswith("It foretells so many labels that it has probably seen them.")
    known = _health(place, owner, project, said, fold="in_sample", version="2")
    assert [each[:31] for each in known.warnings] == ["The predictions are in-sample: "]
    assert _health(place, owner, project, said, fold="held_out", version="3").warnings == []


def test_memory_is_bounded_by_chance(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, classes=CLASSES)
    truth = {f"g{n}": CLASSES[n % 3] for n in range(300)}
    _items(place, owner, project, truth)
    said = {
        item: _sure(CLASSES.index(label) if n % 5 else (n + 1) % 3)
        for n, (item, label) in enumerate(truth.items())
    }
    whole = _health(place, owner, project, said).beside[0]
    assert (whole.known, whole.items, whole.right) == (300, 300, 240)
    table = np.array([*said.values()])
    expected = fit_temperature(table, [CLASSES.index(label) for label in truth.values()]).value
    assert whole.temperature == pytest.approx(expected, rel=0.05)
    monkeypatch.setattr(models_health, "CELLS", 3 * 100)
    part, again = (
        look(place, models_health.health, owner, _model(place, project).uid).beside[0] for _ in range(2)
    )
    assert (part.known, part.items) == (300, 100)
    assert 0.6 < part.accuracy < 0.95
    assert part.low < whole.accuracy < part.high
    assert again == part


def test_a_stranger_sees_none(place: Installation) -> None:
    owner, stranger = factories.requester(place), factories.requester(place, "sam")
    project = factories.project(place, owner, classes=CLASSES)
    _items(place, owner, project, {"g0": "cat"})
    _health(place, owner, project, {"g0": _sure(0)})
    with pytest.raises(NoSuchModel):
        look(place, models_health.health, stranger, _model(place, project).uid)


def _sure(k: int) -> list[float]:
    return [0.8 if place == k else 0.1 for place in range(3)]


def _items(place: Installation, owner: Actor, project: Project, truth: dict[str, str]) -> None:
    rows = "item,text,gold\n" + "".join(f"{item},{item},{label}\n" for item, label in truth.items())
    upload = bring(place, owner, project, rows.encode(), kind=UploadKind.ITEMS, filename="items.csv")
    assert upload.kept == len(truth)


def _model(place: Installation, project: Project, version: str = "1") -> Model:
    (found,) = factories.every(place, Model, Model.project_id == project.id, Model.version == version)
    return found


def _health(
    place: Installation,
    owner: Actor,
    project: Project,
    said: dict[str, list[float]],
    version: str = "1",
    **told: str,
) -> Health:
    rows = "item,p:cat,p:dog,p:owl\n" + "".join(f"{item},{a},{b},{c}\n" for item, (a, b, c) in said.items())
    named = {"kind": UploadKind.PREDICTIONS, "model": "m", "version": version, **told}
    bring(place, owner, project, rows.encode(), filename="p.csv", **named)
    return look(place, models_health.health, owner, _model(place, project, version).uid)
