"""Replays a file of answers through the service, and says what came of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from app.demo.load import load
from app.demo.steps import aggregate, bring, rows
from crowdqc import formats
from crowdqc.assembly import Installation
from crowdqc.errors import Invalid
from crowdqc.formats import Fault
from crowdqc.formats.answers import Answer, Truth, answers, truth
from crowdqc.roles import Actor
from crowdqc.services import evidence, exports, people, projects
from crowdqc.services.exports import ExportKind
from crowdqc.services.projects import ProjectState
from crowdqc.services.runs import Run
from crowdqc.services.uploads import Upload, UploadKind


class NothingToReplay(Invalid):
    """There is no answer in the file that can be read."""


def replay(
    place: Installation,
    file: Path,
    *,
    truth_file: Path | None,
    gold_file: Path | None,
    name: str | None,
    method: str | None,
) -> Iterator[str]:
    """Make a project of an answers file, bring items and answers in, aggregate; give lines that tell of it.

    Each item's overlap is the number of workers who answered it, so that it is complete when all of them have.
    """
    signing_in = load(place)
    with place.reading() as tx:
        requester = people.named(tx, "requester")
    known = {} if truth_file is None else _truths(truth_file)
    gold = {} if gold_file is None else _truths(gold_file)
    given = _surveyed(file)
    if not given:
        raise NothingToReplay(f"{file} has no answer that can be read.", mend="Columns: worker,item,label[,time].")
    overlap = Counter(item for item, _ in given)
    classes = sorted(set(given.values()) | {label for labels in gold.values() for label in labels})
    started = time.monotonic()
    with place.transaction() as tx:
        project = projects.create(
            tx,
            requester,
            name=name or file.name.split(".")[0] + (f" ({file.parent.name})" if file.parent.name else ""),
            question="Which class is it?",
            classes=classes,
            plan={"overlap": min(1000, max(overlap.values())), **({} if method is None else {"method": method})},
        )
        projects.set_state(tx, requester, project.uid, ProjectState.OPEN)
    content = (
        {
            "item": item,
            "text": f"Item {item} of {file.name}",
            "overlap": number,
            **({"gold": list(gold[item])} if item in gold else {}),
        }
        for item, number in overlap.items()
    )
    yield _told("items", bring(place, requester, project.uid, UploadKind.ITEMS, rows(content), "items.jsonl"))
    with file.open("rb") as stream:
        yield _told("answers", bring(place, requester, project.uid, UploadKind.ANSWERS, stream, file.name))
    run = aggregate(place, requester, project.uid)
    yield from _outcome(run, time.monotonic() - started)
    yield from _states(place, requester, project)
    if known:
        yield from _accuracy(place, requester, project, known, given)
    yield f"see it: /projects/{project.uid}"
    yield from signing_in


def _told(what: str, upload: Upload) -> str:
    words = f"{what:8} {upload.state}: {upload.kept} kept, {upload.unchanged} repeated, {upload.faulty} at fault"
    return words if upload.failure is None else f"{words}; {upload.failure['what']}"


def _surveyed(file: Path) -> dict[tuple[str, str], str]:
    """Read a file once to learn its items and classes: the first label of each (item, worker)."""
    given: dict[tuple[str, str], str] = {}
    with file.open("rb") as stream:
        for row in answers(stream, formats.detect(file.name, None, _head(file))):
            if isinstance(row, Answer):
                given.setdefault((row.item, row.worker), row.label)
    return given


def _truths(file: Path) -> dict[str, tuple[str, ...]]:
    with file.open("rb") as stream:
        rows_read: list[Truth | Fault] = list(truth(stream, formats.detect(file.name, None, _head(file))))
    return {row.item: row.labels for row in rows_read if isinstance(row, Truth)}


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4096)


def _outcome(run: Run, seconds: float) -> Iterator[str]:
    if run.summary is None:
        yield f"run      {run.state}: {(run.failure or {}).get('what', 'no reason is known')}"
        return
    summary = run.summary
    yield (
        f"run      {run.state}: {run.method}, {summary['answers']} answers of {summary['workers']} workers to "
        f"{summary['items']} items, {summary['iterations']} iterations, {seconds:.1f} s in all"
    )
    for name, each in summary["agreement"].items():
        value, low, high = (each[part] for part in ("value", "low", "high"))
        if value is not None:
            interval = "" if low is None or high is None else f"  [{low:.3f}, {high:.3f}]"
            yield f"         {name.replace('_', ' '):20} {value:.3f}{interval}"


def _states(place: Installation, requester: Actor, project: projects.Project) -> Iterator[str]:
    with place.reading() as tx:
        progress = projects.progress(tx, requester, project.uid)
        _, _, workers = evidence.workers(tx, requester, project.uid)
    yield "items    " + ", ".join(f"{number} {state}" for state, number in progress.items.items() if number)
    judged = [each for each in workers if each.score.consensus_accuracy is not None]
    worst = sorted(judged, key=lambda each: each.score.consensus_high or 0.0)[:3]
    for each in worst:
        score = each.score
        yield (
            f"         weakest worker {each.worker.name}: {score.answers} answers, accuracy "
            f"{score.consensus_accuracy:.2f} [{score.consensus_low:.2f}, {score.consensus_high:.2f}]"
        )


def _accuracy(
    place: Installation,
    requester: Actor,
    project: projects.Project,
    known: dict[str, tuple[str, ...]],
    given: dict[tuple[str, str], str],
) -> Iterator[str]:
    """Hold the labels, and those of a plain vote, against the truth; gold does not count for itself."""
    votes: dict[str, Counter[str]] = {}
    for (item, _), label in given.items():
        votes.setdefault(item, Counter())[label] += 1
    with place.reading() as tx:
        table = exports.export(tx, requester, project.uid, kind=ExportKind.LABELS)
        labels = {str(row["item"]): row["label"] for row in table.rows if row["source"] == "consensus"}
    asked = [item for item in labels if item in known]
    if not asked:
        yield "truth    of none of the items"
        return
    right = sum(labels[item] in known[item] for item in asked)
    # A tie counts for what a coin would get.
    voted = sum(
        sum(label in known[item] for label in top) / len(top)
        for item in asked
        for top in [[label for label, n in votes[item].items() if n == max(votes[item].values())]]
    )
    yield (
        f"truth    {right} of {len(asked)} labels right: accuracy {right / len(asked):.4f} "
        f"(a plain majority vote: {voted / len(asked):.4f})"
    )
