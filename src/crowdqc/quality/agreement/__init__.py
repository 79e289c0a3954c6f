"""How far workers say the same: over all items, by pair, class and slice, and of one worker who is asked twice."""

from crowdqc.quality.agreement.alpha import krippendorff_alpha
from crowdqc.quality.agreement.classes import ClassAgreement, per_class
from crowdqc.quality.agreement.cohen import cohen_kappa, scott_pi
from crowdqc.quality.agreement.conger import conger_kappa
from crowdqc.quality.agreement.gwet import gwet_ac1, gwet_ac2
from crowdqc.quality.agreement.intraclass import intraclass_correlation
from crowdqc.quality.agreement.jackknife import over_workers
from crowdqc.quality.agreement.kappas import brennan_prediger, fleiss_kappa
from crowdqc.quality.agreement.measure import Agreement, InvalidAgreement
from crowdqc.quality.agreement.numeric import votes_of
from crowdqc.quality.agreement.pairs import WorkerPairs, worker_pairs
from crowdqc.quality.agreement.percent import consensus_agreement, percent_agreement
from crowdqc.quality.agreement.report import measure_agreement
from crowdqc.quality.agreement.retest import Retest, retest
from crowdqc.quality.agreement.slices import per_slice
from crowdqc.quality.agreement.weights import weighted

__all__ = [
    "Agreement",
    "ClassAgreement",
    "InvalidAgreement",
    "Retest",
    "WorkerPairs",
    "brennan_prediger",
    "cohen_kappa",
    "conger_kappa",
    "consensus_agreement",
    "fleiss_kappa",
    "gwet_ac1",
    "gwet_ac2",
    "intraclass_correlation",
    "krippendorff_alpha",
    "measure_agreement",
    "over_workers",
    "per_class",
    "per_slice",
    "percent_agreement",
    "retest",
    "scott_pi",
    "votes_of",
    "weighted",
    "worker_pairs",
]
