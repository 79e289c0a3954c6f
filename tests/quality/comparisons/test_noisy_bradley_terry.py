"""Noisy Bradley-Terry: crowd-kit's likelihood, a blind search of the maximum, simulated crowds of guessers."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import expit

from crowdqc.quality.comparisons import BradleyTerry, Comparisons, InvalidRanking, NoisyBradleyTerry, Ranking
from crowdqc.quality.parameters import InvalidParameter
from tests.quality.comparisons.test_comparisons import Row, read, tables

Floats = NDArray[np.float64]


def simulate(
    seed: int, *, items: int = 30, workers: int = 20, n: int = 1200, reliability: Floats | None = None
) -> tuple[Comparisons, Floats, Floats]:
    """Guessers who lean to a side, as much as they like."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0, 1.5, items)
    reliability = rng.beta(3, 1, workers) if reliability is None else reliability
    lean = rng.beta(2, 2, workers)
    left, worker = rng.integers(items, size=n), rng.integers(workers, size=n)
    right = (left + rng.integers(1, items, size=n)) % items
    compares = rng.random(n) < reliability[worker]
    chance = np.where(compares, expit(score[left] - score[right]), lean[worker])
    choice = (rng.random(n) > chance).astype(int)
    comparisons = Comparisons.coded(
        left, right, worker, choice, items=range(items), workers=range(workers), repeats="all"
    )
    return comparisons, score - score.mean(), reliability


def log_odds(p: Floats) -> Floats:
    return np.log(p / (1 - p))


def beforehand(model: NoisyBradleyTerry, ranking: Ranking) -> float:
    """Log density of the prior, up to a constant."""
    judges = ranking.judges
    assert judges is not None
    density = -(ranking.score**2).sum() / ranking.spread**2 / 2
    density += (model.reliable * np.log(judges.reliability) + model.guessed * np.log(1 - judges.reliability)).sum()
    return float(density + model.sides * (np.log(judges.left) + np.log(1 - judges.left)).sum())


def test_the_likelihood_is_crowd_kits() -> None:
    """Theirs of our parameters; no more, for their gradient is not that of their likelihood."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pairwise = pytest.importorskip("crowdkit.aggregation.pairwise")
    comparisons, _, _ = simulate(1, n=400)
    model = NoisyBradleyTerry()
    ranking = model.fit(comparisons)
    judges = ranking.judges
    assert judges is not None
    winner = np.where(comparisons.choice == 0, comparisons.left, comparisons.right)
    data = np.array([comparisons.left, comparisons.right, winner]).T + 1
    x = np.concatenate([[0], ranking.score, log_odds(judges.left), log_odds(judges.reliability)])
    theirs = -pairwise.NoisyBradleyTerry._compute_log_likelihood(x, data, comparisons.worker, 30, 20, 0.0)
    assert ranking.objective[-1] == pytest.approx(theirs + beforehand(model, ranking), abs=1e-6)


def test_is_a_top_of_the_log_posterior() -> None:
    """A search that knows the formula of the density only, from there, finds nothing better."""
    comparisons, _, _ = simulate(2, items=4, workers=3, n=80)
    model = NoisyBradleyTerry(spread=1.3)
    ranking = model.fit(comparisons)
    judges = ranking.judges
    assert judges is not None

    def below(x: Floats) -> float:
        score, reliability, lean = x[:4], expit(x[4:7]), expit(x[7:])
        total = -(score**2).sum() / 1.3**2 / 2 + (np.log(lean) + np.log(1 - lean)).sum()
        total += (model.reliable * np.log(reliability) + model.guessed * np.log(1 - reliability)).sum()
        for left, right, j, choice in zip(
            comparisons.left, comparisons.right, comparisons.worker, comparisons.choice, strict=True
        ):
            p = reliability[j] * expit(score[left] - score[right]) + (1 - reliability[j]) * lean[j]
            total += np.log(p if choice == 0 else 1 - p)
        return -float(total)

    ours = np.concatenate([ranking.score, log_odds(judges.reliability), log_odds(judges.left)])
    assert -below(ours) == pytest.approx(ranking.objective[-1], abs=1e-9)
    found = optimize.minimize(below, ours + 0.1, method="BFGS", options={"gtol": 1e-8})
    assert -found.fun == pytest.approx(ranking.objective[-1], abs=1e-6)
    np.testing.assert_allclose(found.x, ours, atol=1e-3)


def test_ranks_better_than_the_plain_model_where_some_guess() -> None:
    plain, noisy, found = [], [], []
    for seed in range(10):
        reliability = np.array([0.95] * 10 + [0.05] * 10)
        comparisons, score, _ = simulate(seed, n=600, reliability=reliability)
        ranking = NoisyBradleyTerry().fit(comparisons)
        assert ranking.judges is not None
        plain.append(np.corrcoef(BradleyTerry().fit(comparisons).score, score)[0, 1])
        noisy.append(np.corrcoef(ranking.score, score)[0, 1])
        found.append(np.mean((ranking.judges.reliability > 0.6) == (reliability > 0.6)))
    assert np.mean(noisy) > np.mean(plain) + 0.03
    assert np.mean(found) > 0.9


def test_costs_little_where_nobody_guesses() -> None:
    both = []
    for seed in range(10):
        comparisons, score, _ = simulate(seed, n=600, reliability=np.ones(20))
        both.append(
            [np.corrcoef(m.fit(comparisons).score, score)[0, 1] for m in (BradleyTerry(), NoisyBradleyTerry())]
        )
    plain, noisy = np.mean(both, axis=0)
    assert noisy > plain - 0.01


def test_intervals_hold_the_truth() -> None:
    """A little less often than they say: those of the scores hold the workers as they were found."""
    held = []
    for seed in range(25):
        comparisons, score, reliability = simulate(seed, n=2000)
        ranking = NoisyBradleyTerry(level=0.9).fit(comparisons)
        judges = ranking.judges
        assert judges is not None
        within = (judges.reliability_low <= reliability) & (reliability <= judges.reliability_high)
        held.append([np.mean((ranking.low <= score) & (score <= ranking.high)), np.mean(within)])
    scores, reliabilities = np.mean(held, axis=0)
    assert 0.82 < scores < 0.95
    assert 0.8 < reliabilities < 0.95


def test_equals_the_plain_model_where_all_are_trusted() -> None:
    comparisons, _, _ = simulate(3)
    noisy = NoisyBradleyTerry(spread=1.5, reliable=1e9).fit(comparisons)
    plain = BradleyTerry(spread=1.5, position=False).fit(comparisons)
    np.testing.assert_allclose(noisy.score, plain.score, atol=1e-4)
    np.testing.assert_allclose(noisy.error, plain.error, rtol=1e-4)


@settings(deadline=None, max_examples=30)
@given(tables)
def test_any_table(table: list[Row]) -> None:
    there = {"left": "right", "right": "left", "same": "same"}
    comparisons = read(table, all_items="abcde")
    ranking = NoisyBradleyTerry().fit(comparisons)
    assert (np.isfinite(ranking.error) == (comparisons.comparisons_per_item() > 0)).all()
    assert (np.diff(ranking.objective) >= -1e-9).all()
    judges = ranking.judges
    assert judges is not None
    assert (judges.answers > 0).all()
    assert ((judges.reliability_low < judges.reliability) & (judges.reliability < judges.reliability_high)).all()
    turned = NoisyBradleyTerry().fit(read([(b, a, w, there[c]) for a, b, w, c in table], all_items="abcde"))
    assert turned.judges is not None
    np.testing.assert_allclose(turned.score, ranking.score, atol=1e-3)
    np.testing.assert_allclose(turned.judges.left, 1 - judges.left, atol=1e-3)


def test_one_who_always_says_left_is_no_judge() -> None:
    comparisons, _, _ = simulate(4, reliability=np.ones(20))
    choice = np.where(comparisons.worker == 3, 0, comparisons.choice).astype(np.int32)
    lazy = Comparisons(
        comparisons.left, comparisons.right, comparisons.worker, choice, comparisons.items, comparisons.workers
    )
    judges = NoisyBradleyTerry().fit(lazy).judges
    assert judges is not None
    assert judges.left[3] > 0.9
    assert judges.reliability_high[3] < np.delete(judges.reliability, 3).min()


def test_parameters_and_pickles() -> None:
    assert pickle.loads(pickle.dumps(NoisyBradleyTerry())) == NoisyBradleyTerry()
    with pytest.raises(InvalidRanking, match="no finite maximum"):
        NoisyBradleyTerry(spread=np.inf)
    with pytest.raises(InvalidParameter, match=r"guessed is 0; .* from 0.01 up"):
        NoisyBradleyTerry(guessed=0)
