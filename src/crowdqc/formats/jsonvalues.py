"""Strict JSON: one value out of one text, refusing what a database or a second reader would refuse."""

from __future__ import annotations

import json
import math

from crowdqc.formats.outcomes import LIMIT_DEPTH


class NotJson(ValueError):
    """The text is not JSON that can be kept; the message says why, as a sentence."""

    def __init__(self, what: str, at: int | None = None) -> None:
        super().__init__(what)
        #: The character, from 1, where that is known.
        self.at = at


def parse(text: str) -> object:
    """Give the value of a JSON text.

    Refused are NaN and infinities (also by overflow: ``1e999``), a name that stands twice in an object, NUL
    characters, lone surrogates, more than `LIMIT_DEPTH` brackets within brackets, and whole numbers of more
    digits than Python reads (4,300).

    Raises
    ------
    NotJson
        Saying what is wrong.

    Examples
    --------
    >>> parse('{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> parse('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    crowdqc.formats.jsonvalues.NotJson: The name 'a' stands twice in one object.
    """
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"The text is not JSON: {error.msg}.", error.pos + 1) from None
    except NotJson:
        raise
    except ValueError:
        raise NotJson("A whole number has too many digits.") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > LIMIT_DEPTH or "\\u" in text or not text.isascii():
        inspect(value)
    return value


def inspect(value: object) -> None:
    """Refuse a value with NUL characters, lone surrogates or too many brackets within brackets.

    Raises
    ------
    NotJson
    """
    level: list[object] = [value]
    for _ in range(LIMIT_DEPTH + 1):
        below: list[object] = []
        for each in level:
            if isinstance(each, str):
                _inspect_text(each)
            elif isinstance(each, dict):
                for name in each:
                    _inspect_text(name)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
        if not below:
            return
        level = below
    raise _too_deep()


def _inspect_text(text: str) -> None:
    if "\0" in text:
        raise NotJson("A NUL character stands in the text.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise NotJson("Half of a surrogate pair stands in the text; it is not a character.") from None


def _too_deep() -> NotJson:
    return NotJson(f"More than {LIMIT_DEPTH} brackets stand within brackets.")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    given = dict(pairs)
    if len(given) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise NotJson(f"The name {name!r} stands twice in one object.")
            seen.add(name)
    return given


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NotJson("A number is too large.")
    return number


def _constant(text: str) -> object:
    raise NotJson(f"{text} is not JSON.")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)
