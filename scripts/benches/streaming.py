"""Measures streaming aggregation: microseconds an answer, and how far labels are from a full fit before the next.

    scripts/bench streaming
    scripts/bench streaming ANSWERS.csv ...

A file has the columns worker, item, label; it may be gzipped. Answers come in random order, and item after item.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections.abc import Hashable, Iterator
from pathlib import Path

import numpy as np

from crowdqc.quality import DawidSkene, MajorityVote, Votes
from crowdqc.quality.aggregation.streaming import Stream
from crowdqc.quality.simulation import Simulation

#: Worker, item, label.
Answer = tuple[Hashable, Hashable, str]

#: The first tenth of the answers is learned before anything is compared.
FIRST = 0.1
#: Where labels that are never refreshed are compared: at these shares of the answers.
MARKS = (0.25, 0.5, 0.75, 1.0)

SIMULATED = {
    "2 classes": Simulation(items=3000, workers=60, classes=2, overlap=5),
    "5 classes, 20% spammers": Simulation(items=3000, workers=60, classes=5, overlap=5, spammers=0.2),
    "10 classes": Simulation(items=2000, workers=60, classes=10, overlap=5, accuracy=(0.4, 0.95)),
}


def crowds(paths: list[str]) -> Iterator[tuple[str, Votes]]:
    """Give the crowds of the files; simulated ones where there are none."""
    if not paths:
        for name, simulation in SIMULATED.items():
            yield name, simulation.run(1).votes
    for path in paths:
        opened = gzip.open if path.endswith(".gz") else open
        with opened(path, "rt", newline="", encoding="utf-8") as file:
            rows = [(row["item"], row["worker"], row["label"]) for row in csv.DictReader(file)]
        yield Path(path).resolve().parent.name, Votes.of(*zip(*rows, strict=True))


def labels(stream: Stream, votes: Votes) -> np.ndarray:
    """Give the stream's likeliest class of each item of the votes."""
    return np.array([stream.posterior(item).argmax() for item in votes.items])


def refreshed(answers: list[Answer], classes: tuple[str, ...], every: float) -> float:
    """Refresh after every so many more answers; give the mean share of labels that this leaves as they are."""
    stream, kept, due = Stream(classes), [], max(FIRST * len(answers), 1)
    for count, answer in enumerate(answers, 1):
        stream.learn(*answer)
        if count >= due:
            votes = stream.votes()
            before = labels(stream, votes)
            kept.append(np.mean(before == stream.refresh().label))
            due = count * (1 + every)
    return float(np.mean(kept[1:]))  # before the first there was none


def never(answers: list[Answer], classes: tuple[str, ...]) -> tuple[float, float, float, float]:
    """Give microseconds an answer, and shares of a full fit's labels: the stream's, after a pass, by majority."""
    stream, spent, kept = Stream(classes), 0.0, []
    marks = {round(share * len(answers)) for share in MARKS}
    begun = time.perf_counter()
    for count, answer in enumerate(answers, 1):
        stream.learn(*answer)
        if count in marks:
            spent += time.perf_counter() - begun
            votes = stream.votes()
            full = DawidSkene().fit(votes).label
            others = labels(stream, votes), stream.consensus().label, MajorityVote().fit(votes).label
            kept.append([np.mean(each == full) for each in others])
            begun = time.perf_counter()
    own, passed, majority = np.mean(kept, axis=0)
    return spent / len(answers) * 1e6, float(own), float(passed), float(majority)


def main(paths: list[str]) -> None:
    """Print a row for each crowd and order."""
    columns = ("us/answer", "every 1%", "every 5%", "never", "one pass", "majority")
    print(f"{'':36}" + "".join(f"{column:>11}" for column in columns))
    for name, votes in crowds(paths):
        rng = np.random.default_rng(0)
        orders = {
            "random": rng.permutation(len(votes)),
            "by item": np.argsort(rng.permutation(votes.n_items)[votes.item], kind="stable"),
        }
        for how, order in orders.items():
            answers = [
                (votes.workers[votes.worker[row]], votes.items[votes.item[row]], votes.classes[votes.label[row]])
                for row in order.tolist()
            ]
            microseconds, *far = never(answers, votes.classes)
            near = [refreshed(answers, votes.classes, every) for every in (0.01, 0.05)]
            shares = "".join(f"{share:11.1%}" for share in (*near, *far))
            print(f"{name + ', ' + how:36}{microseconds:11.1f}{shares}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
