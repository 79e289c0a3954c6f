"""The real sets of answers are read without one fault."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from crowdqc import formats
from crowdqc.formats.answers import Answer, Truth, answers, truth

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no real sets in {DATA}")

#: Those that are large are read in part, so that the tests stay quick.
MOST = 20_000


def sets(name: str) -> list[Path]:
    return sorted(DATA.glob(f"*/{name}.csv.gz"))


def named(path: Path) -> str:
    return path.parent.name


@pytest.mark.parametrize("path", sets("answers"), ids=named)
def test_answers_are_read(path: Path) -> None:
    with gzip.open(path) as lines:
        expected = sum(1 for _ in lines) - 1
    count = 0
    with path.open("rb") as stream:
        for count, each in enumerate(answers(stream, "csv.gz"), 1):
            assert isinstance(each, Answer), each
            if count >= MOST:
                break
    assert count == min(expected, MOST)


@pytest.mark.parametrize("path", sets("truth"), ids=named)
def test_truths_are_read(path: Path) -> None:
    with path.open("rb") as stream:
        found = list(truth(stream, "csv.gz"))
    assert found
    assert [each for each in found if not isinstance(each, Truth)] == []


@pytest.mark.parametrize("path", sorted(DATA.glob("*/*.csv.gz")), ids=lambda path: f"{named(path)}-{path.name}")
def test_every_table_is_read(path: Path) -> None:
    head = path.read_bytes()[:512]
    form = formats.detect(path.name, None, head)
    assert form == "csv.gz"
    with path.open("rb") as stream:
        for count, each in enumerate(formats.rows(stream, form)):
            assert isinstance(each, formats.Row), each
            if count >= MOST:
                break
