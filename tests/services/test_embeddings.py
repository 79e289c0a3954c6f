"""Where models put items: one vector each, all of a length."""

from __future__ import annotations

from crowdqc.assembly import Installation
from crowdqc.records import embeddings
from crowdqc.records.uploads import UploadKind
from tests.services import factories
from tests.services.factories import bring


def test_vectors_are_kept_and_what_is_none_is_named(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=4)
    content = (
        b'{"item": "i2", "embedding": [1, 2.5]}\n'
        b'{"item": "i0", "embedding": "[0.5, -1]"}\n'
        b'{"item": "i1", "embedding": [1, 2, 3]}\n'
        b'{"item": "i1", "embedding": [1, true]}\n'
        b'{"item": "i1", "embedding": [1, 1e60]}\n'
        b'{"item": "i1", "embedding": []}\n'
        b'{"item": "i1"}\n'
        b'{"item": "i9", "embedding": [1, 2]}\n'
        b'{"item": "i0", "embedding": [0.5, -1]}\n'
        b'{"item": "i0", "embedding": [0.5, 1]}\n'
    )
    named = {"kind": UploadKind.EMBEDDINGS, "model": "e", "version": "1"}
    upload = bring(place, owner, project, content, **named)
    assert (upload.state, upload.kept, upload.unchanged, upload.faulty) == ("done", 2, 1, 7)
    assert [line for line, _ in factories.faults(place, owner, upload)] == [3, 4, 5, 6, 7, 8, 10]
    with place.reading() as tx:
        ((model, number),) = embeddings.models(tx.session, project.id)
        of, vectors = embeddings.vectors(tx.session, model.id)
    assert (model.role, number, len(of)) == ("embedder", 2, 2)
    assert vectors.tolist() == [[0.5, -1.0], [1.0, 2.5]]
    # The next file must fit those before it.
    upload = bring(place, owner, project, b'{"item": "i3", "embedding": [1]}\n', **named)
    assert factories.faults(place, owner, upload) == [(1, "embedding")]
