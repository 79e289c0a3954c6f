"""Measures how many wrong labels are found beside cleanlab on the same input, and how fast.

    scripts/bench label_errors FOLDER                                  # prints the section: some three minutes
    scripts/bench label_errors FOLDER docs/reference/benchmarks.md     # writes it into the page
    scripts/bench label_errors scale [ROWS CLASSES]                    # time and memory of ranking a million
    scripts/bench label_errors neighbours [ITEMS NUMBERS]              # the same of exact neighbours

FOLDER holds `cifar10h` (truth, pred_probs, counts, review) and `sentiment_sp` (answers, truth, pred_probs).
"""

from __future__ import annotations

import csv
import gzip
import resource
import sys
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crowdqc.quality import Consensus, Predictions, Votes, method
from crowdqc.quality.label_errors import find_suspects, nearest

HEAD = "## Wrong labels found"
TOPS = (0.01, 0.02, 0.05)
SEEDS = 5
#: Kept out of the choice of anything in `quality/label_errors`: nothing there was fitted on these seeds.
FIRST_SEED = 100
WORDS = """
How well labels that are wrong come first, by the area under the precision-recall curve (average precision) and by
precision and recall among the first 1, 2 and 5% of the list. `crowdqc suspects` has one ranking and no options; of
cleanlab 2.9 its best-known scores for one table of probabilities are shown on the very same input. "Issues first"
are those that `find_label_issues` flags with its defaults, before all others. Written by
`scripts/bench label_errors FOLDER docs/reference/benchmarks.md`; the data are not part of this repository. The
real sets were also looked at while the ranking was made, beside simulated ones; these seeds of the digits were
not.
"""


@dataclass(frozen=True)
class Case:
    """Given labels, which of them are wrong, and what is known beside them."""

    name: str
    words: str
    label: np.ndarray
    wrong: np.ndarray
    table: np.ndarray
    consensus: Consensus | None = None
    more: dict[str, np.ndarray] | None = None


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def probabilities(path: Path, K: int) -> np.ndarray:
    table = np.array([[float(row[f"p_{k}"]) for k in range(K)] for row in rows(path)])
    return table / table.sum(axis=1, keepdims=True)


def sharpened(table: np.ndarray, power: float) -> np.ndarray:
    """Make a model too sure of itself, or not sure enough."""
    raised = np.maximum(table, 1e-12) ** power
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def images(folder: Path) -> Iterator[Case]:
    """The test set of CIFAR-10, as it was published."""
    label = np.array([int(row["label"]) for row in rows(folder / "truth.csv.gz")])
    table = probabilities(folder / "pred_probs.csv.gz", 10)
    crowd = np.array([[int(row[f"n_{k}"]) for k in range(10)] for row in rows(folder / "counts.csv.gz")])
    wrong = np.zeros(label.size, dtype=bool)
    for row in rows(folder / "review.csv.gz"):
        wrong[int(row["item"])] = int(row["votes_given"]) < 3
    told = "Wrong is what fewer than 3 of 5 reviewers upheld; only what cleanlab had flagged was reviewed"
    yield Case("cifar10h, reviewed", told, label, wrong, table)
    told = "Wrong is what most of about 51 workers contradict, whatever was reviewed"
    yield Case("cifar10h, by its crowd", told, label, crowd.argmax(axis=1) != label, table)
    for power, words in ((3.0, "too sure of itself"), (0.3, "not sure enough")):
        told = f"As first, but of a model that is {words}: its probabilities to the power of {power:g}"
        yield Case(f"cifar10h, reviewed, {words}", told, label, wrong, sharpened(table, power))


def sentences(folder: Path) -> Iterator[Case]:
    """Sentences that are labelled by a crowd."""
    table = probabilities(folder / "pred_probs.csv.gz", 2)
    items = [row["item"] for row in rows(folder / "pred_probs.csv.gz")]
    known = {row["item"]: int(row["label"]) for row in rows(folder / "truth.csv.gz")}
    truth = np.array([known[item] for item in items])
    said = rows(folder / "answers.csv.gz")
    votes = Votes.of(*([row[each] for row in said] for each in ("item", "worker", "label")), all_items=items)
    count = np.zeros((len(items), 2))
    np.add.at(count, (votes.item, votes.label), 1)
    majority = (count[:, 1] > count[:, 0]).astype(np.int64)
    first: dict[str, int] = {}
    for row in said:
        first.setdefault(row["item"], int(row["label"]))
    single = np.array([first[item] for item in items])
    yield Case(
        "sentiment_sp, majority",
        "Labels are the majority vote of some five answers",
        majority,
        majority != truth,
        table,
    )
    yield Case(
        "sentiment_sp, one answer", "Labels are the first answer to each sentence", single, single != truth, table
    )
    consensus = method("auto").fit(votes)
    more = {"cleanlab, multiannotator (CROWDLAB)": crowdlab(votes, majority, table)}
    words = "Labels are the majority vote, and all answers are given beside them (`--answers`)"
    yield Case("sentiment_sp, with answers", words, majority, majority != truth, table, consensus, more)


def crowdlab(votes: Votes, label: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Score majority votes by CROWDLAB: the quality of its consensus, or 1 less it where it is another label."""
    import pandas
    from cleanlab.multiannotator import get_label_quality_multiannotator

    frame = pandas.DataFrame({"item": votes.item, "worker": votes.worker, "label": votes.label})
    wide = frame.pivot_table(index="item", columns="worker", values="label", aggfunc="first")
    found = get_label_quality_multiannotator(wide, table, verbose=False)["label_quality"]
    score = found["consensus_quality_score"].to_numpy()
    return np.where(found["consensus_label"].to_numpy() == label, 1 - score, score)


def digits(seed: int, model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the digits with 5% of their labels flipped, which these are, and out-of-fold probabilities."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    images, truth = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    flip = rng.random(truth.size) < 0.05
    label = np.where(flip, (truth + rng.integers(1, 10, size=truth.size)) % 10, truth)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    return label, label != truth, cross_val_predict(model, images, label, cv=folds, method="predict_proba")


def models() -> dict[str, Any]:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(C=0.05, max_iter=300)),
        "naive Bayes": GaussianNB(var_smoothing=1e-3),
        "random forest": RandomForestClassifier(100, random_state=0),
    }


def ours(case: Case) -> np.ndarray:
    """Rank by `crowdqc suspects`."""
    n, K = case.table.shape
    said = Predictions.coded(np.arange(n), np.zeros(n, int), case.table, models=["m"], n_items=n, n_classes=K)
    found = find_suspects(said, case.label.astype(np.int32), consensus=case.consensus)
    scores = np.full(n, -np.inf)
    scores[found.item] = found.score
    return scores


def theirs(case: Case) -> Iterator[tuple[str, np.ndarray]]:
    """Rank by each of cleanlab's scores."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    issues = find_label_issues(case.label, case.table, n_jobs=1)
    for name in ("self_confidence", "normalized_margin"):
        for adjust in (False, True):
            scores = -get_label_quality_scores(case.label, case.table, method=name, adjust_pred_probs=adjust)
            yield f"cleanlab, {name}{', adjusted' if adjust else ''}", scores
            if not adjust:
                yield f"cleanlab, issues first, {name}", scores + 10.0 * issues
    yield from (case.more or {}).items()


def figures(scores: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Give the area, and precision and recall at each of the tops; ties stand in the order of the items."""
    hits = wrong[np.argsort(-scores, kind="stable")].astype(np.float64)
    found = hits.cumsum()
    area = (found / np.arange(1, hits.size + 1))[hits > 0].mean()
    tops = [max(1, round(top * hits.size)) for top in TOPS]
    return np.array(
        [area, *(part for top in tops for part in (found[top - 1] / top, found[top - 1] / hits.sum()))]
    )


def compared(case: Case) -> dict[str, np.ndarray]:
    return {"crowdqc suspects": figures(ours(case), case.wrong)} | {
        name: figures(scores, case.wrong) for name, scores in theirs(case)
    }


def lines(title: str, words: str, found: dict[str, np.ndarray]) -> Iterator[str]:
    yield f"\n### {title}\n\n{words}.\n"
    yield "| | area | " + " | ".join(f"precision {top:.0%} | recall {top:.0%}" for top in TOPS) + " |"
    yield "| --- |" + " ---: |" * (1 + 2 * len(TOPS))
    for name, row in found.items():
        yield f"| {name} | " + " | ".join(f"{each:.3f}" for each in row) + " |"


def section(folder: Path) -> Iterator[str]:
    """Give the section, line by line."""
    yield HEAD
    yield WORDS.rstrip()
    for case in (*images(folder / "cifar10h"), *sentences(folder / "sentiment_sp")):
        words = f"{case.words}: {int(case.wrong.sum()):,} of {case.wrong.size:,} are wrong"
        yield from lines(case.name, words, compared(case))
    for name, model in models().items():
        runs = []
        for seed in range(FIRST_SEED, FIRST_SEED + SEEDS):
            label, wrong, table = digits(seed, model)
            runs.append(compared(Case(name, "", label, wrong, table)))
        mean = {each: np.mean([run[each] for run in runs], axis=0) for each in runs[0]}
        yield from lines(
            f"digits, {name}", f"5% of the labels are flipped to any other class; means of {SEEDS} seeds", mean
        )


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def scale(n: int, K: int) -> None:
    """Time the ranking of so many predictions, in single precision."""
    rng = np.random.default_rng(0)
    truth = rng.integers(K, size=n)
    label = np.where(rng.random(n) < 0.05, rng.integers(K, size=n), truth).astype(np.int32)
    table = rng.standard_exponential((n, K), dtype=np.float32) ** 2
    table[np.arange(n), truth] += 60
    table /= table.sum(axis=1, keepdims=True)
    before, start = memory(), time.perf_counter()
    said = Predictions.coded(np.arange(n), np.zeros(n, np.int32), table, models=["m"], n_items=n, n_classes=K)
    read = time.perf_counter()
    found = find_suspects(said, label, top=10_000)
    end = time.perf_counter()
    print(f"{n:,} predictions of {K} classes: checked {read - start:.1f} s, ranked {end - read:.1f} s")
    hits = (label != truth)[found.item].mean()
    print(f"at most {memory():.2f} GB, {before:.2f} before; of the first {len(found):,} {hits:.1%} are wrong")


def neighbours(n: int, d: int) -> None:
    """Time exact neighbours of embeddings in clusters."""
    rng = np.random.default_rng(0)
    table = rng.normal(size=(n, d)).astype(np.float32) + 2 * rng.normal(size=(100, d))[rng.integers(100, size=n)]
    table = table.astype(np.float32)
    before, start, spent = memory(), time.perf_counter(), time.process_time()
    nearest(table)
    taken, spent = time.perf_counter() - start, time.process_time() - spent
    print(
        f"{n:,} x {d}: {taken:.1f} s, {spent:.1f} s of a processor; at most {memory():.2f} GB, {before:.2f} before"
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    what, numbers = sys.argv[1], sys.argv[2:]
    if what == "scale":
        scale(*(int(float(each)) for each in numbers or ("1e6", "100")))
    elif what == "neighbours":
        neighbours(*(int(float(each)) for each in numbers or ("1e5", "384")))
    else:
        text = "\n".join(section(Path(what))) + "\n"
        if numbers:
            page = Path(numbers[0])
            page.write_text(page.read_text(encoding="utf-8").partition(HEAD)[0] + text, encoding="utf-8")
        else:
            print(text)
