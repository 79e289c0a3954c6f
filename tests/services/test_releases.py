"""Releases: frozen, numbered, chained and hashed; what is in them; what changed between two."""

from __future__ import annotations

import hashlib
import io
import json

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from crowdqc.assembly import Installation
from crowdqc.formats import frozen
from crowdqc.formats.canonical import canonical
from crowdqc.records import Release, Review, Run
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.services import freezing, reach, releases
from crowdqc.services.freezing import BadCertificate
from crowdqc.services.releases import NoSuchRelease, NotReady
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, bring, do, look
from tests.services.frozen import correct, lines, lived_in, manifest, release


def test_a_release_holds_each_label_with_its_whole_history(place: Installation, clock: Clock) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = lived_in(place, owner)
    correct(place, eve, project, "i1", "owl")
    found = release(place, owner, project, note="the first")
    assert (found.number, found.state, found.labels, found.note) == (1, "ready", 6, "the first")
    told = lines(place, found)
    assert [*told] == ["i0", "i1", "i2", "i3", "g", "ünïcode"]
    brief = {key: (each["label"], each["confidence"], each["source"], each["state"]) for key, each in told.items()}
    assert brief["i0"] == ("cat", 1.0, "consensus", "open")
    assert brief["i1"] == ("owl", 1.0, "decision", "decided")
    assert brief["i3"] == (None, None, None, "open")
    assert brief["g"] == ("dog", 1.0, "gold", "gold")
    one = told["i1"]
    assert [(each["label"], each["counted"], each["late"], each["weight"]) for each in one["answers"]] == [
        ("cat", True, False, 1.0), ("dog", True, False, 1.0), ("owl", True, False, 1.0)
    ]  # fmt: skip
    assert {each["guideline_version"] for each in one["answers"]} == {1}
    assert one["counts"] == {"cat": 1, "dog": 1, "owl": 1}
    (decision,) = one["decisions"]
    assert (decision["verdict"], decision["label"], decision["decided_at"]) == (
        "correct", "owl", clock().isoformat()
    )  # fmt: skip
    assert decision["reasons"]
    assert one["predictions"] == {"m 1": {"label": "owl", "probability": 0.7}}
    assert told["g"]["truth"] == {
        "labels": ["dog"], "gold": True, "reason": "seen", "source": "file", "at": clock().isoformat()
    }  # fmt: skip
    assert told["ünïcode"]["content"] == {"text": "x", "size": 3.5}
    assert told["ünïcode"]["metadata"] == {"weather": "rain"}
    assert sum(told["i2"]["posterior"].values()) == pytest.approx(1.0)
    # The same worker has one name in all of it, and not his own.
    workers = {each["worker"] for line in told.values() for each in line["answers"]}
    assert len(workers) == 3
    assert "Nemo" not in json.dumps(told)


def test_the_manifest_counts(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = lived_in(place, owner)
    correct(place, eve, project, "i1", "owl")
    told = manifest(release(place, owner, project, certificate={"at_least": 0.5}))
    assert told["format"] == "crowdqc-release/1"
    assert told["labels"]["by_class"] == {"cat": 2, "dog": 1, "owl": 1}
    assert told["labels"]["by_source"] == {"consensus": 2, "decision": 1, "gold": 1}
    assert sum(told["labels"]["by_state"].values()) == told["labels"]["number"] == 6
    assert told["answers"] == {"number": 8, "counted": 8, "late": 0, "discounted": 0}
    assert told["run"]["method"] == "majority_vote"
    assert told["models"] == [{"name": "m", "version": "1", "predictions": 2}]
    assert told["certificate"] == {"at_least": 0.5}
    assert told["fields"] == {"text": "text", "size": "number"}
    assert told["project"]["classes"] == [*factories.CLASSES]
    assert {(each["label"], each["said"], each["answers"]) for each in told["confusions"]} == {
        ("owl", "cat", 1), ("owl", "dog", 1), ("cat", "dog", 1)
    }  # fmt: skip
    # Of three workers no quartile is told: each would be somebody's own figure.
    assert told["workers"] == {
        "number": 3, "answers": None, "gold_accuracy": None, "consensus_accuracy": None, "median_seconds": None
    }  # fmt: skip


def test_hashes_are_of_what_is_there(place: Installation, clock: Clock) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    first = release(place, owner, project)
    clock.advance(100)
    second = release(place, owner, project)
    # Nothing changed: the same labels, and yet another release, which names the one before it.
    assert first.labels_sha256 == second.labels_sha256
    assert first.content_hash != second.content_hash
    assert (manifest(first)["previous"], manifest(second)["previous"]) == (
        None, {"number": 1, "content_hash": first.content_hash}
    )  # fmt: skip
    with freezing.opened(place.storage, first) as stream:
        plain = b"".join(frozen.raw(stream))
    assert hashlib.sha256(plain).hexdigest() == first.labels_sha256
    assert hashlib.sha256((first.manifest or "").encode()).hexdigest() == first.content_hash
    assert canonical(manifest(first)).decode() == first.manifest
    for each, before in ((first, None), (second, first)):
        assert releases.verify(place.storage, each, before).holds
    aggregate(place, owner, project)
    assert release(place, owner, project).labels_sha256 == first.labels_sha256


@pytest.mark.parametrize("change", ["UPDATE releases SET note = 'x'", "DELETE FROM releases"])
def test_nothing_of_a_ready_release_changes(place: Installation, change: str) -> None:
    owner = factories.requester(place)
    found = release(place, owner, factories.project(place, owner, items=2))
    waiting = do(place, releases.begin, owner, _project_uid(place, found))
    with pytest.raises(DatabaseError, match="a release that is ready is never changed"), place.transaction() as tx:
        tx.session.execute(text(change + " WHERE number = 1"))
    with place.transaction() as tx:
        tx.session.execute(text("UPDATE releases SET note = 'changed' WHERE number = 2"))
    assert look(place, releases.get, owner, waiting.uid).note == "changed"


def _project_uid(place: Installation, found: Release):  # type: ignore[no-untyped-def]
    with place.reading() as tx:
        return releases.projects.by_id(tx.session, found.project_id).uid


def test_what_is_forged_shows(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    first, second = release(place, owner, project), release(place, owner, project)
    with freezing.opened(place.storage, first) as stream:
        plain = [*frozen.raw(stream)]
    forged = [plain[0].replace(b'"label":"cat"', b'"label":"dog"', 1), *plain[1:]]
    for content, part in (
        (b"".join(frozen.packed(forged)), "SHA-256"),
        (b"".join(frozen.packed(plain[:-1])), "lines"),
        (b"".join(frozen.packed(plain))[:-9], "damaged"),
        (b"", "lines"),
        (b"no gzip", "damaged"),
    ):
        assert first.storage_key is not None
        place.storage.put(first.storage_key, io.BytesIO(content), limit=1 << 30)
        proof = releases.verify(place.storage, first, None)
        assert not proof.holds
        assert part in " ".join(proof.faults), content
    place.storage.delete(first.storage_key or "")
    assert releases.verify(place.storage, first, None).faults == ["Its file of lines is not there."]
    # A chain in which the link is another.
    assert releases.verify(place.storage, second, None).faults == [
        "The release before it has another hash than the one it names."
    ]


def test_labels_as_columns(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    found = release(place, owner, project)
    columns = freezing.columns(place.storage, found, project.classes)
    told = lines(place, found)
    assert columns.items == [*told]
    names = [None if code < 0 else project.classes[code] for code in columns.label]
    assert names == [each["label"] for each in told.values()]
    assert [None if np.isnan(each) else each for each in columns.confidence] == [
        each["confidence"] for each in told.values()
    ]
    assert [None if code < 0 else frozen.SOURCES[code] for code in columns.source] == [
        each["source"] for each in told.values()
    ]
    assert columns.state == [each["state"] for each in told.values()]
    with pytest.raises(frozen.Damaged, match="Line 1"):
        freezing.columns(place.storage, found, ["owl"])


def test_what_changed_between_two(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = lived_in(place, owner)
    one = release(place, owner, project)
    correct(place, eve, project, "i1", "owl")
    more = b"worker,item,label\nDora,i2,dog\nDora,i0,cat\n"
    bring(place, owner, project, more, filename="b.csv", kind=UploadKind.ANSWERS)
    bring(place, owner, project, factories.rows([{"item": "new", "text": "new"}]))
    aggregate(place, owner, project)
    two = release(place, owner, project)
    with releases.changes(place.storage, one, two) as changes:
        found = {each.item: each for each in changes}
    told = changes.summary
    assert (told.before, told.after, told.unchanged) == (6, 7, 3)
    assert dict(told.kinds) == {"label": 2, "added": 1, "history": 1}
    assert dict(told.because) == {"decision": 1, "answers": 1}
    assert dict(told.pairs) == {("cat", "owl"): 1, ("cat", "dog"): 1}
    assert (found["i1"].because, found["i1"].detail["verdict"]) == ("decision", "correct")
    assert found["i2"].detail == {"come": 1}
    assert (found["i2"].before or {})["counts"] == {"cat": 1, "dog": 1}
    assert (found["i2"].after or {})["counts"] == {"cat": 1, "dog": 2}
    assert found["i2"].by == pytest.approx(2 / 3 - 0.5)
    assert (found["i0"].kind, found["i0"].because) == ("history", "answers")
    assert (found["new"].kind, found["new"].before) == ("added", None)
    with releases.changes(place.storage, two, one) as changes:
        back = {each.item: each for each in changes}
    assert {key: each.kind for key, each in back.items()} == {
        key: {"added": "removed"}.get(each.kind, each.kind) for key, each in found.items()
    }
    assert back["i1"].detail == {"undone": 1}
    with releases.changes(place.storage, two, two) as changes:
        assert [*changes] == []
    assert changes.summary.unchanged == 7


def test_releases_are_named_by_those_who_see_them(place: Installation) -> None:
    owner, stranger = factories.requester(place), factories.requester(place, "sid")
    project = factories.project(place, owner, items=1)
    other = factories.project(place, owner, items=1, name="other")
    first, second = release(place, owner, project), release(place, owner, project)
    apart = release(place, owner, other)
    assert apart.number == 1
    page = look(place, releases.page, owner, project.uid, after=None, limit=10)
    assert [each.number for each in page] == [2, 1]
    page = look(place, releases.page, owner, project.uid, after=second.uid, limit=10)
    assert [each.number for each in page] == [1]
    for use, given in (
        (releases.get, (stranger, first.uid)),
        (releases.get, (owner, factories.uid())),
    ):
        with pytest.raises(NoSuchRelease):
            look(place, use, *given)
    with pytest.raises(reach.NoSuchProject):
        do(place, releases.begin, stranger, project.uid)
    for uid, since in ((first.uid, None), (second.uid, apart.uid), (second.uid, factories.uid())):
        with pytest.raises(NoSuchRelease):
            look(place, releases.pair, owner, uid, since=since)
    before, after = look(place, releases.pair, owner, second.uid, since=None)
    assert (before.uid, after.uid) == (first.uid, second.uid)
    waiting = do(place, releases.begin, owner, project.uid)
    with pytest.raises(NotReady):
        look(place, releases.pair, owner, waiting.uid, since=None)


def test_a_certificate_stands_beside_a_release(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    found = release(place, owner, project)
    with place.transaction() as tx:
        made = freezing.certify(tx, found, {"at_least": 0.991, "confidence": 0.95, "audited": 400}, by=owner.id)
    told = json.loads(made.body)
    assert told["release"] == {"number": 1, "content_hash": found.content_hash}
    assert hashlib.sha256(made.body.encode()).hexdigest() == made.content_hash
    again, _, beside = look(place, releases.whole, owner, found.uid)
    assert again.content_hash == found.content_hash
    assert [each.content_hash for each in beside] == [made.content_hash]
    with pytest.raises(DatabaseError, match="only ever added"), place.transaction() as tx:
        tx.session.execute(text("DELETE FROM certificates"))
    for bad in ({"share": float("nan")}, {"when": object()}):
        with pytest.raises(BadCertificate):
            do(place, releases.begin, owner, project.uid, certificate=bad)
        with pytest.raises(BadCertificate), place.transaction() as tx:
            freezing.certify(tx, found, bad)
    with pytest.raises(NotReady), place.transaction() as tx:
        freezing.certify(tx, freezing.ask(tx, project.id), {})


def test_answers_that_weigh_less_or_nothing(place: Installation, clock: Clock) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=1, overlap=1, lease_seconds=60, method="majority_vote")
    slow = factories.take_one(place, crew[0], project)
    clock.advance(61)
    factories.submit(place, crew[1], factories.take_one(place, crew[1], project), "cat", seconds=2)
    factories.submit(place, crew[0], slow, "dog")
    assert [each["weight"] for each in lines(place, release(place, owner, project))["i0"]["answers"]] == [
        None,
        None,
    ]
    run = aggregate(place, owner, project)
    heeded = factories.worker_row(place, crew[1])
    with place.transaction() as tx:
        tx.session.get_one(Run, run.id).weights = {str(heeded.id): 0.25}
    bring(place, owner, project, b"worker,item,label\nlater,i0,owl\n", filename="a.csv", kind=UploadKind.ANSWERS)
    found = release(place, owner, project)
    told = [
        (each["label"], each["weight"], each["counted"], each["late"])
        for each in lines(place, found)["i0"]["answers"]
    ]
    assert told == [("cat", 0.25, True, False), ("dog", 0.0, False, True), ("owl", 0.0, False, False)]
    assert manifest(found)["answers"] == {"number": 3, "counted": 1, "late": 1, "discounted": 1}


def test_an_empty_project_can_be_released(place: Installation) -> None:
    owner = factories.requester(place)
    found = release(place, owner, factories.project(place, owner))
    assert (found.state, found.labels) == ("ready", 0)
    assert releases.verify(place.storage, found, None).holds
    assert lines(place, found) == {}


def test_what_is_discarded_has_no_label(place: Installation) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    project = lived_in(place, owner)
    one = release(place, owner, project)
    item = factories.item(place, project, "i1")
    (review,) = factories.every(place, Review, Review.item_id == item.id)
    factories.decide(place, eve, review, Verdict.DISCARD, comment="broken")
    two = release(place, owner, project)
    told = lines(place, two)["i1"]
    assert (told["label"], told["confidence"], told["state"]) == (None, None, "discarded")
    assert told["decisions"][0]["verdict"] == "discard"
    with releases.changes(place.storage, one, two) as changes:
        (change,) = [*changes]
    assert (change.kind, change.because, change.by) == ("label", "decision", None)
