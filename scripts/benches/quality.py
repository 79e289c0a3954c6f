"""Times the library against crowd-kit, side by side in one interleaved run; prints ratios.

    scripts/bench quality                      # iterations, methods, whole fits: some ten minutes
    scripts/bench quality iterations 1e6 5 2   # seconds an iteration of Dawid-Skene: answers, then classes
    scripts/bench quality methods 1e5 5        # every method that both have
    scripts/bench quality fits 1e7 2           # a whole fit, a warm start, and the memory they take
    scripts/bench quality shell 1e6 5          # `crowdqc aggregate` on a csv against a script with crowd-kit

The machine may be noisy: of each pair of neighbouring runs the ratio is taken, and of the ratios the median.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from crowdqc.quality import Votes
from crowdqc.quality import aggregation as ours
from crowdqc.quality.estimation.kernels import Engine, engine

ROUNDS = 5
OVERLAP = 5
#: Answers a worker: few people who do much, many who do little.
PER_WORKER = (500, 50)
#: Maximum likelihood, as crowd-kit has it.
LIKELIHOOD = {"diagonal": 0.0, "off_diagonal": 0.0, "class_items": 0.0, "tolerance": 0.0}


def draw(answers: int, K: int, each: int = 500) -> Votes:
    """Give votes of workers who are right seven times of ten and gave some 500 answers each, or another number."""
    rng = np.random.default_rng(0)
    items = answers // OVERLAP
    workers = max(answers // each, OVERLAP)
    truth = rng.integers(K, size=items, dtype=np.int32)
    item = np.repeat(np.arange(items, dtype=np.int32), OVERLAP)
    # Places in a circle, so that nobody answers an item twice.
    worker = (rng.integers(workers, size=items)[:, None] + np.arange(OVERLAP)).ravel() % workers
    label = np.where(rng.random(item.size) < 0.7, truth[item], rng.integers(K, size=item.size))
    names = [str(code) for code in range(K)]
    return Votes.coded(item, worker, label, items=range(items), workers=range(workers), classes=names)


def frame_of(votes: Votes) -> Any:
    """Give the same answers as crowd-kit wants them."""
    import pandas

    return pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})


def crowdkit() -> Any:
    """Import crowd-kit, quietly."""
    warnings.simplefilter("ignore")
    from crowdkit import aggregation

    return aggregation


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def a_step(fit: Callable[[int], object], few: int, many: int) -> float:
    """Seconds an iteration: what more iterations take beyond few."""
    return max(seconds(lambda: fit(many)) - seconds(lambda: fit(few)), 1e-9) / (many - few)


def ratio(pairs: list[tuple[float, float]]) -> str:
    own, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    return f"{own * 1e3:10.2f} ms {other * 1e3:10.1f} ms {statistics.median(b / a for a, b in pairs):8.0f}x"


def bandwidth() -> float:
    """Bytes a second that one core reads from memory."""
    block = np.ones(1 << 26)
    block.sum()
    return block.nbytes / min(seconds(block.sum) for _ in range(5))


def skene(votes: Votes, form: Engine, n: int) -> object:
    """Fit n iterations of maximum likelihood in one form."""
    with engine(form):
        return ours.DawidSkene(max_iterations=n, **LIKELIHOOD).fit(votes)


def coin(votes: Votes, form: Engine, n: int) -> object:
    with engine(form):
        return ours.OneCoin(class_prior="learned", tolerance=0.0, max_iterations=n).fit(votes)


def their_fit(model: Any, frame: Any, n: int) -> object:
    return model(n_iter=n, tol=-np.inf).fit(frame)


def iterations(answers: int, classes: list[int], each: int) -> None:
    """Compare seconds an iteration, in both forms, and with what reading the answers alone would take."""
    theirs, speed = crowdkit(), bandwidth()
    print(f"\nSeconds an iteration, {answers:,} answers, {each} a worker; a core reads {speed / 1e9:.0f} GB/s")
    print("classes      form       crowdqc     crowd-kit    ratio   of the bandwidth limit")
    for K in classes:
        votes = draw(answers, K, each)
        large = answers * K > 2e7
        frame = None if answers * K > 2e8 else frame_of(votes)
        # the pair of each answer is read twice, the posterior read and written
        least = (8 * answers + 16 * K * votes.n_items) / speed
        forms = [
            ("compiled", partial(skene, votes, "compiled"), theirs.DawidSkene),
            ("scipy", partial(skene, votes, "scipy"), theirs.DawidSkene),
            ("one coin", partial(coin, votes, "compiled"), theirs.OneCoinDawidSkene if answers <= 2e6 else None),
        ]
        for form, fit, model in forms:
            fit(2)
            pairs = []
            for _ in range(2 if large else 1 if form == "one coin" else ROUNDS):
                own = a_step(fit, 2, 12 if large else 22)
                known = frame is not None and model is not None
                other = a_step(partial(their_fit, model, frame), 1, 3) if known else float("nan")
                pairs.append((own, other))
            own = statistics.median(each for each, _ in pairs)
            print(f"{K:7} {form:>9} {ratio(pairs)} {own / least:8.1f} times", flush=True)


def methods(answers: int, K: int) -> None:
    """Compare whole fits of every method that both have, with as many iterations."""
    theirs, votes, two = crowdkit(), draw(answers, K), draw(answers, 2)
    print(f"\nWhole fits, {answers:,} answers, {K} classes (KOS 2)")
    print("method                   crowdqc     crowd-kit    ratio")
    known = ours.METHODS
    cases: dict[str, tuple[Votes, Callable[[], object], Callable[[Any], object]]] = {
        "majority_vote": (
            votes,
            lambda: known["majority_vote"]().fit(votes),
            lambda f: theirs.MajorityVote().fit(f),
        ),
        "wawa": (votes, lambda: known["wawa"]().fit(votes), lambda f: theirs.Wawa().fit(f)),
        "zero_based_skill": (
            votes,
            lambda: known["zero_based_skill"]().fit(votes),
            lambda f: theirs.ZeroBasedSkill().fit(f),
        ),
        "one_coin": (
            votes,
            lambda: known["one_coin"](max_iterations=10, tolerance=0.0).fit(votes),
            lambda f: theirs.OneCoinDawidSkene(n_iter=10, tol=-np.inf).fit(f),
        ),
        "glad": (votes, lambda: known["glad"]().fit(votes), lambda f: theirs.GLAD(n_iter=10, tol=-np.inf).fit(f)),
        "mace": (votes, lambda: known["mace"]().fit(votes), lambda f: theirs.MACE(n_restarts=1, n_iter=10).fit(f)),
        "m_msr": (votes, lambda: known["m_msr"]().fit(votes), lambda f: theirs.MMSR().fit(f)),
        "kos": (two, lambda: known["kos"]().fit(two), lambda f: theirs.KOS().fit(f)),
    }
    for name, (data, own, other) in cases.items():
        if name not in known:
            continue
        frame = frame_of(data)
        own()
        rounds = 1 if name in {"glad", "one_coin"} else 3
        pairs = [(seconds(own), seconds(partial(other, frame))) for _ in range(rounds)]
        print(f"{name:20} {ratio(pairs)}", flush=True)


def fits(answers: int, K: int) -> None:
    """Time a whole fit, a warm start after one answer of a hundred more, and the memory they take."""
    votes = draw(answers, K)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with engine("compiled"):
        ours.DawidSkene().fit(draw(1000, K))  # the compiler's time is not the fit's
        start = time.perf_counter()
        whole = ours.DawidSkene().fit(votes)
        taken = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        kept = np.random.default_rng(1).random(len(votes)) > 0.01
        last = ours.DawidSkene().fit(votes.where(kept))
        warm = ours.DawidSkene().fit(votes, start=last.posterior)
    print(f"\nA whole fit of {len(votes):,} answers, {K} classes: {taken:.2f} s, {whole.iterations} iterations")
    each = (peak - before) * 1024 / len(votes)
    print(f"memory: {peak / 1024:.0f} MB at the most, {each:.0f} bytes an answer for the fit")
    same = np.mean(warm.label == whole.label)
    print(f"warm start with 1% new answers: {warm.iterations} iterations, {same:.2%} the same labels")


THEIRS = """
import sys, warnings
warnings.simplefilter("ignore")
import pandas
from crowdkit.aggregation import DawidSkene
frame = pandas.read_csv(sys.argv[1], dtype=str).rename(columns={"item": "task"})
DawidSkene().fit_predict(frame).to_csv(sys.argv[2])
"""


def shell(answers: int, K: int) -> None:
    """Time whole commands: start, reading, fit, writing."""
    votes = draw(answers, K)
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder) / "answers.csv", Path(folder) / "labels.csv"
        order = np.random.default_rng(2).permutation(len(votes))
        columns = zip(
            votes.worker[order].tolist(), votes.item[order].tolist(), votes.label[order].tolist(), strict=True
        )
        table.write_text("worker,item,label\n" + "".join(f"w{w},i{i},c{k}\n" for w, i, k in columns))
        theirs = [sys.executable, "-c", THEIRS, str(table), str(out)]
        print(f"\nWhole commands on a csv of {answers:,} answers, {K} classes")
        for method in ("dawid_skene", "auto"):
            own = [
                sys.executable,
                "-m",
                "app.cli",
                "aggregate",
                str(table),
                "--method",
                method,
                "--labels",
                str(out),
            ]

            def run(command: list[str]) -> float:
                return seconds(lambda: subprocess.run(command, check=True, capture_output=True))

            run(own)
            print(f"{method:12} {ratio([(run(own), run(theirs)) for _ in range(3)])}", flush=True)


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "all"
    numbers = [int(float(each)) for each in sys.argv[2:]]
    if what in ("iterations", "all"):
        for size in numbers[:1] or [100_000, 1_000_000, 10_000_000]:
            for each in PER_WORKER:
                iterations(size, numbers[1:] or [2, 5, 10, 100], each)
    if what in ("methods", "all"):
        methods(*(numbers if what == "methods" and numbers else [100_000, 5]))
    if what in ("fits", "all"):
        fits(*(numbers if what == "fits" and numbers else [10_000_000, 2]))
    if what in ("shell", "all"):
        shell(*(numbers if what == "shell" and numbers else [1_000_000, 5]))
