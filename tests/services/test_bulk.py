"""Many items: doubles wherever they stand, strange texts, two files at once, a runner that dies while it keeps."""

from __future__ import annotations

import csv
import io
import multiprocessing
import os
import signal
from typing import Any

import pytest

from crowdqc import assembly, jobs
from crowdqc.assembly import Installation
from crowdqc.records import Item, items
from crowdqc.records.uploads import UploadKind
from crowdqc.services import uploads
from crowdqc.settings import Settings
from tests.services import factories
from tests.services.factories import bring, look, rows, send

STRANGE = [
    "tab\there", "line\nfeed", "car\rriage", "back\\slash \\N \\. \\t", 'quo"te', "ä 漢 😀 \u2028", "\x01\x1f\x7f",
    "100% %s %(a)s", "{}", "NULL", "'; DROP TABLE items; --", " inner  space ",
]  # fmt: skip


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CHUNK", dict.fromkeys(UploadKind, 10))


def many(numbers: range, told: str = "thing") -> bytes:
    return b"item,text\n" + "".join(f"i{each},{told} {each}\n" for each in numbers).encode()


def test_strange_texts_are_kept_as_they_are(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    values: list[dict[str, object]] = [
        {"item": f"{number} {text.strip()}", "text": text, "meta:m": text, text: text}
        for number, text in enumerate(STRANGE)
    ]
    numbers = {"n": 1.5, "whole": 2.0, "big": 10**30, "small": 5e-324, "deep": [1, {"a": [None, True]}]}
    values.append({"item": "numbers", "content": numbers, "gold": ["cat", "dog"], "overlap": 9})
    assert bring(place, owner, project, rows(values)).kept == len(values)
    found = {item.key: item for item in factories.every(place, Item, Item.project_id == project.id)}
    for number, text in enumerate(STRANGE):
        item = found[f"{number} {text.strip()}"]
        assert (item.content, item.meta) == ({"text": text, text: text}, {"m": text})
    assert found["numbers"].content == numbers
    assert (found["numbers"].truth, found["numbers"].overlap) == (["cat", "dog"], 9)
    assert len({item.uid for item in found.values()}) == len(values)
    # The same texts in csv: kept by the quick way, and the same.
    other = factories.project(place, owner, name="other")
    file = io.StringIO()
    written = csv.writer(file, lineterminator="\n")
    written.writerow(["item", "text", "meta:m"])
    written.writerows([f"{number} {text.strip()}", text, text] for number, text in enumerate(STRANGE))
    assert bring(place, owner, other, file.getvalue().encode(), filename="x.csv").kept == len(STRANGE)
    for item in factories.every(place, Item, Item.project_id == other.id):
        assert (item.content["text"], item.meta) == (found[item.key].content["text"], found[item.key].meta)


def test_a_nul_is_refused(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload = bring(place, owner, project, b"item,text\na,x\0y\nb,z\n", filename="x.csv")
    assert (upload.kept, upload.faulty) == (1, 1)
    assert factories.faults(place, owner, upload) == [(2, "line 2, byte 4")]


@pytest.mark.usefixtures("small_chunks")
def test_doubles_are_found_within_a_chunk_across_chunks_and_across_files(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    content = many(range(25)) + b"i24,thing 24\ni3,thing 3\ni4,other\n" + many(range(25, 40)).split(b"\n", 1)[1]
    upload = bring(place, owner, project, content, filename="x.csv")
    assert (upload.state, upload.rows, upload.kept, upload.unchanged, upload.faulty) == ("done", 43, 40, 2, 1)
    assert factories.faults(place, owner, upload) == [(29, "item")]
    again = bring(place, owner, project, many(range(35, 60)), filename="y.csv")
    assert (again.rows, again.kept, again.unchanged, again.faulty) == (25, 20, 5, 0)
    changed = bring(place, owner, project, many(range(60), "other"), filename="z.csv")
    assert (changed.kept, changed.unchanged, changed.faulty) == (0, 0, 60)
    found = factories.every(place, Item, Item.project_id == project.id)
    assert sorted(item.key for item in found) == sorted(f"i{each}" for each in range(60))
    assert {item.content["text"] for item in found} == {f"thing {each}" for each in range(60)}


def test_thousands_of_names_are_looked_up_at_once(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    names = [f'{each} "odd, %' for each in range(40_000)]
    bring(place, owner, project, rows({"item": name, "text": "x"} for name in names[:3]))
    with place.reading() as tx:
        assert set(items.hashes(tx.session, project.id, names)) == set(names[:3])
        assert items.hashes(tx.session, project.id, []) == {}


def _read(settings: Settings, upload_id: int, small: int, die_after: int | None) -> None:
    """Read an upload as a runner of its own does; die in the midst of a chunk."""
    uploads.CHUNK = dict.fromkeys(UploadKind, small)
    keep = jobs.KEEPERS[UploadKind.ITEMS]
    done = []

    def dying(tx: Any, *about: Any) -> None:
        keep(tx, *about)
        tx.session.flush()
        done.append(1)
        if len(done) == die_after:
            os.kill(os.getpid(), signal.SIGKILL)

    jobs.KEEPERS[UploadKind.ITEMS] = dying  # type: ignore[index]
    jobs.read_upload(assembly.assemble(settings), upload_id)


def runner(place: Installation, upload_id: int, *, die_after: int | None = None) -> Any:
    process = multiprocessing.get_context("spawn").Process(
        target=_read, args=(place.settings, upload_id, 50, die_after)
    )
    process.start()
    return process


def test_two_files_with_the_same_items_from_two_processes(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    first, _ = send(place, owner, project, many(range(700)), filename="x.csv")
    second, _ = send(place, owner, project, many(range(300, 1000)), filename="y.csv")
    processes = [runner(place, upload.id) for upload in (first, second)]
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    told = [look(place, uploads.get, owner, upload.uid) for upload in (first, second)]
    assert [(each.state, each.rows, each.faulty) for each in told] == [("done", 700, 0)] * 2
    assert sum(each.kept for each in told) == 1000
    assert sum(each.unchanged for each in told) == 400
    found = factories.every(place, Item, Item.project_id == project.id)
    assert sorted(item.key for item in found) == sorted(f"i{each}" for each in range(1000))


def test_a_runner_that_is_killed_while_it_keeps_leaves_whole_chunks(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload, _ = send(place, owner, project, many(range(300)), filename="x.csv")
    process = runner(place, upload.id, die_after=3)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    found = look(place, uploads.get, owner, upload.uid)
    assert (found.state, found.rows, found.kept, found.line) == ("reading", 100, 100, 101)
    assert len(factories.every(place, Item, Item.project_id == project.id)) == 100
    process = runner(place, upload.id)
    process.join(120)
    found = look(place, uploads.get, owner, upload.uid)
    assert (found.state, found.rows, found.kept, found.unchanged, found.faulty) == ("done", 300, 300, 0, 0)
    assert len(factories.every(place, Item, Item.project_id == project.id)) == 300
