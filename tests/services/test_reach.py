"""Reach: what a stranger owns does not exist, whatever it is asked for by."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from crowdqc.assembly import Installation
from crowdqc.errors import Missing, Refused
from crowdqc.records import Item, Model, Review, Run, Upload, Worker
from crowdqc.records.projects import ProjectState
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor, Role
from crowdqc.services import (
    desk,
    evidence,
    exports,
    projects,
    reach,
    reviews,
    runs,
    uploads,
    work,
)
from crowdqc.services.exports import ExportKind
from crowdqc.storage import Stored
from tests.services import factories
from tests.services.factories import aggregate, look

#: What is asked, with which outside names, and the rest of what it takes.
READS: list[tuple[str, Callable[..., Any], list[str], dict[str, Any]]] = [
    ("project", projects.get, ["project"], {}),
    ("progress", projects.progress, ["project"], {}),
    ("guidelines", projects.guidelines, ["project"], {}),
    ("models", projects.models, ["project"], {}),
    ("projects after one", lambda tx, actor, uid: projects.page(tx, actor, after=uid, limit=9), ["project"], {}),
    ("upload", uploads.get, ["upload"], {}),
    ("faults", uploads.faults, ["upload"], {"after": 0, "limit": 9}),
    ("uploads", uploads.page, ["project"], {"kind": None, "before": None, "limit": 9}),
    ("run", runs.get, ["run"], {}),
    ("latest run", runs.latest, ["project"], {}),
    ("runs", runs.page, ["project"], {"before": None, "limit": 9}),
    ("items", evidence.items_page, ["project"], {}),
    ("item", evidence.item, ["item"], {}),
    ("workers", evidence.workers, ["project"], {}),
    ("worker", evidence.worker, ["project", "worker"], {}),
    ("queue", lambda tx, actor, uid: reviews.queue(tx, actor, project_uid=uid), ["project"], {}),
    *[(f"export of {kind}", exports.export, ["project"], {"kind": kind}) for kind in ExportKind],
]
CHANGES: list[tuple[str, Callable[..., Any], list[str], dict[str, Any]]] = [
    ("change", projects.update, ["project"], {"name": "mine now"}),
    ("open", projects.set_state, ["project"], {"state": ProjectState.PAUSED}),
    ("guide", projects.set_guidelines, ["project"], {"text": "mine now"}),
    ("expect a file", uploads.expected, ["project"], {}),
    (
        "receive a file",
        uploads.receive,
        ["project"],
        {
            "kind": UploadKind.ITEMS,
            "stored": Stored("k", 3, "0" * 64, b"a\nb"),
            "filename": "x.csv",
            "content_type": None,
            "idempotency_key": None,
            "parameters": {},
        },
    ),
    ("run", runs.request, ["project"], {}),
    ("repeat", runs.repeat, ["run"], {}),
    ("claim", lambda tx, actor, uid: reviews.claim_next(tx, actor, project_uid=uid), ["project"], {}),
]


@pytest.fixture
def names(place: Installation) -> dict[str, uuid.UUID]:
    """Give the outside names of what one requester owns, a row of each kind."""
    owner = factories.requester(place)
    project = factories.project(place, owner, items=2)
    factories.bring(
        place, owner, project, b"worker,item,label\na,i0,cat\n", filename="a.csv", kind=UploadKind.ANSWERS
    )
    aggregate(place, owner, project)
    found = {"project": project.uid}
    for name, table in (("upload", Upload), ("item", Item), ("run", Run)):
        found[name] = factories.every(place, table, table.project_id == project.id)[0].uid  # type: ignore[attr-defined]
    found["worker"] = factories.every(place, Worker, Worker.name == "a")[0].uid
    return found


def asked(place: Installation, actor: Actor, use: Callable[..., Any], names: list[uuid.UUID], **rest: Any) -> Any:
    with place.transaction() as tx:
        return use(tx, actor, *names, **rest)


def test_a_stranger_finds_nothing(place: Installation, names: dict[str, uuid.UUID]) -> None:
    stranger = factories.requester(place, "stranger")
    theirs = factories.project(place, stranger, items=1, name="theirs")
    for what, use, wanted, rest in [*READS, *CHANGES]:
        given = [names[name] for name in wanted]
        with pytest.raises(Missing) as told:
            asked(place, stranger, use, given, **rest)
        assert isinstance(told.value, Missing), what
        # It is told in the very words in which it would be of what never was.
        with pytest.raises(Missing) as nothing:
            asked(place, stranger, use, [factories.uid() for _ in given], **rest)
        assert (type(told.value), told.value.detail) == (type(nothing.value), nothing.value.detail), what
    # Neither by way of a project of his own.
    for use, rest in (
        (uploads.page, {"kind": None, "before": names["upload"], "limit": 9}),
        (runs.page, {"before": names["run"], "limit": 9}),
        (evidence.items_page, {"after": names["item"]}),
    ):
        with pytest.raises(Missing):
            asked(place, stranger, use, [theirs.uid], **rest)  # type: ignore[arg-type]
    with pytest.raises(Missing):
        asked(place, stranger, evidence.worker, [theirs.uid, names["worker"]])
    for anything in (work.retry,):
        with pytest.raises(Missing), place.transaction() as tx:
            anything(tx, factories.uid())


def test_its_owner_and_those_who_see_all_find_it(place: Installation, names: dict[str, uuid.UUID]) -> None:
    owner = Actor(_owner(place, names["project"]), "rita", frozenset({Role.REQUESTER}))
    for actor in (
        owner,
        factories.person(place, "root", Role.ADMIN),
        factories.person(place, "lea", Role.QA_LEAD),
        factories.expert(place),
    ):
        for _, use, wanted, rest in READS:
            asked(place, actor, use, [names[name] for name in wanted], **rest)


def test_who_sees_all_does_not_change_what_is_not_his(place: Installation, names: dict[str, uuid.UUID]) -> None:
    for role in (Role.QA_LEAD, Role.EXPERT):
        actor = factories.person(place, f"a.{role}", role)
        for what, use, wanted, rest in CHANGES:
            given = [names[name] for name in wanted]
            if what in ("run", "repeat", "claim"):
                # These change nothing that its owner has said.
                asked(place, actor, use, given, **rest)
                continue
            with pytest.raises(Refused):
                asked(place, actor, use, given, **rest)
    root = factories.person(place, "root", Role.ADMIN)
    for _, use, wanted, rest in CHANGES:
        asked(place, root, use, [names[name] for name in wanted], **rest)


def _owner(place: Installation, uid: uuid.UUID) -> int:
    with place.reading() as tx:
        return reach.project(tx, Actor(0, "", frozenset({Role.ADMIN})), uid).owner_id


def test_noise_is_in_nobodys_numbers(place: Installation, names: dict[str, uuid.UUID]) -> None:
    owner = Actor(_owner(place, names["project"]), "rita", frozenset({Role.REQUESTER}))
    uid = names["project"]
    assert [each.uid for each in look(place, projects.page, owner, after=None, limit=9)] == [uid]
    progress = look(place, projects.progress, owner, uid)
    assert (progress.answers, sum(progress.items.values()), progress.reviews) == (1, 2, {})
    _, _, workers = look(place, evidence.workers, owner, uid)
    assert [each.worker.name for each in workers] == ["a"]
    _, _, items = look(place, evidence.items_page, owner, uid)
    assert [(each.item.key, dict(each.counts)) for each in items] == [("i0", {"cat": 1}), ("i1", {})]
    _, _, found = look(place, evidence.items_page, owner, uid, key="i0")
    assert [each.item.uid for each in found] == [items[0].item.uid]
    history = look(place, evidence.item, owner, names["item"])
    assert (len(history.answers), history.predictions, history.reviews, history.reports) == (1, [], [], [])
    _, _, said = look(place, evidence.worker, owner, uid, names["worker"])
    assert [(item.key, answer.label) for answer, item, _ in said] == [("i0", 0)]
    assert look(place, projects.models, owner, uid) == []
    assert look(place, reviews.counts, owner) == {}
    for kind, number in (
        (ExportKind.LABELS, 2), (ExportKind.ITEMS, 2), (ExportKind.ANSWERS, 1), (ExportKind.PREDICTIONS, 0),
        (ExportKind.REVIEWS, 0), (ExportKind.WORKERS, 1),
    ):  # fmt: skip
        with place.reading() as tx:
            rows = [*exports.export(tx, owner, uid, kind=kind).rows]
        assert len(rows) == number, kind
        assert "noise" not in str(rows)
    noise = factories.every(place, Review)
    assert {review.state for review in noise} == {"withdrawn"}
    assert len(factories.every(place, Model)) == 1
    ada = factories.worker(place, "ada")
    assert {each.score for each in look(place, desk.standings, ada)} == {None}
