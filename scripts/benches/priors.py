"""Measures what Dawid-Skene's prior is worth: accuracy on simulated crowds, whose truth is known.

    scripts/bench priors
    scripts/bench priors ANSWERS.csv TRUTH.csv

ANSWERS.csv has the columns worker, item, label; TRUTH.csv has item, label.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crowdqc.quality import Aggregator, DawidSkene, MajorityVote, Votes

SEEDS = range(10)


@dataclass(frozen=True)
class Crowd:
    """A crowd to draw: who answers how much, and how well."""

    name: str
    items: int
    workers: int
    classes: int
    overlap: int
    #: The accuracy of a worker is drawn evenly from here to there.
    low: float
    high: float
    #: The share of the first class; the others share the rest.
    first: float | None = None

    def draw(self, seed: int) -> tuple[Votes, np.ndarray]:
        """Give votes and the true class of each item; each true class has an error that is its likeliest."""
        rng = np.random.default_rng(seed)
        K = self.classes
        share = (
            np.full(K, 1 / K)
            if self.first is None
            else np.r_[self.first, np.full(K - 1, (1 - self.first) / (K - 1))]
        )
        truth = rng.choice(K, self.items, p=share)
        accuracy = rng.uniform(self.low, self.high, (self.workers, K))
        confusion = rng.dirichlet(np.ones(K - 1), (self.workers, K)) * (1 - accuracy)[:, :, None]
        table = np.zeros((self.workers, K, K))
        for true in range(K):
            table[:, true, np.arange(K) != true] = confusion[:, true]
            table[:, true, true] = accuracy[:, true]
        worker = np.concatenate([rng.choice(self.workers, self.overlap, replace=False) for _ in range(self.items)])
        item = np.repeat(np.arange(self.items), self.overlap)
        below = table[worker, truth[item]].cumsum(axis=1)
        label = (rng.random(item.size)[:, None] > below).sum(axis=1).clip(max=K - 1)
        names = [str(code) for code in range(K)]
        votes = Votes.coded(
            item, worker, label, items=range(self.items), workers=range(self.workers), classes=names
        )
        return votes, truth


CROWDS = (
    Crowd("2 classes, 40 answers a worker", 400, 50, 2, 5, 0.55, 0.95),
    Crowd("4 classes, 250 answers a worker", 1000, 20, 4, 5, 0.4, 0.9),
    Crowd("10 classes, 7 answers a worker", 700, 300, 10, 3, 0.5, 0.95),
    Crowd("10 classes, 100 answers a worker", 1000, 50, 10, 5, 0.4, 0.9),
    Crowd("3 classes, one of them 90%", 1000, 60, 3, 5, 0.5, 0.95, first=0.9),
)


def methods(K: int) -> dict[str, Aggregator]:
    """Give what is compared."""
    return {
        "majority vote": MajorityVote(),
        "no prior": DawidSkene(diagonal=0, off_diagonal=0, class_items=0),
        "1 a cell": DawidSkene(diagonal=1, off_diagonal=K - 1),
        "1 + .25": DawidSkene(diagonal=1, off_diagonal=0.25),
        "2 + .5": DawidSkene(),
        "4 + 1": DawidSkene(diagonal=4, off_diagonal=1),
        "8 + 2": DawidSkene(diagonal=8, off_diagonal=2),
    }


def simulated() -> None:
    """Compare on simulated crowds."""
    names = list(methods(2))
    print(f"{'':34}" + "".join(f"{name:>15}" for name in names))
    for crowd in CROWDS:
        drawn = [crowd.draw(seed) for seed in SEEDS]
        row = []
        for name in names:
            model = methods(crowd.classes)[name]
            row.append(np.mean([np.mean(model.fit(votes).label == truth) for votes, truth in drawn]))
        print(f"{crowd.name:34}" + "".join(f"{value:15.3f}" for value in row), flush=True)


def of_files(answers: Path, truth: Path) -> None:
    """Compare on a real crowd."""
    with answers.open(newline="", encoding="utf-8") as file:
        rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
    with truth.open(newline="", encoding="utf-8") as file:
        known = {row["item"]: row["label"] for row in csv.DictReader(file)}
    votes = Votes.of(*zip(*rows, strict=True))
    asked = [(code, known[item]) for code, item in enumerate(votes.items) if item in known]
    for name, model in methods(votes.n_classes).items():
        label = model.fit(votes).label
        right = np.mean([votes.classes[label[code]] == said for code, said in asked])
        print(f"{name:15} {right:.4f} of {len(asked)} items")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        of_files(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        simulated()
