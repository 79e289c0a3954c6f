"""The gold of a real crowd, where the folder of data is at hand."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health import examine_gold
from crowdqc.quality.votes import Votes
from tests.quality.gold_health.planted import found

DATA = Path(__file__).parents[4] / "shared" / "data" / "drug_relation"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real gold is not at {DATA}")


def table(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def votes() -> Votes:
    rows = table("answers.csv.gz")
    item, worker, label = ([row[column] for row in rows] for column in ("item", "worker", "label"))
    return Votes.of(item, worker, label, seconds=[float(row["seconds"] or "nan") for row in rows])


@pytest.fixture(scope="module")
def truth() -> dict[str, list[str]]:
    return {row["item"]: row["label"].split("|") for row in table("gold.csv.gz")}


def test_the_questionable_units_stand_out(votes: Votes, truth: dict[str, list[str]]) -> None:
    """Of 20 workers whom the platform trusted 2 gave what one unit accepts; another accepts what nobody gives."""
    gold = Gold.of(votes, truth)
    health = examine_gold(votes, DawidSkene().fit(votes, gold), gold)
    assert found(health, "suspect") == ["2314138650"]
    assert found(health, "unsaid") == ["2314192075"]
    assert found(health, "leak") == []
    assert {*found(health, "imbalance")} >= {"contraindication", "indication_treatment"}


def test_labels_that_are_made_wrong_are_found(votes: Votes, truth: dict[str, list[str]]) -> None:
    rng, hits, falsely = np.random.default_rng(0), [], 0
    names = sorted(truth)
    for _ in range(10):
        spoilt = {names[place] for place in rng.choice(len(names), 5, replace=False)}
        told = {
            item: [str(rng.choice([name for name in votes.classes if name not in [*labels, "i_dont_know"]]))]
            if item in spoilt
            else labels
            for item, labels in truth.items()
        }
        gold = Gold.of(votes, told)
        suspects = {*found(examine_gold(votes, DawidSkene().fit(votes, gold), gold), "suspect")} - {"2314138650"}
        hits.append(len(suspects & spoilt) / 5)
        falsely += len(suspects - spoilt)
    assert np.mean(hits) >= 0.85
    assert falsely <= 4
