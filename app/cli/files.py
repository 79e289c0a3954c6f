"""Files that a command reads and writes: a fault is told with file and line, and nothing is left half written."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from crowdqc import formats
from crowdqc.errors import CrowdqcError, Invalid
from crowdqc.formats import tables
from crowdqc.formats.answers import Truth, truth

F = TypeVar("F", bound=Callable[..., Any])

#: A file that a command reads: that it is there is looked at before anything is done.
READ = click.Path(exists=True, dir_okay=False, path_type=Path)


class BadInput(click.ClickException):
    """What was given cannot be used: exit code 1."""


def _writable(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Look at once whether a table can be written, not after minutes of work."""
    if path is not None and str(path) != "-":
        try:
            format_of(path)
        except formats.UnknownFormat as error:
            raise click.BadParameter(f"{path}: {error}") from None
    return _placed(ctx, option, path)


def _placed(ctx: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Look at once whether a file can be written where it is to be."""
    if path is None:
        return None
    if str(path) == "-":
        raise click.BadParameter("'-' names no file. Name one, such as labels.csv.")
    folder = path.resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise click.BadParameter(f"{path}: nothing can be written to the folder {folder}.")
    return path


def writes(*names: str, help: str, as_json: bool = False, required: bool = False) -> Callable[[F], F]:
    """Give an option that names a file to be written; of a table its ending says in which format."""
    return click.option(
        *names,
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_placed if as_json else _writable,
        required=required,
        metavar="OUT",
        help=help,
    )


def refuse_same(*given: Path | None, written: Sequence[Path | None]) -> None:
    """Nothing that is given is written over, and nothing that is written."""
    taken = {path.resolve() for path in given if path is not None}
    for path in written:
        if path is not None and (path.is_file() or not path.exists()):
            if path.resolve() in taken:
                raise click.UsageError(f"{path} is named twice; it would be written over.")
            taken.add(path.resolve())


def format_of(path: Path) -> str:
    """Tell the format of a file to be written by its name: csv where it has no ending that says otherwise."""
    name = path.name.lower()
    packed = name.endswith((".gz", ".gzip"))
    try:
        found = formats.detect(path.name, None, b"")
    except formats.UnknownFormat:
        if path.suffix:
            raise
        found = "csv"
    return f"{found}.gz" if packed else found


def answers(path: Path, also: Collection[str] = ()) -> tables.Answers:
    """Read a file of answers, with those of the columns "time" and "place" that are asked for."""
    with _told(path), _opened(path) as stream:
        return tables.answers(stream, _detected(path, stream), also=also)


def truths(path: Path, classes: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Read a file of truths or of gold; what is a class as it stands is not taken apart at ``|``."""
    with _told(path), _opened(path) as stream:
        known = tables.truths(stream, _detected(path, stream))
    if any("|" in name for name in classes):
        for item, labels in known.items():
            if (whole := "|".join(labels)) in classes:
                known[item] = (whole,)
    return known


def predictions(path: Path, classes: Collection[str], *, single: bool = False) -> tables.Probabilities:
    """Read a file of predictions, which has a column for each of the classes, in single precision or double."""
    with _told(path), _opened(path) as stream:
        return tables.predictions(stream, _detected(path, stream), classes, single=single)


def labels(path: Path) -> tables.Labels:
    """Read a file of labels, one an item."""
    with _told(path), _opened(path) as stream:
        return tables.labels(stream, _detected(path, stream))


def embeddings(path: Path) -> tables.Embeddings:
    """Read a file of embeddings, a vector an item."""
    with _told(path), _opened(path) as stream:
        return tables.embeddings(stream, _detected(path, stream))


def rows(path: Path, *needed: str) -> list[formats.Row]:
    """Read a small file row by row, with the lines; columns that are `needed` must be there."""
    found: list[formats.Row] = []
    faults: list[formats.Fault] = []

    def look(names: tuple[str, ...]) -> None:
        lacking = [name for name in needed if name not in names]
        if lacking:
            raise BadInput(f"{path}: There is no column {lacking[0]!r}. Its columns are: {', '.join(names)}.")

    with _told(path), _opened(path) as stream:
        for row in formats.rows(stream, _detected(path, stream), on_columns=look):
            if isinstance(row, formats.Fault):
                faults.append(row)
                continue
            look(tuple(row.values))
            found.append(row)
        if faults:
            raise tables.BadLines(faults[:10], len(faults))
    return found


def read_json(path: Path) -> Any:
    """Read a file that holds one JSON value."""
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise BadInput(f"{path}: this is no JSON; {error}.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None


def costs(path: Path) -> tables.Costs:
    """Read a file of costs, by (true, said)."""
    with _told(path), _opened(path) as stream:
        return tables.costs(stream, _detected(path, stream))


def line_of(path: Path, label: str) -> str:
    """Give a file of truths with the first line that accepts a label, as far as that can be looked up."""
    if path.is_file():  # what came through a pipe is gone
        with path.open("rb") as stream:
            for each in truth(stream, _detected(path, stream)):
                if isinstance(each, Truth) and label in each.labels:
                    return f"{path}, line {each.line}"
    return str(path)


def at_row(path: Path, row: int, what: str) -> BadInput:
    """Give the error for a row of a file, from 0, with the line on which it stands."""
    return BadInput(f"{place_of(path, row)}: {what}")


def place_of(path: Path, row: int) -> str:
    """Give a file with the line on which a row of it stands, from 0, as far as that can be looked up."""
    lines: list[int] = []
    if path.is_file():  # what came through a pipe is gone
        with path.open("rb") as stream:
            lines = tables.lines_of(stream, _detected(path, stream), [row])
    return f"{path}, line {lines[0]}" if lines else str(path)


def write(path: Path, columns: Mapping[str, Any]) -> None:
    """Write columns to a file, so that it is whole or as it was before."""
    write_together([(path, table_bytes(path, columns))])


#: Writes what belongs into a stream.
Writer = Callable[[BinaryIO], None]


def table_bytes(path: Path, columns: Mapping[str, Any]) -> Writer:
    """Write columns in the format that a file's name ends with."""
    return lambda stream: tables.write(stream, format_of(path), columns)


def json_bytes(value: object) -> Writer:
    """Write a value as JSON for machines and people; what is not a number has no place in it."""
    whole = f"{json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)}\n".encode()

    def into(stream: BinaryIO) -> None:
        stream.write(whole)

    return into


def write_together(written: Sequence[tuple[Path, Writer]]) -> None:
    """Write files: each to another beside it first, so that all are whole or as they were before."""
    held: list[tuple[str, Path]] = []
    path = Path()
    try:
        try:
            for path, writer in written:
                if path.exists() and not path.is_file():  # a pipe or a device has no before
                    with path.open("wb") as stream:
                        writer(stream)
                    continue
                path = path.resolve()
                handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
                held.append((name, path))
                with os.fdopen(handle, "wb") as stream:
                    writer(stream)
                os.chmod(name, path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
            while held:
                name, path = held[0]
                os.replace(name, path)
                held.pop(0)
        finally:
            for name, _ in held:
                os.unlink(name)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that can be read from its start again, also where it is a pipe."""
    with path.open("rb") as stream:
        yield stream if stream.seekable() else BytesIO(stream.read())


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what is wrong in a file with its name, and the lines that are at fault."""
    try:
        yield
    except tables.BadLines as error:
        raise BadInput(_bad_lines(path, error)) from None
    except CrowdqcError as error:
        where = error.errors[0].get("where") if isinstance(error, Invalid) and error.errors else None
        place = f"{path}, {where}" if where and where != "whole file" else str(path)
        raise BadInput(f"{place}: {error}") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from None


def _bad_lines(path: Path, error: tables.BadLines) -> str:
    told = [f"{each['where']}: {each['what']} {each['mend'] or ''}".rstrip() for each in error.errors]
    if error.count == 1:
        return f"{path}, {told[0]}"
    more = [f"  and {error.count - len(told):,} more"] if error.count > len(told) else []
    return "\n".join([f"{path}: {error.detail}", *(f"  {each}" for each in told), *more])


def _detected(path: Path, stream: BinaryIO) -> str:
    head = stream.read(4096)
    stream.seek(0)
    return formats.detect(path.name, None, head)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
