"""How a certificate was planned: looked at whenever one likes, or at numbers of audits said beforehand."""

from __future__ import annotations

from dataclasses import dataclass

from crowdqc.quality.certificates.audit import Audit, InvalidAudit
from crowdqc.quality.confidence_sequences import Draws, fixed_most, most


@dataclass(frozen=True, slots=True)
class Plan:
    """When one looks.

    Attributes
    ----------
    looks
        Numbers of audited labels, said beforehand, at which one looks and at no other; empty: at any.
    """

    looks: tuple[int, ...] = ()

    @property
    def sequential(self) -> bool:
        return not self.looks

    def to_json(self) -> dict[str, object]:
        return {"kind": "sequential"} if self.sequential else {"kind": "fixed", "looks": list(self.looks)}

    def used(self, audit: Audit) -> tuple[int, ...]:
        """Give the looks that can tell the most so far; what holds at each of them holds for the best of them.

        A right label brings a bound down and a wrong one takes it up. So where one may look at any time, the best
        look lies just between a right label and one that is not, or is the last.

        >>> Plan().used(Audit.of([0, 0, 1, 0, 1, 1, 0], size=100))
        (2, 4, 7)
        >>> Plan((3, 6, 9)).used(Audit.of([0, 0, 1, 0, 1, 1, 0], size=100))
        (3, 6)
        """
        if not self.sequential:
            return tuple(look for look in self.looks if look <= len(audit))
        bad = audit.not_right.tolist()
        before = [place for place in range(1, len(bad)) if bad[place] and not bad[place - 1]]
        return tuple(dict.fromkeys([*before, len(audit)]))

    def bound(self, draws: Draws, level: float, cap: int | None = None) -> int:
        """Bound the labels that are not right, at one of the looks; by the cap, if that is less."""
        if self.sequential:
            return most(draws, level, cap=cap)
        if len(draws.drawn) > 1:
            raise InvalidAudit("A plan of fixed looks holds only while nothing but the draws leaves the pool.")
        # the looks share the error equally
        each = 1 - (1 - level) / len(self.looks)
        return fixed_most(int(draws.hits[0]), int(draws.drawn[0]), draws.size, each)
