"""What a project wants of its workers, as data (skills, qualifications, languages), and what a worker lacks."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from crowdqc.errors import Invalid

Fault = dict[str, object]

#: The longest name of a skill, and the most wants of one project.
LONGEST_NAME = 100
MOST = 50

#: What a comparison asks, and its words.
OPS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "below": (operator.lt, "below"),
    "at_most": (operator.le, "at most"),
    "at_least": (operator.ge, "at least"),
    "above": (operator.gt, "above"),
}

#: A language tag (BCP 47) as far as people use them: language, script, region, variants.
_TAG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*",
    re.IGNORECASE | re.ASCII,
)


class BadWanted(Invalid):
    """What is wanted of workers cannot be read."""


class BadName(Invalid):
    """This is no name of a skill."""


class BadLanguage(Invalid):
    """This is no language tag."""


@dataclass(frozen=True, slots=True)
class Skill:
    """`{"skill": "birds", "op": "at_least", "value": 80}`: who does not have the skill does not satisfy it."""

    skill: str
    op: str
    value: float

    def lacking(self, skills: Mapping[str, float], languages: Collection[str]) -> str | None:
        """Say what is missing; nothing where nothing is.

        >>> Skill("birds", "at_least", 80).lacking({"birds": 75.0}, [])
        "your skill 'birds' is 75, and has to be at least 80"
        """
        held = skills.get(self.skill)
        holds, words = OPS[self.op]
        if held is None:
            return f"you do not have the skill '{self.skill}', which has to be {words} {self.value:g}"
        if holds(held, self.value):
            return None
        return f"your skill '{self.skill}' is {shown(held)}, and has to be {words} {self.value:g}"

    def to_json(self) -> dict[str, object]:
        return {"skill": self.skill, "op": self.op, "value": self.value}


@dataclass(frozen=True, slots=True)
class Qualification:
    """`{"qualification": "birds"}`: the skill is held, whatever its value; what a passed exam gives."""

    skill: str

    def lacking(self, skills: Mapping[str, float], languages: Collection[str]) -> str | None:
        return None if self.skill in skills else f"you do not have the qualification '{self.skill}'"

    def to_json(self) -> dict[str, object]:
        return {"qualification": self.skill}


@dataclass(frozen=True, slots=True)
class Language:
    """`{"language": "de"}`: the worker says that he reads it; `de` is satisfied by `de-AT`, not the other way."""

    tag: str

    def lacking(self, skills: Mapping[str, float], languages: Collection[str]) -> str | None:
        """Say what is missing; nothing where nothing is.

        >>> Language("de").lacking({}, ["de-AT"]), Language("de-AT").lacking({}, ["de"])
        (None, "you have not said that you read 'de-AT'")
        """
        wanted = self.tag.lower()
        reads = any(tag.lower() == wanted or tag.lower().startswith(f"{wanted}-") for tag in languages)
        return None if reads else f"you have not said that you read '{self.tag}'"

    def to_json(self) -> dict[str, object]:
        return {"language": self.tag}


Want = Skill | Qualification | Language


@dataclass(frozen=True, slots=True)
class Lacking:
    """A want that is not satisfied, in words."""

    want: Want
    why: str

    @property
    def skill(self) -> str | None:
        """The skill that would do, where it is one."""
        return None if isinstance(self.want, Language) else self.want.skill


def name(text: str) -> str:
    """Give the name of a skill as it is kept; raise BadName.

    >>> name("German, written")
    'German, written'
    """
    fits = isinstance(text, str) and 0 < len(text) <= LONGEST_NAME and text.isprintable()
    if not fits or text != text.strip():
        raise BadName(
            f"{text!r} is no name of a skill.",
            mend=f"Use 1 to {LONGEST_NAME} printable characters without spaces around them.",
            errors=[{"where": "name", "what": f"{text!r} is no name of a skill"}],
        )
    return text


def language(tag: str) -> str:
    """Give a language tag in its usual writing; raise BadLanguage.

    >>> language("ZH-hant-tw")
    'zh-Hant-TW'
    """
    if not isinstance(tag, str) or not _TAG.fullmatch(tag):
        raise BadLanguage(
            f"{tag!r} is no language tag.",
            mend="Write it as BCP 47 does: de, pt-BR, zh-Hant.",
            errors=[{"where": "language", "what": f"{tag!r} is no language tag, such as de, pt-BR or zh-Hant"}],
        )
    first, *rest = tag.lower().split("-")
    return "-".join([first, *map(_cased, rest)])


def read(json: object, where: str = "wanted") -> tuple[Want, ...]:
    """Read what is wanted, all of which has to hold; raise BadWanted that names every fault at once.

    >>> read([{"skill": "birds", "op": "at_least", "value": 80}, {"language": "de"}])
    (Skill(skill='birds', op='at_least', value=80), Language(tag='de'))
    """
    faults: list[Fault] = []
    if not isinstance(json, (list, tuple)):
        faults.append({"where": where, "what": 'is not a list, such as [{"qualification": "birds"}]'})
    elif len(json) > MOST:
        faults.append({"where": where, "what": f"has {len(json)} entries; {MOST} are the most"})
    else:
        found = [_want(each, f"{where}[{place}]", faults) for place, each in enumerate(json)]
        if not faults:
            return tuple(want for want in found if want is not None)
    raise BadWanted(mend="Mend the faults listed.", errors=faults)


def lacking(
    wanted: Sequence[Want], skills: Mapping[str, float], languages: Collection[str]
) -> tuple[Lacking, ...]:
    """Give what a worker lacks, with his unexpired skills by name and the languages that he reads."""
    told = [(want, want.lacking(skills, languages)) for want in wanted]
    return tuple(Lacking(want, why) for want, why in told if why is not None)


def skills_of(wanted: Sequence[Want]) -> list[str]:
    """Give the names of the skills that are spoken of, each once."""
    return list(dict.fromkeys(want.skill for want in wanted if not isinstance(want, Language)))


def shown(value: float) -> str:
    """Show a skill to two places, rounded down, so that it never looks like what it falls short of.

    >>> shown(80.0), shown(66.6666666), shown(79.9999)
    ('80', '66.66', '79.99')
    """
    return f"{math.floor(value * 100 + 1e-9) / 100:g}"


def _cased(part: str) -> str:
    """Write a part of a tag behind the first as is usual: Hant, TW, others small."""
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part


#: What an entry is, by the part that names it, with all its parts.
_PARTS: Mapping[str, tuple[str, ...]] = {
    "skill": ("skill", "op", "value"),
    "qualification": ("qualification",),
    "language": ("language",),
}


def _want(json: object, where: str, faults: list[Fault]) -> Want | None:
    if not isinstance(json, Mapping):
        faults.append({"where": where, "what": "is not an object"})
        return None
    kinds = [kind for kind in _PARTS if kind in json]
    if len(kinds) != 1:
        faults.append({"where": where, "what": f"must have one of {', '.join(_PARTS)}"})
        return None
    (kind,) = kinds
    before = len(faults)
    faults += [
        {"where": f"{where}.{part}", "what": f"is not known here; what is: {', '.join(_PARTS[kind])}"}
        for part in json
        if part not in _PARTS[kind]
    ]
    named = json[kind]
    try:
        named = language(named) if kind == "language" else name(named)
    except (BadName, BadLanguage) as error:
        faults.append({"where": f"{where}.{kind}", "what": str(error.errors[0]["what"])})
    if kind == "skill":
        if json.get("op") not in [*OPS]:
            faults.append({"where": f"{where}.op", "what": f"is not one of {', '.join(OPS)}"})
        value = json.get("value")
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 100:
            faults.append({"where": f"{where}.value", "what": "is not a number from 0 to 100"})
    if len(faults) > before:
        return None
    if kind == "skill":
        return Skill(named, json["op"], json["value"])
    return Language(named) if kind == "language" else Qualification(named)
