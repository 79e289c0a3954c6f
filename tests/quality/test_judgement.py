"""One problem, one judgement, also where there is next to nothing to judge."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from crowdqc.errors import Invalid
from crowdqc.quality import METHODS, Gold, Policy, Predictions, Problem, Votes, judge
from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.judgement import InvalidProblem
from crowdqc.quality.overlap import ExpectedSaving, Standing
from tests.quality.crowds import simulate

CAT_OR_DOG = Votes.of(
    ["a", "a", "a", "b", "b", "b", "c", "c", "d"],
    ["u", "v", "w", "u", "v", "w", "u", "v", "u"],
    ["cat", "cat", "cat", "dog", "dog", "dog", "cat", "dog", "cat"],
    all_items="abcde",
)
NO_AUDIT = [rule for rule in Policy.default().to_json() if "audit" not in str(rule)]


def test_the_reasons_say_what_is_wrong() -> None:
    said = Predictions.of(CAT_OR_DOG, ["b", "a"], ["digits-svm v1", "digits-svm v1"], [[0.97, 0.03], [0.9, 0.1]])
    problem = Problem(
        CAT_OR_DOG,
        predictions=said,
        method="majority_vote",
        policy=NO_AUDIT,
        reports=[0, 0, 0, 1, 0],
        gold=None,
    )
    routes = judge(problem).routes
    assert routes.names() == ["accept", "review", "review", "review", "wait"]
    assert [reason.words for reason in routes.reasons[1]] == [
        "model digits-svm v1 is 0.97 sure of 'cat', the workers say 'dog'"
    ]
    assert [reason.signal for reason in routes.reasons[2]] == ["tied", "confidence", "agreement"]
    assert [reason.words for reason in routes.reasons[3]] == ["reports: 1 (at least 1)"]


def test_gold_and_incomplete_items_are_not_routed() -> None:
    problem = Problem(
        CAT_OR_DOG,
        gold=Gold.of(CAT_OR_DOG, {"c": "dog"}),
        method="majority_vote",
        policy=[{"when": {"signal": "answers", "op": "at_least", "value": 0}, "route": "review"}],
        complete=[True, False, True, True, True],
    )
    judgement = judge(problem)
    assert judgement.routes.names() == ["review", "wait", "accept", "review", "wait"]
    assert [CAT_OR_DOG.classes[code] for code in judgement.items.label[:4]] == ["cat", "dog", "dog", "cat"]
    assert judgement.workers.gold_correct.tolist() == [0, 1, 0]


def test_costs_choose_the_label_and_what_contradicts_it() -> None:
    votes = Votes.of([1, 1, 1], list("abc"), ["n", "n", "y"])
    said = Predictions.of(votes, [1], ["m"], [[0.95, 0.05]])
    judgement = judge(Problem(votes, predictions=said, method="majority_vote", costs=[[0, 1], [10, 0]]))
    assert judgement.items.label.tolist() == [1]
    assert judgement.contradictions.item.tolist() == [0]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize(
    "votes",
    [
        pytest.param(Votes.of([], [], []), id="nothing at all"),
        pytest.param(Votes.of([], [], [], classes=["x", "y"], all_items=[1, 2]), id="no answers"),
        pytest.param(Votes.of([1], ["a"], ["x"]), id="one answer"),
        pytest.param(Votes.of([1, 2], ["a", "a"], ["x", "y"]), id="one worker"),
        pytest.param(Votes.of([1, 1], ["a", "b"], ["x", "y"]), id="one item"),
        pytest.param(Votes.of([1, 1], ["a", "b"], ["x", "x"], classes=["x", "y"]), id="one class used"),
    ],
)
def test_degenerate_problems_have_judgements(name: str, votes: Votes) -> None:
    judgement = judge(Problem(votes, method=name, reports=np.zeros(votes.n_items, dtype=int)))
    assert judgement.items.label.shape == (votes.n_items,)
    assert len(judgement.routes.reasons) == votes.n_items
    assert judgement.workers.answers.shape == (votes.n_workers,)
    if votes.n_classes:
        everything = Gold.of(votes, dict.fromkeys(votes.items, votes.classes[-1]))
        settled = judge(Problem(votes, gold=everything, method=name))
        assert (settled.items.label == votes.n_classes - 1).all()
        assert set(settled.routes.names()) <= {"accept"}


@pytest.mark.parametrize("name", METHODS)
def test_problem_and_judgement_travel(name: str) -> None:
    votes = simulate(1, items=40).votes
    problem = pickle.loads(pickle.dumps(Problem(votes, method=name, seed=3)))
    here, there = judge(Problem(votes, method=name, seed=3)), pickle.loads(pickle.dumps(judge(problem)))
    np.testing.assert_array_equal(here.items.posterior, there.items.posterior)
    np.testing.assert_array_equal(here.routes.priority, there.routes.priority)
    assert here.routes.reasons == there.routes.reasons
    assert here.agreement == there.agreement
    assert here.agreement["krippendorff_alpha"].low < here.agreement["krippendorff_alpha"].high


@pytest.mark.parametrize(
    "parts",
    [
        {"method": "guess"},
        {"parameters": {"speed": 1}},
        {"parameters": {"diagonal": -1}},
        {"policy": [{"when": {}}]},
        {"costs": [[0, 1]]},
        {"reports": [1]},
        {"complete": [True]},
    ],
)
def test_what_cannot_be_read_is_refused(parts: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        judge(Problem(CAT_OR_DOG, **parts))  # type: ignore[arg-type]


def test_gold_of_other_votes_is_refused() -> None:
    other = Votes.of([1], ["a"], ["x"])
    with pytest.raises(InvalidProblem):
        judge(Problem(CAT_OR_DOG, gold=Gold.none(other)))


def test_asking_on_is_weighed_against_its_price() -> None:
    """The signals are those of the rule of dynamic overlap, under the costs of mistakes."""
    votes = Votes.of([1, 1, 2, 2, 3, 3], list("abacbc"), list("xxxyyx"), classes=["x", "y"])
    policy = [
        {"when": {"signal": "saving", "op": "above", "value": 0}, "route": "ask_more"},
        {"when": {"signal": "expert_saving", "op": "above", "value": 0}, "route": "review"},
    ]
    costs = [[0.0, 4.0], [1.0, 0.0]]
    saving = ExpectedSaving(price=0.02, expert_price=0.3, maximum=3)
    judgement = judge(Problem(votes, policy=policy, costs=costs, saving=saving))
    consensus = DawidSkene().fit(votes).under(costs)
    expected = ExpectedSaving(price=0.02, expert_price=0.3, maximum=3, costs=((0.0, 4.0), (1.0, 0.0)))
    decisions = expected.decide(Standing.of(votes, consensus))
    asked, sent = decisions.ask < decisions.stop, decisions.expert < decisions.stop
    routes = ["ask_more" if ask else "review" if send else "accept" for ask, send in zip(asked, sent, strict=True)]
    assert judgement.routes.names() == routes
    assert "ask_more" in routes
    # What costs more than any mistake is never worth it.
    dear = judge(Problem(votes, policy=policy, costs=costs, saving=ExpectedSaving(price=9.0, maximum=3)))
    assert set(dear.routes.names()) == {"accept"}


def test_truths_that_were_looked_for_elsewhere_do_not_turn_the_other_labels_over() -> None:
    rng = np.random.default_rng(1)
    n, K = 1800, 10
    truth = rng.integers(0, K, n)
    label = np.where(rng.random(n) < 0.05, (truth + rng.integers(1, K, n)) % K, truth)
    votes = Votes.coded(
        np.arange(n), np.zeros(n, int), label, items=range(n), workers=["w"], classes=[*"abcdefghij"]
    )
    # What a model found wrong, and a few others, went to an expert.
    sought = np.concatenate([np.flatnonzero(label != truth)[:76], np.flatnonzero(label == truth)[:14]])
    gold = Gold.of(votes, {int(item): "abcdefghij"[truth[item]] for item in sought})
    selected = np.isin(np.arange(n), sought)

    def moved(**more: object) -> int:
        found = judge(Problem(votes, gold=gold, resamples=0, **more)).items.label  # type: ignore[arg-type]
        assert (found[sought] == truth[sought]).all()
        return int((found != label)[~selected].sum())

    assert moved(selected=selected) == 0
    assert moved() > n / 10
