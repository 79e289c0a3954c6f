"""Real translations by a crowd, where the folder of data is at hand, by the share of words that are wrong."""

from __future__ import annotations

import csv
import gzip
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from crowdqc.quality.texts import Medoid, Rover, TextConsensus, TextHRRASA, TextRASA, Texts
from crowdqc.quality.texts.distances import Sequences, edit_distances

DATA = Path(__file__).parents[4] / "shared" / "data" / "translate_t1"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the translations are not at {DATA}")

#: What others found on these answers, `reference_other.csv`.
MEDOID, ROVER = 0.5255, 0.5085


def table(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@cache
def answers() -> Texts:
    return Texts.of(*([row[name] for row in table("answers.csv.gz")] for name in ("item", "worker", "label")))


def word_error_rate(said: list[str], items: list[str]) -> float:
    truth = {row["item"]: row["label"] for row in table("truth.csv.gz")}
    sequences = Sequences.of([*map(words, said), *(words(truth[item]) for item in items)])
    n = np.arange(len(said))
    return float(edit_distances(sequences, n, n + len(said)).sum() / sequences.length[len(said) :].sum())


def rate(consensus: TextConsensus) -> float:
    return word_error_rate([text or "" for text in consensus.text], [str(item) for item in answers().items])


def test_one_worker_for_comparison() -> None:
    texts = answers()
    assert word_error_rate([*texts.text], [str(texts.items[code]) for code in texts.item]) > 0.58


def test_the_medoid() -> None:
    assert rate(Medoid(words).fit(answers())) < MEDOID - 0.02


def test_rover() -> None:
    pytest.importorskip("crowdkit.aggregation")
    assert rate(Rover(words).fit(answers())) < ROVER - 0.02


def test_rasa_and_hrrasa() -> None:
    rasa, hrrasa = rate(TextRASA().fit(answers())), rate(TextHRRASA().fit(answers()))
    assert rasa < 0.49
    assert hrrasa < 0.47


def test_agreement_finds_the_good_ones() -> None:
    """The half of the items on which the answers agree more has the fewer errors."""
    consensus = TextHRRASA().fit(answers())
    order = np.argsort(consensus.agreement)
    items = np.array([str(item) for item in answers().items])
    said = np.array([text or "" for text in consensus.text])
    low, high = (word_error_rate([*said[half]], [*items[half]]) for half in (order[:50], order[50:]))
    assert high < low - 0.1
