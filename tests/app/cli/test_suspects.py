"""Wrong labels, found by a command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.app.cli.crowd import CROWD, SAID, Command, answers, table, told, written

ITEMS, CLASSES, N = CROWD.votes.items, CROWD.votes.classes, 120
GUESSES = CROWD.predictions(0.9)
LABEL = np.array(CROWD.truth)
LABEL[[5, 60]] = (LABEL[[5, 60]] + 1) % 3


def labels(*extra: str) -> Path:
    rows = [f"{item},{CLASSES[k]}" for item, k in zip(ITEMS, LABEL, strict=True)]
    return written("labels.csv", "\n".join(["item,label", *rows, *extra]) + "\n")


def predictions(name: str = "predictions.csv", *extra: str, guesses: np.ndarray = GUESSES) -> Path:
    rows = [f"{item},{','.join(f'{p:.6f}' for p in row)}" for item, row in zip(ITEMS, guesses, strict=True)]
    return written(name, "\n".join([f"item,{','.join(CLASSES)}", *rows, *extra]) + "\n")


def test_the_wrong_ones_stand_first_with_reasons(command: Command) -> None:
    result = command(
        "suspects", "--labels", labels(), "--predictions", predictions(), "--top", 5, "--write", "s.csv"
    )
    rows = table("s.csv")
    assert len(rows) == 5
    assert {ITEMS[5], ITEMS[60]} <= {row["item"] for row in rows}
    assert all(row["label"] != row["suggested"] for row in rows)
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert rows[0]["reason"].startswith(f"contradicted by model: {rows[0]['suggested']} ")
    heads = [line.split()[0] for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert heads[:2] == ["labels", "model"]
    assert heads[-1] == "suspects"
    assert result.stderr == ""


def test_all_figures_as_json(command: Command) -> None:
    found = told(command("suspects", "--labels", labels(), "--predictions", predictions(), "--top", 3, "--json"))
    assert (found["labels"], found["looked_at"], found["out_of_fold"]) == (120, 120, True)
    assert [len(found["suspects"]), len(found["by_class"]), len(found["models"])] == [3, 3, 1]
    assert sum(each["labels"] for each in found["by_class"]) == 120
    assert sum(each["mistakes"] for each in found["by_class"]) == found["flagged"]
    assert sum(each["labels"] for each in found["by_pair"]) == found["flagged"]
    [model] = found["models"]
    assert model["agreement"] == pytest.approx((GUESSES.argmax(axis=1) == LABEL).mean())
    assert 0.3 < model["temperature"] < 3
    assert {each["class"] for each in model["by_class"]} == {*CLASSES}


def test_several_models_answers_and_embeddings(command: Command) -> None:
    rng = np.random.default_rng(0)
    other = predictions("other.csv", guesses=rng.dirichlet(np.ones(3), size=N))
    vectors = 3 * np.eye(3)[CROWD.truth] + rng.normal(size=(N, 3))
    rows = [f"{item},{','.join(f'{x:.4f}' for x in row)}" for item, row in zip(ITEMS, vectors, strict=True)]
    written("vectors.csv", "\n".join(["item,x,y,z", *rows[:-1], "elsewhere,1,1,-1"]) + "\n")
    result = command(
        *("suspects", "--labels", labels(), "--predictions", predictions(), "--predictions", other),
        *("--answers", answers(*map(",".join, SAID), "ann,elsewhere,cat"), "--embeddings", "vectors.csv"),
        *("--top", 2, "--write", "s.jsonl", "--json"),
    )
    found = told(result)
    assert {*found["weights"]} == {"predictions", "other", "neighbours"}
    assert found["weights"]["other"] < 0.2
    assert {row["item"] for row in found["suspects"]} == {ITEMS[5], ITEMS[60]}
    assert "the crowd: " in found["suspects"][0]["reason"]
    assert "answers.csv: 1 answer to items without a label left out." in found["notes"]
    assert "vectors.csv: 1 vector of items without a label left out." in found["notes"]
    assert Path("s.jsonl").read_text().count("\n") == 2


def test_in_sample_predictions_are_warned_of(command: Command) -> None:
    shared = ("suspects", "--labels", labels(), "--predictions", predictions())
    assert "learned their mistakes by heart" in command(*shared, "--in-sample").stderr
    many = "".join(f"{row},{'ab'[row % 2]}\n" for row in range(3000))
    said = "".join(
        f"{row},{0.99 if row % 2 == 0 else 0.01},{0.01 if row % 2 == 0 else 0.99}\n" for row in range(3000)
    )
    written("l.csv", f"item,label\n{many}")
    written("p.csv", f"item,a,b\n{said}")
    result = command("suspects", "--labels", "l.csv", "--predictions", "p.csv")
    assert "agrees with 100.00% of the labels. Is it in-sample?" in result.stderr


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        ("i999,1,0,0", "predictions.csv, line 122: The item 'i999' has no label."),
        (f"{ITEMS[0]},1,0,0", f"predictions.csv, line 122: The item '{ITEMS[0]}' is predicted a second time."),
        ("i999,0.5,0.1,0.1", "predictions.csv, line 122: The probabilities sum to 0.7, not to 1."),
        (
            "i999,nan,0.5,0.5",
            "predictions.csv, line 122, column cat: The probability 'nan' is not a number from 0.",
        ),
        ("i999,-1,1,1", "predictions.csv, line 122, column cat: The probability '-1' is not a number from 0."),
    ],
)
def test_bad_predictions_are_told_with_their_line(command: Command, extra: str, what: str) -> None:
    path = predictions("predictions.csv", extra)
    result = command("suspects", "--labels", labels(), "--predictions", path, "--write", "s.csv", code=1)
    assert what in result.stderr
    assert not Path("s.csv").exists()


@pytest.mark.parametrize(
    ("extra", "what"),
    [
        (f"{ITEMS[0]},cat", f"labels.csv, line 122: The item '{ITEMS[0]}' has a second label."),
        ("i999,wolf", "labels.csv, line 122: The label 'wolf' stands here."),
        ("i999,nan", "labels.csv, line 122: The label 'nan' is how programs write that there is none."),
        (",cat", "labels.csv, line 122, column item: The cell is empty."),
    ],
)
def test_bad_labels_are_told_with_their_line(command: Command, extra: str, what: str) -> None:
    result = command("suspects", "--labels", labels(extra), "--predictions", predictions(), code=1)
    assert what in result.stderr


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("i1,0,0", "vectors.csv, line 2: The vector is all 0; it has no direction."),
        ("i1,x,0", "vectors.csv, line 2, column x: The number 'x' is not a number."),
        ("i1,1,0\ni1,1,0", "vectors.csv, line 3: The item 'i1' has a second vector."),
    ],
)
def test_bad_embeddings_are_told_with_their_line(command: Command, rows: str, what: str) -> None:
    written("vectors.csv", f"item,x,y\n{rows}\n")
    shared = ("suspects", "--labels", labels(), "--predictions", predictions())
    assert what in command(*shared, "--embeddings", "vectors.csv", code=1).stderr


def test_an_answer_of_no_class_and_a_model_twice(command: Command) -> None:
    shared = ("suspects", "--labels", labels(), "--predictions", predictions())
    result = command(*shared, "--answers", answers(f"ann,{ITEMS[0]},wolf"), code=1)
    assert "answers.csv, line 2: The label 'wolf' is not among the classes cat, dog, fox." in result.stderr
    result = command(*shared, "--predictions", predictions("predictions.tsv.csv"), code=1)
    assert "The model 'predictions' stands in another file as well." in result.stderr
