"""The joint model of sets: its density written out, simulated crowds against one option at a time, gold."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy import stats
from scipy.special import expit

from crowdqc.quality.label_sets import GoldSets, Joint, LabelSets, Separate
from crowdqc.quality.label_sets.yes_rates import DOUBT, USUAL, Evidence, Rates, Spreads
from crowdqc.quality.parameters import InvalidParameter
from tests.quality.label_sets.sets import Crowd, Row, read, simulate, table_of, tables

SPREADS = Spreads(1.0, 0.75, 0.5, 1.0)


def density(sets: LabelSets, gold: GoldSets, rates: Rates) -> float:
    """The log posterior of the rates, answer by answer, up to a constant of the priors."""
    total = stats.norm(USUAL, DOUBT).logpdf(rates.usual).sum() - stats.norm(USUAL, DOUBT).logpdf(USUAL).sum()
    for part, spread in ((rates.worker, 1.0), (rates.option, 0.75), (rates.pair, 0.5)):
        normal = stats.norm(0, spread)
        total += (normal.logpdf(part) - normal.logpdf(0)).sum()
    total += (np.log(rates.prevalence) + np.log(1 - rates.prevalence)).sum()
    offered = sets.is_offered()
    for item in np.unique(sets.item):
        for option in np.flatnonzero(offered[item]):
            chances = np.array([1 - rates.prevalence[option], rates.prevalence[option]])
            if gold.known[item]:
                chances = np.array([not gold.right[item, option], gold.right[item, option]], dtype=float)
            for answer in np.flatnonzero(sets.item == item):
                yes = option in sets.option[sets.start[answer] : sets.start[answer + 1]]
                for t in range(2):
                    p = expit(rates.log_odds(t)[sets.worker[answer], option])
                    chances[t] *= p if yes else 1 - p
            total += np.log(chances.sum())
    return float(total)


def fit_steps(sets: LabelSets, gold: GoldSets, steps: int) -> tuple[Evidence, Rates, NDArray[np.float64]]:
    evidence, rates = Evidence.of(sets, gold), Rates.begin(sets)
    present = evidence.shares()
    for _ in range(steps):
        rates = evidence.learn(rates, present, SPREADS)
        present = expit(evidence.expect(rates)[0])
    return evidence, rates, present


@settings(deadline=None, max_examples=30)
@given(tables)
def test_the_objective_is_the_log_posterior(table: list[Row]) -> None:
    never = any("R" in names for item, _, names in table if item == "a")
    sets = read(table, offered=None if never else {"a": ["P", "Q"]})
    gold = GoldSets.of(sets, {"b": ["P", "R"], "e": []})
    evidence, rates, _ = fit_steps(sets, gold, 3)
    objective = evidence.expect(rates)[1] + rates.log_prior(SPREADS)
    assert objective == pytest.approx(density(sets, gold, rates), abs=1e-8)


@settings(deadline=None, max_examples=40)
@given(tables)
def test_the_log_posterior_never_falls_and_gold_holds(table: list[Row]) -> None:
    sets = read(table)
    consensus = Joint().fit(sets, GoldSets.of(sets, {"b": ["P"], "c": []}))
    assert (np.diff(consensus.objective) >= -1e-9 * (1 + np.abs(consensus.objective[:-1]))).all()
    assert consensus.sets()[1:3] == [{"P"}, frozenset()]
    assert np.isfinite(consensus.probability).all()
    silent = (consensus.answers == 0) & ~consensus.known
    assert [chosen is None for chosen in consensus.sets()] == silent.tolist()


def test_the_maximisation_step_ends_at_the_maximum() -> None:
    """With the truth known, the steps climb to where the gradient of the density is zero."""
    crowd = simulate(1, items=20, workers=5, options=3)
    gold = GoldSets(np.ones(20, dtype=bool), crowd.truth)
    _, rates, _ = fit_steps(crowd.sets, gold, 300)
    top = density(crowd.sets, gold, rates)
    rng = np.random.default_rng(0)
    for _ in range(20):
        parts = (rates.usual, rates.worker, rates.option, rates.pair)
        moved = Rates(*(part + 0.05 * rng.normal(size=part.shape) for part in parts), rates.prevalence)
        assert density(crowd.sets, gold, moved) < top


def wrong(crowds: list[Crowd], method: Joint | Separate) -> tuple[float, float]:
    """Share of wrong cells, and mean log loss."""
    errors, losses = [], []
    for crowd in crowds:
        p = table_of(method.fit(crowd.sets), crowd.truth.shape)
        errors.append(np.mean((p > 0.5) != crowd.truth))
        losses.append(-np.log(np.clip(np.where(crowd.truth, p, 1 - p), 1e-6, 1)).mean())
    return float(np.mean(errors)), float(np.mean(losses))


def test_beats_one_option_at_a_time_where_answers_are_few() -> None:
    """Five answers a worker and an option."""
    crowds = [simulate(seed, workers=100) for seed in range(6)]
    joint, separate = wrong(crowds, Joint()), wrong(crowds, Separate())
    assert joint[0] < 0.85 * separate[0]
    assert joint[1] < 0.7 * separate[1]


def test_loses_nothing_where_answers_are_many_and_workers_particular() -> None:
    """250 answers a worker and an option."""
    crowds = [simulate(seed, items=500, workers=10, options=6, particular=1.0) for seed in range(6)]
    joint, separate = wrong(crowds, Joint()), wrong(crowds, Separate())
    assert joint[0] < separate[0] + 0.003
    assert joint[1] < 1.03 * separate[1]


def test_expects_about_the_scores_that_it_gets() -> None:
    crowds = [simulate(seed) for seed in range(6)]
    expected, got = [], []
    for crowd in crowds:
        consensus = Joint().fit(crowd.sets)
        chosen = table_of(consensus, crowd.truth.shape) > 0.5
        both, either = (chosen & crowd.truth).sum(axis=1), (chosen | crowd.truth).sum(axis=1)
        got.append(np.where(either, both / np.maximum(either, 1), 1).mean())
        expected.append(consensus.jaccard.mean())
    assert np.mean(expected) == pytest.approx(np.mean(got), abs=0.08)


def test_workers_are_scored_near_their_true_shares() -> None:
    crowd = simulate(3, items=400, workers=10)
    workers = Joint().fit(crowd.sets).workers
    chosen = np.zeros((len(crowd.sets), 15), dtype=bool)
    chosen[crowd.sets.answer, crowd.sets.option] = True
    true = crowd.truth[crowd.sets.item]
    for j in range(10):
        mine = crowd.sets.worker == j
        both = (chosen & true)[mine].sum()
        assert workers.recall[j] == pytest.approx(both / true[mine].sum(), abs=0.1)
        assert workers.precision[j] == pytest.approx(both / chosen[mine].sum(), abs=0.1)


def test_rows_workers_and_options_do_not_matter() -> None:
    crowd = simulate(4, items=30, options=6)
    sets = crowd.sets
    order = np.random.default_rng(0).permutation(len(sets))
    turned = [f"o{9 - option}" for option in range(6)]
    rows = [
        (sets.item[a], 99 - sets.worker[a], [turned[o] for o in sets.option[sets.start[a] : sets.start[a + 1]]])
        for a in order
    ]
    other = Joint(tolerance=1e-9).fit(LabelSets.of(*zip(*rows, strict=True), options=turned[::-1]))
    one = Joint(tolerance=1e-9).fit(sets)
    np.testing.assert_allclose(table_of(one, (30, 6)), table_of(other, (30, 6))[:, ::-1], atol=1e-6)
    np.testing.assert_allclose(one.workers.recall, other.workers.recall[::-1], atol=1e-6)


def test_ten_thousand_answers_on_one_item() -> None:
    said = [["P"]] * 9000 + [["P", "Q"]] * 1000
    consensus = Joint().fit(LabelSets.of(["a"] * 10_000 + ["b"], range(10_001), [*said, ["Q"]]))
    assert np.isfinite(consensus.log_odds).all()
    assert consensus.sets()[0] == {"P"}


def test_parameters_and_pickles() -> None:
    assert pickle.loads(pickle.dumps(Joint())) == Joint()
    with pytest.raises(InvalidParameter, match=r"pair_spread is 0; .* from 0.001 up"):
        Joint(pair_spread=0)
    with pytest.raises(InvalidParameter, match="max_iterations is 0"):
        Joint(max_iterations=0)
    capped = Joint(max_iterations=2).fit(simulate(5, items=20).sets)
    assert (capped.iterations, capped.converged) == (2, False)
