"""Label Studio's JSON: tasks with the label as their annotation and what models say as predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import quoteattr

MEDIA_TYPE = "application/json"

#: What a result names: the tag that is chosen in, and the one that shows the item.
FROM_NAME, TO_NAME = "label", "item"

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def write(lines: Iterable[Mapping[str, Any]], manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """Give one array of tasks, an item each; one without a label is a task that is still to be done.

    The annotation is the final label; it is ground truth where an expert or gold says it. Each model is a
    prediction, and the crowd another with the method's name. Import it into a project with the labelling
    interface that `interface` writes.
    """
    method = (manifest["run"] or {}).get("method", "consensus")
    yield b"["
    between = b"\n"
    for line in lines:
        task: dict[str, Any] = {"data": dict(line["content"])}
        # Under a name that no item has: names of our own would hide a field of his.
        task["data"]["crowdqc"] = {
            "item": line["item"], "state": line["state"], "source": line["source"], "counts": line["counts"]
        }  # fmt: skip
        task["annotations"] = [] if line["label"] is None else [_annotation(line)]
        task["predictions"] = [
            _prediction(model, each["label"], each["probability"]) for model, each in line["predictions"].items()
        ]
        if line["posterior"]:
            label = max(line["posterior"], key=line["posterior"].get)
            task["predictions"].append(_prediction(f"crowdqc {method}", label, line["posterior"][label]))
        yield between + _ENCODE(task).encode()
        between = b",\n"
    yield b"\n]\n"


def interface(manifest: Mapping[str, Any]) -> bytes:
    """Give the labelling interface for these tasks, as XML."""
    fields = manifest["fields"] or {}
    name = next((name for name, kind in fields.items() if kind == "text"), None)
    shown = "$crowdqc" if name is None else f"${name}"
    tag = "Image" if name is not None and "image" in name.lower() else "Text"
    attribute = "valueType" if tag == "Text" and name is None else None
    extra = f" {attribute}={quoteattr('text')}" if attribute else ""
    choices = "".join(
        f"\n    <Choice value={quoteattr(each)}/>" for each in manifest["project"]["classes"]
    )  # fmt: skip
    return (
        f"<View>\n  <Header value={quoteattr(manifest['project']['question'])}/>"
        f"\n  <{tag} name={quoteattr(TO_NAME)} value={quoteattr(shown)}{extra}/>"
        f"\n  <Choices name={quoteattr(FROM_NAME)} toName={quoteattr(TO_NAME)} choice={quoteattr('single')}>"
        f"{choices}\n  </Choices>\n</View>\n"
    ).encode()


def _annotation(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "result": [_result(line["label"])],
        "ground_truth": line["source"] in ("decision", "gold"),
        "was_cancelled": False,
    }


def _prediction(model: str, label: str, score: float) -> dict[str, Any]:
    return {"model_version": model, "score": score, "result": [_result(label)]}


def _result(label: str) -> dict[str, Any]:
    return {"from_name": FROM_NAME, "to_name": TO_NAME, "type": "choices", "value": {"choices": [label]}}
