"""The command that finds wrong labels: `crowdqc suspects`."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from app.cli import files, labelled, reports
from app.cli.suspicions import Suspicions, table_of
from crowdqc.errors import Invalid
from crowdqc.quality import method
from crowdqc.quality.label_errors import find_suspects


@click.command()
@click.option("--labels", required=True, type=files.READ, help="item,label: what is to be looked through.")
@click.option(
    "--predictions",
    required=True,
    multiple=True,
    type=files.READ,
    help="item and a column a class, and model where there are several; may be repeated.",
)
@click.option("--answers", type=files.READ, help="worker,item,label: what a crowd says of the same items.")
@click.option("--embeddings", type=files.READ, help="item and numbers: then neighbours speak as well.")
@click.option(
    "--out-of-fold/--in-sample",
    "out_of_fold",
    default=True,
    show_default=True,
    help="Whether models predict items they were not trained on; in-sample hides mistakes.",
)
@click.option("--top", default=100, show_default=True, type=click.IntRange(1), help="How many to give.")
@files.writes("--write", help="Write a row for each suspect, the most suspicious first.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def suspects(
    labels: Path,
    predictions: tuple[Path, ...],
    answers: Path | None,
    embeddings: Path | None,
    out_of_fold: bool,
    top: int,
    write: Path | None,
    as_json: bool,
) -> None:
    """Rank labels by how likely they are wrong.

    Files are csv, tsv, jsonl (each also .gz) or parquet. Correct what is wrong among the first, train anew, look
    again; see docs/how-to/find-wrong-labels.md.
    """
    files.refuse_same(labels, *predictions, answers, embeddings, written=(write,))
    case = labelled.read(labels, predictions, answers, embeddings)
    try:
        consensus = None if case.votes is None else method("auto").fit(case.votes)
        found = find_suspects(
            case.predictions,
            np.asarray(case.label, dtype=np.int32),
            consensus=consensus,
            embeddings=case.embeddings,
        )
    except Invalid as error:
        raise files.BadInput(str(error)) from None
    shown = found.head(top)
    if write is not None:
        files.write(write, table_of(case, shown))
    report = Suspicions(case, found, shown, out_of_fold)
    for note in report.notes():
        click.echo(f"note: {note}", err=True)
    click.echo(reports.json_of(report.values()) if as_json else "\n".join(report.lines()))
