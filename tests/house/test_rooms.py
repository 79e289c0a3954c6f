"""Every room opens with one sentence that says what it owns, and is small enough to be read at once."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.checkout import ROOT, files, modules, name

LONGEST = 400
#: What is written once and never again may be long.
HISTORY = ROOT / "migrations/versions"


def opening(room: Path) -> str | None:
    """Say what is wrong with how a module opens; nothing where nothing is."""
    docstring = ast.get_docstring(ast.parse(room.read_text()))
    if not docstring:
        return "does not say what it owns"
    sentence = docstring.split("\n\n")[0]
    if not sentence.endswith("."):
        return f"does not open with a sentence: {sentence}"
    return None


def test_a_room_opens_with_a_sentence() -> None:
    faults = {name(room): opening(room) for room in modules() if room.read_text().strip()}
    assert {room: fault for room, fault in faults.items() if fault} == {}


def test_a_room_is_small() -> None:
    rooms = {name(room): len(room.read_text().splitlines()) for room in modules() if HISTORY not in room.parents}
    assert {room: lines for room, lines in rooms.items() if lines > LONGEST} == {}


def test_scripts_say_what_they_do() -> None:
    scripts = [path for path in files() if path.parent in (ROOT / "scripts", ROOT / ".ci") and not path.suffix]
    assert scripts
    for script in scripts:
        first, second = [*script.read_text().splitlines(), "", ""][:2]
        assert (second if first.startswith("#!") else first).startswith("# "), name(script)
