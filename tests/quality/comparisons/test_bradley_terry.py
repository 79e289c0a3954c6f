"""Bradley-Terry: a published table, statsmodels, crowd-kit, a blind search of the maximum, simulated crowds."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy import optimize

from crowdqc.quality.comparisons import BradleyTerry, Comparisons, InvalidRanking
from crowdqc.quality.parameters import InvalidParameter
from tests.quality.comparisons.test_comparisons import Row, read, tables

Floats = NDArray[np.float64]
LIKELIHOOD = BradleyTerry(spread=np.inf, position=False)
JOURNALS = ("Biometrika", "Comm Statist", "JASA", "JRSS-B")
#: Citations between journals (S. M. Stigler 1994, Statistical Science 9, 94-108): first, second, won, lost.
CITATIONS = [
    *((0, 1, 730, 33), (0, 2, 498, 320), (0, 3, 221, 284)),
    *((1, 2, 68, 813), (1, 3, 17, 276), (2, 3, 142, 325)),
]


def simulate(
    seed: int, *, items: int = 30, n: int = 600, spread: float = 1.5, position: float = 0.3, tie: float = 0.0
) -> tuple[Comparisons, Floats]:
    rng = np.random.default_rng(seed)
    score = rng.normal(0, spread, items)
    left = rng.integers(items, size=n)
    right = (left + rng.integers(1, items, size=n)) % items
    ahead = score[left] - score[right] + position
    weights = np.array([np.exp(ahead / 2), np.exp(-ahead / 2), np.full(n, tie)]).T
    choice = (rng.random(n)[:, None] > (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    comparisons = Comparisons.coded(
        left, right, np.arange(n) % 20, np.minimum(choice, 2), items=range(items), workers=range(20), repeats="all"
    )
    return comparisons, score - score.mean()


def test_reproduces_a_published_table() -> None:
    """Agresti (2002), Categorical data analysis, 2nd ed., section 10.6; also in R's BradleyTerry2."""
    left = [a for a, _, won, lost in CITATIONS for _ in range(won + lost)]
    right = [b for _, b, won, lost in CITATIONS for _ in range(won + lost)]
    choice = [code for _, _, won, lost in CITATIONS for code in [0] * won + [1] * lost]
    n = len(left)
    comparisons = Comparisons.coded(left, right, np.arange(n), choice, items=JOURNALS, workers=range(n))
    ranking = LIKELIHOOD.fit(comparisons)
    np.testing.assert_allclose(ranking.score - ranking.score[0], [0, -2.94907, -0.47957, 0.26895], atol=1e-5)
    assert ranking.rank.tolist() == [2, 4, 3, 1]


def test_equals_logistic_regression() -> None:
    """Scores, position bias and all errors; the two answers that are the position's prior are given as rows."""
    models = pytest.importorskip("statsmodels.genmod.generalized_linear_model")
    comparisons, _ = simulate(1, items=8, n=300)
    X = np.zeros((302, 9))
    rows = np.arange(300)
    X[rows, comparisons.left] += 1
    X[rows, comparisons.right] -= 1
    X[:, 8] = 1
    y = np.append(comparisons.choice == 0, [1, 0]).astype(float)
    fitted = models.GLM(y, X[:, 1:], family=models.families.Binomial()).fit(tol=1e-12)
    score = np.append(0, fitted.params[:7])
    covariance = np.zeros((8, 8))
    covariance[1:, 1:] = fitted.cov_params()[:7, :7]
    centring = np.eye(8) - 1 / 8
    ranking = BradleyTerry(spread=np.inf).fit(comparisons)
    np.testing.assert_allclose(ranking.score, centring @ score, atol=1e-5)
    np.testing.assert_allclose(ranking.error**2, np.diag(centring @ covariance @ centring), rtol=1e-4)
    assert ranking.position == pytest.approx(fitted.params[7], abs=1e-5)
    low, high = fitted.conf_int(alpha=0.05)[7]
    assert (ranking.position_low, ranking.position_high) == pytest.approx((low, high), abs=1e-4)


def test_equals_crowd_kit() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas = pytest.importorskip("pandas")
        pairwise = pytest.importorskip("crowdkit.aggregation.pairwise")
    comparisons, _ = simulate(2, items=10, n=500, position=0)
    winner = np.where(comparisons.choice == 0, comparisons.left, comparisons.right)
    frame = pandas.DataFrame({"left": comparisons.left, "right": comparisons.right, "label": winner})
    # at any greater tolerance it stops after two steps
    theirs = pairwise.BradleyTerry(n_iter=3000, tol=0).fit_predict(frame).sort_index()
    np.testing.assert_allclose(LIKELIHOOD.fit(comparisons).probability, theirs, atol=1e-7)


@pytest.mark.parametrize("ties", ["half", "davidson"])
def test_is_the_top_of_the_log_posterior(ties: str) -> None:
    """Found again by a search that knows the formula of the density only."""
    comparisons, _ = simulate(3, items=4, n=60, tie=0.8)

    def below(x: Floats) -> float:
        score, position, log_tie = x[:4], x[4], x[5]
        total = 0.0
        for left, right, choice in zip(comparisons.left, comparisons.right, comparisons.choice, strict=True):
            a, b = np.exp(score[left] + position / 2), np.exp(score[right] - position / 2)
            if ties == "davidson":
                tie = np.exp(log_tie) * np.sqrt(a * b)
                total += np.log([a, b, tie][choice] / (a + b + tie))
            else:
                total += {0: np.log(a), 1: np.log(b), 2: (np.log(a) + np.log(b)) / 2}[int(choice)] - np.log(a + b)
        total -= (score**2).sum() / 2 / 1.2**2
        for odds in (position, log_tie):
            total -= np.log1p(np.exp(odds)) + np.log1p(np.exp(-odds))
        return -total

    found = optimize.minimize(below, np.zeros(6), method="BFGS", options={"gtol": 1e-7})
    ranking = BradleyTerry(spread=1.2, ties=ties).fit(comparisons)  # type: ignore[arg-type]
    np.testing.assert_allclose(ranking.score, found.x[:4], atol=1e-5)
    assert ranking.position == pytest.approx(found.x[4], abs=1e-5)
    if ties == "davidson":
        assert ranking.tie == pytest.approx(np.exp(found.x[5]), rel=1e-5)
        assert ranking.objective[-1] == pytest.approx(-found.fun, abs=1e-6)
    else:
        # the blind search pays for the tie that it does not use
        assert ranking.objective[-1] == pytest.approx(-found.fun + 2 * np.log(2), abs=1e-6)
        assert np.isnan(ranking.tie)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held, leaning = [], []
    for seed in range(40):
        comparisons, score = simulate(seed, tie=0.5)
        ranking = BradleyTerry(level=0.9).fit(comparisons)
        held.append(np.mean((ranking.low <= score) & (score <= ranking.high)))
        leaning.append(ranking.position_low <= 0.3 <= ranking.position_high)
        assert ranking.converged
    assert 0.86 < np.mean(held) < 0.94
    assert 0.8 < np.mean(leaning) <= 1


@pytest.mark.parametrize("spread", [0.3, 1.5, 3.0])
def test_learns_how_far_items_lie_apart(spread: float) -> None:
    learned = [BradleyTerry().fit(simulate(seed, n=1500, spread=spread)[0]).spread for seed in range(10)]
    assert np.mean(learned) == pytest.approx(spread, rel=0.2)


@settings(deadline=None, max_examples=40)
@given(tables)
def test_any_table(table: list[Row]) -> None:
    comparisons = read(table, all_items="abcde")
    ranking = BradleyTerry().fit(comparisons)
    compared = comparisons.comparisons_per_item() > 0
    assert (np.isfinite(ranking.score) == compared).all()
    assert (np.isfinite(ranking.error) == compared).all()
    assert ((ranking.rank > 0) == compared).all()
    assert ((ranking.component >= 0) == compared).all()
    for component in set(ranking.component[compared].tolist()):
        of = ranking.component == component
        np.testing.assert_allclose([ranking.score[of].sum(), ranking.probability[of].sum()], [0, 1], atol=1e-6)
    assert (np.diff(ranking.objective) >= -1e-9).all()
    assert ranking.converged


@settings(deadline=None, max_examples=20)
@given(tables)
def test_sides_and_names_do_not_matter(table: list[Row]) -> None:
    there = {"left": "right", "right": "left", "same": "same"}
    names = dict(zip("abcde", "edcba", strict=True))
    one = BradleyTerry().fit(read(table, all_items="abcde"))
    turned = [(names[b], names[a], w, there[c]) for a, b, w, c in table]
    other = BradleyTerry().fit(read(turned, all_items="abcde"))
    np.testing.assert_allclose(one.score, other.score[::-1], atol=1e-4)
    np.testing.assert_allclose(one.error, other.error[::-1], atol=1e-4)
    assert one.position == pytest.approx(-other.position, abs=1e-4)


def test_an_item_that_always_wins_is_finite() -> None:
    table = [(winner, loser, f"w{k}", "left") for winner, loser in ("ab", "bc", "de") for k in range(20)]
    ranking = BradleyTerry().fit(read(table))
    assert ranking.rank.tolist() == [1, 2, 3, 1, 2]
    assert ranking.component.tolist() == [0, 0, 0, 3, 3]
    assert np.abs(ranking.score).max() < 20
    np.testing.assert_array_equal(np.isnan(ranking.beats([0, 0, 3], [1, 3, 4])), [False, True, False])
    assert ranking.beats(0, 1) + ranking.beats(1, 0) == pytest.approx(1)
    with pytest.raises(InvalidRanking, match=r"some scores are infinite.*finite spread"):
        LIKELIHOOD.fit(read(table))


def test_nobody_compared_anything() -> None:
    ranking = BradleyTerry().fit(read([], all_items="ab"))
    assert np.isnan(ranking.score).all()
    assert ranking.rank.tolist() == [0, 0]
    assert ranking.position == pytest.approx(0)


def test_parameters_and_pickles() -> None:
    assert pickle.loads(pickle.dumps(LIKELIHOOD)) == LIKELIHOOD
    with pytest.raises(InvalidRanking, match=r"spread is 0; .* above 0, or 'learned'"):
        BradleyTerry(spread=0)
    with pytest.raises(InvalidRanking, match="spread is 'wide'"):
        BradleyTerry(spread="wide")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="ties is 'none'"):
        BradleyTerry(ties="none")  # type: ignore[arg-type]
    with pytest.raises(InvalidParameter, match="level is 0"):
        BradleyTerry(level=0)
    with pytest.raises(InvalidParameter, match="max_iterations is True"):
        BradleyTerry(max_iterations=True)
