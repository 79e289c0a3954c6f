"""Agreement of real crowds, where the folder of data is at hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from crowdqc.quality.agreement import krippendorff_alpha, retest
from crowdqc.quality.votes import Votes

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real crowds are not at {DATA}")


def rows(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name / "answers.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_sliders_have_the_interval_alpha_that_others_found() -> None:
    kept = [row for row in rows("nli_slider") if row["skipped"] == "0"]
    votes = Votes.of(*([row[column] for row in kept] for column in ("item", "worker", "label")))
    found = krippendorff_alpha(votes, scale="interval", intervals="analytic")
    assert found.value == pytest.approx(0.5081, abs=6e-5)
    assert found.low < found.value < found.high


def test_the_same_workers_a_second_time() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    answers = sorted(rows("hate_retest"), key=lambda row: row["round"])
    votes = Votes.of(*([row[column] for row in answers] for column in ("item", "worker", "label")), repeats="all")
    found = retest(votes)
    first, second = (
        {(row["worker"], row["item"]): row["label"] for row in answers if row["round"] == turn} for turn in "12"
    )
    both = sorted(first.keys() & second.keys())
    assert found.overall.items == len(both)
    expected = metrics.cohen_kappa_score([first[key] for key in both], [second[key] for key in both])
    assert found.overall_kappa.value == pytest.approx(expected, abs=1e-9)
    assert found.overall_kappa.low > krippendorff_alpha(votes).value  # surer of themselves than of one another
