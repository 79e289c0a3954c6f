"""What the tests of the commands need: a folder to call them in, and a crowd in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from tests.app.cli.crowd import CROWD, SAID, Command, answers, written


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Call the command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(each) for each in arguments])
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def crowd(command: Command) -> Path:
    """Write the answers and the truth of a simulated crowd."""
    written("truth.csv", "item,label\n" + "".join(map("{},{}\n".format, CROWD.votes.items, CROWD.labels())))
    return answers(*map(",".join, SAID))
