"""Which form is taken, and what happens where the compiler is there and does not work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from crowdqc.quality.aggregation import DawidSkene
from crowdqc.quality.estimation import kernels
from crowdqc.quality.votes import Votes

kernels.MANY = 1
votes = Votes.of([1, 1, 2, 2], list("abab"), list("xyxx"))
for name in ("auto", "size", "scipy"):
    with kernels.engine(name):
        print(name, DawidSkene().fit(votes).label.tolist())
try:
    with kernels.engine("compiled"):
        DawidSkene().fit(votes)
except kernels.NoEngine as error:
    print(error)
"""


@pytest.mark.parametrize("fault", ["ImportError('it needs an older numpy')", "AttributeError('no such thing')"])
def test_a_broken_compiler_is_done_without(tmp_path: Path, fault: str) -> None:
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(f"raise {fault}\n")
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *fitted, told = done.stdout.splitlines()
    assert fitted == ["auto [0, 0]", "size [0, 0]", "scipy [0, 0]"]
    what, _, why = fault.rstrip("')").partition("('")
    assert told.startswith(
        f"The compiled form needs numba: it is installed, but it cannot be loaded ({what}: {why})."
    )
    assert told.endswith("Install it with: pip install 'crowdqc[fast]'.")
