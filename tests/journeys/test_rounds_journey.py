"""Three rounds on digits of which 5% bear a wrong label: nearly all are found, and the certificates hold."""

from __future__ import annotations

import pytest

from app.factory import create_app
from crowdqc import jobs
from crowdqc.assembly import Installation
from crowdqc.quality.certificates import Certificate, verify
from crowdqc.roles import Role
from tests.app.doors import Entrance
from tests.ground import loop
from tests.ground.clock import Clock

pytest.importorskip("sklearn", reason="the classifier is scikit-learn's")


def test_three_rounds_find_the_wrong_labels(installation: Installation, clock: Clock) -> None:
    entrance = Entrance(create_app(installation), installation)
    digits = loop.Digits.flipped(0.05, seed=1)
    wrong = len(digits.flips)
    told = loop.run(
        entrance.door(Role.REQUESTER),
        entrance.door(Role.EXPERT),
        lambda: settle(installation, clock),
        digits,
        rounds=3,
        plan={"size": 90, "random": 0.15, "stop": {"top": 30, "target": 0.05}},
    )
    assert told.reviews <= 3 * wrong
    assert len(told.found) >= 0.95 * wrong
    assert [each["round"]["state"] for each in told.rounds] == ["ended"] * 3
    left = wrong
    for each in told.rounds:
        result = each["result"]
        left -= result["wrong"]
        certificate = Certificate.of(result["certificate"])
        assert verify(certificate) == certificate
        assert certificate.wrong_at_most >= left
        assert result["unseen"] == 0
    assert left == wrong - len(told.found)


def settle(installation: Installation, clock: Clock) -> None:
    """Have all jobs done, those as well that are due in a while."""
    while jobs.perform_due(installation):
        clock.advance(60)
    clock.advance(60)
    jobs.perform_due(installation)
