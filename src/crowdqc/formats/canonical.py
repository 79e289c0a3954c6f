"""One text for one JSON value, and its hash: what makes two items the same item."""

from __future__ import annotations

import hashlib
import json
import math

from crowdqc.errors import Invalid


class Uncanonical(Invalid):
    """The value is not JSON, so it has no canonical text."""


def canonical(value: object) -> bytes:
    """Give the one text of a JSON value.

    UTF-8, no spaces, names in the order of their code points. Equal numbers have equal text: a whole float is
    written as the whole number it is (``1.0`` as ``1``, ``-0.0`` as ``0``), other floats in the fewest digits that
    read back exactly. Text is not normalised.

    Parameters
    ----------
    value : None, bool, int, float, str, or lists, tuples and dicts (with text as names) of these

    Raises
    ------
    Uncanonical
        For anything else, NaN, infinities, lone surrogates, and too many brackets within brackets.

    Examples
    --------
    >>> canonical({"b": 1.0, "a": ["é", None]}).decode()
    '{"a":["é",null],"b":1}'
    """
    try:
        plain = _plain(value)
        return _ENCODER.encode(plain).encode()
    except UnicodeEncodeError:
        raise Uncanonical("Half of a surrogate pair stands in a text; it is not a character.") from None
    except (ValueError, RecursionError) as error:
        raise Uncanonical(f"The value is not JSON: {error}.") from None


def content_hash(value: object) -> str:
    """Give the SHA-256 of a value's canonical text, as 64 hexadecimal digits.

    >>> content_hash({"a": 1, "b": 2}) == content_hash({"b": 2.0, "a": 1})
    True
    """
    return hashlib.sha256(canonical(value)).hexdigest()


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def _plain(value: object) -> object:
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Uncanonical("NaN and infinities are not JSON.")
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str):
                raise Uncanonical(f"The name {name!r} is not text.")
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    raise Uncanonical(f"A {type(value).__name__} is not JSON.")
