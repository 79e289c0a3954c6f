"""Sets of options to test with: simulated ones whose truth is known, and arbitrary small tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit

from crowdqc.quality.label_sets import LabelSets, SetConsensus

Row = tuple[str, str, frozenset[str]]
row = st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz"), st.frozensets(st.sampled_from("PQR")))
tables = st.lists(row, max_size=14, unique_by=lambda row: row[:2])


@dataclass(frozen=True)
class Crowd:
    sets: LabelSets
    truth: NDArray[np.bool_]


def read(table: list[Row], **settings: object) -> LabelSets:
    columns = zip(*table, strict=True) if table else ([], [], [])
    return LabelSets.of(*columns, options=list("PQR"), all_items="abcde", **settings)  # type: ignore[arg-type]


def simulate(
    seed: int, *, items: int = 100, workers: int = 20, options: int = 15, overlap: int = 5, particular: float = 0.0
) -> Crowd:
    """Options of unlike prevalence; workers of unlike care, and, if `particular`, unlike for each option."""
    rng = np.random.default_rng(seed)
    truth = rng.random((items, options)) < rng.beta(1, 5, options)
    log_odds = rng.normal(0, 1, (2, workers))[:, :, None] + particular * rng.normal(size=(2, workers, options))
    log_odds += rng.normal([[-2.5], [1.2]], 0.7, (2, options))[:, None, :]
    item = np.repeat(np.arange(items), overlap)
    worker = np.concatenate([rng.choice(workers, overlap, replace=False) for _ in range(items)])
    chance = np.where(truth[item], log_odds[1][worker], log_odds[0][worker])
    said = rng.random(chance.shape) < expit(chance)
    names = [f"o{option:02}" for option in range(options)]
    chosen = [[names[option] for option in np.flatnonzero(row)] for row in said]
    return Crowd(LabelSets.of(item, worker, chosen, options=names), truth)


def table_of(consensus: SetConsensus, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The probabilities as a table; NaN where an option was not offered."""
    table = np.full(shape, np.nan)
    table[consensus.item, consensus.option] = consensus.probability
    return table
