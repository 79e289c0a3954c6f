"""How good each worker is, and what speaks of something amiss; all with its uncertainty."""

from crowdqc.quality.workers.backing import Backing
from crowdqc.quality.workers.collusion import Collusion, CollusionTest
from crowdqc.quality.workers.columns import InvalidColumn, beside
from crowdqc.quality.workers.costs import WorkerCosts, expected_costs, score_costs
from crowdqc.quality.workers.discoveries import q_values
from crowdqc.quality.workers.drift import Drifts, DriftTest
from crowdqc.quality.workers.evidence import WorkerEvidence, examine
from crowdqc.quality.workers.findings import Findings
from crowdqc.quality.workers.matrices import Matrices
from crowdqc.quality.workers.positions import Leanings, PositionTest
from crowdqc.quality.workers.recalls import Recalls, score_recalls
from crowdqc.quality.workers.scores import WorkerScores, score_workers
from crowdqc.quality.workers.spammers import Spammers, score_spammers, spammer_score
from crowdqc.quality.workers.speed import Speeds, SpeedTest

__all__ = [
    "Backing",
    "Collusion",
    "CollusionTest",
    "DriftTest",
    "Drifts",
    "Findings",
    "InvalidColumn",
    "Leanings",
    "Matrices",
    "PositionTest",
    "Recalls",
    "Spammers",
    "SpeedTest",
    "Speeds",
    "WorkerCosts",
    "WorkerEvidence",
    "WorkerScores",
    "beside",
    "examine",
    "expected_costs",
    "q_values",
    "score_costs",
    "score_recalls",
    "score_spammers",
    "score_workers",
    "spammer_score",
]
