"""Where an item goes next and why: conditions on signals, and ordered rules made of them."""

from crowdqc.quality.routing.condition import OPS, Condition, InvalidCondition, Reason, condition
from crowdqc.quality.routing.policy import ROUTES, InvalidPolicy, Policy, Route, Routes, Rule
from crowdqc.quality.routing.signals import SIGNALS, InvalidSignals, Signal, Signals, audit_draws

__all__ = [
    "OPS",
    "ROUTES",
    "SIGNALS",
    "Condition",
    "InvalidCondition",
    "InvalidPolicy",
    "InvalidSignals",
    "Policy",
    "Reason",
    "Route",
    "Routes",
    "Rule",
    "Signal",
    "Signals",
    "audit_draws",
    "condition",
]
