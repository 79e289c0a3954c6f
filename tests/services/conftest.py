"""The installation of these tests: with somebody else's rows of every kind in it."""

from __future__ import annotations

import pytest

from crowdqc.assembly import Installation
from tests.services import factories


@pytest.fixture
def place(installation: Installation) -> Installation:
    """Give an installation in which noise is: a missing filter shows."""
    factories.noise(installation)
    return installation
