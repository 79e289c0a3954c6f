"""`crowdqc certificate`: from a table of an audit, as a sentence or as JSON, and reckoned again."""

from __future__ import annotations

import json
from pathlib import Path

from tests.app.cli.crowd import Command


def table(path: Path, outcomes: list[str], **columns: list[object]) -> Path:
    names = ["outcome", *columns]
    rows = zip(outcomes, *columns.values(), strict=True)
    path.write_text("\n".join([",".join(names), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def test_a_sentence_and_whether_to_stop(command: Command, tmp_path: Path) -> None:
    audit = table(tmp_path / "audit.csv", ["right"] * 400, item=list(range(400)))
    found = command("certificate", "--audit", str(audit), "--size", "10000", "--target", "0.01")
    assert found.output.splitlines() == [
        "At least 99.08% of these 10,000 labels are right, at 95% confidence, from 400 audited items.",
        "At most 0.92% of the labels are wrong, at 95% confidence; 1% is aimed at. Stop.",
    ]


def test_is_reckoned_again(command: Command, tmp_path: Path) -> None:
    audit = table(tmp_path / "audit.csv", ["right", "wrong", "unsure"] * 20, order=list(range(60, 0, -1)))
    said = command(
        "certificate", "--audit", str(audit), "--size", "500", "--known", "40", "--looks", "60", "--json"
    )
    told = json.loads(said.stdout)
    assert (told["outcomes"][:9], told["plan"]) == ("1u 1w 1r ", {"kind": "fixed", "looks": [60]})
    kept = tmp_path / "certificate.json"
    kept.write_text(said.stdout)
    again = command("certificate", "--verify", str(kept))
    assert again.output.endswith("Reckoned again, it is the same.\n")
    kept.write_text(json.dumps(told | {"wrong_at_most": 1}))
    no = command("certificate", "--verify", str(kept), code=1)
    assert "It says at most 1 wrong labels; reckoned again it is" in no.output


def test_what_is_refused(command: Command, tmp_path: Path) -> None:
    good = str(table(tmp_path / "good.csv", ["right"]))
    assert "Give either" in command("certificate", code=2).output
    assert "needs --size" in command("certificate", "--audit", good, code=2).output
    command("certificate", "--audit", good, "--size", "9", "--looks", "a", code=2)
    for name, outcomes, columns, words in (
        ("a", ["right", "fine"], {}, "outcomes[1]"),
        ("b", ["right"], {"order": ["first"]}, "`order` must hold numbers"),
        ("c", ["right", "right"], {"item": [1, 1]}, "an item occurs twice"),
    ):
        path = table(tmp_path / f"{name}.csv", outcomes, **columns)  # type: ignore[arg-type]
        no = command("certificate", "--audit", str(path), "--size", "9", code=1)
        assert words in no.output
    bare = tmp_path / "bare.csv"
    bare.write_text("label\nx\n")
    assert "no column `outcome`" in command("certificate", "--audit", str(bare), "--size", "9", code=1).output
    assert "no JSON" in command("certificate", "--verify", str(bare), code=1).output
