"""Rules to begin with, each with a sentence why; as data, so that a project can change them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from crowdqc.quality.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Preset:
    """A rule as JSON, and why somebody would want it."""

    why: str
    json: Mapping[str, object]


def _when(key: str, op: str, value: float) -> dict[str, object]:
    return {"key": key, "op": op, "value": value}


#: By name, which is that of the rule as well.
PRESETS: Mapping[str, Preset] = {
    "careless": Preset(
        "Whoever is surely wrong on more than four of ten items with known truth does harm; a day without work "
        "costs little, and afterwards they are judged anew.",
        {
            "collector": "gold",
            "window": {"answers": 200},
            "when": [_when("answers", "at_least", 10), _when("accuracy", "below", 0.6)],
            # whoever is good enough is ever acted on in one case of twenty at most
            "level": 0.9,
            "interval": "anytime",
            "action": {"kind": "restrict", "scope": "project", "hours": 24},
        },
    ),
    "spammer": Preset(
        "Answers that surely hardly depend on the items tell nothing; they are left out, and nobody is locked out "
        "by an estimate alone.",
        {
            "collector": "spammer",
            "when": [_when("answers", "at_least", 20), _when("score", "below", 0.1)],
            "action": {"kind": "exclude"},
        },
    ),
    "too_fast": Preset(
        "Nobody reads and decides in less than two seconds; fast alone is no fault, so others are asked about the "
        "same items and nobody is punished.",
        {
            "collector": "fast",
            "seconds": 2,
            "window": {"answers": 30},
            "when": [_when("answers", "at_least", 10), _when("rate", "above", 0.5)],
            "level": 0.9,
            "interval": "anytime",
            "action": {"kind": "ask_more", "answers": 1},
        },
    ),
    "skipping": Preset(
        "Ten skips in a row is somebody who looks for easy items, or items that are broken; an hour ends the "
        "first and shows the second.",
        {
            "collector": "skips",
            "window": {"days": 1},
            "when": [_when("in_a_row", "at_least", 10)],
            "action": {"kind": "restrict", "scope": "project", "hours": 1},
        },
    ),
    "drifting": Preset(
        "Who was good and has surely become worse may be tired, or somebody else; a person should ask.",
        {
            "collector": "drift",
            "when": [_when("q_value", "at_most", 0.05), _when("change", "below", -0.1)],
            "action": {"kind": "notify", "whom": "lead"},
        },
    ),
    "colluding": Preset(
        "The same mistakes beyond chance are evidence of copying or of two accounts, and never proof: a person "
        "looks.",
        {
            "collector": "collusion",
            "when": [_when("q_value", "at_most", 0.05), _when("shared", "at_least", 3)],
            "action": {"kind": "notify", "whom": "lead"},
        },
    ),
}


def preset(name: str) -> Rule:
    """Read a preset.

    >>> str(preset("careless").when[1]), preset("careless").window.answers
    ('accuracy below 0.6', 200)
    """
    return Rule.of({"name": name} | deepcopy(dict(PRESETS[name].json)))
