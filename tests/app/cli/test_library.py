"""Commands on files: their figures are those of the library, and wrong usage is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from inspect import signature
from pathlib import Path

import numpy as np
import pytest

from crowdqc.quality import METHODS, Votes, method, score_workers
from crowdqc.quality.agreement import measure_agreement
from crowdqc.quality.tables import workers_table
from tests.app.cli.crowd import CROWD, DATA, ROOT, Command, answers, table, told, written

real = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real sets in {DATA}")


def test_labels_and_workers_are_those_of_the_library(command: Command, crowd: Path) -> None:
    found = told(
        command("aggregate", crowd, "--method", "dawid_skene", "--labels", "l.csv", "--workers", "w.csv", "--json")
    )
    consensus = method("dawid_skene").fit(CROWD.votes)
    assert found["method"] == "dawid_skene"
    assert (found["items"], found["workers"], found["answers"]) == (120, 12, 600)
    assert found["iterations"] == consensus.iterations
    assert found["converged"] is True
    assert found["log_likelihood"] == pytest.approx(consensus.log_likelihood)
    assert "accuracy" not in found
    labels = table("l.csv")
    assert list(labels[0])[:2] == ["item", "label"]
    assert {"confidence", "agreement", "answers", "tied"} <= labels[0].keys()
    assert [row["item"] for row in labels] == list(CROWD.votes.items)
    assert [row["label"] for row in labels] == [CROWD.votes.classes[code] for code in consensus.label]
    assert [float(row["confidence"]) for row in labels] == consensus.confidence.tolist()
    assert {row["tied"] for row in labels} <= {"true", "false"}
    workers = table("w.csv")
    scores = score_workers(CROWD.votes, consensus)
    assert [row["worker"] for row in workers] == list(CROWD.votes.workers)
    assert [int(row["answers"]) for row in workers] == scores.answers.tolist()
    np.testing.assert_allclose([float(row["accuracy"]) for row in workers], scores.consensus_accuracy)
    np.testing.assert_allclose([float(row["low"]) for row in workers], scores.consensus_low)
    np.testing.assert_allclose([float(row["high"]) for row in workers], scores.consensus_high)


def test_auto_reports_every_candidate_and_why(command: Command, crowd: Path) -> None:
    result = command("aggregate", crowd, "--truth", "truth.csv", "--json")
    found = told(result)
    assert found["asked"] == "auto"
    assert found["method"] in {each["name"] for each in found["candidates"]}
    assert all(each["figure"] < 0 for each in found["candidates"])
    assert found["method"] in found["reason"]
    shown = command("aggregate", crowd, "--truth", "truth.csv").stdout
    assert shown.startswith(f"method    {found['method']}, chosen by auto\n")
    assert f"accuracy {found['accuracy']:.4f}" in shown
    for each in found["candidates"]:
        assert each["name"] in shown


def test_truth_gives_accuracy_and_macro_f1_with_intervals(command: Command, crowd: Path) -> None:
    found = told(command("aggregate", crowd, "--method", "majority_vote", "--truth", "truth.csv", "--json"))
    label = method("majority_vote").fit(CROWD.votes).label
    assert found["accuracy"] == pytest.approx((label == CROWD.truth).mean())
    assert found["accuracy_low"] < found["accuracy"] < found["accuracy_high"]
    assert found["macro_f1_low"] < found["macro_f1"] < found["macro_f1_high"]
    assert found["truth_items"] == 120


def test_gold_is_kept_and_does_not_count(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,x", "a,i2,y", "b,i2,x", "a,i3,x", "b,i3,x")
    gold = written("gold.csv", "item,label\ni1,y\ni2,z|y\ni9,x\n")
    truth = written("truth.csv", "item,label\ni1,x\ni2,y\ni3,x\ni3,y\ni8,x\n")
    result = command(
        "aggregate",
        path,
        "--method",
        "majority_vote",
        "--gold",
        gold,
        "--truth",
        truth,
        "--labels",
        "l.csv",
        "--json",
    )
    found = told(result)
    assert [row["label"] for row in table("l.csv")] == ["y", "y", "x"]
    assert [row["gold"] for row in table("l.csv")] == ["true", "true", "false"]
    assert (found["accuracy"], found["truth_items"], found["truth_gold"], found["truth_unlabelled"]) == (
        1,
        1,
        2,
        1,
    )
    assert found["gold"] == 2
    assert "gold.csv: 1 gold item without answers left out." in result.stderr
    assert "1 item of the truth without answers left out." in result.stderr
    assert "2 items of the truth left out, being gold." in result.stderr
    assert (
        "gold.csv, line 3: 1 item with a label that nobody gave: 'z' (1). The answers say x, y." in result.stderr
    )


def test_a_class_may_hold_the_sign_that_parts_accepted_labels(command: Command) -> None:
    path = answers("a,i1,x|y", "b,i2,x", "a,i3,y")
    truth = written("truth.csv", "item,label\ni1,x|y\ni2,x|y\ni3,x|z|y\n")
    found = told(command("aggregate", path, "--method", "majority_vote", "--truth", truth, "--json"))
    assert found["truth_right"] == 2  # the first as it stands, the third as one of three


def test_costs_move_labels(command: Command) -> None:
    path = answers("a,i1,spam", "b,i1,spam", "c,i1,spam", "d,i1,ham", "a,i2,ham")
    square = written("costs.csv", "true,ham,spam\nham,0,10\nspam,1,0\n")
    rows = written("pairs.csv", "true,assigned,cost\nham,ham,0\nham,spam,10\nspam,ham,1\nspam,spam,0\n")
    labels = []
    for costs in ([], ["--costs", square], ["--costs", rows]):
        command("aggregate", path, "--method", "majority_vote", *costs, "--labels", "l.csv")
        labels.append([row["label"] for row in table("l.csv")])
    assert labels == [["spam", "ham"], ["ham", "ham"], ["ham", "ham"]]
    lacking = written("costs.csv", "true,said,cost\nham,spam,10\n")
    result = command("aggregate", path, "--costs", lacking, code=1)
    assert "costs.csv: It does not say what 'ham' costs where 'spam' is true." in result.stderr
    assert "Only it knows" not in result.stderr


def test_predictions_fit_the_classes(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,y", "a,i2,y")
    good = written("p.csv", "item,p:y,p:x,note\ni1,0.1,0.9,?\ni7,0.5,0.5,?\n")
    result = command("aggregate", path, "--method", "majority_vote", "--predictions", good, "--json")
    assert told(result)["items"] == 2
    assert "p.csv: 1 prediction of items without answers left out." in result.stderr
    assert "majority_vote does not use predictions." in result.stderr
    more = written("p.csv", "item,x,y,z\ni1,0.1,0.9,0\n")
    assert told(command("aggregate", path, "--predictions", more, "--json"))["class_shares"].keys() == {
        "x",
        "y",
        "z",
    }
    lacking = written("p.csv", "item,x\ni1,1\n")
    assert (
        "p.csv, header: The file has no column for the class y."
        in command("aggregate", path, "--predictions", lacking, code=1).stderr
    )
    wrong = written("p.csv", "item,x,y\ni1,0.5,0.5\ni2,0.5,0.6\n")
    assert (
        "p.csv, line 3: The probabilities sum to 1.1, not to 1."
        in command("aggregate", path, "--predictions", wrong, code=1).stderr
    )


@pytest.mark.parametrize("name", [n for n, m in METHODS.items() if "predictions" in signature(m.fit).parameters])  # type: ignore[attr-defined]
def test_methods_that_hear_models(command: Command, crowd: Path, name: str) -> None:
    table = CROWD.predictions(0.95, seed=1)
    rows = (",".join([item, *map(repr, row)]) for item, row in zip(CROWD.votes.items, table.tolist(), strict=True))
    said = written("p.csv", "item,cat,dog,fox\n" + "".join(f"{row}\n" for row in rows))
    with_model, without = (
        told(command("aggregate", crowd, "--method", name, "--truth", "truth.csv", *more, "--json"))
        for more in (["--predictions", said], [])
    )
    assert with_model["accuracy"] > without["accuracy"]
    assert with_model["models"]["model"]["accuracy"] == pytest.approx(0.95, abs=0.06)
    assert with_model["models"]["model"]["items"] == 120
    shown = command("aggregate", crowd, "--method", name, "--predictions", said)
    assert "model     model: weight " in shown.stdout
    assert "does not use predictions" not in shown.stderr


def test_answers_to_the_same_item_twice(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,z", "a,i1,y", "a,i1,y", "b,i2,y")
    expected = {"first": ("x", 3), "last": ("y", 3), "all": ("y", 5)}
    for repeats, (label, count) in expected.items():
        result = command(
            "aggregate", path, "--repeats", repeats, "--method", "majority_vote", "--labels", "l.csv", "--json"
        )
        assert table("l.csv")[0]["label"] == label
        assert (told(result)["answers"], told(result)["repeated"]) == (count, 2)
        assert "2 answers to an item that the worker had answered before" in result.stderr
    result = command("aggregate", path, "--repeats", "reject", code=1)
    assert "answers.csv, line 4: The worker 'a' answered the item 'i1' before." in result.stderr


def test_the_order_of_the_classes_settles_ties(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,y")
    for classes, label in (("x,y", "x"), ("y, x", "y")):
        command("aggregate", path, "--method", "majority_vote", "--classes", classes, "--labels", "l.csv")
        assert (table("l.csv")[0]["label"], table("l.csv")[0]["tied"]) == (label, "true")
    result = command("aggregate", path, "--classes", "x,z", code=1)
    assert "answers.csv, line 3: The label 'y' is not among the classes x, z." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["aggregate"], "Missing argument 'ANSWERS'"),
        (["aggregate", "none.csv"], "does not exist"),
        (["aggregate", "answers.csv", "--magic"], "No such option"),
        (["aggregate", "answers.csv", "--method", "magic"], "There is no method 'magic'"),
        (["aggregate", "answers.csv", "--method", "dawid_skene", "--set", "magic=1"], "no parameter 'magic'"),
        (["aggregate", "answers.csv", "--method", "dawid_skene", "--set", "diagonal=-1"], "diagonal"),
        (["aggregate", "answers.csv", "--set", "diagonal"], "is not KEY=VALUE"),
        (["aggregate", "answers.csv", "--labels", "nowhere/l.csv"], "nothing can be written"),
        (["aggregate", "answers.csv", "--labels", "l.xlsx"], "format could not be told"),
        (["aggregate", "answers.csv", "--labels", "answers.csv"], "named twice"),
        (["aggregate", "answers.csv", "--labels", "l.csv", "--workers", "l.csv"], "named twice"),
        (["aggregate", "answers.csv", "--classes", "x,,y"], "Name each class once"),
        (["aggregate", "answers.csv", "--posterior"], "--posterior adds columns to the file of labels"),
        (["aggregate", "answers.csv", "--difficulty"], "--difficulty adds columns to the file of labels"),
        (["aggregate", "answers.csv", "--labels", "l.csv", "--evidence", "l.csv"], "named twice"),
        (["aggregate", "answers.csv", "--labels", "-"], "'-' names no file"),
        (["simulate", "--truth", "-"], "'-' names no file"),
        (
            ["aggregate", "answers.csv", "--seed", "1", "--set", "seed=2"],
            "--seed 1 and --set seed=2 contradict each other",
        ),
        (["agreement", "answers.csv", "--level", "best"], "is not one of"),
        (["simulate", "--overlap", "9", "--workers", "3"], "overlap is 9"),
        (["simulate", "--class-shares", "1,b"], "could not convert"),
    ],
)
def test_wrong_usage(command: Command, arguments: list[str], what: str) -> None:
    before = answers("a,i1,x", "b,i1,y").read_text()
    result = command(*arguments, code=2)
    assert what in " ".join(result.stderr.split())
    assert result.stdout == ""
    assert Path("answers.csv").read_text() == before


def test_parameters_are_set(command: Command, crowd: Path) -> None:
    plain, shaped = (
        told(command("aggregate", crowd, "--method", "dawid_skene", *more, "--json"))["log_likelihood"]
        for more in ([], ["--set", "diagonal=9", "--set", "class_prior=uniform"])
    )
    expected = method("dawid_skene", {"diagonal": 9, "class_prior": "uniform"}).fit(CROWD.votes).log_likelihood
    assert shaped == pytest.approx(expected)
    assert shaped != pytest.approx(plain)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_agreement_is_that_of_the_library(command: Command, level: str) -> None:
    rng = np.random.default_rng(2)
    rows = [(f"w{w}", f"i{i}", str(rng.integers(8, 12))) for i in range(40) for w in range(4)]
    path = answers(*map(",".join, rows))
    found = told(command("agreement", path, "--level", level, "--json"))
    workers, items, labels = zip(*rows, strict=True)
    votes = Votes.of(items, workers, labels, classes=["8", "9", "10", "11"])  # not "10" before "8"
    expected = measure_agreement(votes, scale=level)  # type: ignore[arg-type]
    assert found.keys() == expected.keys()
    for name, each in expected.items():
        for part in ("value", "low", "high"):
            value = getattr(each, part)
            assert found[name][part] == (None if np.isnan(value) else pytest.approx(value))
    shown = command("agreement", path, "--level", level).stdout
    assert f"krippendorff_alpha   {expected['krippendorff_alpha'].value:7.4f}" in shown


def test_agreement_that_is_not_defined_is_null(command: Command) -> None:
    found = told(command("agreement", answers("a,i1,x", "b,i2,x"), "--json"))
    assert {each["value"] for each in found.values()} == {None}
    assert "not defined" in command("agreement", Path("answers.csv")).stdout
    result = command("agreement", answers("a,i1,x", "b,i1,y"), "--level", "interval", code=1)
    assert "answers.csv: " in result.stderr


def test_intervals_of_agreement(command: Command, crowd: Path) -> None:
    none = told(command("agreement", crowd, "--intervals", "none", "--json"))
    drawn = [
        told(
            command("agreement", crowd, "--intervals", "bootstrap", "--resamples", "50", "--seed", seed, "--json")
        )
        for seed in (1, 1, 2)
    ]
    assert none["krippendorff_alpha"]["low"] is None
    assert drawn[0] == drawn[1]
    assert drawn[0]["krippendorff_alpha"]["low"] != drawn[2]["krippendorff_alpha"]["low"]
    assert drawn[0]["krippendorff_alpha"]["value"] == none["krippendorff_alpha"]["value"]


def test_methods_are_listed(command: Command) -> None:
    shown = command("methods").stdout
    found = {each["name"]: each for each in told(command("methods", "--json"))["methods"]}
    assert found.keys() == METHODS.keys()
    begin = max(map(len, METHODS)) + 1
    for line in shown.splitlines():
        name, gap, words = line[: begin - 1].strip(), line[begin - 1], line[begin:]
        assert name in {*METHODS, ""}
        assert gap == " "
        assert words
    assert found["dawid_skene"]["parameters"]["diagonal"] == 2.0
    for name, each in found.items():
        assert name in shown
        assert each["words"]
        assert each["words"] in shown


def test_workers_are_scored_with_gold_too(command: Command, crowd: Path) -> None:
    command("aggregate", crowd, "--method", "majority_vote", "--gold", "truth.csv", "--workers", "w.csv")
    right = CROWD.votes.label == CROWD.truth[CROWD.votes.item]
    expected = np.bincount(CROWD.votes.worker, weights=right) / CROWD.votes.answers_per_worker()
    np.testing.assert_allclose([float(row["accuracy"]) for row in table("w.csv")], expected)
    assert "accuracy" in workers_table(CROWD.votes, method("majority_vote").fit(CROWD.votes))


def test_files_need_nothing_of_the_service(command: Command, crowd: Path) -> None:
    code = (
        "import sys; from app.cli import main; main(sys.argv[1:], standalone_mode=False); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    arguments = ["aggregate", crowd, "--method", "majority_vote", "--truth", "truth.csv", "--labels", "l.csv"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"numpy", "click", "pyarrow"} <= loaded
    heavy = {
        "flask",
        "sqlalchemy",
        "alembic",
        "migrations",
        "pydantic",
        "waitress",
        "sklearn",
        "pandas",
        "crowdkit",
    }
    assert loaded & heavy == set()


def test_a_bar_is_shown_on_a_terminal_alone(command: Command, crowd: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "aggregate", crowd, "--method", "majority_vote", "--json"],
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:  # how the end of a terminal is told
        pass
    os.close(ours)
    assert b"aggregating" in shown
    assert b"100%" in shown
    assert json.loads(done.stdout)["items"] == 120
    assert command("aggregate", crowd, "--method", "majority_vote").stderr == ""


@real
@pytest.mark.parametrize("name", ["bluebird", "product", "drug_relation"])
def test_real_crowds(command: Command, name: str) -> None:
    folder = DATA / name
    more = ["--gold", folder / "gold.csv.gz"] if (folder / "gold.csv.gz").exists() else []
    found = told(
        command(
            "aggregate",
            folder / "answers.csv.gz",
            "--truth",
            folder / "truth.csv.gz",
            *more,
            "--method",
            "dawid_skene",
            "--json",
        )
    )
    expected = {"bluebird": 0.898, "product": 0.939, "drug_relation": 0.88}[name]
    assert found["accuracy"] == pytest.approx(expected, abs=0.02)
    assert found["macro_f1_low"] < found["macro_f1"] < found["macro_f1_high"]
