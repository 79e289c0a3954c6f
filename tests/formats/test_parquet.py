"""Parquet: every type that has a JSON form, row by row."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowdqc import formats

PAIR = pa.struct([("a", pa.int64()), ("b", pa.string())])


def packed(table: pa.Table, **how: Any) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


def one(array: Any, **how: Any) -> list[object]:
    """Give what the values of an array come back as; a fault gives its words."""
    found = formats.rows(BytesIO(packed(pa.table({"v": array}), **how)), "parquet")
    return [each.what if isinstance(each, formats.Fault) else each.values["v"] for each in found]


def test_rows_are_numbered_from_one_over_all_groups() -> None:
    data = packed(pa.table({"n": list(range(5000))}), row_group_size=700)
    names: list[tuple[str, ...]] = []
    found = list(formats.rows(BytesIO(data), "parquet", on_columns=names.append))
    assert found == [formats.Row(n + 1, {"n": n}) for n in range(5000)]
    assert names == [("n",)]


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["a", None, ""], pa.string(), ["a", None, ""]),
        (["a", None], pa.large_string(), ["a", None]),
        (["a", "b", None, "a"], pa.dictionary(pa.int32(), pa.string()), ["a", "b", None, "a"]),
        ([1, None], pa.int8(), [1, None]),
        ([2**64 - 1], pa.uint64(), [2**64 - 1]),
        ([1.5, None], pa.float32(), [1.5, None]),
        ([0.1], pa.float64(), [0.1]),
        ([True, None], pa.bool_(), [True, None]),
        ([None, None], pa.null(), [None, None]),
        ([Decimal("1.50"), None], pa.decimal128(9, 2), ["1.50", None]),
        ([Decimal("1E+3")], pa.decimal128(9, 0), ["1000"]),
        (["é".encode(), None], pa.binary(), ["é", None]),
        ([b"abc"], pa.binary(3), ["abc"]),
        ([dt.date(2026, 1, 31), None], pa.date32(), ["2026-01-31", None]),
        ([dt.date(2026, 1, 31)], pa.date64(), ["2026-01-31"]),
        ([dt.time(1, 2, 3)], pa.time32("s"), ["01:02:03"]),
        ([dt.time(1, 2, 3, 500_000)], pa.time64("us"), ["01:02:03.500"]),
        ([dt.timedelta(seconds=90)], pa.duration("ms"), [90]),
        ([dt.timedelta(milliseconds=1500)], pa.duration("us"), [1.5]),
        ([0, None], pa.timestamp("s"), ["1970-01-01T00:00:00", None]),
        ([1_500], pa.timestamp("ms"), ["1970-01-01T00:00:01.500"]),
        ([-1], pa.timestamp("us"), ["1969-12-31T23:59:59.999999"]),
        ([1], pa.timestamp("ns"), ["1970-01-01T00:00:00.000000001"]),
        ([0], pa.timestamp("us", tz="Europe/Berlin"), ["1970-01-01T00:00:00Z"]),
        ([-62_000_000_000], pa.timestamp("s"), ["0005-04-19T09:46:40"]),
        ([[1, None], None, []], pa.list_(pa.int64()), [[1, None], None, []]),
        ([["a"]], pa.large_list(pa.string()), [["a"]]),
        ([[1, 2]], pa.list_(pa.int64(), 2), [[1, 2]]),
        ([{"a": 1, "b": None}, None], PAIR, [{"a": 1, "b": None}, None]),
        ([[{"t": 0}]], pa.list_(pa.struct([("t", pa.timestamp("s"))])), [[{"t": "1970-01-01T00:00:00"}]]),
        ([[("k", 1.5)], None], pa.map_(pa.string(), pa.float64()), [{"k": 1.5}, None]),
        ([{"d": [Decimal("2.0")]}], pa.struct([("d", pa.list_(pa.decimal128(5, 1)))]), [{"d": ["2.0"]}]),
    ],
)  # fmt: skip
def test_every_type_becomes_a_json_value(values: list[object], kind: Any, expected: list[object]) -> None:
    assert one(pa.array(values, type=kind)) == expected


@pytest.mark.parametrize(
    ("values", "kind", "words"),
    [
        ([float("nan")], pa.float64(), "infinite or not a number"),
        ([float("inf")], pa.float32(), "infinite or not a number"),
        ([[1.0, float("nan")]], pa.list_(pa.float64()), "infinite or not a number"),
        ([b"ch\xe2t"], pa.binary(), "not text in UTF-8 (byte 3)"),
        (["a\0"], pa.string(), "NUL"),
        ([2**50], pa.timestamp("s"), "out of range"),
        ([2**30], pa.date32(), "out of range"),
    ],
)
def test_a_value_without_a_json_form_is_a_fault_of_its_row(values: list[object], kind: Any, words: str) -> None:
    empty: list[object] = [None]
    found = one(pa.array(empty + values + empty, type=kind))
    assert found[0] is found[2] is None
    assert words in str(found[1])


def test_text_that_is_not_utf_8_is_a_fault_of_its_row() -> None:
    broken = pa.array([b"a", b"ch\xe2t", None, b"d"]).view(pa.string())
    found = list(formats.rows(BytesIO(packed(pa.table({"v": broken}))), "parquet"))
    assert [each.line for each in found] == [1, 2, 3, 4]
    fault = found[1]
    assert isinstance(fault, formats.Fault)
    assert fault.where == "row 2, column v"
    assert "UTF-8 (byte 3)" in fault.what
    assert found[3] == formats.Row(4, {"v": "d"})


def test_a_column_that_is_named_twice_is_unreadable() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(formats.Unreadable, match="names a column twice: a"):
        list(formats.rows(BytesIO(packed(table)), "parquet"))


@pytest.mark.parametrize("name", ["", "a\0"])
def test_a_name_that_cannot_be_kept_is_unreadable(name: str) -> None:
    with pytest.raises(formats.Unreadable):
        list(formats.rows(BytesIO(packed(pa.table({name: [1]}))), "parquet"))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1PAR1", b"item,label\n1,2\n", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_what_is_not_parquet_is_unreadable(data: bytes) -> None:
    with pytest.raises(formats.Unreadable, match="not Parquet, or it is damaged") as caught:
        list(formats.rows(BytesIO(data), "parquet"))
    assert caught.value.mend == "Write it again, or send CSV or JSON lines."


def test_a_file_that_says_it_is_too_large_is_refused() -> None:
    data = packed(pa.table({"v": ["x" * 10_000] * 300}), use_dictionary=False, compression="zstd")
    assert len(data) < 100_000
    with pytest.raises(formats.Unreadable, match="more than 1,000,000 bytes"):
        next(formats.rows(BytesIO(data), "parquet", limit_bytes=1_000_000))


def test_a_file_that_grows_by_its_dictionary_is_stopped() -> None:
    data = packed(pa.table({"v": ["x" * 10_000] * 10_000}))
    assert len(data) < 100_000
    with pytest.raises(formats.Unreadable, match="more than 1,000,000 bytes"):
        list(formats.rows(BytesIO(data), "parquet", limit_bytes=1_000_000))


def test_the_error_of_a_caller_is_its_own() -> None:
    def refuse(names: tuple[str, ...]) -> None:
        raise ValueError(f"not these: {names}")

    with pytest.raises(ValueError, match="not these"):
        list(formats.rows(BytesIO(packed(pa.table({"a": [1]}))), "parquet", on_columns=refuse))


def test_a_damaged_file_is_read_or_unreadable() -> None:
    table = pa.table(
        {
            "s": [f"s{n}é" for n in range(40)],
            "d": pa.array(["a", "b"] * 20).dictionary_encode(),
            "l": [[1, 2], None] * 20,
            "t": pa.array([{"a": 1, "b": "x"}, None] * 20),
        }
    )
    chance = random.Random(7)
    whole = [packed(table), packed(table, compression="none", use_dictionary=False)]
    unreadable = 0
    for _ in range(1500):
        data = bytearray(chance.choice(whole))
        for _ in range(chance.choice([1, 2, 8])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data)) :]
        try:
            for place, _ in enumerate(formats.rows(BytesIO(bytes(data)), "parquet", limit_bytes=2**24)):
                if place > 10_000:
                    break
        except formats.Unreadable:
            unreadable += 1
    assert unreadable > 300


def test_what_is_written_has_several_groups_and_comes_out_as_it_is_made() -> None:
    taken = 0

    def source() -> Any:
        nonlocal taken
        for n in range(30_000):
            taken = n
            yield {"n": n}

    chunks = formats.write(source(), [formats.Column("n", "integer")], "parquet")
    first = next(chunks)
    assert first.startswith(b"PAR1")
    assert taken < 10_000
    file = pq.ParquetFile(BytesIO(first + b"".join(chunks)))
    assert file.metadata.num_row_groups == 4
    assert file.read().column("n").to_pylist() == list(range(30_000))


def test_a_group_of_large_texts_is_closed_early() -> None:
    data = b"".join(formats.write([{"t": "x" * 2**20}] * 20, [formats.Column("t")], "parquet"))
    assert pq.ParquetFile(BytesIO(data)).metadata.num_row_groups == 3


def test_a_whole_number_of_more_than_64_bits_is_not_written() -> None:
    with pytest.raises(formats.Unwritable, match=r"more than 64 bits. \(row 1, column n\)"):
        list(formats.write([{"n": 2**63}], [formats.Column("n", "integer")], "parquet"))
