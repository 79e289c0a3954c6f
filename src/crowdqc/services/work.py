"""Jobs as rows: a runner claims one, keeps its claim alive, and says how it ended."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from crowdqc.errors import CrowdqcError, Missing
from crowdqc.records import jobs, releases, runs, uploads
from crowdqc.records.jobs import Job, JobName, JobState
from crowdqc.records.releases import ReleaseState
from crowdqc.records.runs import RunState
from crowdqc.records.uploads import UploadState
from crowdqc.services.transaction import Transaction

#: How often a job is tried before it is shown as failed.
ATTEMPTS = 5
#: Seconds before the second try; doubled before each further one.
BACK_OFF = 2.0
#: How long a job that is done is remembered.
REMEMBERED = timedelta(days=7)


class NoSuchJob(Missing):
    """There is no such job."""


def claim(tx: Transaction) -> Job | None:
    """Take the job that is due longest, under a lease.

    One that was tried too often without coming to an end (its runner died each time) is given up instead.
    """
    job = jobs.claim(tx.session, tx.now, timedelta(seconds=tx.settings.job_lease))
    if job is not None and job.attempts > ATTEMPTS:
        _give_up(tx, job, {"what": f"Its runner died {ATTEMPTS} times.", "mend": "See the logs of the runners."})
        return claim(tx)
    return job


def renew(tx: Transaction, job: Job) -> bool:
    """Prolong a claim; say whether it still holds."""
    until = tx.now + timedelta(seconds=tx.settings.job_lease)
    return jobs.renew(tx.session, job.id, job.attempts, until)


def finish(tx: Transaction, job: Job) -> None:
    """End a job that was done; nothing happens where the claim was lost."""
    held = jobs.held(tx.session, job.id, job.attempts)
    if held is not None:
        held.state, held.finished_at, held.failure, held.lease_until = JobState.DONE, tx.now, None, None
        jobs.sweep(tx.session, tx.now - REMEMBERED)


def fail(tx: Transaction, job: Job, error: Exception) -> bool:
    """Have a job that failed tried again later; say whether it was given up instead.

    What the input is to blame for fails at once: it would fail again.
    """
    held = jobs.held(tx.session, job.id, job.attempts)
    if held is None:
        return False
    ours = isinstance(error, CrowdqcError)
    failure = {"what": str(error) if ours else f"{type(error).__name__}: {error}"[:2000], "attempt": held.attempts}
    if ours or held.attempts >= ATTEMPTS:
        _give_up(tx, held, failure)
        return True
    waiting = jobs.waiting(tx.session, held.name, held.subject)
    if waiting is not None:
        # An equal job came meanwhile: it is the next try.
        waiting.attempts = max(waiting.attempts, held.attempts)
        waiting.due_at = max(waiting.due_at, tx.now + timedelta(seconds=BACK_OFF * 2 ** (held.attempts - 1)))
        waiting.failure = failure
        tx.session.delete(held)
        return False
    held.state, held.failure, held.lease_until = JobState.WAITING, failure, None
    held.due_at = tx.now + timedelta(seconds=BACK_OFF * 2 ** (held.attempts - 1))
    return False


def page(tx: Transaction, *, state: JobState | None, before: uuid.UUID | None, limit: int) -> Sequence[Job]:
    """Give jobs, the newest first."""
    start = None
    if before is not None:
        last = jobs.by_uid(tx.session, before)
        if last is None:
            raise NoSuchJob(job=str(before))
        start = last.id
    return jobs.page(tx.session, state=state, before=start, limit=limit)


def retry(tx: Transaction, uid: uuid.UUID) -> Job:
    """Have a job that was given up tried again from the start."""
    job = jobs.by_uid(tx.session, uid)
    if job is None:
        raise NoSuchJob(job=str(uid))
    if job.state == JobState.FAILED and jobs.waiting(tx.session, job.name, job.subject) is None:
        job.state, job.attempts, job.due_at, job.finished_at = JobState.WAITING, 0, tx.now, None
        _take_up(tx, job)
    return job


def unfinished(tx: Transaction) -> int:
    return jobs.unfinished(tx.session)


def _give_up(tx: Transaction, job: Job, failure: dict[str, object]) -> None:
    """End a job that will not succeed, and what it was about with it, so that nobody waits for that."""
    job.state, job.failure, job.finished_at, job.lease_until = JobState.FAILED, failure, tx.now, None
    told = {"what": failure["what"], "mend": "Mend the cause and have the job tried again, or begin anew."}
    if job.name == JobName.READ_UPLOAD:
        upload = uploads.by_id(tx.session, job.row, lock=True)
        if upload.state in (UploadState.WAITING, UploadState.READING):
            upload.state, upload.failure, upload.finished_at = UploadState.FAILED, told, tx.now
    elif job.name == JobName.PERFORM_RUN:
        run = runs.by_id(tx.session, job.row, lock=True)
        if run.state == RunState.WAITING:
            run.state, run.failure, run.finished_at = RunState.FAILED, told, tx.now
    elif job.name == JobName.BUILD_RELEASES:
        for release in releases.unfinished(tx.session, job.row, lock=True):
            release.state, release.failure = ReleaseState.FAILED, told
    tx.session.flush()


def _take_up(tx: Transaction, job: Job) -> None:
    """Begin again what a job that was given up is about."""
    if job.name == JobName.READ_UPLOAD:
        upload = uploads.by_id(tx.session, job.row, lock=True)
        again = uploads.by_fingerprint(tx.session, upload.project_id, upload.fingerprint)
        if upload.state == UploadState.FAILED and again is None:
            upload.state, upload.failure, upload.finished_at = UploadState.WAITING, None, None
    elif job.name == JobName.PERFORM_RUN:
        run = runs.by_id(tx.session, job.row, lock=True)
        if run.state == RunState.FAILED:
            run.state, run.failure, run.finished_at = RunState.WAITING, None, None
    elif job.name == JobName.BUILD_RELEASES:
        for release in releases.failed_last(tx.session, job.row):
            release.state, release.failure = ReleaseState.WAITING, None
