"""No kept file says where somebody's packages come from, and the locks say which ones they are."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.checkout import ROOT, files, name

#: Written apart, so that this file does not name them.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs.org", "registry." + "yarnpkg.com")


def locks() -> list[Path]:
    """Give the files that pin what is installed."""
    named = re.compile(r"(^|[.-])lock([.-]|$)", re.IGNORECASE)
    return [path for path in files() if path.parent == ROOT / "requirements" or named.search(path.name)]


def test_no_file_names_a_registry() -> None:
    hosts = [host.encode() for host in HOSTS]
    assert {name(path) for path in files() if any(host in path.read_bytes() for host in hosts)} == set()


def test_there_are_locks() -> None:
    kept = {name(path) for path in locks()}
    assert {"requirements/serve.txt", "requirements/test.txt", "requirements/tool.txt"} <= kept


def test_a_lock_has_no_address() -> None:
    for lock in locks():
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text()), name(lock)


def test_a_lock_pins_everything_by_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        entries = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert len(entries) >= 1
        for entry in entries:
            assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+", entry), entry.splitlines()[0]
            assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_no_lock_brings_in_torch() -> None:
    for lock in locks():
        assert not re.search(r"^(torch|nvidia-\S+|tensorflow)==", lock.read_text(), re.MULTILINE), name(lock)


def test_the_locks_are_of_the_present_project() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    extras = project["optional-dependencies"]
    own = [each for each in extras["dev"] if not each.startswith("crowdqc[")]
    for lock, wanted in {
        "serve": project["dependencies"] + extras["demo"],
        "test": project["dependencies"] + extras["demo"] + extras["s3"] + extras["crowdkit"] + own,
    }.items():
        pinned: dict[str, list[Version]] = defaultdict(list)
        for entry in re.findall(
            r"^([a-z0-9._-]+)==([^\s;]+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.M
        ):
            pinned[entry[0]].append(Version(entry[1]))
        for each in map(Requirement, wanted):
            versions = pinned[canonicalize_name(each.name)]
            assert versions, f"{each} is not in the lock {lock}: scripts/lock"
            assert all(version in each.specifier for version in versions), (
                f"{each} is not {versions}: scripts/lock"
            )
