"""Every reader against garbage and against files that do not fit into memory."""

from __future__ import annotations

import contextlib
import gc
import gzip
import time
import tracemalloc
from collections.abc import Callable, Iterator
from io import BytesIO, RawIOBase
from typing import BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowdqc import formats
from crowdqc.formats import Column, answers

COLUMNS = [Column("worker"), Column("item"), Column("label"), Column("x", "json")]
VALID = {
    form: b"".join(
        formats.write(
            [
                {"worker": "w1", "item": "é", "label": 'a "b", c', "x": {"a": [1, None]}},
                {"worker": "w2", "item": "i\nj", "label": None, "x": "\u2028"},
                {"worker": "w3", "item": "", "label": "0", "x": 1.5},
            ]
            * 3,
            COLUMNS,
            form,
        )
    )
    for form in formats.FORMATS
}

changes = st.lists(
    st.tuples(st.integers(0, 2**16), st.sampled_from(["set", "cut", "add", "end"]), st.binary(max_size=4)),
    max_size=6,
)


def mutated(data: bytes, wanted: list[tuple[int, str, bytes]]) -> bytes:
    for at, how, more in wanted:
        at %= len(data) + 1
        if how == "set":
            data = data[:at] + more + data[at + len(more) :]
        elif how == "cut":
            data = data[:at] + data[at + len(more) + 1 :]
        elif how == "add":
            data = data[:at] + more + data[at:]
        else:
            data = data[: at or 1]
    return data


def drain(data: bytes, form: str) -> None:
    """Read in every way; nothing but Unreadable may come out."""
    how = {"limit_bytes": 2**22, "limit_record": 1000}
    readers = (
        lambda: formats.rows(BytesIO(data), form, nulls=True, **how),  # type: ignore[arg-type]
        lambda: formats.read(BytesIO(data), form, COLUMNS, **how),
        lambda: answers.answers(BytesIO(data), form, **how),
        lambda: answers.truth(BytesIO(data), form, **how),
    )
    for reader in readers:
        last = 0
        with contextlib.suppress(formats.Unreadable):
            for place, each in enumerate(cast(Iterator[formats.Row], reader())):
                assert each.line >= last
                last = each.line
                if place > 1000:
                    break


@pytest.mark.parametrize("form", formats.FORMATS)
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_garbage_is_unreadable_or_faults(form: str, data: bytes) -> None:
    drain(data, form)
    if form.endswith(".gz"):
        drain(gzip.compress(data, 1), form)


@pytest.mark.parametrize("form", formats.FORMATS)
@settings(max_examples=80, deadline=None)
@given(wanted=changes)
def test_a_damaged_file_is_unreadable_or_faults(form: str, wanted: list[tuple[int, str, bytes]]) -> None:
    drain(mutated(VALID[form], wanted), form)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('ab,"\n\r\t;\0é'), max_size=40), st.sampled_from(["csv", "tsv"]))
def test_quotes_and_line_ends_in_any_order_are_read(text: str, form: str) -> None:
    drain(b"a,b\n" + text.encode(), form)
    drain(b"a\tb\n" + text.encode(), form)


@pytest.mark.parametrize("form", formats.FORMATS)
def test_the_stream_stays_open_and_is_its_owners(form: str) -> None:
    stream = BytesIO(VALID[form])
    assert len(list(formats.rows(stream, form))) == 9
    gc.collect()
    assert not stream.closed


class Endless(RawIOBase):
    """A file of many megabytes that is made while it is read."""

    def __init__(self, head: bytes, block: bytes, times: int) -> None:
        self._blocks = iter([head] + [block] * times)
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return b""
            self._rest = block
        given, self._rest = self._rest[:size], self._rest[size:]
        return given


def peak(stream: BinaryIO, form: str) -> tuple[int, int]:
    """Give the number of rows and the most bytes that were held."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in formats.rows(stream, form))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("form", "head", "line"),
    [
        ("csv", b"a,b\n", b'1,"' + b"x" * 1000 + b'\ny"\n'),
        ("csv", b"a,b\n", b"1," + b"x" * 1000 + b"\n"),
        ("jsonl", b"", b'{"a": "' + b"x" * 1000 + b'"}\n'),
    ],
)
def test_a_file_of_20_mb_is_read_in_a_few(form: str, head: bytes, line: bytes) -> None:
    stream = cast(BinaryIO, Endless(head, line * 100, 200))
    count, held = peak(stream, form)
    assert count == 20_000
    assert held < 2_500_000


def test_an_open_quote_before_20_mb_is_read_in_a_few() -> None:
    line = b"1," + b"x" * 1000 + b"\n"
    count, held = peak(cast(BinaryIO, Endless(b'a,b\n1,"oops\n', line * 100, 200)), "csv")
    assert count == 20_001
    assert held < 15_000_000


def test_one_line_of_50_mb_is_not_held() -> None:
    count, held = peak(cast(BinaryIO, Endless(b"a\n", b"x" * 100_000, 500)), "csv")
    assert count == 1
    assert held < 10_000_000


@pytest.mark.parametrize("form", formats.FORMATS)
def test_30000_rows_take_no_more_than_a_few_seconds(form: str) -> None:
    rows = ({"worker": f"w{n % 50}", "item": f"i{n}", "label": "yes, no"} for n in range(30_000))
    data = b"".join(formats.write(rows, COLUMNS, form))
    start = time.perf_counter()
    assert sum(isinstance(each, formats.Row) for each in formats.rows(BytesIO(data), form)) == 30_000
    assert time.perf_counter() - start < 3  # measured: 0.1; only a change of order is to fail


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
@given(text=st.text(st.sampled_from('ab,;\t" \n\r{}:1\0é'), max_size=60))
def test_count_gives_as_many_as_there_are_rows_and_faults(form: str, text: str) -> None:
    def told(read: Callable[[BytesIO], int]) -> object:
        try:
            return read(BytesIO(text.encode()))
        except formats.Unreadable as error:
            return str(error)

    assert told(lambda stream: formats.count(stream, form)) == told(
        lambda stream: sum(1 for _ in formats.rows(stream, form))
    )
