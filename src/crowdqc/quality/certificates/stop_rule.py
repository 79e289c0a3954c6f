"""When a search for wrong labels may stop: said before the round, as data, and asked at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from crowdqc.errors import Invalid
from crowdqc.quality.certificates.certificate import Certificate


class InvalidStopRule(Invalid):
    """The stop rule cannot be read, or is asked about something else."""


@dataclass(frozen=True, slots=True)
class StopRule:
    """Stop where the most confident mistakes hold no obvious error, and few labels are wrong, surely.

    Attributes
    ----------
    top
        How many of the most confident mistakes must have been looked at; 0: none.
    obvious
        How many of them may be obvious errors.
    target
        The share of wrong labels that is aimed at, at most.
    level
        How sure that must be.
    """

    top: int = 50
    obvious: int = 0
    target: float = 0.01
    level: float = 0.95

    @classmethod
    def of(cls, json: object) -> Self:
        """Read a stop rule.

        Raises
        ------
        InvalidStopRule
            With one error a fault: `{"where": "target", "what": ...}`.

        Examples
        --------
        >>> rule = StopRule.of({"top": 100, "target": 0.005})
        >>> StopRule.of(rule.to_json()) == rule, rule.level
        (True, 0.95)
        >>> try:
        ...     StopRule.of({"target": 2, "tops": 3})
        ... except InvalidStopRule as no:
        ...     print([error["where"] for error in no.errors])
        ['tops', 'target']
        """
        if not isinstance(json, Mapping):
            raise InvalidStopRule(errors=[{"where": "stop rule", "what": "must be an object"}])
        known = ("top", "obvious", "target", "level")
        faults = [
            {"where": str(key), "what": f"is not known here; what is: {', '.join(known)}"}
            for key in json
            if key not in known
        ]
        rule = cls(**{key: json[key] for key in known if key in json})
        for name, value in (("top", rule.top), ("obvious", rule.obvious)):
            if type(value) is not int or value < 0:
                faults.append({"where": name, "what": f"{value!r} is not a whole number from 0 on"})
        for name, share, least in (("target", rule.target, 0.0), ("level", rule.level, 0.5)):
            if isinstance(share, bool) or not isinstance(share, int | float) or not least < share < 1:
                faults.append({"where": name, "what": f"{share!r} does not lie between {least:g} and 1"})
        if faults:
            raise InvalidStopRule(errors=faults)
        return rule

    def to_json(self) -> dict[str, object]:
        return {"top": self.top, "obvious": self.obvious, "target": self.target, "level": self.level}

    def words(self) -> str:
        """Say it plainly.

        >>> print(StopRule().words())
        Stop when none of the 50 most confident mistakes is an obvious error, and at most 1% of the labels are
        wrong at 95% confidence.
        """
        share = f"at most {100 * self.target:g}% of the labels are wrong at {100 * self.level:g}% confidence"
        if not self.top:
            return f"Stop when {share}."
        few = "none" if not self.obvious else f"at most {self.obvious:,}"
        verb = "are" if self.obvious > 1 else "is"
        errors = "obvious errors" if self.obvious > 1 else "an obvious error"
        return f"Stop when {few} of the {self.top:,} most confident mistakes {verb} {errors}, and {share}."


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a verdict: what is asked, what is the case, whether it will do."""

    name: str
    value: float
    wanted: float
    met: bool
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to stop, part by part."""

    stop: bool
    parts: tuple[Part, ...]

    def words(self) -> str:
        return " ".join([*(part.words for part in self.parts), "Stop." if self.stop else "Go on."])

    def to_json(self) -> dict[str, object]:
        parts = [{name: getattr(part, name) for name in Part.__slots__} for part in self.parts]
        return {"stop": self.stop, "parts": parts, "words": self.words()}


def evaluate(rule: StopRule, certificate: Certificate, obvious: ArrayLike = ()) -> Verdict:
    """Ask whether to stop.

    Parameters
    ----------
    certificate
        Of the release that the round ends with. Where it is sequential the rule may be asked after every audited
        label, and to stop as soon as it says so does no harm to its confidence.
    obvious
        Of the most confident mistakes of the newest model, the most confident first: 1 for an obvious error of the
        label, 0 for none, -1 where nobody has looked. As many as there are, where they are fewer than the rule
        asks.

    Raises
    ------
    InvalidStopRule
        The certificate is less sure than the rule asks, or something else than 1, 0 and -1 is given.

    Examples
    --------
    >>> from crowdqc.quality.certificates.audit import Audit
    >>> from crowdqc.quality.certificates.certificate import certify
    >>> certificate = certify(Audit.of(["right"] * 400, size=10_000))
    >>> print(evaluate(StopRule(top=3), certificate, [0, 0, 0]).words())
    Of the 3 most confident mistakes 3 were looked at, and 0 are obvious errors; 0 may be. At most 0.92% of the
    labels are wrong, at 95% confidence; 1% is aimed at. Stop.
    """
    found = np.asarray(obvious)[: rule.top]
    if not np.isin(found, (-1, 0, 1)).all():
        raise InvalidStopRule("Each mistake is an obvious error, 1, or none, 0, or has not been looked at, -1.")
    if certificate.level < rule.level:
        raise InvalidStopRule(
            f"The certificate is at {certificate.level:g}, the rule asks for {rule.level:g}.",
            mend="Make a certificate at the level of the rule.",
        )
    parts = []
    if rule.top:
        errors, looked = int((found == 1).sum()), int((found >= 0).sum())
        there = f"the {rule.top:,}" if found.size == rule.top else f"all {found.size:,}"
        seen = "1 was" if looked == 1 else f"{looked:,} were"
        bad = "1 is an obvious error" if errors == 1 else f"{errors:,} are obvious errors"
        said = f"Of {there} most confident mistakes {seen} looked at, and {bad}; {rule.obvious:,} may be."
        met = looked == found.size and errors <= rule.obvious
        parts.append(Part("top", errors, rule.obvious, met, said))
    wrong = 1 - certificate.right
    said = (
        f"At most {100 * wrong:.3g}% of the labels are wrong, at {100 * certificate.level:g}% confidence; "
        f"{100 * rule.target:g}% is aimed at."
    )
    parts.append(Part("error_rate", wrong, rule.target, wrong <= rule.target + 1e-12, said))
    return Verdict(all(part.met for part in parts), tuple(parts))
