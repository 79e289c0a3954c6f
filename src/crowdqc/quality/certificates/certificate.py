"""A certificate: how many labels of a release are right at least, with all that it takes to reckon it again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from crowdqc.errors import Invalid
from crowdqc.quality.certificates.audit import Audit, InvalidAudit
from crowdqc.quality.certificates.plans import Plan

#: By which a certificate was reckoned; another arithmetic gets another name.
SEQUENTIAL, FIXED = "prior-posterior ratio, without replacement, 1", "hypergeometric, 1"
_LETTERS = {0: "r", 1: "w", -1: "u"}


class InvalidCertificate(Invalid):
    """The certificate cannot be read."""


class NotReproduced(Invalid):
    """Reckoned again, the certificate says something else."""

    usual_mend = "Do not rely on it; ask whoever gave it for the audit."


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is promised of a release, and what it follows from.

    Attributes
    ----------
    release
        By which the release is known; None where it has no name.
    size, known
        Labels in it; of these, decided by experts before the first draw.
    outcomes
        What was found, in the order of the draws: `392r 1w 7r` is 392 right, one wrong, seven right; u: unsure.
    withdrawn
        From which draw on (counted from 0) how many labels could be drawn and how many wrong ones had been found
        otherwise, where experts decided other labels between the draws.
    found_elsewhere
        Wrong labels that experts found otherwise since the first draw, the last one's time and later included.
    corrected
        Whether the wrong labels that were found are right in this release.
    plan, level
    seed
        Of the draw, so that it can be drawn again; None where it has none.
    method
    wrong_at_most
        Labels of the release that are not right: so many at most.
    """

    release: str | None
    size: int
    known: int
    outcomes: str
    withdrawn: tuple[tuple[int, int, int], ...]
    found_elsewhere: int
    corrected: bool
    plan: Plan
    level: float
    seed: int | None
    method: str
    wrong_at_most: int

    @property
    def audited(self) -> int:
        return sum(count for count, _ in _runs(self.outcomes))

    @property
    def right(self) -> float:
        """The share of labels that are right, at least."""
        return 1 - self.wrong_at_most / self.size if self.size else 1.0

    def words(self) -> str:
        """Say it in a sentence; the share is rounded down."""
        looks = "" if self.plan.sequential else " as planned"
        rest = f"; {self.known:,} others had been decided by experts" if self.known else ""
        return (
            f"At least {_percent_down(self.right)} of these {self.size:,} labels are right, at "
            f"{100 * self.level:g}% confidence, from {self.audited:,} audited items{looks}{rest}."
        )

    def to_json(self) -> dict[str, object]:
        """Write all of it, with the sentence and the share for those who only read."""
        parts = {part.name: getattr(self, part.name) for part in fields(self)}
        return parts | {
            "plan": self.plan.to_json(),
            "withdrawn": [list(each) for each in self.withdrawn],
            "audited": self.audited,
            "right_at_least": self.right,
            "words": self.words(),
        }

    @classmethod
    def of(cls, json: object) -> Self:
        """Read a certificate; it is not reckoned again, for that see `verify`.

        Raises
        ------
        InvalidCertificate
            With one error a fault.
        """
        if not isinstance(json, Mapping):
            raise InvalidCertificate(errors=[{"where": "certificate", "what": "must be an object"}])
        # One that stands beside a release names it by number and hash, and the audited one, where that is another.
        named = json.get("audited_release", json.get("release"))
        if isinstance(named, Mapping):
            json = {**json, "release": named.get("content_hash")}
        faults: list[dict[str, object]] = []

        def part(name: str, *kinds: type) -> object:
            value = json.get(name)
            if isinstance(value, bool) != (bool in kinds) or not isinstance(value, kinds):
                faults.append({"where": name, "what": f"{value!r} is not what belongs here"})
            return value

        made: dict[str, object] = {
            "release": part("release", str, type(None)),
            **{name: part(name, int) for name in ("size", "known", "found_elsewhere", "wrong_at_most")},
            "outcomes": part("outcomes", str),
            "corrected": part("corrected", bool),
            "level": part("level", int, float),
            "seed": part("seed", int, type(None)),
            "method": part("method", str),
        }
        plan, withdrawn = json.get("plan"), json.get("withdrawn")
        looks = plan.get("looks", []) if isinstance(plan, Mapping) else None
        if not isinstance(looks, list) or not all(type(look) is int and look > 0 for look in looks):
            faults.append({"where": "plan", "what": "must be sequential, or fixed with numbers of looks"})
        rows = withdrawn if isinstance(withdrawn, list) else [None]
        if not all(isinstance(row, list) and [type(each) for each in row] == [int] * 3 for row in rows):
            faults.append({"where": "withdrawn", "what": "must be a list of three whole numbers each"})
        if not faults and not re.fullmatch(r"(\d+[rwu]( \d+[rwu])*)?", str(made["outcomes"])):
            faults.append({"where": "outcomes", "what": "must be like `392r 1w 7r`"})
        if not faults and not 0 < float(str(made["level"])) < 1:
            faults.append({"where": "level", "what": "must lie between 0 and 1"})
        if faults:
            raise InvalidCertificate(errors=faults)
        assert looks is not None
        return cls(**made, plan=Plan(tuple(looks)), withdrawn=tuple(map(tuple, rows)))  # type: ignore[arg-type]


def certify(
    audit: Audit,
    *,
    level: float = 0.95,
    plan: Plan | None = None,
    corrected: bool = True,
    found_elsewhere: int | None = None,
    release: str | None = None,
    seed: int | None = None,
) -> Certificate:
    """Say how many labels of a release are right, at least.

    Let K be the labels that are not right among those that could be drawn. At each look K has a bound, and all of
    them hold together with a chance of `level` at least; so the least of them does. What was found wrong and is
    corrected is taken off it. What nobody could tell counts as wrong, and stays so.

    Parameters
    ----------
    plan
        None: looked at whenever one likes.
    corrected
        Whether the wrong labels that were found are right in the release that is spoken of.
    found_elsewhere
        Wrong labels found otherwise since the first draw, also after the last; None: those until the last draw.

    Raises
    ------
    InvalidAudit
        Chances were not uniform, a planned look has not come yet, or others left the pool between fixed looks.
    InvalidInterval
        A level outside (0, 1).

    Examples
    --------
    >>> certificate = certify(Audit.of(["right"] * 400, size=10_000))
    >>> print(certificate.words())
    At least 99.08% of these 10,000 labels are right, at 95% confidence, from 400 audited items.
    >>> certificate.wrong_at_most, certify(Audit.of(["right"] * 400, size=10_000), plan=Plan((400,))).wrong_at_most
    (92, 73)
    >>> verify(Certificate.of(certificate.to_json())) == certificate
    True
    """
    plan = plan or Plan()
    if not audit.uniform:
        raise InvalidAudit("A certificate needs a uniform audit: every label with the same chance.")
    looks = plan.used(audit)
    if not looks:
        raise InvalidAudit(
            f"The first planned look is at {plan.looks[0]:,} audited labels; there are {len(audit):,}."
        )
    until = int(audit.elsewhere[-1]) if len(audit) else 0
    found = until if found_elsewhere is None else found_elsewhere
    if found < until:
        raise InvalidAudit(
            f"{until:,} wrong labels were found otherwise before the last draw, and {found:,} in all."
        )
    # The last look mostly tells the most; the others are only asked whether they tell more.
    bound: int | None = None
    for look in reversed(looks):
        found_here = plan.bound(audit.draws(look), level, bound)
        bound = found_here if bound is None else min(bound, found_here)
    assert bound is not None
    # what is known to be not right is not right, whatever the best look said
    bound = max(bound, audit.wrong + audit.unsure + found)
    return Certificate(
        release=release,
        size=audit.size,
        known=audit.known,
        outcomes=_told(audit),
        withdrawn=_withdrawn(audit),
        found_elsewhere=found,
        corrected=corrected,
        plan=plan,
        level=level,
        seed=seed,
        method=SEQUENTIAL if plan.sequential else FIXED,
        wrong_at_most=bound - (audit.wrong + found if corrected else 0),
    )


def verify(certificate: Certificate) -> Certificate:
    """Reckon a certificate again from what it follows from, and give what came out, which is the same.

    Raises
    ------
    NotReproduced
        Something else came out, or its method is not known here.
    InvalidAudit
        What it follows from does not fit together.

    Examples
    --------
    >>> from dataclasses import replace
    >>> certificate = certify(Audit.of(["right"] * 400, size=10_000))
    >>> try:
    ...     verify(replace(certificate, wrong_at_most=10))
    ... except NotReproduced as no:
    ...     print(no.detail)
    It says at most 10 wrong labels; reckoned again it is 92.
    """
    if certificate.method not in (SEQUENTIAL, FIXED):
        raise NotReproduced(f"The method {certificate.method!r} is not known here.")
    found = certify(
        audit_of(certificate),
        level=certificate.level,
        plan=certificate.plan,
        corrected=certificate.corrected,
        found_elsewhere=certificate.found_elsewhere,
        release=certificate.release,
        seed=certificate.seed,
    )
    if found.wrong_at_most != certificate.wrong_at_most:
        says, is_ = certificate.wrong_at_most, found.wrong_at_most
        raise NotReproduced(f"It says at most {says:,} wrong labels; reckoned again it is {is_:,}.")
    if found != certificate:
        raise NotReproduced("It says another method than that of its plan, or its outcomes are not in short form.")
    return found


def audit_of(certificate: Certificate) -> Audit:
    """Give the audit that a certificate follows from, without its items."""
    codes = {letter: code for code, letter in _LETTERS.items()}
    outcome = [codes[letter] for count, letter in _runs(certificate.outcomes) for _ in range(count)]
    n = len(outcome)
    gone, elsewhere = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    first = certificate.size - certificate.known - np.arange(n)
    for place, pool, found in certificate.withdrawn:
        if not 0 <= place < n:
            raise InvalidAudit(errors=[{"where": "withdrawn", "what": f"there is no draw {place}"}])
        gone[place:] = first[place] - pool
        elsewhere[place:] = found
    return Audit.of(
        outcome, size=certificate.size, known=certificate.known, pool=first - gone, elsewhere=elsewhere
    )


def _told(audit: Audit) -> str:
    codes = audit.outcome
    begins = np.flatnonzero(np.append(True, np.diff(codes) != 0))[: codes.size]
    counts = np.diff(np.append(begins, codes.size))
    return " ".join(f"{count}{_LETTERS[int(codes[at])]}" for at, count in zip(begins, counts, strict=True))


def _withdrawn(audit: Audit) -> tuple[tuple[int, int, int], ...]:
    gone = audit.left - audit.pool - np.arange(len(audit))
    changed = (np.diff(gone, prepend=0) != 0) | (np.diff(audit.elsewhere, prepend=0) != 0)
    return tuple((int(at), int(audit.pool[at]), int(audit.elsewhere[at])) for at in np.flatnonzero(changed))


def _runs(outcomes: str) -> list[tuple[int, str]]:
    return [(int(run[:-1]), run[-1]) for run in outcomes.split()]


def _percent_down(share: float) -> str:
    """Show a share, rounded down: what is promised is never more than what holds.

    >>> [_percent_down(share) for share in (0.9908, 0.99, 0.99957, 0.5, 1.0)]
    ['99.08%', '99%', '99.957%', '50%', '100%']
    """
    doubt = 1 - share
    digits = max(1, math.floor(-math.log10(doubt))) if doubt > 0 else 1
    scale = 10.0**digits
    return f"{math.floor(100 * share * scale + 1e-9) / scale:.12g}%"
