"""The contracts in pyproject.toml hold, and they speak of every adapter that there is."""

from __future__ import annotations

import subprocess
import sys
import tomllib

from tests.house.checkout import ROOT


def contracts() -> dict[str, dict[str, object]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        linter = tomllib.load(file)["tool"]["importlinter"]
    return {contract["id"]: contract for contract in linter["contracts"]}


def test_the_contracts_hold() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": "src:.", "PATH": "", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in told.stdout


def test_every_adapter_is_one_that_only_the_assembly_names() -> None:
    there = {
        f"crowdqc.{port.name}.{room.stem}"
        for port in (ROOT / "src/crowdqc").iterdir()
        if (port / "port.py").exists()
        for room in port.iterdir()
        if room.stem not in ("__init__", "port", "__pycache__")
    }
    assert there
    assert set(contracts()["adapters"]["protected_modules"]) == there  # type: ignore[call-overload]


def test_every_floor_is_exhaustive() -> None:
    assert all(contracts()[name]["exhaustive"] for name in ("floors", "records", "use-cases"))
