"""What a round came to, on rounds so small that it can be reckoned by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crowdqc.quality.certificates import Audit, Certificate, StopRule, certify, verify
from crowdqc.quality.rounds import Looked, Outcome, conclude

RIGHT, WRONG, UNSURE, UNSEEN = 0, 1, -1, -2
CLASSES = ["cat", "dog", "fox"]


def looked(
    outcome: Sequence[int],
    *,
    draw: Sequence[int] | None = None,
    suspect: Sequence[int] | None = None,
    label: Sequence[int] | None = None,
    decided: Sequence[int] | None = None,
) -> Looked:
    """Make a round of which all is random, unless more is said."""
    n = len(outcome)
    draws = np.arange(n) if draw is None else np.asarray(draw)
    places = np.full(n, -1) if suspect is None else np.asarray(suspect)
    return Looked(
        outcome=np.array(outcome, dtype=np.int8),
        label=np.array([0] * n if label is None else label, dtype=np.int32),
        decided=np.array([0] * n if decided is None else decided, dtype=np.int32),
        suspect=places.astype(np.int32),
        draw=draws.astype(np.int32),
        chosen=np.stack([draws >= 0, places >= 0], axis=1),
        names=("random", "suspects"),
    )


def told(seen: Looked, top: int = 0, size: int = 1000, free: int = 1000, **more: object) -> Outcome:
    return conclude(seen, StopRule(top=top, target=0.05), CLASSES, size=size, n_free=free, **more)  # type: ignore[arg-type]


#: Nine items: four drawn, six suspects (one of them drawn as well).
SMALL = looked(
    [WRONG, RIGHT, WRONG, UNSURE, WRONG, UNSEEN, RIGHT, WRONG, RIGHT],
    draw=[-1, 0, -1, -1, 1, -1, 2, -1, 3],
    suspect=[0, -1, 1, 2, 3, 4, -1, 5, -1],
    label=[0, 0, 0, 1, 2, 0, 1, 1, 2],
    decided=[1, 0, 1, -1, 0, -1, 1, 0, 2],
)


def test_counts_by_hand() -> None:
    found = told(SMALL)
    assert (found.looked, found.wrong, found.unsure, found.unseen) == (8, 4, 1, 1)
    assert found.pairs == (("cat", "dog", 2), ("dog", "cat", 1), ("fox", "cat", 1))
    [precision] = found.precision
    assert (precision.at, precision.looked, precision.errors, precision.share) == (10, 5, 4, 0.8)
    assert 0.3 < precision.low < 0.8 < precision.high < 1
    assert found.yields.names == ("random", "suspects")
    assert found.yields.looked.tolist() == [4, 5]
    assert found.yields.found.tolist() == [1, 4]
    assert (found.audited, found.waiting) == (4, 0)


def test_the_rate_and_the_certificate_are_those_of_the_draws() -> None:
    found = told(SMALL, size=1200, free=1000, seed=7, release="r1")
    assert found.rate is not None
    assert (found.rate.value, found.rate.looked, found.rate.size) == (0.25, 4, 1000)
    by_hand = certify(
        Audit.of([0, 1, 0, 0], size=1200, known=200), found_elsewhere=3, seed=7, release="r1", level=0.95
    )
    assert found.certificate == by_hand
    assert verify(Certificate.of(json.loads(json.dumps(by_hand.to_json())))) == by_hand


def test_precision_at_more_and_more() -> None:
    n = 30
    seen = looked([WRONG] * 8 + [RIGHT] * 22, draw=[-1] * n, suspect=range(n))
    assert [(each.at, each.looked, each.errors) for each in told(seen).precision] == [
        (10, 10, 8),
        (20, 20, 8),
        (50, 30, 8),
    ]


def test_precision_is_told_no_farther_than_half_was_looked_at() -> None:
    # the first 30, and one of the random sample far down the list
    seen = looked([WRONG] * 30 + [RIGHT], draw=[-1] * 30 + [0], suspect=[*range(30), 450])
    assert [(each.at, each.looked) for each in told(seen).precision] == [(10, 10), (20, 20), (50, 30)]


def test_draws_count_up_to_the_first_that_nobody_has_looked_at() -> None:
    # the hard one is left for later, and what comes after it waits with it
    seen = looked([RIGHT, RIGHT, UNSEEN, RIGHT, WRONG, UNSEEN], draw=[0, 1, 2, 3, 4, 5])
    found = told(seen)
    assert (found.audited, found.waiting) == (2, 2)
    assert found.certificate is not None
    assert (found.certificate.outcomes, found.certificate.found_elsewhere) == ("2r", 1)
    done = told(looked([RIGHT, RIGHT, UNSURE, RIGHT, WRONG, RIGHT]))
    assert done.certificate is not None
    assert (done.audited, done.waiting, done.certificate.outcomes) == (6, 0, "2r 1u 1r 1w 1r")


def test_the_order_of_draws_is_theirs_not_that_of_the_rows() -> None:
    found = told(looked([WRONG, RIGHT, RIGHT], draw=[2, 1, 0]))
    assert found.certificate is not None
    assert found.certificate.outcomes == "2r 1w"


def test_who_is_unsure_has_not_found_a_label_right() -> None:
    sure, unsure = (told(looked([RIGHT] * 99 + [last])) for last in (RIGHT, UNSURE))
    assert sure.rate is not None
    assert unsure.rate is not None
    assert unsure.certificate is not None
    assert (sure.rate.value, unsure.rate.value, unsure.rate.unsure) == (0, 0.01, 1)
    corrected = told(looked([RIGHT] * 99 + [WRONG])).certificate
    assert corrected is not None
    # the wrong one is right by now, the unsure one is not
    assert unsure.certificate.wrong_at_most == corrected.wrong_at_most + 1


def test_where_no_draw_was_looked_at_nothing_is_promised() -> None:
    for seen in (looked([UNSEEN, RIGHT]), looked([WRONG], draw=[-1], suspect=[0]), looked([])):
        found = told(seen)
        assert (found.rate, found.certificate, found.verdict, found.audited) == (None, None, None, 0)
    assert told(looked([UNSEEN, RIGHT])).waiting == 1


@pytest.mark.parametrize(
    ("outcome", "met"),
    [
        ([RIGHT, RIGHT, WRONG], True),
        ([RIGHT, WRONG, RIGHT], False),
        ([RIGHT, UNSURE, RIGHT], False),
        ([UNSEEN, RIGHT, RIGHT], False),
    ],
)
def test_the_first_confident_mistakes_must_be_looked_at_and_right(outcome: list[int], met: bool) -> None:
    drawn = [RIGHT] * 300
    seen = looked(outcome + drawn, draw=[-1] * 3 + [*range(300)], suspect=[0, 1, 2] + [-1] * 300)
    found = told(seen, top=2)
    assert found.verdict is not None
    assert [part.met for part in found.verdict.parts] == [met, True]
    assert found.verdict.stop is met


def test_each_round_asks_for_more_than_the_one_before() -> None:
    """The verdict of round n spends 1/(n (n + 1)) of the error: 1/2, 1/6, 1/12, ... which sum to all of it."""
    seen, wrong = looked([RIGHT] * 200), []
    for number in (1, 2, 3):
        found = told(seen, number=number)
        assert found.verdict is not None
        assert found.certificate is not None
        assert found.certificate == told(seen).certificate
        at = certify(Audit.of([RIGHT] * 200, size=1000), level=1 - 0.05 / (number * (number + 1)))
        assert found.verdict.parts[0].value == pytest.approx(at.wrong_at_most / 1000)
        wrong.append(found.verdict.parts[0].value)
    assert wrong == sorted(wrong)
    assert wrong[0] < wrong[2]
    assert sum(1 / (n * (n + 1)) for n in range(1, 10_000)) == pytest.approx(1, abs=1e-3)


def test_is_written_as_strict_json() -> None:
    for seen in (SMALL, looked([UNSEEN]), looked([])):
        text = json.dumps(told(seen, top=1).to_json(), allow_nan=False)
        assert {"looked", "precision", "yields", "certificate", "verdict"} <= json.loads(text).keys()


OUTCOMES = st.lists(st.sampled_from([RIGHT, WRONG, UNSURE, UNSEEN]), min_size=1, max_size=40)


@given(OUTCOMES, st.data())
def test_what_holds_for_every_round(outcome: list[int], data: st.DataObject) -> None:
    n = len(outcome)
    drawn = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    draw = np.where(drawn, np.cumsum(drawn) - 1, -1)
    seen = looked(outcome, draw=draw.tolist(), suspect=data.draw(st.permutations(range(n))), decided=[1] * n)
    found = told(seen, size=100, free=80)
    assert found.looked + found.unseen == n
    assert found.audited + found.waiting == sum(drawn) - sum(
        each == UNSEEN for each, random in zip(outcome, drawn, strict=True) if random
    )
    assert sum(each[2] for each in found.pairs) == found.wrong
    if found.certificate is not None:
        told_wrong = found.certificate.outcomes.count("w")
        assert (told_wrong > 0) <= (found.wrong > 0)
        # so many are wrong and were not corrected, for nobody could tell
        assert 80 - found.wrong >= found.certificate.wrong_at_most >= 0
        assert verify(found.certificate) == found.certificate


@given(OUTCOMES, st.integers(0, 39))
def test_to_look_at_one_more_never_takes_a_counted_draw_back(outcome: list[int], at: int) -> None:
    before = told(looked(outcome))
    more = [RIGHT if place == at and each == UNSEEN else each for place, each in enumerate(outcome)]
    after = told(looked(more))
    assert after.audited >= before.audited
    if before.certificate is not None and after.certificate is not None:
        assert after.certificate.wrong_at_most <= before.certificate.wrong_at_most
