"""What a form sent: texts that can be kept, or what is wrong with them, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from flask import request

from crowdqc.errors import CrowdqcError, Invalid
from crowdqc.formats import jsonvalues

Word = TypeVar("Word", bound=StrEnum)

LINE = 200
REMARK = 5000
PROSE = 100_000


class BadForm(Invalid):
    """Something in the form is not right."""

    @classmethod
    def at(cls, name: str, what: str) -> BadForm:
        return cls(what, mend="Mend the field and send it again.", errors=[{"where": name, "what": what}])


def text(name: str, *, longest: int = LINE, needed: bool = False, trim: bool = True) -> str:
    """Read a text; raise BadForm where it is too long, missing though needed, or cannot be kept."""
    value = request.form.get(name, "").replace("\r\n", "\n")
    if trim:
        value = value.strip()
    if needed and not value.strip():
        raise BadForm.at(name, "Fill this in.")
    if len(value) > longest:
        raise BadForm.at(name, f"This is {len(value)} characters long; at most {longest} are kept.")
    if "\x00" in value:
        raise BadForm.at(name, "There is a NUL character in it.")
    return value


def lines(name: str, *, longest: int = PROSE) -> list[str]:
    """Read a text as its lines, without those that are blank."""
    return [line.strip() for line in text(name, longest=longest).split("\n") if line.strip()]


def word(name: str, kind: type[Word]) -> Word:
    """Read a choice among words."""
    try:
        return kind(request.form.get(name, ""))
    except ValueError:
        raise BadForm.at(name, "Choose one of those offered.") from None


def words(name: str, kind: type[Word]) -> list[Word]:
    """Read several choices among words."""
    try:
        return [kind(value) for value in request.form.getlist(name)]
    except ValueError:
        raise BadForm.at(name, "Choose among those offered.") from None


def whole(name: str, default: int) -> int:
    """Read a whole number."""
    value = request.form.get(name, "").strip()
    try:
        return int(value) if value else default
    except ValueError:
        raise BadForm.at(name, f"{value[:50]!r} is not a whole number.") from None


def number(name: str) -> float | None:
    """Read a number; nothing where there is none."""
    value = request.form.get(name, "").strip()
    try:
        found = float(value) if value else None
    except ValueError:
        raise BadForm.at(name, f"{value[:50]!r} is not a number.") from None
    if found is not None and not abs(found) < 1e12:
        raise BadForm.at(name, f"{value[:50]!r} is not a number that can be used.")
    return found


def parsed(name: str) -> dict[str, Any]:
    """Read a JSON object."""
    value = text(name, longest=PROSE) or "{}"
    try:
        found = jsonvalues.parse(value)
    except jsonvalues.NotJson as error:
        raise BadForm.at(name, f"This is not JSON: {error}"[:300]) from None
    if not isinstance(found, dict):
        raise BadForm.at(name, "This is not a JSON object: begin it with { and end it with }.")
    return found


def sent(*, without: str) -> Mapping[str, Sequence[str]]:
    """Give all that was sent but one field, to be handed on."""
    return {name: values for name, values in request.form.lists() if name != without}


def faults(fault: CrowdqcError | None, *names: str) -> dict[str, list[str]]:
    """Give what is wrong by field; what belongs to none of the fields stands under "".

    `plan.overlap` belongs to the field `overlap` or else `plan`, `classes[2]` to `classes`.
    """
    found: dict[str, list[str]] = {}
    if fault is None:
        return found
    for entry in fault.errors if isinstance(fault, Invalid) else ():
        where = str(entry.get("where", ""))
        parts = [part.split("[")[0] for part in where.split(".")]
        name = next((part for part in reversed(parts) if part in names), "")
        what = str(entry.get("what", ""))
        found.setdefault(name, []).append(what if where in ("", name) else f"{where} {what}")
    if not found:
        found[""] = [fault.detail]
    return found
