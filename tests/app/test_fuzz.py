"""Requests by chance, whole and broken, made from the OpenAPI document: each answer is as it says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.core.parameters import ParameterLocation

from app.api.v1 import PREFIX
from app.factory import create_app
from app.openapi import document
from crowdqc.assembly import assemble
from crowdqc.roles import Role
from crowdqc.settings import Settings
from tests.app.doors import Door, Entrance, World, ids_of, world
from tests.conftest import chosen
from tests.ground import postgres, sqlite
from tests.ground.clock import Clock


@schemathesis.serializer("application/x-ndjson", "application/gzip", "application/vnd.apache.parquet")
def as_it_is(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """Send a file as it was made up, whatever it is said to be."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


class Gate:
    """Stands for the application of the present test: the document is wanted before there is one."""

    application: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.application(environ, start_response)


gate = Gate()
schema = schemathesis.openapi.from_dict(document(PREFIX))
schema.app = gate
schema.config.generation.update(deterministic=True, max_examples=6)
# A text may be whole by its shape and still say nothing, or name nothing that there is.
schema.config.checks.positive_data_acceptance.expected_statuses = ["2xx", "401", "403", "404", "409", "415", "422"]


class Fuzzed:
    """An installation in which everything is there to be found, and somebody who may do everything."""

    def __init__(self, entrance: Entrance, clock: Clock) -> None:
        made = world(entrance, clock)
        everything = Door(entrance.nobody().client, entrance.person(*Role, name="everything")[1])
        self.headers = {"Authorization": f"Bearer {everything.token}"}
        self.ids = ids_of(made)
        self.ids["token"] = everything.post("/tokens", name="spare")["id"]
        self.ids["person"] = everything.post("/people", name="spare", roles=["worker"])["id"]
        self.ids["job"] = made.admin.get("/jobs")["data"][0]["id"]
        self.ids["file"] = "labels.csv"
        # Nobody is paid here.
        self.ids["payout"] = made.project
        self.ids |= _of_rules(made, everything)
        fresh = everything.post("/projects", name="Fresh", question="?", classes=["a", "b"])["id"]
        everything.bring(fresh, "batches", "text\n" + "\n".join(map(str, range(40))))
        everything.put(f"/projects/{fresh}/state", state="open")
        made.work()
        desk = everything.post(f"/desk/{fresh}/next", count=40)["assignments"]
        self.assignments = itertools.cycle(each["id"] for each in desk)
        self.turns = itertools.count()
        self.application = entrance.application


def _of_rules(made: World, everything: Door) -> dict[str, str]:
    """Have a rule act on a worker who appeals, and restrict one by hand; give an id of each."""
    data = {
        "name": "everybody",
        "collector": "answers",
        "when": [{"key": "answers", "op": "at_least", "value": 1}],
        "action": {"kind": "notify", "whom": "both"},
    }
    rule = everything.post(f"/projects/{made.project}/rules", rule=data)["id"]
    everything.put(f"/rules/{rule}/state", state="on")
    made.work()
    firing = made.workers[0].get("/desk/firings")["data"][0]["id"]
    made.workers[0].post(f"/desk/firings/{firing}/appeal", text="Why me?")
    worker = everything.get(f"/projects/{made.project}/firings")["data"][0]["worker"]
    return {
        "rule": rule,
        "firing": firing,
        "appeal": everything.get("/appeals")["data"][0]["id"],
        "restriction": everything.post("/restrictions", worker=worker, hours=1, reason="For a while.")["id"],
    }


@pytest.fixture(scope="module", params=chosen())
def fuzzed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzzed")
    if request.param == "sqlite":
        yield from _fuzzed(sqlite.database(folder), folder)
    else:
        request.getfixturevalue("postgres_url")
        with postgres.database() as url:
            yield from _fuzzed(url, folder)


def _fuzzed(url: str, folder: Any) -> Iterator[Fuzzed]:
    clock = Clock()
    told = Settings(
        data_dir=str(folder), database_url=url, password_memory=8, password_passes=1, upload_limit=5000
    )
    place = assemble(told, clock=clock)
    try:
        yield Fuzzed(Entrance(create_app(place), place), clock)
    finally:
        place.close()


@schema.parametrize()
@settings(deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described(case: schemathesis.Case[Any], fuzzed: Fuzzed) -> None:
    gate.application = fuzzed.application
    # Three times out of four what an address names is there.
    negated = case.meta is not None and ParameterLocation.PATH in {
        where for where, info in case.meta.components.items() if info.mode.is_negative
    }
    if next(fuzzed.turns) % 4 and not negated:
        for name in case.path_parameters or {}:
            known = next(fuzzed.assignments) if name == "assignment" else fuzzed.ids[name]
            case.path_parameters[name] = known
    case.call_and_validate(headers=fuzzed.headers)
