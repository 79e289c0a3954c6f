"""Kill -9 in the middle of the load: what was acknowledged is kept once, and no item stays stuck."""

from __future__ import annotations

import time
from collections import Counter

import psycopg

from crowdqc.assembly import Installation
from crowdqc.records import Answer, Assignment, Item, ItemScore, Run
from crowdqc.records.jobs import Job
from crowdqc.records.projects import Project
from crowdqc.services import people, uploads, work
from tests.faults.crowd import Crowd, Told
from tests.faults.processes import Installed
from tests.services import factories

ITEMS, OVERLAP, WORKERS = 200, 3, 32
#: Workers who leave in the middle with items in hand.
DESERTERS = 4


def test_nothing_is_lost_and_nothing_is_stuck(installed: Installed, place: Installation) -> None:
    project = factories.project(place, factories.requester(place), items=ITEMS, overlap=OVERLAP, lease_seconds=10)
    tokens = [token(place, f"w{number}") for number in range(WORKERS)]
    crowd = Crowd(installed.port, project.uid, tokens, processes=2, seconds=240, deserters=DESERTERS)
    kills = (kill_runner, kill_web, kill_database, kill_runner, kill_all)
    for turn, kill in enumerate(kills, start=1):
        crowd.reach(ITEMS * OVERLAP * turn * 3 // (4 * len(kills)))
        kill(installed)
    told = crowd.end()
    installed.wait()
    settle(place)

    assert [wrong for each in told for wrong in each.wrong] == []
    # The kills were felt.
    assert sum((each.again for each in told), Counter[str]()).total() > WORKERS
    # Whoever stayed was told in the end that nothing is left; that others had left did not keep him.
    assert all(each.finished != each.deserted for each in told)
    assert any(each.deserted for each in told)
    see_answers(place, project, told)
    see_items(place, project)
    see_jobs(place, project)


def kill_web(installed: Installed) -> None:
    installed.web.kill()
    installed.web.start()


def kill_database(installed: Installed) -> None:
    installed.database.kill()
    installed.database.start()


def kill_runner(installed: Installed) -> None:
    until_runs(installed)
    installed.runner.kill()
    # What was cut is not there by halves.
    half = "SELECT count(*) FROM item_scores s JOIN runs r ON r.id = s.run_id WHERE r.state <> 'done'"
    assert number(installed, half) == 0
    installed.runner.start()


def kill_all(installed: Installed) -> None:
    for each in (installed.database, installed.web, installed.runner):
        each.kill()
    for each in (installed.database, installed.web, installed.runner):
        each.start()


def see_answers(place: Installation, project: Project, told: list[Told]) -> None:
    """What was acknowledged is there, once, and nothing else is."""
    uids = {each.id: str(each.uid) for each in factories.every(place, Assignment)}
    answers = factories.every(place, Answer, Answer.project_id == project.id)
    kept = Counter((uids[each.assignment_id or 0], project.classes[each.label or 0]) for each in answers)
    assert kept == Counter(pair for each in told for pair in each.answers.items())
    assert len({(each.item_id, each.worker_id) for each in answers}) == len(answers)


def see_items(place: Installation, project: Project) -> None:
    """Every item came to its overlap, its counts are those of its rows, and no lease holds a place for ever."""
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.answered, item.leased) for item in items} == {(OVERLAP, 0)}
    counted = factories.every(place, Answer, Answer.project_id == project.id, Answer.counted)
    assert Counter(answer.item_id for answer in counted) == {item.id: OVERLAP for item in items}
    states = Counter(each.state for each in factories.every(place, Assignment))
    assert states["open"] == 0
    # Those of the deserters.
    assert states["expired"] >= 1


def see_jobs(place: Installation, project: Project) -> None:
    """Jobs that were cut were taken over, and runs that were cut left nothing half-written."""
    assert {job.state for job in factories.every(place, Job)} == {"done"}
    runs = factories.every(place, Run, Run.project_id == project.id)
    assert {run.state for run in runs} == {"done"}
    last = max(runs, key=lambda run: run.id)
    assert last.answers_until == max(each.id for each in factories.every(place, Answer))
    # Only the last run's scores of items are kept, and those whole.
    scores = factories.every(place, ItemScore)
    assert Counter(score.run_id for score in scores) == {last.id: ITEMS}


def test_an_upload_that_was_cut_is_taken_over(installed: Installed, place: Installation) -> None:
    owner = factories.requester(place)
    project = factories.project(place, owner, overlap=1)
    rows = factories.rows(factories.numbered(8_000))
    upload, _ = factories.send(place, owner, project, rows)
    for _ in range(3):
        before = kept(installed)
        while kept(installed) == before and kept(installed) < 8_000:
            time.sleep(0.001)
        installed.runner.kill()
        installed.runner.start()
    settle(place)

    told = factories.look(place, uploads.get, owner, upload.uid)
    assert (told.state, told.rows, told.kept, told.unchanged, told.faulty) == ("done", 8_000, 8_000, 0, 0)
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {item.key for item in items} == {f"i{number}" for number in range(8_000)}
    assert len(items) == 8_000


def kept(installed: Installed) -> int:
    return number(installed, "SELECT kept FROM uploads ORDER BY id DESC LIMIT 1")


def until_runs(installed: Installed) -> None:
    """Wait until the runner has an aggregation in hand."""
    until = time.monotonic() + 120
    # One whose runner is dead has a claim that nobody prolongs.
    claimed = "state = 'running' AND lease_until > now() + interval '2 seconds'"
    query = f"SELECT count(*) FROM jobs WHERE name = 'aggregate' AND {claimed}"
    while number(installed, query) == 0:
        assert time.monotonic() < until, "The runner has no aggregation in hand."


def number(installed: Installed, query: str) -> int:
    with psycopg.connect(installed.database.url("crowdqc")) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def token(place: Installation, name: str) -> str:
    actor = factories.worker(place, name)
    with place.transaction() as tx:
        return people.create_token(tx, actor, name="test")[1]


def settle(place: Installation, seconds: float = 90.0) -> None:
    """Wait until the runner has done all jobs."""
    until = time.monotonic() + seconds
    while True:
        with place.reading() as tx:
            if not work.unfinished(tx):
                return
        assert time.monotonic() < until, "Jobs are left."
        time.sleep(0.1)
