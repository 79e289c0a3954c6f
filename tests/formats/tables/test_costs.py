"""Costs of mistakes, as a square or as a row for each pair."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest

from crowdqc.formats import Unreadable
from crowdqc.formats.tables import BadLines, costs

EXPECTED = {("ham", "ham"): 0, ("ham", "spam"): 10, ("spam", "ham"): 1, ("spam", "spam"): 0}


@pytest.mark.parametrize(
    "text",
    [
        "true,ham,spam\nham,0,10\nspam,1,0\n",
        ",ham,spam\nham,0,10\nspam,1,0\n",
        '"",ham,spam\nham,0,10\nspam,1,0\n',
        "true\\said,spam,ham\nspam,0,1\nham,10,0\n",
        ";ham;spam\nham;0;10\nspam;1;0\n",
        "true,said,cost\nham,ham,0\nham,spam,10\nspam,ham,1\nspam,spam,0\n",
        "cost,assigned,True\n0,ham,ham\n10,spam,ham\n1,ham,spam\n0,spam,spam\n",
    ],
)
@pytest.mark.parametrize("form", ["csv", "csv.gz"])
def test_costs_are_read_by_true_and_said(text: str, form: str) -> None:
    data = text.encode()
    assert costs(BytesIO(gzip.compress(data) if form == "csv.gz" else data), form) == EXPECTED


def test_each_cost_knows_its_line() -> None:
    found = costs(BytesIO(b"true,ham,spam\nham,0,10\n\nspam,1,0\n"), "csv")
    assert found.lines == {("ham", "ham"): 2, ("ham", "spam"): 2, ("spam", "ham"): 4, ("spam", "spam"): 4}


def test_costs_in_other_formats() -> None:
    assert costs(BytesIO(b"\tham\tspam\nham\t0\t10\nspam\t1\t0\n"), "tsv") == EXPECTED
    lines = b'{"true":"ham","ham":0,"spam":10}\n{"true":"spam","ham":1,"spam":0}\n'
    assert costs(BytesIO(lines), "jsonl") == EXPECTED


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("true,a,b\na,0,x\nb,1,0\n", "line 2, column b", "not a number"),
        ("true,a,b\na,0,-1\nb,1,0\n", "line 2, column b", "not a number"),
        ("true,a,b\na,0,1\na,1,0\n", "line 3, column a", "twice"),
        ("true,said,cost\na,b,1\na,b,2\n", "line 3, column cost", "twice"),
        ("true,a,b\n,0,1\n", "line 2, column true", "empty"),
    ],
)
def test_costs_that_are_none(text: str, where: str, what: str) -> None:
    with pytest.raises(BadLines) as caught:
        costs(BytesIO(text.encode()), "csv")
    assert caught.value.errors[0]["where"] == where
    assert what in str(caught.value.errors[0]["what"])


@pytest.mark.parametrize(
    "text", ["cat,dog,fox\n0,1,1\n1,0,1\n1,1,0\n", "cat,dog\n0,10\n1,0\n", "true,cat,dog\n0,0,1\n1,1,0\n"]
)
def test_a_square_without_names_of_its_rows(text: str) -> None:
    with pytest.raises(Unreadable, match=r"first column, '\w+', holds numbers; it must name the true class"):
        costs(BytesIO(text.encode()), "csv")


@pytest.mark.parametrize(
    "text", ["true,0,1\n0,0,5\n1,2,0\n", "true,said,cost\n0,1,5\n", "cost,true,said\n5,a,b\n"]
)
def test_numbers_may_be_classes(text: str) -> None:
    assert 5 in costs(BytesIO(text.encode()), "csv").values()


def test_one_column_is_no_costs() -> None:
    with pytest.raises(Unreadable, match="are no costs: true"):
        costs(BytesIO(b"true\na\n"), "csv")
