"""What the tests of the doors need: an application round the `installation`, and ways into it."""

from __future__ import annotations

import pytest
from flask import Flask

from app.factory import create_app
from crowdqc.assembly import Installation
from tests.app.doors import Entrance, World, ids_of, world
from tests.ground.clock import Clock


@pytest.fixture
def application(installation: Installation) -> Flask:
    """Give the application of the `installation`, on each kind of database."""
    return create_app(installation)


@pytest.fixture
def entrance(application: Flask, installation: Installation) -> Entrance:
    """Give the way in."""
    return Entrance(application, installation)


@pytest.fixture(name="world")
def made_world(entrance: Entrance, clock: Clock) -> World:
    """Give a project in which much has happened."""
    made = world(entrance, clock)
    made.ids |= ids_of(made)
    return made
