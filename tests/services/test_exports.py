"""Exports: what leaves can come back, and comes to the same."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crowdqc import formats, jobs
from crowdqc.assembly import Installation
from crowdqc.records import Project, Review
from crowdqc.records.projects import ProjectState
from crowdqc.records.reviews import Verdict
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import desk as desks
from crowdqc.services import exports
from crowdqc.services.exports import ExportKind
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import aggregate, bring, decide, do, submit, take, take_one

DOUBT = {"when": {"signal": "agreement", "op": "below", "value": 0.99}, "route": "review", "weight": 40}
#: What is another's in another project.
IDS = {"worker_id", "run", "batch", "run_finished_at", "review"}


def rows(place: Installation, actor: Actor, project: Project, kind: ExportKind) -> list[Mapping[str, object]]:
    with place.reading() as tx:
        return [*exports.export(tx, actor, project.uid, kind=kind).rows]


def written(place: Installation, actor: Actor, project: Project, kind: ExportKind, format: str) -> bytes:
    with place.reading() as tx:
        export = exports.export(tx, actor, project.uid, kind=kind)
        return b"".join(export.file(format))


def plain(found: list[Mapping[str, object]]) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name not in IDS} for row in found]


def lived_in(place: Installation, owner: Actor, clock: Clock) -> Project:
    """Make a project with all that there can be: gold, late answers, comments, odd characters, predictions."""
    things: list[Mapping[str, object]] = [
        {"item": "plain", "text": "x"},
        {"item": 'odd, "quoted"\nline', "text": "ä 漢 \t tab", "content": {"n": 1.5, "deep": [1, {"a": None}]}},
        {"item": "=1+1", "text": "'", "flag": True, "metadata": {"source": "s", "n": [1, 2]}},
        {"item": "007", "text": "7", "overlap": 3},
        {"item": "g", "text": "gold", "gold": ["cat", "dog"]},
    ]
    crew = factories.crowd(place, 3)
    project = factories.project(place, owner, items=things, overlap=2, lease_seconds=60, gold_share=0.0, review=[])
    first = take(place, crew[0], project, count=4)
    submit(place, crew[0], first.assignments[0][0], "cat", comment='a "comment", with\nlines')
    clock.advance(61)
    for actor in crew[1:]:
        for number, (assignment, _) in enumerate(take(place, actor, project, count=4).assignments):
            submit(place, actor, assignment, factories.CLASSES[number % 3], seconds=1.25)
            clock.advance(1)
    # Late: one finds its place taken, another, of an item that wants three, finds one free.
    submit(place, crew[0], first.assignments[1][0], "owl")
    submit(place, crew[0], first.assignments[3][0], "owl")
    bring(place, owner, project, b"worker,item,label\nextern,g,cat\n", filename="a.csv", kind=UploadKind.ANSWERS)
    for version, share in (("1", "0.1"), ("2", "0.3")):
        content = f'item,"p:cat","p:dog","p:owl"\nplain,{share},{1 - float(share)},0\n007,0,0,1\n'.encode()
        bring(
            place,
            owner,
            project,
            content,
            filename="p.csv",
            kind=UploadKind.PREDICTIONS,
            model="m",
            version=version,
        )
    return project


def models(found: list[Mapping[str, object]]) -> list[tuple[str, str]]:
    return sorted({(str(row["model"]), str(row["version"])) for row in found})


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_what_leaves_comes_back_the_same(place: Installation, clock: Clock, format: str) -> None:
    owner = factories.requester(place)
    first = lived_in(place, owner, clock)
    copy = factories.project(place, owner, name="copy", overlap=2, gold_share=0.0, review=[])
    for kind, into in ((ExportKind.ITEMS, UploadKind.ITEMS), (ExportKind.ANSWERS, UploadKind.ANSWERS)):
        content = written(place, owner, first, kind, format)
        upload = bring(place, owner, copy, content, kind=into, filename=f"x.{format}")
        assert (upload.state, upload.faulty, upload.unchanged) == ("done", 0, 0)
    found = rows(place, owner, first, ExportKind.PREDICTIONS)
    for model, version in models(found):
        with place.reading() as tx:
            export = exports.export(tx, owner, first.uid, kind=ExportKind.PREDICTIONS)
            mine = [row for row in export.rows if (row["model"], row["version"]) == (model, version)]
            content = b"".join(formats.write(mine, export.columns, format))
        upload = bring(
            place, owner, copy, content, kind=UploadKind.PREDICTIONS, filename=f"x.{format}", model=model,
            version=version,
        )  # fmt: skip
        assert (upload.state, upload.kept, upload.faulty) == ("done", 2, 0)
    for kind in (ExportKind.ITEMS, ExportKind.PREDICTIONS):
        assert plain(rows(place, owner, copy, kind)) == plain(rows(place, owner, first, kind))
    # Of an answer comes back who said what of what, when, how long it took, and whether it counts.
    kept = ("worker", "item", "label", "time", "seconds", "counted")
    there, here = (rows(place, owner, each, ExportKind.ANSWERS) for each in (first, copy))
    assert [[row[name] for name in kept] for row in here] == [[row[name] for name in kept] for row in there]
    assert {row["counted"] for row in there} == {True, False}
    for project in (first, copy):
        clock.advance(60)
        jobs.perform_due(place)
        aggregate(place, owner, project)
    there, here = (rows(place, owner, each, ExportKind.LABELS) for each in (first, copy))
    assert plain(here) == plain(there)
    assert {row["source"] for row in here} == {"consensus", "gold"}
    if format != "parquet":
        assert written(place, owner, copy, ExportKind.ITEMS, format) == written(
            place, owner, first, ExportKind.ITEMS, format
        )


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_what_comes_back_where_it_is_still_changes_nothing(place: Installation, clock: Clock, format: str) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner, clock)
    before = rows(place, owner, project, ExportKind.ITEMS)
    content = written(place, owner, project, ExportKind.ITEMS, format)
    again = bring(place, owner, project, content, filename=f"x.{format}")
    assert (again.kept, again.unchanged, again.faulty) == (0, 5, 0)
    assert rows(place, owner, project, ExportKind.ITEMS) == before
    (row,) = [row for row in before if row["item"] == "plain"]
    changed = bring(
        place, owner, project, factories.rows([{**row, "overlap": 9}, {**row, "content": {"text": "y"}}])
    )
    assert (changed.unchanged, [where for _, where in factories.faults(place, owner, changed)]) == (1, ["item"])
    assert rows(place, owner, project, ExportKind.ITEMS) == before


def test_labels_carry_their_history(place: Installation, clock: Clock) -> None:
    owner, eve = factories.requester(place), factories.expert(place)
    things = [*factories.numbered(4), {"item": "g", "text": "x", "gold": "dog"}]
    project = factories.project(place, owner, items=things, overlap=2, review=[DOUBT], method="majority_vote")
    content = b"worker,item,label\n" + b"".join(
        b"a,i%d,cat\nb,i%d,%s\n" % (each, each, b"cat" if each == 0 else b"dog") for each in range(3)
    )
    bring(place, owner, project, content, filename="a.csv", kind=UploadKind.ANSWERS)
    run = aggregate(place, owner, project)
    by_item = {
        review.item_id: review for review in factories.every(place, Review, Review.project_id == project.id)
    }
    for key, verdict, label in (("i1", Verdict.CORRECT, "owl"), ("i2", Verdict.DISCARD, None)):
        decide(place, eve, by_item[factories.item(place, project, key).id], verdict, label=label, comment="seen")
    labels = {str(row["item"]): row for row in rows(place, owner, project, ExportKind.LABELS)}
    told = {
        key: (row["label"], row["confidence"], row["source"], row["state"], row["verdict"], row["decided_by"])
        for key, row in labels.items()
    }
    assert told == {
        "i0": ("cat", 1.0, "consensus", "accepted", None, None),
        "i1": ("owl", 1.0, "decision", "decided", "correct", "eve"),
        "i2": (None, None, "consensus", "discarded", "discard", "eve"),
        "i3": (None, None, None, "open", None, None),
        "g": ("dog", 1.0, "gold", "gold", None, None),
    }
    assert (labels["i1"]["crowd_label"], labels["i1"]["counts"]) == ("cat", {"cat": 1, "dog": 1})
    assert {row["run"] for row in labels.values()} == {str(run.uid)}
    assert labels["i0"]["posterior"] == {"cat": 1.0, "dog": 0.0, "owl": 0.0}
    reviewed = [(row["item"], row["verdict"], row["label"], row["decided_by"]) for row in
                rows(place, owner, project, ExportKind.REVIEWS)]  # fmt: skip
    assert sorted(reviewed, key=str) == [("i1", "correct", "owl", "eve"), ("i2", "discard", None, "eve")]
    workers = rows(place, owner, project, ExportKind.WORKERS)
    assert [(row["worker"], row["answers"]) for row in workers] == [("a", 3), ("b", 3)]


def test_gold_is_what_was_brought_as_gold(place: Installation) -> None:
    """A decision is no gold: who takes his items elsewhere does not hide what an expert said among them."""
    owner, eve = factories.requester(place), factories.expert(place)
    project = factories.project(place, owner, items=1, overlap=1, review=[
        {"when": {"signal": "confidence", "op": "at_least", "value": 0.0}, "route": "review", "weight": 1}
    ])  # fmt: skip
    bring(place, owner, project, b"worker,item,label\na,i0,cat\n", filename="a.csv", kind=UploadKind.ANSWERS)
    aggregate(place, owner, project)
    (review,) = factories.every(place, Review, Review.project_id == project.id)
    decide(place, eve, review, Verdict.ACCEPT)
    (row,) = rows(place, owner, project, ExportKind.ITEMS)
    assert (row["gold"], row["item"]) == (None, "i0")


def test_an_export_sees_one_moment(place: Installation) -> None:
    owner, ada = factories.requester(place), factories.worker(place, "ada")
    project = factories.project(place, owner, items=3, state=ProjectState.OPEN)
    with place.reading() as tx:
        export = exports.export(tx, owner, project.uid, kind=ExportKind.ANSWERS)
        assert tx.session.query(Project).count() == 2
        submit(place, ada, take_one(place, ada, project), "cat")
        do(place, desks.take, ada, project.uid)
        assert [*export.rows] == []
    assert len(rows(place, owner, project, ExportKind.ANSWERS)) == 1
    assert written(place, owner, project, ExportKind.ANSWERS, "csv").startswith(b"worker,item,label,")


@pytest.mark.parametrize("format", ["csv", "tsv", "jsonl", "jsonl.gz", "parquet"])
def test_labels_are_written_by_blocks_as_they_are_row_by_row(
    place: Installation, clock: Clock, format: str
) -> None:
    owner = factories.requester(place)
    project = lived_in(place, owner, clock)
    for _ in range(2):
        found = rows(place, owner, project, ExportKind.LABELS)
        with place.reading() as tx:
            export = exports.export(tx, owner, project.uid, kind=ExportKind.LABELS)
            by_blocks = b"".join(export.file(format))
        assert by_blocks == b"".join(formats.write(found, export.columns, format))
        # The second time with a run, so that there are posteriors.
        aggregate(place, owner, project)
    assert {row["source"] for row in found} >= {"gold"}
