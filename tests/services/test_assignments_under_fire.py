"""Many workers at once: the overlap holds at every instant, and in the end everything is done, once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from app.runner import Runner
from crowdqc.assembly import Installation, assemble
from crowdqc.records import Answer, Assignment, Item, Run
from crowdqc.settings import Settings
from tests.services import factories, fire

ITEMS, OVERLAP = 60, 3


@pytest.mark.settings(job_lease=3600.0, job_pause=0.05)
def test_the_overlap_holds_under_fire(place: Installation, settings: Settings, backend: str) -> None:
    many = backend == "postgresql"
    owner = factories.requester(place)
    actors = factories.crowd(place, 32 if many else 16)
    project = factories.project(place, owner, items=ITEMS, overlap=OVERLAP, lease_seconds=10)

    clock = fire.Fast()
    real = assemble(settings, clock=clock)
    runner = Runner(real)
    aggregating = runner.start()
    with fire.Watch(real, project.id) as watch:
        told = fire.burn(settings, clock, project.uid, actors, processes=4 if many else 2, seconds=60)
    fire.settle(real)
    runner.stop()
    aggregating.join(30)
    real.close()

    assert [wrong for each in told for wrong in each.wrong] == []
    assert watch.broken == []
    assert watch.looks > 10
    assert watch.most_leased > 8
    items = factories.every(place, Item, Item.project_id == project.id)
    assert {(item.answered, item.leased) for item in items} == {(OVERLAP, 0)}
    counted = factories.every(place, Answer, Answer.project_id == project.id, Answer.counted)
    assert Counter(answer.item_id for answer in counted) == {item.id: OVERLAP for item in items}
    # Nothing that a worker was thanked for is lost, and nothing came up that nobody said.
    keys = {item.id: item.key for item in items}
    answers = factories.every(place, Answer, Answer.project_id == project.id)
    kept = Counter((keys[answer.item_id], project.classes[answer.label or 0]) for answer in answers)
    assert kept == Counter(answer for each in told for answer in each.answers)
    given = factories.every(place, Assignment, Assignment.project_id == project.id)
    assert len({(each.item_id, each.worker_id) for each in given}) == len(given)
    assert sum(len(each.items) for each in told) == len(given)
    assert {each.supplies["finished"] for each in told} == {1}
    # Meanwhile the answers were aggregated (where writers need not queue), and in the end all of them.
    runs = factories.every(place, Run, Run.project_id == project.id)
    assert not many or len(runs) > 1
    assert {run.state for run in runs} == {"done"}
    assert max(run.answers_until for run in runs) == max(answer.id for answer in answers)
    # Whoever is told to try again after a deadlock is a worker who waits: it is not to happen.
    assert sum((each.again for each in told), Counter()) == {}
    assert threading.active_count() < 20
