"""Commands that work on files and need no service: aggregate, agreement, methods."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast

import click
from click.core import ParameterSource

from app.cli import crowds, files, reports
from crowdqc.errors import Invalid
from crowdqc.quality import METHODS, method
from crowdqc.quality.agreement import measure_agreement
from crowdqc.quality.evaluation import evaluate
from crowdqc.quality.gold import Gold
from crowdqc.quality.gold_health import examine_gold
from crowdqc.quality.items import DifficultyModel, expected_gains
from crowdqc.quality.tables import findings_table, gold_table, labels_table, workers_table
from crowdqc.quality.workers import Findings, Matrices

LEVELS = ("nominal", "ordinal", "interval", "ratio")

_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
_repeats = click.option(
    "--repeats",
    type=click.Choice(crowds.REPEATS),
    default="first",
    show_default=True,
    help="Which answer counts where a worker answered an item more than once.",
)


def _names(ctx: click.Context, option: click.Parameter, given: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in given.split(",")) if given else ()
    if "" in names or len(set(names)) < len(names):
        raise click.BadParameter("Name each class once, with commas between them.")
    return names


_classes = click.option(
    "--classes",
    callback=_names,
    metavar="A,B,...",
    help="The classes in their order; otherwise that of their names.",
)


def _parameters(ctx: click.Context, option: click.Parameter, given: Sequence[str]) -> dict[str, object]:
    """Read KEY=VALUE: a value is JSON where it is any, otherwise text."""
    found: dict[str, object] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{each!r} is not KEY=VALUE.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


@click.command()
@click.argument("answers", type=files.READ)
@click.option("--method", "name", default="auto", show_default=True, help="See `crowdqc methods`.")
@click.option("--gold", type=files.READ, help="item,label: known beforehand, and learned from.")
@click.option("--predictions", type=files.READ, help="item and a column a class: what a model says.")
@click.option("--truth", type=files.READ, help="item,label: only compared with.")
@click.option("--costs", type=files.READ, help="What each mistake costs: true,said,cost, or a square.")
@files.writes("--labels", help="Write a row for each item.")
@files.writes("--workers", help="Write a row for each worker.")
@files.writes("--evidence", help="Write a row for each sign of collusion, drift, haste or leaning.")
@files.writes("--gold-health", help="Write a row for each gold item: is it wrong, worn out, or known to workers?")
@click.option("--posterior", is_flag=True, help="Add a column p:CLASS for each class to --labels.")
@click.option(
    "--difficulty", is_flag=True, help="Add to --labels how hard items are, and what one more answer would save."
)
@click.option(
    "--set", "parameters", multiple=True, callback=_parameters, metavar="KEY=VALUE", help="For the method."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0), help="For all that is drawn by chance."
)
@_classes
@_repeats
@_json
def aggregate(
    answers: Path,
    name: str,
    gold: Path | None,
    predictions: Path | None,
    truth: Path | None,
    costs: Path | None,
    labels: Path | None,
    workers: Path | None,
    evidence: Path | None,
    gold_health: Path | None,
    posterior: bool,
    difficulty: bool,
    parameters: dict[str, object],
    seed: int,
    classes: tuple[str, ...],
    repeats: str,
    as_json: bool,
) -> None:
    """Find the labels behind the ANSWERS of a crowd.

    ANSWERS is csv, tsv, jsonl (each also .gz) or parquet, with columns worker, item (or task) and label.
    --evidence also reads seconds, time and place, where there are such columns; --gold-health seconds and time.
    """
    if gold_health is not None and gold is None:
        raise click.UsageError("--gold-health looks at gold: name its file with --gold FILE.")
    for flag, wanted in (("--posterior", posterior), ("--difficulty", difficulty)):
        if wanted and labels is None:
            raise click.UsageError(f"{flag} adds columns to the file of labels: name it with --labels OUT.")
    _refuse_two_seeds(parameters, seed)
    aggregator = _aggregator(name, parameters, seed)
    files.refuse_same(answers, gold, predictions, truth, costs, written=(labels, workers, evidence, gold_health))
    with _steps("reading", "aggregating", "comparing", "examining", "writing") as step:
        step("reading")
        case = crowds.read(
            answers,
            repeats=repeats,
            classes=classes,
            gold=gold,
            predictions=predictions,
            truth=truth,
            costs=costs,
            also=("time", "place") if evidence else ("time",) if gold_health else (),
        )
        votes = case.votes
        step("aggregating")
        more: dict[str, Any] = {}
        if case.predictions is not None:
            if "predictions" in inspect.signature(aggregator.fit).parameters:
                more["predictions"] = case.predictions
            else:
                case.notes.append(f"{name} does not use predictions.")
        elif "predictions" in inspect.signature(aggregator.fit).parameters and name != "auto":
            case.notes.append(f"{name} was given no --predictions, so it is dawid_skene.")
        if votes.weight is not None and name != "weighted_vote":
            case.notes.append("The weights of the answers are left aside: weighted_vote alone uses them.")
        consensus = aggregator.fit(votes, case.gold, **more)
        if case.costs is not None:
            consensus = consensus.under(case.costs)
        step("comparing")
        found = None if case.truth is None else evaluate(votes, consensus, case.truth, seed=seed)
        step("examining")
        matrices = Matrices.of(votes, consensus) if workers or evidence or gold_health or difficulty else None
        signs, health = None, None
        if evidence is not None:
            signs = Findings.of(crowds.examined(answers, case, consensus, matrices, seed))
        if gold_health is not None:
            known = case.gold or Gold.none(votes)
            health = examine_gold(votes, consensus, known, case.time, matrices=matrices)
        step("writing")
        if labels is not None:
            hard: dict[str, Any] = {}
            if difficulty and matrices is not None:
                hard["difficulties"] = DifficultyModel().fit(votes, consensus, case.gold)
                hard["gains"] = expected_gains(consensus, matrices.crowd, case.costs)
            files.write(labels, labels_table(votes, consensus, posterior=posterior, **hard))
        if workers is not None:
            files.write(workers, workers_table(votes, consensus, case.gold, costs=case.costs, matrices=matrices))
        if evidence is not None and signs is not None:
            table = findings_table(votes, signs, places=case.place is not None, time=reports.time_of(case))
            files.write(evidence, table)
        if gold_health is not None and health is not None:
            files.write(gold_health, gold_table(votes, case.gold or Gold.none(votes), health))
    report = reports.Aggregation(name, case, consensus, found, signs, health)
    for note in report.notes():
        click.echo(f"note: {note}", err=True)
    click.echo(reports.json_of(report.values()) if as_json else "\n".join(report.lines()))


@click.command()
@click.argument("answers", type=files.READ)
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="nominal",
    show_default=True,
    help="Whether classes have an order, or are numbers with distances, or with ratios.",
)
@click.option(
    "--intervals",
    type=click.Choice(["analytic", "bootstrap", "none"]),
    default="analytic",
    show_default=True,
    help="By formula, or by drawing items anew.",
)
@click.option("--resamples", default=1000, show_default=True, type=click.IntRange(1), help="Draws of items.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="For the draws.")
@_classes
@_repeats
@_json
def agreement(
    answers: Path,
    level: Literal["nominal", "ordinal", "interval", "ratio"],
    intervals: Literal["analytic", "bootstrap", "none"],
    resamples: int,
    seed: int,
    classes: tuple[str, ...],
    repeats: str,
    as_json: bool,
) -> None:
    """Say how far the workers of ANSWERS agree.

    Each coefficient that suits the level is given with a 95% interval.
    """
    with _steps("reading", "comparing") as step:
        step("reading")
        case = crowds.read(answers, repeats=repeats, classes=classes, needs_order=level != "nominal")
        step("comparing")
        try:
            found = measure_agreement(
                case.votes,
                scale=level,
                intervals=None if intervals == "none" else intervals,
                resamples=resamples,
                seed=seed,
            )
        except Invalid as error:
            raise files.BadInput(f"{answers}: {error}") from None
    for note in case.notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        click.echo(reports.json_of(reports.agreement(found)))
    else:
        click.echo("\n".join(reports.agreement_lines(case.votes, found, level)))


@click.command()
@_json
def methods(as_json: bool) -> None:
    """List the methods of aggregation, with what may be --set."""
    found = [reports.described(name, chosen) for name, chosen in METHODS.items()]
    if as_json:
        click.echo(reports.json_of({"methods": found}))
        return
    wide = max(len(each["name"]) for each in found)
    for each in found:
        click.echo(f"{each['name']:{wide}} {each['words']}")
        for key, value in each["parameters"].items():
            click.echo(f"{'':{wide}}   {key}={json.dumps(value)}")


def _refuse_two_seeds(parameters: dict[str, object], seed: int) -> None:
    given = click.get_current_context().get_parameter_source("seed")
    if given is not ParameterSource.DEFAULT and parameters.get("seed", seed) != seed:
        raise click.UsageError(f"--seed {seed} and --set seed={parameters['seed']} contradict each other.")


def _aggregator(name: str, parameters: dict[str, object], seed: int) -> Any:
    """Make the method; a wrong name or parameter is wrong usage."""
    try:
        if name in METHODS and "seed" in {field.name for field in fields(cast(Any, METHODS[name]))}:
            parameters = {"seed": seed} | parameters
        return method(name, parameters)
    except (Invalid, TypeError, ValueError) as error:
        hint = "--set" if name in METHODS else "--method"
        raise click.BadParameter(str(error), param_hint=f"'{hint}'") from None


@contextmanager
def _steps(*names: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal how far the work is; nowhere else."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    with click.progressbar(length=len(names), file=sys.stderr, item_show_func=lambda name: name) as bar:
        done = -1

        def step(name: str) -> None:
            nonlocal done
            bar.update(names.index(name) - max(done, 0), name)
            done = names.index(name)

        yield step
        bar.update(len(names) - done, "done")
