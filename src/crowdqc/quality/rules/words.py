"""The sentences of rules: for the worker, who knows nothing of keys and intervals, and for the lead."""

from __future__ import annotations

from collections.abc import Sequence

from crowdqc.quality.rules.collectors import Key
from crowdqc.quality.rules.conditions import OPS
from crowdqc.quality.rules.rule import Rule
from crowdqc.quality.rules.windows import Window

#: What is worth telling, before what.
_TELLING = ("rate", "value", "run", "hits", "misses", "q_value", "count")


def percent(share: float) -> str:
    """Show a share; it never rounds to 0 or 100 what is not.

    >>> percent(0.4), percent(0.615), percent(0.9996), percent(0.0), percent(-0.3)
    ('40%', '61.5%', '99.96%', '0%', '-30%')
    """
    return f"{100 * share:.3g}%" if abs(share) < 0.999 else f"{100 * share:.6g}%"


def shown(key: Key, value: float) -> str:
    """Show a value as its key is meant."""
    if key.whole:
        return f"{value:,.0f}"
    return percent(value) if key.share or key.part == "q_value" else f"{value:.3g}"


def most_telling(keys: Sequence[Key]) -> int:
    """Choose the condition that is most worth telling."""
    return min(range(len(keys)), key=lambda place: _TELLING.index(keys[place].part))


def to_lead(rule: Rule, place: int, value: float, low: float, high: float) -> str:
    """Tell one condition with its numbers; shares are rounded to whole percents only in the interval."""
    key, condition = rule.keyed()[place]
    op = OPS[condition.op].words
    if low == value == high:
        return f"{condition.key} {shown(key, value)} is {op} {shown(key, condition.value)}"
    often = " at every look" if rule.interval == "anytime" else ""
    ends = f"({shown(key, low)} to {shown(key, high)}{often})"
    surely = "surely " if rule.doubted(key) else ""
    return f"{condition.key} {shown(key, value)} {ends} is {surely}{op} {shown(key, condition.value)}"


def to_worker(rule: Rule, place: int, value: float, low: float, high: float, count: int, hits: int | None) -> str:
    """Tell one condition in plain words; nothing where another condition says more."""
    key, condition = rule.keyed()[place]
    keys = [key for key, _ in rule.keyed()]
    if key.part in ("count", "q_value") and place != most_telling(keys):
        return ""
    if rule.source.outcome is None:
        numbers = {"value": value, "low": low, "high": high}
        if key.part != "value":  # a q-value or a number of answers: what it is of is told by the figure itself
            return _ADVICE[key.part].format(shown(key, value))
        told = rule.source.told.format(
            **{name: shown(key, number) for name, number in numbers.items()}, count=f"{count:,}"
        )
        return f"{told} {_line(rule, place)}"
    if key.part == "run":
        items = "item" if value == 1 else "items"
        return f"You skipped the last {value:,.0f} {items} in a row; the line is {condition.value:,.0f}."
    seen = _seen(rule, count)
    if key.part == "count":
        return f"{seen[0].upper()}{seen[1:]} count here; the line is {condition.value:,.0f}."
    assert hits is not None
    hit = rule.source.hit[hits != 1].format(seconds=rule.seconds)
    share = f" ({percent(value)})" if key.part == "rate" else ""
    return f"Of {seen} {hits:,} {hit}{share}. {_line(rule, place)}"


_ADVICE = {
    "q_value": "Of findings as strong as this about {} are false alarms.",
    "count": "This rests on {} answers.",
}


def _seen(rule: Rule, count: int) -> str:
    """Say what is counted: "your last 20 answers ..."."""
    window: Window = rule.window
    last = "last " if window.answers is not None else ""
    noun = rule.source.counted[count != 1]
    when = "" if window.days is None else f" in the last {window.days:g} days"
    return f"your {last}{count:,} {noun}{when}"


def _line(rule: Rule, place: int) -> str:
    """Say what is asked for, and how sure it is that it is missed."""
    key, condition = rule.keyed()[place]
    line = shown(key, condition.value)
    asked = {
        "below": f"At least {line} is asked for here",
        "at_most": f"More than {line} is asked for here",
        "at_least": f"The line here is {line}",
        "above": f"The line here is {line}",
    }[condition.op]
    if not rule.doubted(key):
        return f"{asked}."
    beyond = {"below": "below", "at_most": "not above", "at_least": "not below", "above": "above"}[condition.op]
    what = "your share" if key.share else "yours"
    often = ", however often we look," if rule.interval == "anytime" else ""
    return f"{asked}, and we are {percent(rule.level)} sure{often} that {what} is {beyond} that."
