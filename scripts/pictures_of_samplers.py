"""Draws a picture for each sampler from the case that its test is made of: python -m scripts.pictures_of_samplers.

To the left stand the items as the sampler sees them, with those that it gives first; to the right, how many errors
are found with how many items looked at, beside pure chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import numpy as np

from crowdqc.quality.sampling import SAMPLERS, Pool, Ranking, sampler
from tests.quality.sampling.cases import CASES, low_confidence

FOLDER = Path(__file__).parent.parent / "docs/pictures/samplers"
#: Items that are shown as given first, and the seed of the case.
FIRST, SEED = 30, 1
STYLE = """
  .ink { fill: #1f2328; } .soft { fill: #59636e; } .axis { stroke: #59636e; fill: none; }
  .item { fill: #afb8c1; } .wrong { fill: #bc4c00; } .first { fill: none; stroke: #0969da; stroke-width: 1.4; }
  .found { stroke: #0969da; fill: none; stroke-width: 2; }
  .chance { stroke: #59636e; fill: none; stroke-dasharray: 3 3; }
  .c0 { fill: #d1d9e0; } .c1 { fill: #9ec5ef; } .c2 { fill: #b5d8b0; } .c3 { fill: #e3c9ee; }
  text { font: 11px system-ui, sans-serif; }
  @media (prefers-color-scheme: dark) {
    .ink { fill: #e6edf3; } .soft { fill: #9198a1; } .axis { stroke: #9198a1; } .item { fill: #4d5761; }
    .wrong { fill: #f0883e; } .first, .found { stroke: #58a6ff; } .chance { stroke: #9198a1; }
    .c0 { fill: #3d444d; } .c1 { fill: #1f4b7a; } .c2 { fill: #2b5c33; } .c3 { fill: #5b3a6b; }
  }
"""
LEFT, RIGHT, HIGH, TOP = 330, 250, 190, 40


def item_mark(x: float, y: float, wrong: bool, first: bool) -> Iterator[str]:
    """Draw a circle, a triangle where the label is wrong, and a ring round what is given first."""
    if wrong:
        yield f'<path class="wrong" d="M{x:.1f} {y - 3.2:.1f}l3 5.2h-6z"/>'
    else:
        yield f'<circle class="item" cx="{x:.1f}" cy="{y:.1f}" r="1.7"/>'
    if first:
        yield f'<circle class="first" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


def by_score(pool: Pool, wrong: np.ndarray, ranking: Ranking) -> Iterator[str]:
    """Show items by their place in the ranking, and their scores upwards."""
    yield f'<text class="soft" x="10" y="{TOP - 8}">score, by place in the ranking</text>'
    low, high = float(ranking.score.min()), float(ranking.score.max())
    for place in reversed(range(len(ranking))):
        up = (ranking.score[place] - low) / (high - low) if high > low else 0.5
        x, y = 16 + (LEFT - 40) * place / len(ranking), TOP + 8 + (HIGH - 16) * (1 - up)
        yield from item_mark(x, y, bool(wrong[ranking.item[place]]), place < FIRST)


def by_stratum(pool: Pool, wrong: np.ndarray, ranking: Ranking) -> Iterator[str]:
    """Show items by their place in the ranking, a row a stratum."""
    assert ranking.cell is not None
    rows = int(ranking.cell.max()) + 1
    yield f'<text class="soft" x="10" y="{TOP - 8}">place in the ranking{", a row a stratum" * (rows > 1)}</text>'
    for place in reversed(range(len(ranking))):
        item = int(ranking.item[place])
        within = 0.15 + 0.7 * (item * 0.618 % 1)
        x, y = 16 + (LEFT - 40) * place / len(ranking), TOP + HIGH * (ranking.cell[place] + within) / rows
        yield from item_mark(x, y, bool(wrong[item]), place < FIRST)


def by_place(pool: Pool, wrong: np.ndarray, ranking: Ranking) -> Iterator[str]:
    """Show the two directions in which the embeddings vary most."""
    assert pool.embeddings is not None
    yield f'<text class="soft" x="10" y="{TOP - 8}">embeddings, in two directions</text>'
    centred = pool.embeddings - pool.embeddings.mean(axis=0)
    flat = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    flat = (flat - flat.min(axis=0)) / np.ptp(flat, axis=0)
    first = set(ranking.top(FIRST).tolist())
    for item in np.argsort(wrong, kind="stable").tolist():
        x, y = 16 + (LEFT - 40) * flat[item, 0], TOP + 8 + (HIGH - 16) * (1 - flat[item, 1])
        yield from item_mark(x, y, bool(wrong[item]), item in first)


def by_sequence(pool: Pool, wrong: np.ndarray, ranking: Ranking) -> Iterator[str]:
    """Show each sequence as a row of frames, with the colour of the label."""
    assert pool.sequence is not None
    assert pool.time is not None
    assert pool.label is not None
    yield f'<text class="soft" x="10" y="{TOP - 8}">a row a sequence, a colour a label</text>'
    wide, high = (LEFT - 30) / (pool.time.max() + 1), HIGH / (pool.sequence.max() + 1)
    for item in range(pool.n_items):
        x, y = 10 + wide * pool.time[item], TOP + high * pool.sequence[item]
        box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high - 1:.1f}"'
        yield f'<rect class="c{pool.label[item]}" {box}/>'
    for item in ranking.top(FIRST).tolist():
        x, y = 10 + wide * (pool.time[item] + 0.5), TOP + high * (pool.sequence[item] + 0.5)
        yield from item_mark(x, y, bool(wrong[item]), True)


LEFTS: dict[str, Callable[[Pool, np.ndarray, Ranking], Iterator[str]]] = {
    "uniform": by_stratum,
    "stratified": by_stratum,
    "inconsistency": by_sequence,
    "known_errors": by_place,
    "outliers": by_place,
    "near_duplicates": by_place,
    "search": by_place,
}


def gains(pool: Pool, wrong: np.ndarray, ranking: Ranking) -> Iterator[str]:
    """Show errors found against items looked at."""
    free = np.setdiff1d(pool.free(), np.flatnonzero(pool.wanted | pool.unwanted))
    total, most = int(wrong[free].sum()), free.size
    found = np.concatenate([[0], np.cumsum(wrong[ranking.item])])
    x0, y0, wide = LEFT + 30, TOP, RIGHT - 45

    def at(n: float, errors: float) -> str:
        return f"{x0 + wide * n / most:.1f},{y0 + HIGH * (1 - errors / total):.1f}"

    yield f'<text class="soft" x="{x0}" y="{TOP - 8}">found, of {total}</text>'
    yield f'<path class="axis" d="M{x0} {y0}v{HIGH}h{wide}"/>'
    yield f'<polyline class="chance" points="{at(0, 0)} {at(most, total)}"/>'
    yield f'<polyline class="found" points="{" ".join(at(n, int(e)) for n, e in enumerate(found))}"/>'
    below = f'x="{x0 + wide}" y="{y0 + HIGH + 14}" text-anchor="end"'
    yield f'<text class="soft" {below}>items looked at, of {most}</text>'


def picture(name: str) -> str:
    """Draw the picture of one sampler."""
    pool, wrong = CASES.get(name, low_confidence)(np.random.default_rng(SEED))
    ranking = sampler(name).rank(pool, np.random.default_rng([SEED, 1]))
    found, by_chance = int(wrong[ranking.top(FIRST)].sum()), FIRST * wrong[pool.free()].mean()
    kind = "wanted" if name == "search" else "wrong"
    words = f"{name}: {found} of the first {FIRST} items are {kind}; by chance {by_chance:.1f}"
    width, height = LEFT + RIGHT, TOP + HIGH + 24
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
        f' aria-labelledby="title" width="{width}" height="{height}">',
        f'<title id="title">{escape(words)}</title>',
        f"<style>{STYLE}</style>",
        f'<text class="ink" x="10" y="15">{escape(words)}</text>',
        *LEFTS.get(name, by_score)(pool, wrong, ranking),
        *gains(pool, wrong, ranking),
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in SAMPLERS:
        (FOLDER / f"{each}.svg").write_text(picture(each), encoding="utf-8")
        print(FOLDER / f"{each}.svg")
