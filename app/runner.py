"""The job loop: takes jobs that are due, keeps its claim on one alive, and sleeps when there is none."""

from __future__ import annotations

import logging
import threading

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.errors import CrowdqcError
from crowdqc.services import work
from crowdqc.services.work import Job

log = logging.getLogger(__name__)


class Runner:
    """Performs jobs, one after another, until it is told to stop."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._stopping = threading.Event()

    def run(self) -> None:
        """Perform what is due until `stop`; a database that is away for a while is waited for."""
        while not self._stopping.is_set():
            try:
                found = self.step()
            except Exception:
                log.exception("The runner could not look for jobs.")
                found = False
            if not found:
                self._stopping.wait(self._installation.settings.job_pause)

    def step(self) -> bool:
        """Perform one job, where one is due; say whether there was one."""
        with self._installation.transaction() as tx:
            job = work.claim(tx)
        if job is None:
            return False
        done = threading.Event()
        pulse = threading.Thread(target=self._keep_alive, args=(job, done), name="pulse", daemon=True)
        pulse.start()
        try:
            jobs.perform(self._installation, job)
        except CrowdqcError as error:
            log.warning("%s of %s: %s", job.name, job.subject, error)
        except Exception:
            log.exception("%s of %s failed, attempt %d", job.name, job.subject, job.attempts)
        finally:
            done.set()
            pulse.join()
        return True

    def stop(self) -> None:
        """End the loop after the job in hand."""
        self._stopping.set()

    def start(self) -> threading.Thread:
        """Run beside the caller."""
        thread = threading.Thread(target=self.run, name="runner", daemon=True)
        thread.start()
        return thread

    def _keep_alive(self, job: Job, done: threading.Event) -> None:
        """Prolong the claim on a job while it is in hand, so that others take it only if this one dies."""
        while not done.wait(self._installation.settings.job_lease / 4):
            try:
                with self._installation.transaction() as tx:
                    if not work.renew(tx, job):
                        return
            except Exception:
                log.exception("The claim on %s could not be prolonged.", job.subject)
