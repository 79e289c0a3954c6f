"""How healthy the gold is, beside each run: planted faults are found, told of, kept for the latest run alone."""

from __future__ import annotations

import random

import pytest

from crowdqc.assembly import Installation
from crowdqc.records import GoldScore, Run
from crowdqc.records.projects import Project
from crowdqc.records.uploads import UploadKind
from crowdqc.roles import Actor
from crowdqc.services import exports, gold
from crowdqc.services.exports import ExportKind
from crowdqc.services.truths import TruthOrigin
from tests.services import factories
from tests.services.factories import aggregate, bring, do, look

CLASSES = ("cat", "dog")
#: The label of g7 in the file is wrong, and w0 guesses but knows the gold.
WRONG, CHEAT = "g7", "w0"


def truth(key: str) -> str:
    return CLASSES[int(key[1:]) % 2]


def crowded(place: Installation, owner: Actor) -> Project:
    """Make a project with 40 gold and 160 plain items, all answered by twelve workers."""
    chance = random.Random(3)
    keys = [f"g{n}" for n in range(40)] + [f"i{n}" for n in range(160)]
    label = {key: truth(key) for key in keys}
    label[WRONG] = "cat" if label[WRONG] == "dog" else "dog"
    things = [{"item": key, "text": key, **({"gold": label[key]} if key.startswith("g") else {})} for key in keys]
    project = factories.project(place, owner, items=things, classes=CLASSES, overlap=12)
    rows = []
    for worker in range(12):
        for key in keys:
            known = f"w{worker}" == CHEAT and key.startswith("g")
            sure = 1.0 if known else 0.5 if f"w{worker}" == CHEAT else 0.9
            said = label[key] if known else truth(key)
            if chance.random() > sure:
                said = CLASSES[1 - CLASSES.index(said)]
            rows.append({"worker": f"w{worker}", "item": key, "label": said, "seconds": 2.0 if known else 10.0})
    chance.shuffle(rows)
    upload = bring(place, owner, project, factories.rows(rows), kind=UploadKind.ANSWERS)
    assert upload.kept == len(rows)
    return project


def test_planted_faults_are_found_and_told(place: Installation) -> None:
    owner = factories.requester(place)
    project = crowded(place, owner)
    run = aggregate(place, owner, project)
    found = look(place, gold.health, owner, project.uid)
    assert found.run is not None
    assert found.run.id == run.id
    assert found.whole is not None
    assert (found.whole["items"], found.whole["workers"]) == (40, 12)
    kinds = {
        each.item.key: [finding["kind"] for finding in each.score.findings] for each in found.found if each.score
    }
    assert found.found[0].item.key == WRONG
    assert kinds[WRONG][0] == "suspect"
    # Twelve of twelve have seen each: all are worn out.
    assert len(kinds) == 40
    (knowing,) = [each for each in found.whole["findings"] if each["kind"] == "knowing"]
    assert knowing["about"] == CHEAT
    assert knowing["meaning"].startswith("w0 is right in 100% of 40 answers to gold")
    score = found.found[0].score
    assert score is not None
    assert (project.classes[score.says or 0], score.answers, score.over_exposed) == (truth(WRONG), 12, True)
    assert score.wrong > 0.99
    assert {each["class"]: each["gold"] for each in found.whole["classes"]}.keys() == {"cat", "dog"}


def test_it_is_kept_for_the_latest_run_and_leaves_as_a_table(place: Installation) -> None:
    owner = factories.requester(place)
    project = crowded(place, owner)
    aggregate(place, owner, project)
    item = factories.item(place, project, WRONG)
    do(place, gold.correct, owner, item.uid, labels=[truth(WRONG)], reason="looked again", source=TruthOrigin.API)
    retired = factories.item(place, project, "g0")
    do(place, gold.retire, owner, retired.uid, source=TruthOrigin.API)
    run = aggregate(place, owner, project)
    kept = factories.every(place, GoldScore, GoldScore.project_id == project.id)
    assert {each.run_id for each in kept} == {run.id}
    assert len(kept) == 39
    found = look(place, gold.health, owner, project.uid)
    assert "suspect" not in {each["kind"] for row in found.found if row.score for each in row.score.findings}
    with place.reading() as tx:
        rows = {row["item"]: row for row in exports.export(tx, owner, project.uid, kind=ExportKind.GOLD).rows}
    assert len(rows) == 39
    assert (rows[WRONG]["gold"], rows[WRONG]["gold_reason"], rows[WRONG]["source"]) == (
        truth(WRONG), "looked again", "api",
    )  # fmt: skip
    assert rows["g3"]["findings"] == ["exposed"]
    assert rows["g3"]["answers"] == 12
    assert rows["g3"]["right"] == pytest.approx(0.9, abs=0.2)


def test_a_project_without_gold_has_no_health(place: Installation) -> None:
    owner, crew = factories.requester(place), factories.crowd(place, 2)
    project = factories.project(place, owner, items=2)
    for worker in crew:
        factories.answer_all(place, worker, project, lambda item: "cat")
    run = aggregate(place, owner, project)
    assert (run.summary or {})["gold"] is None
    found = look(place, gold.health, owner, project.uid)
    assert (found.run, found.whole, list(found.found)) == (None, None, [])


def test_a_repetition_says_the_same_and_changes_nothing(place: Installation) -> None:
    from crowdqc import jobs
    from crowdqc.services import runs

    owner = factories.requester(place)
    project = crowded(place, owner)
    run = aggregate(place, owner, project)
    again = do(place, runs.repeat, owner, run.uid)
    jobs.perform_due(place)
    (found,) = factories.every(place, Run, Run.id == again.id)
    assert (found.summary or {})["same_output"] is True
    assert {each.run_id for each in factories.every(place, GoldScore, GoldScore.project_id == project.id)} == {
        run.id
    }
