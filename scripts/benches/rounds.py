"""Measures rounds: flipped digits found through the API, and how often certificates and verdicts are wrong.

scripts/bench rounds [SEEDS] [OUT] [RUNS]
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the loop and its doors are those of the tests

import migrations  # noqa: E402
from app.factory import create_app  # noqa: E402
from crowdqc import assembly, jobs  # noqa: E402
from crowdqc.assembly import Installation  # noqa: E402
from crowdqc.quality.certificates import Certificate, StopRule, verify  # noqa: E402
from crowdqc.quality.rounds import Looked, RoundPlan, choose, conclude  # noqa: E402
from crowdqc.quality.sampling import Pool  # noqa: E402
from crowdqc.quality.sampling.yields import Yields  # noqa: E402
from crowdqc.roles import Role  # noqa: E402
from crowdqc.settings import Settings  # noqa: E402
from tests.app.doors import Entrance  # noqa: E402
from tests.ground import loop  # noqa: E402
from tests.ground.clock import Clock  # noqa: E402

ROUNDS = 3
SERVICE = {"size": 90, "random": 0.15, "stop": {"top": 30, "target": 0.05}}
N, CLASSES, WRONG, SIZE, RANDOM = 4000, 5, 0.1, 600, 0.25
MODELS = {"a good model": 3.0, "a poor model": 1.0, "a model that has learned the labels": None}


@contextmanager
def installed(clock: Clock) -> Iterator[Installation]:
    """Give an installation on an empty SQLite file."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/crowdqc.db"
        engine = assembly.database(url)
        migrations.upgrade(engine)
        engine.dispose()
        made = assembly.assemble(
            Settings(data_dir=f"{folder}/var", database_url=url, password_memory=8, password_passes=1), clock=clock
        )
        try:
            yield made
        finally:
            made.close()


def settle(installation: Installation, clock: Clock) -> None:
    """Have all jobs done, those as well that are due in a while."""
    while jobs.perform_due(installation):
        clock.advance(60)
    clock.advance(60)
    jobs.perform_due(installation)


#: A row for each seed.
totals: list[str] = []


def digits(seed: int) -> str:
    """Three rounds through the API on digits of which 5% bear a wrong label: a row for each round."""
    clock, start = Clock(), time.perf_counter()
    with installed(clock) as installation:
        entrance = Entrance(create_app(installation), installation)
        given = loop.Digits.flipped(0.05, seed=seed)
        told = loop.run(
            entrance.door(Role.REQUESTER),
            entrance.door(Role.EXPERT),
            lambda: settle(installation, clock),
            given,
            rounds=ROUNDS,
            plan=SERVICE,
        )
    left, size, rows = len(given.flips), given.label.size, []
    for each in told.rounds:
        result = each["result"]
        before, left = left, left - result["wrong"]
        certificate = verify(Certificate.of(result["certificate"]))
        rate = result["error_rate"]
        kept = certificate.wrong_at_most >= left
        rows.append(
            f"| {seed} | {each['round']['number']} | {result['looked']} | {result['wrong']} of {before} | "
            f"{certificate.audited} | {100 * rate['low']:.1f}% - {100 * rate['high']:.1f}% | "
            f"{100 * before / rate['size']:.1f}% | {100 * certificate.right:.1f}% | "
            f"{100 * (1 - left / size):.2f}% | {'yes' if kept else 'NO'} |"
        )
    wrong, found = len(given.flips), len(told.found)
    took = time.perf_counter() - start
    totals.append(
        f"| {seed} | {wrong} | {told.reviews} | {found} | {100 * found / wrong:.1f}% | "
        f"{told.reviews / wrong:.2f} | {took:.0f} s |"
    )
    return "\n".join(rows)


@dataclass
class Tally:
    """Of the runs of one model: what was broken how often."""

    found: list[float] = field(default_factory=list)
    rate: list[bool] = field(default_factory=list)
    certificate: list[bool] = field(default_factory=list)
    any_certificate: list[bool] = field(default_factory=list)
    verdict: list[bool] = field(default_factory=list)


def said(truth: np.ndarray, label: np.ndarray, strength: float | None, rng: np.random.Generator) -> np.ndarray:
    """Probabilities of a model that sees the truth through noise; or of one that says what it was told."""
    seen, weight = (label, 4.0) if strength is None else (truth, strength)
    raw = np.exp(weight * np.eye(CLASSES)[seen] + rng.normal(size=(truth.size, CLASSES)))
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


def run(seed: int, strength: float | None, tally: Tally) -> None:
    """Three rounds without the service. The target is always just below the truth: each stop is a wrong one."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(CLASSES, size=N)
    label = np.where(rng.random(N) < WRONG, (truth + rng.integers(1, CLASSES, N)) % CLASSES, truth)
    at_first = int((label != truth).sum())
    error, right = np.zeros(N, dtype=bool), np.zeros(N, dtype=bool)
    before: list[Yields] = []
    broken, stopped = False, False
    plan = RoundPlan.of({"size": SIZE, "random": RANDOM, "stop": {"top": 0}})
    for number in range(1, ROUNDS + 1):
        left = int((label != truth).sum())
        pool = Pool.of(N, label=label, student=said(truth, label, strength, rng), error=error, right=right)
        choice = choose(plan, pool, int(rng.integers(2**53)), before)
        wrong = label[choice.item] != truth[choice.item]
        seen = Looked(
            outcome=wrong.astype(np.int8),
            label=label[choice.item].astype(np.int32),
            decided=truth[choice.item].astype(np.int32),
            suspect=choice.suspect,
            draw=choice.draw,
            chosen=choice.chosen,
            names=choice.names,
        )
        after = left - int(wrong.sum())
        # Nobody may be told that fewer labels are wrong than are.
        rule = StopRule(top=0, target=max(after - 1, 0.5) / N)
        names = [str(code) for code in range(CLASSES)]
        outcome = conclude(seen, rule, names, size=N, n_free=choice.n_free, number=number)
        assert outcome.rate is not None
        assert outcome.certificate is not None
        assert outcome.verdict is not None
        tally.rate.append(outcome.rate.low <= left / choice.n_free <= outcome.rate.high)
        tally.certificate.append(outcome.certificate.wrong_at_most >= after)
        broken |= outcome.certificate.wrong_at_most < after
        stopped |= outcome.verdict.stop and after > 0
        error[choice.item[wrong]], right[choice.item[~wrong]] = True, True
        label[choice.item] = truth[choice.item]
        before.append(outcome.yields)
    tally.found.append(1 - int((label != truth).sum()) / at_first)
    tally.any_certificate.append(not broken)
    tally.verdict.append(stopped)


def simulated(runs: int) -> str:
    """How often intervals, certificates and verdicts hold."""
    rows = []
    for name, strength in MODELS.items():
        tally = Tally()
        for seed in range(runs):
            run(seed, strength, tally)
        shares = [np.mean(each) for each in (tally.found, tally.rate, tally.certificate, tally.any_certificate)]
        rows.append(
            f"| {name} | " + " | ".join(f"{100 * share:.1f}%" for share in shares) + f" | {sum(tally.verdict)} |"
        )
    return "\n".join(rows)


def page(seeds: int, runs: int, out: str) -> str:
    load, start = os.getloadavg()[0], time.perf_counter()
    rounds = "\n".join(digits(seed) for seed in range(1, seeds + 1))
    held = simulated(runs)
    took = time.perf_counter() - start
    return f"""# How far rounds find what is wrong, and whether their certificates hold

Written by `scripts/bench rounds {seeds} {out} {runs}`, in {took / 60:.0f} minutes on a
machine of {os.cpu_count()} processors with other work (load {load:.1f} at the start,
{os.getloadavg()[0]:.1f} at the end; only the seconds depend on it).
[How to run rounds over files](../how-to/rounds-with-files.md).

## Digits with wrong labels, through the API

scikit-learn's 1,797 digits, of which 5% are given another label. {ROUNDS} rounds of {SERVICE["size"]} items, 15%
of them drawn by chance, are driven through the service's API on SQLite. Before each, a support vector machine is
trained anew on the labels as they are, and predicts out of fold; the expert knows what the images show. Wanted: at
least 95% of the flips, with at most 3 reviews a flip.

| seed | flips | reviews | found | share | reviews a flip | took |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{chr(10).join(totals)}

Round by round: what was found; the share of wrong labels before the round as the random items tell it (95%
interval), and as it is among the labels that nobody had looked at; the share of right labels after it as the
certificate promises it at least, and as it is; and whether the promise holds.

| seed | round | reviews | found | drawn | wrong before, told | is | right after, at least | is | holds |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
{rounds}

A round of {SERVICE["size"]} items draws only 14 by chance, so its certificate promises little, and rightly so: a
narrow one takes [many audited labels](benchmarks-certificates.md#how-many-labels-to-audit), whatever models find.

## Simulated rounds: do the promises hold?

{runs} runs for each kind of model, without the service: {N:,} labels of {CLASSES} classes, {100 * WRONG:.0f}% of
them wrong, {ROUNDS} rounds of {SIZE} items, {100 * RANDOM:.0f}% of them drawn by chance. Counted is how often the
interval of the share of wrong labels covers the truth in a round; how often a round's certificate holds; in how
many runs all {ROUNDS} certificates hold; and in how many runs the stop rule ever says "stop" too early. For that
its target is always put one label below the truth, so that each stop is a wrong one. Wanted: at least 95% (the
interval, a certificate), and at most {0.05 * runs:.0f} runs of {runs}.

| model | wrong labels found | interval covers | certificate holds | all {ROUNDS} hold | stopped too early |
| --- | ---: | ---: | ---: | ---: | ---: |
{held}

A certificate speaks of its own release at 95%, so all three of a run hold more rarely; the verdicts share the 5%
among the rounds, and hold together.
"""


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    out = sys.argv[2] if len(sys.argv) > 2 else ""
    text = page(seeds, runs, out or "docs/reference/benchmarks-rounds.md")
    if out:
        Path(out).write_text(text)
    else:
        print(text)
