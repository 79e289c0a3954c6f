"""The data card of a release: what it is, how it was labelled, how good it is, and how to check that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from crowdqc.formats.canonical import content_hash
from crowdqc.formats.columns import Column

_DTYPES = {"text": "string", "integer": "int64", "number": "float64", "boolean": "bool", "json": "string"}
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))


def card(manifest: Mapping[str, Any], columns: Sequence[Column]) -> bytes:
    """Write README.md: YAML that the hub reads between two lines of hyphens, then the card for people."""
    project, release, labels = manifest["project"], manifest["release"], manifest["labels"]
    number = sum(labels["by_class"].values())
    # JSON is YAML: a text in its quotation marks needs no other rules.
    said = _said
    head = [
        "---",
        f"pretty_name: {said(project['name'])}",
        "license: unknown",
        f"task_categories:\n- {_task(manifest)}",
        f"size_categories:\n- {next((name for most, name in _SIZES if number < most), 'n>10M')}",
        "tags:\n- crowdsourced\n- crowdqc",
        "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/train-*",
        "dataset_info:\n  features:",
        *(_feature(column, project["classes"]) for column in columns),
        f"  splits:\n  - name: train\n    num_examples: {number}",
        "---",
    ]
    body = [
        f"# {_plain(project['name'])}, release {release['number']}",
        f"Question: {_plain(project['question'])}",
        _plain(release["note"]),
        _counts(manifest, number),
        "## Labels",
        _table(["class", "labels"], labels["by_class"].items()),
        _table(["comes from", "labels"], sorted(labels["by_source"].items())),
        _table(["state of the item", "items"], sorted(labels["by_state"].items())),
        "## How they came about",
        _run(manifest["run"]),
        *_models(manifest["models"]),
        "## Agreement",
        _agreement(manifest["agreement"]),
        "## Known confusions",
        _confusions(manifest["confusions"]),
        "## Workers",
        "Workers are named by pseudonyms; `workers.csv` has one row for each.",
        _workers(manifest["workers"]),
        "## Certificate",
        "None was given." if manifest["certificate"] is None else _fenced(manifest["certificate"]),
        "## Is it what it says it is",
        f"`manifest.json` has the SHA-256 `{content_hash(manifest)}`. It names that of the release's lines, "
        f"`{labels['sha256']}`" + _before(manifest["previous"]),
    ]
    return ("\n".join(head) + "\n\n" + "\n\n".join(part for part in body if part) + "\n").encode()


def _counts(manifest: Mapping[str, Any], number: int) -> str:
    return (
        f"{number} labels of {manifest['labels']['number']} items, frozen {manifest['release']['frozen_at']}; "
        f"{manifest['answers']['counted']} counted answers of {manifest['workers']['number']} workers. "
        f"Guidelines: version {manifest['guidelines']['version']}."
    )


def _said(text: str) -> str:
    return json.dumps(text)


def _feature(column: Column, classes: Sequence[str]) -> str:
    name = f"  - name: {_said(column.name)}\n"
    if column.name != "label":
        return f"{name}    dtype: {_DTYPES[column.kind]}"
    listed = "\n".join(f"          '{number}': {_said(each)}" for number, each in enumerate(classes))
    return f"{name}    dtype:\n      class_label:\n        names:\n{listed}"


def _task(manifest: Mapping[str, Any]) -> str:
    names = " ".join(manifest["fields"] or ()).lower()
    for kind in ("image", "audio", "video"):
        if kind in names:
            return f"{kind}-classification"
    return "text-classification" if "text" in (manifest["fields"] or {}).values() else "other"


def _plain(text: str) -> str:
    """Write somebody's words so that they are words and nothing else in Markdown."""
    lines = " ".join(text.split())
    return "".join("\\" + each if each in "\\`*_{}[]<>#|!~" else each for each in lines)


def _table(head: Sequence[str], rows: Any) -> str:
    told = [f"| {_plain(str(name))} | {value} |" for name, value in rows]
    return "\n".join([f"| {' | '.join(head)} |", "| --- | --- |", *told]) if told else ""


def _run(run: Mapping[str, Any] | None) -> str:
    if run is None:
        return "No aggregation was made."
    parameters = json.dumps(run["parameters"], sort_keys=True)
    return f"Aggregated by `{run['method']}` with `{parameters}` (crowdqc {run['code_version']}, run {run['id']})."


def _models(models: Sequence[Mapping[str, Any]]) -> list[str]:
    if not models:
        return []
    rows = [(f"{each['name']} {each['version']}", each["predictions"]) for each in models]
    return [_table(["model that was heard", "predictions"], rows)]


def _agreement(agreement: Mapping[str, Any] | None) -> str:
    rows = []
    for name, each in (agreement or {}).items():
        if each["value"] is not None:
            low, high = each["low"], each["high"]
            sure = "" if low is None or high is None else f" ({low:.3f} to {high:.3f})"
            rows.append((name.replace("_", " "), f"{each['value']:.3f}{sure}"))
    return _table(["measure", "value, with its interval at 95%"], rows) or "Not known."


def _confusions(pairs: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (f"{each['said']} where the label is {each['label']}", f"{each['answers']} ({each['share']:.1%})")
        for each in pairs
    ]
    return _table(["workers said", "answers, and their share of those to such items"], rows) or "None."


def _workers(workers: Mapping[str, Any]) -> str:
    rows = [
        (
            name.replace("_", " "),
            f"{each['median']:.3g} ({each['lower_quartile']:.3g} to {each['upper_quartile']:.3g})",
        )
        for name in ("answers", "gold_accuracy", "consensus_accuracy", "median_seconds")
        if (each := workers[name]) is not None
    ]
    return _table(["of a worker", "median, and the middle half"], rows)


def _fenced(value: object) -> str:
    # Within JSON of ASCII no line begins with three backticks.
    return "```json\n" + json.dumps(value, indent=2, sort_keys=True) + "\n```"


def _before(previous: Mapping[str, Any] | None) -> str:
    if previous is None:
        return ". It is the first release."
    return f", and that of the release before it, `{previous['content_hash']}`."
