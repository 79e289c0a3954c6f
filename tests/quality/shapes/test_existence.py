"""What is there: the likelihood in loops, its maximum by scipy, and simulated crowds."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from crowdqc.quality.parameters import InvalidParameter
from crowdqc.quality.shapes import SeenOrNot
from crowdqc.quality.shapes.existence import Drawn

Floats = NDArray[np.float64]


def drawn_of(
    item: Any, worker: Any, of_answer: Any, candidate: Any, of_item: Any, items: int, workers: int
) -> Drawn:
    """Make the columns; `of_answer` says in which answer a box is."""
    answered = np.array(item, dtype=np.int32), np.array(worker, dtype=np.int32)
    drawer = answered[1][np.array(of_answer, dtype=np.int64)]
    whole = (np.array(column, dtype=np.int64) for column in (candidate, of_item))
    return Drawn(*answered, drawer, *whole, items, workers)


def crowd(
    seed: int, items: int = 8, workers: int = 4, objects: int = 3
) -> tuple[Drawn, list[list[set[int]]], list[list[int]]]:
    """Candidates of which somebody drew each; who drew each of an item, and who answered it."""
    rng = np.random.default_rng(seed)
    item, worker, of_answer, candidate, of_item = [], [], [], [], []
    drew: list[list[set[int]]] = []
    asked: list[list[int]] = []
    for code in range(items):
        who = sorted(rng.choice(workers, rng.integers(1, workers + 1), replace=False).tolist())
        first = len(item)
        item += [code] * len(who)
        worker += who
        asked.append(who)
        drew.append([])
        for _ in range(objects):
            chance = rng.choice([0.8, 0.2])
            hits = [place for place in range(len(who)) if rng.random() < chance]
            if hits:
                of_answer += [first + place for place in hits]
                candidate += [len(of_item)] * len(hits)
                of_item.append(code)
                drew[-1].append({who[place] for place in hits})
    return drawn_of(item, worker, of_answer, candidate, of_item, items, workers), drew, asked


def density(rate: Floats, who: set[int], asked: list[int]) -> float:
    """Probability of who drew a candidate, given that somebody did."""
    found = float(np.prod([rate[w] if w in who else 1 - rate[w] for w in asked]))
    return found / (1 - float(np.prod([1 - rate[w] for w in asked])))


def posterior(
    model: SeenOrNot, seen: Floats, false: Floats, share: float, drew: list[list[set[int]]], asked: list[list[int]]
) -> float:
    """Log posterior as it is written, one candidate after the other."""
    found = model.real * np.log(share) + model.unreal * np.log(1 - share)
    found += float((model.seen * np.log(seen) + model.missed * np.log(1 - seen)).sum())
    found += float((model.false * np.log(false) + model.passed * np.log(1 - false)).sum())
    for sets, answered in zip(drew, asked, strict=True):
        for who in sets:
            found += np.log(share * density(seen, who, answered) + (1 - share) * density(false, who, answered))
    return float(found)


def test_who_drew_it_given_that_somebody_did_sums_to_1() -> None:
    rate = np.array([0.3, 0.9, 0.05])
    sets = [{w for w in range(3) if bits[w]} for bits in itertools.product([0, 1], repeat=3)]
    assert sum(density(rate, who, [0, 1, 2]) for who in sets if who) == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_it_climbs_the_posterior_to_its_top(seed: int) -> None:
    drawn, drew, asked = crowd(seed)
    model = SeenOrNot(max_iterations=5000, tolerance=1e-12)
    fit = model.fit(drawn)
    assert (np.diff(fit.objective) > -1e-9).all()
    n = drawn.n_workers
    share = (fit.probability.sum() + model.real) / (fit.probability.size + model.real + model.unreal)
    there = posterior(model, fit.seen, fit.false, share, drew, asked)
    assert there == pytest.approx(fit.objective[-1], abs=1e-6)

    def below(logits: Floats) -> float:
        rates = 1 / (1 + np.exp(-logits))
        return -posterior(model, rates[:n], rates[n:-1], rates[-1], drew, asked)

    start = np.concatenate([fit.seen, fit.false, [share]])
    best = minimize(below, np.log(start / (1 - start)), method="BFGS")
    assert -best.fun <= there + 1e-5


def test_each_probability_is_bayes() -> None:
    drawn, drew, asked = crowd(7)
    model = SeenOrNot(max_iterations=5000, tolerance=1e-12)
    fit = model.fit(drawn)
    share = (fit.probability.sum() + model.real) / (fit.probability.size + model.real + model.unreal)
    wanted = []
    for sets, answered in zip(drew, asked, strict=True):
        for who in sets:
            real, unreal = (
                share * density(fit.seen, who, answered),
                (1 - share) * density(fit.false, who, answered),
            )
            wanted.append(real / (real + unreal))
    np.testing.assert_allclose(fit.probability, wanted, atol=1e-6)


def test_one_worker_an_item_tells_nothing() -> None:
    drawn = drawn_of(range(3), range(3), range(3), range(3), range(3), 3, 3)
    fit = SeenOrNot().fit(drawn)
    np.testing.assert_allclose(fit.probability, 2 / 3)  # what is thought of any candidate beforehand
    empty = SeenOrNot().fit(drawn_of([], [], [], [], [], 2, 1))
    assert empty.probability.size == 0
    assert empty.unseen.tolist() == [0, 0]
    assert empty.converged


def test_ten_thousand_answers_to_one_item() -> None:
    """One object that three quarters drew, and one mistake of three: no underflow."""
    n = 10_000
    drew = np.flatnonzero(np.arange(n) % 4 > 0)
    of_answer = np.concatenate([drew, [5, 6, 7]])
    candidate = np.repeat([0, 1], [drew.size, 3])
    drawn = drawn_of(np.zeros(n), range(n), of_answer, candidate, [0, 0], 1, n)
    fit = SeenOrNot().fit(drawn)
    assert fit.probability[0] > 0.999
    assert fit.probability[1] < 0.001
    assert np.isfinite(fit.objective).all()
    assert fit.unseen[0] == 0


@pytest.mark.parametrize("name", ["seen", "missed", "false", "passed", "real", "unreal"])
def test_a_prior_is_needed(name: str) -> None:
    with pytest.raises(InvalidParameter, match=f"{name} is 0"):
        SeenOrNot(**{name: 0.0})
