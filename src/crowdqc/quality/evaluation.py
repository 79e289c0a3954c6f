"""How good labels are where the truth is known: accuracy and macro F1, with intervals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.votes import Votes

#: Numbers that are held at once when items are drawn anew.
_HELD = 1 << 21

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How labels compare with the truth.

    Attributes
    ----------
    items, right
        Items that were compared, and those whose label is accepted.
    accuracy, accuracy_low, accuracy_high
        Their share, and its interval (`beta_interval`); NaN where nothing was compared.
    macro_f1, macro_f1_low, macro_f1_high
        Mean over classes of the harmonic mean of precision and recall, and a percentile interval from drawing
        items anew; a class counts that is true or said of an item that was compared. NaN where nothing was.
    gold
        Items that were left out because their truth was given to the method.
    unlabelled
        Items of the truth that have no label: nobody answered them.
    """

    items: int
    right: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float
    gold: int
    unlabelled: int


def evaluate(
    votes: Votes,
    consensus: Consensus,
    truth: Mapping[Any, str | Collection[str]],
    *,
    seed: int | np.random.Generator = 0,
    level: float = 0.95,
    resamples: int = 1000,
) -> Evaluation:
    """Compare the labels of a consensus with the truth.

    Parameters
    ----------
    truth
        The label, or the accepted labels, of each item. Where several are accepted and one of them was said, that
        one is taken for the truth, else the first. Items and labels may be such as the votes do not know.
    seed
        For the interval of macro F1.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 2, 3, 4], ["ann"] * 4, ["x", "x", "y", "y"])
    >>> found = evaluate(votes, MajorityVote().fit(votes), {1: "x", 2: "y", 3: "y", 9: "x"})
    >>> found.right, found.items, found.unlabelled, round(found.macro_f1, 3)
    (2, 3, 1, 0.667)
    """
    place = {item: code for code, item in enumerate(votes.items)}
    labels: dict[str, int] = {name: code for code, name in enumerate(votes.classes)}
    true: list[int] = []
    said: list[int] = []
    gold = unlabelled = 0
    known, label = consensus.known.tolist(), consensus.label.tolist()
    for item, given in truth.items():
        accepted = (given,) if isinstance(given, str) else tuple(given)
        code = place.get(item)
        if code is None or label[code] < 0 or not accepted:
            unlabelled += 1
        elif known[code]:
            gold += 1
        else:
            name = votes.classes[label[code]]
            right = name if name in accepted else accepted[0]
            true.append(labels.setdefault(right, len(labels)))
            said.append(label[code])
    right_ones = sum(a == b for a, b in zip(true, said, strict=True))
    low, high = beta_interval(right_ones, len(true), level) if true else (NAN, NAN)
    f1, f1_low, f1_high = _macro_f1(
        np.array(true, dtype=np.int64), np.array(said, dtype=np.int64), len(labels), seed, level, resamples
    )
    return Evaluation(
        items=len(true),
        right=right_ones,
        accuracy=right_ones / len(true) if true else NAN,
        accuracy_low=float(low),
        accuracy_high=float(high),
        macro_f1=f1,
        macro_f1_low=f1_low,
        macro_f1_high=f1_high,
        gold=gold,
        unlabelled=unlabelled,
    )


def macro_f1(true: NDArray[np.integer], said: NDArray[np.integer], K: int) -> float:
    """Mean F1 of the classes that are true or said of at least one item; codes are int[n] from 0 to K - 1.

    >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1]), 3), 3)
    0.667
    """
    cells, count = np.unique(true.astype(np.int64) * K + said, return_counts=True)
    return float(_f1(cells, count[None, :].astype(np.float64), K)[0])


def _macro_f1(
    true: NDArray[np.int64],
    said: NDArray[np.int64],
    K: int,
    seed: int | np.random.Generator,
    level: float,
    resamples: int,
) -> tuple[float, float, float]:
    """Draw items anew with replacement: only how often each pair of classes occurs matters."""
    n = true.size
    if n == 0:
        return NAN, NAN, NAN
    rng = np.random.default_rng(seed)
    cells, count = np.unique(true * K + said, return_counts=True)
    value = float(_f1(cells, count[None, :].astype(np.float64), K)[0])
    step = max(1, _HELD // (cells.size + K))
    drawn = [
        _f1(cells, rng.multinomial(n, count / n, size=min(step, resamples - at)).astype(np.float64), K)
        for at in range(0, resamples, step)
    ]
    if not drawn:
        return value, NAN, NAN
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2])
    return value, float(low), float(high)


def _f1(cells: NDArray[np.int64], count: Floats, K: int) -> Floats:
    """Macro F1 of each row of counts, float64[draws, cells], of the cells true * K + said."""
    true, said = np.divmod(cells, K)
    hits, either = np.zeros((len(count), K)), np.zeros((len(count), K))
    hits[:, true[true == said]] = count[:, true == said]
    for column in (true, said):
        order = np.argsort(column, kind="stable")
        starts = np.flatnonzero(np.append(True, np.diff(column[order]) > 0))
        either[:, column[order][starts]] += np.add.reduceat(count[:, order], starts, axis=1)
    seen = either > 0
    f1 = np.divide(2 * hits, either, out=np.zeros_like(hits), where=seen)
    return np.asarray(f1.sum(axis=1) / seen.sum(axis=1))
