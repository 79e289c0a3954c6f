"""The checks that every method must pass."""

from __future__ import annotations

import pickle
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import METHODS, Aggregator, InvalidMethod, method
from crowdqc.quality.gold import Gold
from crowdqc.quality.votes import Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

MAKES = [pytest.param(METHODS[name], id=name) for name in METHODS]
pytestmark = pytest.mark.parametrize("make", MAKES)


@given(rows())
def test_posteriors_are_distributions(make: type[Aggregator], table: list[Row]) -> None:
    votes = votes_of(table)
    consensus = make().fit(votes)
    np.testing.assert_allclose(consensus.posterior.sum(axis=1), 1)
    assert np.isfinite(consensus.posterior).all()
    np.testing.assert_allclose(consensus.class_prior.sum(), 1)
    silent = votes.answers_per_item() == 0
    assert ((consensus.label == -1) == silent).all()
    assert not consensus.tied[silent].any()
    np.testing.assert_allclose((consensus.confidence + consensus.doubt)[~silent], 1)


@given(rows(), st.randoms(use_true_random=False))
def test_rows_and_names_change_nothing(make: type[Aggregator], table: list[Row], random: Random) -> None:
    mixed = list(table)
    random.shuffle(mixed)
    names = dict(zip("vwxyz", random.sample("vwxyz", 5), strict=True))
    here, there = votes_of(table), votes_of([(i, names[w], k) for i, w, k in mixed])
    one, other = make().fit(here), make().fit(there)
    np.testing.assert_allclose(one.posterior, other.posterior, atol=1e-7)
    clear = one.margin > 1e-6  # elsewhere rounding may choose
    np.testing.assert_array_equal(one.label[clear], other.label[clear])


@given(rows(), st.permutations([0, 1, 2]))
def test_renaming_classes_renames_the_posterior(
    make: type[Aggregator], table: list[Row], order: list[int]
) -> None:
    names = {"PQR"[code]: "PQR"[place] for place, code in enumerate(order)}
    one = make().fit(votes_of(table))
    other = make().fit(votes_of([(i, w, names[k]) for i, w, k in table]))
    np.testing.assert_allclose(one.posterior[:, order], other.posterior, atol=1e-7)


@given(rows(), st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("PQR"), min_size=1)))
def test_gold_holds(make: type[Aggregator], table: list[Row], truth: dict[str, set[str]]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, truth)
    consensus = make().fit(votes, gold)
    known = gold.known
    assert (consensus.posterior[known][~gold.accepted[known]] == 0).all()
    assert gold.accepted[known, consensus.label[known]].all()
    assert not consensus.tied[known].any()
    np.testing.assert_allclose(consensus.posterior.sum(axis=1), 1)
    single = gold.accepted.sum(axis=1) == 1
    assert (consensus.confidence[single] == 1).all()


@given(rows(15), st.data())
def test_without_own_is_a_fit_for_nobody_else_only(
    make: type[Aggregator], table: list[Row], data: st.DataObject
) -> None:
    votes = votes_of(table)
    chances = make().fit(votes).without_own(votes)
    assert chances.shape == (len(votes),)
    alone = votes.answers_per_item()[votes.item] == 1
    assert (np.isnan(chances) == alone).all()
    assert ((chances[~alone] >= 0) & (chances[~alone] <= 1)).all()


def test_recovers_a_simulated_truth(make: type[Aggregator]) -> None:
    crowd = simulate(1, items=300, overlap=5)
    consensus = make().fit(crowd.votes)
    assert np.mean(consensus.label == crowd.truth) > 0.9


def test_fits_again_to_the_same(make: type[Aggregator]) -> None:
    votes = simulate(2, items=50).votes
    one, other = make().fit(votes), make().fit(votes)
    np.testing.assert_array_equal(one.posterior, other.posterior)


def test_pickles_and_compares_by_parameters(make: type[Aggregator]) -> None:
    assert pickle.loads(pickle.dumps(make())) == make()
    consensus = make().fit(simulate(3, items=20).votes)
    again = pickle.loads(pickle.dumps(consensus))
    np.testing.assert_array_equal(again.label, consensus.label)


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(0, 3))
def test_one_class_or_worker_or_item(make: type[Aggregator], K: int, answers: int) -> None:
    classes = [str(k) for k in range(K)]
    for ids, workers in ((["a"] * answers, range(answers)), (range(answers), ["a"] * answers)):
        votes = Votes.of(ids, workers, ["0"] * answers, classes=classes)
        consensus = make().fit(votes)
        assert (consensus.label == 0).all()
        assert consensus.posterior.shape == (votes.n_items, K)


def test_all_gold(make: type[Aggregator]) -> None:
    votes = Votes.of([1, 1, 2], ["a", "b", "a"], ["x", "y", "x"])
    consensus = make().fit(votes, Gold.of(votes, {1: "y", 2: "y"}))
    assert consensus.label.tolist() == [1, 1]


def test_a_gold_label_that_nobody_gave(make: type[Aggregator]) -> None:
    votes = Votes.of([1, 1, 2], ["a", "b", "a"], ["x", "x", "x"], classes=["x", "never"], all_items=[1, 2, 3])
    consensus = make().fit(votes, Gold.of(votes, {1: "never", 3: "never"}))
    assert consensus.label[[0, 2]].tolist() == [1, 1]


def test_three_hundred_answers_do_not_underflow(make: type[Aggregator]) -> None:
    votes = Votes.of([1] * 300 + [2] * 299, [*range(300), *range(299)], ["x"] * 290 + ["y"] * 309)
    consensus = make().fit(votes)
    assert consensus.label.tolist() == [0, 1]
    assert np.isfinite(consensus.posterior).all()


def test_is_made_by_name(make: type[Aggregator]) -> None:
    name = next(name for name, known in METHODS.items() if known is make)
    assert method(name) == make()
    with pytest.raises(InvalidMethod, match=r"no parameter 'speed'. Parameters: \w+"):
        method(name, {"speed": 1})
    with pytest.raises(InvalidMethod, match="Methods: auto, majority_vote"):
        method("guess")
