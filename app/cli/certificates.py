"""`crowdqc certificate`: how many labels of a release are right at least, from an audit; or reckoned again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import click

from app.cli import files
from crowdqc.quality.certificates import Audit, Certificate, Plan, StopRule, certify, evaluate, verify


@click.command()
@click.option(
    "--audit", type=files.READ, metavar="FILE", help="A csv with a column `outcome`: right, wrong, unsure."
)
@click.option("--size", type=click.IntRange(1), help="Labels in the release.")
@click.option("--known", type=click.IntRange(0), default=0, help="Labels that experts had decided before.")
@click.option("--level", type=click.FloatRange(0.5, 1, max_open=True), default=0.95, show_default=True)
@click.option(
    "--looks", metavar="N,N,...", help="Numbers of audited labels to look at, said before the first draw."
)
@click.option("--uncorrected", is_flag=True, help="What was found wrong is still wrong in this release.")
@click.option(
    "--target", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Also say whether to stop."
)
@click.option("--release", help="Its name.")
@click.option("--seed", type=int, help="Of the draw, to be kept with the certificate.")
@click.option("--verify", "given", type=files.READ, metavar="CERTIFICATE", help="Reckon a certificate again.")
@click.option("--json", "as_json", is_flag=True, help="Print the certificate as JSON and nothing else.")
def certificate(
    audit: Path | None,
    size: int | None,
    known: int,
    level: float,
    looks: str | None,
    uncorrected: bool,
    target: float | None,
    release: str | None,
    seed: int | None,
    given: Path | None,
    as_json: bool,
) -> None:
    """Say how many labels of a release are right at least, from a uniform audit; or check such a sentence.

    \b
    crowdqc certificate --audit audit.csv --size 10000 --json > certificate.json
    crowdqc certificate --verify certificate.json
    """
    if (given is None) == (audit is None):
        raise click.UsageError("Give either --audit FILE with --size N, or --verify CERTIFICATE.")
    if given is not None:
        found = verify(Certificate.of(_json(given)))
    else:
        assert audit is not None
        if size is None:
            raise click.UsageError("--audit needs --size, the number of labels in the release.")
        found = certify(
            _audit(audit, size, known), level=level, plan=_plan(looks), corrected=not uncorrected, release=release,
            seed=seed,
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
        return
    click.echo(found.words())
    if given is not None:
        click.echo("Reckoned again, it is the same.")
    if target is not None:
        click.echo(evaluate(StopRule(top=0, target=target, level=found.level), found).words())


def _audit(path: Path, size: int, known: int) -> Audit:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = csv.DictReader(stream)
        names = tuple(rows.fieldnames or ())
        if "outcome" not in names:
            raise files.BadInput(f"{path}: there is no column `outcome`.")
        columns: dict[str, list[str]] = {name: [] for name in names}
        for row in rows:
            for name in names:
                if row[name] is None:
                    raise files.BadInput(f"{path}, line {rows.line_num}: there is no `{name}`.")
                columns[name].append(row[name].strip())

    def numbers(name: str) -> list[float] | None:
        try:
            return [float(each) for each in columns[name]] if name in columns else None
        except ValueError as error:
            raise files.BadInput(f"{path}: `{name}` must hold numbers; {error}.") from None

    return Audit.of(
        columns["outcome"],
        size=size,
        known=known,
        items=columns.get("item"),
        order=numbers("order"),
        probability=numbers("probability"),
        pool=numbers("pool"),
        elsewhere=numbers("elsewhere"),
    )


def _plan(looks: str | None) -> Plan:
    if looks is None:
        return Plan()
    try:
        numbers = sorted({int(look) for look in looks.split(",")})
    except ValueError:
        numbers = []
    if not numbers or numbers[0] < 1:
        raise click.UsageError("--looks takes whole numbers with commas between them, such as 100,200,400.")
    return Plan(tuple(numbers))


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise files.BadInput(f"{path}: this is no JSON; {error}.") from None
