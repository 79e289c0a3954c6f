"""Cells, their medians over rounds, and tables that are shown and written."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from service_parts.clients import Told
from service_parts.raw import Raw


@dataclass(frozen=True)
class Cell:
    """One contender with so many workers, in one round."""

    rate: float
    #: (p50, p95, p99) in milliseconds, by kind of request.
    times: dict[str, tuple[float, float, float]]
    refused: Counter[str] = field(default_factory=Counter)
    #: What is not as it must be.
    wrong: Sequence[str] = ()
    #: What the load itself cost, in seconds of a core.
    cost: float = 0.0

    @classmethod
    def of(cls, told: Told, wrong: Sequence[str] = ()) -> Cell:
        times = {kind: percentiles(values) for kind, values in told.seconds.items() if values}
        return cls(told.answers / told.took if told.took else 0.0, times, told.refused, wrong, told.cost)

    @classmethod
    def of_raw(cls, raw: Raw, wrong: Sequence[str] = ()) -> Cell:
        return cls(raw.rate, {"turn": (raw.p50 * 1000, raw.p95 * 1000, raw.p99 * 1000)}, Counter(), wrong)


def percentiles(seconds: Sequence[float]) -> tuple[float, float, float]:
    """Give p50, p95 and p99 in milliseconds."""
    ordered = sorted(seconds)

    def at(share: float) -> float:
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return at(0.5), at(0.95), at(0.99)


@dataclass(frozen=True)
class Table:
    """A table with its title and what has to be said of it."""

    title: str
    said: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.said, ""]
        lines += ["| " + " | ".join(self.head) + " |", "| --- |" + " ---: |" * (len(self.head) - 1)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines) + "\n"


class Cells:
    """All cells of a measurement, by contender and number of workers, in the order of their rounds."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, int], list[Cell]] = defaultdict(list)

    def add(self, contender: str, workers: int, cell: Cell) -> None:
        self._cells[contender, workers].append(cell)
        times = "  ".join(
            f"{kind} " + "/".join(f"{value:.1f}" for value in found) for kind, found in cell.times.items()
        )
        faults = [f"{number} x {what}" for what, number in cell.refused.items()] + [*cell.wrong]
        said = f"{contender:34} {workers:3} workers {cell.rate:9.1f}/s  {times} ms"
        said += f"  (load: {cell.cost:.1f} s of a core)" if cell.cost else ""
        print(said + "".join(f"  ! {each}" for each in faults), flush=True)

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._cells

    def rate(self, contender: str, workers: int) -> float:
        return statistics.median(cell.rate for cell in self._cells[contender, workers])

    def ratio(self, contender: str, workers: int, other: str, *, to: int | None = None) -> float | None:
        """Give the median over rounds of one contender's rate by another's in the same round."""
        mine, others = self._cells[contender, workers], self._cells.get((other, to or workers), [])
        found = [one.rate / two.rate for one, two in zip(mine, others, strict=False) if two.rate]
        return statistics.median(found) if found else None

    def times(self, contender: str, workers: int, kind: str) -> tuple[float, float, float] | None:
        """Give the medians over rounds of p50, p95 and p99."""
        found = [cell.times[kind] for cell in self._cells[contender, workers] if kind in cell.times]
        return tuple(map(statistics.median, zip(*found, strict=True))) if found else None  # type: ignore[return-value]

    def table(self, title: str, said: str) -> Table:
        rows = []
        for (contender, workers), cells in self._cells.items():
            kinds = dict.fromkeys(kind for cell in cells for kind in cell.times)
            times = [(kind, self.times(contender, workers, kind)) for kind in kinds]
            shown = [f"{kind} " + " / ".join(f"{value:,.1f}" for value in found) for kind, found in times if found]
            refused = sum((cell.refused for cell in cells), Counter[str]())
            faults = [f"{number} x {what}" for what, number in refused.items()]
            faults += [wrong for cell in cells for wrong in cell.wrong]
            rate = f"{self.rate(contender, workers):,.1f}"
            rows.append([contender, str(workers), rate, "; ".join(shown), "; ".join(faults) or "none"])
        head = ["", "workers", "answers/s", "p50 / p95 / p99 in ms", "refused or wrong"]
        return Table(title, said, head, rows)


class Goal(NamedTuple):
    """What was reached, and what is wanted: at least that, or with `most` at most that."""

    what: str
    reached: float | None
    limit: float
    unit: str = ""
    most: bool = False

    def row(self) -> list[str]:
        wanted = f"at {'most' if self.most else 'least'} {self.limit:,g}{self.unit}"
        if self.reached is None:
            return [self.what, "not measured", wanted, ""]
        there = self.reached <= self.limit if self.most else self.reached >= self.limit
        return [self.what, f"{self.reached:,.2f}{self.unit}", wanted, "yes" if there else "no"]


def goals(title: str, wanted: Sequence[Goal]) -> Table:
    """Set what was reached beside what is wanted."""
    said = "Ratios of answers a second are medians of the ratios within a round; others are ratios of medians."
    return Table(title, said, ["", "reached", "wanted", "there"], [each.row() for each in wanted])
