"""Files on their way in: read a chunk at a time, gone on with where they were cut off, taken once."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys

import pytest

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.formats import UnknownFormat
from crowdqc.records import Answer, Item, Upload
from crowdqc.records.projects import ProjectState
from crowdqc.records.uploads import UploadKind
from crowdqc.services import batches, uploads
from crowdqc.services.uploads import EmptyFile, KeyReused, NotOpenForUploads
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import bring, look, send


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "CHUNK", dict.fromkeys(UploadKind, 10))


def many(number: int) -> bytes:
    return b"item,text\n" + b"".join(b"i%d,thing %d\n" % (each, each) for each in range(number))


@pytest.mark.usefixtures("small_chunks")
def test_a_file_is_kept_a_chunk_at_a_time(place: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    seen: list[tuple[int, int, int]] = []
    keep = batches.keep

    def spy(tx, upload_id, chunk):  # type: ignore[no-untyped-def]
        upload = tx.session.get_one(Upload, upload_id)
        seen.append((len(chunk), upload.kept, upload.total))
        keep(tx, upload_id, chunk)

    monkeypatch.setitem(jobs.KEEPERS, UploadKind.ITEMS, spy)
    upload = bring(place, owner, project, many(35), filename="x.csv")
    assert seen == [(10, 0, 35), (10, 10, 35), (10, 20, 35), (5, 30, 35)]
    assert (upload.state, upload.rows, upload.kept, upload.total, upload.line) == ("done", 35, 35, 35, 36)
    assert (upload.unchanged, upload.faulty, upload.failure, upload.filename) == (0, 0, None, "x.csv")
    items = factories.every(place, Item, Item.project_id == project.id)
    assert [(item.key, item.content) for item in items] == [
        (f"i{each}", {"text": f"thing {each}"}) for each in range(35)
    ]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("kind", [*UploadKind])
def test_a_reading_that_is_cut_off_goes_on_where_it_was(
    place: Installation, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: UploadKind
) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, items=20, overlap=2)
    content, parameters = {
        UploadKind.ITEMS: (many(40).replace(b"thing 25", b""), {}),
        UploadKind.ANSWERS: (
            b"worker,item,label\n" + b"".join(b"w%d,i%d,cat\n" % (each % 2, each // 2) for each in range(40)),
            {},
        ),
        UploadKind.PREDICTIONS: (
            b"item,cat,dog,owl\n" + b"".join(b"i%d,0.5,0.25,0.25\n" % each for each in range(40)),
            {"model": "m", "version": "1"},
        ),
        UploadKind.EMBEDDINGS: (
            b"item,embedding\n" + b"".join(b'i%d,"[0.5, %d]"\n' % (each, each) for each in range(40)),
            {"model": "e", "version": "1"},
        ),
    }[kind]
    upload, _ = send(place, owner, project, content, kind=kind, filename="x.csv", **parameters)
    keep, calls = jobs.KEEPERS[kind], []

    def cut(tx, upload_id, chunk):  # type: ignore[no-untyped-def]
        keep(tx, upload_id, chunk)
        calls.append(len(chunk))
        if len(calls) in (2, 4):
            # After all is written, before it is committed.
            raise RuntimeError("the power went")

    monkeypatch.setitem(jobs.KEEPERS, kind, cut)
    standing = []
    for _ in range(3):
        jobs.perform_due(place)
        found = look(place, uploads.get, owner, upload.uid)
        standing.append((found.state, found.rows))
        clock.advance(60)
    assert standing == [("reading", 10), ("reading", 20), ("done", 40)]
    assert calls == [10, 10, 10, 10, 10, 10]
    if kind is UploadKind.ITEMS:
        assert (found.kept, found.unchanged, found.faulty) == (19, 20, 1)
        assert factories.faults(place, owner, found) == [(27, "row")]
        items = factories.every(place, Item, Item.project_id == project.id)
        assert sorted(item.key for item in items) == sorted(f"i{each}" for each in range(40) if each != 25)
    elif kind is UploadKind.ANSWERS:
        assert (found.kept, found.unchanged, found.faulty) == (40, 0, 0)
        assert len(factories.every(place, Answer, Answer.project_id == project.id)) == 40
    else:
        assert (found.kept, found.unchanged, found.faulty) == (20, 0, 20)


@pytest.mark.usefixtures("small_chunks")
def test_two_runners_who_read_the_same_file_count_each_row_once(place: Installation, clock: Clock) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload, _ = send(place, owner, project, many(30).replace(b"thing 3\n", b"\n"), filename="x.csv")
    begun = []

    class Slow:
        """A runner that is given up for dead: another does the whole job before its first chunk."""

        def __getattr__(self, name: str) -> object:
            return getattr(place, name)

        def transaction(self):  # type: ignore[no-untyped-def]
            begun.append(1)
            if len(begun) == 3:
                clock.advance(3600)
                jobs.read_upload(place, upload.id)
            return place.transaction()

    jobs.read_upload(Slow(), upload.id)  # type: ignore[arg-type]
    found = look(place, uploads.get, owner, upload.uid)
    assert len(begun) == 6
    assert (found.state, found.rows, found.kept, found.unchanged, found.faulty) == ("done", 30, 29, 0, 1)
    assert len(factories.faults(place, owner, found)) == 1


def test_the_same_file_is_the_same_upload(place: Installation) -> None:
    owner = factories.requester(place)
    project, other = factories.project(place, owner), factories.project(place, owner, name="other")
    first, new = send(place, owner, project, many(3), filename="x.csv")
    assert new
    again, new = send(place, owner, project, many(3), filename="renamed.csv")
    assert (again.id, new) == (first.id, False)
    jobs.perform_due(place)
    again, new = send(place, owner, project, many(3), filename="x.csv", key="k")
    assert (again.id, new) == (first.id, False)
    assert send(place, owner, other, many(3), filename="x.csv")[1]
    # As predictions of a model it is another matter.
    for version in ("1", "2"):
        upload, new = send(
            place,
            owner,
            project,
            many(3),
            filename="x.csv",
            kind=UploadKind.PREDICTIONS,
            model="m",
            version=version,
        )
        assert (new, upload.id == first.id) == (True, False)
    assert len(factories.every(place, Upload, Upload.project_id == project.id)) == 3


def test_a_key_is_for_one_file(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    first, new = send(place, owner, project, many(3), filename="x.csv", key="key")
    assert new
    again, new = send(place, owner, project, many(3), filename="x.csv", key="key")
    assert (again.id, new) == (first.id, False)
    with pytest.raises(KeyReused) as told:
        send(place, owner, project, many(4), filename="x.csv", key="key")
    assert told.value.facts["upload"] == str(first.uid)
    with pytest.raises(KeyReused):
        send(place, owner, project, many(3), filename="x.csv", key="key", kind=UploadKind.ANSWERS)
    assert len(factories.every(place, Upload, Upload.project_id == project.id)) == 1


def test_what_is_no_file_of_rows_is_refused_at_once(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    with pytest.raises(EmptyFile):
        send(place, owner, project, b"", filename="x.csv")
    with pytest.raises(UnknownFormat):
        send(place, owner, project, b"\x89PNG\r\n\x1a\n\x00\x00", filename="x.png")
    closed = factories.project(place, owner, state=ProjectState.CLOSED, name="closed")
    with pytest.raises(NotOpenForUploads):
        send(place, owner, closed, many(1), filename="x.csv")
    assert factories.every(place, Upload, Upload.project_id.in_([project.id, closed.id])) == []


def parquet(number: int) -> bytes:
    import pyarrow
    import pyarrow.parquet

    sink = io.BytesIO()
    table = pyarrow.table({"item": [f"i{each}" for each in range(number)], "text": ["x" * 50] * number})
    pyarrow.parquet.write_table(table, sink, row_group_size=100)
    return sink.getvalue()


def chance(number: int) -> bytes:
    """Rows that do not pack well, so that a cut-off file still gives some."""
    draw = random.Random(1)
    lines = [f"i{each},{draw.getrandbits(256):x}\n" for each in range(number)]
    return ("item,text\n" + "".join(lines)).encode()


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(
    ("filename", "content"),
    [
        ("x.parquet", parquet(500)[:-300]),
        ("x.parquet", parquet(500).replace(b"PAR1", b"XXXX", 1)[:2000] + b"\0" * 3000 + b"PAR1"),
        ("x.csv.gz", gzip.compress(chance(3000))[:-1000]),
        ("x.csv.gz", gzip.compress(chance(3000))[:40_000] + b"\0" * 100 + gzip.compress(chance(3000))[40_100:]),
        ("x.csv", b"item,item\n1,2\n"),
    ],
    ids=["cut parquet", "no parquet", "cut gzip", "bad gzip", "a column twice"],
)
def test_a_file_that_is_broken_half_way_leaves_nothing(place: Installation, filename: str, content: bytes) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload = bring(place, owner, project, content, filename=filename)
    assert (upload.state, upload.rows, upload.kept, upload.total) == ("failed", 0, 0, None)
    assert upload.failure is not None
    assert upload.failure["what"]
    assert upload.finished_at is not None
    assert factories.every(place, Item, Item.project_id == project.id) == []
    # The mended file is another upload; so is the same one, tried again.
    assert send(place, owner, project, content, filename=filename)[1]


def test_a_file_that_is_gone_fails_with_a_reason(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload, _ = send(place, owner, project, many(3), filename="x.csv")
    place.storage.delete(upload.storage_key)
    jobs.perform_due(place)
    found = look(place, uploads.get, owner, upload.uid)
    assert (found.state, "no stored file" in str(found.failure)) == ("failed", True)


def test_faults_are_listed_in_pages_and_counted_beyond_what_is_listed(
    place: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "FAULTS_KEPT", 15)
    monkeypatch.setattr(uploads, "CHUNK", dict.fromkeys(UploadKind, 10))
    owner = factories.requester(place)
    project = factories.project(place, owner)
    upload = bring(place, owner, project, b"item,gold,text\n" + b"i,emu,x\n" * 40, filename="x.csv")
    assert (upload.faulty, upload.kept, upload.rows) == (40, 0, 40)
    assert factories.faults(place, owner, upload) == [(line, "gold") for line in range(2, 17)]
    first = look(place, uploads.faults, owner, upload.uid, after=0, limit=10)
    rest = look(place, uploads.faults, owner, upload.uid, after=first[-1].id, limit=10)
    assert [fault.line for fault in rest] == [12, 13, 14, 15, 16]


def test_uploads_are_listed_the_newest_first(place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner)
    sent = [send(place, owner, project, many(each), filename="x.csv")[0].uid for each in (1, 2, 3)]
    answers, _ = send(place, owner, project, many(9), filename="x.csv", kind=UploadKind.ANSWERS)

    def page(**named: object) -> list[object]:
        values = {"kind": None, "before": None, "limit": 10} | named
        return [each.uid for each in look(place, uploads.page, owner, project.uid, **values)]

    assert page() == [answers.uid, *reversed(sent)]
    assert page(kind=UploadKind.ITEMS, limit=2) == [sent[2], sent[1]]
    assert page(kind=UploadKind.ITEMS, before=sent[1]) == [sent[0]]


MEASURE = """
import io, resource, sys
from crowdqc import jobs
from crowdqc.assembly import assemble
from crowdqc.settings import Settings
from tests.services import factories
place = assemble(Settings(data_dir=sys.argv[1], database_url=sys.argv[2], password_memory=8, password_passes=1))
owner = factories.requester(place)
project = factories.project(place, owner)
upload = factories.bring(place, owner, project, b"item,text\\n0,warm\\n", filename="x.csv")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
storage_key = "uploads/big"
with open(sys.argv[3], "rb") as file:
    stored = place.storage.put(storage_key, file, limit=1 << 30)
from crowdqc.services import uploads
from crowdqc.records.uploads import UploadKind
upload, _ = factories.do(place, uploads.receive, owner, project.uid, kind=UploadKind.ITEMS, stored=stored,
    filename="x.csv", content_type=None, idempotency_key=None, parameters={})
jobs.perform_due(place)
upload = factories.look(place, uploads.get, owner, upload.uid)
print(upload.state, upload.kept, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_large_file_is_read_in_bounded_memory(place: Installation, tmp_path, settings, backend: str) -> None:  # type: ignore[no-untyped-def]
    if backend != "sqlite":
        pytest.skip("what is kept in memory is the same on both")
    file = tmp_path / "big.csv"
    with file.open("w") as out:
        out.write("item,text\n")
        out.writelines(f"i{each},{'lorem ipsum ' * 20}{each}\n" for each in range(100_000))
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, settings.data_dir, settings.database_url, str(file)],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": "src:."},
        check=False,
    )
    assert told.returncode == 0, told.stderr
    state, kept, kilobytes = told.stdout.split()
    assert (state, kept) == ("done", "100000")
    # Its page cache has 64 MiB; the file has 25.
    assert int(kilobytes) < 130_000
