"""What is wrong, odd or assumed is told: with file, line, value, and what is known."""

from __future__ import annotations

import pytest

from tests.app.cli.crowd import Command, answers, table, told, written


@pytest.mark.parametrize(
    ("costs", "more", "what"),
    [
        (
            "true,said,cost\nham,spma,10\nspam,ham,1\n",
            [],
            "Only it knows 'spma' (line 2): the classes are ham, spam.",
        ),
        ("true,ham,spam\nham,0,10\nspam,1,2\n", [], "costs.csv, line 3: To say 'spam' where it is true costs 2;"),
        (
            "true,ham,spam\nham,0,ten\nspam,1,0\n",
            [],
            "costs.csv, line 2, column spam: The cost 'ten' is not a number",
        ),
        (
            "true,said,cost\nham,spam,10\nspma,ham,1\n",
            ["--classes", "ham,spam"],
            "costs.csv, line 3: The label 'spma' is not among the classes ham, spam.",
        ),
    ],
)
def test_faulty_costs_name_line_and_class(command: Command, costs: str, more: list[str], what: str) -> None:
    path = answers("a,i1,spam", "b,i1,ham")
    result = command("aggregate", path, "--costs", written("costs.csv", costs), *more, code=1)
    assert what in result.stderr
    assert result.stdout == ""


def test_labels_that_nobody_gave_are_told(command: Command) -> None:
    path = answers("a,i1,cat", "b,i1,dog", "a,i2,cat")
    truth = written("truth.csv", "item,label\ni1,cat\ni2,Cat\ni3,Cat\ni4,fox|cat\n")
    result = command("aggregate", path, "--method", "majority_vote", "--truth", truth, "--json")
    told_of = (
        "truth.csv, line 3: 3 items with a label that nobody gave: 'Cat' (2), 'fox' (1). The answers say cat, dog."
    )
    assert told_of in result.stderr
    assert told_of in told(result)["notes"]
    gold = written("gold.csv", "item,label\ni2,cat\ni1,Dog\n")
    result = command("aggregate", path, "--gold", gold, "--classes", "cat,dog", code=1)
    assert "gold.csv, line 3: The label 'Dog' is not among the classes cat, dog." in result.stderr
    known = command("aggregate", path, "--gold", gold, "--classes", "cat,dog,Dog", "--method", "majority_vote")
    assert "nobody gave" not in known.stderr


def test_a_weight_that_is_none_is_shown(command: Command) -> None:
    path = written("answers.csv", "worker,item,label,weight\na,i1,x,1\nb,i1,x,-2\n")
    result = command("aggregate", path, code=1)
    assert "answers.csv, line 3, column weight: The weight '-2' is not a number from 0." in result.stderr


def test_a_method_that_wants_models_says_so(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,y", "a,i2,y")
    result = command("aggregate", path, "--method", "model_aware")
    assert "model_aware was given no --predictions, so it is dawid_skene." in result.stderr


def test_the_order_that_was_taken_is_told(command: Command) -> None:
    path = answers("a,i1,low", "b,i1,high", "a,i2,mid", "b,i2,mid")
    silent = command("agreement", path)
    assert silent.stderr == ""
    assert silent.stdout.startswith("4 answers of 2 workers to 2 items")
    shown = command("agreement", path, "--level", "ordinal")
    assert "The classes are taken in the order of their names: high, low, mid. --classes A,B,..." in shown.stderr
    stated = command("agreement", path, "--level", "ordinal", "--classes", "low,mid,high")
    assert stated.stderr == ""
    assert stated.stdout != shown.stdout
    numbers = command("agreement", answers("a,i1,10", "b,i1,9", "a,i2,8", "b,i2,8"), "--level", "ordinal")
    assert numbers.stderr == ""
    assert command("agreement", answers("a,i1,x")).stdout.startswith("1 answer of 1 worker to 1 item,")


@pytest.mark.parametrize("name", ["NaN", "nan", "NAN"])
def test_a_label_that_stands_for_none_is_refused(command: Command, name: str) -> None:
    path = answers("a,i1,x", f"b,i1,{name}", "a,i2,y")
    for asked in ("aggregate", "agreement"):
        result = command(asked, path, code=1)
        assert (
            f"answers.csv, line 3: The label '{name}' is how programs write that there is none." in result.stderr
        )
        assert f"--classes {name}," in result.stderr
        command(asked, path, "--classes", f"x,y,{name}")
    path = answers("a,i1,x", "b,i1,banana")
    for option in ("--gold", "--truth"):
        known = written("known.csv", f"item,label\ni1,x\ni1,{name}\n")
        result = command("aggregate", path, option, known, code=1)
        assert f"known.csv, line 3: The label '{name}' is how programs write" in result.stderr


def test_a_label_that_breaks_lines_is_shown_in_quotes(command: Command) -> None:
    path = written("answers.csv", 'worker,item,label\na,i1,"two\nlines"\nb,i2,x\n')
    shown = command("aggregate", path, "--method", "majority_vote").stdout
    assert "labels    'two\\nlines' 50.0%, x 50.0%" in shown


def test_predictions_of_other_items_say_so(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,y", "a,i2,y")
    said = written("p.csv", "item,x,y\ni8,0.1,0.9\ni9,0.5,0.5\n")
    result = command("aggregate", path, "--method", "model_aware", "--predictions", said)
    assert "p.csv: None of the predicted items was answered" in result.stderr
    assert "model     model: none of its items was answered" in result.stdout
    assert "nan" not in result.stdout


def test_nothing_is_added_that_says_nothing(command: Command) -> None:
    result = command("agreement", answers("a,i1,x", "b,i1,y"), "--level", "interval", code=1)
    assert result.stderr.startswith("Error: answers.csv: ")
    assert "send it again" not in result.stderr


def test_costs_without_names_of_the_rows(command: Command) -> None:
    path = answers("a,i1,cat", "b,i1,dog", "c,i1,fox")
    costs = written("costs.csv", "cat,dog,fox\n0,1,1\n1,0,1\n1,1,0\n")
    result = command("aggregate", path, "--costs", costs, code=1)
    assert (
        "costs.csv, header: The first column, 'cat', holds numbers; it must name the true class" in result.stderr
    )


def test_truth_of_nothing_that_counts(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,y", "a,i2,x")
    gold, truth = written("gold.csv", "item,label\ni1,y\n"), written("truth.csv", "item,label\ni1,y\ni9,x\n")
    asked = ["aggregate", path, "--method", "majority_vote", "--gold", gold, "--truth", truth]
    found = told(command(*asked, "--json"))
    assert found["truth_items"] == 0
    names = [f"{name}{end}" for name in ("accuracy", "macro_f1") for end in ("", "_low", "_high")]
    assert {found[name] for name in names} == {None}
    assert (
        "truth     nothing to compare: no item of it has a label here that is not gold" in command(*asked).stdout
    )


def test_shares_and_entropy_are_written_plainly(command: Command) -> None:
    path = answers("a,i1,x", "b,i1,x", "c,i1,x", "d,i1,y", "a,i2,x")
    gold = written("gold.csv", "item,label\ni2,x\n")
    command("aggregate", path, "--method", "majority_vote", "--gold", gold, "--labels", "l.csv")
    assert [(row["confidence"], row["entropy"]) for row in table("l.csv")][1:] == [("1", "0")]
    assert table("l.csv")[0]["confidence"] == "0.75"


@pytest.mark.parametrize("intervals", ["analytic", "bootstrap"])
def test_one_item_has_no_interval(command: Command, intervals: str) -> None:
    path = answers("a,i1,x", "b,i1,y")
    found = told(command("agreement", path, "--intervals", intervals, "--json"))
    assert (found["cohen_kappa"]["value"], found["scott_pi"]["value"]) == (0, -1)
    assert {each[part] for each in found.values() for part in ("low", "high", "error")} == {None}
    assert "[" not in command("agreement", path, "--intervals", intervals).stdout
