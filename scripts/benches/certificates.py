"""Measures how often certificates and worker rules are ever wrong when one looks again and again.

scripts/bench certificates [RUNS] [OUT]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import hypergeom

from crowdqc.quality.certificates import Audit, Plan, audits_needed, certify
from crowdqc.quality.confidence_sequences import log_evidence, most
from crowdqc.quality.rules import Events, Rule, dry_run

LEVEL, AUDITED, PLANNED = 0.95, 400, (100, 200, 300, 400)
RELEASES = {"10,000 labels, 1% wrong": (10_000, 100), "10,000 labels, 3% wrong": (10_000, 300),
            "2,000 labels, 5% wrong": (2_000, 100), "500 labels, 10% wrong": (500, 50)}  # fmt: skip
DAY = 86_400.0


def certificates(runs: int) -> str:
    """Audit up to 400 labels one by one, and see whether any look at them promises too much."""
    columns = ["release", "at any look", "at four planned looks", "exact, one look", "the same, after each label",
               "stopped at once"]  # fmt: skip
    said = ["| " + " | ".join(columns) + " |", "| --- |" + " ---: |" * 5]
    n = np.arange(1, AUDITED + 1)
    for name, (N, K) in RELEASES.items():
        rng, wrong = np.random.default_rng(1), np.zeros(5)
        for _ in range(runs):
            outcome = (rng.permutation(N)[:AUDITED] < K).astype(int)
            audit, hits = Audit.of(outcome, size=N), np.cumsum(outcome)
            looks = [look for look in Plan().used(audit) if look]
            ever = [log_evidence(audit.draws(look), [K])[0] >= -np.log(1 - LEVEL) for look in looks]
            exact = hypergeom.cdf(hits, N, K, n) <= 1 - LEVEL
            planned = certify(audit, level=LEVEL, plan=Plan(PLANNED), corrected=False).wrong_at_most < K
            # a team that aims at a little less than the truth, and stops where the bound says that it is there
            at = next((look for look in range(20, AUDITED + 1, 20) if most(audit.draws(look), LEVEL) < K), None)
            wrong += [any(ever), planned, exact[-1], exact.any(), at is not None]
        said.append(f"| {name} | " + " | ".join(f"{100 * share:.1f}%" for share in wrong / runs) + " |")
    return "\n".join(said)


def needed() -> str:
    """How many audited labels a promise takes."""
    said = ["| at most | of labels | none wrong | 1 wrong | 2 wrong | 5 wrong | none wrong, one planned look |",
            "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]  # fmt: skip
    for target in (0.05, 0.02, 0.01, 0.005):
        for size in (1_000, 10_000, 1_000_000):
            numbers = [audits_needed(target, size, wrong=wrong) for wrong in (0, 1, 2, 5)]
            numbers.append(audits_needed(target, size, sequential=False))
            said.append(f"| {100 * target:g}% | {size:,} | " + " | ".join(f"{each:,}" for each in numbers) + " |")
    return "\n".join(said)


def hit(workers: int, answers: int, accuracy: float, **parts: object) -> tuple[float, float]:
    """The share of workers that a rule hits at some time, and after how many answers half of those it hits are."""
    rule = Rule.of(
        {"name": "r", "collector": "gold", "action": {"kind": "restrict", "hours": None},
         "when": [{"key": "answers", "op": "at_least", "value": 10},
                  {"key": "accuracy", "op": "below", "value": 0.6}]} | parts
    )  # fmt: skip
    right = np.random.default_rng(2).random(workers * answers) < accuracy
    who, when = np.repeat(np.arange(workers), answers), np.tile(np.arange(answers) * 60.0, workers)
    found = dry_run(rule, Events.of(who.tolist(), when, gold=right, among=range(workers)))
    return found.workers.size / workers, float(np.median(found.at / 60.0 + 1)) if found.workers.size else np.nan


def rules(workers: int) -> str:
    """Rules "accuracy below 0.6" that are asked after each of 200 and of 1,000 answers to gold."""
    kinds = {
        "one look, 95%, last 50": {"interval": "one_look", "window": {"answers": 50}},
        "one look, 99%, last 50": {"interval": "one_look", "window": {"answers": 50}, "level": 0.99},
        "anytime, 90%, last 50": {"interval": "anytime", "window": {"answers": 50}, "level": 0.9},
        "anytime, 90%, last 200": {"interval": "anytime", "window": {"answers": 200}, "level": 0.9},
        "anytime, 95%, all": {"interval": "anytime"},
    }
    said = ["| true accuracy | answers | " + " | ".join(kinds) + " |", "| ---: | ---: |" + " ---: |" * len(kinds)]
    for accuracy in (0.25, 0.33, 0.5, 0.6, 0.65, 0.7, 0.8):
        for answers in (200, 1000):
            cells = []
            for parts in kinds.values():
                share, after = hit(workers, answers, accuracy, **parts)
                cells.append(f"{100 * share:.1f}%" + (f" ({after:.0f})" if accuracy < 0.6 and share > 0 else ""))
            said.append(f"| {accuracy} | {answers:,} | " + " | ".join(cells) + " |")
    return "\n".join(said)


if __name__ == "__main__":
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    page = f"""# How far certificates and worker rules can be trusted

Written by `scripts/bench certificates {runs} docs/reference/benchmarks-certificates.md`, from {runs:,} simulated
audits of each release and {runs:,} simulated workers of each kind.
[What a certificate promises](../explanation/certificates.md).

## How often a certificate ever promises too much

Up to {AUDITED} labels are audited one by one, at 95% confidence. A promise is broken if it says that fewer labels
are wrong than are: at any of the looks; at one of the looks at {", ".join(map(str, PLANNED))}; at the last alone.
The fourth column is an exact interval of one look that is looked at after each label: it is not valid, and shows
why. The last is a team that looks every 20 labels and stops at the first bound below the truth.

{certificates(runs)}

The standard error of these shares is at most {100 * np.sqrt(0.05 * 0.95 / runs):.1f} points where they are 5%.

## How many labels to audit

At 95% confidence, looked at whenever one likes. What is found wrong is corrected, and the wrong ones come last,
which is the worst.

{needed()}

## How often a worker rule ever hits

The rule "accuracy below 0.6, at least 10 answers", asked after each answer to gold. Who has an accuracy of 0.6 or
more is hit unjustly. In brackets: after how many answers half of those who are hit at all are hit.

{rules(runs)}
"""
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(page)
    else:
        print(page)
