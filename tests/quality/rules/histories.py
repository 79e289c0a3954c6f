"""Arbitrary small histories and rules to test with."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from crowdqc.quality.rules import COLLECTORS, DryRun, Events, Rule

WORKERS = ("ann", "bob", "cid")
#: Collectors that look at events, and those that look at figures.
WINDOWED = [name for name, source in COLLECTORS.items() if source.outcome is not None]
GIVEN = [name for name, source in COLLECTORS.items() if source.outcome is None]


@st.composite
def events(draw: st.DrawFn, most: int = 40) -> Events:
    """Few workers, many ties in time, everything known or not."""
    n = draw(st.integers(0, most))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 30)))
    day = draw(st.sampled_from([1.0, 3600.0, 86_400.0]))
    return Events.of(
        [WORKERS[code] for code in rng.integers(3, size=n)],
        rng.integers(0, 12, size=n) * day,
        seconds=np.where(rng.random(n) < 0.2, np.nan, rng.integers(0, 5, size=n)),
        gold=rng.choice([-1, 0, 0, 1], size=n),
        agreed=rng.choice([-1, 0, 1], size=n),
        accepted=rng.choice([-1, 0, 1], size=n),
        skipped=rng.random(n) < 0.3,
        among=WORKERS,
    )


def conditions(collector: str, *, most: int = 6) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Conditions whose thresholds lie in the range of their keys."""

    def one(name: str) -> st.SearchStrategy[dict[str, Any]]:
        key = COLLECTORS[collector].keys[name]
        shares = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.6, 0.75, 0.9, 1.0])
        value = st.integers(0, most) if key.whole else shares
        ops = st.sampled_from(["below", "at_most", "at_least", "above"])
        return st.fixed_dictionaries({"key": st.just(name), "op": ops, "value": value})

    return st.lists(st.sampled_from(sorted(COLLECTORS[collector].keys)).flatmap(one), min_size=1, max_size=3)


@st.composite
def rules_json(draw: st.DrawFn, collectors: list[str] = WINDOWED) -> dict[str, Any]:
    """Rules without faults, save that some can never fire."""
    collector = draw(st.sampled_from(collectors))
    windows = st.fixed_dictionaries(
        {"answers": st.none() | st.integers(1, 6), "days": st.none() | st.sampled_from([0.5, 1, 4])}
    )
    acts = st.sampled_from(
        [
            {"kind": "restrict", "scope": "all", "hours": 48},
            {"kind": "restrict", "hours": None},
            {"kind": "restrict", "hours": 0.001},
            {"kind": "set_skill", "skill": "care", "value": 0.5},
            {"kind": "ask_more", "answers": 2},
            {"kind": "discount", "weight": 0.25},
            {"kind": "exclude"},
            {"kind": "pay", "pay": False},
            {"kind": "notify", "whom": "both"},
        ]
    )
    return {
        "name": draw(st.text(min_size=1, max_size=9).filter(str.strip)),
        "version": draw(st.integers(1, 99)),
        "collector": collector,
        **({"seconds": 2.5} if COLLECTORS[collector].timed else {}),
        "window": draw(windows) if collector in WINDOWED else None,
        "when": draw(conditions(collector)),
        "sure": draw(st.booleans()),
        "level": draw(st.sampled_from([0.5, 0.8, 0.95])),
        "interval": draw(st.sampled_from(["anytime", "one_look"])) if collector in WINDOWED else "one_look",
        "action": draw(acts),
    }


def rule(collector: str = "gold", *when: tuple[str, str, float], **parts: Any) -> Rule:
    """A rule with what matters to the test, and the rest anyhow."""
    conditions = [{"key": key, "op": op, "value": value} for key, op, value in when]
    return Rule.of({"name": "r", "collector": collector, "when": conditions, "action": {"kind": "notify"}} | parts)


def actions(found: DryRun) -> list[tuple[int, int, float, int]]:
    """What was done: worker, row, until, lost."""
    columns = (found.acted, found.row, found.until, found.lost)
    return list(zip(*(column.tolist() for column in columns), strict=True))
