"""A job that is given up takes what it is about with it, and takes it up again when it is retried."""

from __future__ import annotations

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.records import Job
from crowdqc.records.jobs import JobName
from crowdqc.records.uploads import UploadKind
from crowdqc.services import runs, uploads, work
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look


def exhaust(place: Installation, clock: Clock) -> None:
    for _ in range(80):
        jobs.perform_due(place)
        clock.advance(1)


def test_an_upload_whose_reading_always_breaks_fails_and_can_be_read_again(
    installation: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = factories.requester(installation)
    project = factories.project(installation, owner)

    def break_(*_: object) -> None:
        raise ZeroDivisionError("by nothing")

    with monkeypatch.context() as broken:
        broken.setitem(jobs.KEEPERS, UploadKind.ITEMS, break_)
        content = b"item,text\na,one\nb,two\n"
        upload, _ = factories.send(installation, owner, project, content, filename="items.csv")
        exhaust(installation, clock)
    found = look(installation, uploads.get, owner, upload.uid)
    assert (found.state, found.kept) == ("failed", 0)
    assert (found.failure or {})["what"] == "ZeroDivisionError: by nothing"
    (job,) = factories.every(installation, Job, Job.name == JobName.READ_UPLOAD)
    assert (job.state, job.attempts) == ("failed", work.ATTEMPTS)
    do(installation, work.retry, job.uid)
    exhaust(installation, clock)
    found = look(installation, uploads.get, owner, upload.uid)
    assert (found.state, found.kept, found.failure) == ("done", 2, None)


def test_a_run_that_always_breaks_fails_and_can_be_made_again(
    installation: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = factories.requester(installation)
    project = factories.project(installation, owner, items=2)
    run = do(installation, runs.request, owner, project.uid)

    def break_(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(jobs, "judge", break_)
        exhaust(installation, clock)
    found = look(installation, runs.get, owner, run.uid)
    assert (found.state, (found.failure or {})["what"]) == ("failed", "MemoryError: ")
    (job,) = factories.every(installation, Job, Job.name == JobName.PERFORM_RUN)
    do(installation, work.retry, job.uid)
    exhaust(installation, clock)
    assert look(installation, runs.get, owner, run.uid).state == "done"
