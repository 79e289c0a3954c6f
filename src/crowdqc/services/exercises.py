"""Exercises out of a small file: read to its end before anything is kept, every bad line named."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowdqc import formats
from crowdqc.errors import Invalid
from crowdqc.formats import Fault, Row, jsonvalues
from crowdqc.formats.canonical import canonical, content_hash
from crowdqc.services import uploads

#: The largest file, in bytes, and the most exercises of a course.
LARGEST = 4 << 20
MOST = 2000
#: The most faults that are told at once, and the longest hint or explanation.
FAULTS = 200
LONGEST = 10_000
#: Columns that name an exercise, before those that name an item; and that hold its truth.
KEYS = ("exercise",)
TRUTHS = ("truth", "gold")
#: What files of items have and an exercise has no use for; nobody is shown it.
UNUSED = ("meta:", "metadata.")


class BadExercises(Invalid):
    """The exercises cannot be taken; nothing of the file is kept."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """An exercise as a row describes it."""

    key: str
    content: dict[str, Any]
    truth: list[str]
    hint: str | None
    explanation: str | None

    def content_hash(self) -> str:
        """Hash all that makes it what it is."""
        return content_hash([self.content, self.truth, self.hint, self.explanation])


class _Unfit(ValueError):
    """A row that cannot become an exercise: where, what."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(what)
        self.where = where


def read(
    content: bytes, classes: Sequence[str], *, filename: str | None, content_type: str | None
) -> Sequence[Drafted]:
    """Read a file of exercises: csv, tsv, JSON lines, Parquet, or one JSON list; raise BadExercises."""
    if len(content) > LARGEST:
        raise BadExercises(f"The file has more than {LARGEST:,} bytes.", mend="Name pictures by their addresses.")
    drafts: dict[str, Drafted] = {}
    faults: list[dict[str, object]] = []
    number = 0
    for row in _rows(content, filename, content_type):
        number += 1
        if isinstance(row, Fault):
            faults.append({"where": row.where, "what": row.what})
        else:
            try:
                draft = drafted(row.values, classes)
                if draft.key in drafts:
                    raise _Unfit("exercise", f"{draft.key!r} is named twice in this file")
                drafts[draft.key] = draft
            except _Unfit as error:
                faults.append({"where": f"line {row.line}, {error.where}", "what": str(error)})
        if len(faults) >= FAULTS or number > MOST:
            break
    if number > MOST:
        faults.append({"where": "whole file", "what": f"has more than {MOST} exercises"})
    if not number:
        faults.append({"where": "whole file", "what": "has no exercise in it"})
    if faults:
        raise BadExercises(mend="Mend the lines named and send the whole file again.", errors=faults)
    return [*drafts.values()]


def drafted(row: Mapping[str, object], classes: Sequence[str]) -> Drafted:
    """Read a row: `exercise` names it, `truth`, `hint`, `explanation`; everything else is shown."""
    values = dict(row)
    column = next((name for name in KEYS if name in values), None)
    if column is None:
        column, key = uploads.item_name(values)
    else:
        _, key = uploads.item_name({"item": values[column]})
    if column is not None:
        del values[column]
        if not 0 < len(key) <= 255:
            raise _Unfit(column, "is no name of 1 to 255 characters")
    truth = _truth([values.pop(name, None) for name in TRUTHS], classes)
    hint, explanation = (_text(name, values.pop(name, None)) for name in ("hint", "explanation"))
    values.pop("metadata", None)
    values.pop("overlap", None)
    content = _object(values.pop("content", None))
    content |= {name: value for name, value in values.items() if not name.startswith(UNUSED)}
    content = {name: value for name, value in content.items() if value is not None and value != ""}
    if not content:
        raise _Unfit("row", "There is nothing in it to show to a worker")
    if len(canonical(content)) > LARGEST // 4:
        raise _Unfit("content", f"is larger than {LARGEST // 4:,} bytes")
    return Drafted(key or content_hash(content)[:32], content, truth, hint, explanation)


def _rows(content: bytes, filename: str | None, content_type: str | None) -> Iterator[Row | Fault]:
    if not content.strip():
        raise BadExercises("The file is empty.", mend="Send exercises.")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"[":
        yield from _listed(content)
        return
    if content_type == "application/json":
        content_type = None
    kind = formats.detect(filename, content_type, content[: 1 << 16])
    yield from formats.rows(io.BytesIO(content), kind, limit_bytes=4 * LARGEST)


def _listed(content: bytes) -> Iterator[Row | Fault]:
    """Give the objects of one JSON list; their places stand for lines."""
    try:
        found = jsonvalues.parse(content.decode("utf-8-sig"))
    except ValueError as error:
        raise BadExercises(
            f"The file is not JSON: {error}"[:300], mend="Send one list of objects, in UTF-8."
        ) from None
    assert isinstance(found, list)
    for number, each in enumerate(found, 1):
        if isinstance(each, dict):
            yield Row(number, each)
        else:
            yield Fault(number, f"entry {number}", "It is not an object.", "Write {...}.")


def _truth(given: Sequence[object], classes: Sequence[str]) -> list[str]:
    value = next((value for value in given if value not in (None, "", [])), None)
    if value is None:
        raise _Unfit("truth", "is missing: an exercise needs its accepted labels")
    labels = value if isinstance(value, list) else str(value).split("|")
    wrong = [label for label in labels if label not in classes]
    if wrong:
        raise _Unfit("truth", f"{wrong[0]!r} is not a class of this project; classes: {', '.join(classes[:50])}")
    return list(dict.fromkeys(labels))


def _text(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _Unfit(name, "is not a text")
    if len(value) > LONGEST:
        raise _Unfit(name, f"is longer than {LONGEST:,} characters")
    return value


def _object(value: object) -> dict[str, Any]:
    """Read the column `content`: an object, JSON of one, or a text that is itself shown."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        if not value.lstrip().startswith("{"):
            return {"content": value}
        try:
            value = jsonvalues.parse(value)
        except jsonvalues.NotJson as error:
            raise _Unfit("content", f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise _Unfit("content", "is not an object")
    return dict(value)
