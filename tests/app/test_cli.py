"""The command line: each command on an installation of its own, and errors in a line instead of a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from crowdqc import __version__
from crowdqc.assembly import assemble
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.settings import Settings

Command = Callable[..., Result]
PASSWORD = "correct horse battery"


@pytest.fixture
def told(tmp_path: Path, empty_database_url: str) -> dict[str, str]:
    """Give the environment of an installation whose database has no tables yet, on each kind of database."""
    return {
        "CROWDQC_DATA_DIR": str(tmp_path / "var"),
        "CROWDQC_DATABASE_URL": empty_database_url,
        "CROWDQC_PASSWORD_MEMORY": "8",
        "CROWDQC_PASSWORD_PASSES": "1",
    }


@pytest.fixture
def command(told: dict[str, str]) -> Command:
    def run(*arguments: str, environment: dict[str, str] | None = None, typed: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, env=told | (environment or {}), input=typed)

    return run


def line_of(result: Result) -> str:
    """Give the one line that an error is told in."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("Error: ")
    return line


def test_help_and_version(command: Command) -> None:
    assert __version__ in command("--version").output
    shown = command("-h")
    assert shown.exit_code == 0
    for name in main.commands:
        assert name in shown.output
        assert command(name, "--help").exit_code == 0
        assert main.commands[name].help


def test_an_admin_and_his_token(command: Command, told: dict[str, str]) -> None:
    assert command("upgrade").output == "The database has the newest schema.\n"
    assert command("upgrade").exit_code == 0
    made = command("admin", "root", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0
    assert "root can sign in, as admin, requester, qa_lead." in made.output
    assert PASSWORD not in made.output
    token = command("token", "root").output.strip()
    place = assemble(Settings.from_environment(told))
    try:
        with place.reading() as tx:
            actor = people.of_token(tx, token)
            assert (actor.name, actor.roles) == ("root", frozenset({Role.ADMIN, Role.REQUESTER, Role.QA_LEAD}))
            assert people.verified(tx, name="root", password=PASSWORD) == actor
            assert [each.name for each in people.tokens(tx, actor)] == ["command line"]
    finally:
        place.close()


def test_errors_in_a_line(command: Command) -> None:
    assert command("admin", "root", "--password", PASSWORD).exit_code == 0
    assert "somebody named 'root' already" in line_of(command("admin", "root", "--password", PASSWORD))
    assert "8 characters" in line_of(command("admin", "other", "--password", "short"))
    assert "without spaces" in line_of(command("admin", "two words", "--password", PASSWORD))
    assert "nobody named 'ghost'" in line_of(command("token", "ghost"))
    wrong = command("serve", "--port", "70000")
    assert wrong.exit_code == 2
    assert "Traceback" not in wrong.output


def test_settings_that_are_wrong(command: Command) -> None:
    line = line_of(command("upgrade", environment={"CROWDQC_UPLOAD_LIMITS": "5"}))
    assert "CROWDQC_UPLOAD_LIMITS is not a setting" in line
    assert "upload_limit" in line
    assert "CROWDQC_UPLOAD_LIMIT is 'much'" in line_of(
        command("upgrade", environment={"CROWDQC_UPLOAD_LIMIT": "much"})
    )
    for name, value in (("DATABASE", "mysql://x/y"), ("STORAGE", "ftp://x"), ("EXECUTION", "cloud:")):
        line = line_of(command("upgrade", environment={f"CROWDQC_{name}_URL": value}))
        assert f"{name.lower()}_url '{value}' names nothing" in line


def test_a_database_that_is_away(command: Command, tmp_path: Path) -> None:
    line = line_of(
        command("upgrade", environment={"CROWDQC_DATABASE_URL": f"postgresql://nobody@/none?host={tmp_path}"})
    )
    assert "database" in line


def test_answers_are_replayed(command: Command, tmp_path: Path) -> None:
    truth = {f"i{n}": "ab"[n % 2] for n in range(20)}
    lines = ["worker,item,label"]
    for worker in range(4):
        for number, (item, label) in enumerate(truth.items()):
            wrong = worker == 3 and number % 2 == 0
            lines.append(f"w{worker},{item},{'ab'[('ab'.index(label) + wrong) % 2]}")
    answers, known, gold = tmp_path / "answers.csv", tmp_path / "truth.csv", tmp_path / "gold.csv"
    answers.write_text("\n".join(lines))
    known.write_text("item,label\n" + "\n".join(f"{item},{label}" for item, label in truth.items()))
    gold.write_text("item,label\ni0,a\ni1,b\n")
    result = command(
        "demo", "--answers", str(answers), "--truth", str(known), "--gold", str(gold), "--name", "Replay"
    )
    assert result.exit_code == 0, result.output
    assert "items    done: 20 kept" in result.output
    assert "answers  done: 80 kept" in result.output
    assert "truth    18 of 18 labels right: accuracy 1.0000" in result.output
    assert "weakest worker w3" in result.output
    plain = command("demo", "--answers", str(answers), "--method", "majority_vote")
    assert plain.exit_code == 0, plain.output
    assert "majority_vote" in plain.output
    assert "truth" not in plain.output
    assert "There is no method 'magic'" in line_of(command("demo", "--answers", str(answers), "--method", "magic"))


def test_what_cannot_be_replayed(command: Command, tmp_path: Path) -> None:
    empty, odd = tmp_path / "empty.csv", tmp_path / "odd.csv"
    empty.write_text("worker,item,label\n")
    odd.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert "no answer that can be read" in line_of(command("demo", "--answers", str(empty)))
    line_of(command("demo", "--answers", str(odd)))
    missing = command("demo", "--answers", str(tmp_path / "none.csv"))
    assert missing.exit_code == 2
    assert "does not exist" in missing.output


def test_the_demo_is_loaded_once(command: Command, told: dict[str, str]) -> None:
    first = command("demo")
    assert first.exit_code == 0, first.output
    kept = Path(told["CROWDQC_DATA_DIR"]) / "demo-passwords.json"
    passwords = json.loads(kept.read_text())
    assert kept.stat().st_mode & 0o077 == 0
    assert all(password in first.output for password in passwords.values())
    assert command("demo").output == first.output
    place = assemble(Settings.from_environment(told))
    try:
        with place.reading() as tx:
            names = [person.name for person in people.everybody(tx)]
            assert len(names) == len(set(names)) == len({*passwords} | {*names})
            for name, password in passwords.items():
                assert people.verified(tx, name=name, password=password).name == name
    finally:
        place.close()
