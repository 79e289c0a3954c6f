"""A release as files: other tools' layouts hold what is frozen, and our own tables come back as they were."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import xml.etree.ElementTree as ET
import zipfile

import polars
import pyarrow.parquet as pq
import pytest
import yaml

from crowdqc import formats
from crowdqc.assembly import Installation
from crowdqc.formats import frozen
from crowdqc.formats.layouts import hugging_face, tables
from crowdqc.records import Release
from crowdqc.records.uploads import UploadKind
from crowdqc.services import freezing, release_files, releases
from crowdqc.services.release_files import NoSuchReleaseFile
from tests.services import factories
from tests.services.factories import aggregate, bring
from tests.services.frozen import correct, lines, lived_in, manifest, release


def written(place: Installation, found: Release, name: str) -> bytes:
    return b"".join(release_files.written(place.storage, found, name).chunks)


@pytest.fixture
def made(place: Installation) -> Release:
    owner, eve = factories.requester(place), factories.expert(place)
    project = lived_in(place, owner)
    correct(place, eve, project, "i1", "owl")
    return release(place, owner, project, note="A *note*")


def test_sagemaker(place: Installation, made: Release) -> None:
    found = [json.loads(line) for line in written(place, made, "sagemaker.manifest").splitlines()]
    assert [each["item"] for each in found] == ["i0", "i1", "i2", "g"]
    one = next(each for each in found if each["item"] == "i1")
    told = one.pop("Owls-dogs-metadata")
    assert one == {"text": "thing 1", "source": "thing 1", "item": "i1", "Owls-dogs": 2}
    assert told["creation-date"] == lines(place, made)["i1"]["decisions"][0]["decided_at"][:-6]
    assert {name: value for name, value in told.items() if name != "creation-date"} == {
        "confidence": 1.0,
        "job-name": "labeling-job/Owls-dogs",
        "class-name": "owl",
        "human-annotated": "yes",
        "type": "groundtruth/text-classification",
    }


def test_sagemaker_of_pictures_and_of_odd_names(place: Installation) -> None:
    owner = factories.requester(place)
    things = [
        {"item": "1", "photo": "https://x.test/a.jpg", "gold": "cat"},
        {"item": "2", "source-ref": "s3://b/k", "gold": "dog", "size": 1},
        {"item": "3", "size": 7, "gold": "owl"},
        {"item": "4", "size": 8},
    ]
    names = {"size": "size-label", "!!!": "label", "a-metadata": "crowdqc-a", "item": "the-item"}
    kinds = [f"groundtruth/{kind}-classification" for kind in ("image", "image", "text")]
    for name, attribute in names.items():
        project = factories.project(place, owner, items=things, name=name)
        told = written(place, release(place, owner, project), "sagemaker.manifest").splitlines()
        found = [json.loads(line) for line in told]
        assert [each[attribute] for each in found] == [0, 1, 2]
        assert [each[f"{attribute}-metadata"]["type"] for each in found] == kinds
        assert (found[0]["source-ref"], found[1]["source-ref"]) == ("https://x.test/a.jpg", "s3://b/k")
        assert found[2]["source"] == '{"size":7}'


def test_label_studio(place: Installation, made: Release) -> None:
    tasks = json.loads(written(place, made, "label-studio.json"))
    assert [each["data"]["crowdqc"]["item"] for each in tasks] == ["i0", "i1", "i2", "i3", "g", "ünïcode"]
    of = {each["data"]["crowdqc"]["item"]: each for each in tasks}

    def choice(result: dict[str, object]) -> dict[str, object]:
        return {"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [result]}}

    assert of["i1"]["annotations"] == [
        {"result": [choice("owl")], "ground_truth": True, "was_cancelled": False}  # type: ignore[arg-type]
    ]
    assert of["i0"]["annotations"][0]["ground_truth"] is False
    assert of["i3"]["annotations"] == []
    assert [(each["model_version"], each["score"]) for each in of["i0"]["predictions"]] == [
        ("m 1", 0.5), ("crowdqc majority_vote", 1.0)
    ]  # fmt: skip
    assert of["ünïcode"]["data"]["size"] == 3.5
    view = ET.fromstring(written(place, made, "label-studio.xml"))
    choices = view.find("Choices")
    assert choices is not None
    assert (choices.get("name"), choices.get("toName")) == ("label", "item")
    assert [each.get("value") for each in choices] == [*factories.CLASSES]
    shown = view.find("Text")
    assert shown is not None
    assert (shown.get("name"), shown.get("value")) == ("item", "$text")


def test_hugging_face(place: Installation, made: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hugging_face, "SHARD", 3)
    content = written(place, made, "hugging-face.zip")
    assert content == written(place, made, "hugging-face.zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        shards = ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"]
        assert archive.namelist() == ["README.md", "manifest.json", *shards, "workers.csv"]
        files = {name: archive.read(name) for name in archive.namelist()}
    assert hashlib.sha256(files["manifest.json"]).hexdigest() == made.content_hash
    rows = [row for name in shards for row in pq.read_table(io.BytesIO(files[name])).to_pylist()]
    told = {key: each for key, each in lines(place, made).items() if each["label"] is not None}
    assert [row["item"] for row in rows] == [*told]
    assert [row["label_name"] for row in rows] == [each["label"] for each in told.values()]
    assert [row["label"] for row in rows] == [factories.CLASSES.index(each["label"]) for each in told.values()]
    assert [row["text"] for row in rows] == [each["content"]["text"] for each in told.values()]
    by_polars = polars.concat([polars.read_parquet(io.BytesIO(files[name])) for name in shards])
    assert by_polars.to_dicts() == rows
    _, head, card = files["README.md"].decode().split("---\n", 2)
    read = yaml.safe_load(head)
    assert (read["pretty_name"], read["license"], read["size_categories"]) == (
        "Owls & <dogs>",
        "unknown",
        ["n<1K"],
    )
    assert read["task_categories"] == ["text-classification"]
    assert read["dataset_info"]["splits"] == [{"name": "train", "num_examples": 4}]
    features = {each["name"]: each["dtype"] for each in read["dataset_info"]["features"]}
    assert features["label"] == {"class_label": {"names": {"0": "cat", "1": "dog", "2": "owl"}}}
    arrow = {"string": "string", "int64": "int64", "double": "float64", "bool": "bool"}
    schema = pq.read_schema(io.BytesIO(files[shards[0]]))
    assert [*features] == schema.names
    assert {name: arrow[str(schema.field(name).type)] for name in features if name != "label"} == {
        name: dtype for name, dtype in features.items() if name != "label"
    }
    for part in (
        "# Owls & \\<dogs\\>, release 1", "A \\*note\\*", "4 labels of 6 items", "| decision | 1 |",
        "`majority_vote`", "| m 1 | 2 |", "| dog where the label is owl | 1 (33.3%) |", made.content_hash or "",
    ):  # fmt: skip
        assert part in card, part
    workers = [*csv.DictReader(io.StringIO(files["workers.csv"].decode()))]
    assert sum(int(each["answers"]) for each in workers) == manifest(made)["answers"]["number"]
    assert sum(int(each["as_labelled"]) for each in workers) == 5
    assert b"Nemo" not in b"".join(files.values())


def test_fields_that_clash_or_are_too_many(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.requester(place)
    things = [
        {"item": "1", "content": {"label": "x", "state": 1, "n": 1, "deep": {"a": [1]}}, "gold": "cat"},
        {"item": "2", "content": {"label": "y", "state": True, "n": 0.5}, "gold": "dog"},
        {"item": "3", "content": {"label": None, "n": 2**60}, "gold": "owl"},
    ]
    project = factories.project(place, owner, items=things)
    found = release(place, owner, project)
    assert manifest(found)["fields"] == {"label": "text", "state": "json", "n": "json", "deep": "json"}

    def table(found: Release) -> list[dict[str, object]]:
        with zipfile.ZipFile(io.BytesIO(written(place, found, "hugging-face.zip"))) as archive:
            rows: list[dict[str, object]] = pq.read_table(
                io.BytesIO(archive.read("data/train-00000-of-00001.parquet"))
            ).to_pylist()
            return rows

    assert [(row["content_label"], row["content_state"], row["deep"]) for row in table(found)] == [
        ("x", "1", '{"a":[1]}'), ("y", "true", None), (None, None, None)
    ]  # fmt: skip
    monkeypatch.setattr("crowdqc.services.label_histories.FIELDS", 2)
    again = release(place, owner, project)
    assert manifest(again)["fields"] is None
    assert [json.loads(str(row["content"])) for row in table(again)][1] == things[1]["content"]
    for name in release_files.NAMES:
        assert written(place, again, name) or name == "answers.jsonl", name


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_tables_come_back_the_same(place: Installation, made: Release, format: str) -> None:
    told = [*lines(place, made).values()]
    for name, (columns, rows) in tables.TABLES.items():
        content = written(place, made, f"{name}.{format}")
        read = [each.values for each in formats.read(io.BytesIO(content), format, columns)]  # type: ignore[union-attr]
        wanted = [{column.name: row.get(column.name) for column in columns} for row in rows(told)]
        assert read == wanted, name


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_items_and_answers_of_a_release_make_the_same_labels_elsewhere(place: Installation, format: str) -> None:
    owner = factories.requester(place)
    first = release(place, owner, lived_in(place, owner))
    copy = factories.project(place, owner, name="copy", overlap=3, review=[], method="majority_vote")
    for name, kind in (("items", UploadKind.ITEMS), ("answers", UploadKind.ANSWERS)):
        content = written(place, first, f"{name}.{format}")
        upload = bring(place, owner, copy, content, kind=kind, filename=f"x.{format}")
        assert (upload.state, upload.faulty) == ("done", 0)
    aggregate(place, owner, copy)
    there, here = (lines(place, each) for each in (first, release(place, owner, copy)))
    assert [*here] == [*there]
    same = ("label", "confidence", "source", "content", "content_hash", "metadata", "posterior", "counts")
    for key, each in there.items():
        assert {name: here[key][name] for name in same} == {name: each[name] for name in same}
        assert [a["label"] for a in here[key]["answers"]] == [a["label"] for a in each["answers"]]


def test_what_was_hashed_leaves_as_it_is(place: Installation, made: Release) -> None:
    assert hashlib.sha256(written(place, made, "manifest.json")).hexdigest() == made.content_hash
    content = written(place, made, "release.jsonl.gz")
    assert frozen.faults(
        written(place, made, "manifest.json"), io.BytesIO(content), content_hash=made.content_hash
    ) == []  # fmt: skip
    for name in ("labels.xls", "labels", "", "workers.csv", "../release.jsonl.gz"):
        with pytest.raises(NoSuchReleaseFile):
            release_files.written(place.storage, made, name)


def test_changes_as_a_table(place: Installation, made: Release) -> None:
    with place.reading() as tx:
        owner = tx.session.query(releases.Release).filter_by(uid=made.uid).one().created_by
    with place.transaction() as tx:
        second = freezing.ask(tx, made.project_id, by=owner)
    from crowdqc import jobs

    jobs.perform_due(place)
    with place.reading() as tx:
        second = releases.releases.by_id(tx.session, second.id)
    found = release_files.changes(place.storage, made, second, "changes.csv")
    assert b"".join(found.chunks).decode().splitlines() == [",".join(each.name for each in release_files.CHANGES)]
    assert found.media_type == "text/csv"
    with pytest.raises(NoSuchReleaseFile):
        release_files.changes(place.storage, made, second, "labels.csv")
