"""Coefficients, standard errors and intervals against irrCAC, as scripts/oracles/irrcac.py wrote them down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crowdqc.quality import agreement
from crowdqc.quality.votes import Votes

TABLES = json.loads((Path(__file__).parent / "irrcac.json").read_text())["tables"]
FUNCTIONS = {
    "gwet": agreement.gwet_ac2,
    "fleiss": agreement.fleiss_kappa,
    "conger": agreement.conger_kappa,
    "bp": agreement.brennan_prediger,
}


def read(table: dict[str, Any]) -> Votes:
    said = [
        (item, worker, label)
        for item, row in enumerate(table["rows"].split())
        for worker, label in enumerate(row)
        if label != "."
    ]
    return Votes.of(*zip(*said, strict=True), classes=list(table["categories"]))


def figures(found: agreement.Agreement) -> tuple[float, ...]:
    return found.value, found.error, found.low, found.high


@pytest.mark.parametrize("table", TABLES, ids=[table["name"] for table in TABLES])
def test_every_coefficient_with_every_weighting(table: dict[str, Any]) -> None:
    votes = read(table)
    values, code = [float(name) for name in votes.classes], np.arange(votes.n_classes)
    for weights, expected in table["figures"].items():
        for name, function in FUNCTIONS.items():
            found = function(votes, weights=weights, values=values, intervals="analytic")
            assert figures(found) == pytest.approx(expected[name], abs=1e-9), (weights, name)
        distances = agreement.weighted(weights, votes.n_classes, values).between(code[:, None], code[None, :])
        found = agreement.krippendorff_alpha(votes, scale=distances, intervals="analytic")
        assert figures(found) == pytest.approx(expected["krippendorff"], abs=1e-9), weights


@pytest.mark.parametrize("table", TABLES, ids=[table["name"] for table in TABLES])
def test_interval_and_ratio_alpha_are_those_of_quadratic_and_ratio_weights(table: dict[str, Any]) -> None:
    votes = read(table)
    for scale, weights in (("nominal", "identity"), ("interval", "quadratic"), ("ratio", "ratio")):
        found = agreement.krippendorff_alpha(votes, scale=scale, intervals="analytic")
        assert figures(found) == pytest.approx(table["figures"][weights]["krippendorff"], abs=1e-9)
