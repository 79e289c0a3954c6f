"""Rounds over files: a simulated reviewer finds the wrong labels, and nothing is taken that does not fit."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli import files
from tests.app.cli.crowd import Command, table, told, written

CLASSES = ["cat", "dog", "fox"]
N = 600
RNG = np.random.default_rng(5)
TRUTH = RNG.integers(3, size=N)
LABEL = TRUTH.copy()
FLIPS = RNG.choice(N, 24, replace=False)
LABEL[FLIPS] = (LABEL[FLIPS] + 1) % 3
ITEMS = [f"i{place:03}" for place in range(N)]
SURE = RNG.normal(size=(N, 3))
PLAN = ("--size", 60, "--top", 20, "--target", "0.05")


def labels(codes: np.ndarray = LABEL, name: str = "labels.csv") -> Path:
    rows = [f"{item},{CLASSES[code]}\n" for item, code in zip(ITEMS, codes, strict=True)]
    return written(name, "item,label\n" + "".join(rows))


def predictions(name: str = "predictions.csv", seed: int = 0, models: int = 1) -> Path:
    """Write what a model says that has learned the truth well, and hears nothing of the labels."""
    rng = np.random.default_rng(seed)
    lines = ["item,model,cat,dog,fox"]
    for model in range(models):
        raw = np.exp(3 * np.eye(3)[TRUTH] + rng.normal(size=(N, 3)))
        said = raw / raw.sum(axis=1, keepdims=True)
        lines += [f"{i},m{model},{a:.5f},{b:.5f},{c:.5f}" for i, (a, b, c) in zip(ITEMS, said, strict=True)]
    return written(name, "\n".join(lines) + "\n")


def begin(command: Command, number: int = 1, *more: object, given: str = "labels.csv", code: int = 0) -> Any:
    return command(
        *("round", "begin", "--labels", given, "--predictions", predictions(f"p{number}.csv", number), *PLAN),
        *("--seed", number, "--queue", f"queue{number}.csv", "--round", f"round{number}.json", *more),
        code=code,
    )


def review(number: int, words: dict[str, str] | None = None) -> list[dict[str, str]]:
    """Fill in the queue: the truth, or the words that are given."""
    rows = table(f"queue{number}.csv")
    for row in rows:
        truth = CLASSES[TRUTH[ITEMS.index(row["item"])]]
        row["decided"] = (words or {}).get(row["item"], truth)
    keep(number, rows)
    return rows


def keep(number: int, rows: list[dict[str, str]]) -> None:
    with Path(f"queue{number}.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def end(command: Command, number: int = 1, *more: object, code: int = 0) -> Any:
    return command("round", "end", f"round{number}.json", "--decided", f"queue{number}.csv", *more, code=code)


def test_two_rounds_find_the_wrong_labels(command: Command) -> None:
    labels()
    said = begin(command)
    assert "60 items of 600 that nobody has looked at" in said.stdout
    assert "9 drawn by chance, the others by suspects" in said.stdout
    blind = table("queue1.csv")
    assert [*blind[0]] == ["place", "item", "label", "decided"]
    assert [row["place"] for row in blind] == [str(place) for place in range(1, 61)]
    assert {row["decided"] for row in blind} == {""}
    seen = review(1)
    wrong = [row for row in seen if row["decided"] != row["label"]]
    report = end(
        *(command, 1, "--labels-out", "labels2.csv", "--diff", "diff.csv", "--certificate", "c1.json"),
        *("--result", "r1.json"),
    )
    assert [line.split()[0] for line in report.stdout.splitlines() if not line.startswith(" ")] == [
        *("round", "precision", "yields", "pairs", "rate", "labels", "rule", "verdict")
    ]
    assert f"1: 60 items, 60 looked at, {len(wrong)} wrong, 0 unsure, 0 not looked at" in report.stdout
    assert len(wrong) >= 20
    assert table("diff.csv") == [{"item": r["item"], "was": r["label"], "now": r["decided"]} for r in wrong]
    corrected = {row["item"]: row["label"] for row in table("labels2.csv")}
    changed = {r["item"]: r["decided"] for r in wrong}
    assert corrected == {i: changed.get(i, CLASSES[k]) for i, k in zip(ITEMS, LABEL, strict=True)}

    again = command("certificate", "--verify", "c1.json")
    assert "Reckoned again, it is the same." in again.stdout
    certificate = json.loads(Path("c1.json").read_text())
    assert certificate["wrong_at_most"] >= len(FLIPS) - len(wrong)
    assert (certificate["size"], certificate["known"], certificate["audited"]) == (600, 0, 9)

    begin(command, 2, "--after", "r1.json", given="labels2.csv")
    second = {row["item"] for row in table("queue2.csv")}
    assert not second & {row["item"] for row in seen}
    found = {row["item"] for row in review(2) if row["decided"] != row["label"]} | changed.keys()
    assert len(found) >= 0.95 * len(FLIPS)
    values = told(end(command, 2, "--json", "--result", "r2.json"))
    assert (values["number"], values["labels"], values["free"]) == (2, 600, 540)
    assert values["certificate"]["known"] == 60
    result = json.loads(Path("r2.json").read_text())
    assert (result["rounds"], len(result["decisions"]), len(result["yields"])) == (2, 120, 2)


def test_the_same_seed_gives_the_same_files(command: Command) -> None:
    labels()
    begin(command)
    first = [Path(name).read_bytes() for name in ("queue1.csv", "round1.json")]
    for name in ("queue1.csv", "round1.json"):
        Path(name).unlink()
    begin(command)
    assert first == [Path(name).read_bytes() for name in ("queue1.csv", "round1.json")]


def test_some_is_left_and_some_is_unsure(command: Command) -> None:
    labels()
    begin(command, 1, "--unsure", "dunno")
    drawn = {each["item"]: each["draw"] for each in json.loads(Path("round1.json").read_text())["items"]}
    third = next(item for item, draw in drawn.items() if draw == 2)
    fifth = next(item for item, draw in drawn.items() if draw == 4)
    rows = review(1, {third: "dunno", fifth: ""})
    keep(1, [row for row in rows if drawn[row["item"]] != 7])
    result = end(command, 1, "--json", "--labels-out", "l.jsonl")
    values = told(result)
    assert (values["looked"], values["unsure"], values["unseen"]) == (58, 1, 2)
    assert (values["audited"], values["waiting"]) == (4, 3)
    assert "u" in values["certificate"]["outcomes"]
    assert values["notes"] == ["queue1.csv: 1 item of the round not in it; nobody has looked there."]
    assert "1 item of the round not in it" in result.stderr
    kept = {each["item"]: each["label"] for each in map(json.loads, Path("l.jsonl").read_text().splitlines())}
    assert kept[third] == CLASSES[LABEL[ITEMS.index(third)]]


def test_all_that_a_plan_may_look_at(command: Command) -> None:
    parts: list[dict[str, Any]] = [
        {"name": "unsure", "sampler": "low_confidence"},
        {"name": "teacher", "sampler": "teacher_disagreement"},
        {"name": "torn", "sampler": "ensemble_disagreement"},
        {"name": "shaky", "sampler": "instability"},
        {"name": "far", "sampler": "outliers"},
        {"name": "sky", "sampler": "stratified", "parameters": {"by": ["sky"]}},
        {"name": "track", "sampler": "inconsistency"},
    ]
    written("plan.json", json.dumps({"size": 90, "parts": parts, "stop": {"top": 10}}))
    rows = [f"{item},{'sun' if k % 3 else 'rain'},t{k // 20},{k % 20},{k % 7}" for k, item in enumerate(ITEMS)]
    written("about.csv", "item,sky,sequence,time,x\n" + "\n".join(rows) + "\n")
    vectors = 4 * np.eye(3)[TRUTH] + SURE
    rows = [f"{i},{a:.4f},{b:.4f},{c:.4f}" for i, (a, b, c) in zip(ITEMS, vectors, strict=True)]
    written("vectors.csv", "item,a,b,c\n" + "\n".join(rows) + "\n")
    written("known.csv", f"item,label\ni000,{CLASSES[LABEL[0]]}\ni001,{CLASSES[LABEL[1]]}\n")
    labels()
    given = (
        *("round", "begin", "--labels", "labels.csv", "--predictions", predictions(), "--plan", "plan.json"),
        *("--teacher", predictions("t.csv", 1), "--ensemble", predictions("e.csv", 2, models=3)),
        *("--views", predictions("v.csv", 3, models=2), "--embeddings", "vectors.csv", "--known", "known.csv"),
        *("--seed", 1, "--queue", "q.csv", "--round", "r.json", "--reasons"),
    )
    no = command(*given, code=1)
    assert "The plan looks at sky, sequence, time, x, y, z of the items. Give --metadata FILE." in no.stderr
    command(*given, "--metadata", "about.csv")
    whole = json.loads(Path("r.json").read_text())
    assert whole["samplers"] == ["random", "suspects", *(part["name"] for part in parts)]
    assert whole["free"] == 598
    reasons = {name for each in whole["items"] for name in each["reasons"]}
    assert reasons >= {"random", "suspects", "unsure", "teacher", "torn", "shaky", "far", "sky"}
    rows_read = table("q.csv")
    assert [*rows_read[0]] == ["place", "item", "label", "suggested", "reason", "decided"]
    assert not {"i000", "i001"} & {row["item"] for row in rows_read}


def test_nothing_that_somebody_filled_in_is_written_over(command: Command) -> None:
    labels()
    begin(command)
    before = [review(1), Path("round1.json").read_bytes()]
    assert "queue1.csv is there already" in begin(command, code=1).stderr
    assert before == [table("queue1.csv"), Path("round1.json").read_bytes()]
    assert "is named twice" in end(command, 1, "--labels-out", "labels.csv", code=2).stderr
    assert "is named twice" in end(command, 1, "--diff", "queue1.csv", code=2).stderr


def test_labels_that_have_changed_are_refused(command: Command) -> None:
    labels()
    begin(command)
    review(1)
    moved = Path("labels.csv").rename("moved.csv")
    no = end(command, 1, "--labels-out", "out.csv", code=1)
    assert "The labels of the round are not at" in no.stderr
    assert "60 looked at" in end(command, 1, "--labels", moved).stdout
    moved.write_text(moved.read_text() + "i999,cat\n")
    no = end(command, 1, "--labels", moved, "--labels-out", "out.csv", "--result", "r.json", code=1)
    assert "moved.csv has changed since the round began" in no.stderr
    assert not Path("out.csv").exists()
    assert not Path("r.json").exists()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"decided": "wolf"}, "line 4, column decided: 'wolf' is no class. Write one of cat, dog, fox, unsure"),
        ({"item": "i9999"}, "line 4: The item 'i9999' is not of this round."),
        ({"label": "owl"}, "has the label 'owl' here"),
    ],
)
def test_bad_rows_of_the_queue_are_told_with_their_line(
    command: Command, change: dict[str, str], what: str
) -> None:
    labels()
    begin(command)
    rows = review(1)
    rows[2] |= change
    keep(1, rows)
    no = end(command, 1, "--labels-out", "out.csv", "--result", "r.json", code=1)
    assert "queue1.csv: 1 line cannot be read." in no.stderr
    assert what in no.stderr
    assert not {"out.csv", "r.json"} & {path.name for path in Path().iterdir()}


def test_each_bad_row_is_told(command: Command) -> None:
    labels()
    begin(command)
    rows = review(1)
    for row in rows:
        row["decided"] = "wolf"
    keep(1, [*rows, rows[0]])
    no = end(command, code=1)
    assert "61 lines cannot be read" in no.stderr
    assert "and 51 more" in no.stderr
    written("queue1.csv", "item,said\ni001,cat\n")
    assert "There is no column 'decided'" in end(command, code=1).stderr
    review_none = "item,decided\n" + "".join(f"{row['item']},\n" for row in rows)
    written("queue1.csv", review_none)
    assert "Nothing is decided yet" in end(command, code=1).stderr


def test_what_does_not_belong_together_is_refused(command: Command) -> None:
    labels()
    begin(command)
    review(1)
    end(command, 1, "--result", "r1.json", "--labels-out", "labels2.csv")
    # the labels as they were before, not as the round left them
    no = begin(command, 2, "--after", "r1.json", code=1)
    assert "Give the labels with which that round ended." in no.stderr
    known = next(row for row in table("labels2.csv"))
    other = next(name for name in CLASSES if name != known["label"])
    written("known.csv", f"item,label\n{known['item']},{other}\n")
    no = begin(command, 2, "--known", "known.csv", given="labels2.csv", code=1)
    assert f"known.csv, line 2: The item '{known['item']}' was decided to be '{other}'" in no.stderr
    written("known.csv", "item,label\nnobody,cat\n")
    assert (
        "known.csv, line 2: The item 'nobody' has no label"
        in begin(command, 2, "--known", "known.csv", code=1).stderr
    )
    assert "is no result of a round" in begin(command, 2, "--after", "round1.json", code=1).stderr
    Path("round1.json").write_text('{"format": "crowdqc round 1"}')
    assert "round1.json is no whole round" in end(command, code=1).stderr
    Path("round1.json").write_text("{")
    assert "round1.json: this is no JSON" in end(command, code=1).stderr
    assert not Path("queue2.csv").exists()
    assert not Path("round2.json").exists()


@pytest.mark.parametrize(
    ("more", "what", "code"),
    [
        (("--size", 10), "The stop rule looks at the 20 most confident mistakes; of 10 items 8 are for them.", 1),
        (("--random", "0.9"), "random", 1),
        (("--target", "7"), "target: 7.0 does not lie between 0 and 1", 1),
        (("--unsure", "cat"), "it must be a word that is no class", 2),
        (("--queue", "labels.csv"), "is named twice", 2),
    ],
)
def test_a_round_that_cannot_be_is_refused(
    command: Command, more: tuple[object, ...], what: str, code: int
) -> None:
    labels()
    assert what in begin(command, 1, *more, code=code).stderr
    assert not Path("round1.json").exists()


def test_models_that_do_not_fit_are_refused(command: Command) -> None:
    labels()
    shared = ("round", "begin", "--labels", "labels.csv", *PLAN, "--queue", "q.csv", "--round", "r.json")
    no = command(*shared, "--predictions", predictions("three.csv", models=3), code=1)
    assert "The predictions are of 3 models: m0, m1, m2." in no.stderr
    no = command(*shared, "--predictions", predictions(), "--teacher", Path("three.csv"), code=1)
    assert "three.csv: There are 3 models; a round has one teacher." in no.stderr
    written("wide.csv", "item,cat,dog,fox,owl\ni000,0.1,0.2,0.3,0.4\n")
    no = command(*shared, "--predictions", predictions(), "--teacher", "wide.csv", code=1)
    assert "wide.csv: The class 'owl' has no column in the predictions of the student." in no.stderr
    written("few.csv", "item,a,b\ni000,1,2\n")
    no = command(*shared, "--predictions", predictions(), "--embeddings", "few.csv", code=1)
    assert "599 of 600 items have no embedding" in no.stderr
    written("labels.csv", "item,label\ni000,cat\ni001,wolf\n")
    no = command(*shared, "--predictions", predictions(), code=1)
    assert "labels.csv, line 3: The label 'wolf' stands here." in no.stderr
    assert not Path("q.csv").exists()


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("i000,t,1\ni001,t,noon", "about.csv, line 3, column time: 'noon' is not a number."),
        ("i000,t,1\ni000,t,2", "about.csv, line 3: The item 'i000' has a second row."),
        ("i000,t,inf", "about.csv, line 2, column time: 'inf' is not a number."),
    ],
)
def test_bad_metadata_is_told_with_its_line(command: Command, rows: str, what: str) -> None:
    labels()
    parts = [{"name": "track", "sampler": "inconsistency"}]
    written("plan.json", json.dumps({"parts": parts}))
    written("about.csv", f"item,sequence,time\n{rows}\n")
    no = begin(command, 1, "--plan", "plan.json", "--metadata", "about.csv", code=1)
    assert what in no.stderr
    written("about.csv", "item,sequence\ni000,t\n")
    no = begin(command, 1, "--plan", "plan.json", "--metadata", "about.csv", code=1)
    assert "about.csv: There is no column 'time'. Its columns are: item, sequence." in no.stderr


def test_where_one_file_cannot_be_written_none_is(command: Command) -> None:
    def fails(stream: object) -> None:
        raise OSError(28, "No space left on device")

    Path("first").write_text("as it was")
    with pytest.raises(files.BadInput, match="second cannot be written: No space left on device"):
        files.write_together([(Path("first"), files.json_bytes(1)), (Path("second"), fails)])
    assert [path.name for path in Path().iterdir()] == ["first"]
    assert Path("first").read_text() == "as it was"


def test_no_draw_was_looked_at(command: Command) -> None:
    labels()
    begin(command)
    drawn = {each["item"] for each in json.loads(Path("round1.json").read_text())["items"] if each["draw"] >= 0}
    review(1, dict.fromkeys(drawn, ""))
    assert "verdict" not in end(command).stdout
    no = end(command, 1, "--certificate", "c.json", "--result", "r.json", code=1)
    assert "there is no certificate" in no.stderr
    assert not Path("r.json").exists()
    values = told(end(command, 1, "--json"))
    assert (values["certificate"], values["verdict"], values["audited"]) == (None, None, 0)
