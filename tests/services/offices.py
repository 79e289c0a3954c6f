"""A project with gold in which a careless worker and a good one have worked, and a QA lead with rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.records import Firing, FiringEvidence, Item, Restriction, WorkerWeight
from crowdqc.records.projects import Project
from crowdqc.roles import Actor, Role
from crowdqc.services import rules
from crowdqc.services.rules import RuleState
from tests.ground.clock import Clock
from tests.services import factories
from tests.services.factories import do

GOLD = 24

#: Acts on whoever is surely wrong on more than four of ten.
CARELESS: Mapping[str, Any] = {
    "name": "careless",
    "collector": "gold",
    "window": {"answers": 20},
    "interval": "one_look",  # so that few answers are enough for a test
    "when": [{"key": "answers", "op": "at_least", "value": 6}, {"key": "accuracy", "op": "below", "value": 0.6}],
    "action": {"kind": "restrict", "scope": "project", "hours": 24},
}


@dataclass
class Office:
    """The people of a project, and the hands that do what they would."""

    place: Installation
    clock: Clock
    owner: Actor
    lead: Actor
    good: Actor
    careless: Actor
    project: Project

    def save(self, data: Mapping[str, Any], *, on: bool = True) -> rules.Saved:
        saved = do(self.place, rules.create, self.lead, self.project.uid, data=data)
        return do(self.place, rules.switch, self.lead, saved[0].uid, RuleState.ON) if on else saved

    def answer(self, actor: Actor, number: int, *, right: bool) -> int:
        """Have a worker answer some items, all right or all wrong; give how many he was given."""
        given = 0
        for _ in range(number):
            desk = factories.take(self.place, actor, self.project)
            for assignment, item in desk.assignments:
                label = truth(item.key) if right else wrong(item.key)
                self.clock.advance(1)
                factories.submit(self.place, actor, assignment, label)
                given += 1
        return given

    def work(self, seconds: float = 60) -> None:
        """Let time pass and have all jobs done, those as well that they lead to."""
        for _ in range(3):
            self.clock.advance(seconds)
            jobs.perform_due(self.place)

    def firings(self) -> list[Firing]:
        return factories.every(self.place, Firing, Firing.project_id == self.project.id)

    def restrictions(self) -> list[Restriction]:
        return factories.every(self.place, Restriction, Restriction.reason != "noise")

    def weights(self) -> list[WorkerWeight]:
        return factories.every(self.place, WorkerWeight, WorkerWeight.project_id == self.project.id)

    def evidence(self) -> list[FiringEvidence]:
        mine = [each.id for each in self.firings()]
        return factories.every(self.place, FiringEvidence, FiringEvidence.firing_id.in_(mine))

    def item(self, key: str) -> Item:
        return factories.item(self.place, self.project, key)


def truth(key: str) -> str:
    return factories.CLASSES[int(key[1:]) % 3]


def wrong(key: str) -> str:
    return factories.CLASSES[(int(key[1:]) + 1) % 3]


def opened(place: Installation, clock: Clock, *, gold: int = GOLD, plain: int = 0, **plan: Any) -> Office:
    """Make a project that gives gold alone, unless it has none, so that nothing is left to chance."""
    owner = factories.requester(place)
    items = [{"item": f"i{n}", "text": f"thing {n}", **({"gold": truth(f"i{n}")} if n < gold else {})}
             for n in range(gold + plain)]  # fmt: skip
    project = factories.project(place, owner, items=items, gold_share=1.0 if gold else 0.0, **plan)
    return Office(
        place,
        clock,
        owner,
        factories.person(place, "lea", Role.QA_LEAD),
        factories.worker(place, "gwen"),
        factories.worker(place, "carl"),
        project,
    )
