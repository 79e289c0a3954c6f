"""How healthy the gold is: what of it is suspect, worn out, known to the workers, or lacking."""

from crowdqc.quality.gold_health.balance import Balance
from crowdqc.quality.gold_health.exposures import Exposures
from crowdqc.quality.gold_health.health import GoldHealth, examine_gold
from crowdqc.quality.gold_health.leaks import Ease, Leaks
from crowdqc.quality.gold_health.suspects import Suspects
from crowdqc.quality.gold_health.trends import Trends
from crowdqc.quality.gold_health.words import ITEM_KINDS, KINDS, GoldFinding

__all__ = [
    "ITEM_KINDS",
    "KINDS",
    "Balance",
    "Ease",
    "Exposures",
    "GoldFinding",
    "GoldHealth",
    "Leaks",
    "Suspects",
    "Trends",
    "examine_gold",
]
