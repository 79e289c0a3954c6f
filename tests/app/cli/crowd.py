"""A small crowd, and what the tests of the commands do with files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result

from crowdqc.quality.simulation import Simulation

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"

#: Calls the command line and looks at the exit code.
Command = Callable[..., Result]

CROWD = Simulation(items=120, workers=12, classes=["cat", "dog", "fox"], overlap=5, accuracy=(0.5, 0.9)).run(
    seed=3
)
SAID = [
    (CROWD.votes.workers[w], CROWD.votes.items[i], CROWD.votes.classes[k])
    for w, i, k in zip(CROWD.votes.worker, CROWD.votes.item, CROWD.votes.label, strict=True)
]


def told(result: Result) -> Any:
    """Give the one JSON object on standard output, strictly."""

    def refuse(text: str) -> object:
        raise AssertionError(f"{text} is not JSON")

    assert result.stdout.count("\n") == 1
    return json.loads(result.stdout, parse_constant=refuse)


def table(path: Path | str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def written(path: str, text: str) -> Path:
    Path(path).write_text(text, encoding="utf-8")
    return Path(path)


def answers(*rows: str) -> Path:
    return written("answers.csv", "worker,item,label\n" + "".join(f"{row}\n" for row in rows))
