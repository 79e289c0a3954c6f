"""How the places of the next queue are shared, from what each sampler brought in the rounds before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from crowdqc.quality.arrays import Floats
from crowdqc.quality.parameters import check_number, check_whole
from crowdqc.quality.sampling.queue import InvalidQueue
from crowdqc.quality.sampling.registry import named
from crowdqc.quality.sampling.yields import Yields


class Sharing(Protocol):
    """A rule with its parameters: a frozen dataclass that remembers nothing."""

    def shares(self, names: Sequence[str], rounds: Sequence[Yields]) -> Mapping[str, float]:
        """Share among the samplers of these names, by the yields of the rounds so far, the earliest first.

        The random slice takes no part: its share is fixed (`QueuePlan.random`). The shares sum to 1.
        """
        ...


@dataclass(frozen=True, slots=True)
class Equal:
    """All samplers have the same share, whatever they bring.

    >>> Equal().shares(["near", "unsure"], [])
    {'near': 0.5, 'unsure': 0.5}
    """

    def shares(self, names: Sequence[str], rounds: Sequence[Yields]) -> Mapping[str, float]:
        return floored(names, np.ones_like(faded(names, rounds, 1.0)[0]), 0.0)


@dataclass(frozen=True, slots=True)
class Thompson:
    """A sampler's share is the probability that it yields most, as its faded counts tell it. The default.

    It found more errors than equal shares wherever samplers differ, and no fewer where they do not:
    `docs/reference/benchmarks-sampling.md`.

    Parameters
    ----------
    memory
        What a round weighs beside the round after it, 0 to 1; 1 believes that yields stay as they are.
    floor
        Least share of a sampler, as a part of an equal share: all are watched for ever.
    draws, seed
        From the Beta posteriors (prior Beta(1/2, 1/2)); the share is the part of draws in which it is the best.

    References
    ----------
    W. R. Thompson (1933), On the likelihood that one unknown probability exceeds another, Biometrika 25. V. Raj,
    S. Kalyani (2017), Taming non-stationary bandits: a Bayesian approach: discounted counts.

    Examples
    --------
    >>> brought = Yields.of(["near", "unsure"], looked=[50, 50], found=[20, 5])
    >>> {name: round(share, 2) for name, share in Thompson().shares(["near", "unsure"], [brought]).items()}
    {'near': 0.95, 'unsure': 0.05}
    """

    memory: float = 0.9
    floor: float = 0.1
    draws: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        check_number(self, "memory", "floor", high=1.0)
        check_whole(self, "draws")
        check_whole(self, "seed", low=0, high=2**63 - 1)

    def shares(self, names: Sequence[str], rounds: Sequence[Yields]) -> Mapping[str, float]:
        looked, found = faded(names, rounds, self.memory)
        rng = np.random.default_rng(self.seed)
        best = rng.beta(found + 0.5, looked - found + 0.5, (self.draws, len(names))).argmax(axis=1)
        return floored(names, np.bincount(best, minlength=len(names)).astype(np.float64), self.floor)


@dataclass(frozen=True, slots=True)
class UpperBound:
    """The sampler with the greatest upper confidence bound has all that the floor leaves.

    Parameters
    ----------
    memory, floor
        As for `Thompson`.
    width
        Of the bound: rate + sqrt(width * log(all items) / items).

    References
    ----------
    P. Auer, N. Cesa-Bianchi, P. Fischer (2002), Finite-time analysis of the multiarmed bandit problem, Machine
    Learning 47. A. Garivier, E. Moulines (2011), On upper-confidence bound policies for switching bandit problems,
    ALT: discounted counts.
    """

    memory: float = 0.9
    floor: float = 0.1
    width: float = 0.05

    def __post_init__(self) -> None:
        check_number(self, "memory", "floor", high=1.0)
        check_number(self, "width", high=100.0)

    def shares(self, names: Sequence[str], rounds: Sequence[Yields]) -> Mapping[str, float]:
        looked, found = faded(names, rounds, self.memory)
        rate = (found + 0.5) / (looked + 1)
        bound = rate + np.sqrt(self.width * np.log(max(looked.sum(), 1.0)) / (looked + 1))
        return floored(names, (bound == bound.max(initial=0.0)).astype(np.float64), self.floor)


#: The rules, by the names under which they are stored.
SHARINGS: Mapping[str, Callable[..., Sharing]] = {"thompson": Thompson, "upper_bound": UpperBound, "equal": Equal}


def sharing(name: str = "thompson", parameters: Mapping[str, object] | None = None, /, **more: object) -> Sharing:
    """Make the rule of that name with these parameters, given as a mapping or by their names.

    Raises
    ------
    InvalidSampler
        No such rule, or no such parameter: the message lists those that there are.

    Examples
    --------
    >>> sharing("upper_bound", floor=0.2)
    UpperBound(memory=0.9, floor=0.2, width=0.05)
    """
    return named("rule of sharing", SHARINGS, name, {**(parameters or {}), **more})


def faded(names: Sequence[str], rounds: Sequence[Yields], memory: float) -> tuple[Floats, Floats]:
    """Add up rounds, each weighing `memory` of the next: items and errors, float64[names]."""
    if not names:
        raise InvalidQueue("There are no names of samplers to share among.")
    total = reduce(lambda before, now: before.discounted(memory) + now, rounds, Yields.none())
    place = {name: at for at, name in enumerate(total.names)}
    return (
        np.array([total.looked[place[name]] if name in place else 0.0 for name in names]),
        np.array([total.found[place[name]] if name in place else 0.0 for name in names]),
    )


def floored(names: Sequence[str], weight: Floats, floor: float) -> Mapping[str, float]:
    """Share by weight what is left when each name has the floor, a part of an equal share."""
    share = floor / len(names) + (1 - floor) * weight / weight.sum()
    return dict(zip(names, share.tolist(), strict=True))
