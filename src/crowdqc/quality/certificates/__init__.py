"""Knowing when to stop: audits, the share of wrong labels, stop rules, and certificates that all can reckon."""

from crowdqc.quality.certificates.assisted import AssistedRate, assisted_rate
from crowdqc.quality.certificates.audit import Audit, InvalidAudit
from crowdqc.quality.certificates.certificate import (
    Certificate,
    InvalidCertificate,
    NotReproduced,
    audit_of,
    certify,
    verify,
)
from crowdqc.quality.certificates.error_rate import ErrorRate, error_rate, error_rate_by_class
from crowdqc.quality.certificates.planning import audits_needed
from crowdqc.quality.certificates.plans import Plan
from crowdqc.quality.certificates.stop_rule import InvalidStopRule, Part, StopRule, Verdict, evaluate

__all__ = [
    "AssistedRate",
    "Audit",
    "Certificate",
    "ErrorRate",
    "InvalidAudit",
    "InvalidCertificate",
    "InvalidStopRule",
    "NotReproduced",
    "Part",
    "Plan",
    "StopRule",
    "Verdict",
    "assisted_rate",
    "audit_of",
    "audits_needed",
    "certify",
    "error_rate",
    "error_rate_by_class",
    "evaluate",
    "verify",
]
