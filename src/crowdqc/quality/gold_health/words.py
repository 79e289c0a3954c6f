"""What is hardly chance of the gold, in words, with what else could be behind it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import numpy as np

from crowdqc.quality.arrays import Codes, Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health.balance import Balance
from crowdqc.quality.gold_health.exposures import Exposures
from crowdqc.quality.gold_health.leaks import Ease, Leaks
from crowdqc.quality.gold_health.suspects import Suspects
from crowdqc.quality.gold_health.trends import Trends
from crowdqc.quality.votes import Votes

#: What may be found, in the order in which it is told: of an item, of a worker, of gold as a whole, of a class.
ITEM_KINDS = ("suspect", "unsaid", "leak", "rising", "exposed")
KINDS = (*ITEM_KINDS, "knowing", "ease", "imbalance", "lack")
#: Answers from which on a label that nobody gives is told.
HEARD = 5
#: How much easier gold may look because the consensus of the rest is not all right.
SLIGHT = 0.01


@dataclass(frozen=True, slots=True)
class GoldFinding:
    """Something to look at.

    Attributes
    ----------
    kind
        Of `KINDS`.
    about
        Id of the item or worker, name of the class; None of gold as a whole.
    q_value
        NaN of what is counted and not tested.
    meaning
        In words.
    """

    kind: str
    about: Hashable
    q_value: float
    meaning: str


def told(
    votes: Votes,
    gold: Gold,
    item: Codes,
    suspects: Suspects,
    exposures: Exposures,
    leaks: Leaks,
    trends: Trends | None,
    knowing: Leaks,
    ease: Ease,
    balance: Balance,
    rate: float,
) -> Iterator[GoldFinding]:
    """Put into words what has a q-value up to `rate`, and what is counted."""
    ids = [votes.items[code] for code in item.tolist()]
    for g in _small(suspects.q_value, suspects.p_value, rate):
        yield _finding("suspect", ids[g], suspects.q_value[g], _suspect(votes, gold, item, suspects, g))
    for g, k in np.argwhere(suspects.unsaid & (suspects.answers >= HEARD)[:, None]).tolist():
        yield _finding("unsaid", ids[g], np.nan, _unsaid(votes, suspects, ids[g], g, k))
    for g in _small(leaks.q_value, leaks.p_value, rate):
        yield _finding("leak", ids[g], leaks.q_value[g], _leak(leaks, ids[g], g))
    if trends is not None:
        for g in _small(trends.q_value, trends.p_value, rate):
            yield _finding("rising", ids[g], trends.q_value[g], _rising(trends, ids[g], g))
    for g in np.flatnonzero(exposures.over)[np.argsort(-exposures.share[exposures.over], kind="stable")].tolist():
        yield _finding("exposed", ids[g], np.nan, _exposed(exposures, ids[g], g))
    for w in _small(knowing.q_value, knowing.p_value, rate):
        who = votes.workers[w]
        yield _finding("knowing", who, knowing.q_value[w], _knowing(knowing, who, w))
    for words in _ease(ease):
        yield _finding("ease", None, np.nan, words)
    for k in _small(balance.q_value, balance.p_value, rate):
        yield _finding("imbalance", votes.classes[k], balance.q_value[k], _imbalance(votes, balance, k))
    for k in np.flatnonzero((balance.lacks > 0) & (item.size > 0)).tolist():
        yield _finding("lack", votes.classes[k], np.nan, _lack(votes, balance, k))


def _finding(kind: str, about: Hashable, q_value: float, meaning: str) -> GoldFinding:
    return GoldFinding(kind, about, float(q_value), meaning)


def _small(q: Floats, p: Floats, rate: float) -> list[int]:
    """Give those whose q-value is small, the smallest first."""
    rows = np.flatnonzero(q <= rate)  # not where it is NaN
    return [int(row) for row in rows[np.lexsort((p[rows], q[rows]))]]


def _suspect(votes: Votes, gold: Gold, item: Codes, found: Suspects, g: int) -> str:
    code = int(item[g])
    accepted = " or ".join(votes.classes[k] for k in np.flatnonzero(gold.accepted[code]).tolist())
    return (
        f"{votes.items[code]} is gold as {accepted}, and the workers say {votes.classes[found.says[g]]}: "
        f"{found.dissent[g]:,} of {found.good[g]:,} good workers disagree. "
        "The gold is wrong, or the item misleads."
    )


def _unsaid(votes: Votes, found: Suspects, name: Hashable, g: int, k: int) -> str:
    return (
        f"{name} also accepts {votes.classes[k]}, which none of {found.answers[g]:,} workers gives: "
        "it may be accepted in vain."
    )


def _leak(found: Leaks, name: Hashable, g: int) -> str:
    better = f"{name} is answered right by {found.right[g]:.0%}, where {found.expected[g]:.0%} were to be expected"
    if np.isnan(found.pace[g]):
        return f"{better}: it is known, or easier than other gold."
    return (
        f"{better}, in {found.pace[g]:.0%} of the usual time: it is known, or easier and shorter than other gold."
    )


def _rising(found: Trends, name: Hashable, g: int) -> str:
    times = f"{np.exp(min(found.rise[g], 20.0)):.1f}"
    return (
        f"The odds of a right answer to {name} are {times} times as high at the last exposure as at the first: "
        "word of it spreads, or the workers learn."
    )


def _exposed(found: Exposures, name: Hashable, g: int) -> str:
    return (
        f"{name} was seen by {found.answers[g]:,} of {found.workers:,} workers, {found.share[g]:.0%}: "
        "newcomers can have been told of it."
    )


def _knowing(found: Leaks, who: Hashable, w: int) -> str:
    fast = "" if np.isnan(found.pace[w]) else f", in {found.pace[w]:.0%} of his usual time"
    return (
        f"{who} is right in {found.right[w]:.0%} of {found.answers[w]:,.0f} answers to gold{fast}, where his "
        f"other answers let expect {found.expected[w]:.0%}: he knows it, or takes more care where he guesses that "
        "it is gold."
    )


def _ease(found: Ease) -> Iterator[str]:
    if found.low > SLIGHT:
        yield (
            f"Gold is answered right in {found.right:.0%}, where other items let expect {found.expected:.0%}: "
            "it is easier than these, or known, and flatters the workers."
        )
    if found.pace_high < 1 - SLIGHT:
        yield (
            f"Gold is answered in {found.pace:.0%} of the time that the same workers take on other items: "
            "it is shorter or easier than these, or known."
        )


def _imbalance(votes: Votes, found: Balance, k: int) -> str:
    few = "few" if found.difference[k] < 0 else "many"
    return (
        f"{found.gold_share[k]:.0%} of the gold is {votes.classes[k]}, and {found.rest_share[k]:.0%} of the other "
        f"items: too {few}, if gold is to tell how good workers are on what they are given."
    )


def _lack(votes: Votes, found: Balance, k: int) -> str:
    have = int(found.needed[k] - found.lacks[k])
    return (
        f"{have:,} gold items are {votes.classes[k]}; {found.lacks[k]:,} more are needed to know a worker's "
        f"recall of it to an interval {found.width:g} wide."
    )
