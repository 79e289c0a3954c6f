"""Amazon SageMaker's augmented manifest: JSON lines, each item's own fields with its label beside them.

The form is that of the output data of Ground Truth for classification with one label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

MEDIA_TYPE = "application/x-ndjson"

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def write(lines: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """Give the augmented manifest, a line at a time; an item without a label has no line.

    Fields of an item stay as they are. Where it has neither ``source`` nor ``source-ref``, its first text becomes
    one of them: an address (``s3://``, ``https://``) ``source-ref``, any other ``source``.
    """
    name = attribute(manifest)
    codes = {label: number for number, label in enumerate(manifest["project"]["classes"])}
    finished = (manifest["run"] or {}).get("finished_at") or manifest["release"]["frozen_at"]
    for line in lines:
        if line["label"] is None:
            continue
        told = dict(line["content"])
        if "source" not in told and "source-ref" not in told:
            told |= _source(line["content"])
        told.setdefault("item", line["item"])
        told[name] = codes[line["label"]]
        by_hand = line["source"] != "consensus" or any(each["counted"] for each in line["answers"])
        told[f"{name}-metadata"] = {
            "confidence": line["confidence"],
            "job-name": f"labeling-job/{name}",
            "class-name": line["label"],
            "human-annotated": "yes" if by_hand else "no",
            "creation-date": _moment(_made_at(line) or finished),
            "type": f"groundtruth/{'image' if 'source-ref' in told else 'text'}-classification",
        }
        yield (_ENCODE(told) + "\n").encode()


def attribute(manifest: Mapping[str, Any]) -> str:
    """Give the name of the label attribute: the project's, in letters, digits and hyphens.

    >>> attribute({"project": {"name": "Owls & dogs"}, "fields": {"text": "text"}})
    'Owls-dogs'
    """
    name = re.sub(r"[^A-Za-z0-9]+", "-", manifest["project"]["name"]).strip("-")[:60].strip("-") or "label"
    taken = manifest["fields"]
    # Ground Truth keeps these endings to itself.
    if name.lower().endswith(("-metadata", "-ref")) or "-metadata" in name.lower() or taken is None:
        name = f"crowdqc-{name.lower().replace('-metadata', '').removesuffix('-ref')}".strip("-")
    while taken is not None and (name in taken or f"{name}-metadata" in taken):
        name += "-label"
    return "the-item" if name == "item" else name


def _source(content: Mapping[str, Any]) -> dict[str, str]:
    text = next((value for value in content.values() if isinstance(value, str)), None)
    if text is None:
        return {"source": _ENCODE(content)}
    return {"source-ref" if re.match(r"(s3|https?)://", text) else "source": text}


def _made_at(line: Mapping[str, Any]) -> str | None:
    if line["source"] == "decision" and line["decisions"]:
        return str(line["decisions"][-1]["decided_at"])
    return line["truth"]["at"] if line["truth"] else None


def _moment(text: str) -> str:
    """Write a moment as Ground Truth does: in UTC, without saying so."""
    return text.removesuffix("Z").removesuffix("+00:00")
