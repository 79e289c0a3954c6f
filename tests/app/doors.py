"""Ways in for the tests of the doors: callers of the API, and a project in which much has happened."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import inspect, text
from werkzeug.test import TestResponse

from app.api.v1 import PREFIX
from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import people
from tests.ground.clock import Clock

PASSWORD = "correct horse battery"
CLASSES = ["cat", "dog", "neither"]

#: What must never be seen by a worker: in metadata, names of items, of other workers, of models, in remarks.
TELL = "tell-tale"


class Door:
    """The API for one caller: the one of a token, or nobody."""

    def __init__(self, client: FlaskClient, token: str | None = None) -> None:
        self.client = client
        self.token = token

    def __call__(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **request: Any
    ) -> TestResponse:
        told = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        return self.client.open(PREFIX + path, method=method, headers=told | (headers or {}), **request)

    def get(self, path: str, **query: object) -> Any:
        """Get what must be there."""
        return self.done(self("GET", path, query_string={name: str(value) for name, value in query.items()}))

    def post(self, path: str, **body: object) -> Any:
        """Send what must be taken."""
        return self.done(self("POST", path, json=body))

    def put(self, path: str, **body: object) -> Any:
        return self.done(self("PUT", path, json=body))

    def bring(self, project: str, kind: str, rows: str | bytes, filename: str = "rows.csv", **query: str) -> Any:
        """Upload a file that must be taken in."""
        response = self(
            "POST",
            f"/projects/{project}/{kind}",
            data=rows,
            content_type="application/octet-stream",
            query_string={"filename": filename, **query},
        )
        return self.done(response)

    @staticmethod
    def done(response: TestResponse) -> Any:
        assert response.status_code < 300, (response.status, response.get_data(as_text=True)[:2000])
        return response.json if response.data else None


def sent(
    door: Door, method: str, path: str, body: str | bytes, content_type: str = "application/json"
) -> TestResponse:
    """Send a body as it is."""
    return door(method, path, data=body, content_type=content_type)


class Entrance:
    """The way in for anybody: makes people, gives doors."""

    def __init__(self, application: Flask, installation: Installation) -> None:
        self.application = application
        self.installation = installation
        self.numbers = itertools.count(1)

    def client(self) -> FlaskClient:
        """Give a browser: it keeps cookies."""
        return self.application.test_client()

    def nobody(self) -> Door:
        return Door(self.application.test_client(use_cookies=False))

    def person(self, *roles: Role, name: str | None = None) -> tuple[str, str]:
        """Make somebody; give his name and a token."""
        name = name or f"{'-'.join(roles) or 'nothing'}-{next(self.numbers)}"
        with self.installation.transaction() as tx:
            people.create(tx, name=name, password=PASSWORD, roles=roles)
            return name, people.create_token(tx, people.named(tx, name), name="test")[1]

    def door(self, *roles: Role, name: str | None = None) -> Door:
        """Give the door of somebody new."""
        return Door(self.application.test_client(use_cookies=False), self.person(*roles, name=name)[1])

    def browser(self, *roles: Role) -> tuple[FlaskClient, str]:
        """Give the browser of somebody new who is signed in, and its guard against forged requests."""
        from app import access

        client, (name, _) = self.client(), self.person(*roles)
        with self.installation.transaction() as tx:
            secret = people.sign_in(tx, people.named(tx, name))
        client.set_cookie(access.COOKIE, secret)
        return client, access.csrf(secret)


def counts(installation: Installation) -> dict[str, int]:
    """Count the rows of every table."""
    with installation.engine.connect() as connection:
        return {
            table: connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
            for table in sorted(inspect(connection).get_table_names())
        }


def labels_of(text_shown: str) -> str:
    """Give the answer of a careful worker to an item of `World`: its text begins with it."""
    return text_shown.split()[0]


@dataclass
class World:
    """A project with gold, answers, predictions, a run and reviews, one of them decided."""

    entrance: Entrance
    clock: Clock
    owner: Door
    workers: list[Door]
    expert: Door
    lead: Door
    admin: Door
    project: str
    ids: dict[str, str] = field(default_factory=dict)

    def work(self, seconds: float = 30.0) -> int:
        """Let time pass and perform all jobs that are due."""
        self.clock.advance(seconds)
        return jobs.perform_due(self.entrance.installation)

    def answer_all(self, worker: Door, *, wrong: tuple[str, ...] = ()) -> int:
        """Have a worker answer all that he is given; texts in `wrong` he takes for something else."""
        done = 0
        while found := worker.post(f"/desk/{self.project}/next", count=5)["assignments"]:
            for each in found:
                shown = each["content"]["text"]
                label = labels_of(shown)
                if shown in wrong:
                    label = CLASSES[(CLASSES.index(label) + 1) % len(CLASSES)]
                worker.post(f"/assignments/{each['id']}/answer", label=label, comment=f"{TELL} comment")
                done += 1
        return done


def batch(plain: int = 6, gold: int = 3) -> str:
    """Give a batch whose texts begin with the right class."""
    lines = ["item,text,gold,meta:source"]
    for number in range(plain + gold):
        label = CLASSES[number % len(CLASSES)]
        is_gold = label if number >= plain else ""
        lines.append(f"{TELL}-key-{number},{label} number {number},{is_gold},{TELL}-meta-{number}")
    return "\n".join(lines) + "\n"


def predictions(plain: int = 6) -> str:
    """Give predictions that are sure, and of the first item wrong."""
    lines = ["item,p:cat,p:dog,p:neither"]
    for number in range(plain):
        told = CLASSES[(number + (number == 0)) % len(CLASSES)]
        lines.append(f"{TELL}-key-{number}," + ",".join("0.98" if name == told else "0.01" for name in CLASSES))
    return "\n".join(lines) + "\n"


def project_of(owner: Door, **plan: object) -> str:
    """Make a project."""
    made = owner.post(
        "/projects",
        name="Cats & dogs",
        question="What is it?",
        classes=CLASSES,
        guidelines="Look twice.",
        plan={"gold_share": 0.5, **plan},
    )
    return str(made["id"])


def world(entrance: Entrance, clock: Clock) -> World:
    """Make a project and let much happen in it."""
    owner = entrance.door(Role.REQUESTER)
    workers = [entrance.door(Role.WORKER, name=f"{TELL}-worker-{number}") for number in range(3)]
    made = World(
        entrance,
        clock,
        owner,
        workers,
        entrance.door(Role.EXPERT),
        entrance.door(Role.QA_LEAD),
        entrance.door(Role.ADMIN),
        project_of(owner),
    )
    made.ids["upload"] = owner.bring(made.project, "batches", batch())["id"]
    owner.put(f"/projects/{made.project}/state", state="open")
    made.work()
    for worker in workers:
        made.answer_all(worker, wrong=("dog number 1",) if worker is workers[0] else ())
    made.work()
    owner.bring(made.project, "predictions", predictions(), model=f"{TELL}-model", version="1")
    made.work()
    made.work()
    return made


def course_of(made: World) -> str:
    """Make a training that nobody is to see into, and open it."""
    course = made.owner.post(f"/projects/{made.project}/courses", kind="training", name="First steps")["id"]
    row = {"exercise": f"{TELL}-lesson", "text": "cat lesson", "truth": "cat", "hint": TELL, "explanation": TELL}
    Door.done(made.owner("POST", f"/courses/{course}/exercises", json=[row]))
    Door.done(made.owner("PATCH", f"/courses/{course}", json={"state": "open"}))
    return str(course)


def ids_of(made: World) -> dict[str, str]:
    """Give an id of each kind that an address can name."""
    items = made.owner.get(f"/projects/{made.project}/items")["data"]
    runs = made.owner.get(f"/projects/{made.project}/runs")["data"]
    workers = made.owner.get(f"/projects/{made.project}/workers")["data"]
    reviews = made.expert.get("/reviews")["data"]
    course = course_of(made)
    releases = [made.owner.post(f"/projects/{made.project}/releases")["id"] for _ in range(2)]
    jobs.perform_due(made.entrance.installation)
    return {
        "release": releases[1],
        "round": made.owner.post(f"/projects/{made.project}/rounds", size=2, stop={"top": 1})["id"],
        "model": made.owner.get(f"/projects/{made.project}/models")["data"][0]["id"],
        "project": made.project,
        "upload": made.ids["upload"],
        "item": items[0]["id"],
        "run": runs[0]["id"],
        "worker": workers[0]["id"],
        "review": reviews[0]["id"],
        "course": course,
        "exercise": made.owner.get(f"/courses/{course}/exercises")["data"][0]["id"],
        "attempt": made.workers[0].post(f"/training/{course}/attempts")["id"],
    }
