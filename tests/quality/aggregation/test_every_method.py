"""The checks that every method must pass."""

from __future__ import annotations

import pickle
from functools import partial
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import METHODS, Aggregator, BayesianDawidSkene, InvalidMethod, method
from crowdqc.quality.gold import Gold, InvalidGold
from crowdqc.quality.votes import InvalidVotes, Votes
from tests.quality.crowds import Row, rows, simulate, votes_of

#: Methods that draw: equal in distribution where names change, and equal for equal votes and seeds.
DRAWING = {"bayesian_dawid_skene": partial(BayesianDawidSkene, draws=80, warm_up=10)}
MAKES = [pytest.param(DRAWING.get(name, METHODS[name]), id=name) for name in METHODS]
EXACT = [pytest.param(METHODS[name], id=name) for name in METHODS if name not in DRAWING]
#: `ordinal` reads the order of the classes; its own tests hold the mirror image against it.
NOMINAL = [param for param in EXACT if param.id != "ordinal"]
every_method = pytest.mark.parametrize("make", MAKES)
every_exact_method = pytest.mark.parametrize("make", EXACT)
quick = settings(max_examples=25)
#: Methods for which a worker is a worker, however he does on gold.
UNWEIGHED = {METHODS[name] for name in METHODS if name in {"majority_vote", "weighted_vote"}}


@every_method
@quick
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


@every_exact_method
@quick
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


@pytest.mark.parametrize("make", NOMINAL)
@quick
@given(rows(), st.permutations([0, 1, 2]))
def test_renaming_classes_renames_the_posterior(
    make: type[Aggregator], table: list[Row], order: list[int]
) -> None:
    names = {"PQR"[code]: "PQR"[place] for place, code in enumerate(order)}
    one = make().fit(votes_of(table))
    other = make().fit(votes_of([(i, w, names[k]) for i, w, k in table]))
    np.testing.assert_allclose(one.posterior[:, order], other.posterior, atol=1e-7)


@every_method
@quick
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


@every_method
@quick
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


@every_method
def test_recovers_a_simulated_truth(make: type[Aggregator]) -> None:
    crowd = simulate(1, items=300, overlap=5)
    consensus = make().fit(crowd.votes)
    assert np.mean(consensus.label == crowd.truth) > 0.9


@every_method
def test_fits_again_to_the_same(make: type[Aggregator]) -> None:
    votes = simulate(2, items=50).votes
    one, other = make().fit(votes), make().fit(votes)
    np.testing.assert_array_equal(one.posterior, other.posterior)


@every_method
def test_pickles_and_compares_by_parameters(make: type[Aggregator]) -> None:
    assert pickle.loads(pickle.dumps(make())) == make()
    consensus = make().fit(simulate(3, items=20).votes)
    again = pickle.loads(pickle.dumps(consensus))
    np.testing.assert_array_equal(again.label, consensus.label)


@every_method
@settings(max_examples=12)
@given(st.integers(1, 4), st.integers(0, 3))
def test_one_class_or_worker_or_item(make: type[Aggregator], K: int, answers: int) -> None:
    classes = [str(k) for k in range(K)]
    for ids, workers in ((["a"] * answers, range(answers)), (range(answers), ["a"] * answers)):
        votes = Votes.of(ids, workers, ["0"] * answers, classes=classes)
        consensus = make().fit(votes)
        assert (consensus.label == 0).all()
        assert consensus.posterior.shape == (votes.n_items, K)


@every_method
def test_all_gold(make: type[Aggregator]) -> None:
    votes = Votes.of([1, 1, 2], ["a", "b", "a"], ["x", "y", "x"])
    consensus = make().fit(votes, Gold.of(votes, {1: "y", 2: "y"}))
    assert consensus.label.tolist() == [1, 1]


@every_method
def test_a_gold_label_that_nobody_gave(make: type[Aggregator]) -> None:
    votes = Votes.of([1, 1, 2], ["a", "b", "a"], ["x", "x", "x"], classes=["x", "never"], all_items=[1, 2, 3])
    consensus = make().fit(votes, Gold.of(votes, {1: "never", 3: "never"}))
    assert consensus.label[[0, 2]].tolist() == [1, 1]


@every_method
def test_ten_thousand_answers_to_one_item(make: type[Aggregator]) -> None:
    """Nothing underflows: the posterior is one, and items stay rankable."""
    n = 10_000
    item, worker = np.repeat([0, 1], [n, n - 1]), np.append(np.arange(n), np.arange(n - 1))
    label = np.append(np.arange(n) >= 9 * n // 10, np.arange(n - 1) >= n // 4).astype(int)
    votes = Votes.coded(item, worker, label, items=["a", "b"], workers=range(n), classes=["x", "y"])
    consensus = make().fit(votes)
    assert consensus.label.tolist() == [0, 1]
    assert np.isfinite(consensus.posterior).all()
    assert np.isfinite(consensus.log_odds).all()


@every_exact_method
def test_what_is_tied_is_said_to_be(make: type[Aggregator]) -> None:
    """Two workers who always differ, as often this way as that: nobody can tell who is right."""
    votes = Votes.of([1, 1, 2, 2], ["a", "b", "a", "b"], ["x", "y", "y", "x"])
    consensus = make().fit(votes)
    np.testing.assert_allclose(consensus.posterior, 0.5, atol=1e-9)
    assert consensus.tied.all()


@every_method
@quick
@given(rows())
def test_what_it_climbs_never_falls(make: type[Aggregator], table: list[Row]) -> None:
    objective = make().fit(votes_of(table)).objective
    assert (np.diff(objective) >= -1e-7 * (1 + np.abs(objective[1:]))).all()


@every_method
def test_gold_trains_the_workers(make: type[Aggregator]) -> None:
    """One is right on gold and two are wrong: on the rest the one is believed, by all that weigh workers."""
    said = [
        (item, worker, "y" if worker == "ann" else "x") for item in range(40) for worker in ("ann", "bob", "cid")
    ]
    votes = Votes.of(*zip(*said, strict=True))
    consensus = make().fit(votes, Gold.of(votes, dict.fromkeys(range(30), "y")))
    assert (consensus.label[:30] == 1).all()
    if make not in UNWEIGHED:
        assert (consensus.label[30:] == 1).all()


@every_method
@quick
@given(rows())
def test_repeated_answers_count_as_kept(make: type[Aggregator], table: list[Row]) -> None:
    """With the first of each kept, what a worker said again changes nothing."""
    again = [*table, *((item, worker, "P") for item, worker, _ in table)]
    one, other = make().fit(votes_of(table)), make().fit(votes_of(again))
    np.testing.assert_array_equal(one.posterior, other.posterior)


def test_a_consensus_is_shown_in_a_line() -> None:
    votes = Votes.of([1, 1, 2], list("aba"), list("xyx"))
    assert repr(method("majority_vote").fit(votes)) == "Consensus(2 items, 2 classes)"
    assert (
        repr(method("dawid_skene").fit(votes, Gold.of(votes, {1: "x"})))
        == "Consensus(2 items, 2 classes, 1 gold, converged)"
    )
    stopped = repr(method("dawid_skene", max_iterations=1).fit(votes))
    assert stopped == "Consensus(2 items, 2 classes, not converged)"
    assert repr(method("auto").fit(votes)).startswith("Consensus(method='majority_vote', 2 items, 2 classes")


@pytest.mark.parametrize("name", METHODS)
def test_is_made_by_name(name: str) -> None:
    assert method(name) == METHODS[name]()
    with pytest.raises(InvalidMethod, match=r"no parameter 'speed'. Parameters: \w+"):
        method(name, {"speed": 1})
    with pytest.raises(InvalidMethod, match=rf"{name} has no parameter 'speed'. Parameters: \w+"):
        method(name, speed=1)
    with pytest.raises(InvalidMethod, match="Methods: auto, majority_vote"):
        method("guess")


@pytest.mark.parametrize("make", MAKES)
def test_gold_may_be_a_mapping(make: type[Aggregator]) -> None:
    votes = simulate(4, items=30, workers=6).votes
    truth = {votes.items[0]: votes.classes[1], votes.items[3]: list(votes.classes[:2])}
    one, other = make().fit(votes, truth), make().fit(votes, Gold.of(votes, truth))  # type: ignore[arg-type]
    np.testing.assert_array_equal(one.posterior, other.posterior)
    assert one.known.sum() == 2
    with pytest.raises(InvalidGold, match=r"The gold is that of 1 items and 2 classes"):
        make().fit(votes, Gold(np.zeros((1, 2), dtype=bool)))


@every_method
def test_what_is_no_votes_is_refused_with_a_way_out(make: type[Aggregator]) -> None:
    frame = {"worker": ["a"], "item": [1], "label": ["x"]}
    with pytest.raises(InvalidVotes, match=r"A dict is no Votes\. Read it first: Votes\.of_frame\(frame\)"):
        make().fit(frame)  # type: ignore[arg-type]
