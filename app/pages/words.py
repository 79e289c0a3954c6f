"""How numbers, times and states are said to people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

UNKNOWN = "unknown"

#: Words for what programs call otherwise; everything else is said as it is, without underlines.
SAID: Mapping[str, str] = {
    "in_review": "in review",
    "qa_lead": "QA lead",
    "more_answers": "more answers",
    "ask_more": "more answers",
    "dawid_skene": "Dawid-Skene",
    "hierarchical_dawid_skene": "hierarchical Dawid-Skene",
    "graded_dawid_skene": "Dawid-Skene with easy and hard items",
    "bayesian_dawid_skene": "Bayesian Dawid-Skene",
    "one_coin": "one-coin Dawid-Skene",
    "majority_vote": "majority vote",
    "percent_agreement": "percent agreement",
    "krippendorff_alpha": "Krippendorff's alpha",
    "fleiss_kappa": "Fleiss' kappa",
    "gwet_ac1": "Gwet's AC1",
    "not_shown": "it is not shown",
    "no_class_fits": "no class fits",
    "unclear_question": "the question is unclear",
    "harmful": "it is harmful",
    "read_upload": "read an upload",
    "perform_run": "perform a run",
    "apply_rules": "ask the worker rules",
    "build_releases": "build releases",
    "choose_round": "choose the items of a round",
    "suspects": "most confident mistakes",
    "random": "drawn by chance",
    "held_out": "held out",
    "out_of_fold": "out of fold",
    "in_sample": "in-sample",
}


def said(name: object) -> str:
    """Say a program's word in ours."""
    text = str(name)
    return SAID.get(text, text.replace("_", " "))


def percent(value: float | None) -> str:
    """Say a share in percent, never rounding doubt away.

    >>> percent(0.875), percent(0.99999), percent(0.5), percent(None)
    ('87.5%', 'over 99.9%', '50%', 'unknown')
    """
    if value is None:
        return UNKNOWN
    if 0.9995 <= value < 1:
        return "over 99.9%"
    if 0 < value < 0.0005:
        return "under 0.1%"
    return f"{100 * value:.1f}".removesuffix(".0") + "%"


def at_least(share: float) -> str:
    """Say in percent how much is promised at least: rounded down, as finely as it takes not to say 100%.

    >>> at_least(0.99087), at_least(0.9), at_least(0.999991), at_least(1.0)
    ('99.08%', '90%', '99.9991%', '100%')
    """
    places = 2
    while places < 8 and share < 1 and math.floor(share * 10 ** (places + 2) + 1e-9) == 10 ** (places + 2):
        places += 1
    if share < 1 and share > 0.9999:
        places = max(places, 4)
    shown = math.floor(share * 10 ** (places + 2) + 1e-9) / 10**places
    return f"{shown:.{places}f}".rstrip("0").rstrip(".") + "%"


def number(value: float | None, places: int = 2) -> str:
    """Say a number: whole ones with their thousands apart, others rounded."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}".replace(",", " ") if float(value).is_integer() else f"{value:.{places}f}"


def duration(seconds: float | None) -> str:
    """Say how long something takes.

    >>> duration(4.2), duration(75), duration(7300)
    ('4.2 s', '1 min 15 s', '2 h 1 min')
    """
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def when(moment: datetime | None) -> Markup:
    """Say a moment, in a way that the browser can turn into its own time."""
    if moment is None:
        return Markup("–")
    shown = f"{moment.day} {moment:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)


def size(count: int) -> str:
    """Say how large a file is.

    >>> size(900), size(1500), size(3_000_000)
    ('900 bytes', '1.5 kB', '3.0 MB')
    """
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def many(count: int, one: str, more: str | None = None) -> str:
    """Say how many.

    >>> many(1, "answer"), many(1200, "answer"), many(2, "class", "classes")
    ('1 answer', '1 200 answers', '2 classes')
    """
    return f"{number(count)} {one if count == 1 else more or one + 's'}"


def reason(why: Mapping[str, Any]) -> str:
    """Say why an item is in review, with its numbers.

    >>> reason({"signal": "agreement", "value": 0.1, "threshold": 0.3, "op": "below", "words": "..."})
    'few answers agree: 10% of the pairs say the same, below 30%'
    """
    value, threshold = why.get("value"), why.get("threshold")
    match why.get("signal"), why.get("op"):
        case "agreement", "below":
            return f"few answers agree: {percent(value)} of the pairs say the same, below {percent(threshold)}"
        case "confidence", "below":
            return f"the label is unsure: {percent(value)} likely, below {percent(threshold)}"
        case "tied", "is":
            return "two labels are equally good: the answers are tied"
        case "reports", "at_least":
            return f"{many(int(value or 0), 'worker')} reported a problem with it"
        case "audit", "below":
            return f"drawn at random, as {percent(threshold)} of all items are, to see how good the labels are"
        case _:
            return str(why.get("words", "")) or said(why.get("signal", ""))


def keys(classes: Sequence[str]) -> list[str | None]:
    """Give the key that chooses each class: the digit that it is called, or its place among the first nine.

    >>> keys(["cat", "dog"]), keys(["0", "1"])
    (['1', '2'], ['0', '1'])
    """
    if all(len(name) == 1 and name in "0123456789" for name in classes):
        return list(classes)
    return [str(place) if place < 10 else None for place in range(1, len(classes) + 1)]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "said": said,
    "percent": percent,
    "at_least": at_least,
    "number": number,
    "duration": duration,
    "when": when,
    "size": size,
    "many": many,
    "reason": reason,
}
