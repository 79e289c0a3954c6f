"""By chance within strata of the metadata, so that rare combinations are seen as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from crowdqc.quality.arrays import Codes
from crowdqc.quality.parameters import InvalidParameter, check_choice
from crowdqc.quality.sampling.pool import MissingEvidence, Pool
from crowdqc.quality.sampling.ranking import Ranking

Shares = Literal["equal", "proportional"]


@dataclass(frozen=True, slots=True)
class Stratified:
    """A stratum is a combination of values of some columns, such as weather by hour; chance chooses within it.

    The order is such that the shares hold as nearly as can be at every place, not at the end alone. A value that
    is not known is a value of its own. Each item's chance is known (`Ranking.chance`), so that an estimate can
    weigh by it; it is a fair one of the strata that have a place among those looked at.

    Parameters
    ----------
    by
        Names of columns of the pool's metadata; all of them, where none is named.
    shares
        "equal": each stratum has as many places as any other, until its items are used up; for finding what fails
        in rare conditions. "proportional": as its share of the items; for an estimate that varies less than a
        purely random one.

    References
    ----------
    W. G. Cochran (1977), Sampling techniques, 3rd edition, chapter 5.

    Examples
    --------
    >>> pool = Pool.of(8, metadata={"weather": ["dry"] * 6 + ["rain", "snow"]})
    >>> ranking = Stratified(by=("weather",)).rank(pool, np.random.default_rng(0))
    >>> sorted(ranking.top(3).tolist()), ranking.why(7)
    ([2, 6, 7], 'drawn by chance within weather snow, which has 1 item')
    """

    by: Sequence[str] = ()
    shares: Shares = "equal"

    def __post_init__(self) -> None:
        check_choice(self, "shares", get_args(Shares))
        names = self.by
        if (
            isinstance(names, str)
            or not isinstance(names, Sequence)
            or not all(isinstance(name, str) for name in names)
        ):
            raise InvalidParameter(f"by is {names!r}; it must be a list of names of columns.", name="by")
        object.__setattr__(self, "by", tuple(names))  # JSON has lists

    def rank(self, pool: Pool, rng: np.random.Generator) -> Ranking:
        pool.need("stratified", "metadata")
        by = tuple(self.by) or tuple(sorted(pool.metadata))
        unknown = [name for name in by if name not in pool.metadata]
        if unknown:
            raise MissingEvidence(
                f"The metadata has no column {', '.join(map(repr, unknown))}. "
                f"Columns: {', '.join(sorted(pool.metadata))}.",
                mend="Name one of these, or give Pool.of(metadata={...}) the column.",
                errors=[{"where": f"by.{name}", "what": "no such column"} for name in unknown],
            )
        free = rng.permutation(pool.free())
        stratum = _combined([pool.metadata[name].code[free] for name in by])
        size = np.bincount(stratum)
        # the items stand in an order by chance already: an item's place within its stratum
        order = np.argsort(stratum, kind="stable")
        place = np.empty(free.size)
        place[order] = np.arange(free.size) - np.repeat(np.cumsum(size) - size, size)
        turn = place if self.shares == "equal" else (place + 0.5) / size[stratum]
        # which stratum comes first in a turn is drawn as well
        first = rng.permutation(size.size)
        order = np.lexsort((first[stratum], turn))

        def why(item: int) -> str:
            values = [(name, pool.metadata[name]) for name in by]
            words = " and ".join(
                f"{name} {column.names[column.code[item]] if column.code[item] >= 0 else 'unknown'}"
                for name, column in values
            )
            n = int(size[stratum[np.flatnonzero(free == item)[0]]])
            return f"drawn by chance within {words}, which has {n:,} item{'s' * (n != 1)}"

        return Ranking(free[order], np.zeros(free.size), why, stratum[order])


def _combined(columns: list[Codes]) -> Codes:
    """Number the combinations of values that there are, int32[n]."""
    found = np.zeros(columns[0].size, dtype=np.int64)
    for column in columns:
        # after each column the codes are dense again, so that no number of columns can overflow them
        found = np.unique(found * (int(column.max(initial=-1)) + 2) + column + 1, return_inverse=True)[1]
    return found.astype(np.int32)
