"""The layout of a data set on the Hugging Face hub: a data card, Parquet files and their manifest, as a zip."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from crowdqc.formats.columns import Column, Kind
from crowdqc.formats.drain import Drain
from crowdqc.formats.layouts.cards import card
from crowdqc.formats.writing import write as written

MEDIA_TYPE = "application/zip"
#: Items of one Parquet file.
SHARD = 100_000

#: Columns of our own; a field of an item with such a name is called `content_NAME`.
_OWN = ("item", "label", "label_name", "confidence", "source", "state", "answers")


def write(lines: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the zip, chunk by chunk: README.md, manifest.json, data/train-*.parquet, workers.csv.

    Items without a label are not in it. With one version of pyarrow the bytes are the same each time.
    """
    columns, names = schema(manifest)
    number = sum(manifest["labels"]["by_class"].values())
    shards = max(1, -(-number // SHARD))
    workers = _Workers()
    rows = _rows(workers.through(lines), manifest, names)
    drain = Drain()
    with zipfile.ZipFile(drain, "w", zipfile.ZIP_STORED) as archive:
        text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        for name, content in (("README.md", card(manifest, columns)), ("manifest.json", text.encode())):
            yield from _entry(archive, drain, name, [content])
        for shard in range(shards):
            name = f"data/train-{shard:05}-of-{shards:05}.parquet"
            yield from _entry(archive, drain, name, written(islice(rows, SHARD), columns, "parquet"))
        # Figures of workers are known when all lines have gone by.
        for _ in rows:
            pass
        yield from _entry(archive, drain, "workers.csv", written(workers.rows(), workers.COLUMNS, "csv"))
    yield drain.take()


def schema(manifest: Mapping[str, Any]) -> tuple[list[Column], dict[str, str]]:
    """Give the columns, and under which name each field of an item stands; none where there are too many."""
    fields: Mapping[str, Kind] = manifest["fields"] or {}
    taken = {*_OWN}
    names: dict[str, str] = {}
    for field in fields:
        name = field
        while name in taken:
            name = f"content_{name}"
        taken.add(name)
        names[field] = name
    own = [
        Column("item", "text"), Column("label", "integer"), Column("label_name", "text"),
        Column("confidence", "number"), Column("source", "text"), Column("state", "text"),
        Column("answers", "integer"),
    ]  # fmt: skip
    inner = [Column(names[field], kind) for field, kind in fields.items()]
    if manifest["fields"] is None:
        inner = [Column("content", "json")]
    return own + inner, names


def _rows(
    lines: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[Mapping[str, object]]:
    codes = {label: number for number, label in enumerate(manifest["project"]["classes"])}
    kinds = manifest["fields"]
    for line in lines:
        if line["label"] is None:
            continue
        inner: dict[str, object] = {"content": line["content"]} if kinds is None else {}
        for field, value in line["content"].items() if kinds is not None else ():
            wide = kinds[field] == "number" and value is not None
            inner[names[field]] = float(value) if wide else value
        yield inner | {
            "item": line["item"],
            "label": codes[line["label"]],
            "label_name": line["label"],
            "confidence": line["confidence"],
            "source": line["source"],
            "state": line["state"],
            "answers": sum(1 for each in line["answers"] if each["counted"]),
        }


class _Workers:
    """Counts of each pseudonym's answers, taken while the lines go by."""

    COLUMNS: Sequence[Column] = (
        Column("worker", "text"), Column("answers", "integer"), Column("counted", "integer"),
        Column("labelled", "integer"), Column("as_labelled", "integer"), Column("share_as_labelled", "number"),
    )  # fmt: skip

    def __init__(self) -> None:
        self._found: dict[str, Counter[str]] = {}

    def through(self, lines: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for line in lines:
            for answer in line["answers"]:
                mine = self._found.setdefault(answer["worker"], Counter())
                mine["answers"] += 1
                mine["counted"] += answer["counted"]
                if answer["counted"] and line["label"] is not None:
                    mine["labelled"] += 1
                    mine["as_labelled"] += answer["label"] == line["label"]
            yield line

    def rows(self) -> Iterator[Mapping[str, object]]:
        for worker, mine in sorted(self._found.items()):
            share = mine["as_labelled"] / mine["labelled"] if mine["labelled"] else None
            yield {
                "worker": worker, "answers": mine["answers"], "counted": mine["counted"],
                "labelled": mine["labelled"], "as_labelled": mine["as_labelled"], "share_as_labelled": share,
            }  # fmt: skip


def _entry(archive: zipfile.ZipFile, drain: Drain, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    # A time of its own would make other bytes of the same labels.
    told = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    told.external_attr = 0o644 << 16
    with archive.open(told, "w", force_zip64=True) as file:
        for chunk in chain(chunks, [b""]):
            file.write(chunk)
            if taken := drain.take():
                yield taken
    yield drain.take()
