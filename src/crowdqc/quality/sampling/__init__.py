"""Nine ways of choosing items to look at, one small file each; a queue of them, shares that follow yield."""

from crowdqc.quality.sampling.ensemble import EnsembleDisagreement
from crowdqc.quality.sampling.evidence import InvalidPool
from crowdqc.quality.sampling.inconsistency import Inconsistency
from crowdqc.quality.sampling.instability import Instability
from crowdqc.quality.sampling.known_errors import KnownErrors
from crowdqc.quality.sampling.low_confidence import LowConfidence
from crowdqc.quality.sampling.near_duplicates import NearDuplicates
from crowdqc.quality.sampling.outliers import Outliers
from crowdqc.quality.sampling.pool import MissingEvidence, Pool
from crowdqc.quality.sampling.queue import InvalidQueue, Part, Queue, QueuePlan
from crowdqc.quality.sampling.ranking import Ranking, Sampler
from crowdqc.quality.sampling.registry import SAMPLERS, InvalidSampler, sampler, written
from crowdqc.quality.sampling.search import Search
from crowdqc.quality.sampling.shares import SHARINGS, Equal, Sharing, Thompson, UpperBound, sharing
from crowdqc.quality.sampling.stratified import Stratified
from crowdqc.quality.sampling.suspected import SuspectedErrors
from crowdqc.quality.sampling.teacher import TeacherDisagreement
from crowdqc.quality.sampling.uniform import Uniform
from crowdqc.quality.sampling.yields import InvalidYields, Yields

__all__ = [
    "SAMPLERS",
    "SHARINGS",
    "EnsembleDisagreement",
    "Equal",
    "Inconsistency",
    "Instability",
    "InvalidPool",
    "InvalidQueue",
    "InvalidSampler",
    "InvalidYields",
    "KnownErrors",
    "LowConfidence",
    "MissingEvidence",
    "NearDuplicates",
    "Outliers",
    "Part",
    "Pool",
    "Queue",
    "QueuePlan",
    "Ranking",
    "Sampler",
    "Search",
    "Sharing",
    "Stratified",
    "SuspectedErrors",
    "TeacherDisagreement",
    "Thompson",
    "Uniform",
    "UpperBound",
    "Yields",
    "sampler",
    "sharing",
    "written",
]
