"""What the command line writes of the workers: findings, costs, and what could not be looked for."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crowdqc.quality import method
from crowdqc.quality.simulation import Simulation
from crowdqc.quality.workers import Matrices, score_costs, score_spammers
from tests.app.cli.crowd import CROWD, Command, answers, table, told, written

KINDS = {"collusion", "drift", "haste", "leaning"}


@pytest.fixture
def planted(command: Command) -> Path:
    """A crowd in which w04 gives up, w05 hurries, w06 says cat too often and w08 copies w07, in no order."""
    rng = np.random.default_rng(1)
    drawn = Simulation(items=600, workers=12, classes=["cat", "dog", "fox"], overlap=5, accuracy=(0.75, 0.92))
    votes = drawn.run(seed=4).votes
    label, n = votes.label.copy(), len(votes)
    hour, seconds = rng.integers(240, size=n), np.exp(rng.normal(2, 0.3, n))
    fast = (votes.worker == 5) & (rng.random(n) < 0.4)
    astray = fast | ((votes.worker == 4) & (hour > 120))
    label[astray] = rng.integers(3, size=int(astray.sum()))
    seconds[fast] = 0.5
    label[(votes.worker == 6) & (rng.random(n) < 0.3)] = 0
    source = dict(zip(votes.item[votes.worker == 7].tolist(), label[votes.worker == 7].tolist(), strict=True))
    for row in np.flatnonzero(votes.worker == 8):
        if votes.item[row] in source and rng.random() < 0.85:
            label[row] = source[votes.item[row]]
    frame = pd.DataFrame(
        {
            "worker": [votes.workers[code] for code in votes.worker],
            "item": [votes.items[code] for code in votes.item],
            "label": [votes.classes[code] for code in label],
            "time": [f"2026-01-{1 + each // 24:02}T{each % 24:02}:00:00Z" for each in hour.tolist()],
            "seconds": seconds.round(2),
        }
    )
    frame.sample(frac=1, random_state=1).to_csv("planted.csv", index=False)
    return Path("planted.csv")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_what_was_planted_is_found(command: Command, planted: Path, ending: str) -> None:
    result = command("aggregate", planted, "--method", "dawid_skene", "--evidence", f"e.{ending}", "--json")
    frame = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True),
    }[ending](f"e.{ending}")
    assert [tuple(row) for row in frame[["kind", "worker"]].to_numpy()] == [
        ("collusion", "w07"),
        ("drift", "w04"),
        ("haste", "w05"),
        ("leaning", "w06"),
    ]
    assert frame["other"].fillna("").tolist() == ["w08", "", "", ""]
    assert frame["about"][0] == "ring 1"
    assert frame["about"][1].startswith("2026-01-0")
    assert frame["about"][1].endswith("Z")
    assert frame["about"][3] == "cat"
    assert (frame["q_value"] <= 0.05).all()
    assert (frame["p_value"] <= frame["q_value"]).all()
    assert (frame["low"][1:] < frame["effect"][1:]).all()
    assert (frame["effect"][1:3] < 0).all()
    assert "w07 and w08 say the same wrong label" in frame["meaning"][0]
    found = told(result)
    assert found["findings"].keys() == KINDS
    assert all(each["found"] == 1 <= each["tested"] for each in found["findings"].values())
    assert [note.split(":")[0] for note in found["notes"]] == ["Leaning is to a class here"]
    shown = command("aggregate", planted, "--method", "dawid_skene", "--evidence", f"e.{ending}").stdout
    assert "evidence  collusion 1 of 66 tested, drift 1 of 12 tested, haste 1 of" in shown


def test_what_could_not_be_looked_for_is_told(command: Command, crowd: Path) -> None:
    result = command("aggregate", crowd, "--method", "majority_vote", "--evidence", "e.csv", "--json")
    found = told(result)
    assert found["findings"]["drift"] is None
    assert found["findings"]["haste"] is None
    assert found["findings"]["collusion"]["tested"] > 0
    assert "No evidence of drift: the answers have no column time" in result.stderr
    assert "No evidence of haste: the answers have no column seconds." in result.stderr
    assert "findings" not in told(command("aggregate", crowd, "--method", "majority_vote", "--json"))
    few = command("aggregate", answers("a,i1,x", "b,i1,y"), "--evidence", "e.csv")
    assert "No evidence of collusion: no two workers" in few.stderr
    assert table("e.csv") == []
    assert Path("e.csv").read_text().startswith("kind,worker,other,about,answers,found,expected,effect,low,high,")


def test_times_that_cannot_be_read_are_counted(command: Command) -> None:
    path = written("answers.csv", "worker,item,label,time\na,i1,x,3\nb,i1,x,soon\na,i2,y,\n")
    result = command("aggregate", path, "--method", "majority_vote", "--evidence", "e.csv")
    assert "2 answers without a time that can be read; drift leaves them out." in result.stderr


def test_times_in_seconds_are_shown_whole(command: Command, planted: Path) -> None:
    frame = pd.read_csv(planted)
    frame["time"] = pd.to_datetime(frame["time"]).astype("datetime64[s, UTC]").astype("int64")
    frame.to_csv("unix.csv", index=False)
    command("aggregate", "unix.csv", "--method", "dawid_skene", "--evidence", "e.csv")
    [row] = [row for row in table("e.csv") if row["kind"] == "drift"]
    assert int(row["about"]) in set(frame["time"])
    assert f"before {row['about']} and" in row["meaning"]


@pytest.mark.parametrize("odd", ["abc", "-4", "1e400"])
def test_seconds_that_are_no_times_are_told(command: Command, odd: str) -> None:
    rows = f"a,i1,x,3\nb,i1,x,\na,i2,y,{odd}\nb,i2,y,{odd}\n"
    path = written("answers.csv", f"worker,item,label,seconds\n{rows}")
    note = "answers.csv, line 4: 2 answers with seconds that are no number from 0; they are not known."
    result = command("aggregate", path, "--method", "majority_vote", "--json")
    assert note in result.stderr
    assert note in told(result)["notes"]
    clean = written("answers.csv", "worker,item,label,seconds\na,i1,x,3\nb,i1,x,\n")
    assert "seconds" not in command("aggregate", clean, "--method", "majority_vote").stderr


def test_places_are_read(command: Command) -> None:
    rng = np.random.default_rng(3)
    votes = CROWD.votes
    rows = [
        json.dumps(
            {
                "worker": votes.workers[worker],
                "item": votes.items[item],
                "label": votes.classes[label],
                "position": 2 if worker == 4 else int(rng.integers(3)),
            }
        )
        for worker, item, label in zip(votes.worker, votes.item, votes.label, strict=True)
    ]
    path = written("answers.jsonl", "\n".join(rows))
    result = command("aggregate", path, "--method", "majority_vote", "--evidence", "e.csv")
    assert "Leaning" not in result.stderr
    assert [(row["worker"], row["about"]) for row in table("e.csv")] == [("w04", "place 2")]
    wrong = written("answers.csv", "worker,item,label,place\na,i1,x,0.5\nb,i1,x,1\n")
    result = command("aggregate", wrong, "--evidence", "e.csv", code=1)
    assert "answers.csv: places must be whole numbers from 0 to 1000" in result.stderr


def test_workers_have_costs_and_spammer_scores(command: Command, crowd: Path) -> None:
    costs = written("costs.csv", "true,cat,dog,fox\ncat,0,1,1\ndog,9,0,1\nfox,1,1,0\n")
    command("aggregate", crowd, "--method", "dawid_skene", "--costs", costs, "--workers", "w.csv")
    consensus = method("dawid_skene").fit(CROWD.votes)
    matrices = Matrices.of(CROWD.votes, consensus)
    paid = score_costs(matrices, consensus.class_prior, [[0, 1, 1], [9, 0, 1], [1, 1, 0]])
    spammers = score_spammers(matrices)
    for name, expected in {
        "expected_cost": paid.expected,
        "quality_low": paid.low,
        "spammer_score": spammers.score,
        "spammer_high": spammers.high,
    }.items():
        assert [float(row[name]) for row in table("w.csv")] == expected.tolist()


def test_difficulty_is_added_where_it_is_asked_for(command: Command, crowd: Path) -> None:
    asked = ["aggregate", crowd, "--method", "dawid_skene", "--labels", "l.csv"]
    command(*asked)
    assert not {"difficulty", "expected_gain"} & table("l.csv")[0].keys()
    command(*asked, "--difficulty")
    rows = table("l.csv")
    assert all(0 <= float(row["expected_gain"]) <= 1 - float(row["confidence"]) + 1e-9 for row in rows)
    assert all(
        float(row["difficulty_low"]) <= float(row["difficulty"]) <= float(row["difficulty_high"]) for row in rows
    )
