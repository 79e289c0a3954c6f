"""Rounds over files: `crowdqc round begin` says what to look at, `crowdqc round end` what that came to."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import click

from app.cli import files, labelled, reports, round_evidence, round_files
from app.cli.crowds import count
from app.cli.files import BadInput
from app.cli.round_files import Begun, History
from app.cli.round_reports import RoundReport
from crowdqc.errors import Invalid
from crowdqc.quality.rounds import RoundPlan, choose, conclude


@click.group("round")
def round_() -> None:
    """Look at what a model finds most wrong and at a fair sample, correct, and know when to stop.

    \b
    crowdqc round begin --labels labels.csv --predictions predictions.csv --queue queue.csv --round round.json
    crowdqc round end round.json --decided queue.csv --labels-out labels-2.csv --result result.json

    See docs/how-to/rounds-with-files.md.
    """


@round_.command()
@click.option("--labels", required=True, type=files.READ, help="item,label: what is to be looked through.")
@click.option(
    "--predictions",
    required=True,
    type=files.READ,
    help="item and a column a class: a model trained on these labels, that predicts out of fold.",
)
@click.option("--teacher", type=files.READ, help="The same of a stronger model.")
@click.option("--ensemble", multiple=True, type=files.READ, help="The same of each member, with a column model.")
@click.option("--views", multiple=True, type=files.READ, help="The same of each view, with its name as model.")
@click.option("--embeddings", type=files.READ, help="item and numbers.")
@click.option("--metadata", type=files.READ, help="item and columns that the plan looks at; may be the labels.")
@click.option("--known", type=files.READ, help="item,label: decided before, not to be looked at again.")
@click.option("--after", type=files.READ, metavar="RESULT", help="What the round before came to.")
@click.option("--plan", type=files.READ, metavar="PLAN.json", help="size, random, parts, sharing, stop.")
@click.option("--size", type=int, help="Items to look at; 200 unless the plan says otherwise.")
@click.option("--random", type=float, help="Share of them drawn by chance, 0.1 to 0.25; 0.15.")
@click.option("--top", type=int, help="The stop rule: how many confident mistakes must hold no error; 50.")
@click.option("--target", type=float, help="The stop rule: wrong labels that are aimed at, at most; 0.01.")
@click.option("--level", type=float, help="The confidence; 0.95.")
@click.option("--seed", type=click.IntRange(0, 2**53), help="For all that is drawn; drawn itself where not given.")
@click.option("--unsure", default="unsure", show_default=True, help="What the reviewer writes who cannot tell.")
@click.option("--reasons", is_flag=True, help="Also tell the reviewer why; he is no longer blind.")
@files.writes("--queue", required=True, help="Write what to look at, with a column to be filled in.")
@files.writes("--round", "kept", as_json=True, required=True, help="Write what the end of the round needs.")
def begin(
    labels: Path,
    predictions: Path,
    teacher: Path | None,
    ensemble: tuple[Path, ...],
    views: tuple[Path, ...],
    embeddings: Path | None,
    metadata: Path | None,
    known: Path | None,
    after: Path | None,
    plan: Path | None,
    seed: int | None,
    unsure: str,
    reasons: bool,
    queue: Path,
    kept: Path,
    **told: Any,
) -> None:
    """Choose what to look at, and say before the round when to stop."""
    given = (labels, predictions, teacher, *ensemble, *views, embeddings, metadata, known, after, plan)
    files.refuse_same(*given, written=(queue, kept))
    for path in (queue, kept):
        if path.exists():
            raise BadInput(
                f"{path} is there already, and may hold what somebody decided. Name another, or move it."
            )
    sha256 = round_files.hash_of(labels)
    wanted = _plan(plan, told)
    case = labelled.read(labels, [predictions], None, embeddings)
    if (word := unsure.strip()) in ("", *case.classes):
        raise click.UsageError(f"--unsure is {unsure!r}; it must be a word that is no class.")
    history = History() if after is None else History.read(after)
    wrong, right = _decided(after, history, labels, case)
    if known is not None:
        right |= set(round_evidence.known(known, labels, case)) - wrong
    try:
        pool = round_evidence.pool(
            case,
            teacher=teacher,
            ensemble=ensemble,
            views=views,
            metadata=metadata,
            wanted=wanted.metadata(),
            error=sorted(wrong),
            right=sorted(right),
        )
        number = secrets.randbits(53) if seed is None else seed
        choice = choose(wanted, pool, number, history.yields)
    except Invalid as error:
        raise BadInput(str(error)) from None
    if not len(choice):
        raise BadInput("All labels have been looked at already.")
    begun = Begun(
        plan=wanted,
        seed=number,
        labels=os.path.relpath(labels.resolve(), kept.resolve().parent),
        sha256=sha256,
        size=len(case.items),
        free=choice.n_free,
        classes=case.classes,
        unsure=word,
        samplers=choice.names,
        asked=round_files.asked(choice, case.items, case.label, case.classes),
        history=history,
    )
    files.write_together(
        [
            (queue, files.table_bytes(queue, begun.queue(reasons=reasons))),
            (kept, files.json_bytes(begun.values())),
        ]
    )
    for note in case.notes:
        click.echo(f"note: {note}", err=True)
    drawn = int((choice.draw >= 0).sum())
    click.echo(
        f"round     {begun.number}: {count(len(choice), 'item')} of {choice.n_free:,} that nobody has looked at"
    )
    click.echo(
        f"          {drawn:,} drawn by chance, the others by {', '.join(choice.names[1:]) or 'nothing else'}"
    )
    click.echo(f"rule      {wanted.stop.words()}")
    click.echo(f"next      Fill in the column decided of {queue}: a class, or {word}; empty is not looked at.")


@round_.command()
@click.argument("kept", type=files.READ, metavar="ROUND")
@click.option("--decided", required=True, type=files.READ, metavar="QUEUE", help="The queue, filled in.")
@click.option("--labels", type=files.READ, help="The labels of the round, where they stand elsewhere by now.")
@files.writes("--labels-out", help="Write the labels with all that was decided.")
@files.writes("--diff", help="Write item,was,now of each label that changes.")
@files.writes(
    "--certificate", as_json=True, help="Write the certificate; `crowdqc certificate --verify` reads it."
)
@files.writes("--result", as_json=True, help="Write what the next round needs, as its --after.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def end(
    kept: Path,
    decided: Path,
    labels: Path | None,
    labels_out: Path | None,
    diff: Path | None,
    certificate: Path | None,
    result: Path | None,
    as_json: bool,
) -> None:
    """Say what a round came to, and whether to stop; ask as often as you like while it goes on."""
    begun = Begun.read(kept)
    source = labels or kept.resolve().parent / begun.labels
    files.refuse_same(kept, decided, source, written=(labels_out, diff, certificate, result))
    _unchanged(source, begun)
    said = round_files.decided(decided, begun)
    outcome = conclude(
        begun.looked(said),
        begun.plan.stop,
        begun.classes,
        size=begun.size,
        n_free=begun.free,
        number=begun.number,
        seed=begun.seed,
        release=f"sha256:{begun.sha256}",
    )
    if not outcome.looked:
        raise BadInput(f"{decided}: Nothing is decided yet. Fill in the column decided.")
    if certificate is not None and outcome.certificate is None:
        raise BadInput(
            f"{decided}: Of the items drawn by chance the first is not decided; there is no certificate."
        )
    decisions = begun.decisions(said)
    changed = {each.item: each.now for each in decisions if each.now != each.was}
    written: list[tuple[Path, files.Writer]] = []
    if labels_out is not None:
        table = files.labels(source)
        items = [table.item.values[code] for code in table.item.codes.tolist()]
        was = [table.label.values[code] for code in table.label.codes.tolist()]
        now = [changed.get(item, label) for item, label in zip(items, was, strict=True)]
        written.append((labels_out, files.table_bytes(labels_out, {"item": items, "label": now})))
    if diff is not None:
        rows = [each for each in decisions if each.now != each.was]
        columns = {name: [getattr(each, name) for each in rows] for name in ("item", "was", "now")}
        written.append((diff, files.table_bytes(diff, columns)))
    if certificate is not None and outcome.certificate is not None:
        written.append((certificate, files.json_bytes(outcome.certificate.to_json())))
    if result is not None:
        whole = {
            "format": round_files.RESULT,
            "labels": {"sha256": begun.sha256, "number": begun.size},
            "outcome": outcome.to_json(),
            **begun.history.after(outcome.yields, decisions).values(),
        }
        written.append((result, files.json_bytes(whole)))
    files.write_together(written)
    lacking = len(begun.asked) - len(said)
    notes = (f"{decided}: {count(lacking, 'item')} of the round not in it; nobody has looked there.",) * bool(
        lacking
    )
    for note in notes:
        click.echo(f"note: {note}", err=True)
    report = RoundReport(begun, outcome, notes)
    click.echo(reports.json_of(report.values()) if as_json else "\n".join(report.lines()))


def _plan(path: Path | None, told: dict[str, Any]) -> RoundPlan:
    """Read the plan of a round; what is told by options goes before what the file says."""
    body = {} if path is None else files.read_json(path)
    if not isinstance(body, dict) or not isinstance(body.get("stop", {}), dict):
        raise BadInput(
            f'{path}: The plan of a round is an object, such as {{"size": 200, "stop": {{"top": 50}}}}.'
        )
    given = {name: value for name, value in told.items() if value is not None}
    stop = {name: given.pop(name) for name in ("top", "target", "level") if name in given}
    try:
        return RoundPlan.of({**body, **given, "stop": {**body.get("stop", {}), **stop}})
    except Invalid as error:
        listed = "; ".join(f"{fault.get('where')}: {fault.get('what')}" for fault in error.errors)
        raise BadInput(f"The plan of the round: {error}{f' {listed}.' if listed else ''}") from None


def _decided(
    path: Path | None, history: History, labels: Path, case: labelled.Labelled
) -> tuple[set[int], set[int]]:
    """Give the items that earlier rounds found wrong, and right; the labels must say what was decided."""
    code = {item: at for at, item in enumerate(case.items)}
    wrong: set[int] = set()
    right: set[int] = set()
    for each in history.decisions:
        at = code.get(each.item)
        if at is None:
            continue  # it is no longer among the labels
        given = case.classes[case.label[at]]
        if given != each.now:
            raise BadInput(
                f"{path}: The item {each.item!r} was decided to be {each.now!r}, and {labels} says {given!r}. "
                "Give the labels with which that round ended."
            )
        (right if each.was == each.now else wrong).add(at)
    return wrong, right


def _unchanged(source: Path, begun: Begun) -> None:
    """Refuse other labels than those that the round began with."""
    if not source.exists():
        raise BadInput(f"The labels of the round are not at {source}. Say where they are with --labels.")
    if (found := round_files.hash_of(source)) != begun.sha256:
        raise BadInput(
            f"{source} has changed since the round began: its SHA-256 was {begun.sha256[:12]}..., and is "
            f"{found[:12]}.... Bring back the file as it was, or begin another round."
        )
