"""Measures the service over HTTP: answers a second, with many items, in bulk, on SQLite; beside others.

    scripts/bench service [loop|scale|bulk|sqlite|all] [--seconds 5] [--rounds 3] [--write FILE]

It starts all that it needs on this machine: a PostgreSQL with its default settings, the service as
docs/how-to/install.md has it, pgbench, and Label Studio, installed from PyPI into a folder of its own (--cache;
skipped where that cannot be). What is measured goes over HTTP. After each cell the database is looked at: nothing
over its overlap, nothing twice, nothing lost. 10 million items: --sizes 10000 1000000 10000000.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from pathlib import Path

from service_parts import bulk, embedded, loop, scale
from service_parts.tables import Table

from tests.ground import cluster

MODES = ("loop", "scale", "bulk", "sqlite")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "crowdqc-bench"


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modes", nargs="*", choices=[*MODES, "all", []], metavar="MODE", help=", ".join(MODES))
    parser.add_argument("--seconds", type=float, default=5.0, help="of each cell")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8, 32], help="loop: how many at a time")
    parser.add_argument("--items", type=int, default=30_000, help="loop: items of a project")
    parser.add_argument("--team-items", type=int, default=2_000, help="sqlite: items of a project")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 1_000_000], help="scale: open items")
    parser.add_argument("--answered", type=int, default=100_000, help="scale: answers of the worker who gave many")
    parser.add_argument("--rows", type=int, default=1_000_000, help="bulk: rows of a file")
    parser.add_argument("--without-label-studio", action="store_true")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where Label Studio is installed, once")
    parser.add_argument("--folder", type=Path, help="where the databases lie meanwhile")
    parser.add_argument("--write", type=Path, help="write the tables as markdown")
    return parser.parse_args()


def main() -> None:
    told = asked()
    told.cache = told.cache.resolve()
    modes = MODES if not told.modes or "all" in told.modes else told.modes
    told.sizes.sort()
    tables: list[Table] = []
    where = machine()

    def more(found: list[Table]) -> None:
        """Keep what is there already, should a later part fail."""
        tables.extend(found)
        if told.write:
            head = HEAD.format(modes=" ".join(modes), machine=where)
            told.write.write_text(head + "\n".join(table.markdown() for table in tables))

    # Whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("stopped"))
    with tempfile.TemporaryDirectory(prefix="crowdqc-bench-", dir=told.folder, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # A server that gave up root's rights walks through it.
        folder.chmod(0o755)
        with cluster.running(folder) as server:
            for mode, part in (("loop", loop), ("scale", scale), ("bulk", bulk)):
                if mode in modes:
                    more(part.measure(told, server, folder))
        if "sqlite" in modes:
            more(embedded.measure(told, folder))
    print("\n" + "\n".join(table.markdown() for table in tables))


HEAD = """# How fast the service is

Written by `scripts/bench service {modes} --write FILE` on a machine with
{machine}.
Clients, service, database and contenders share it and take turns. Ratios carry over to other machines, seconds do
not, and on a machine that is busy with other things (a load above 1) not even ratios do.

"""


def machine() -> str:
    """Say what it was measured on, and how busy that was with other things."""
    busy = f"a load of {os.getloadavg()[2]:.1f} before it began"
    return f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, and {busy}"


if __name__ == "__main__":
    main()
