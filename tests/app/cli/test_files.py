"""What goes in and comes out of files: every format, what is wrong with its line, whole or not at all."""

from __future__ import annotations

import gzip
import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from app.cli import files
from crowdqc.quality import method
from tests.app.cli.crowd import CROWD, SAID, Command, answers, table, told


@pytest.mark.parametrize("given", ["csv", "csv.gz", "tsv", "jsonl", "jsonl.gz", "parquet"])
@pytest.mark.parametrize("out", ["csv", "parquet"])
def test_every_format_goes_in_and_out(command: Command, given: str, out: str) -> None:
    frame = pd.DataFrame(SAID, columns=["worker", "task", "label"])
    path = Path(f"crowd.{given}")
    if given.startswith("jsonl"):
        frame.to_json(path, orient="records", lines=True)
    elif given == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if given == "tsv" else ",")
    labels = Path(f"labels.{out}")
    command("aggregate", path, "--method", "majority_vote", "--labels", labels)
    found = pd.read_csv(labels) if out == "csv" else pd.read_parquet(labels)
    consensus = method("majority_vote").fit(CROWD.votes)
    assert found["label"].tolist() == [CROWD.votes.classes[code] for code in consensus.label]
    assert found["confidence"].tolist() == pytest.approx(consensus.confidence.tolist())


@pytest.mark.parametrize("ending", ["csv.gz", "tsv", "jsonl", "jsonl.gz", "parquet"])
def test_what_is_written_can_be_read_as_truth(command: Command, crowd: Path, ending: str) -> None:
    command("aggregate", crowd, "--method", "majority_vote", "--labels", f"labels.{ending}")
    found = told(command("aggregate", crowd, "--method", "majority_vote", "--truth", f"labels.{ending}", "--json"))
    assert (found["accuracy"], found["macro_f1"], found["truth_items"]) == (1, 1, 120)


def test_bad_lines_are_told_with_file_line_and_reason(command: Command) -> None:
    path = answers("a,i1,x", *["broken"] * 12, "a,,x")
    result = command("aggregate", path, "--json", code=1)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: answers.csv: 13 lines cannot be read."
    assert lines[1].startswith("  line 3: The record has 1 cells where the header names 3 columns.")
    assert len(lines) == 12
    assert lines[-1] == "  and 3 more"
    one = command("agreement", answers("a,i1,x", "a,,x"), code=1).stderr
    assert one.startswith("Error: answers.csv, line 3, column item: The cell is empty.")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "answers.csv: The file is empty."),
        (b"worker,item,label\n", "answers.csv has no answers."),
        (b"worker,item\na,b\n", "answers.csv, header: The file has no column label."),
        (b"worker,item,label\na,b,\xff\n", "answers.csv, line 2, byte 5: The byte 0xff is not valid UTF-8."),
        (b'worker,item,label\na,b,"x\n', "answers.csv, line 2: A quote that is opened here is never closed."),
        (b"PK\x03\x04", "answers.csv: The file is an Excel workbook or a zip archive."),
        (gzip.compress(b"worker,item,label\na,b,c\n")[:-9], "ends too early"),
        (b"PAR1 and nothing else", "not Parquet, or it is damaged"),
    ],
)
def test_files_that_cannot_be_read(command: Command, data: bytes, what: str) -> None:
    Path("answers.csv").write_bytes(data)
    for name in ("aggregate", "agreement"):
        result = command(name, "answers.csv", code=1)
        assert what in result.stderr
        assert result.stdout == ""


def test_answers_come_through_a_pipe(command: Command, crowd: Path) -> None:
    os.mkfifo("pipe")
    done = subprocess.Popen(["cp", str(crowd), "pipe"])
    assert told(command("aggregate", "pipe", "--method", "majority_vote", "--json"))["answers"] == 600
    assert done.wait(timeout=60) == 0


def test_a_file_is_written_whole_or_not_at_all(
    command: Command, crowd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("l.csv").write_text("as it was")

    def broken(stream: Any, form: str, columns: Any) -> None:
        stream.write(b"item,")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.tables, "write", broken)
    result = command("aggregate", crowd, "--method", "majority_vote", "--labels", "l.csv", code=1)
    assert "l.csv cannot be written: No space left on device." in result.stderr
    assert Path("l.csv").read_text() == "as it was"
    assert sorted(path.name for path in Path().iterdir()) == ["answers.csv", "l.csv", "truth.csv"]
    monkeypatch.undo()


def test_written_files_follow_links_and_the_mask(command: Command, crowd: Path) -> None:
    Path("there.csv").touch()
    Path("l.csv").symlink_to("there.csv")
    Path("there.csv").chmod(0o640)
    command("aggregate", crowd, "--method", "majority_vote", "--labels", "l.csv", "--workers", "w.csv")
    assert Path("l.csv").is_symlink()
    assert len(table("there.csv")) == 120
    assert Path("there.csv").stat().st_mode & 0o777 == 0o640
    mask = os.umask(0)
    os.umask(mask)
    assert Path("w.csv").stat().st_mode & 0o777 == 0o666 & ~mask
