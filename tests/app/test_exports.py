"""What leaves: each table in each format, streamed, in one state; nothing is held when nobody listens."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import tracemalloc
from typing import Any

import pyarrow.parquet as pq
import pytest

from crowdqc import formats, jobs
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services.exports import ExportKind
from tests.app.doors import CLASSES, TELL, Entrance, World, project_of
from tests.app.test_access import assert_problem
from tests.ground.clock import Clock

TYPES = {"csv": "text/csv", "tsv": "text/tab-separated-values", "jsonl": "application/x-ndjson"}


def rows(content: bytes, form: str) -> list[dict[str, Any]]:
    if form.endswith(".gz"):
        return rows(gzip.decompress(content), form.removesuffix(".gz"))
    match form:
        case "csv" | "tsv":
            return [*csv.DictReader(io.StringIO(content.decode()), delimiter="\t" if form == "tsv" else ",")]
        case "jsonl":
            return [json.loads(line) for line in content.splitlines()]
        case _:
            found: list[dict[str, Any]] = pq.read_table(io.BytesIO(content)).to_pylist()
            return found


def test_every_table_in_every_format(world: World) -> None:
    review = world.expert.post("/reviews/next")["review"]
    world.expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label="cat")
    world.work()
    given = world.owner.get(f"/projects/{world.project}/progress")["answers"]
    sizes = {"labels": 9, "items": 9, "answers": given, "predictions": 6, "reviews": 1, "workers": 3, "gold": 3}
    for kind in ExportKind:
        tables = {}
        for form in formats.FORMATS:
            response = world.owner("GET", f"/projects/{world.project}/exports/{kind}.{form}")
            assert response.status_code == 200, (kind, form)
            assert response.mimetype == formats.media_type(form) == TYPES.get(form, response.mimetype)
            disposition = f'attachment; filename="Cats-dogs-{kind}.{form}"'
            assert response.headers["Content-Disposition"] == disposition
            assert response.is_streamed
            assert "Content-Length" not in response.headers
            tables[form] = rows(response.data, form)
            assert len(tables[form]) == sizes[kind], (kind, form)
        names = [list(table[0]) for table in tables.values()]
        assert all(each == names[0] for each in names), kind
        first = next(iter(names[0]))
        values = [[str(row[first]) for row in table] for table in tables.values()]
        assert all(each == values[0] for each in values), kind


def test_labels_leave_with_their_history(world: World) -> None:
    review = world.expert.post("/reviews/next")["review"]
    world.expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label="neither")
    world.work()
    response = world.owner("GET", f"/projects/{world.project}/exports/labels.jsonl")
    found = {row["item"]: row for row in rows(response.data, "jsonl")}
    decided = found[review["item"]]
    assert (decided["label"], decided["source"], decided["state"]) == ("neither", "decision", "decided")
    assert (decided["verdict"], decided["review"]) == ("correct", review["id"])
    assert decided["decided_by"].startswith("expert")
    assert decided["crowd_label"] in CLASSES
    gold = found[f"{TELL}-key-8"]
    assert (gold["label"], gold["source"], gold["confidence"]) == ("neither", "gold", 1.0)
    runs = world.owner.get(f"/projects/{world.project}/runs")["data"]
    assert {row["run"] for row in found.values()} == {runs[0]["id"]}
    assert {row["batch"] for row in found.values()} == {world.ids["upload"]}
    plain = next(row for row in found.values() if row["source"] == "consensus")
    assert sum(plain["counts"].values()) == plain["answers"] == 3
    assert sum(plain["posterior"].values()) == pytest.approx(1.0)


def test_a_project_without_anything(entrance: Entrance) -> None:
    owner = entrance.door(Role.REQUESTER)
    project = owner.post("/projects", name='../../Ünïcode "x"\n', question="?", classes=["a", "b"])["id"]
    for kind in ExportKind:
        for form in formats.FORMATS:
            response = owner("GET", f"/projects/{project}/exports/{kind}.{form}")
            assert response.status_code == 200
            assert rows(response.data, form) == []
            name = response.headers["Content-Disposition"].removeprefix('attachment; filename="').removesuffix('"')
            assert not set(name) & set('/\\"\r\n')
            assert name.isascii()
            assert name.endswith(f"{kind}.{form}")


def test_exports_that_are_none(world: World) -> None:
    for name in (
        "labels",
        "labels.xlsx",
        "LABELS.csv",
        "people.csv",
        "labels.csv.zip",
        ".csv",
        "labels.",
        "..%2Fx",
    ):
        response = world.owner("GET", f"/projects/{world.project}/exports/{name}")
        told = assert_problem(response, 404)
        if "%" not in name:
            assert told["type"] == "urn:crowdqc:problem:no-such-export"
            assert "labels, items, answers" in told["mend"]


def test_an_export_comes_back(world: World, installation: Installation) -> None:
    """Items and answers that left can be brought into another project, and say the same."""
    given = world.owner.get(f"/projects/{world.project}/progress")["answers"]
    for form in ("csv", "jsonl", "parquet"):
        other = project_of(world.owner)
        for kind, table in (("batches", "items"), ("answers", "answers"), ("predictions", "predictions")):
            told = world.owner("GET", f"/projects/{world.project}/exports/{table}.{form}").data
            query = {"model": "m", "version": "1"} if kind == "predictions" else {}
            upload = world.owner.bring(other, kind, told, f"{table}.{form}", **query)
            world.work(0)
            done = world.owner.get(f"/uploads/{upload['id']}")
            assert (done["state"], done["faulty"]) == ("done", 0), (form, kind, done)
            assert done["kept"] == {"batches": 9, "answers": given, "predictions": 6}[kind]
        again = world.owner("GET", f"/projects/{other}/exports/items.{form}").data
        assert rows(again, form) == rows(
            world.owner("GET", f"/projects/{world.project}/exports/items.{form}").data, form
        )


def checked_out(installation: Installation) -> int:
    return int(installation.engine.pool.checkedout())  # type: ignore[attr-defined]


def test_a_download_that_is_left_holds_nothing(world: World, installation: Installation) -> None:
    path = f"/projects/{world.project}/exports/labels.csv"
    assert checked_out(installation) == 0
    # Begun and left; never begun; asked for its head alone; read to its end.
    begun = world.owner("GET", path)
    assert next(begun.iter_encoded())
    assert checked_out(installation) == 1
    begun.close()
    assert checked_out(installation) == 0
    never = world.owner("GET", path)
    never.close()
    assert checked_out(installation) == 0
    world.owner("HEAD", path).close()
    assert checked_out(installation) == 0
    whole = world.owner("GET", path)
    assert whole.data
    whole.close()
    assert checked_out(installation) == 0
    # Where it is refused as well.
    world.owner("GET", f"/projects/{world.ids['item']}/exports/labels.csv").close()
    assert checked_out(installation) == 0


def test_a_download_is_one_state_of_the_database(world: World, installation: Installation) -> None:
    begun = world.owner("GET", f"/projects/{world.project}/exports/items.jsonl")
    world.owner.bring(world.project, "batches", "item,text\nnew,something new\n")
    jobs.perform_due(installation)
    assert len(world.owner.get(f"/projects/{world.project}/items")["data"]) == 10
    assert len(rows(begun.data, "jsonl")) == 9
    begun.close()


def test_a_large_table_is_never_held_whole(entrance: Entrance, installation: Installation, clock: Clock) -> None:
    owner = entrance.door(Role.REQUESTER)
    project = project_of(owner)
    filling = "x" * 800
    owner.bring(project, "batches", "item,text\n" + "".join(f"{n},{filling}{n}\n" for n in range(10_000)))
    jobs.perform_due(installation)
    for form in ("parquet", "csv"):
        response = owner("GET", f"/projects/{project}/exports/items.{form}")
        sizes = [len(chunk) for chunk in response.response]
        response.close()
        # About 8.6 MB of text in all; in parquet it is packed.
        assert sum(sizes) > (8_000_000 if form != "parquet" else 50_000)
        assert max(sizes) < 4_000_000, form
    response = owner("GET", f"/projects/{project}/exports/items.csv")
    tracemalloc.start()
    try:
        # Half of it: the rows that were read are gone again, and the others are not read yet.
        taken = sum(len(chunk) for chunk in itertools.islice(response.response, len(sizes) // 2))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        response.close()
    assert taken > 1_000_000
    assert peak < 24_000_000, peak
