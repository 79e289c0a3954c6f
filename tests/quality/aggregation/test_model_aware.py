"""Crowd and models together: weights against what is known of the models, CROWDLAB, and Dawid-Skene alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc.quality.aggregation import Consensus, DawidSkene
from crowdqc.quality.aggregation.model_aware import ModelAware, Voices
from crowdqc.quality.arrays import Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.predictions import InvalidPredictions, Predictions
from crowdqc.quality.simulation import Crowd, Simulation
from crowdqc.quality.votes import Votes
from tests.quality.aggregation import test_every_method as suite
from tests.quality.crowds import Row, rows, votes_of
from tests.quality.test_real_crowds import DATA, accuracy, answers, table

#: Takes any evidence, however little: what the weights are can be seen.
LISTENS = ModelAware(gain=0, penalty=1e-3, most=20, doubt=1e-9, tolerance=1e-7)
CROWDS = [
    Simulation(items=400, workers=30, classes=2, overlap=3),
    Simulation(items=400, workers=40, classes=3, overlap=5, accuracy=(0.4, 0.9)),
    Simulation(items=400, workers=30, classes=4, overlap=2, spammers=0.3),
    Simulation(items=500, workers=30, classes=3, overlap=3, class_shares=(0.8, 0.15, 0.05)),
    Simulation(items=400, workers=40, classes=2, overlap=1),
]


def predicted(votes: Votes, *tables: Floats) -> Predictions:
    """Each table is one model's, a row of NaN where it predicts nothing."""
    known = [np.isfinite(table).all(axis=1) for table in tables]
    return Predictions.coded(
        np.concatenate([np.flatnonzero(each) for each in known]),
        np.repeat(np.arange(len(tables)), [each.sum() for each in known]),
        np.concatenate([table[each] for table, each in zip(tables, known, strict=True)]),
        models=[f"m{code}" for code in range(len(tables))],
        n_items=votes.n_items,
        n_classes=votes.n_classes,
    )


def sharper(table: Floats, power: float) -> Floats:
    raised = np.maximum(table, 1e-12) ** power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def voices(consensus: Consensus) -> Voices:
    assert isinstance(consensus.voices, Voices)
    return consensus.voices


def right(consensus: Consensus, crowd: Crowd) -> float:
    return float(np.mean(consensus.label == crowd.truth))


@settings(deadline=None, max_examples=40)
@given(rows(), st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("PQR"), min_size=1)))
def test_without_models_it_is_dawid_skene(table: list[Row], truth: dict[str, set[str]]) -> None:
    votes = votes_of(table)
    gold = Gold.of(votes, truth)
    one, other = ModelAware().fit(votes, gold), DawidSkene().fit(votes, gold)
    np.testing.assert_array_equal(one.log_posterior, other.log_posterior)
    np.testing.assert_array_equal(one.label, other.label)
    assert voices(one).models == ()
    assert not voices(one).heard


@pytest.mark.parametrize("simulation", CROWDS)
def test_models_that_know_nothing_are_not_heard(simulation: Simulation) -> None:
    """They guess, softly or with certainty; they say the same of all; they are wrong throughout."""
    crowd = simulation.run(3)
    n, K = crowd.truth.size, crowd.votes.n_classes
    rng = np.random.default_rng(0)
    good = crowd.predictions(0.9, seed=1)
    alone = DawidSkene().fit(crowd.votes)
    for poor in (
        rng.dirichlet(np.ones(K), size=n),
        np.eye(K)[rng.integers(K, size=n)],
        np.tile(rng.dirichlet(np.ones(K)), (n, 1)),
        np.full((n, K), 1 / K),
        sharper(np.roll(good, 1, axis=1), 5),
    ):
        consensus = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, poor))
        assert voices(consensus).weight.tolist() == [0]
        np.testing.assert_allclose(consensus.posterior, alone.posterior, atol=1e-9)


@pytest.mark.parametrize("simulation", CROWDS)
def test_a_good_model_helps_and_is_known_for_what_it_is(simulation: Simulation) -> None:
    crowd = simulation.run(4)
    good = crowd.predictions(0.9, seed=1)
    alone = right(DawidSkene().fit(crowd.votes), crowd)
    consensus = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, good))
    of = voices(consensus)
    assert of.heard
    assert right(consensus, crowd) > max(alone, 0.9 - 0.03)
    assert right(consensus, crowd) > alone + (1 - alone) / 4
    assert of.accuracy[0] == pytest.approx(np.mean(good.argmax(axis=1) == crowd.truth), abs=0.05)
    assert of.apart[0] < of.accuracy[0]
    assert of.items.tolist() == [crowd.truth.size]


def test_a_calibrated_model_is_taken_at_its_word() -> None:
    """A weight of 1 in truth; a model that is five times too sure of itself gets a fifth of it."""
    crowd = Simulation(items=3000, workers=20, classes=3, overlap=5, accuracy=(0.6, 0.9)).run(1)
    good = crowd.predictions(0.8, seed=1)
    weight = [
        voices(LISTENS.fit(crowd.votes, predictions=predicted(crowd.votes, said))).weight[0]
        for said in (good, sharper(good, 5), sharper(good, 0.5))
    ]
    assert weight[0] == pytest.approx(1, abs=0.08)
    assert weight[1] == pytest.approx(weight[0] / 5, rel=0.05)
    assert weight[2] == pytest.approx(weight[0] * 2, rel=0.05)


def test_copies_share_one_weight() -> None:
    crowd = CROWDS[1].run(2)
    good = crowd.predictions(0.85, seed=1)
    one = LISTENS.fit(crowd.votes, predictions=predicted(crowd.votes, good))
    two = LISTENS.fit(crowd.votes, predictions=predicted(crowd.votes, good, good))
    assert voices(two).weight.sum() == pytest.approx(voices(one).weight[0], rel=1e-2)
    np.testing.assert_allclose(one.posterior, two.posterior, atol=5e-3)


def test_two_who_err_apart_are_better_than_one() -> None:
    crowd = CROWDS[2].run(2)
    first, second = crowd.predictions(0.7, seed=1), crowd.predictions(0.7, seed=2)
    one = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, first))
    two = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, first, second))
    assert right(two, crowd) > right(one, crowd)


def test_the_weights_are_at_the_top() -> None:
    """Against the penalised likelihood of the logistic model, written out and climbed by scipy."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    crowd = CROWDS[1].run(5)
    tables = crowd.predictions(0.7, seed=1), sharper(crowd.predictions(0.6, seed=2), 2)
    model = ModelAware(penalty=3, doubt=1e-9, tolerance=1e-9, max_iterations=2000)
    consensus = model.fit(crowd.votes, predictions=predicted(crowd.votes, *tables))
    said = np.log([each / each.mean(axis=0) for each in tables])

    def depth(weight: Floats) -> float:
        prior = log_softmax(np.log(consensus.class_prior) + np.tensordot(weight, said, 1), axis=1)
        return float(3 / 2 * weight @ weight - (consensus.posterior * prior).sum())

    best = minimize(depth, np.ones(2), bounds=[(0, 1)] * 2, options={"ftol": 1e-14}).x
    np.testing.assert_allclose(voices(consensus).weight, best, atol=1e-4)


def test_the_objective_is_the_log_posterior() -> None:
    """Its rise over the first fit is that of the density written out with a full matrix for each worker."""
    from scipy.special import log_softmax, logsumexp

    crowd = Simulation(items=60, workers=6, classes=3, overlap=4).run(2)
    votes, model = crowd.votes, ModelAware(doubt=1e-9, tolerance=1e-9)
    gold = Gold.of(votes, {votes.items[0]: "0", votes.items[1]: ["1", "2"]})
    said = crowd.predictions(0.7, seed=1)
    alone = DawidSkene(tolerance=1e-9).fit(votes, gold)
    both = model.fit(votes, gold, predicted(votes, said))
    shares = gold.accepted[:2] / gold.accepted[:2].sum(axis=1, keepdims=True)
    of_gold = (shares.sum(axis=0) + 1) / (shares.sum() + 3)

    def density(consensus: Consensus, weight: float) -> float:
        assert consensus.confusion is not None
        confusion = consensus.confusion.table()
        base = np.tile(np.log(consensus.class_prior), (votes.n_items, 1))
        base[:2] = np.log(of_gold)
        prior = log_softmax(base + weight * np.log(said / said.mean(axis=0)), axis=1)
        # gold is chosen: its labels' shares are no evidence
        prior[:2] = np.where(gold.accepted[:2], prior[:2] - np.log(of_gold), -np.inf)
        np.add.at(prior, votes.item, np.log(confusion[votes.worker, :, votes.label]))
        dirichlet = (DawidSkene().pseudo_answers(3) * np.log(confusion)).sum()
        return float(logsumexp(prior, axis=1).sum() + dirichlet - 5 * weight**2)

    weight = float(voices(both).weight[0])
    assert 0 < weight < 1
    assert voices(both).gain == pytest.approx(density(both, weight) - density(alone, 0), abs=1e-4)
    assert voices(both).gain == pytest.approx(both.objective[-1] - both.objective[alone.iterations - 1], abs=1e-9)


def foretold(seed: int, K: int = 3) -> Floats:
    """Two models that say something of most of six items."""
    rng = np.random.default_rng(seed)
    tables = rng.dirichlet(np.full(K, 0.3), size=(2, 6))
    tables[rng.random((2, 6)) < 0.3] = np.nan
    return np.asarray(tables)


@dataclass(frozen=True)
class Accompanied:
    """The method with predictions that depend on the item alone."""

    seed: int = 0

    def fit(self, votes: Votes, gold: Gold | None = None) -> Consensus:
        rng = np.random.default_rng(self.seed)
        said = rng.dirichlet(np.ones(votes.n_classes), size=(2, votes.n_items))
        return ModelAware(gain=0).fit(votes, gold, predicted(votes, *said))


@pytest.mark.parametrize(
    "check",
    [
        suite.test_posteriors_are_distributions,
        suite.test_rows_and_names_change_nothing,
        suite.test_gold_holds,
        suite.test_without_own_is_a_fit_for_nobody_else_only,
        suite.test_recovers_a_simulated_truth,
        suite.test_fits_again_to_the_same,
        suite.test_pickles_and_compares_by_parameters,
        suite.test_all_gold,
        suite.test_a_gold_label_that_nobody_gave,
        suite.test_ten_thousand_answers_to_one_item,
        suite.test_what_it_climbs_never_falls,
        suite.test_gold_trains_the_workers,
        suite.test_repeated_answers_count_as_kept,
    ],
)
def test_as_every_method(check: object) -> None:
    assert callable(check)
    check(make=Accompanied)


@settings(deadline=None, max_examples=40)
@given(rows(), st.permutations([0, 1, 2]), st.integers(0, 99))
def test_renaming_classes_renames_the_posterior(table: list[Row], order: list[int], seed: int) -> None:
    names = {"PQR"[code]: "PQR"[place] for place, code in enumerate(order)}
    here, there = votes_of(table), votes_of([(i, w, names[k]) for i, w, k in table])
    said = foretold(seed)
    one = LISTENS.fit(here, predictions=predicted(here, *said))
    other = LISTENS.fit(there, predictions=predicted(there, *said[:, :, order]))
    np.testing.assert_allclose(one.posterior[:, order], other.posterior, atol=1e-6)
    np.testing.assert_allclose(voices(one).weight, voices(other).weight, atol=1e-5)


@settings(deadline=None, max_examples=40)
@given(rows(), st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_predictions_does_not_matter(table: list[Row], seed: int, random: Random) -> None:
    votes = votes_of(table)
    said = predicted(votes, *foretold(seed))
    mixed = np.array(random.sample(range(said.item.size), said.item.size), dtype=np.int32)
    swapped = Predictions(said.item[mixed], 1 - said.model[mixed], said.probabilities[mixed], ("m1", "m0"))
    one, other = (LISTENS.fit(votes, predictions=each) for each in (said, swapped))
    if abs(one.posterior - other.posterior).max() > 1e-5:
        # Two who contradict each other, and a model on the side of each: rounding decides, and neither is worse.
        assert abs(one.objective[-1] - other.objective[-1]) < 0.01
        assert len(table) <= 3
        return
    np.testing.assert_allclose(voices(one).weight, voices(other).weight[::-1], atol=1e-3)


@settings(deadline=None, max_examples=40)
@given(
    rows(),
    st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("PQR"), min_size=1)),
    st.integers(0, 99),
)
def test_what_it_climbs_never_falls(table: list[Row], truth: dict[str, set[str]], seed: int) -> None:
    votes = votes_of(table)
    objective = LISTENS.fit(votes, Gold.of(votes, truth), predicted(votes, *foretold(seed))).objective
    assert (np.diff(objective) >= -1e-8 * (1 + np.abs(objective[1:]))).all()


def test_nobody_answered_and_the_models_speak() -> None:
    """The posterior is theirs, against the class prior; a label needs an answer or gold."""
    crowd = CROWDS[0].run(6)
    votes = crowd.votes.where(crowd.votes.item >= 10)
    said = crowd.predictions(0.85, seed=2)
    said[5:10] = np.nan
    consensus = ModelAware(doubt=1e-9).fit(votes, predictions=predicted(votes, said))
    of = voices(consensus)
    odds = np.log(consensus.class_prior) + of.weight[0] * np.log(said[:5] / of.mean[0])
    np.testing.assert_allclose(consensus.posterior[:5], np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(consensus.posterior[5:10], np.tile(consensus.class_prior, (5, 1)))
    assert (consensus.label[:10] == -1).all()
    assert of.items.tolist() == [votes.n_items - 10]
    np.testing.assert_allclose(of.mean[0], np.nanmean(said, axis=0), atol=1e-8)


def test_missing_predictions_add_nothing() -> None:
    """Two models that predict different items: each is weighed alone, and what neither predicts is left alone."""
    crowd = Simulation(items=900, workers=30, classes=3, overlap=5).run(1)
    first, second = crowd.predictions(0.85, seed=1), sharper(crowd.predictions(0.85, seed=2), 4)
    first[300:], second[:300], second[600:] = np.nan, np.nan, np.nan
    consensus = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, first, second))
    of = voices(consensus)
    assert of.items.tolist() == [300, 300]
    assert of.weight[1] < of.weight[0] / 2
    assert consensus.confusion is not None
    scores = np.tile(np.log(consensus.class_prior), (900, 1))
    np.add.at(scores, crowd.votes.item, consensus.confusion.evidence(crowd.votes.worker, crowd.votes.label))
    others = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(consensus.posterior[600:], others[600:], atol=1e-9)


def test_gold_teaches_the_weights_and_not_the_shares() -> None:
    """Gold of one class only, answered by nobody, while each item has one answer."""
    crowd = Simulation(items=1500, workers=40, classes=2, overlap=1, accuracy=(0.55, 0.7)).run(3)
    votes = crowd.votes.where(crowd.votes.item >= 500)
    truth = {votes.items[item]: str(crowd.truth[item]) for item in range(500) if crowd.truth[item] == 1}
    said = predicted(votes, crowd.predictions(0.85, seed=1))
    before = ModelAware(gain=0).fit(votes, predictions=said)
    after = ModelAware(gain=0).fit(votes, Gold.of(votes, truth), said)
    assert after.class_prior == pytest.approx(before.class_prior, abs=1e-6)
    asked = slice(500, None)
    alone = np.mean(DawidSkene().fit(votes).label[asked] == crowd.truth[asked])
    assert np.mean(after.label[asked] == crowd.truth[asked]) > alone + 0.1
    both = ModelAware(gain=0).fit(
        votes, Gold.of(votes, {votes.items[item]: str(crowd.truth[item]) for item in range(500)}), said
    )
    assert voices(both).weight[0] == pytest.approx(1, abs=0.15)
    assert voices(both).accuracy[0] == pytest.approx(0.85, abs=0.04)


def test_certain_predictions_are_not_vetoes() -> None:
    """A model of zeros and ones that errs once in ten: all that workers agree on stands."""
    crowd = Simulation(items=300, workers=12, classes=3, overlap=8, accuracy=(0.8, 0.95)).run(1)
    rng = np.random.default_rng(2)
    wrong = rng.random(300) < 0.1
    said = np.eye(3)[np.where(wrong, (crowd.truth + 1) % 3, crowd.truth)]
    consensus = ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, said))
    assert np.mean(consensus.label[wrong] == crowd.truth[wrong]) > 0.9
    assert np.isfinite(consensus.log_odds).all()


def test_at_least_as_good_as_crowdlab() -> None:
    """On average, with calibrated models and with those that are too sure; and never much worse than the crowd."""
    pandas = pytest.importorskip("pandas")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cleanlab = pytest.importorskip("cleanlab.multiannotator")
    ours, theirs, alone = [], [], []
    for seed, simulation in enumerate(CROWDS[:4]):
        crowd = simulation.run(seed)
        wide = np.full((crowd.votes.n_items, crowd.votes.n_workers), np.nan)
        wide[crowd.votes.item, crowd.votes.worker] = crowd.votes.label
        good = crowd.predictions(0.85, seed=1)
        for said in (good, sharper(good, 3), crowd.predictions(0.82, seed=2)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = cleanlab.get_label_quality_multiannotator(pandas.DataFrame(wide), said, verbose=False)
            theirs.append(np.mean(found["label_quality"]["consensus_label"].to_numpy() == crowd.truth))
            ours.append(right(ModelAware().fit(crowd.votes, predictions=predicted(crowd.votes, said)), crowd))
            alone.append(right(DawidSkene().fit(crowd.votes), crowd))
    assert np.mean(ours) > np.mean(theirs) + 0.01
    assert np.mean(ours) > np.mean(alone) + 0.05
    assert min(np.array(ours) - alone) > -0.01


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real crowds are not at {DATA}")
def test_a_real_crowd_with_a_fair_model() -> None:
    """Its probabilities are out-of-fold; alone it is right of .738, CROWDLAB of .903, Dawid-Skene of .915."""
    votes = answers("sentiment_sp")
    said = {row["item"]: (float(row["p_0"]), float(row["p_1"])) for row in table("sentiment_sp/pred_probs.csv.gz")}
    model = predicted(votes, np.array([said[item] for item in votes.items]))
    consensus = ModelAware().fit(votes, predictions=model)
    assert voices(consensus).accuracy[0] == pytest.approx(0.738, abs=0.02)
    assert accuracy("sentiment_sp", consensus) >= accuracy("sentiment_sp", DawidSkene().fit(votes))
    few = votes.where(np.diff(votes.item, prepend=-1) > 0)  # one answer an item
    assert accuracy("sentiment_sp", ModelAware().fit(few, predictions=model)) > 0.02 + accuracy(
        "sentiment_sp", DawidSkene().fit(few)
    )


def test_what_does_not_fit_is_refused() -> None:
    votes = Votes.of([1, 2], ["a", "a"], ["x", "y"])
    twice = Predictions.of(votes, [1, 2, 1], ["m"] * 3, [[1, 0]] * 3)
    with pytest.raises(InvalidPredictions, match="'m' predicts the item 1 more than once"):
        ModelAware().fit(votes, predictions=twice)
    wide = Predictions.coded([0], [0], [[1, 0, 0]], models=["m"], n_items=2, n_classes=3)
    with pytest.raises(InvalidPredictions, match="3 classes"):
        ModelAware().fit(votes, predictions=wide)
    far = Predictions.coded([7], [0], [[1, 0]], models=["m"], n_items=8, n_classes=2)
    with pytest.raises(InvalidPredictions, match="items up to 7"):
        ModelAware().fit(votes, predictions=far)
    with pytest.raises(InvalidPredictions, match=r"A dict is no Predictions\. .*Predictions\.of\(votes"):
        ModelAware().fit(votes, predictions={1: [1, 0]})  # type: ignore[arg-type]
    for wrong in ({"penalty": -1}, {"doubt": 0}, {"doubt": 1.5}, {"most": float("nan")}, {"gain": -1}):
        with pytest.raises(InvalidParameter, match=next(iter(wrong))):
            ModelAware(**wrong)


def test_nothing_at_all() -> None:
    votes = Votes.of([], [], [], classes=["x", "y"], all_items=[1, 2])
    consensus = ModelAware().fit(votes, predictions=Predictions.of(votes, [1], ["m"], [[0.9, 0.1]]))
    assert consensus.label.tolist() == [-1, -1]
    assert voices(consensus).weight.tolist() == [0]
    assert np.isnan(voices(consensus).accuracy).all()
