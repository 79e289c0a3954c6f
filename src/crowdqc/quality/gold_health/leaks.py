"""Signs that gold is known to those who answer it: better, faster, and the more so the more have seen it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Flags, Floats, brief
from crowdqc.quality.gold_health.answers import GoldAnswers
from crowdqc.quality.gold_health.chances import below, many_right, quantile, sigmoid, together, usual_variance
from crowdqc.quality.gold_health.easiness import FAR, Easiness
from crowdqc.quality.gold_health.lookalikes import Likely, Paces
from crowdqc.quality.workers import q_values

#: Chances up to which one of the two signs speaks for a leak beside the other: an easy item is answered well and
#: is no leak unless it is fast as well, while a worker who is quick with gold alone is odd as it is.
ITEM_SPEAKS, WORKER_SPEAKS = 0.1, 0.25
#: Sums over the answers to each item, or of each worker.
Per = Callable[[Floats | Flags], Floats]
#: Steps of Newton's method, which doubles the digits at each.
STEPS = 12


@brief
@dataclass(frozen=True, slots=True, eq=False)
class Leaks:
    """Gold answered better and faster than look-alikes, one entry a gold item, or one a worker. None is a verdict.

    Attributes
    ----------
    answers
        float64, answers to gold that are compared; 0 where there is nothing to compare with.
    right, expected
        float64, share of right answers, and what the same workers' answers to look-alikes let expect. For an item,
        at the ease that gold usually has; for a worker, at the ease of these items.
    better, low, high
        float64, right - expected, and its interval.
    p_better, q_better
        float64, chance of so many right answers or more; the same over all entries.
    pace, pace_low, pace_high
        float64, seconds as a multiple of what is usual, and its interval: for an item, of what the same workers
        take on look-alikes and gold usually takes of it; for a worker, of what he takes on others and these gold
        items take of it. NaN without seconds.
    p_faster, q_faster
        float64, chance of a pace so low or lower; the same over all entries.
    p_value, q_value
        float64, chance of being so much better and so much faster at once; without seconds, of better alone. A
        sign with too great a chance of its own speaks for nothing, and the chance is no less than that.
    """

    answers: Floats
    right: Floats
    expected: Floats
    better: Floats
    low: Floats
    high: Floats
    p_better: Floats
    q_better: Floats
    pace: Floats
    pace_low: Floats
    pace_high: Floats
    p_faster: Floats
    q_faster: Floats
    p_value: Floats
    q_value: Floats


@dataclass(frozen=True, slots=True)
class Ease:
    """How gold as a whole compares with look-alikes: it is easier, or known.

    Attributes
    ----------
    answers
        Answers to gold that are compared.
    right, expected
        Share of right answers, and what look-alikes let expect; NaN where there is nothing to compare with.
    better, low, high
        right - expected, and its interval, for which gold items are drawn anew.
    pace, pace_low, pace_high
        Seconds as a multiple of those for look-alikes by the same workers, and its interval; NaN without seconds.
    """

    answers: int
    right: float
    expected: float
    better: float
    low: float
    high: float
    pace: float
    pace_low: float
    pace_high: float


def compare_items(
    answers: GoldAnswers, likely: Likely, paces: Paces | None, wrong: Floats, level: float
) -> tuple[Leaks, Ease, Easiness]:
    """Compare each gold item with its look-alikes.

    Parameters
    ----------
    wrong
        float64[G], probability that the gold is wrong: such items do not say what is usual.

    Returns
    -------
    leaks, ease, easiness
        Item by item; of gold as a whole; and how easy each item is.

    Notes
    -----
    A right answer of a worker to an item has the log odds of his answers to look-alikes, and those of the item's
    ease. Gold is often chosen because it is clear, so that an item is compared with what is usual of gold: the
    ease is normal, and its middle and width are found from most items, whatever the others do. Gold that is known
    as a whole is only seen in `Ease`.
    """
    told = np.isfinite(likely.odds)
    odds, weight = np.where(told, likely.odds, 0.0), told.astype(np.float64)
    n = answers.per_item(weight)
    right = answers.per_item(answers.right * weight)
    sound = (wrong < 0.5) & (n > 0)
    usual, width = 0.0, 0.0
    for _ in range(STEPS if sound.any() else 0):
        chance = sigmoid(odds + usual) * weight
        noise = answers.per_item(chance * (1 - chance))
        apart = right - answers.per_item(chance)
        worth = sound / (1 + width * noise)
        usual = float(np.clip(usual + (worth * apart).sum() / max((worth * noise).sum(), 1e-9), -FAR, FAR))
        width = min(usual_variance(apart[sound], noise[sound], noise[sound]), FAR)
    chance = sigmoid(odds + usual) * weight
    expected = answers.per_item(chance)
    noise = answers.per_item(chance * (1 - chance))
    variance = noise + width * noise**2
    pace, pace_low, pace_high, p_faster, ease_pace = _item_paces(answers, paces, sound, level)
    leaks = _leaks(
        (n, right, expected, variance),
        (pace, pace_low, pace_high, p_faster),
        level,
        None if paces is None else ITEM_SPEAKS,
    )
    plain = sigmoid(odds) * weight
    total = float(n.sum())
    apart = right - answers.per_item(plain)
    items = max(int((n > 0).sum()), 2)
    better = float(apart.sum()) / total if total else float("nan")
    square = ((apart - better * n) ** 2).sum() * items / (items - 1)
    square += likely.doubt(answers, plain * (1 - plain)).sum()
    far = quantile(level) * float(np.sqrt(square)) / max(total, 1.0)
    ease = Ease(
        answers=int(total),
        right=float(right.sum()) / total if total else float("nan"),
        expected=float(plain.sum()) / total if total else float("nan"),
        better=better,
        low=better - far,
        high=better + far,
        pace=ease_pace[0],
        pace_low=ease_pace[1],
        pace_high=ease_pace[2],
    )
    return leaks, ease, Easiness.of(answers, odds, weight, usual, width)


def compare_workers(
    answers: GoldAnswers, likely: Likely, paces: Paces | None, easiness: Easiness, level: float
) -> Leaks:
    """Compare each worker's answers to gold with his answers to look-alikes, given how easy these items are.

    Workers differ in it anyhow, by how carefully they begin: how far is found from most of them.
    """
    told = np.isfinite(likely.odds)
    odds, weight = np.where(told, likely.odds, 0.0), told.astype(np.float64)
    known = easiness.others(answers, odds, weight)
    chance = sigmoid(odds + known) * weight
    spread = chance * (1 - chance)
    n, right = answers.per_worker(weight), answers.per_worker(answers.right * weight)
    expected, noise = answers.per_worker(chance), answers.per_worker(spread)
    item = answers.per_worker(spread**2 * easiness.doubt[answers.place])
    variance = noise + likely.doubt(answers, spread) + item
    variance = variance + usual_variance(right - expected, variance, noise) * noise**2
    return _leaks(
        (n, right, expected, variance),
        _worker_paces(answers, paces, level),
        level,
        None if paces is None else WORKER_SPEAKS,
    )


def _leaks(
    counts: tuple[Floats, Floats, Floats, Floats],
    times: tuple[Floats, Floats, Floats, Floats],
    level: float,
    speaks: float | None,
) -> Leaks:
    n, right, expected, variance = counts
    p = many_right(right, n, expected, variance)
    nothing = np.full(n.size, np.nan)
    share = np.divide(right, n, out=nothing.copy(), where=n > 0)
    usual = np.divide(expected, n, out=nothing.copy(), where=n > 0)
    far = quantile(level) * np.divide(np.sqrt(variance), n, out=nothing.copy(), where=n > 0)
    both = p if speaks is None else together(p, times[3], speaks)
    return Leaks(
        answers=n,
        right=share,
        expected=usual,
        better=share - usual,
        low=np.maximum(share - usual - far, -1.0),
        high=np.minimum(share - usual + far, 1.0),
        p_better=p,
        q_better=q_values(p),
        pace=times[0],
        pace_low=times[1],
        pace_high=times[2],
        p_faster=times[3],
        q_faster=q_values(times[3]),
        p_value=both,
        q_value=q_values(both),
    )


def _item_paces(
    answers: GoldAnswers, paces: Paces | None, sound: Flags, level: float
) -> tuple[Floats, Floats, Floats, Floats, tuple[float, float, float]]:
    """Paces of items with their interval and chance, and the pace of gold as a whole with its interval."""
    nothing = np.full(answers.n_items, np.nan)
    if paces is None:
        return nothing, nothing, nothing, nothing, (float("nan"),) * 3
    mean, variance, some = _mean_pace(answers.per_item, paces)
    usual, width, error = 0.0, 0.0, float("nan")
    there = some & sound
    if not there.any():
        return nothing, nothing, nothing, nothing, (float("nan"),) * 3
    for _ in range(STEPS):
        worth = 1 / (variance[there] + width)
        usual = float((worth * mean[there]).sum() / worth.sum())
        width = usual_variance(mean[there] - usual, variance[there], np.ones(int(there.sum())))
        # from how far items differ and not from `width`, which is a median of few
        square = float((worth**2 * (mean[there] - usual) ** 2).sum()) * there.sum() / max(there.sum() - 1, 1)
        square = max(square, float((worth**2 * variance[there]).sum())) / float(worth.sum()) ** 2
        error = float(np.sqrt(square + paces.items))
    wide, far = np.sqrt(variance + width), quantile(level)
    apart = mean - usual
    whole = tuple(float(np.exp(usual + side * far * error)) for side in (0, -1, 1))
    low, high = np.exp(apart - far * wide), np.exp(apart + far * wide)
    return np.exp(apart), low, high, below(apart / wide), (whole[0], whole[1], whole[2])


def _worker_paces(
    answers: GoldAnswers, paces: Paces | None, level: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Paces of workers on gold, against what the items take, with their interval and chance."""
    nothing = np.full(answers.n_workers, np.nan)
    if paces is None:
        return nothing, nothing, nothing, nothing
    known = np.isfinite(paces.longer) & np.isfinite(paces.doubt)
    values = np.where(known, paces.longer, 0.0)
    # what others take on the item; of one who is alone with it nothing is known
    n, sums = answers.per_item(known), answers.per_item(values)
    others = n[answers.place] - known
    told = known & (others > 0)
    usual = np.divide(sums[answers.place] - values, others, out=np.zeros(len(answers)), where=told)
    noise = np.divide(paces.variance, others, out=np.zeros(len(answers)), where=told)
    against = Paces(
        longer=np.where(told, paces.longer - usual, np.nan),
        variance=paces.variance + noise,
        doubt=paces.doubt,
        items=0.0,
    )
    mean, variance, some = _mean_pace(answers.per_worker, against, shared=True)
    if not some.any():
        return nothing, nothing, nothing, nothing
    middle = float(np.median(mean[some]))
    width = usual_variance(mean[some] - middle, variance[some], np.ones(int(some.sum())))
    wide, far = np.sqrt(variance + width), quantile(level)
    apart = mean - middle
    return np.exp(apart), np.exp(apart - far * wide), np.exp(apart + far * wide), below(apart / wide)


def _mean_pace(per: Per, paces: Paces, *, shared: bool = False) -> tuple[Floats, Floats, Flags]:
    """Mean of the logarithms, its variance, and where there is any; doubt is shared by a worker's answers."""
    told = np.isfinite(paces.longer) & np.isfinite(paces.doubt)
    n = per(told)
    some = n > 0
    of = np.where(some, n, np.nan)
    mean = per(np.where(told, paces.longer, 0.0)) / of
    variance = per(np.where(told, paces.variance, 0.0)) / of**2
    doubt = per(np.where(told, paces.doubt, 0.0))
    return mean, variance + doubt / (of if shared else of**2), some
