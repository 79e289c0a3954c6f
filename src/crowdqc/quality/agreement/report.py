"""All coefficients of agreement that suit a scale, at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.quality.agreement.alpha import Scale, alpha
from crowdqc.quality.agreement.cells import Items
from crowdqc.quality.agreement.cohen import two
from crowdqc.quality.agreement.conger import conger
from crowdqc.quality.agreement.distances import Nominal
from crowdqc.quality.agreement.gwet import gwet
from crowdqc.quality.agreement.intraclass import Kind, is_complete, one_way, two_way
from crowdqc.quality.agreement.kappas import brennan, fleiss
from crowdqc.quality.agreement.measure import Agreement, Estimate, InvalidAgreement, measure_together
from crowdqc.quality.agreement.numeric import by_number
from crowdqc.quality.agreement.percent import consensus, percent
from crowdqc.quality.agreement.weights import Weights, weighted
from crowdqc.quality.votes import Votes

#: Weights that suit a scale.
WEIGHTS: dict[Scale, Weights] = {
    "nominal": "identity",
    "ordinal": "quadratic",
    "interval": "quadratic",
    "ratio": "ratio",
}


def measure_agreement(
    votes: Votes,
    *,
    scale: Scale = "nominal",
    values: ArrayLike | None = None,
    weights: Weights | None = None,
    intervals: Literal["analytic", "bootstrap"] | None = "analytic",
    level: float = 0.95,
    resamples: int = 200,
    seed: int = 0,
) -> Mapping[str, Agreement]:
    """Compute every coefficient that suits the scale.

    `percent_agreement` and `consensus_agreement` ask for the same class, or the same number, whatever the scale;
    `krippendorff_alpha` measures distance by the scale; the kappas (`fleiss_kappa`, `conger_kappa`, `cohen_kappa`
    and `scott_pi` as means over pairs of workers, `brennan_prediger`, `gwet_ac1`, which is called `gwet_ac2`
    where it is weighted) take weights. Numbers also have `icc1` and `icc1k`, and `icc2`, `icc3`, `icc2k`, `icc3k`
    where every worker answered every item.

    Parameters
    ----------
    scale
        "nominal"; "ordinal", in the declared order of the classes; "interval" or "ratio", for numbers.
    values
        The number that each class stands for, float64[K], for "interval" and "ratio"; None reads their names. For
        "ordinal", the order of the classes; None takes the declared one. Classes that were sorted as text need it:
        there 10 stands before 9.
    weights
        Of the kappas (see `weighted`); None takes quadratic ones for "ordinal" and "interval", those of the ratio
        for "ratio". A table is in the order of the declared classes, which for numbers is their rising order.
    intervals
        "analytic"; "bootstrap" by `resamples` draws of items, the same for all coefficients, but for those that
        compare worker with worker, whose interval is analytic; None for none: low, high and error are then NaN.

    Returns
    -------
    Mapping
        From the name of a coefficient to its value, interval, and the items and answers it rests on.

    Examples
    --------
    >>> from crowdqc.quality.examples import anaesthetists
    >>> patient, observer, _, fitness = zip(*anaesthetists(), strict=True)
    >>> found = measure_agreement(Votes.of(patient, observer, fitness), scale="ordinal")
    >>> for name, each in found.items():
    ...     print(f"{name:20} {each.value:.3f} [{each.low:.3f}, {each.high:.3f}]")
    percent_agreement    0.724 [0.641, 0.808]
    consensus_agreement  0.840 [0.788, 0.892]
    krippendorff_alpha   0.812 [0.720, 0.904]
    fleiss_kappa         0.797 [0.705, 0.889]
    gwet_ac2             0.904 [0.862, 0.946]
    brennan_prediger     0.874 [0.830, 0.917]
    conger_kappa         0.798 [0.706, 0.889]
    cohen_kappa          0.800 [0.715, 0.885]
    scott_pi             0.798 [0.711, 0.885]
    """
    if scale not in get_args(Scale):
        raise InvalidAgreement(f"scale is {scale!r}; it must be one of {', '.join(get_args(Scale))}.")
    if intervals not in ("analytic", "bootstrap", None):
        raise InvalidAgreement(f"intervals is {intervals!r}; it must be 'analytic', 'bootstrap' or None.")
    votes, number = votes.once(), None
    if scale in ("interval", "ratio") or (scale == "ordinal" and values is not None):
        votes, number = by_number(votes, values)
    if scale == "ordinal":
        number = None  # the order of numbers counts, not how far they lie apart
    distance = weighted(WEIGHTS[scale] if weights is None else weights, votes.n_classes, number)
    items = Items.of(votes)
    rows = Items.of(votes, alike=True) if intervals == "bootstrap" else items

    counted: dict[str, Estimate] = {
        "percent_agreement": percent(rows, Nominal()),
        "consensus_agreement": consensus(rows),
        "krippendorff_alpha": alpha(rows, scale, votes.classes, number),
        "fleiss_kappa": fleiss(rows, distance),
        "gwet_ac1" if isinstance(distance, Nominal) else "gwet_ac2": gwet(rows, distance),
        "brennan_prediger": brennan(rows, distance),
    }
    cohen, scott = two(votes, distance, "own", "pooled", errors=intervals is not None)
    by_worker: dict[str, Estimate] = {
        "conger_kappa": conger(votes, items, distance),
        "cohen_kappa": cohen,
        "scott_pi": scott,
    }
    if number is not None:
        counted |= {"icc1": one_way(rows, number, mean=False), "icc1k": one_way(rows, number, mean=True)}
        if is_complete(votes):
            kinds: tuple[Kind, ...] = ("ICC2", "ICC3", "ICC2k", "ICC3k")
            by_worker |= {kind.replace("ICC", "icc"): two_way(votes, number, kind) for kind in kinds}

    rng = np.random.default_rng(seed)
    analytic: Literal["analytic"] | None = "analytic" if intervals else None
    how = rng if intervals == "bootstrap" else analytic
    found = measure_together(list(counted.values()), intervals=how, level=level, resamples=resamples)
    others = measure_together(list(by_worker.values()), intervals=analytic, level=level, resamples=resamples)
    return dict(zip([*counted, *by_worker], [*found, *others], strict=True))
