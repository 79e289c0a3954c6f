"""The name of a job and the use cases that it means; each may run twice and does no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

# The first run shall not wait for what thinking imports when it is wanted.
import scipy.sparse
import scipy.special  # noqa: F401

from crowdqc.errors import CrowdqcError
from crowdqc.execution import Execution
from crowdqc.formats import Unreadable
from crowdqc.quality import Judgement, judge
from crowdqc.quality.rounds import choose
from crowdqc.records.jobs import Job, JobName
from crowdqc.records.uploads import UploadKind
from crowdqc.services import (
    acceptances,
    answers,
    batches,
    embeddings,
    figures,
    firings,
    gold_health,
    predictions,
    releases,
    rounds,
    runs,
    uploads,
    work,
)
from crowdqc.services.runs import Reading
from crowdqc.services.transaction import Transaction
from crowdqc.settings import Settings
from crowdqc.storage import NoSuchFile, Storage

log = logging.getLogger(__name__)


class Installed(Protocol):
    """As much of an installation as jobs need."""

    settings: Settings
    storage: Storage
    execution: Execution

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Transaction]: ...


#: Who makes something of an upload's rows.
KEEPERS = {
    UploadKind.ITEMS: batches.keep,
    UploadKind.ANSWERS: answers.keep,
    UploadKind.PREDICTIONS: predictions.keep,
    UploadKind.EMBEDDINGS: embeddings.keep,
}


def read_upload(installed: Installed, upload_id: int) -> None:
    """Look a file through, then keep its rows a chunk at a time; one that was cut off goes on where it was."""
    with installed.transaction() as tx:
        reading = uploads.begin(tx, upload_id)
    if reading is None:
        return
    try:
        if not reading.looked_through:
            total = uploads.look_through(installed.storage, installed.settings, reading)
            with installed.transaction() as tx:
                uploads.looked_through(tx, upload_id, total=total)
        for rows in uploads.chunks(installed.storage, installed.settings, reading):
            with installed.transaction() as tx:
                KEEPERS[reading.kind](tx, upload_id, rows)
    except (Unreadable, NoSuchFile) as error:
        with installed.transaction() as tx:
            uploads.fail(tx, upload_id, error)
        return
    with installed.transaction() as tx:
        uploads.finish(tx, upload_id)


def aggregate(installed: Installed, project_id: int) -> None:
    """Make the run that new answers call for."""
    with installed.transaction() as tx:
        run_id = runs.begin(tx, project_id)
    if run_id is not None:
        perform_run(installed, run_id)


def perform_run(installed: Installed, run_id: int) -> None:
    """Read, think, write; the thinking stands between transactions, so that nobody waits for it."""
    try:
        with installed.transaction() as tx:
            runs.bound(tx, run_id)
        with installed.transaction() as tx:
            reading = runs.read(tx, run_id)
        if reading is None:
            return
        (judgement,) = installed.execution.map(judge, [reading.problem])
        health = gold_health.examined(reading.problem, judgement, reading.hidden, reading.rank)
        with installed.transaction() as tx:
            runs.write(tx, reading, judgement, health)
        _apply_rules_on_figures(installed, reading, judgement)
    except CrowdqcError as error:
        with installed.transaction() as tx:
            runs.fail(tx, run_id, error)
        raise


def apply_rules(installed: Installed, project_id: int) -> None:
    """Ask the rules on what workers did, and do what they say."""
    with installed.transaction() as tx:
        firings.settle(tx, project_id)
    with installed.transaction() as tx:
        firings.replay(tx, project_id)
    with installed.reading() as tx:
        sight = firings.sight(tx, project_id)
    if sight is not None and (found := firings.find(sight)):
        with installed.transaction() as tx:
            firings.act(tx, sight, found)


def _apply_rules_on_figures(installed: Installed, reading: Reading, judgement: Judgement) -> None:
    """Ask the rules on figures over all answers, which a run has just brought up to date."""
    with installed.reading() as tx:
        sight = firings.sight_of_run(tx, reading.run_id)
    if sight is None:
        return
    wanted = figures.of_run(sight, reading.problem, reading.order, judgement.consensus)
    (measured,) = installed.execution.map(figures.work_out, [wanted])
    if found := firings.find(sight, measured):
        with installed.transaction() as tx:
            firings.act(tx, sight, found)


def accept_due(installed: Installed, project_id: int) -> None:
    """Accept the answers of a project that nobody looked at in time, some hundreds a transaction."""
    more = True
    while more:
        with installed.transaction() as tx:
            more = acceptances.accept_due(tx, project_id)


def build_releases(installed: Installed, project_id: int) -> None:
    """Freeze a project's labels, for each release that waits; one whose runner died is begun anew."""
    while True:
        with installed.transaction() as tx:
            building = releases.start(tx, project_id)
        if building is None:
            return
        if building.left is not None:
            installed.storage.delete(building.left)
        try:
            with installed.reading() as tx:
                made = releases.write(tx, building)
        except CrowdqcError as error:
            with installed.transaction() as tx:
                releases.fail(tx, building, error)
            continue
        with installed.transaction() as tx:
            kept = releases.finish(tx, made)
            if kept:
                rounds.certify(tx, made.id)
        if not kept:
            installed.storage.delete(made.key)


def choose_round(installed: Installed, round_id: int) -> None:
    """Choose the items of a round: read, think, write."""
    try:
        with installed.reading() as tx:
            reading = rounds.read(tx, round_id)
        if reading is None:
            return
        choice = choose(reading.plan, reading.pool, reading.seed, reading.before)
        with installed.transaction() as tx:
            rounds.write(tx, reading, choice)
    except CrowdqcError as error:
        with installed.transaction() as tx:
            rounds.fail(tx, round_id, error)


JOBS: Mapping[JobName, Callable[[Installed, int], None]] = {
    JobName.READ_UPLOAD: read_upload,
    JobName.AGGREGATE: aggregate,
    JobName.PERFORM_RUN: perform_run,
    JobName.APPLY_RULES: apply_rules,
    JobName.ACCEPT_DUE: accept_due,
    JobName.BUILD_RELEASES: build_releases,
    JobName.CHOOSE_ROUND: choose_round,
}


def perform(installed: Installed, job: Job) -> None:
    """Do what a job means, and say how it ended; raise what made it fail."""
    try:
        JOBS[JobName(job.name)](installed, job.row)
    except Exception as error:
        with installed.transaction() as tx:
            work.fail(tx, job, error)
        raise
    with installed.transaction() as tx:
        work.finish(tx, job)


def perform_due(installed: Installed) -> int:
    """Do all jobs that are due, one after another, and say how many there were."""
    done = 0
    while True:
        with installed.transaction() as tx:
            job = work.claim(tx)
        if job is None:
            return done
        done += 1
        try:
            perform(installed, job)
        except Exception:
            log.exception("Job %s of %s failed.", job.name, job.subject)
