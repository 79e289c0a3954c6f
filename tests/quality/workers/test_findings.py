"""What is listed of the evidence: all that is hardly chance, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.tables import findings_table
from crowdqc.quality.votes import Votes
from crowdqc.quality.workers import Findings, Matrices, examine
from tests.quality.workers.planted import coin, crowd


def planted() -> tuple[Votes, np.ndarray]:
    """A crowd with a copy (3 of 2), one who gives up (4), one who hurries (5) and one who leans (1)."""
    rng = np.random.default_rng(4)
    true = coin(rng.uniform(0.75, 0.9, 20), 3)
    true[1] = 0.65 * true[1] + 0.35 * np.eye(3)[0]
    drawn = crowd(4, true, items=2500, overlap=5, copies=[(2, 3)]).votes
    label, order, seconds = drawn.label.copy(), rng.random(len(drawn)), np.exp(rng.normal(2, 0.3, len(drawn)))
    late = (drawn.worker == 4) & (order > 0.5)
    fast = (drawn.worker == 5) & (rng.random(len(drawn)) < 0.4)
    label[late | fast] = rng.integers(3, size=int((late | fast).sum()))
    seconds[fast] = 0.5
    votes = Votes.coded(
        *(drawn.item, drawn.worker, label),
        items=drawn.items,
        workers=drawn.workers,
        classes=["cat", "dog", "fox"],
        seconds=seconds,
    )
    return votes, order


def test_what_was_planted_is_listed_with_its_figures() -> None:
    votes, order = planted()
    consensus = DawidSkene().fit(votes)
    evidence = examine(votes, consensus, order=order, matrices=Matrices.of(votes, consensus))
    found = Findings.of(evidence)
    who = {(kind, int(a), int(b)) for kind, a, b in zip(found.kind, found.worker, found.other, strict=True)}
    assert who >= {("collusion", 2, 3), ("drift", 4, -1), ("haste", 5, -1), ("leaning", 1, -1)}
    assert len(who) == len(found) <= 7
    assert list(found.kind) == sorted(found.kind)
    assert (found.q_value <= found.rate).all()
    assert found.rate == evidence.collusion.level
    known = ~np.isnan(found.low)
    np.testing.assert_allclose(found.effect, found.found - found.expected)
    assert ((found.low < found.effect) & (found.effect < found.high))[known].all()
    assert [kind for kind, there in zip(found.kind, known, strict=True) if not there] == [
        "collusion"
    ] * found.count("collusion")
    assert evidence.drifts is not None
    assert evidence.speeds is not None
    drift, haste = found.kind.index("drift"), found.kind.index("haste")
    assert found.effect[drift] == evidence.drifts.change[found.worker[drift]] < 0
    assert found.effect[haste] == -evidence.speeds.difference[found.worker[haste]] < 0
    assert found.about[drift] == pytest.approx(0.5, abs=0.05)
    assert found.tested["haste"] == np.count_nonzero(~np.isnan(evidence.speeds.p_value))
    assert len(Findings.of(evidence, 1e-12)) < len(found)

    table = findings_table(votes, found, time="{:.1f} days".format)
    rows = {kind: row for row, kind in reversed(list(enumerate(found.kind)))}
    assert table["other"][rows["collusion"]] == 3
    assert table["about"][rows["collusion"]] == "ring 1"
    assert table["about"][rows["drift"]] == "0.5 days"
    assert table["about"][rows["leaning"]] == "cat"
    assert table["about"][rows["haste"]] is None
    assert "before 0.5 days" in table["meaning"][rows["drift"]]
    assert "became worse" in table["meaning"][rows["drift"]]
    for row, meaning in enumerate(table["meaning"]):
        assert meaning.startswith(f"{table['worker'][row]} ")


def test_without_times_nothing_is_said_of_them() -> None:
    votes = Votes.of([1, 1, 2, 2], list("abab"), list("xyxx"))
    found = Findings.of(examine(votes, DawidSkene().fit(votes)))
    assert len(found) == 0
    assert found.tested == {"collusion": 0, "drift": None, "haste": None, "leaning": 0}
    assert {len(column) for column in findings_table(votes, found).values()} == {0}


def test_leanings_to_places() -> None:
    votes = crowd(0, coin(np.full(8, 0.8), 3), items=300, overlap=4).votes
    places = np.random.default_rng(0).integers(3, size=len(votes))
    places[votes.worker == 2] = 1
    found = Findings.of(examine(votes, DawidSkene().fit(votes), places=places))
    row = found.kind.index("leaning")
    assert found.worker[row] == 2
    assert findings_table(votes, found, places=True)["about"][row] == "place 1"


def test_times_that_are_numbers_are_shown_whole() -> None:
    votes = crowd(0, coin(np.full(8, 0.8), 3), items=300, overlap=4).votes
    when = 1_700_000_000.0 + np.arange(len(votes))
    drifts = Findings.of(examine(votes, DawidSkene().fit(votes), order=when), rate=1.0)
    table = findings_table(votes, drifts)
    rows = [row for row, kind in enumerate(table["kind"]) if kind == "drift"]
    assert rows
    for row in rows:
        assert table["about"][row] == str(int(drifts.about[row]))
        assert f"before {table['about'][row]} and" in table["meaning"][row]
