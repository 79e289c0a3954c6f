"""How far workers say the same, over all items, with intervals."""

from crowdqc.quality.agreement.coefficients import (
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from crowdqc.quality.agreement.measure import Agreement, InvalidAgreement

__all__ = [
    "Agreement",
    "InvalidAgreement",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "percent_agreement",
]
