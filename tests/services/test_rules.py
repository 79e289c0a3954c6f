"""Rules are saved in versions, refused where they can never fire, tried on history, and act once on the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from crowdqc.assembly import Installation
from crowdqc.quality.rules import InvalidRule
from crowdqc.records import Acceptance, Assignment, Item, ItemScore, Run, WorkerScore, skills
from crowdqc.records import rules as records_of_rules
from crowdqc.records.firings import FiringState
from crowdqc.records.people import Worker
from crowdqc.services import appeals, assignments, earnings, firings, gold, histories, projects, rules, runs
from crowdqc.services.desk import Supply
from crowdqc.services.rules import NameTaken, NoSuchRule, RuleState
from crowdqc.services.truths import TruthOrigin
from tests.ground.clock import Clock
from tests.services import factories, offices
from tests.services.factories import do, look
from tests.services.offices import CARELESS


def test_a_rule_has_versions_that_stay(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=3)
    rule, first = office.save(CARELESS, on=False)
    assert (rule.state, rule.version, first.version, first.data["version"]) == ("off", 1, 1, 1)
    assert do(place, rules.update, office.lead, rule.uid, data=CARELESS)[1].version == 1
    stricter = {**CARELESS, "level": 0.99}
    again, second = do(place, rules.update, office.lead, rule.uid, data=stricter)
    assert (again.version, second.data["level"], second.data["version"]) == (2, 0.99, 2)
    _, versions = look(place, rules.get, office.lead, rule.uid)
    assert [each.data["level"] for each in versions] == [0.99, 0.95]
    with pytest.raises(NameTaken, match="'careless'"):
        office.save(CARELESS)
    with pytest.raises(InvalidRule) as no:
        do(place, rules.update, office.lead, rule.uid, data={**CARELESS, "name": "other"})
    assert no.value.errors[0]["where"] == "rule.name"
    with pytest.raises(NoSuchRule):
        do(place, rules.switch, factories.requester(place, "rob"), rule.uid, RuleState.ON)


def test_a_new_rule_holds_at_every_look_and_an_old_one_stays_as_it_was(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=3)
    unsaid = {name: part for name, part in CARELESS.items() if name != "interval"}
    new, version = office.save(unsaid)
    assert version.data["interval"] == "anytime"
    old, _ = office.save({**CARELESS, "name": "old"})
    with place.transaction() as tx:  # as it was written before there was a choice
        (row,) = records_of_rules.versions(tx.session, old.id)
        row.data = {name: part for name, part in row.data.items() if name != "interval"}
    again, same = do(place, rules.update, office.lead, old.uid, data={**unsaid, "name": "old"})
    assert (again.version, "interval" in same.data) == (1, False)
    _, changed = do(place, rules.update, office.lead, old.uid, data={**unsaid, "name": "old", "level": 0.9})
    assert (changed.version, changed.data["interval"]) == (2, "one_look")
    _, chosen = do(place, rules.update, office.lead, new.uid, data={**unsaid, "interval": "one_look"})
    assert chosen.data["interval"] == "one_look"
    figure = {"name": "f", "collector": "spammer", "when": [{"key": "score", "op": "below", "value": 0.1}],
              "action": {"kind": "notify"}}  # fmt: skip
    assert office.save(figure)[1].data["interval"] == "one_look"


def test_a_rule_that_can_never_fire_is_refused_with_all_faults(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=3)
    with pytest.raises(InvalidRule) as no:
        office.save({**CARELESS, "window": {"answers": 5}})
    assert no.value.errors[0]["what"] == "answers at least 6 never holds: the window holds 5 at most"
    with pytest.raises(InvalidRule) as no:
        office.save({**CARELESS, "collector": "golf", "action": {"kind": "ban"}})
    assert {fault["where"] for fault in no.value.errors} == {"rule.collector", "rule.action.kind"}


def test_a_project_knows_whether_rules_are_on(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=3)
    rule, _ = office.save(CARELESS)
    (project,) = factories.every(place, type(office.project), type(office.project).id == office.project.id)
    assert project.rules_on
    do(place, rules.switch, office.lead, rule.uid, RuleState.OFF)
    (project,) = factories.every(place, type(office.project), type(office.project).id == office.project.id)
    assert not project.rules_on


def test_a_careless_worker_is_restricted_for_a_time(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    rule, version = office.save(CARELESS)
    office.answer(office.good, 8, right=True)
    office.answer(office.careless, 8, right=False)
    office.work(10)
    (firing,) = office.firings()
    (carl,) = factories.every(place, Worker, Worker.person_id == office.careless.id)
    assert (firing.worker_id, firing.rule_id, firing.version_id, firing.number) == (
        carl.id,
        rule.id,
        version.id,
        1,
    )
    assert (firing.measured, firing.value, firing.low, firing.count) == ("accuracy", 0.0, 0.0, 8)
    assert 0.2 < (firing.high or 0) < 0.6
    assert firing.facts["window"] == {"answers": 20, "days": None}
    assert firing.to_worker.startswith("Of your last 8 answers to items whose truth is known 0 were right (0%).")
    assert len([each for each in office.evidence() if each.answer_id is not None]) == 8
    # He is told why and until when; the other one works on.
    desk = factories.take(place, office.careless, office.project)
    assert (desk.supply, desk.assignments) == (Supply.RESTRICTED, [])
    (restriction,) = office.restrictions()
    assert desk.retry_at == restriction.ends_at
    assert "Nothing new is given to you here until" in desk.why
    assert "0 were right" in desk.why
    assert factories.take(place, office.good, office.project).supply == Supply.ASSIGNED
    # Asked again over the same, nothing comes of it; a day later he works again and is judged anew.
    office.work()
    clock.advance(hours=25)
    office.work()
    assert len(office.firings()) == 1
    assert office.answer(office.careless, 5, right=False) == 5
    office.work()
    assert len(office.firings()) == 1
    assert office.answer(office.careless, 2, right=False) == 2
    office.work()
    assert [each.number for each in office.firings()] == [1, 2]
    assert office.firings()[1].count == 7


def test_what_is_in_hand_may_be_handed_in(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.save(CARELESS)
    office.answer(office.careless, 7, right=False)
    held = factories.take(place, office.careless, office.project, count=2).assignments
    office.work(10)
    assert len(office.firings()) == 1
    desk = factories.take(place, office.careless, office.project, count=5)
    assert [each.uid for each, _ in desk.assignments] == [each.uid for each, _ in held]
    for assignment, item in held:
        factories.submit(place, office.careless, assignment, offices.wrong(item.key))
    assert factories.take(place, office.careless, office.project).supply == Supply.RESTRICTED


def test_two_who_act_at_once_act_once(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    sights = [look(place, firings.sight, office.project.id) for _ in range(2)]
    found = [firings.find(sight) for sight in sights if sight is not None]
    assert [len(each) for each in found] == [1, 1]
    assert [do(place, firings.act, sight, each) for sight, each in zip(sights, found, strict=True)] == [1, 0]
    assert len(office.firings()) == len(office.restrictions()) == 1
    assert do(place, firings.act, sights[0], found[0]) == 0


def test_a_rule_that_was_switched_off_meanwhile_does_not_act(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    rule, _ = office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    sight = look(place, firings.sight, office.project.id)
    do(place, rules.switch, office.lead, rule.uid, RuleState.OFF)
    assert sight is not None
    assert do(place, firings.act, sight, firings.find(sight)) == 0
    assert office.firings() == []


def test_a_dry_run_says_whom_and_how_justly(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.answer(office.good, 8, right=True)
    # Carl has a bad start only: by all his gold he is good enough.
    office.answer(office.careless, 6, right=False)
    office.answer(office.careless, 18, right=True)
    trial = look(place, rules.trial, office.lead, office.project.uid, data=CARELESS)
    tried = look(place, rules.tried, trial, rules.try_out(trial))
    assert [worker.name for worker in tried.workers] == ["carl"]
    assert (tried.run.acted.size, tried.run.lost.tolist()) == (1, [18])
    assert tried.run.unjust.tolist() == [True]
    assert "would have acted on 1 of 2 workers" in tried.run.words()
    assert office.firings() == []


def test_more_answers_are_asked_for_up_to_the_greatest_overlap(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=0, plain=8, overlap=1, max_overlap=2)
    fast = {
        "name": "fast", "collector": "fast", "seconds": 3600,
        "when": [{"key": "fast", "op": "at_least", "value": 4}],
        "action": {"kind": "ask_more", "answers": 3},
    }  # fmt: skip
    office.save(fast)
    office.answer(office.careless, 4, right=False)
    office.work()
    assert len(office.firings()) == 1
    found = [office.item(f"i{n}") for n in range(8)]
    assert sorted(item.overlap for item in found) == [1, 1, 1, 1, 2, 2, 2, 2]
    assert {item.state for item in found} == {"open"}
    assert all(item.answered == 1 for item in found if item.overlap == 2)


@pytest.mark.parametrize("action", [{"kind": "exclude"}, {"kind": "discount", "weight": 0.25}])
def test_answers_count_less_and_count_again(place: Installation, clock: Clock, action: dict[str, Any]) -> None:
    office = offices.opened(place, clock, plain=6, overlap=2)
    office.save({**CARELESS, "action": action})
    for actor, right in ((office.good, True), (office.careless, False)):
        office.answer(actor, offices.GOLD, right=right)
    for worker in factories.crowd(place, 2):
        # Gold is used up for them at once: let them answer what is not.
        factories.answer_all(place, worker, office.project, lambda item: offices.truth(item.key))
    office.work()
    (firing,) = office.firings()
    (weight,) = office.weights()
    assert weight.weight == action.get("weight", 0.0)
    run = factories.aggregate(place, office.owner, office.project)
    told = (run.summary or {})["weights"]
    excluded = action["kind"] == "exclude"
    assert told == {"excluded": int(excluded), "discounted": int(not excluded), "heeded": True}
    scores = {each.worker_id: each for each in factories.every(place, WorkerScore, WorkerScore.run_id == run.id)}
    assert (scores[firing.worker_id].answers == 0) == excluded
    before = run.input_hash
    do(place, firings.lift, office.lead, firing.uid, why="He has learned.")
    again = factories.aggregate(place, office.owner, office.project)
    assert (again.summary or {})["weights"] is None
    assert again.input_hash != before
    assert {each.worker_id: each.answers for each in factories.every(
        place, WorkerScore, WorkerScore.run_id == again.id)}[firing.worker_id] == offices.GOLD  # fmt: skip
    assert factories.every(place, ItemScore, ItemScore.run_id == again.id)


def test_a_figure_is_looked_at_after_a_run_and_acts_once(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=0, plain=40, overlap=4)
    chance = np.random.default_rng(3)
    office.save(
        {
            "name": "guesses", "collector": "model_accuracy",
            "when": [{"key": "accuracy", "op": "below", "value": 0.7}],
            "action": {"kind": "notify", "whom": "lead"},
        }
    )  # fmt: skip
    for worker in [office.good, *factories.crowd(place, 2)]:
        factories.answer_all(place, worker, office.project, lambda item: offices.truth(item.key))
    factories.answer_all(place, office.careless, office.project, lambda _: str(chance.choice(factories.CLASSES)))
    office.work()
    (firing,) = office.firings()
    (carl,) = factories.every(place, Worker, Worker.person_id == office.careless.id)
    assert firing.worker_id == carl.id
    assert not firing.told
    assert len(office.evidence()) == 40
    factories.aggregate(place, office.owner, office.project)
    office.work()
    assert len(office.firings()) == 1
    trial = look(place, rules.trial, office.lead, office.project.uid,
                 data={"collector": "spammer", "when": [{"key": "score", "op": "below", "value": 0.3}],
                       "action": {"kind": "exclude"}})  # fmt: skip
    tried = look(place, rules.tried, trial, rules.try_out(trial))
    assert [worker.name for worker in tried.workers] == ["carl"]


def test_what_rules_see(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=2, plain=3, overlap=2)
    factories.answer_all(place, office.good, office.project, lambda item: offices.truth(item.key))
    desk = factories.take(place, office.careless, office.project)
    do(place, assignments.skip, office.careless, desk.assignments[0][0].uid, reason="dull")
    desk = factories.take(place, office.careless, office.project)
    do(
        place, assignments.report, office.careless, desk.assignments[0][0].uid,
        reason=assignments.ReportReason.OTHER, comment="",
    )  # fmt: skip
    history = look(place, lambda tx: histories.read(tx, office.project))
    assert len(history.events) == 6  # what he reported is no skip
    assert int(history.events.skipped.sum()) == 1
    gold = history.events.gold[history.answers >= 0]
    assert sorted(gold.tolist()) == [-1, -1, -1, 1, 1]


def test_weights_that_a_method_cannot_heed_are_told(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, method="wawa")
    office.save({**CARELESS, "action": {"kind": "discount", "weight": 0.5}})
    office.answer(office.good, 8, right=True)
    office.answer(office.careless, 8, right=False)
    office.work()
    run = factories.aggregate(place, office.owner, office.project)
    assert (run.summary or {})["weights"]["heeded"] is False
    again = do(place, runs.repeat, office.owner, run.uid)
    do(place, firings.lift, office.lead, office.firings()[0].uid, why="He has learned.")
    office.work()
    assert [each.state for each in office.firings()] == [FiringState.LIFTED]
    # Repeated with the weights as they were.
    (repeated,) = factories.every(place, Run, Run.id == again.id)
    assert repeated.weights == run.weights != {}
    assert (repeated.summary or {})["same_output"]


def test_where_nothing_waits_to_be_paid_it_is_written_down_for_leads_alone(
    place: Installation, clock: Clock
) -> None:
    office = offices.opened(place, clock)
    office.save({**CARELESS, "action": {"kind": "pay", "pay": False}})
    office.answer(office.careless, 8, right=False)
    office.work(10)
    (firing,) = office.firings()
    assert (firing.applied, firing.told, firing.state) == (False, False, "standing")
    assert look(place, appeals.mine, office.careless) == []
    assert (office.restrictions(), office.weights()) == ([], [])


def test_a_rule_says_what_is_paid_until_it_is_lifted(place: Installation, clock: Clock) -> None:
    money = {"price": "0.05", "currency": "USD", "budget": "5", "acceptance": "review", "acceptance_days": 7}
    office = offices.opened(place, clock, plain=4, **money)
    office.save({**CARELESS, "action": {"kind": "pay", "pay": False}})
    office.answer(office.good, 3, right=True)
    office.answer(office.careless, 8, right=False)
    # Not the gold alone: what is paid must not tell which items are.
    do(place, projects.update, office.owner, office.project.uid, plan={"gold_share": 0.0, "gold_first": 0})
    office.answer(office.careless, 2, right=False)
    office.work(10)
    (firing,) = office.firings()
    assert (firing.applied, firing.told) == (True, True)

    def stands() -> Counter[str]:
        found = factories.every(place, Assignment, Assignment.worker_id == firing.worker_id)
        return Counter(each.state for each in found)

    assert stands() == {"rejected": 10}
    said = factories.every(place, Acceptance)
    assert {(str(firing.uid) in (each.reason or ""), each.by) for each in said} == {(True, None)}
    assert look(place, earnings.of_worker, office.careless)[0].pending == "0.00"
    do(place, firings.lift, office.lead, firing.uid, why="The guidelines were unclear.")
    assert stands() == {"accepted": 10}
    assert look(place, earnings.of_worker, office.careless)[0].owed == "0.50"


def test_what_rests_on_gold_that_was_put_right_falls(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    office.work(10)
    assert len(office.firings()) == 1
    for each in office.evidence():
        (item,) = factories.every(place, Item, Item.id == each.item_id)
        labels, source = [offices.wrong(item.key)], TruthOrigin.API
        do(place, gold.correct, office.owner, item.uid, labels=labels, source=source)
    office.work()
    assert [each.state for each in office.firings()] == [FiringState.OVERTURNED]
    assert factories.take(place, office.careless, office.project).supply == Supply.ASSIGNED


def test_a_rule_sets_a_skill_until_it_is_lifted(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.save({**CARELESS, "action": {"kind": "set_skill", "skill": "care", "value": None}})
    office.answer(office.careless, 8, right=False)
    office.work(10)
    (firing,) = office.firings()

    def held() -> dict[str, float]:
        with place.reading() as tx:
            return skills.held(tx.session, firing.worker_id, ["care"], tx.now)

    assert (firing.applied, held()) == (True, {"care": 0.0})
    do(place, firings.lift, office.lead, firing.uid, why="He was new.")
    assert held() == {}


def test_a_skipper_is_noticed_though_he_answers_nothing(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock, gold=0, plain=12)
    office.save(
        {
            "name": "skipping", "collector": "skips", "when": [{"key": "in_a_row", "op": "at_least", "value": 5}],
            "action": {"kind": "restrict", "scope": "all", "hours": 1},
        }
    )  # fmt: skip
    for _ in range(5):
        clock.advance(1)
        do(place, assignments.skip, office.careless,
           factories.take_one(place, office.careless, office.project).uid, reason="dull")  # fmt: skip
    office.work(10)
    (firing,) = office.firings()
    assert (firing.measured, firing.value) == ("in_a_row", 5.0)
    assert {each.answer_id for each in office.evidence()} == {None}
    assert [each.project_id for each in office.restrictions()] == [None]
    assert factories.take(place, office.careless, office.project).supply == Supply.RESTRICTED


def test_the_gate_asks_once_and_only_of_who_was_restricted(place: Installation, clock: Clock) -> None:
    office = offices.opened(place, clock)
    office.save(CARELESS)
    office.answer(office.careless, 8, right=False)
    office.work(10)
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "FROM restrictions" in statement:
            asked.append(statement)

    event.listen(place.engine, "before_cursor_execute", note)
    assert factories.take(place, office.good, office.project).supply == Supply.ASSIGNED
    assert asked == []
    assert factories.take(place, office.careless, office.project).supply == Supply.RESTRICTED
    assert len(asked) == 1
