"""`crowdqc verify-release`: what holds is said to hold, and what does not is named."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from crowdqc.formats import frozen
from crowdqc.formats.canonical import canonical


@pytest.fixture
def taken(tmp_path: Path) -> tuple[Path, Path]:
    """Give a manifest and lines as they were downloaded."""
    counted = frozen.Hashed()
    lines = tmp_path / "release.jsonl.gz"
    lines.write_bytes(b"".join(frozen.packed(counted.through([frozen.encode({"item": "1", "label": "cat"})]))))
    return _manifest(tmp_path / "manifest.json", counted.sha256), lines


def _manifest(path: Path, sha256: str, previous: object = None) -> Path:
    told: dict[str, Any] = {
        "format": frozen.FORMAT, "labels": {"sha256": sha256, "number": 1}, "release": {"number": 2},
        "previous": previous,
    }  # fmt: skip
    path.write_bytes(canonical(told))
    return path


def called(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["verify-release", *map(str, arguments)])


def test_a_release_that_holds(taken: tuple[Path, Path], tmp_path: Path) -> None:
    digest = hashlib.sha256(taken[0].read_bytes()).hexdigest()
    result = called(*taken, "--hash", digest)
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["Release 2 holds: 1 items.", f"content hash {digest}"],
    )
    assert "--hash" in called(*taken).stderr
    counted = frozen.Hashed()
    with taken[1].open("rb") as stream:
        assert len([*counted.through(frozen.raw(stream))]) == 1
    later = _manifest(tmp_path / "later.json", counted.sha256, {"content_hash": digest})
    assert called(later, taken[1], "--previous", taken[0]).exit_code == 0
    broken = called(taken[0], taken[1], "--previous", later)
    assert (broken.exit_code, "the release before it" in broken.stderr) == (1, True)


def test_what_does_not_hold_is_named(taken: tuple[Path, Path]) -> None:
    manifest, lines = taken
    assert "should be " + "0" * 64 in called(manifest, lines, "--hash", "0" * 64).stderr
    lines.write_bytes(b"".join(frozen.packed([frozen.encode({"item": "1", "label": "dog"})])))
    result = called(manifest, lines)
    assert (result.exit_code, "the manifest says" in result.stderr) == (1, True)
    lines.write_bytes(lines.read_bytes()[:-4])
    assert "damaged" in called(manifest, lines).stderr
    manifest.write_bytes(b"{}")
    assert "not that of a release" in called(manifest, lines).stderr
    assert called(manifest, lines.parent / "none").exit_code == 2
