"""What a round looks at: the same for the same seed, nothing twice, the confident mistakes and a fair sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from crowdqc.quality.rounds import RoundPlan, choose
from crowdqc.quality.sampling import MissingEvidence, Pool, SuspectedErrors
from crowdqc.quality.sampling.yields import Yields

PARTS = [{"name": "unsure", "sampler": "low_confidence"}]


def pool(n: int = 120, seed: int = 0, reviewed: int = 0) -> Pool:
    """Labels of three classes, a tenth of them wrong, a model that is mostly right, some of it looked at."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=n)
    label = np.where(rng.random(n) < 0.1, (truth + 1) % 3, truth)
    raw = np.exp(2.5 * np.eye(3)[truth] + rng.normal(size=(n, 3)))
    right = rng.permutation(n)[:reviewed]
    return Pool.of(
        n, classes="abc", label=label, student=raw / raw.sum(axis=1, keepdims=True), right=right.astype(np.int32)
    )


@given(st.integers(0, 2**53 - 1), st.integers(1, 140), st.integers(0, 120), st.booleans())
@settings(max_examples=20)
def test_what_holds_for_every_choice(seed: int, size: int, reviewed: int, more: bool) -> None:
    items = pool(seed=seed % 7, reviewed=reviewed)
    top = size // 5
    plan = RoundPlan.of({"size": size, "parts": PARTS * more, "stop": {"top": top}})
    found = choose(plan, items, seed)
    assert len(found) == min(size, found.n_free)
    assert found.n_free == 120 - reviewed
    assert len({*found.item.tolist()}) == len(found)
    assert not items.right[found.item].any()
    # the confident mistakes that the stop rule asks for, whatever else is there
    first = SuspectedErrors().rank(items, np.random.default_rng()).item[:top].tolist()
    assert {*first} <= {*found.item.tolist()}
    place = dict(zip(found.item.tolist(), found.suspect.tolist(), strict=True))
    assert [place[item] for item in first] == [*range(len(first))]
    # draws are numbered in the order in which they are looked at
    drawn = found.draw[found.draw >= 0]
    assert drawn.tolist() == [*range(drawn.size)]
    assert (found.chosen[:, 0] == (found.draw >= 0)).all()
    assert drawn.size == (min(len(found), max(1, round(0.15 * len(found)))) if len(found) else 0)
    for chosen, reasons in zip(found.chosen, found.reasons, strict=True):
        assert {name for name, has in zip(found.names, chosen, strict=True) if has} == {*reasons}
    assert (found.suggested == items.student.probabilities.argmax(axis=1)[found.item]).all()  # type: ignore[union-attr]


def test_the_same_seed_chooses_the_same_and_another_does_not() -> None:
    plan, items = RoundPlan.of({"size": 40, "parts": PARTS, "stop": {"top": 5}}), pool()
    one, two, other = choose(plan, items, 1), choose(plan, items, 1), choose(plan, items, 2)
    assert (one.item == two.item).all()
    assert (one.draw == two.draw).all()
    assert one.reasons == two.reasons
    assert {*one.item[one.draw >= 0].tolist()} != {*other.item[other.draw >= 0].tolist()}


def test_the_random_slice_is_uniform_whatever_the_model_says() -> None:
    plan, items, runs = RoundPlan.of({"size": 40, "stop": {"top": 5}}), pool(60, reviewed=20), 250
    drawn, first = np.zeros(60), np.zeros(60)
    for seed in range(runs):
        found = choose(plan, items, seed)
        drawn[found.item[found.draw >= 0]] += 1
        first[found.item[found.draw == 0]] += 1
    free = items.free()
    assert drawn.sum() == runs * 6 == drawn[free].sum()
    # without replacement the counts vary a little less than the chi-squared distribution has it
    assert chisquare(drawn[free]).pvalue > 0.001
    assert chisquare(first[free]).pvalue > 0.001


def test_what_brought_much_has_more_of_the_next_round() -> None:
    plan, items = RoundPlan.of({"size": 60, "parts": PARTS, "stop": {"top": 5}}), pool(400)
    at_first = choose(plan, items, 3)
    before = Yields.of(["random", "suspects", "unsure"], [10, 25, 25], [1, 2, 20])
    after = choose(plan, items, 3, [before])
    column = at_first.names.index("unsure")
    assert after.chosen[:, after.names.index("unsure")].sum() > at_first.chosen[:, column].sum()
    # the random slice does not hang on it
    assert at_first.item[at_first.draw >= 0].tolist() == after.item[after.draw >= 0].tolist()


def test_without_a_word_of_the_model_nothing_is_said() -> None:
    table = np.full((50, 2), np.nan)
    table[:25] = [0.9, 0.1]
    found = choose(RoundPlan.of({"size": 40, "stop": {"top": 0}}), Pool.of(50, label=[0] * 50, student=table), 1)
    unknown = found.item >= 25
    assert unknown.any()
    assert (found.suggested[unknown] == -1).all()
    assert (found.suspect[unknown] == -1).all()
    assert (found.draw[unknown] >= 0).all()
    with pytest.raises(MissingEvidence, match="student"):
        choose(RoundPlan(), Pool.of(5, label=[0] * 5), 1)
