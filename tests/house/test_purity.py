"""Who may name which library: thinking needs numpy and scipy alone, and one room knows crowd-kit."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from tests.house.checkout import ROOT, modules, name

OURS = {"app", "crowdqc", "migrations", "tests"}


def named(path: Path) -> set[str]:
    """Give the top names that a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def libraries(folder: str) -> dict[str, set[str]]:
    """Give the libraries that are not Python's own, each with the modules of a folder that name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        if path.is_relative_to(ROOT / folder):
            for library in named(path) - sys.stdlib_module_names - OURS:
                found[library].add(name(path))
    return dict(found)


def test_thinking_names_numpy_and_scipy_alone() -> None:
    found = libraries("src/crowdqc/quality")
    # crowd-kit speaks pandas; both stay in the one room that knows it.
    rooms = found.pop("crowdkit", set())
    assert len(rooms) <= 1
    assert found.pop("pandas", set()) <= rooms
    # An accelerator may be taken where it is installed.
    compiled = {"src/crowdqc/quality/estimation/kernels/compiled.py"}
    assert found.pop("numba") == found.pop("llvmlite") == compiled
    # So may a library of nearest neighbours, which one room knows.
    assert found.pop("faiss") == {"src/crowdqc/quality/sampling/neighbours/approximate.py"}
    assert found.keys() == {"numpy", "scipy"}


def test_nobody_else_knows_crowd_kit() -> None:
    rooms = libraries("src").get("crowdkit", set()) | libraries("app").get("crowdkit", set())
    assert rooms == {"src/crowdqc/quality/crowdkit.py"}


def test_formats_name_pyarrow_in_two_rooms() -> None:
    found = libraries("src/crowdqc/formats")
    assert found.keys() <= {"pyarrow", "numpy"}
    rooms = {"src/crowdqc/formats/parquet/types.py", "src/crowdqc/formats/tables/arrow.py"}
    assert found.get("pyarrow", set()) <= rooms
    # Whole files as columns of codes are arrays.
    columns = ("src/crowdqc/formats/tables/", "src/crowdqc/formats/frozen/labels.py")
    assert all(room.startswith(columns) for room in found.get("numpy", set()))


def test_sql_stands_in_records() -> None:
    # Use cases know the session's errors; only the assembly opens a database.
    rooms = libraries("src")["sqlalchemy"]
    assert {room.split("/")[2] for room in rooms} <= {"records", "services", "assembly.py"}


def test_importing_the_library_brings_in_numpy_alone() -> None:
    """scipy takes longer to import than all the rest; what wants it imports it then."""
    # Packages: what has none is the compiled help of it.
    code = (
        "import sys; before = {*sys.modules}; import crowdqc.quality; "
        "print(*(name for name in {*sys.modules} - before if hasattr(sys.modules[name], '__path__')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "src",
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    brought = {each.split(".")[0] for each in told.stdout.split()} - sys.stdlib_module_names
    # numpy takes this up where it happens to be installed.
    brought.discard("charset_normalizer")
    assert brought == {"crowdqc", "numpy"}
