"""Parquet: rows out of record batches and back, the only room that knows pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

from crowdqc.formats import jsonvalues
from crowdqc.formats.columns import Column, Unwritable, checked, json_text, unwritable
from crowdqc.formats.outcomes import Fault, Row, Unreadable, unreadable

#: Rows that are read at a time, and rows of a group that is written.
_BATCH = 1024
_GROUP = 8192
#: A group is also closed when its texts have this many characters.
_GROUP_TEXT = 8 * 2**20

#: From a value as pyarrow gives it (after `_plain`) to a JSON value; raises `_Unfit`.
_Convert = Callable[[Any], object]


class _Unfit(ValueError):
    """A value that has no JSON form; the message says why, as a sentence."""


def read(
    stream: BinaryIO, *, limit_bytes: int, on_columns: Callable[[tuple[str, ...]], None] | None
) -> Iterator[Row | Fault]:
    """Give a row for each row of a parquet file; its line is its number from 1.

    Lists and structs become lists and dicts, dictionary columns their values, decimals text, dates and times
    ISO 8601 text (with Z where the column has a time zone), durations seconds, bytes the text they hold in
    UTF-8. A row with NaN or an infinity, with bytes that are no UTF-8, or with a date out of range is a fault.

    Parameters
    ----------
    stream : BinaryIO
        Must be able to seek.
    limit_bytes : int
        Most bytes that the file says, or shows, to have once it is unpacked. What a single page or a single
        batch of rows may take is not bounded by it: pyarrow believes the file there.
    on_columns : callable or None
        Called once, with the names of the columns.

    Raises
    ------
    Unreadable
        If the file is not parquet, is broken or cut off, names a column twice, or holds a type that has no
        JSON form.
    """
    row = 0
    try:
        file = _opened(stream, limit_bytes)
        names = tuple(file.schema_arrow.names)
        plans = [_plan(field.type, field.name) for field in file.schema_arrow]
        batches = file.iter_batches(batch_size=_BATCH, use_threads=False)
    except _damaged() as error:
        raise _broken(row) from error
    if on_columns is not None:
        on_columns(names)
    total = 0
    while True:
        faults: dict[int, tuple[str, str]] = {}
        try:
            batch = next(batches, None)
            if batch is None:
                return
            total += batch.nbytes
            if total > limit_bytes:
                raise _too_large(limit_bytes)
            columns = [
                _column(batch.column(place), *plan, names[place], faults) for place, plan in enumerate(plans)
            ]
        except _damaged() as error:
            raise _broken(row) from error
        for place in range(batch.num_rows):
            row += 1
            if place in faults:
                column, what = faults[place]
                yield Fault(row, f"row {row}, column {column}", what)
            else:
                yield Row(row, {name: values[place] for name, values in zip(names, columns, strict=True)})


def _arrow() -> Any:
    """Give pyarrow, which is large and so is imported where it is first used."""
    import pyarrow
    import pyarrow.parquet

    return pyarrow


def _opened(stream: BinaryIO, limit_bytes: int) -> Any:
    file = _arrow().parquet.ParquetFile(
        stream,
        buffer_size=1 << 20,
        pre_buffer=False,
        thrift_string_size_limit=64 * 2**20,
        thrift_container_size_limit=2**20,
    )
    _check_names(tuple(file.schema_arrow.names))
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > limit_bytes:
        raise _too_large(limit_bytes)
    return file


def _damaged() -> tuple[type[Exception], ...]:
    """Give what pyarrow raises of a file that is no parquet, or broken."""
    return (_arrow().ArrowException, OSError, ValueError, KeyError, IndexError, OverflowError, MemoryError)


def _broken(row: int) -> Unreadable:
    return unreadable(
        "The file is not Parquet, or it is damaged.",
        f"after row {row}" if row else "whole file",
        "Write it again, or send CSV or JSON lines.",
    )


def _check_names(names: tuple[str, ...]) -> None:
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


def _too_large(limit_bytes: int) -> Unreadable:
    return unreadable(
        f"The file has more than {limit_bytes:,} bytes (unpacked).", "whole file", "Send it in smaller parts."
    )


def _column(
    array: Any, plain: Any, convert: _Convert | None, name: str, faults: dict[int, tuple[str, str]]
) -> list[object]:
    """Give a column's values as JSON values; name the rows that have none."""
    pa = _arrow()

    try:
        array.validate(full=True)
    except pa.ArrowInvalid:  # text that is no UTF-8 is a fault of its row, anything else of the file
        bare = {pa.string(): pa.binary(), pa.large_string(): pa.large_binary()}.get(array.type)
        if bare is None:
            raise
        array = array.view(bare)
        array.validate(full=True)
        plain, convert = bare, _from_bytes
    if plain != array.type:
        array = array.cast(plain)
    values: list[object] = array.to_pylist()
    if convert is not None:
        for place, value in enumerate(values):
            if value is not None:
                try:
                    values[place] = convert(value)
                except (_Unfit, jsonvalues.NotJson) as error:
                    values[place] = None
                    faults.setdefault(place, (name, str(error)))
    return values


def _plan(kind: Any, name: str) -> tuple[Any, _Convert | None]:
    """Give the type to cast a column to, and what makes JSON values of its values (None: they are)."""
    pa = _arrow()
    types = pa.types

    if isinstance(kind, pa.BaseExtensionType):
        return _plan(kind.storage_type, name)
    if types.is_dictionary(kind):
        return _plan(kind.value_type, name)
    if types.is_null(kind) or types.is_boolean(kind) or types.is_integer(kind):
        return kind, None
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return kind, _from_text
    if types.is_floating(kind):
        return pa.float64() if types.is_float16(kind) else kind, _from_float
    if types.is_decimal(kind):
        return kind, _from_decimal
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return kind, _from_bytes
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
        plain, inner = _plan(kind.value_type, name)
        if types.is_large_list(kind):
            return pa.large_list(plain), _from_list(inner)
        if types.is_fixed_size_list(kind):
            return pa.list_(plain, kind.list_size), _from_list(inner)
        return pa.list_(plain), _from_list(inner)
    raise unreadable(
        f"Column {name} is of the type {kind}, which has no JSON form.", "schema", "Write it as text or numbers."
    )


def _plan_struct(kind: Any, name: str) -> tuple[Any, _Convert]:
    pa = _arrow()

    fields = [kind.field(place) for place in range(kind.num_fields)]
    _check_names(tuple(field.name for field in fields))
    plans = {field.name: _plan(field.type, f"{name}.{field.name}") for field in fields}

    def convert(value: dict[str, Any]) -> object:
        given: dict[str, object] = {}
        for key, each in value.items():
            inner = plans[key][1]
            given[key] = each if each is None or inner is None else inner(each)
        return given

    return pa.struct([pa.field(key, plain) for key, (plain, _) in plans.items()]), convert


def _plan_map(kind: Any, name: str) -> tuple[Any, _Convert]:
    pa = _arrow()

    key_plain, key_inner = _plan(kind.key_type, name)
    plain, inner = _plan(kind.item_type, name)

    def convert(value: list[tuple[Any, Any]]) -> object:
        given: dict[str, object] = {}
        for key, each in value:
            word = key if key_inner is None else key_inner(key)
            text = word if isinstance(word, str) else str(word)
            if text in given:
                raise _Unfit(f"A map names {text!r} twice.")
            given[text] = each if each is None or inner is None else inner(each)
        return given

    return pa.map_(key_plain, plain), convert


def _from_list(inner: _Convert | None) -> _Convert | None:
    if inner is None:
        return None
    return lambda value: [each if each is None else inner(each) for each in value]


def _from_text(value: str) -> object:
    if "\0" in value:
        raise _Unfit("A NUL character stands in the text.")
    return value


def _from_bytes(value: bytes) -> object:
    try:
        return _from_text(value.decode())
    except UnicodeDecodeError as error:
        raise _Unfit(f"The bytes are not text in UTF-8 (byte {error.start + 1}).") from None


def _from_float(value: float) -> object:
    if value - value != 0:
        raise _Unfit("A number is infinite or not a number; write a missing number as null.")
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


def _from_timestamp(per: int, zone: str) -> _Convert:
    def convert(value: int) -> object:
        seconds, part = divmod(value, per)
        try:
            moment = _EPOCH + timedelta(seconds=seconds)
        except OverflowError:
            raise _Unfit("A time is out of range (years 1 to 9999).") from None
        return moment.replace(tzinfo=None).isoformat(timespec="seconds") + _fraction(part, per) + zone

    return convert


def _from_days(value: int) -> object:
    try:
        return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
    except OverflowError:
        raise _Unfit("A date is out of range (years 1 to 9999).") from None


def _from_time(per: int) -> _Convert:
    def convert(value: int) -> object:
        seconds, part = divmod(value, per)
        if not 0 <= seconds < 86_400:
            raise _Unfit("A time of day is out of range.")
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{_fraction(part, per)}"

    return convert


class _Drain:
    """Where the parquet writer writes: what was written can be taken away between row groups."""

    closed = False

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._at = 0

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._held.append(taken)
        self._at += len(taken)
        return len(taken)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken = b"".join(self._held)
        self._held.clear()
        return taken


def write(rows: Iterable[Mapping[str, object]], columns: Sequence[Column]) -> Iterator[bytes]:
    """Give a parquet file, a chunk for each row group; a ``json`` column is JSON text.

    Raises
    ------
    Unwritable
        If a value does not fit its column, a whole number more than 64 bits.
    """
    pa = _arrow()

    kinds = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "json": pa.string(),
    }
    schema = pa.schema([pa.field(column.name, kinds[column.kind]) for column in columns])
    drain = _Drain()
    with pa.parquet.ParquetWriter(pa.PythonFile(drain, mode="w"), schema, compression="zstd") as writer:
        source = iter(enumerate(rows, 1))
        while held := _group(source, columns):
            arrays = []
            for column, values in zip(columns, held, strict=True):
                try:
                    arrays.append(pa.array(values, type=kinds[column.kind]))
                except UnicodeEncodeError:
                    what = "Half of a surrogate pair stands in a text; it is not a character."
                    raise Unwritable(f"{what} (column {column.name})") from None
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            if taken := drain.take():
                yield taken
    yield drain.take()


def _group(source: Iterator[tuple[int, Mapping[str, object]]], columns: Sequence[Column]) -> list[list[object]]:
    """Take the rows of one group, column by column; nothing where no row is left."""
    held: list[list[object]] = [[] for _ in columns]
    size = 0
    for number, row in islice(source, _GROUP):
        for column, values in zip(columns, held, strict=True):
            value = checked(column, row.get(column.name), number)
            if value is not None:
                if column.kind == "json":
                    value = json_text(column, value, number)
                if isinstance(value, str):
                    size += len(value)
                elif column.kind == "integer" and isinstance(value, int) and not -(2**63) <= value < 2**63:
                    raise unwritable(column, number, "The whole number has more than 64 bits.")
            values.append(value)
        if size >= _GROUP_TEXT:
            break
    return held if held[0] else []
