"""Rules on workers as data: what is looked at, when it is enough, what is done, and what it would have done."""

from crowdqc.quality.rules.actions import ACTIONS, Action
from crowdqc.quality.rules.collectors import COLLECTORS, Collector, Key
from crowdqc.quality.rules.conditions import OPS, Condition
from crowdqc.quality.rules.dry_runs import DryRun, dry_run
from crowdqc.quality.rules.events import Events, InvalidEvents
from crowdqc.quality.rules.faults import InvalidRule
from crowdqc.quality.rules.figures import Figure, InvalidFigures, figures_of
from crowdqc.quality.rules.firings import Firing, Reason, evaluate
from crowdqc.quality.rules.looks import Looks
from crowdqc.quality.rules.measures import Measures, holds, measure
from crowdqc.quality.rules.presets import PRESETS, Preset, preset
from crowdqc.quality.rules.rule import Rule, begun, read_all
from crowdqc.quality.rules.windows import Window

__all__ = [
    "ACTIONS",
    "COLLECTORS",
    "OPS",
    "PRESETS",
    "Action",
    "Collector",
    "Condition",
    "DryRun",
    "Events",
    "Figure",
    "Firing",
    "InvalidEvents",
    "InvalidFigures",
    "InvalidRule",
    "Key",
    "Looks",
    "Measures",
    "Preset",
    "Reason",
    "Rule",
    "Window",
    "begun",
    "dry_run",
    "evaluate",
    "figures_of",
    "holds",
    "measure",
    "preset",
    "read_all",
]
