"""Every setting is in docs/reference/settings.md, with its default, and nothing else is."""

from __future__ import annotations

import re
from dataclasses import fields

from crowdqc.settings import Settings
from tests.house.checkout import ROOT

PAGE = ROOT / "docs/reference/settings.md"


def documented() -> dict[str, str]:
    """Give what the page's table says: each setting's variable and its default."""
    return dict(
        re.findall(
            r"^\| `(CROWDQC_\w+)` \| (?:`([^`]*)`|[^|]*) \|", PAGE.read_text().split("\n## ")[0], re.MULTILINE
        )
    )


def test_the_page_names_the_settings_in_their_order() -> None:
    assert [*documented()] == [f"CROWDQC_{field.name.upper()}" for field in fields(Settings)]


def test_the_page_tells_the_defaults() -> None:
    for field in fields(Settings):
        told = documented()[f"CROWDQC_{field.name.upper()}"]
        assert told == (str(field.default).lower() if isinstance(field.default, bool) else str(field.default))
