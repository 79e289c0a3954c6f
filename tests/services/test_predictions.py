"""What models say of items: probabilities, once for each version of a model."""

from __future__ import annotations

from typing import Any

from crowdqc.assembly import Installation
from crowdqc.records import Model, Prediction, predictions
from crowdqc.records.predictions import unpacked
from crowdqc.records.uploads import UploadKind
from crowdqc.services import projects
from tests.services import factories
from tests.services.factories import bring, look


def test_probabilities_are_read_however_they_are_written(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=9)
    content = (
        b'{"item": "i0", "probabilities": {"cat": 0.5, "owl": 0.5}}\n'
        b'{"item": "i1", "probabilities": [0.25, 0.25, 0.5]}\n'
        b'{"item": "i2", "cat": 1}\n'
        b'{"item": "i3", "p:dog": "1.0"}\n'
        b'{"item": "i4", "probabilities": "{\\"dog\\": 1}"}\n'
        b'{"item": "i5", "probabilities": [1.0, 0.0]}\n'
        b'{"item": "i5", "probabilities": {"emu": 1.0}}\n'
        b'{"item": "i5", "probabilities": {"cat": 0.6, "dog": 0.6}}\n'
        b'{"item": "i5", "probabilities": {"cat": -0.5, "dog": 1.0}}\n'
        b'{"item": "i5"}\n'
        b'{"probabilities": [1, 0, 0]}\n'
        b'{"item": "no", "probabilities": [1, 0, 0]}\n'
        b'{"item": "i0", "probabilities": {"cat": 0.5, "owl": 0.5}}\n'
        b'{"item": "i0", "probabilities": {"cat": 1}}\n'
    )
    named = {"kind": UploadKind.PREDICTIONS, "model": "m", "version": "1"}
    upload = bring(place, owner, project, content, **named)
    assert (upload.state, upload.kept, upload.unchanged, upload.faulty) == ("done", 5, 1, 8)
    assert [line for line, _ in factories.faults(place, owner, upload)] == [6, 7, 8, 9, 10, 11, 12, 14]
    (model,) = factories.every(place, Model, Model.project_id == project.id)
    kept = factories.every(place, Prediction, Prediction.model_id == model.id)
    assert [unpacked(each.probabilities, 3).tolist() for each in kept] == [
        [0.5, 0.0, 0.5], [0.25, 0.25, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0],
    ]  # fmt: skip
    bring(place, owner, project, b'{"item": "i0", "cat": 1}\n', **(named | {"version": "2"}))
    told = [(each.name, each.version, number) for each, number in look(place, projects.models, owner, project.uid)]
    assert told == [("m", "1", 5), ("m", "2", 1)]


def test_views_folds_and_roles(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=3)
    named = {"kind": UploadKind.PREDICTIONS, "model": "m", "version": "1"}
    content = b"item,view,p:cat,p:dog,p:owl\ni0,0,1,0,0\ni0,1,0,1,0\ni0,1,0,0,1\ni1,x,1,0,0\ni2,0,1,0,0\n"
    upload = bring(place, owner, project, content, role="views", filename="p.csv", **named)
    assert (upload.kept, upload.faulty) == (3, 2)
    assert [line for line, _ in factories.faults(place, owner, upload)] == [4, 5]
    # A student has one view.
    upload = bring(place, owner, project, content, filename="q.csv", **(named | {"model": "s"}))
    assert [each[0] for each in factories.faults(place, owner, upload)] == [3, 4, 5]
    # What a model is, it stays.
    upload = bring(place, owner, project, b"item,p:cat\ni1,1\n", role="teacher", filename="r.csv", **named)
    assert factories.faults(place, owner, upload) == [(2, "model")]
    models = {each.name: each for each in factories.every(place, Model, Model.project_id == project.id)}
    assert (models["m"].role, models["m"].fold, models["s"].role) == ("views", "unknown", "student")


def test_in_sample_predictions_are_refused_unless_said_and_then_not_heard(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=2)
    named = {"kind": UploadKind.PREDICTIONS, "version": "1", "filename": "p.csv"}
    content = b"item,fold,p:cat\ni0,3,1\ni1,in_sample,1\n"
    upload = bring(place, owner, project, content, model="a", **named)
    assert (upload.kept, factories.faults(place, owner, upload)) == (1, [(3, "fold")])
    upload = bring(place, owner, project, content, model="b", fold="in_sample", **named)
    assert upload.kept == 2
    with place.reading() as tx:
        heard = predictions.columns(tx.session, project.id, 3, until=1 << 40)
        said = predictions.said(tx.session, models(tx, project.id)["b"].id, 3)
    assert len(heard[0]) == 1
    assert said[2].tolist() == [[1, 0, 0], [1, 0, 0]]


def models(tx: Any, project_id: int) -> dict[str, Model]:
    return {model.name: model for model, _ in predictions.models(tx.session, project_id)}
