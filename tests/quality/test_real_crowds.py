"""Real crowds, where the folder of data is at hand, against figures computed by others (`reference*.csv`)."""

from __future__ import annotations

import csv
import gzip
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from crowdqc.quality.aggregation import Aggregator, Auto, Consensus, DawidSkene, MajorityVote
from crowdqc.quality.agreement import gwet_ac1, krippendorff_alpha, percent_agreement
from crowdqc.quality.votes import Votes

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real crowds are not at {DATA}")

WITH_TRUTH = [
    *("bluebird", "web", "fact_eval", "music_genre", "product", "face", "rte"),
    *("sp_amt", "sentiment_sp", "drug_relation", "adult_toy"),
]
AGREEING = [*WITH_TRUTH, "hate_retest", "sense_long"]


def table(name: str) -> list[dict[str, str]]:
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def answers(name: str) -> Votes:
    rows = [row for row in table(f"{name}/answers.csv.gz") if row.get("round", "1") == "1"]
    columns = ([row[column] for row in rows] for column in ("item", "worker", "label"))
    return Votes.of(*columns, repeats="all")


def accuracy(name: str, consensus: Consensus) -> float:
    votes = answers(name)
    code = {item: place for place, item in enumerate(votes.items)}
    truth = [(code[row["item"]], row["label"]) for row in table(f"{name}/truth.csv.gz") if row["item"] in code]
    return float(np.mean([votes.classes[consensus.label[item]] == label for item, label in truth]))


def reference(name: str, method: str) -> float:
    [row] = [row for row in table("reference.csv") if (row["dataset"], row["method"]) == (name, method)]
    return float(row["accuracy"])


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_majority_vote(name: str) -> None:
    """Equal but for ties: with them broken at random the expected accuracy lies between the extremes."""
    consensus = MajorityVote().fit(answers(name))
    expected = [reference(name, "MajorityVote"), reference(name, "own:MV_expected_over_ties")]
    tied = float(consensus.tied.mean())
    assert min(expected) - tied <= accuracy(name, consensus) + 1e-4
    assert accuracy(name, consensus) <= max(expected) + tied + 1e-4


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_maximum_likelihood(name: str) -> None:
    """As an independent converged EM, within 2 points: stopping rules differ and move items near the border.

    drug_relation has 177 true labels, of which crowd-kit and that check differ in 7 as well.
    """
    model = DawidSkene(diagonal=0, off_diagonal=0, class_items=0, tolerance=1e-6, max_iterations=200)
    found = accuracy(name, model.fit(answers(name)))
    assert found == pytest.approx(
        reference(name, "own:DS_converged"), abs=0.03 if name == "drug_relation" else 0.02
    )


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_the_default_is_never_far_below_crowd_kit(name: str) -> None:
    """What the prior costs where workers are bad and many (web), and what early stopping wins (fact_eval)."""
    found = accuracy(name, DawidSkene().fit(answers(name)))
    assert found >= reference(name, "DawidSkene") - 0.04


@pytest.mark.parametrize("name", AGREEING)
def test_agreement(name: str) -> None:
    [row] = [row for row in table("reference_agreement.csv") if row["dataset"] == name]
    votes = answers(name)
    assert len(votes.once()) == int(row["answers"])
    assert percent_agreement(votes).value == pytest.approx(float(row["percent_agreement"]), abs=6e-5)
    assert krippendorff_alpha(votes).value == pytest.approx(float(row["alpha_nominal"]), abs=6e-5)
    assert gwet_ac1(votes).value == pytest.approx(float(row["gwet_ac1"]), abs=6e-5)
    if row["alpha_ordinal"]:
        assert krippendorff_alpha(votes, scale="ordinal").value == pytest.approx(
            float(row["alpha_ordinal"]), abs=6e-5
        )


@pytest.mark.parametrize("model", [MajorityVote(), DawidSkene()])
def test_crowd_kit_chooses_the_same_labels(model: Aggregator) -> None:
    """On an easy set, but for ties and for its stopping early."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pandas = pytest.importorskip("pandas")
        classification = pytest.importorskip("crowdkit.aggregation.classification")
        votes = answers("sp_amt")
        frame = pandas.DataFrame({"task": votes.item, "worker": votes.worker, "label": votes.label})
        theirs = getattr(classification, type(model).__name__)().fit_predict(frame)
    ours = model.fit(votes)
    clear = ~ours.tied
    assert np.mean(ours.label[clear] == theirs.sort_index().to_numpy()[clear]) > 0.99


@pytest.mark.parametrize("name", [name for name in WITH_TRUTH if name != "adult_toy"])
def test_auto_is_as_good_as_the_best_of_majority_vote_and_dawid_skene(name: str) -> None:
    """Within one standard error of the better; five items (adult_toy) tell nothing."""
    consensus = Auto().fit(answers(name).once())
    best = max(reference(name, "MajorityVote"), reference(name, "DawidSkene"))
    asked = sum(row["item"] in set(answers(name).items) for row in table(f"{name}/truth.csv.gz"))
    assert accuracy(name, consensus) >= best - np.sqrt(best * (1 - best) / asked)
