"""A crowd is drawn into files, and drawn again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crowdqc.quality.simulation import Simulation
from tests.app.cli.crowd import Command, table, told


def test_a_crowd_is_drawn_and_drawn_again(command: Command) -> None:
    asked = ["--items", 60, "--workers", 9, "--classes", "ham,spam", "--class-shares", "3,1", "--overlap", 3]
    asked += ["--accuracy", 0.7, 0.9, "--spammers", 0.2, "--activity", 0.5, "--gold-items", 7]

    def drawn(folder: str, seed: int) -> dict[str, bytes]:
        Path(folder).mkdir()
        outs = {name: f"{folder}/{name}.csv" for name in ("answers", "truth", "confusion", "gold", "predictions")}
        named = [each for name, path in outs.items() for each in (f"--{name}", path)]
        command("simulate", *asked, "--seed", seed, *named)
        return {name: Path(path).read_bytes() for name, path in outs.items()}

    first, again, other = drawn("a", 1), drawn("b", 1), drawn("c", 2)
    assert first == again
    assert all(first[name] != other[name] for name in first)
    assert command("simulate", *asked, "--seed", 1).stdout.encode() == first["answers"]
    rows, truth = table("a/answers.csv"), {row["item"]: row["label"] for row in table("a/truth.csv")}
    assert (len(rows), len(truth)) == (180, 60)
    crowd = Simulation(
        items=60,
        workers=9,
        classes=("ham", "spam"),
        class_shares=(3, 1),
        overlap=3,
        accuracy=(0.7, 0.9),
        spammers=0.2,
        activity=0.5,
    ).run(seed=1)
    assert list(truth.values()) == crowd.labels()
    confusion = table("a/confusion.csv")
    assert len(confusion) == 9 * 4
    assert [float(row["probability"]) for row in confusion] == crowd.confusion.ravel().tolist()
    assert sum(row["kind"] == "spammer" for row in confusion) == 2 * 4
    assert all(truth[row["item"]] == row["label"] for row in table("a/gold.csv"))
    assert len(table("a/gold.csv")) == 7
    result = command("aggregate", "a/answers.csv", "--truth", "a/truth.csv", "--gold", "a/gold.csv", "--json")
    assert told(result)["truth_items"] == 53
    predictions = pd.read_csv("a/predictions.csv", index_col="item")
    right = predictions.idxmax(axis=1).str.removeprefix("p:") == pd.Series(truth)
    assert right.mean() == pytest.approx(0.8, abs=0.02)


def test_one_file_is_not_written_over_another(command: Command) -> None:
    result = command("simulate", "--answers", "s.csv", "--truth", "s.csv", code=2)
    assert "named twice" in result.stderr
    assert not Path("s.csv").exists()


def test_shares_that_are_scaled_are_told(command: Command) -> None:
    asked = ["simulate", "--items", 5, "--workers", 5, "--classes", "ham,spam", "--truth", "t.csv"]
    scaled = command(*asked, "--class-shares", "0.5,0.7")
    assert "note: The class shares sum to 1.2, not to 1; taken as ham 41.7%, spam 58.3%." in scaled.stderr
    assert "note" not in command(*asked, "--class-shares", "0.3,0.7").stderr
