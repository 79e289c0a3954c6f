"""What the types of a parquet file become: JSON values, or words that say why they cannot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from crowdqc.formats import jsonvalues
from crowdqc.formats.outcomes import unreadable

#: From a value as pyarrow gives it (after `plan`) to a JSON value; raises `Unfit`.
Convert = Callable[[Any], object]


class Unfit(ValueError):
    """A value that has no JSON form; the message says why, as a sentence."""


def arrow() -> Any:
    """Give pyarrow, which is large and so is imported where it is first used."""
    import pyarrow
    import pyarrow.parquet

    return pyarrow


def check_names(names: tuple[str, ...]) -> None:
    """Refuse columns that have no name, one that cannot be kept, or the same twice."""
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        what = f"The file names a column twice: {', '.join(twice[:5])}."
        raise unreadable(what, "schema", "Rename or remove one of them.")
    for name in names:
        try:
            jsonvalues.inspect(name)
        except jsonvalues.NotJson as error:
            raise unreadable(f"A column's name cannot be kept: {error}", "schema", "Rename it.") from None
    if "" in names:
        what = f"Column {names.index('') + 1} has no name."
        raise unreadable(what, "schema", "Name it, or remove the column.")


def plan(kind: Any, name: str) -> tuple[Any, Convert | None]:
    """Give the type to cast a column to, and what makes JSON values of its values (None: they are)."""
    pa = arrow()
    types = pa.types

    if isinstance(kind, pa.BaseExtensionType):
        return plan(kind.storage_type, name)
    if types.is_dictionary(kind):
        return plan(kind.value_type, name)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind):
        return kind, None
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return kind, _from_text
    if types.is_floating(kind):
        return pa.float64() if types.is_float16(kind) else kind, _from_float
    if types.is_decimal(kind):
        return kind, _from_decimal
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return kind, from_bytes
    if types.is_timestamp(kind):
        return pa.int64(), _from_timestamp(_PER_SECOND[kind.unit], "Z" if kind.tz else "")
    if types.is_date32(kind):
        return pa.int32(), _from_days
    if types.is_date64(kind):
        return pa.int64(), lambda value: _from_days(value // 86_400_000)
    if types.is_time(kind):
        return pa.int32() if types.is_time32(kind) else pa.int64(), _from_time(_PER_SECOND[kind.unit])
    if types.is_duration(kind):
        per = _PER_SECOND[kind.unit]
        return pa.int64(), lambda value: value // per if value % per == 0 else value / per
    if types.is_struct(kind):
        return _plan_struct(kind, name)
    if types.is_map(kind):
        return _plan_map(kind, name)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        plain, inner = plan(kind.value_type, name)
        if types.is_large_list(kind):
            return pa.large_list(plain), _from_list(inner)
        if types.is_fixed_size_list(kind):
            return pa.list_(plain, kind.list_size), _from_list(inner)
        return pa.list_(plain), _from_list(inner)
    raise unreadable(
        f"Column {name} is of the type {kind}, which has no JSON form.", "schema", "Write it as text or numbers."
    )


def _plan_struct(kind: Any, name: str) -> tuple[Any, Convert]:
    pa = arrow()

    fields = [kind.field(place) for place in range(kind.num_fields)]
    check_names(tuple(field.name for field in fields))
    plans = {field.name: plan(field.type, f"{name}.{field.name}") for field in fields}

    def convert(value: dict[str, Any]) -> object:
        given: dict[str, object] = {}
        for key, each in value.items():
            inner = plans[key][1]
            given[key] = each if each is None or inner is None else inner(each)
        return given

    return pa.struct([pa.field(key, plain) for key, (plain, _) in plans.items()]), convert


def _plan_map(kind: Any, name: str) -> tuple[Any, Convert]:
    pa = arrow()

    key_plain, key_inner = plan(kind.key_type, name)
    plain, inner = plan(kind.item_type, name)

    def convert(value: list[tuple[Any, Any]]) -> object:
        given: dict[str, object] = {}
        for key, each in value:
            word = key if key_inner is None else key_inner(key)
            text = word if isinstance(word, str) else str(word)
            if text in given:
                raise Unfit(f"A map names {text!r} twice.")
            given[text] = each if each is None or inner is None else inner(each)
        return given

    return pa.map_(key_plain, plain), convert


def _from_list(inner: Convert | None) -> Convert | None:
    if inner is None:
        return None
    return lambda value: [each if each is None else inner(each) for each in value]


def _from_text(value: str) -> object:
    if "\0" in value:
        raise Unfit("A NUL character stands in the text.")
    return value


def from_bytes(value: bytes) -> object:
    try:
        return _from_text(value.decode())
    except UnicodeDecodeError as error:
        raise Unfit(f"The bytes are not text in UTF-8 (byte {error.start + 1}).") from None


def _from_float(value: float) -> object:
    if value - value != 0:
        raise Unfit("A number is infinite or not a number; write a missing number as null.")
    return value


def _from_decimal(value: Decimal) -> object:
    return format(value, "f")


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _fraction(part: int, per: int) -> str:
    """Give the decimals of a second: none, or as many as the unit has in threes without needless ones.

    >>> _fraction(500, 1000), _fraction(0, 1000), _fraction(1_000, 10**9)
    ('.500', '', '.000001')
    """
    if not part:
        return ""
    digits = str(part).zfill(len(str(per)) - 1)
    while digits.endswith("000"):
        digits = digits[:-3]
    return f".{digits}"


def _from_timestamp(per: int, zone: str) -> Convert:
    def convert(value: int) -> object:
        seconds, part = divmod(value, per)
        try:
            moment = _EPOCH + timedelta(seconds=seconds)
        except OverflowError:
            raise Unfit("A time is out of range (years 1 to 9999).") from None
        return moment.replace(tzinfo=None).isoformat(timespec="seconds") + _fraction(part, per) + zone

    return convert


def _from_days(value: int) -> object:
    try:
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    except OverflowError:
        raise Unfit("A date is out of range (years 1 to 9999).") from None


def _from_time(per: int) -> Convert:
    def convert(value: int) -> object:
        seconds, part = divmod(value, per)
        if not 0 <= seconds < 86_400:
            raise Unfit("A time of day is out of range.")
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(part, per)}"

    return convert
