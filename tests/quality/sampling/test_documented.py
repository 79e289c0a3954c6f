"""Every sampler stands in the how-to with its picture, and every parameter with its default in the reference."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from crowdqc.quality.sampling import SAMPLERS, SHARINGS
from crowdqc.quality.sampling.pool import SUPPLY
from tests.house.checkout import ROOT

HOW_TO = (ROOT / "docs/how-to/choose-what-to-look-at.md").read_text()
REFERENCE = (ROOT / "docs/reference/samplers.md").read_text()


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_a_sampler_is_shown(name: str) -> None:
    assert f'show("{name}"' in HOW_TO
    assert f"../pictures/samplers/{name}.svg" in HOW_TO
    assert (ROOT / f"docs/pictures/samplers/{name}.svg").read_text().count("<title") == 1


def documented() -> dict[tuple[str, str], str]:
    """Give the parameters of the table: sampler and parameter to default."""
    found, name = {}, ""
    for line in REFERENCE.split("## Parameters")[1].split("##")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and re.fullmatch(r"`\w+`", cells[1]):
            name = cells[0].strip("`") or name
            found[name, cells[1].strip("`")] = cells[2].strip('"')
    return found


def test_every_parameter_is_in_the_table_with_its_default() -> None:
    said: dict[object, str] = {None: "none", (): "all columns", False: "false"}
    expected = {
        (name, field.name): str(said.get(field.default, field.default))
        for name, made in SAMPLERS.items()
        for field in fields(made)  # type: ignore[arg-type]
    }
    assert documented() == expected


def test_what_a_pool_holds_and_the_rules_of_sharing_are_told() -> None:
    assert all(f"`{name}`" in REFERENCE for name in [*SUPPLY, *SHARINGS])
