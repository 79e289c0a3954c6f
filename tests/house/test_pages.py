"""What the pages show of Python runs as it stands, and prints what stands below it."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, files, name

#: Pages whose Python cannot run by itself, and why: it must be Python at least.
LEANING = {
    "docs/tutorial/first-project-api.md": "talks to a server",
    "docs/explanation/dynamic-overlap.md": "goes on from votes, consensus and gold of the reader's",
}
#: A block of code, with the line on which it begins.
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: What pages say that wants more than the library itself, and what it wants.
EXTRAS = {"import pandas": "pandas", "Rover": "crowdkit"}


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """Give each block of Python: on which line it begins, what it says, and what the block below it shows."""
    text = page.read_text()
    found = list(BLOCK.finditer(text))
    shown = {block.start(): block[2] for block in found if not block[1]}
    return [
        (text[: block.start()].count("\n") + 1, block[2], shown.get(block.end() + 1, ""))
        for block in found
        if block[1] == "python"
    ]


PAGES = {name(path): blocks(path) for path in files() if path.suffix == ".md" and blocks(path)}


def test_the_pages_are_found() -> None:
    assert {"README.md", "docs/tutorial/library.md", "docs/how-to/numbers-pairs-sets.md"} <= {*PAGES}


@pytest.mark.parametrize("page", sorted({*PAGES} - {*LEANING}))
def test_what_a_page_shows_is_so(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words, extra in EXTRAS.items():
        if any(words in said for _, said, _ in PAGES[page]):
            pytest.importorskip(extra)
    monkeypatch.chdir(tmp_path)  # a page may write files
    known: dict[str, object] = {"__name__": page}
    for line, said, shown in PAGES[page]:
        printed = io.StringIO()
        # the blank lines in front make a fault name the line of the page
        code = compile("\n" * line + said, str(ROOT / page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(printed):
            exec(code, known)
        assert printed.getvalue() == shown, f"{page}, line {line}"


@pytest.mark.parametrize("page", sorted({*PAGES} & {*LEANING}))
def test_what_cannot_run_by_itself_is_python(page: str) -> None:
    for _, said, _ in PAGES[page]:
        ast.parse(said)
