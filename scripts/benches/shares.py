"""Measures whether shares that follow yield find more errors than fixed ones, on simulated samplers.

    scripts/bench shares                  # prints the table: some minutes
    scripts/bench shares --seeds 20       # quicker

Nine samplers, 20 rounds of 100 items, 15 of them random in every arm. A sampler's yield is the chance that an item
which it gives has a wrong label. The arms differ in how the other 85 places are shared, each round by the yields
of those before it. All arms of a seed meet the same yields.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.sampling.shares import Equal, Sharing, Thompson, UpperBound, faded, floored
from crowdqc.quality.sampling.yields import Yields

SAMPLERS, ROUNDS, PLACES = 9, 20, 85
NAMES = [f"sampler {number}" for number in range(SAMPLERS)]
#: Gives a sampler's yield: of the round, and of how many items of each sampler were looked at before.
World = Callable[[int, np.ndarray], np.ndarray]


def drawn(rng: np.random.Generator) -> np.ndarray:
    """Draw yields between 1% and 40%, most of them small."""
    return np.exp(rng.uniform(np.log(0.01), np.log(0.4), SAMPLERS))


def steady(rng: np.random.Generator) -> World:
    rates = drawn(rng)
    return lambda turn, looked: rates


def alike(rng: np.random.Generator) -> World:
    rates = np.full(SAMPLERS, rng.uniform(0.02, 0.2))
    return lambda turn, looked: rates


def shifting(rng: np.random.Generator) -> World:
    """Draw all yields anew after rounds 7 and 14, as another model or another batch would."""
    rates = [drawn(rng) for _ in range(3)]
    return lambda turn, looked: rates[min(turn // 7, 2)]


def drying(rng: np.random.Generator) -> World:
    """Let each sampler's yield fall as its ranking is used up: by half with every 50 to 400 items."""
    rates, half = np.minimum(drawn(rng) * 2, 0.9), rng.uniform(50, 400, SAMPLERS)
    return lambda turn, looked: rates * 0.5 ** (looked / half)


WORLDS = {"steady": steady, "alike": alike, "shifting": shifting, "drying up": drying}


@dataclass(frozen=True)
class Proportional:
    """A sampler's share is as its yield, (errors + 1/2) / (items + 1) of faded counts."""

    memory: float = 0.9
    floor: float = 0.1

    def shares(self, names: Sequence[str], rounds: Sequence[Yields]) -> Mapping[str, float]:
        looked, found = faded(names, rounds, self.memory)
        return floored(names, (found + 0.5) / (looked + 1), self.floor)


def arms() -> dict[str, Sharing]:
    """Name every rule that is tried."""
    found: dict[str, Sharing] = {"equal": Equal(), "in proportion to yield": Proportional()}
    for memory in (0.8, 0.9, 1.0):
        for width in (0.05, 0.5):
            found[f"UpperBound(memory={memory:g}, width={width:g})"] = UpperBound(memory=memory, width=width)
    for memory in (0.6, 0.8, 0.9, 1.0):
        for floor in (0.1, 0.3):
            found[f"Thompson(memory={memory:g}, floor={floor:g})"] = Thompson(memory=memory, floor=floor)
    return found


def errors(rule: Sharing, world: World, seed: int) -> int:
    """Count the errors that a rule finds in all rounds."""
    rng = np.random.default_rng([seed, 1])
    rounds: list[Yields] = []
    looked = np.zeros(SAMPLERS)
    total = 0
    for turn in range(ROUNDS):
        shares = rule.shares(NAMES, rounds)
        places = whole(np.array([shares[name] for name in NAMES]))
        found = rng.binomial(places, world(turn, looked + places / 2))
        rounds.append(Yields.of(NAMES, places, found))
        looked += places
        total += int(found.sum())
    return total


def whole(shares: np.ndarray) -> np.ndarray:
    """Make whole places of shares, by the greatest remainders."""
    places = np.floor(shares * PLACES).astype(int)
    behind = shares * PLACES - places
    places[np.argsort(-behind, kind="stable")[: PLACES - places.sum()]] += 1
    return places


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    seeds = parser.parse_args().seeds
    rules = arms()
    counts = {name: {} for name in rules}
    for name, rule in rules.items():
        for world, make in WORLDS.items():
            counts[name][world] = np.array(
                [errors(rule, make(np.random.default_rng(seed)), seed) for seed in range(seeds)]
            )
        print(name, file=sys.stderr, flush=True)
    print("| errors found, mean of the seeds | " + " | ".join(WORLDS) + " | least gain |")
    print("| --- |" + " ---: |" * (len(WORLDS) + 1))
    for name, of in counts.items():
        row, gains = [], []
        for world in WORLDS:
            gain = of[world] / np.maximum(counts["equal"][world], 1) - 1
            error = gain.std(ddof=1) / np.sqrt(seeds)
            gains.append(gain.mean())
            row.append(
                f"{of[world].mean():.0f}" + ("" if name == "equal" else f" ({gain.mean():+.0%} ± {error:.0%})")
            )
        print(f"| {name} | {' | '.join(row)} | {min(gains):+.0%} |")


if __name__ == "__main__":
    main()
