"""Certificates: what they promise holds at every look in simulated rounds, and they can be reckoned again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.certificates import (
    Audit,
    Certificate,
    InvalidAudit,
    InvalidCertificate,
    NotReproduced,
    Plan,
    audit_of,
    audits_needed,
    certify,
    verify,
)
from crowdqc.quality.confidence_sequences import log_evidence, most


def draw(rng: np.random.Generator, N: int, K: int, n: int) -> np.ndarray:
    """Look at n of N labels of which K are wrong."""
    return (rng.permutation(N)[:n] < K).astype(int)


@pytest.mark.parametrize(("N", "K"), [(2000, 100), (2000, 40), (500, 15)])
def test_stopping_when_it_looks_best_does_not_break_it(N: int, K: int) -> None:
    """The worst anybody can do: stop at the very look at which the bound lies below the truth."""
    rng, runs, level = np.random.default_rng(5), 400, 0.9
    wrong = 0
    for _ in range(runs):
        outcome = draw(rng, N, K, 200)
        audit = Audit.of(outcome, size=N)
        wrong += any(log_evidence(audit.draws(look), [K])[0] >= -np.log(1 - level) for look in Plan().used(audit))
    # what would hold is refused with a chance of a thousandth
    assert wrong <= 0.1 * runs + 3.1 * np.sqrt(0.09 * runs)
    assert wrong > 0


@pytest.mark.parametrize("plan", [Plan(), Plan((100, 200, 300)), Plan((300,))])
def test_the_promise_holds_of_the_corrected_release(plan: Plan) -> None:
    rng, N, K, runs, broken = np.random.default_rng(8), 1500, 45, 200, 0
    for _ in range(runs):
        outcome = draw(rng, N, K, 300)
        certificate = certify(Audit.of(outcome, size=N), level=0.9, plan=plan)
        broken += K - outcome.sum() > certificate.wrong_at_most
    assert broken <= 0.1 * runs + 3.1 * np.sqrt(0.09 * runs)


def test_stops_at_once_when_the_target_is_reached() -> None:
    """Audit one by one until 2% are promised, then stop: as a team would."""
    rng, N, runs, broken = np.random.default_rng(9), 3000, 120, 0
    for run in range(runs):
        K = (55, 60, 66, 75)[run % 4]
        outcome = draw(rng, N, K, 500)
        audit = Audit.of(outcome, size=N)
        promised = (look for look in range(100, 501, 20) if most(audit.draws(look), 0.9) <= 0.02 * N)
        look = next(promised, None)
        broken += look is not None and most(audit.draws(look), 0.9) < K
    assert broken <= 0.1 * runs


OUTCOMES = st.lists(st.sampled_from([0, 0, 0, 0, 1, -1]), min_size=1, max_size=40)


@given(OUTCOMES, st.integers(40, 300), st.integers(0, 50), st.sampled_from([0.8, 0.95]), st.booleans())
def test_is_reckoned_again_from_json(outcome: list[int], pool: int, known: int, level: float, fixed: bool) -> None:
    audit = Audit.of(outcome, size=pool + known, known=known)
    plan = Plan((len(outcome),)) if fixed else Plan()
    certificate = certify(audit, level=level, plan=plan, seed=4, release="7", corrected=not fixed)
    told = json.loads(json.dumps(certificate.to_json()))
    assert verify(Certificate.of(told)) == certificate
    assert audit_of(certificate).outcome.tolist() == outcome
    assert told["audited"] == len(outcome)
    for other in (certificate.wrong_at_most - 1, certificate.wrong_at_most + 1):
        with pytest.raises(NotReproduced):
            verify(replace(certificate, wrong_at_most=other))


def test_experts_who_decide_others_meanwhile() -> None:
    audit = Audit.of([0, 1, 0, 0, 0], size=120, known=20, pool=[100, 99, 98, 47, 46], elsewhere=[0, 0, 0, 8, 8])
    certificate = certify(audit, found_elsewhere=9)
    assert certificate.withdrawn == ((3, 47, 8),)
    assert verify(Certificate.of(certificate.to_json())) == certificate
    assert certificate.wrong_at_most == min(most(audit.draws(look)) for look in (1, 5)) - 10
    with pytest.raises(InvalidAudit, match="found otherwise"):
        certify(audit, found_elsewhere=7)
    with pytest.raises(InvalidAudit, match="fixed looks"):
        certify(audit, plan=Plan((5,)))


def test_who_is_unsure_has_found_nothing_right() -> None:
    wrong, unsure, right = (certify(Audit.of([0] * 50 + [last], size=400)) for last in (1, -1, 0))
    assert unsure.wrong_at_most == wrong.wrong_at_most + 1  # for it is not corrected
    assert right.wrong_at_most <= wrong.wrong_at_most


def test_the_best_look_counts_but_not_below_what_is_known() -> None:
    audit = Audit.of([0] * 300 + [1] * 20, size=1000)
    certificate = certify(audit, corrected=False)
    assert certificate.wrong_at_most == max(most(audit.draws(300)), 20)


def test_everything_audited_is_certain() -> None:
    certificate = certify(Audit.of([0] * 9 + [1], size=10))
    assert certificate.wrong_at_most == 0
    assert certificate.right == 1
    assert certificate.words() == (
        "At least 100% of these 10 labels are right, at 95% confidence, from 10 audited items."
    )


def test_nothing_audited_promises_nothing() -> None:
    certificate = certify(Audit.of([], size=10, known=4))
    assert certificate.wrong_at_most == 6
    assert verify(certificate) == certificate


def test_words_of_a_plan_with_known_labels() -> None:
    certificate = certify(Audit.of([0] * 200, size=5000, known=1000), plan=Plan((200,)), level=0.9)
    assert certificate.words() == (
        "At least 99.12% of these 5,000 labels are right, at 90% confidence, from 200 audited items as planned; "
        "1,000 others had been decided by experts."
    )


def test_what_is_refused() -> None:
    with pytest.raises(InvalidAudit, match="uniform"):
        certify(Audit.of([0, 0], size=9, probability=[0.1, 0.2]))
    with pytest.raises(InvalidAudit, match="first planned look"):
        certify(Audit.of([0, 0], size=9), plan=Plan((3,)))
    good = certify(Audit.of([0, 1], size=9)).to_json()
    for part, bad in {
        "size": "9", "outcomes": "1x", "level": 1.5, "plan": {"looks": [0]}, "withdrawn": [[1]], "corrected": 1,
    }.items():  # fmt: skip
        with pytest.raises(InvalidCertificate) as no:
            Certificate.of(good | {part: bad})
        assert [error["where"] for error in no.value.errors] == [part]
    with pytest.raises(InvalidCertificate):
        Certificate.of(None)
    with pytest.raises(NotReproduced, match="not known"):
        verify(Certificate.of(good | {"method": "by feeling"}))
    with pytest.raises(NotReproduced, match="another method"):
        verify(Certificate.of(good | {"method": "hypergeometric, 1"}))


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("wrong", [0, 1, 3])
def test_as_many_audits_as_are_needed_and_no_fewer(wrong: int, sequential: bool) -> None:
    n = audits_needed(0.02, 4000, wrong=wrong, known=500, sequential=sequential)
    assert n is not None

    def share(audited: int) -> float:
        plan = Plan() if sequential else Plan((audited,))
        audit = Audit.of([1] * wrong + [0] * (audited - wrong), size=4000, known=500)
        return 1 - certify(audit, plan=plan).right

    assert share(n) <= 0.02 + 1e-12 < share(n - 1)


def test_audits_that_can_never_do() -> None:
    assert audits_needed(0.0, 100, wrong=2, corrected=False) is None
    assert audits_needed(0.0, 100, sequential=False) == 95  # whoever misses one of 100 has a chance of 1 in 20
    assert audits_needed(0.5, 100, wrong=101) is None
    with pytest.raises(InvalidAudit):
        audits_needed(1.5, 100)
