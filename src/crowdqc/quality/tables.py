"""What aggregation gives, as columns by name: for a frame, or for a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.aggregation.consensus import Consensus
from crowdqc.quality.arrays import Floats
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health import ITEM_KINDS, GoldHealth
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.items import Difficulties, Gains, score_items
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Findings, Matrices, score_costs, score_spammers, score_workers

#: Columns of equal length by name: ids and labels as lists, all else as arrays.
Table = dict[str, Any]


def labels_table(
    votes: Votes,
    consensus: Consensus,
    *,
    posterior: bool = False,
    difficulties: Difficulties | None = None,
    gains: Gains | None = None,
) -> Table:
    """Give a row for each item, in the order of `votes.items`.

    Parameters
    ----------
    posterior
        Whether to add a column ``p:CLASS`` for each class.
    difficulties, gains
        What `DifficultyModel` and `expected_gains` found, to be added.

    Returns
    -------
    dict
        item; label, None where there is none; confidence, margin, entropy, agreement, answers, tied, gold as in
        `ItemScores`; method_difficulty, where the method has its own number for it; difficulty, difficulty_low,
        difficulty_high as in `Difficulties`; expected_gain and expected_information as in `Gains`.
        `pandas.DataFrame`, `polars.DataFrame` and `pyarrow.table` take it as it is.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2, 2], ["a", "b", "c", "a", "b"], ["x", "x", "y", "x", "y"])
    >>> table = labels_table(votes, MajorityVote().fit(votes))
    >>> table["item"], table["label"], table["confidence"].round(2).tolist(), table["tied"].tolist()
    ([1, 2], ['x', 'x'], [0.67, 0.5], [False, True])
    """
    scores = score_items(votes, consensus)
    names = np.array([*votes.classes, None], dtype=object)  # the last is that of the code -1
    table: Table = {
        "item": list(votes.items),
        "label": names[consensus.label].tolist(),
        "confidence": scores.confidence,
        "margin": scores.margin,
        "entropy": scores.entropy,
        "agreement": scores.agreement,
        "answers": scores.answers,
        "tied": scores.tied,
        "gold": scores.gold,
    }
    if consensus.difficulty is not None:
        table["method_difficulty"] = consensus.difficulty
    if difficulties is not None:
        table["difficulty"] = difficulties.difficulty
        table["difficulty_low"], table["difficulty_high"] = difficulties.low, difficulties.high
    if gains is not None:
        table["expected_gain"], table["expected_information"] = gains.gain, gains.information
    if posterior:
        table |= {f"p:{name}": scores.posterior[:, code] for code, name in enumerate(votes.classes)}
    return table


def workers_table(
    votes: Votes,
    consensus: Consensus,
    gold: Gold | None = None,
    *,
    costs: ArrayLike | None = None,
    matrices: Matrices | None = None,
    level: float = 0.95,
) -> Table:
    """Give a row for each worker, in the order of `votes.workers`.

    Parameters
    ----------
    costs
        float64[K, K], `costs[true, said]`; None: each mistake costs 1.
    matrices
        `Matrices.of(votes, consensus)`, where it is known already.

    Returns
    -------
    dict
        worker; answers; accuracy, low and high, from gold and from everyone else's answers together, NaN, 0 and 1
        where nothing is known; evidence, the answers with known truth that would tell as much; gold_answers and
        gold_correct; median_seconds; expected_cost and quality with their intervals as in `WorkerCosts`,
        spammer_score with its own as in `Spammers`; skill, where the method has its own number for it.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> votes = Votes.of([1, 1, 1, 2], ["a", "b", "c", "a"], ["x", "x", "y", "y"])
    >>> gold = Gold.of(votes, {1: "x"})
    >>> table = workers_table(votes, MajorityVote().fit(votes, gold), gold)
    >>> table["worker"], table["accuracy"].tolist(), table["low"].round(2).tolist()
    (['a', 'b', 'c'], [1.0, 1.0, 0.0], [0.15, 0.15, 0.0])
    """
    scores = score_workers(votes, consensus, gold, level=level)
    evidence = scores.gold_answers + scores.evidence
    right = scores.gold_correct + np.nan_to_num(scores.consensus_accuracy) * scores.evidence
    accuracy: Floats = np.divide(right, evidence, out=np.full(votes.n_workers, np.nan), where=evidence > 0)
    low, high = beta_interval(right, evidence, level)
    matrices = Matrices.of(votes, consensus) if matrices is None else matrices
    paid = score_costs(matrices, consensus.class_prior, costs, level=level)
    spammers = score_spammers(matrices, level=level)
    table: Table = {
        "worker": list(votes.workers),
        "answers": scores.answers,
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "evidence": evidence,
        "gold_answers": scores.gold_answers,
        "gold_correct": scores.gold_correct,
        "median_seconds": scores.median_seconds,
        "expected_cost": paid.expected,
        "expected_cost_low": paid.expected_low,
        "expected_cost_high": paid.expected_high,
        "quality": paid.quality,
        "quality_low": paid.low,
        "quality_high": paid.high,
        "spammer_score": spammers.score,
        "spammer_low": spammers.low,
        "spammer_high": spammers.high,
    }
    if consensus.skill is not None:
        table["skill"] = consensus.skill
    return table


def exactly(number: float) -> str:
    """Write a number as people do, in as many digits as tell it from all others.

    >>> exactly(1700000000.0), exactly(0.25)
    ('1700000000', '0.25')
    """
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e16 else repr(number)


def findings_table(
    votes: Votes, findings: Findings, *, places: bool = False, time: Callable[[float], str] = exactly
) -> Table:
    """Give a row for each finding, in its order, with what it means in words.

    Parameters
    ----------
    places
        Whether leanings are to places on the screen, and not to labels.
    time
        How the order of an answer is written, say as a date.

    Returns
    -------
    dict
        kind; worker; other, the second of a pair, otherwise None; about, which ring, when or to what, otherwise
        None; answers, found, expected, effect, low, high, p_value, q_value as in `Findings`; meaning, in words.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import DawidSkene
    >>> from crowdqc.quality.simulation import Simulation
    >>> from crowdqc.quality.workers import examine
    >>> crowd = Simulation(items=400, workers=12, classes=["cat", "dog"], overlap=5, biased=0.1).run(seed=2)
    >>> found = Findings.of(examine(crowd.votes, DawidSkene().fit(crowd.votes)))
    >>> findings_table(crowd.votes, found)["meaning"][0].partition(": ")[0]
    'w01 gives 65% of his answers to cat, where 51% were to be expected'
    """
    rows = range(len(findings))
    workers = [votes.workers[code] for code in findings.worker.tolist()]
    others = [None if code < 0 else votes.workers[code] for code in findings.other.tolist()]
    about = [_about(votes, findings, row, places, time) for row in rows]
    return {
        "kind": list(findings.kind),
        "worker": workers,
        "other": others,
        "about": about,
        "answers": findings.answers,
        "found": findings.found,
        "expected": findings.expected,
        "effect": findings.effect,
        "low": findings.low,
        "high": findings.high,
        "p_value": findings.p_value,
        "q_value": findings.q_value,
        "meaning": [_meaning(findings, row, workers[row], others[row], about[row]) for row in rows],
    }


def gold_table(votes: Votes, gold: Gold, health: GoldHealth) -> Table:
    """Give a row for each gold item, in the order of `votes.items`.

    Returns
    -------
    dict
        item; accepted, labels joined by ``|``; says, the label that the workers point to, None without answers;
        wrong, good, dissent, wrong_p_value, wrong_q_value as in `Suspects`; answers, share, left, life and
        over_exposed as in `Exposures`; right, expected, better, pace, leak_p_value, leak_q_value as in `Leaks`;
        rise, rise_p_value, rise_q_value as in `Trends`, NaN without an order; meaning, what of it is hardly
        chance, in words, or None.

    Examples
    --------
    >>> from crowdqc.quality.aggregation import MajorityVote
    >>> from crowdqc.quality.gold_health import examine_gold
    >>> votes = Votes.of([1, 1, 1, 2, 2, 3], ["a", "b", "c", "a", "b", "b"], ["x", "x", "y", "y", "y", "x"])
    >>> gold = Gold.of(votes, {1: "x", 2: ["x", "y"]})
    >>> table = gold_table(votes, gold, examine_gold(votes, MajorityVote().fit(votes, gold), gold))
    >>> table["item"], table["accepted"], table["answers"].tolist(), table["share"].round(2).tolist()
    ([1, 2], ['x', 'x|y'], [3, 2], [1.0, 0.67])
    """
    names = np.array([*votes.classes, None], dtype=object)  # the last is that of the code -1
    suspects, leaks, trends = health.suspects, health.leaks, health.trends
    items = [votes.items[code] for code in health.item.tolist()]
    words: dict[Hashable, list[str]] = {}
    for found in health.findings:
        if found.kind in ITEM_KINDS:
            words.setdefault(found.about, []).append(found.meaning)
    exposures, nothing = health.exposures, np.full(len(items), np.nan)
    return {
        "item": items,
        "accepted": ["|".join(names[:-1][row]) for row in gold.accepted[health.item]],
        "says": names[suspects.says].tolist(),
        "wrong": suspects.wrong,
        "good": suspects.good,
        "dissent": suspects.dissent,
        "wrong_p_value": suspects.p_value,
        "wrong_q_value": suspects.q_value,
        "answers": exposures.answers,
        "share": exposures.share,
        "left": exposures.left,
        "life": exposures.life,
        "over_exposed": exposures.over,
        "right": leaks.right,
        "expected": leaks.expected,
        "better": leaks.better,
        "pace": leaks.pace,
        "leak_p_value": leaks.p_value,
        "leak_q_value": leaks.q_value,
        "rise": nothing if trends is None else trends.rise,
        "rise_p_value": nothing if trends is None else trends.p_value,
        "rise_q_value": nothing if trends is None else trends.q_value,
        "meaning": [" ".join(words[item]) if item in words else None for item in items],
    }


def gold_workers_table(votes: Votes, health: GoldHealth) -> Table:
    """Give a row for each worker, in the order of `votes.workers`: whether he seems to know the gold.

    Returns
    -------
    dict
        worker; gold_answers, right, expected, better, low, high, p_better, pace, pace_low, pace_high, p_faster,
        p_value, q_value as in `Leaks`; meaning, in words, or None.
    """
    knowing = health.knowing
    words = {found.about: found.meaning for found in health.findings if found.kind == "knowing"}
    names = ("right", "expected", "better", "low", "high", "p_better", "pace", "pace_low", "pace_high", "p_faster")
    return {
        "worker": list(votes.workers),
        "gold_answers": knowing.answers,
        **{name: getattr(knowing, name) for name in (*names, "p_value", "q_value")},
        "meaning": [words.get(worker) for worker in votes.workers],
    }


def gold_classes_table(votes: Votes, health: GoldHealth) -> Table:
    """Give a row for each class, in their order: how common it is among gold and the rest.

    Returns
    -------
    dict
        class; gold, rest, gold_share, rest_share, difference, low, high, p_value, q_value, needed, lacks as in
        `Balance`.
    """
    names = ("gold", "rest", "gold_share", "rest_share", "difference", "low", "high", "p_value", "q_value")
    return {
        "class": list(votes.classes),
        **{name: getattr(health.balance, name) for name in (*names, "needed", "lacks")},
    }


def _about(votes: Votes, findings: Findings, row: int, places: bool, time: Callable[[float], str]) -> str | None:
    number = float(findings.about[row])
    if math.isnan(number):
        return None
    if findings.kind[row] == "collusion":
        return f"ring {number:.0f}"
    if findings.kind[row] == "drift":
        return time(number)
    return f"place {number:.0f}" if places else votes.classes[int(number)]


def _meaning(findings: Findings, row: int, worker: Hashable, other: Hashable, about: str | None) -> str:
    """Say what was found, and what else than ill will could be behind it."""
    kind, n = findings.kind[row], f"{findings.answers[row]:,.0f}"
    found, expected = float(findings.found[row]), float(findings.expected[row])
    if kind == "collusion":
        return (
            f"{worker} and {other} say the same wrong label on about {found:.1f} of {n} items, where "
            f"{expected:.1f} were to be expected by chance: they copy, are one person, or share a mistaken view."
        )
    if kind == "drift":
        way = "better" if found > expected else "worse"
        return (
            f"{worker} is right in {expected:.0%} of the answers before {about} and in {found:.0%} from then on: "
            f"he became {way}, or the items or guidelines changed."
        )
    if kind == "haste":
        others = (
            "no other answer tells how good he is" if math.isnan(expected) else f"{expected:.0%} of the others"
        )
        return (
            f"{worker} hurried through {n} answers, of which {found:.0%} are right, and {others}: "
            "he does not look, or the time was not measured as he worked."
        )
    return (
        f"{worker} gives {found:.0%} of his answers to {about}, where {expected:.0%} were to be expected: "
        "he leans to it, or draws the line elsewhere."
    )
