"""Crowds with gold that many answer: of which it is known what is wrong, and who knows it beforehand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health import GoldHealth, examine_gold
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.votes import Votes


@dataclass(frozen=True, eq=False)
class Gilded:
    """A crowd whose first items are gold.

    Attributes
    ----------
    order
        float64[n], when each answer was given.
    wrong
        The gold items whose label is wrong.
    """

    votes: Votes
    gold: Gold
    order: NDArray[np.float64]
    wrong: NDArray[np.int64]

    def examine(self, *, seconds: bool = True, order: bool = True) -> GoldHealth:
        votes = self.votes if seconds else replace(self.votes, seconds=None)
        consensus = DawidSkene().fit(votes, self.gold)
        return examine_gold(votes, consensus, self.gold, self.order if order else None)


def gilded(
    seed: int,
    *,
    items: int = 500,
    workers: int = 40,
    classes: int = 3,
    golds: int = 40,
    share: float = 0.5,
    accuracy: tuple[float, float] = (0.6, 0.95),
    spammers: float = 0.0,
    wrong: int = 0,
    hard: float = 0.0,
    long: float = 0.4,
) -> Gilded:
    """Draw a crowd in which a share of all workers answers each gold item, and five each other item.

    Items are of different length, and gold items of different ease: `long` and `hard` are the standard deviations
    of their log seconds and log odds.
    """
    rng = np.random.default_rng(seed)
    drawn = Simulation(
        items=items, workers=workers, classes=classes, overlap=5, accuracy=accuracy, spammers=spammers
    ).run(rng)
    rest = drawn.votes.item >= golds
    item, worker = np.nonzero(rng.random((golds, workers)) < share)
    true = drawn.truth[item]
    rows = drawn.confusion[worker, true]
    hit = np.clip(rows[np.arange(item.size), true], 1e-6, 1 - 1e-6)
    hit = 1 / (1 + (1 - hit) / hit * np.exp(-rng.normal(0, hard, golds)[item]))
    rows[np.arange(item.size), true] = 0.0
    rows /= rows.sum(axis=1, keepdims=True)
    miss = np.minimum((rng.random(item.size)[:, None] > rows.cumsum(axis=1)).sum(axis=1), classes - 1)
    label = np.where(rng.random(item.size) < hit, true, miss)
    item, worker, label = (
        np.concatenate([getattr(drawn.votes, name)[rest], column])
        for name, column in (("item", item), ("worker", worker), ("label", label))
    )
    usual = rng.normal(2.5, long, items)[item] + rng.normal(0, 0.3, workers)[worker]
    votes = Votes.coded(
        item,
        worker,
        label,
        items=drawn.votes.items,
        workers=drawn.votes.workers,
        classes=drawn.votes.classes,
        seconds=np.exp(usual + rng.normal(0, 0.4, item.size)),
    )
    accepted = drawn.truth[:golds].copy()
    bad = rng.choice(golds, wrong, replace=False)
    accepted[bad] = (accepted[bad] + rng.integers(1, classes, wrong)) % classes
    gold = Gold.none(votes)
    gold.accepted[np.arange(golds), accepted] = True
    return Gilded(votes, gold, rng.permutation(len(votes)).astype(np.float64), bad)


def leaked(
    crowd: Gilded,
    *,
    items: Collection[int] = (),
    workers: Collection[int] = (),
    spreads: bool = False,
    seed: int = 0,
) -> Gilded:
    """Let eight of ten know some gold items, or some workers all gold: they say what is accepted, at once.

    If it spreads, the later an answer is the likelier is it that its worker knows.
    """
    votes, rng = crowd.votes, np.random.default_rng(seed)
    knows = np.isin(votes.item, [*items]) & (rng.random(len(votes)) < 0.8)
    if spreads:
        knows = np.isin(votes.item, [*items]) & (rng.random(len(votes)) < crowd.order / len(votes))
    knows |= crowd.gold.known[votes.item] & np.isin(votes.worker, [*workers])
    label, seconds = votes.label.copy(), np.array(votes.seconds)
    label[knows] = crowd.gold.accepted[votes.item].argmax(axis=1)[knows]
    seconds[knows] *= 0.4
    return replace(crowd, votes=replace(votes, label=label, seconds=seconds))


def below(chance: float, p: NDArray[np.float64]) -> float:
    """Tell the share of p-values up to a chance, of those that there are."""
    return float(np.mean(p[~np.isnan(p)] <= chance))


def found(health: GoldHealth, kind: str) -> list[object]:
    """Tell what the findings of a kind are about."""
    return [each.about for each in health.findings if each.kind == kind]
