"""A command that draws a crowd whose truth is known, and writes it to files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np

from app.cli import files
from crowdqc.formats import tables
from crowdqc.quality.simulation import Crowd, InvalidSimulation, Simulation

Columns = dict[str, Any]

#: What class shares may miss 1 by.
_ROUNDING = 1e-6


@click.command()
@click.option("--items", default=1000, show_default=True, type=click.IntRange(1))
@click.option("--workers", default=50, show_default=True, type=click.IntRange(1))
@click.option("--classes", default="2", show_default=True, metavar="K|A,B,...", help="How many, or their names.")
@click.option("--class-shares", metavar="P,Q,...", help="How common each is; otherwise all alike.")
@click.option(
    "--overlap", default=5, show_default=True, type=click.IntRange(1), help="Workers who answer an item."
)
@click.option(
    "--accuracy",
    default=(0.6, 0.95),
    show_default=True,
    nargs=2,
    type=click.FloatRange(0, 1),
    metavar="LOW HIGH",
    help="A good worker's lies between.",
)
@click.option("--spammers", default=0.0, type=click.FloatRange(0, 1), help="Share of workers who do not look.")
@click.option("--adversaries", default=0.0, type=click.FloatRange(0, 1), help="Share of workers who mislead.")
@click.option(
    "--biased", default=0.0, type=click.FloatRange(0, 1), help="Share of workers with a favourite class."
)
@click.option("--ordinal", is_flag=True, help="Mistakes are the rarer the farther off they are.")
@click.option(
    "--activity",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 5),
    help="How unequal workers' shares are.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@files.writes("--answers", help="worker,item,label; where it is left out they are printed as csv.")
@files.writes("--truth", help="item,label")
@files.writes("--confusion", help="worker,kind,true,said,probability")
@files.writes("--gold", help="item,label of some items, drawn by chance.")
@click.option("--gold-items", default=50, show_default=True, type=click.IntRange(0), help="How many.")
@files.writes("--predictions", help="item and a column a class: what a calibrated model says.")
@click.option("--model-accuracy", default=0.8, show_default=True, type=click.FloatRange(0, 1))
def simulate(
    classes: str,
    class_shares: str | None,
    seed: int,
    answers: Path | None,
    truth: Path | None,
    confusion: Path | None,
    gold: Path | None,
    gold_items: int,
    predictions: Path | None,
    model_accuracy: float,
    **crowd: Any,
) -> None:
    """Draw a crowd whose truth and whose confusion matrices are known; the same seed draws the same."""
    files.refuse_same(written=(answers, truth, confusion, gold, predictions))
    try:
        shares = None if class_shares is None else tuple(float(share) for share in class_shares.split(","))
        names = int(classes) if classes.isdecimal() else tuple(name.strip() for name in classes.split(","))
        drawn = Simulation(classes=names, class_shares=shares, **crowd).run(seed)
        guessed = _predictions(drawn, model_accuracy, seed) if predictions else {}
        if shares is not None and abs(sum(shares) - 1) > _ROUNDING:
            taken = ", ".join(
                f"{name} {share:.1%}" for name, share in zip(drawn.votes.classes, drawn.class_shares, strict=True)
            )
            click.echo(f"note: The class shares sum to {sum(shares):g}, not to 1; taken as {taken}.", err=True)
    except (InvalidSimulation, ValueError) as error:
        raise click.UsageError(str(error)) from None
    if answers is not None:
        files.write(answers, _answers(drawn))
    elif not (truth or confusion or gold or predictions):
        tables.write(sys.stdout.buffer, "csv", _answers(drawn))
    if truth is not None:
        files.write(truth, _truth(drawn, np.arange(drawn.votes.n_items)))
    if confusion is not None:
        files.write(confusion, _confusion(drawn))
    if gold is not None:
        chosen = np.random.default_rng([seed, 1]).permutation(drawn.votes.n_items)[:gold_items]
        files.write(gold, _truth(drawn, np.sort(chosen)))
    if predictions is not None:
        files.write(predictions, guessed)
    kinds = ", ".join(f"{drawn.kinds.count(kind)} {kind}" for kind in dict.fromkeys(sorted(drawn.kinds)))
    click.echo(f"{len(drawn.votes):,} answers to {drawn.votes.n_items:,} items; workers: {kinds}", err=True)


def _answers(crowd: Crowd) -> Columns:
    votes = crowd.votes
    return {
        "worker": _named(votes.worker, votes.workers),
        "item": _named(votes.item, votes.items),
        "label": _named(votes.label, votes.classes),
    }


def _truth(crowd: Crowd, chosen: np.ndarray) -> Columns:
    votes = crowd.votes
    return {"item": _named(chosen, votes.items), "label": _named(crowd.truth[chosen], votes.classes)}


def _confusion(crowd: Crowd) -> Columns:
    """Give a row for each worker, true class and said one."""
    W, K, _ = crowd.confusion.shape
    worker, true, said = (each.ravel() for each in np.indices((W, K, K)))
    return {
        "worker": _named(worker, crowd.votes.workers),
        "kind": _named(worker, crowd.kinds),
        "true": _named(true, crowd.votes.classes),
        "said": _named(said, crowd.votes.classes),
        "probability": crowd.confusion.ravel(),
    }


def _predictions(crowd: Crowd, accuracy: float, seed: int) -> Columns:
    table = crowd.predictions(accuracy, np.random.default_rng([seed, 2]))
    columns = {f"p:{name}": table[:, code] for code, name in enumerate(crowd.votes.classes)}
    return {"item": list(crowd.votes.items), **columns}


def _named(codes: np.ndarray, names: tuple[Any, ...]) -> list[str]:
    return [names[code] for code in codes.tolist()]
