"""What a round came to: what was found, how much is left, and whether to stop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.arrays import Codes, Flags, brief
from crowdqc.quality.certificates import (
    Audit,
    Certificate,
    ErrorRate,
    StopRule,
    Verdict,
    certify,
    error_rate,
    evaluate,
)
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.sampling.yields import Yields

#: What came of looking at an item: its label was right, wrong, nobody could tell; or nobody has looked.
RIGHT, WRONG, UNSURE, UNSEEN = 0, 1, -1, -2
#: At how many of the most confident mistakes precision is told.
AT = (10, 20, 50, 100, 200, 500, 1000)


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """The items of a round, one row each, and what came of looking at them.

    Attributes
    ----------
    outcome
        int8[q]: 0 right, 1 wrong, -1 unsure, -2 nobody has looked.
    label, decided
        int32[q], class codes: that of the release, and what it is now; -1 for none.
    suspect, draw
        int32[q], as in `Choice`.
    chosen, names
        bool[q, S] and S names, as in `Choice`.
    """

    outcome: NDArray[np.int8]
    label: Codes
    decided: Codes
    suspect: Codes
    draw: Codes
    chosen: Flags
    names: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.outcome.size)


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the first so many confident mistakes: how many were looked at, how many were errors, and their share.

    It is told as far as at least half of them were looked at.
    """

    at: int
    looked: int
    errors: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round came to.

    Attributes
    ----------
    looked, wrong, unsure, unseen
        Items of the round.
    precision
        At some numbers of the most confident mistakes.
    yields
        What each sampler brought.
    pairs
        (label, what it is now, how many), by name, the most frequent first.
    rate
        The share of wrong labels among those that nobody had looked at, from the random sample alone, before what
        was found is corrected; None where none of it was looked at.
    certificate
        For the release with all that was found corrected; None as above.
    verdict
        Of the stop rule; None as above.
    audited, waiting
        Draws of the random sample that count, and those that were looked at and do not count yet, because one that
        was drawn before them was not: to leave out the hard ones would flatter the labels.
    """

    looked: int
    wrong: int
    unsure: int
    unseen: int
    precision: tuple[Precision, ...]
    yields: Yields
    pairs: tuple[tuple[str, str, int], ...]
    rate: ErrorRate | None
    certificate: Certificate | None
    verdict: Verdict | None
    audited: int
    waiting: int

    def to_json(self) -> dict[str, Any]:
        """Write all of it; what is not a number is None."""
        low, high = self.yields.interval()
        brought = [
            {
                "sampler": name,
                "looked": int(n),
                "errors": int(k),
                "yield": _finite(rate),
                "low": float(a),
                "high": float(b),
            }
            for name, n, k, rate, a, b in zip(
                self.yields.names, self.yields.looked, self.yields.found, self.yields.rate, low, high, strict=True
            )
        ]
        return {
            "looked": self.looked,
            "wrong": self.wrong,
            "unsure": self.unsure,
            "unseen": self.unseen,
            "precision": [_plain(asdict(each)) for each in self.precision],
            "yields": brought,
            "pairs": [{"label": a, "now": b, "errors": n} for a, b, n in self.pairs],
            "error_rate": None if self.rate is None else _plain(asdict(self.rate)),
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "verdict": None if self.verdict is None else self.verdict.to_json(),
            "audited": self.audited,
            "waiting": self.waiting,
        }


def conclude(
    seen: Looked,
    stop: StopRule,
    classes: Sequence[str],
    *,
    size: int,
    n_free: int,
    number: int = 1,
    seed: int | None = None,
    release: str | None = None,
) -> Outcome:
    """Say what a round came to; it may be asked at any time, the verdict as well.

    The random sample was drawn out of the `n_free` labels of the release (of `size`) that nobody had looked at;
    the others were decided before. Its draws count in their order up to the first that nobody has looked at.

    A project may stop after any round, so the verdicts of all rounds must hold together: that of round `number` n
    is asked at 1 - (1 - level) / (n (n + 1)), whose errors sum to 1 - level over all rounds. The certificate is at
    the level itself: it speaks of its release alone.

    Examples
    --------
    >>> n = 300
    >>> seen = Looked(
    ...     outcome=np.zeros(n, dtype=np.int8),
    ...     label=np.zeros(n, dtype=np.int32), decided=np.zeros(n, dtype=np.int32),
    ...     suspect=np.full(n, -1, dtype=np.int32), draw=np.arange(n, dtype=np.int32),
    ...     chosen=np.ones((n, 1), dtype=bool), names=("random",),
    ... )
    >>> found = conclude(seen, StopRule(top=0), ["a", "b"], size=10_000, n_free=9_000)
    >>> print(found.certificate.words())
    At least 98.9% of these 10,000 labels are right, at 95% confidence, from 300 audited items; 1,000 others had
    been decided by experts.
    >>> found.verdict.stop
    False
    """
    wrong = seen.outcome == WRONG
    there = seen.outcome != UNSEEN
    order, waiting = _audited(seen)
    # Found by other ways than the sample, or in it and not counted yet.
    counted = np.zeros(len(seen), dtype=bool)
    counted[order] = True
    elsewhere = int((wrong & ~counted).sum())
    rate = certificate = verdict = None
    if order.size:
        audit = Audit.of(seen.outcome[order].tolist(), size=size, known=size - n_free)
        rate = error_rate(audit, stop.level)

        def certified(level: float) -> Certificate:
            return certify(audit, level=level, found_elsewhere=elsewhere, release=release, seed=seed)

        certificate = certified(stop.level)
        spent = 1 - (1 - stop.level) / (number * (number + 1))
        verdict = evaluate(stop, certified(spent), _obvious(seen, stop.top))
    return Outcome(
        looked=int(there.sum()),
        wrong=int(wrong.sum()),
        unsure=int((seen.outcome == UNSURE).sum()),
        unseen=int((~there).sum()),
        precision=_precision(seen),
        yields=Yields.of(seen.names, there @ seen.chosen.astype(float), wrong @ seen.chosen.astype(float)),
        pairs=_pairs(seen, classes),
        rate=rate,
        certificate=certificate,
        verdict=verdict,
        audited=int(order.size),
        waiting=waiting,
    )


def _audited(seen: Looked) -> tuple[NDArray[np.int64], int]:
    """Give the rows of the draws that count, in their order, and how many were looked at beyond them."""
    rows = np.flatnonzero(seen.draw >= 0)
    rows = rows[np.argsort(seen.draw[rows], kind="stable")]
    there = seen.outcome[rows] != UNSEEN
    until = int(np.argmin(there)) if not there.all() else rows.size
    return rows[:until], int(there[until:].sum())


def _obvious(seen: Looked, top: int) -> list[int]:
    """Give of the most confident mistakes 1 for an error, 0 for none, -1 where nobody could tell or has looked."""
    first = np.flatnonzero((seen.suspect >= 0) & (seen.suspect < top))
    first = first[np.argsort(seen.suspect[first], kind="stable")]
    return [int(each) if each in (RIGHT, WRONG) else -1 for each in seen.outcome[first].tolist()]


def _precision(seen: Looked) -> tuple[Precision, ...]:
    place = seen.suspect.astype(np.int64)
    there = (seen.outcome != UNSEEN) & (place >= 0)
    found: list[Precision] = []
    for at in AT:
        first = there & (place < at)
        looked, errors = int(first.sum()), int((first & (seen.outcome == WRONG)).sum())
        if looked == 0 or (found and found[-1].looked == looked):
            continue
        if found and 2 * looked < at:
            break  # few of so many were looked at, and those are the first of them: it would say nothing new
        low, high = beta_interval(errors, looked)
        found.append(Precision(at, looked, errors, errors / looked, float(low), float(high)))
    return tuple(found)


def _pairs(seen: Looked, classes: Sequence[str]) -> tuple[tuple[str, str, int], ...]:
    wrong = (seen.outcome == WRONG) & (seen.label >= 0) & (seen.decided >= 0)
    pairs, counts = np.unique(
        np.stack([seen.label[wrong], seen.decided[wrong]], axis=1).reshape(-1, 2), axis=0, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")
    return tuple(
        (classes[a], classes[b], int(n)) for (a, b), n in zip(pairs[order].tolist(), counts[order], strict=True)
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _finite(value) if isinstance(value, float) else value for name, value in values.items()}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
