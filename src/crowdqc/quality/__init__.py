"""What crowdqc thinks: arrays in, arrays out; numpy and scipy alone.

>>> votes = Votes.of(
...     items=["i1", "i1", "i1", "i2", "i2", "i2", "i3", "i3"],
...     workers=["ann", "bob", "cid", "ann", "bob", "cid", "ann", "bob"],
...     labels=["cat", "cat", "dog", "dog", "dog", "dog", "cat", "dog"],
... )
>>> judgement = judge(Problem(votes, gold=Gold.of(votes, {"i2": "dog"}), method="majority_vote", resamples=0))
>>> [votes.classes[code] for code in judgement.items.label]
['cat', 'dog', 'cat']
>>> judgement.workers.gold_correct.tolist(), judgement.workers.gold_low.round(2).tolist()
([1, 1, 1], [0.15, 0.15, 0.15])
>>> judgement.routes.names(), [reason.words for reason in judgement.routes.reasons[2]]
(['review', 'accept', 'review'],
 ['the answers are tied', 'confidence 0.50 is below 0.80', 'agreement 0.00 is below 0.30'])
"""

from crowdqc.quality.aggregation import (
    METHODS,
    Aggregator,
    Auto,
    Consensus,
    DawidSkene,
    MajorityVote,
    ModelAware,
    decide,
    method,
)
from crowdqc.quality.aggregation.streaming import Stream
from crowdqc.quality.agreement import (
    Agreement,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    measure_agreement,
    percent_agreement,
)
from crowdqc.quality.calibration import Calibration, calibration
from crowdqc.quality.evaluation import Evaluation, evaluate
from crowdqc.quality.gold import Gold
from crowdqc.quality.intervals import beta_interval
from crowdqc.quality.items import Gains, ItemScores, expected_gains, score_items
from crowdqc.quality.judgement import Judgement, Problem, judge
from crowdqc.quality.predictions import Contradictions, Predictions, contradictions
from crowdqc.quality.routing import (
    ROUTES,
    SIGNALS,
    Condition,
    Policy,
    Reason,
    Routes,
    Signals,
    condition,
)
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import WorkerEvidence, WorkerScores, examine, score_workers

__all__ = [
    "METHODS",
    "ROUTES",
    "SIGNALS",
    "Aggregator",
    "Agreement",
    "Auto",
    "Calibration",
    "Condition",
    "Consensus",
    "Contradictions",
    "DawidSkene",
    "Evaluation",
    "Gains",
    "Gold",
    "ItemScores",
    "Judgement",
    "MajorityVote",
    "ModelAware",
    "Policy",
    "Predictions",
    "Problem",
    "Reason",
    "Routes",
    "Signals",
    "Simulation",
    "Stream",
    "Votes",
    "WorkerEvidence",
    "WorkerScores",
    "beta_interval",
    "calibration",
    "condition",
    "contradictions",
    "decide",
    "evaluate",
    "examine",
    "expected_gains",
    "fleiss_kappa",
    "gwet_ac1",
    "judge",
    "krippendorff_alpha",
    "measure_agreement",
    "method",
    "percent_agreement",
    "score_items",
    "score_workers",
]
