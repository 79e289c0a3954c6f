"""What models say of items: probabilities, once for each version of a model."""

from __future__ import annotations

from crowdqc.assembly import Installation
from crowdqc.records import Model, Prediction
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
