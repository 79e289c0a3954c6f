"""Measures every method on real crowds with known truth, and writes what it finds as a page.

    scripts/bench accuracy FOLDER                                    # prints the page
    scripts/bench accuracy FOLDER docs/reference/benchmarks.md       # writes it

FOLDER holds a folder for each crowd with `answers.csv.gz` (worker, item, label) and `truth.csv.gz` (item, label).
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from crowdqc.quality import Votes
from crowdqc.quality.aggregation import METHODS, Consensus
from crowdqc.quality.calibration import calibration
from crowdqc.quality.evaluation import macro_f1

#: These are majority vote and Dawid-Skene where there are neither weights nor predictions.
SAME = {"weighted_vote", "model_aware"}
#: More items than this are too many for methods that draw, here.
LONG = 20_000
THEIRS = "crowd-kit's DawidSkene"
#: Where the part of the page begins that `label_errors` writes.
OTHERS = "## Wrong labels found"
HEAD = """# How good the methods are

Accuracy, macro F1 and calibration of every method on real crowds whose truth is known, each with its default
parameters. Written by `scripts/bench accuracy FOLDER docs/reference/benchmarks.md`; the data are not part of this
repository. The standard error of an accuracy is that of a share. No method wins everywhere: that is what `auto` is
for, and its choice needs no truth.
"""


@dataclass(frozen=True)
class Case:
    """A crowd and the true class of some of its items, -1 where it is unknown."""

    name: str
    votes: Votes
    truth: np.ndarray
    K: int


@dataclass(frozen=True)
class Result:
    """What one method makes of one crowd."""

    accuracy: float
    f1: float
    error: float
    seconds: float
    reason: str
    confidence: np.ndarray
    right: np.ndarray


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def cases(folder: Path) -> Iterator[Case]:
    """Read every crowd that has answers with classes and a truth."""
    for place in sorted(each.parent for each in folder.glob("*/truth.csv.gz")):
        if not (place / "answers.csv.gz").exists():
            continue
        answers, known = rows(place / "answers.csv.gz"), rows(place / "truth.csv.gz")
        votes = Votes.of(*([row[column] for row in answers] for column in ("item", "worker", "label")))
        code = {item: at for at, item in enumerate(votes.items)}
        label = {name: at for at, name in enumerate(votes.classes)}
        if not {row["label"] for row in known} & set(label) or votes.n_classes > 50:
            continue  # numbers or texts
        truth = np.full(votes.n_items, -1)
        for row in known:
            if row["item"] in code:
                truth[code[row["item"]]] = label.setdefault(row["label"], len(label))
        yield Case(place.name, votes, truth, len(label))


def measured(case: Case, fitted: Consensus, seconds: float) -> Result:
    """Hold labels and confidences against the truth."""
    asked = np.flatnonzero((case.truth >= 0) & (fitted.label >= 0))
    said, true = fitted.label[asked], case.truth[asked]
    right = said == true
    confidence = fitted.posterior[asked, said]
    chosen = fitted.choice
    return Result(
        accuracy=float(right.mean()),
        f1=macro_f1(true, said, case.K),
        error=calibration(confidence, right).error,
        seconds=seconds,
        reason=chosen.reason if chosen else "",
        confidence=confidence,
        right=right,
    )


def theirs(case: Case) -> Result | None:
    """Fit crowd-kit's Dawid-Skene, where it is installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pandas
            from crowdkit.aggregation import DawidSkene

            votes = case.votes
            frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
            start = time.perf_counter()
            table = DawidSkene().fit_predict_proba(frame)
            taken = time.perf_counter() - start
    except ImportError:
        return None
    posterior = np.zeros((votes.n_items, votes.n_classes))
    posterior[np.ix_(table.index.to_numpy(), table.columns.to_numpy())] = table.to_numpy()
    asked = np.flatnonzero((case.truth >= 0) & (votes.answers_per_item() > 0))
    said, true = posterior[asked].argmax(axis=1), case.truth[asked]
    confidence = np.clip(posterior[asked, said], 0, 1)
    right = said == true
    return Result(
        float(right.mean()),
        macro_f1(true, said, case.K),
        calibration(confidence, right).error,
        taken,
        "",
        confidence,
        right,
    )


def table(title: str, names: list[str], cells: dict[str, dict[str, str]], crowds: list[str]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| | " + " | ".join(crowds) + " |"
    yield "| --- |" + " ---: |" * len(crowds)
    for name in names:
        yield f"| {name} | " + " | ".join(cells[name].get(crowd, "") for crowd in crowds) + " |"


def page(folder: Path) -> Iterator[str]:
    """Measure, and give the page line by line."""
    known = list(cases(folder))
    crowds = [case.name for case in known]
    names = [*METHODS, THEIRS]
    found: dict[str, dict[str, Result]] = {name: {} for name in names}
    for case in known:
        for name in METHODS:
            if name in SAME or (name == "bayesian_dawid_skene" and case.votes.n_items > LONG):
                continue
            start = time.perf_counter()
            fitted = METHODS[name]().fit(case.votes)
            found[name][case.name] = measured(case, fitted, time.perf_counter() - start)
            print(f"{case.name} {name} {found[name][case.name].accuracy:.4f}", file=sys.stderr, flush=True)
        other = theirs(case)
        if other is not None:
            found[THEIRS][case.name] = other
    names = [name for name in names if found[name]]

    yield HEAD
    yield "\n| | " + " | ".join(crowds) + " |"
    yield "| --- |" + " ---: |" * len(crowds)
    for words, count in (
        ("workers", lambda case: case.votes.n_workers),
        ("items", lambda case: case.votes.n_items),
        ("answers", lambda case: len(case.votes)),
        ("classes", lambda case: case.votes.n_classes),
        ("items with truth", lambda case: int((case.truth >= 0).sum())),
    ):
        yield f"| {words} | " + " | ".join(f"{count(case):,}" for case in known) + " |"
    show = {
        "Accuracy": lambda result: f"{result.accuracy:.3f}",
        "Macro F1": lambda result: f"{result.f1:.3f}",
        "Expected calibration error, ten bins": lambda result: f"{result.error:.3f}",
        "Seconds": lambda result: f"{result.seconds:.2f}",
    }
    for title, form in show.items():
        cells = {name: {crowd: form(result) for crowd, result in found[name].items()} for name in names}
        yield from table(title, names, cells, crowds)
    yield from verdicts(known, found)
    yield from reliability(found, names)


def verdicts(known: list[Case], found: dict[str, dict[str, Result]]) -> Iterator[str]:
    """Say of every crowd whether auto is at least as good as the better of the two, within a standard error."""
    yield "\n## What auto chose\n"
    yield f"| crowd | accuracy | better of majority vote and {THEIRS} | standard error | within it | why |"
    yield "| --- | ---: | ---: | ---: | --- | --- |"
    for case in known:
        auto, plain = found["auto"][case.name], found["majority_vote"][case.name]
        best = max(plain.accuracy, found[THEIRS][case.name].accuracy if case.name in found[THEIRS] else 0.0)
        error = float(np.sqrt(best * (1 - best) / auto.right.size))
        holds = "yes" if auto.accuracy >= best - error else "no"
        yield f"| {case.name} | {auto.accuracy:.4f} | {best:.4f} | {error:.4f} | {holds} | {auto.reason} |"


def reliability(found: dict[str, dict[str, Result]], names: list[str]) -> Iterator[str]:
    """Give the reliability curves over all crowds, each crowd with the same weight."""
    yield "\n## Reliability: share that is right, by confidence\n"
    yield "All crowds together, each item of a crowd with the weight of one over the crowd's items.\n"
    edges = np.array([0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0])
    spans = [f"{low:g}-{high:g}" for low, high in pairwise(edges)]
    yield "| | " + " | ".join(spans) + " |"
    yield "| --- |" + " ---: |" * len(spans)
    for name in names:
        results = list(found[name].values())
        confidence = np.concatenate([result.confidence for result in results])
        right = np.concatenate([result.right for result in results])
        weight = np.concatenate([np.full(result.right.size, 1 / result.right.size) for result in results])
        place = np.clip(np.searchsorted(edges, confidence, side="right") - 1, 0, len(spans) - 1)
        hits = np.bincount(place, weights=weight * right, minlength=len(spans))
        total = np.bincount(place, weights=weight, minlength=len(spans))
        yield (
            f"| {name} | "
            + " | ".join(f"{hit / all_:.2f}" if all_ > 0 else "" for hit, all_ in zip(hits, total, strict=True))
            + " |"
        )


if __name__ == "__main__":
    lines = list(page(Path(sys.argv[1])))
    text = "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"
    if len(sys.argv) > 2:
        path = Path(sys.argv[2])
        _, head, rest = path.read_text(encoding="utf-8").partition(OTHERS) if path.exists() else ("", "", "")
        path.write_text(text + (f"\n{head}{rest}" if head else ""), encoding="utf-8")
    else:
        print(text)
