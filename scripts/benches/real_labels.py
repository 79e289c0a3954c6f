"""Measures how many wrong labels the samplers find among the first items of two sets with real labels.

    scripts/bench real_labels FOLDER

FOLDER has cifar10h (wrong: the published label is not what most of some 51 people say) and sentiment_sp (wrong:
the majority of some five workers is not the truth), each with out-of-fold probabilities of a model. Of other
evidence there is none, so that not all samplers can be measured: the teacher is the model, the student the given
label, and the embeddings are the model's log probabilities beside the label.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crowdqc.quality import MajorityVote, Votes
from crowdqc.quality.sampling import Pool, sampler

#: Shares of the items that are looked at, and seeds for what is drawn.
TOPS, SEEDS = (0.01, 0.02, 0.05), 20


def read(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.reader(file))[1:]


def cifar10h(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the published labels, what is wrong of them, and the model's probabilities."""
    label = np.array([row[1] for row in read(folder / "truth.csv.gz")], dtype=int)
    counts = np.array([row[1:] for row in read(folder / "counts.csv.gz")], dtype=float)
    return label, counts.argmax(axis=1) != label, probabilities(folder)


def sentiment_sp(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the majority of the workers, what is wrong of it, and the model's probabilities."""
    items = [row[0] for row in read(folder / "truth.csv.gz")]
    truth = np.array([row[1] for row in read(folder / "truth.csv.gz")], dtype=int)
    workers, answered, said = zip(*[row[:3] for row in read(folder / "answers.csv.gz")], strict=True)
    votes = Votes.of(answered, workers, said, classes=["0", "1"])
    found = MajorityVote().fit(votes).label
    of = {item: int(code) for item, code in zip(votes.items, found, strict=True)}
    label = np.array([of[item] for item in items])
    return label, label != truth, probabilities(folder, items)


def probabilities(folder: Path, items: list[str] | None = None) -> np.ndarray:
    rows = {row[0]: [float(cell) for cell in row[1:]] for row in read(folder / "pred_probs.csv.gz")}
    table = np.array([rows[item] for item in items or rows])
    return table / table.sum(axis=1, keepdims=True)


def pools(
    label: np.ndarray, wrong: np.ndarray, said: np.ndarray
) -> Iterator[tuple[str, str, dict[str, object], Pool]]:
    """Give each way with a pool for it: what the row is called, the sampler, its parameters."""
    n, K = said.shape
    given = np.eye(K)[label]
    yield "uniform", "uniform", {}, Pool.of(n)
    for measure in ("margin", "least_confidence", "entropy"):
        yield f"low_confidence, {measure}", "low_confidence", {"measure": measure}, Pool.of(n, student=said)
    yield (
        "teacher_disagreement, the model against the label",
        "teacher_disagreement",
        {},
        Pool.of(n, student=given, teacher=said),
    )
    # the label is a part of what makes an error like another
    vectors = np.hstack([np.log(np.maximum(said, 1e-4)), 5 * given])
    rng = np.random.default_rng(0)
    audit = rng.permutation(n)[:1000]
    yield (
        "known_errors, after 1,000 random items",
        "known_errors",
        {},
        Pool.of(n, embeddings=vectors, error=audit[wrong[audit]], right=audit[~wrong[audit]]),
    )


def main() -> None:
    folder = Path(sys.argv[1])
    for make in (cifar10h, sentiment_sp):
        label, wrong, said = make(folder / make.__name__)
        tops = [round(share * label.size) for share in TOPS]
        print(
            f"| {make.__name__}: {wrong.sum()} of {label.size:,} wrong | "
            + " | ".join(f"top {k}" for k in tops)
            + " |"
        )
        print("| --- |" + " ---: |" * len(tops))
        for words, name, parameters, pool in pools(label, wrong, said):
            shares = np.zeros(len(tops))
            for seed in range(SEEDS):
                ranking = sampler(name, parameters).rank(pool, np.random.default_rng(seed))
                shares += [wrong[ranking.top(k)].mean() / SEEDS for k in tops]
            print(f"| {words} | " + " | ".join(f"{share:.3f}" for share in shares) + " |", flush=True)
        print()


if __name__ == "__main__":
    main()
