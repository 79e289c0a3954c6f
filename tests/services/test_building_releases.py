"""How releases are built: in their order, from one moment, block by block, and anew where a runner died."""

from __future__ import annotations

import itertools

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.formats import Unreadable, frozen
from crowdqc.records import Job, items
from crowdqc.records.uploads import UploadKind
from crowdqc.services import freezing, releases, work
from crowdqc.services.label_histories import Histories
from crowdqc.services.releases import NotReady
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import bring, do, look
from tests.services.frozen import lines, lived_in, manifest, release


def test_several_that_wait_are_built_in_their_order(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    asked = [do(place, releases.begin, owner, project.uid) for _ in range(3)]
    jobs.perform_due(place)
    made = [look(place, releases.get, owner, each.uid) for each in asked]
    assert [each.number for each in made] == [1, 2, 3]
    for before, after in itertools.pairwise(made):
        assert manifest(after)["previous"]["content_hash"] == before.content_hash
    assert len(factories.every(place, Job, Job.name == "build_releases")) == 1


def test_a_runner_who_died_is_replaced(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    asked = do(place, releases.begin, owner, project.uid)
    dead = do(place, releases.start, project.id)
    assert dead is not None
    made = look(place, releases.write, dead)
    # Another takes over; the dead one wakes up after that and is too late.
    living = do(place, releases.start, project.id)
    assert living is not None
    assert living.left == dead.key
    assert not do(place, releases.finish, made)
    assert look(place, releases.get, owner, asked.uid).state == "building"
    jobs.perform_due(place)
    found = look(place, releases.get, owner, asked.uid)
    assert found.state == "ready"
    assert found.storage_key != dead.key
    assert releases.verify(place.storage, found, None).holds
    assert not do(place, releases.finish, made)


def test_one_that_fails_says_why_and_can_be_taken_up(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)

    def full(*_: object, **__: object) -> None:
        raise Unreadable("The disk is full.", mend="Make room.")

    with monkeypatch.context() as broken:
        broken.setattr(type(place.storage), "put", full)
        found = release(place, owner, project)
    assert (found.state, found.failure) == ("failed", {"what": "The disk is full.", "mend": "Make room."})
    with pytest.raises(NotReady, match="The disk is full"):
        freezing.columns(place.storage, found, project.classes)
    second = release(place, owner, project)
    assert (second.number, second.state, manifest(second)["previous"]) == (2, "ready", None)


def test_one_whose_job_is_given_up_is_failed_until_it_is_retried(
    place: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    asked = do(place, releases.begin, owner, project.uid)

    def away(*_: object, **__: object) -> None:
        raise OSError("away")

    with monkeypatch.context() as broken:
        broken.setattr(type(place.storage), "put", away)
        for _ in range(work.ATTEMPTS):
            jobs.perform_due(place)
            clock.advance(1000)
    assert look(place, releases.get, owner, asked.uid).state == "failed"
    (job,) = factories.every(place, Job, Job.name == "build_releases")
    do(place, work.retry, job.uid)
    jobs.perform_due(place)
    assert look(place, releases.get, owner, asked.uid).state == "ready"


def test_a_release_sees_one_moment(place: Installation) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    one = release(place, owner, project)
    with place.reading() as tx:
        histories = Histories(tx, project)
        # What comes meanwhile, answers of a worker who was not there before among it, is in the next release.
        said = b"worker,item,label\nNewcomer,i0,owl\nNewcomer,i3,owl\n"
        bring(place, owner, project, said, filename="b.csv", kind=UploadKind.ANSWERS)
        bring(place, owner, project, factories.rows([{"item": "new", "text": "new"}]))
        hashed = frozen.Hashed()
        assert len([*hashed.through(histories.lines())]) == 6
    assert hashed.sha256 == one.labels_sha256
    assert release(place, owner, project).labels == 7


def test_lines_are_read_a_block_at_a_time(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner)
    one = release(place, owner, project)
    whole = items.facts
    monkeypatch.setattr(items, "facts", lambda session, key: whole(session, key, size=2))
    assert release(place, owner, project).labels_sha256 == one.labels_sha256
    monkeypatch.setattr("crowdqc.formats.frozen.labels.BLOCK", 2)
    assert freezing.columns(place.storage, one, project.classes).items == [*lines(place, one)]
