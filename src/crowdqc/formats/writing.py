"""Bytes out of rows, whatever the format."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from crowdqc.formats import delimited, jsonl
from crowdqc.formats.blocks import Block, delimited_text, json_lines
from crowdqc.formats.columns import Column, Unwritable
from crowdqc.formats.names import named

_CHUNK = 1 << 16


def write(
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[Column],
    format: str,
    *,
    spreadsheet_safe: bool = False,
) -> Iterator[bytes]:
    """Write rows as a file, in chunks of some 64 KiB and in constant memory.

    Lines end with a line feed. In csv and tsv None is an empty cell and an empty text is ``""`` in quotes, so
    that `read` gives back what was written. Floats are written so that they read back exactly.

    Parameters
    ----------
    rows : iterable of mapping
        Values by column name; a missing name is None, names that are no column are left out.
    columns : sequence of Column
        At least one; their names must differ.
    format : str
        A key of `FORMATS`.
    spreadsheet_safe : bool, default False
        In csv and tsv: put an apostrophe before texts that a spreadsheet would take for a formula (they begin
        with = + - @, a tab or a line end). It changes the data, so it must be asked for.

    Raises
    ------
    UnknownFormat
        At once, if there is no such format.
    Unwritable
        While writing, if a value does not fit its column.

    Examples
    --------
    >>> b"".join(write([{"item": "1", "label": None}], [Column("item"), Column("label")], "csv"))
    b'item,label\\n1,\\n'
    """
    kind = named(format)
    names = [column.name for column in columns]
    if not names or len(set(names)) < len(names):
        raise ValueError("a table needs columns, each with a name of its own")
    if kind.inner == "parquet":
        from crowdqc.formats import parquet

        return parquet.write(rows, columns)
    if kind.inner == "jsonl":
        lines = jsonl.write(rows, columns)
    else:
        delimiter = "\t" if kind.inner == "tsv" else ","
        lines = delimited.write(rows, columns, delimiter=delimiter, spreadsheet_safe=spreadsheet_safe)
    return _packed(_chunks(lines)) if kind.packed else _chunks(lines)


def write_blocks(blocks: Iterable[Block], columns: Sequence[Column], format: str) -> Iterator[bytes]:
    """Write rows that come a block at a time: the same bytes as `write`, in a fraction of the time.

    Parameters
    ----------
    blocks : iterable of Block
        Of some thousand rows each: a block is held whole.
    columns : sequence of Column
    format : str
        A key of `FORMATS`.

    Raises
    ------
    UnknownFormat, Unwritable
        As `write` does.

    Examples
    --------
    >>> from crowdqc.formats import Block, Same
    >>> block = Block(2, {"item": ["1", "2"], "run": Same("r")})
    >>> b"".join(write_blocks([block], [Column("item"), Column("run")], "csv"))
    b'item,run\\n1,r\\n2,r\\n'
    """
    kind = named(format)
    if kind.inner == "parquet":
        return write((row for block in blocks for row in block.rows(columns)), columns, format)
    if kind.inner == "jsonl":
        lines = json_lines(blocks, columns)
    else:
        lines = delimited_text(blocks, columns, "\t" if kind.inner == "tsv" else ",")
    return _packed(_chunks(lines)) if kind.packed else _chunks(lines)


def _chunks(lines: Iterable[str]) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield _encoded(held)
            held.clear()
            size = 0
    if held:
        yield _encoded(held)


def _encoded(lines: list[str]) -> bytes:
    try:
        return "".join(lines).encode()
    except UnicodeEncodeError:
        raise Unwritable("Half of a surrogate pair stands in a text; it is not a character.") from None


def _packed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)
    for chunk in chunks:
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()
