"""Numeric answers as votes."""

from __future__ import annotations

import pytest

from crowdqc.quality.agreement import intraclass_correlation, krippendorff_alpha, votes_of
from crowdqc.quality.ratings.ratings import Ratings
from crowdqc.quality.votes import Votes


def test_ratings_are_measured_like_votes_of_the_same_numbers() -> None:
    items, workers, numbers = [1, 1, 2, 2, 3, 3], list("ababab"), [0.5, 1.5, 10.25, 9, 3, 3]
    votes = votes_of(Ratings.of(items, workers, numbers))
    assert votes.classes == ("0.5", "1.5", "3.0", "9.0", "10.25")
    named = Votes.of(items, workers, [str(number) for number in numbers])
    for scale in ("interval", "ratio"):
        one, two = (krippendorff_alpha(each, scale=scale).value for each in (votes, named))
        assert one == pytest.approx(two)
    assert intraclass_correlation(votes).value == pytest.approx(intraclass_correlation(named).value)
