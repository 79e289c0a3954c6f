"""Files on their way in: limits, formats, encodings, faults by line; what was refused leaves nothing."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.roles import Role
from crowdqc.services import work
from tests.app.doors import CLASSES, Door, Entrance, counts, project_of
from tests.app.test_access import assert_problem
from tests.ground.clock import Clock

GOOD = b"item,text\n1,one\n2,two\n"


@pytest.fixture
def owner(entrance: Entrance) -> Door:
    return entrance.door(Role.REQUESTER)


@pytest.fixture
def project(owner: Door) -> str:
    return project_of(owner)


def read(owner: Door, installation: Installation, upload: str) -> Any:
    jobs.perform_due(installation)
    return owner.get(f"/uploads/{upload}")


def faults(owner: Door, upload: str) -> list[tuple[int, str]]:
    return [(each["line"], each["where"]) for each in owner.get(f"/uploads/{upload}/faults")["data"]]


def files(installation: Installation) -> list[Path]:
    return [path for path in (Path(installation.settings.data_dir) / "files").rglob("*") if path.is_file()]


def sent(owner: Door, project: str, data: bytes, kind: str = "batches", **request: Any) -> Any:
    request.setdefault("content_type", "application/octet-stream")
    return owner("POST", f"/projects/{project}/{kind}", data=data, **request)


def test_a_file_is_taken_in_and_read(owner: Door, project: str, installation: Installation) -> None:
    told = sent(owner, project, GOOD, query_string={"filename": "things.csv"})
    assert told.status_code == 202
    assert (told.json["state"], told.json["format"], told.json["size"]) == ("waiting", "csv", len(GOOD))
    done = read(owner, installation, told.json["id"])
    assert (done["state"], done["total"], done["kept"], done["faulty"]) == ("done", 2, 2, 0)
    again = sent(owner, project, GOOD, query_string={"filename": "other.csv"})
    assert again.json["id"] == told.json["id"]
    assert len(files(installation)) == 1


def test_a_key_stands_for_one_file(owner: Door, project: str, installation: Installation) -> None:
    key = {"Idempotency-Key": "once"}
    first = sent(owner, project, GOOD, headers=key)
    assert sent(owner, project, GOOD, headers=key).json == first.json
    told = assert_problem(sent(owner, project, GOOD + b"3,three\n", headers=key), 409)
    assert told["type"] == "urn:crowdqc:problem:key-reused"
    assert len(files(installation)) == 1


@pytest.mark.settings(upload_limit=1000)
def test_a_file_beyond_the_limit(owner: Door, project: str, installation: Installation) -> None:
    before = counts(installation)
    large = b"text\n" + b"x" * 2000
    told = assert_problem(sent(owner, project, large), 413)
    assert "split the file" in told["mend"]
    # Said to be short, or nothing said of its length: counted while it is read.
    told = assert_problem(
        sent(
            owner,
            project,
            b"",
            input_stream=io.BytesIO(large),
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        ),
        413,
    )
    assert told["type"] in ("urn:crowdqc:problem:too-large", "urn:crowdqc:problem:request-entity-too-large")
    assert told["mend"]
    assert counts(installation) == before
    assert files(installation) == []
    assert sent(owner, project, b"item,text\n1," + b"x" * 900).status_code == 202


def test_files_that_cannot_be_taken_in(owner: Door, project: str, installation: Installation) -> None:
    before = counts(installation)
    told = assert_problem(sent(owner, project, b""), 422)
    assert (told["type"], told["mend"]) == ("urn:crowdqc:problem:empty-file", "Send rows with a header.")
    for name, content in (
        ("photo.png", b"\x89PNG\r\n\x1a\n\0\0"),
        ("book.xlsx", b"PK\x03\x04\0\0"),
        ("a.pdf", b"%PDF-1.7"),
    ):
        told = assert_problem(sent(owner, project, content, query_string={"filename": name}), 415)
        assert told["type"] == "urn:crowdqc:problem:unknown-format"
        assert told["mend"]
    long = {"model": "m" * 101, "version": "1"}
    assert_problem(sent(owner, project, GOOD, kind="predictions", query_string=long), 422)
    owner.put(f"/projects/{project}/state", state="closed")
    told = assert_problem(sent(owner, project, GOOD), 409)
    assert told["mend"] == "Open it again first."
    assert counts(installation) == before
    assert files(installation) == []


def parquet(**columns: list[Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def test_files_that_break_on_the_way(owner: Door, project: str, installation: Installation) -> None:
    whole = parquet(item=["1", "2"] * 500, text=["a", "b"] * 500)
    packed = gzip.compress(GOOD * 500)
    broken = {
        "cut.parquet": whole[:-20],
        "mangled.parquet": whole[:40] + b"\xff" * 60 + whole[100:],
        "magic.parquet": b"PAR1" + b"\0" * 100 + b"PAR1",
        "cut.csv.gz": packed[:-15],
        "odd.csv.gz": packed[:30] + b"\0\0\0\0" + packed[34:],
    }
    for name, content in broken.items():
        response = sent(owner, project, content, query_string={"filename": name})
        if response.status_code != 202:
            assert response.status_code in (415, 422), (name, response.text)
            continue
        told = read(owner, installation, response.json["id"])
        assert told["state"] == "failed", name
        assert told["failure"]["what"], name
        assert told["failure"]["mend"], name
        assert told["kept"] == 0, name
    assert owner.get(f"/projects/{project}/items")["data"] == []
    with installation.reading() as tx:
        assert work.unfinished(tx) == 0


def test_a_bad_row_is_named_and_the_rest_is_kept(owner: Door, project: str, installation: Installation) -> None:
    rows = "\n".join(
        [
            "item,text,gold,overlap,meta:from",
            "1,fine,,,",
            "2,,,,",
            "3,gold of no class,bird,,",
            "4,odd overlap,,many,",
            '5,"torn',
            'in two",,,',
            "6,too,many,cells,here,and,there",
            ",no name,,,",
            f"{'n' * 300},long name,,,",
            "1,other content,,,",
            "7,golden,cat|dog,9,somewhere",
        ]
    )
    told = owner.bring(project, "batches", rows)
    done = read(owner, installation, told["id"])
    assert done["state"] == "done"
    assert done["kept"] + done["faulty"] == done["total"] == done["rows"]
    named = faults(owner, told["id"])
    assert [line for line, _ in named] == sorted(line for line, _ in named)
    assert dict(named)[3] == "row"
    assert dict(named)[4] == "gold"
    assert dict(named)[5] == "overlap"
    assert {9, 10, 11} <= {line for line, _ in named}
    kept = {each["item"]: each for each in owner.get(f"/projects/{project}/items")["data"]}
    assert {"1", "5", "7"} <= kept.keys()
    assert (kept["7"]["truth"], kept["7"]["overlap"], kept["7"]["state"]) == (["cat", "dog"], 9, "gold")
    assert kept["5"]["content"] == {"text": "torn\nin two"}
    # Page by page the same.
    first = owner.get(f"/uploads/{told['id']}/faults", limit=2)
    second = owner.get(f"/uploads/{told['id']}/faults", limit=2, after=first["next"])
    assert [each["line"] for each in first["data"] + second["data"]] == [line for line, _ in named][:4]


def test_answers_and_predictions_at_fault(owner: Door, project: str, installation: Installation) -> None:
    owner.bring(project, "batches", GOOD)
    rows = (
        "worker,item,label,time\nw,1,cat,\nw,1,dog,\nw,2,bird,\nw,9,cat,\n,1,cat,\nv,2,dog,yesterday\nw,1,cat,\n"
    )
    told = owner.bring(project, "answers", rows)
    done = read(owner, installation, told["id"])
    assert (done["state"], done["kept"], done["unchanged"]) == ("done", 1, 1)
    assert [line for line, _ in faults(owner, told["id"])] == [3, 4, 5, 6, 7]
    bad = ["2,0.9,0.9,0", "2,x,0,1", "9,1,0,0", "2,-1,1,1", "2,nan,0,1", "2,1e400,0,0"]
    rows = "\n".join(["item,p:cat,p:dog,p:neither", "1,0.5,0.5,0", *bad])
    told = owner.bring(project, "predictions", rows, model="m", version="1")
    done = read(owner, installation, told["id"])
    assert (done["state"], done["kept"], done["faulty"]) == ("done", 1, 6)
    assert [line for line, _ in faults(owner, told["id"])] == [3, 4, 5, 6, 7, 8]


def test_encodings(owner: Door, project: str, installation: Installation) -> None:
    rows = "item,text\n1,plain\n2,café\n3,plain too\n"
    told = owner.bring(project, "batches", rows.encode("latin-1"))
    done = read(owner, installation, told["id"])
    assert (done["kept"], done["faulty"]) == (2, 1)
    (fault,) = owner.get(f"/uploads/{told['id']}/faults")["data"]
    assert fault["line"] == 3
    assert "UTF-8" in fault["what"] + fault["mend"]
    for number, encoding in enumerate(("utf-16", "utf-8-sig")):
        other = project_of(owner)
        told = owner.bring(other, "batches", f"item,text\n{number},café\n".encode(encoding))
        done = read(owner, installation, told["id"])
        assert (done["state"], done["kept"], done["faulty"]) == ("done", 1, 0), encoding
        assert owner.get(f"/projects/{other}/items")["data"][0]["content"] == {"text": "café"}


def test_texts_that_cannot_be_kept(owner: Door, project: str, installation: Installation) -> None:
    rows = [
        '{"item": "1", "text": "fine"}',
        '{"item": "2", "text": "a\\u0000b"}',
        '{"item": "3\\u0000", "text": "x"}',
        '{"item": "4", "text": "\\ud800"}',
        '{"item": "5", "text": "x", "metadata": {"\\u0000": 1}}',
        '{"item": "6", "text": "x", "metadata": "{\\"a\\": \\"\\\\u0000\\"}"}',
        '{"item": "7", "content": "{\\"a\\": \\"\\\\ud800\\"}"}',
        '{"item": "8", "text": 1e999}',
        '{"item": "9", "content": "{\\"a\\": 1e999}"}',
        '{"item": "10", "content": "{\\"a\\": NaN}"}',
        '{"item": "11", "content": ' + '{"a":' * 150 + "1" + "}" * 150 + "}",
        '{"item": "12", "content": "' + '{\\"a\\":' * 150 + "1" + "}" * 150 + '"}',
        '{"item": "13", "text": "x", "overlap": ' + "9" * 400 + "}",
        '{"item": "14", "text": "x", "gold": [["cat"]]}',
        '{"item": "15", "text": "x", "gold": [{}]}',
        '{"item": "16", "text": "x", "gold": {"a": 1}}',
        '{"item": "17", "text": "fine too"}',
    ]
    told = owner.bring(project, "batches", "\n".join(rows), "rows.jsonl")
    done = read(owner, installation, told["id"])
    assert done["state"] == "done", done
    assert [line for line, _ in faults(owner, told["id"])] == list(range(2, 17))
    assert [each["item"] for each in owner.get(f"/projects/{project}/items")["data"]] == ["1", "17"]
    # The same in csv, where JSON stands in a cell.
    nul = 'item,text,metadata\n20,a\0b,\n21,x,"{""a"": ""\\u0000""}"\n22,fine,\n'
    told = owner.bring(project, "batches", nul)
    done = read(owner, installation, told["id"])
    assert (done["state"], done["kept"]) == ("done", 1), done
    for kind, body, query in (
        (
            "answers",
            "\n".join(
                [
                    '{"worker": "w\\u0000", "item": "1", "label": "cat"}',
                    '{"worker": "\\udfff", "item": "1", "label": "cat"}',
                ]
            ),
            {},
        ),
        (
            "predictions",
            '{"item": "1", "probabilities": {"cat": 1, "\\u0000": 0}}',
            {"model": "m", "version": "1"},
        ),
        ("predictions", '{"item": "1", "probabilities": "{\\"cat\\": 1e999}"}', {"model": "m", "version": "2"}),
        ("predictions", '{"item": "1", "probabilities": [[1], 0, 0]}', {"model": "m", "version": "3"}),
        ("predictions", '{"item": "1\\u0000", "cat": 1}', {"model": "m", "version": "4"}),
    ):
        told = owner.bring(project, kind, body, "rows.jsonl", **query)
        done = read(owner, installation, told["id"])
        assert (done["state"], done["kept"]) == ("done", 0), (kind, body, done)
        assert done["faulty"] == done["total"] > 0
    with installation.reading() as tx:
        assert work.unfinished(tx) == 0


def test_every_format_reads_the_same(owner: Door, installation: Installation) -> None:
    columns: dict[str, list[Any]] = {
        "item": ["1", "2"],
        "text": ["one", "two"],
        "gold": [None, CLASSES[0]],
        "meta:from": ["x", "y"],
    }
    csv = "item,text,gold,meta:from\n1,one,,x\n2,two,cat,y\n"
    jsonl = (
        '{"item": 1, "text": "one", "meta:from": "x"}\n'
        '{"item": 2, "text": "two", "gold": ["cat"], "meta:from": "y"}\n'
    )
    contents = {
        "a.csv": csv.encode(),
        "a.tsv": csv.replace(",", "\t").encode(),
        "a.jsonl": jsonl.encode(),
        "a.parquet": parquet(**columns),
        "a.csv.gz": gzip.compress(csv.encode()),
        "a.jsonl.gz": gzip.compress(jsonl.encode()),
    }
    found = []
    for name, content in contents.items():
        project = project_of(owner)
        told = owner.bring(project, "batches", content, name)
        assert read(owner, installation, told["id"])["kept"] == 2, name
        items = owner.get(f"/projects/{project}/items")["data"]
        found.append([{part: each[part] for part in ("item", "content", "metadata", "truth")} for each in items])
    assert all(each == found[0] for each in found)


def test_an_upload_that_is_cut_off_leaves_nothing(owner: Door, project: str, installation: Installation) -> None:
    before = counts(installation)
    response = sent(
        owner,
        project,
        GOOD,
        # The caller is gone before all that he announced has come.
        environ_overrides={"CONTENT_LENGTH": "500"},
    )
    assert_problem(response, 400)
    assert counts(installation) == before
    assert files(installation) == []


def test_uploads_are_listed_by_kind(owner: Door, project: str, installation: Installation, clock: Clock) -> None:
    ids = [owner.bring(project, "batches", f"text\n{number}\n")["id"] for number in range(5)]
    owner.bring(project, "answers", "worker,item,label\n")
    first = owner.get(f"/projects/{project}/uploads", kind="items", limit=3)
    rest = owner.get(f"/projects/{project}/uploads", kind="items", limit=3, after=first["next"])
    assert [each["id"] for each in first["data"] + rest["data"]] == ids[::-1]
    assert rest["next"] is None
