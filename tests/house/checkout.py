"""The files of the checkout, as the tests of the house look at them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Give all files that are kept, or would be: what git tracks, and what it neither tracks nor ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def modules() -> tuple[Path, ...]:
    """Give all Python modules."""
    return tuple(path for path in files() if path.suffix == ".py")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
