"""What the command line writes of the gold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.app.cli.crowd import CROWD, DATA, SAID, Command, answers, table, told, written


@pytest.fixture
def gold(crowd: Path) -> Path:
    """Thirty items of the simulated crowd, one with a wrong label and one with two."""
    labels = dict(zip(CROWD.votes.items[:30], CROWD.labels(), strict=False))
    labels["i003"] = next(name for name in CROWD.votes.classes if name != labels["i003"])
    labels["i005"] += "|" + next(name for name in CROWD.votes.classes if name != labels["i005"])
    return written("gold.csv", "item,label\n" + "".join(f"{item},{label}\n" for item, label in labels.items()))


def test_a_row_for_each_gold_item(command: Command, crowd: Path, gold: Path) -> None:
    result = command("aggregate", crowd, "--method", "dawid_skene", "--gold", gold, "--gold-health", "h.csv")
    rows = table("h.csv")
    assert [row["item"] for row in rows] == list(CROWD.votes.items[:30])
    assert {row["answers"] for row in rows} == {"5"}
    assert float(rows[3]["wrong"]) == max(float(row["wrong"]) for row in rows)
    assert rows[5]["accepted"].count("|") == 1
    assert rows[0]["life"] == rows[0]["rise"] == rows[0]["pace"] == ""
    [line] = [line for line in result.stdout.splitlines() if line.startswith("gold ")]
    assert line.endswith("of 30 gold items")
    assert "Gold has no life and no rise: the answers have no column time" in result.stderr
    assert "Leaks of gold are looked for without times" in result.stderr


def test_times_and_seconds_are_read(command: Command, gold: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{w},{i},{k},{row},{rng.uniform(2, 9):.1f}" for row, (w, i, k) in enumerate(SAID)]
    path = written("timed.csv", "worker,item,label,time,seconds\n" + "".join(f"{row}\n" for row in rows))
    command("aggregate", path, "--method", "dawid_skene", "--gold", gold, "--gold-health", "h.csv")
    assert all(float(row["life"]) >= 0 and float(row["pace"]) > 0 for row in table("h.csv"))


def test_findings_are_in_the_json(command: Command, crowd: Path, gold: Path) -> None:
    shared = ("aggregate", crowd, "--method", "dawid_skene", "--gold", gold, "--json")
    found = told(command(*shared, "--gold-health", "h.csv"))["gold_findings"]
    assert {"kind", "about", "q_value", "meaning"} == {*found[0]}
    assert "lack" in {each["kind"] for each in found}
    assert "gold_findings" not in told(command(*shared))


def test_without_gold_there_is_nothing_to_look_at(command: Command, crowd: Path) -> None:
    result = command("aggregate", crowd, "--gold-health", "h.csv", code=2)
    assert "--gold-health looks at gold: name its file with --gold FILE." in result.output


def test_gold_that_nobody_answered(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,x", "a,i2,y")
    written("gold.csv", "item,label\nelsewhere,x\n")
    command("aggregate", path, "--method", "majority_vote", "--gold", "gold.csv", "--gold-health", "h.csv")
    assert table("h.csv") == []


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real crowds are not at {DATA}")
def test_a_real_file(command: Command) -> None:
    folder = DATA / "drug_relation"
    shared = ("aggregate", folder / "answers.csv.gz", "--gold", folder / "gold.csv.gz", "--gold-health", "h.csv")
    command(*shared, "--method", "dawid_skene")
    [row] = [row for row in table("h.csv") if row["item"] == "2314138650"]
    assert (row["accepted"], row["says"]) == ("effect", "indication_treatment")
    assert "good workers disagree" in row["meaning"]
