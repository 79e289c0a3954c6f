"""Jobs and the health of the service over the API."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from app.http import EVERYBODY, Api, Call
from app.shapes import Out, PageIn, following
from crowdqc import __version__
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import work
from crowdqc.services.work import Job, JobState

api = Api("jobs")

RULES = (Role.ADMIN,)


class JobOut(Out):
    """One piece of deferred work."""

    id: uuid.UUID
    name: str
    subject: str
    state: JobState
    attempts: int
    due_at: datetime
    failure: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job) -> JobOut:
        facts = {name: getattr(job, name) for name in cls.model_fields if name != "id"}
        return cls(id=job.uid, **facts)


class JobsOut(Out):
    """A page of jobs, the newest first."""

    data: list[JobOut]
    next: uuid.UUID | None


class JobsIn(PageIn):
    """Which jobs."""

    state: JobState | None = None


class HealthOut(Out):
    """The service answers, and its database does."""

    status: str
    version: str
    unfinished_jobs: int


@api.get("/health", roles=EVERYBODY)
def health(place: Installation) -> HealthOut:
    """Say whether the service and its database answer."""
    with place.reading() as tx:
        return HealthOut(status="ok", version=__version__, unfinished_jobs=work.unfinished(tx))


@api.get("/jobs", roles=RULES)
def page(call: Call, query: JobsIn) -> JobsOut:
    """List jobs, the newest first."""
    found = work.page(call.tx, state=query.state, before=query.after, limit=query.limit)
    return JobsOut(
        data=[JobOut.of(each) for each in found], next=following([each.uid for each in found], query.limit)
    )


@api.post("/jobs/{job}/retry", roles=RULES)
def retry(call: Call, job: uuid.UUID) -> JobOut:
    """Have a job that failed tried again."""
    return JobOut.of(work.retry(call.tx, job))
