"""Measures how accurate labels are for the answers spent: fixed overlap, Toloka's rule and ours, on real crowds.

    scripts/bench overlap FOLDER                                    # prints the tables: some ten minutes
    scripts/bench overlap FOLDER docs/explanation/overlap.svg       # and draws the curves
    scripts/bench overlap FOLDER --seeds 2 --only rte,sp_amt        # quicker
    scripts/bench overlap FOLDER --method dawid_skene               # labels by another method than one_coin

FOLDER is that of `scripts/bench accuracy`. Sets whose items have five answers or more, at the median, are taken.
Answers to an item come in an order drawn by chance, all is estimated from those asked for so far, and the rule
decides anew after each round. Every arm has its labels by the same method, so that only the stopping differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from accuracy import Case, cases

from crowdqc.quality import Votes, krippendorff_alpha, percent_agreement
from crowdqc.quality.aggregation import METHODS, Aggregator
from crowdqc.quality.overlap import ConfidenceOverlap, ExpectedSaving, FixedOverlap, Rule, arrivals, replay

#: An item has at least as many answers, at the median, where there is something to save.
MANY = 5
#: Larger sets take too long here.
MOST = 10_000
FIXED = (1, 2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 30, 39)
CONFIDENCES = (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
PRICES = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0003, 0.0001, 0.00001)
#: What an answer and an expert cost where experts are asked too.
PRICE, EXPERT = 0.01, 0.2
#: The rules, as they are called and drawn.
FAMILIES = ("fixed overlap", "Toloka's rule", "expected saving")


@dataclass(frozen=True)
class Arm:
    """A rule with one setting, and how it did: float64[items with truth], means over the seeds."""

    family: str
    setting: str
    spent: np.ndarray
    right: np.ndarray
    runs: np.ndarray

    @property
    def answers(self) -> float:
        return float(self.spent.mean())

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @property
    def error(self) -> float:
        """Standard error of the accuracy over items."""
        return float(self.right.std(ddof=1) / np.sqrt(self.right.size))

    def behind(self, other: Arm) -> tuple[float, float]:
        """How far less accurate than another, and the standard error of that, item by item."""
        apart = other.right - self.right
        return float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(apart.size))


def measured(
    case: Case, family: str, setting: str, rule: Rule, places: list[np.ndarray], method: Aggregator
) -> Arm:
    """Replay once for each order of arrival."""
    known = np.flatnonzero(case.truth >= 0)
    spent, right = np.zeros(known.size), np.zeros(known.size)
    runs = []
    for place in places:
        ended = replay(case.votes, rule, method, place=place)
        hits = ended.consensus.label[known] == case.truth[known]
        spent += ended.spent[known] / len(places)
        right += hits / len(places)
        runs.append(hits.mean())
    return Arm(family, setting, spent, right, np.array(runs))


def cap(case: Case) -> int:
    """The maximum overlap: as many answers as items have at the median."""
    return int(np.median(case.votes.answers_per_item()[case.truth >= 0]))


def arms(case: Case, places: list[np.ndarray], method: Aggregator) -> list[Arm]:
    most = cap(case)
    rules: list[tuple[str, str, Rule]] = [
        (FAMILIES[0], f"{n}", FixedOverlap(n)) for n in sorted({*FIXED, most}) if n <= most
    ]
    rules += [(FAMILIES[1], f"{least:g}", ConfidenceOverlap(least, 2, most)) for least in CONFIDENCES]
    rules += [(FAMILIES[2], f"{price:g}", ExpectedSaving(price, minimum=2, maximum=most)) for price in PRICES]
    found = []
    for family, setting, rule in rules:
        start = time.perf_counter()
        found.append(measured(case, family, setting, rule, places, method))
        print(
            f"{case.name} {family} {setting}: {found[-1].answers:.2f} answers, {found[-1].accuracy:.4f}, "
            f"{time.perf_counter() - start:.1f} s",
            file=sys.stderr,
            flush=True,
        )
    return found


def cheapest(found: list[Arm], family: str, least: float) -> Arm | None:
    """The setting that spends least of those that are at least so accurate."""
    fit = [arm for arm in found if arm.family == family and arm.accuracy >= least - 1e-12]
    return min(fit, key=lambda arm: arm.answers) if fit else None


def table(head: str, rows: Iterator[list[str]]) -> Iterator[str]:
    names = [name.strip() for name in head.split("|")]
    yield "| " + " | ".join(names) + " |"
    yield "| --- |" + " ---: |" * (len(names) - 1)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def goals(known: list[Case], found: dict[str, list[Arm]]) -> Iterator[list[str]]:
    """Say how many answers each rule needs for the accuracy of the greatest fixed overlap."""
    for case in known:
        goal = [arm for arm in found[case.name] if arm.family == FAMILIES[0]][-1]
        row = [case.name, f"{goal.answers:.2f}", f"{goal.accuracy:.3f} ± {goal.error:.3f}"]
        for family in FAMILIES[1:]:
            for least in (goal.accuracy - goal.error, goal.accuracy):
                arm = cheapest(found[case.name], family, least)
                row.append(
                    "not reached"
                    if arm is None
                    else f"{arm.answers:.2f} = {arm.answers / goal.answers:.0%} (at {arm.setting})"
                )
        yield row


def all_arms(known: list[Case], found: dict[str, list[Arm]]) -> Iterator[list[str]]:
    for case in known:
        goal = [arm for arm in found[case.name] if arm.family == FAMILIES[0]][-1]
        for arm in found[case.name]:
            behind, error = arm.behind(goal)
            yield [
                case.name,
                arm.family,
                arm.setting,
                f"{arm.answers:.2f}",
                f"{arm.accuracy:.3f} ± {arm.error:.3f}",
                f"{-behind:+.3f} ± {error:.3f}",
            ]


def bias(known: list[Case], places: dict[str, list[np.ndarray]], method: Aggregator) -> Iterator[list[str]]:
    """Compare what agreement seems to be: of all answers, those asked for, the sample, the first two."""
    for case in known:
        votes, most = case.votes, cap(case)
        draws = np.random.default_rng(0).random((len(places[case.name]), votes.n_items))
        seen: dict[str, list[tuple[float, float]]] = {}
        for drawn, place in zip(draws, places[case.name], strict=True):
            whole = replay(votes, FixedOverlap(most), method, place=place).votes
            rule = ExpectedSaving(PRICE, minimum=2, maximum=most, sample=0.2)
            sampled = replay(votes, rule, method, place=place, draws=drawn).votes
            parts = {
                "all": whole,
                "toloka": replay(votes, ConfidenceOverlap(0.9, 2, most), method, place=place).votes,
                "ours": replay(votes, ExpectedSaving(PRICE, minimum=2, maximum=most), method, place=place).votes,
                "sample": only(sampled, np.flatnonzero((drawn < 0.2)[sampled.item])),
                "first": replay(votes, FixedOverlap(2), method, place=place).votes,
            }
            for name, part in parts.items():
                figures = percent_agreement(part).value, krippendorff_alpha(part).value
                seen.setdefault(name, []).append(figures)
        means = {name: np.nanmean(np.array(rows), axis=0) for name, rows in seen.items()}
        for figure, words in enumerate(("share of pairs", "alpha")):
            yield [case.name, words, *(f"{means[name][figure]:.3f}" for name in means)]


def only(votes: Votes, rows: np.ndarray) -> Votes:
    return Votes(
        votes.item[rows], votes.worker[rows], votes.label[rows], votes.items, votes.workers, votes.classes
    )


def totals(known: list[Case], places: dict[str, list[np.ndarray]], method: Aggregator) -> Iterator[list[str]]:
    """Add up answers, experts and mistakes; an expert is always right."""
    for case in known:
        most, truth = cap(case), np.flatnonzero(case.truth >= 0)
        rules: list[Rule] = [
            FixedOverlap(most),
            FixedOverlap(max(most // 2, 2)),
            ConfidenceOverlap(0.9, 2, most),
            ExpectedSaving(PRICE, minimum=2, maximum=most),
            ExpectedSaving(PRICE, EXPERT, minimum=2, maximum=most),
        ]
        row = [case.name]
        for rule in rules:
            parts = []
            for place in places[case.name]:
                ended = replay(case.votes, rule, method, place=place)
                sent = (ended.decisions.action == 2)[truth]
                wrong = (ended.consensus.label[truth] != case.truth[truth]) & ~sent
                parts.append((ended.spent[truth].mean(), sent.mean(), wrong.mean()))
            answers, experts, mistakes = np.mean(parts, axis=0)
            total = PRICE * answers + EXPERT * experts + mistakes
            row.append(f"{total:.3f}" + (f" ({experts:.1%})" if rule is rules[-1] else ""))
        yield row


STYLE = """
  .ink { fill: #1f2328; } .soft { fill: #59636e; } .grid { stroke: #d1d9e0; } .axis { stroke: #59636e; }
  .f0 { stroke: #6e7781; fill: #6e7781; } .f1 { stroke: #bc4c00; fill: #bc4c00; }
  .f2 { stroke: #0969da; fill: #0969da; }
  polyline.line { fill: none; } .line { stroke-width: 1.8; } .half { stroke: #59636e; stroke-dasharray: 2 3; }
  text { font: 11px system-ui, sans-serif; } .name { font-weight: 600; font-size: 12px; }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #e6edf3; } .soft { fill: #9198a1; } .grid { stroke: #3d444d; } .axis { stroke: #9198a1; }
    .f0 { stroke: #9da7b1; fill: #9da7b1; } .f1 { stroke: #f0883e; fill: #f0883e; }
    .f2 { stroke: #58a6ff; fill: #58a6ff; }
    .half { stroke: #9198a1; }
  }
"""
WIDE, HIGH, LEFT, TOP = 270, 190, 42, 26


def picture(known: list[Case], found: dict[str, list[Arm]]) -> str:
    """Draw a panel for each set: answers an item to the right, accuracy upwards, a line for each rule."""
    across = min(3, len(known))
    down = -(-len(known) // across)
    width, height = across * WIDE + 10, down * HIGH + 46
    words = "; ".join(
        f"{case.name}: "
        + ", ".join(
            f"{family} from {low.accuracy:.2f} at {low.answers:.1f} to {high.accuracy:.2f} at {high.answers:.1f}"
            for family in FAMILIES
            for low, high in [ends([arm for arm in found[case.name] if arm.family == family])]
        )
        for case in known
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f' aria-labelledby="title desc" width="{width}" height="{height}">',
        '<title id="title">Accuracy against answers an item, for three rules of overlap</title>',
        f'<desc id="desc">{escape(words)}.</desc>',
        f"<style>{STYLE}</style>",
    ]
    for place, family in enumerate(FAMILIES):
        x = 14 + place * 150
        lines.append(f'<line class="line f{place}" x1="{x}" y1="14" x2="{x + 22}" y2="14"/>')
        lines.append(marker(place, x + 11, 14))
        lines.append(f'<text class="ink" x="{x + 28}" y="18">{escape(family)}</text>')
    x = 14 + len(FAMILIES) * 150
    lines.append(f'<line class="half" x1="{x}" y1="14" x2="{x + 22}" y2="14"/>')
    lines.append(f'<text class="ink" x="{x + 28}" y="18">fixed overlap’s last, at half its answers</text>')
    for place, case in enumerate(known):
        lines += panel(case, found[case.name], 5 + place % across * WIDE, 30 + place // across * HIGH)
    return "\n".join([*lines, "</svg>"]) + "\n"


def ends(family: list[Arm]) -> tuple[Arm, Arm]:
    order = sorted(family, key=lambda arm: arm.answers)
    return order[0], order[-1]


def panel(case: Case, found: list[Arm], left: float, top: float) -> Iterator[str]:
    x0, y0, wide, high = left + LEFT, top + TOP, WIDE - LEFT - 12, HIGH - TOP - 40
    most = float(max(arm.answers for arm in found))
    shown = [arm.accuracy for arm in found if arm.answers >= 1.5]
    low, high_end = min(shown), max(shown)
    step = next(step for step in (0.01, 0.02, 0.05, 0.1) if (high_end - low) / step <= 6)
    low, high_end = np.floor(low / step) * step, np.ceil(high_end / step + 1e-9) * step

    def at(answers: float, accuracy: float) -> tuple[float, float]:
        return x0 + wide * answers / most, y0 + high * (high_end - accuracy) / (high_end - low)

    yield f'<text class="ink name" x="{x0}" y="{y0 - 8}">{escape(case.name)}</text>'
    for tick in np.arange(low, high_end + step / 2, step):
        _, y = at(0, tick)
        yield f'<line class="grid" x1="{x0}" y1="{y:.1f}" x2="{x0 + wide}" y2="{y:.1f}"/>'
        yield f'<text class="soft" x="{x0 - 5}" y="{y + 4:.1f}" text-anchor="end">{tick:.2f}</text>'
    yield f'<line class="axis" x1="{x0}" y1="{y0 + high}" x2="{x0 + wide}" y2="{y0 + high}"/>'
    for tick in np.arange(0, most + 0.01, next(s for s in (1, 2, 5, 10) if most / s <= 8)):
        x, _ = at(tick, low)
        yield f'<text class="soft" x="{x:.1f}" y="{y0 + high + 14}" text-anchor="middle">{tick:g}</text>'
    yield f'<text class="soft" x="{x0 + wide}" y="{y0 + high + 27}" text-anchor="end">answers an item</text>'
    goal = [arm for arm in found if arm.family == FAMILIES[0]][-1]
    x, y = at(goal.answers / 2, goal.accuracy)
    yield f'<line class="half" x1="{x0}" y1="{y:.1f}" x2="{x0 + wide}" y2="{y:.1f}"/>'
    yield f'<line class="half" x1="{x:.1f}" y1="{y0}" x2="{x:.1f}" y2="{y0 + high}"/>'
    for number, family in enumerate(FAMILIES):
        order = sorted((arm for arm in found if arm.family == family), key=lambda arm: arm.answers)
        dots = [at(arm.answers, arm.accuracy) for arm in order if arm.accuracy >= low - 1e-9]
        yield f'<polyline class="line f{number}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in dots)}"/>'
        yield from (marker(number, x, y) for x, y in dots)


def marker(number: int, x: float, y: float) -> str:
    """A circle, a square or a triangle, so that no colour is needed to tell the lines apart."""
    if number == 0:
        return f'<circle class="f0" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'
    if number == 1:
        return f'<rect class="f1" x="{x - 2.5:.1f}" y="{y - 2.5:.1f}" width="5" height="5"/>'
    return f'<path class="f2" d="M{x:.1f} {y - 3.4:.1f}l3.2 5.6h-6.4z"/>'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("picture", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--method", default="one_coin", choices=METHODS)
    given = parser.parse_args()
    method = METHODS[given.method]()
    chosen = given.only.split(",") if given.only else None
    known = [
        case
        for case in cases(given.folder)
        if cap(case) >= MANY and 50 < case.votes.n_items <= MOST and (not chosen or case.name in chosen)
    ]
    places = {case.name: [arrivals(case.votes, seed) for seed in range(given.seeds)] for case in known}
    found = {case.name: arms(case, places[case.name], method) for case in known}
    if given.picture:
        given.picture.write_text(picture(known, found), encoding="utf-8")
    needs = " | ".join(
        f"{whose}, {how}" for whose in ("Toloka's", "ours") for how in ("within its error", "as good")
    )
    parts = (
        (f"set | answers of fixed overlap | its accuracy | {needs}", goals(known, found)),
        ("set | fixed | half of it | Toloka's at 0.9 | ours | ours and experts", totals(known, places, method)),
        ("set | | all answers | Toloka's at 0.9 | ours | the sample | first two", bias(known, places, method)),
        ("set | rule | setting | answers | accuracy | against all answers", all_arms(known, found)),
    )
    for head, rows in parts:
        print("\n".join(table(head, rows)), flush=True)
        print()


if __name__ == "__main__":
    main()
