"""Jobs: equal ones are one, each is done by one runner at a time, and what dies or fails is tried again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from app.runner import Runner
from crowdqc import jobs
from crowdqc.assembly import Installation, assemble
from crowdqc.errors import Conflict, Invalid
from crowdqc.records import Item, Job
from crowdqc.records.jobs import JobName
from crowdqc.services import runs, uploads, work
from crowdqc.services.work import NoSuchJob
from crowdqc.settings import Settings
from tests.ground import server
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do, look


def defer(place: Installation, subject: str = "project:1", name: JobName = JobName.AGGREGATE) -> None:
    with place.transaction() as tx:
        tx.defer(name, subject)


def every(place: Installation) -> list[Job]:
    return factories.every(place, Job)


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the rows of the jobs that are performed; nothing comes of them."""
    done: list[int] = []
    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, lambda place, row: done.append(row))
    return done


def test_many_answers_are_one_aggregation(installation: Installation, clock: Clock) -> None:
    owner, ada = factories.requester(installation), factories.worker(installation, "ada")
    project = factories.project(installation, owner, items=30)
    assert factories.answer_all(installation, ada, project, lambda item: "cat") == 30
    (job,) = [job for job in every(installation) if job.name == "aggregate"]
    assert (job.subject, job.state) == (f"project:{project.id}", "waiting")
    assert jobs.perform_due(installation) == 0
    clock.advance(installation.settings.aggregation_delay)
    assert jobs.perform_due(installation) == 1
    run = look(installation, runs.latest, owner, project.uid)
    assert run is not None
    assert (run.cause, (run.summary or {})["answers"]) == ("answers", 30)


def test_an_equal_job_waits_until_the_one_in_hand_is_done(
    installation: Installation, performed: list[int]
) -> None:
    defer(installation)
    first = do(installation, work.claim)
    assert first is not None
    defer(installation)
    defer(installation)
    defer(installation, "project:2")
    assert [job.state for job in every(installation)] == ["running", "waiting", "waiting"]
    other = do(installation, work.claim)
    assert other is not None
    assert other.subject == "project:2"
    assert do(installation, work.claim) is None
    do(installation, work.finish, first)
    assert jobs.perform_due(installation) == 1
    assert performed == [1]


def test_what_is_rolled_back_defers_nothing(installation: Installation) -> None:
    def fail() -> None:
        with installation.transaction() as tx:
            tx.defer(JobName.AGGREGATE, "project:1")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert every(installation) == []


def test_a_job_that_fails_is_tried_later_and_later_and_then_shown(
    installation: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []
    start = clock.now

    def break_(place: object, row: int) -> None:
        tried.append((clock.now - start).total_seconds())
        raise ZeroDivisionError("by nothing")

    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, break_)
    defer(installation)
    for _ in range(400):
        jobs.perform_due(installation)
        clock.advance(0.5)
    assert tried == [0, 2, 6, 14, 30]
    (job,) = every(installation)
    assert (job.state, job.attempts, job.lease_until) == ("failed", 5, None)
    assert job.failure == {"what": "ZeroDivisionError: by nothing", "attempt": 5}
    assert job.finished_at is not None
    assert do(installation, work.claim) is None
    assert look(installation, work.unfinished) == 0
    assert [each.uid for each in look(installation, work.page, state="failed", before=None, limit=9)] == [job.uid]
    # Somebody mends it and has it tried again, from the start.
    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, lambda place, row: None)
    again = do(installation, work.retry, job.uid)
    assert (again.state, again.attempts) == ("waiting", 0)
    assert jobs.perform_due(installation) == 1
    (job,) = every(installation)
    assert (job.state, job.failure) == ("done", None)
    assert do(installation, work.retry, job.uid).state == "done"
    with pytest.raises(NoSuchJob):
        do(installation, work.retry, factories.uid())


def test_what_the_input_is_to_blame_for_is_not_tried_again(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(place: object, row: int) -> None:
        raise Invalid("It cannot be read.", mend="Send another.")

    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, refuse)
    defer(installation)
    jobs.perform_due(installation)
    (job,) = every(installation)
    assert (job.state, job.attempts, job.failure) == (
        "failed", 1, {"what": "It cannot be read. Send another.", "attempt": 1},
    )  # fmt: skip


def test_an_equal_job_that_came_meanwhile_is_the_next_try(
    installation: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(place: Installation, row: int) -> None:
        defer(place)
        raise ZeroDivisionError

    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, break_)
    defer(installation)
    for _ in range(100):
        jobs.perform_due(installation)
        clock.advance(1)
    states = Counter(job.state for job in every(installation))
    assert states["failed"] >= 1
    assert states["waiting"] + states["running"] <= 1
    assert states["done"] == 0


def test_a_job_whose_runner_died_is_done_by_another(
    installation: Installation, clock: Clock, performed: list[int]
) -> None:
    defer(installation, "project:7")
    dead = do(installation, work.claim)
    assert dead is not None
    clock.advance(installation.settings.job_lease - 1)
    assert jobs.perform_due(installation) == 0
    clock.advance(1)
    assert jobs.perform_due(installation) == 1
    assert performed == [7]
    # The dead one wakes: it changes nothing, whatever it has to say.
    assert not do(installation, work.renew, dead)
    do(installation, work.finish, dead)
    assert not do(installation, work.fail, dead, ZeroDivisionError())
    (job,) = every(installation)
    assert (job.state, job.attempts, job.failure) == ("done", 2, None)


def test_a_late_runner_does_not_end_the_work_of_the_one_after_him(
    installation: Installation, clock: Clock
) -> None:
    defer(installation)
    late = do(installation, work.claim)
    clock.advance(installation.settings.job_lease)
    after = do(installation, work.claim)
    assert late is not None
    assert after is not None
    assert (late.id, late.attempts, after.attempts) == (after.id, 1, 2)
    do(installation, work.finish, late)
    assert not do(installation, work.fail, late, Invalid("no"))
    assert [job.state for job in every(installation)] == ["running"]
    assert do(installation, work.renew, after)
    do(installation, work.finish, after)
    assert [job.state for job in every(installation)] == ["done"]


def test_a_claim_that_is_renewed_holds(installation: Installation, clock: Clock) -> None:
    defer(installation)
    job = do(installation, work.claim)
    assert job is not None
    for _ in range(5):
        clock.advance(installation.settings.job_lease / 2)
        assert do(installation, work.renew, job)
        assert do(installation, work.claim) is None


def test_a_job_that_kills_its_runners_is_given_up(installation: Installation, clock: Clock) -> None:
    defer(installation)
    defer(installation, "project:2")
    claimed = []
    for _ in range(8):
        job = do(installation, work.claim)
        claimed.append(None if job is None else job.subject)
        clock.advance(installation.settings.job_lease)
    assert claimed == ["project:1"] * 5 + ["project:2"] * 3
    for _ in range(3):
        do(installation, work.claim)
        clock.advance(installation.settings.job_lease)
    assert {(job.state, (job.failure or {})["what"]) for job in every(installation)} == {
        ("failed", "Its runner died 5 times.")
    }


def test_jobs_that_were_done_are_forgotten_after_a_week(
    installation: Installation, clock: Clock, performed: list[int]
) -> None:
    defer(installation)
    jobs.perform_due(installation)
    clock.advance(days=7, seconds=1)
    defer(installation, "project:2")
    jobs.perform_due(installation)
    assert [job.subject for job in every(installation)] == ["project:2"]


def test_a_runner_keeps_its_claim_alive_while_it_works(
    settings: Settings, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = assemble(Settings(**{**vars(settings), "job_lease": 0.4, "job_pause": 0.02}))
    begun, may_end, done = Event(), Event(), []

    def long(at: object, row: int) -> None:
        begun.set()
        may_end.wait(10)
        done.append(row)

    monkeypatch.setitem(jobs.JOBS, JobName.AGGREGATE, long)
    defer(place)
    runners = [Runner(place), Runner(place)]
    threads = [runner.start() for runner in runners]
    assert begun.wait(10)
    time.sleep(1.0)
    may_end.set()
    until = time.monotonic() + 10
    while look(place, work.unfinished) and time.monotonic() < until:
        time.sleep(0.02)
    for runner in runners:
        runner.stop()
    for thread in threads:
        thread.join(10)
    assert done == [1]
    (job,) = every(place)
    assert (job.state, job.attempts) == ("done", 1)
    place.close()


LOG = """
import os, sys, time
from crowdqc import jobs
from crowdqc.assembly import assemble
from crowdqc.records.jobs import JobName
from crowdqc.settings import Settings
file = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def told(place, row):
    os.write(file, f"begin {row}\\n".encode())
    time.sleep(0.005)
    os.write(file, f"end {row}\\n".encode())
jobs.JOBS[JobName.AGGREGATE] = told
place = assemble(Settings.from_environment())
print("ready", flush=True)
sys.stdin.readline()
while jobs.perform_due(place):
    pass
"""


def test_runners_beside_each_other_never_do_the_same_job_at_once(
    settings: Settings, installation: Installation, tmp_path: Path
) -> None:
    number = 40
    for each in range(number):
        defer(installation, f"project:{each}")
    log = tmp_path / "log"
    runners = [
        subprocess.Popen(
            [sys.executable, "-c", LOG, str(log)],
            env=server.environment(Path(settings.data_dir), settings.database_url),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]
    for runner in runners:
        assert runner.stdout is not None
        assert runner.stdout.readline() == b"ready\n"
    with installation.transaction() as tx:
        for job in tx.session.query(Job):
            job.due_at = job.created_at
    for runner in runners:
        runner.communicate(b"go\n", timeout=60)
    assert [runner.returncode for runner in runners] == [0] * 4
    lines = Counter(log.read_text().splitlines())
    assert lines == Counter({f"{what} {row}": 1 for what in ("begin", "end") for row in range(number)})
    assert {(job.state, job.attempts) for job in every(installation)} == {("done", 1)}


def until(what: Callable[[], object], patience: float = 60.0) -> None:
    end = time.monotonic() + patience
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@pytest.mark.settings(job_lease=1.0)
def test_a_runner_that_is_killed_while_it_reads_a_file_loses_and_doubles_nothing(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    """Kill -9 `crowdqc jobs` in the middle of 20,000 items; another goes on."""
    place = assemble(settings)
    owner = factories.requester(place)
    project = factories.project(place, owner)
    number = 60_000
    content = b"item,text\n" + b"".join(b"i%d,thing %d\n" % (each, each) for each in range(number))
    content += b"i0,thing 0\ni1,changed\n"
    upload, _ = factories.send(place, owner, project, content, filename="x.csv")

    def standing() -> tuple[str, int]:
        found = look(place, uploads.get, owner, upload.uid)
        return found.state, found.rows

    def runner() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "app.cli", "jobs"],
            env=server.environment(Path(settings.data_dir), database_url, job_lease=1.0),
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    cut = []
    process = runner()
    try:
        until(lambda: standing()[1] > 0)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        cut.append(standing())
        process = runner()
        until(lambda: standing()[0] == "done")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    found = look(place, uploads.get, owner, upload.uid)
    assert cut[0][0] == "reading"
    assert 0 < cut[0][1] < number
    assert (found.rows, found.kept, found.unchanged, found.faulty) == (number + 2, number, 1, 1)
    assert factories.faults(place, owner, found) == [(number + 3, "item")]
    with place.reading() as tx:
        keys = [key for (key,) in tx.session.query(Item.key).filter(Item.project_id == project.id)]
    assert len(keys) == len(set(keys)) == number
    (job,) = every(place)
    assert (job.state, job.attempts) == ("done", 2)
    place.close()


def test_an_error_of_the_store_is_tried_again(
    installation: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = factories.requester(installation)
    project = factories.project(installation, owner, state="draft")  # type: ignore[arg-type]
    upload, _ = factories.send(installation, owner, project, b"item,text\na,x\n", filename="x.csv")
    opened = installation.storage.open
    away = [OSError("the disk is away"), Conflict("no, really")]

    def open_(key: str):  # type: ignore[no-untyped-def]
        if away and isinstance(away[0], OSError):
            raise away.pop(0)
        return opened(key)

    monkeypatch.setattr(installation.storage, "open", open_)
    assert jobs.perform_due(installation) == 1
    assert look(installation, uploads.get, owner, upload.uid).state == "reading"
    clock.advance(2)
    assert jobs.perform_due(installation) == 1
    assert look(installation, uploads.get, owner, upload.uid).kept == 1
