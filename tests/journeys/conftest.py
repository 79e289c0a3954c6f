"""What a journey needs: the real server on each database, and a browser whose every complaint is a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.ground import chromium, server


@pytest.fixture
def served(empty_database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[server.Served]:
    """Give the real server on a database without tables, on each kind of database.

    `@pytest.mark.served("--demo")` gives it arguments; `@pytest.mark.settings(name=value)` sets it up otherwise.
    """
    arguments = [str(each) for mark in request.node.iter_markers("served") for each in mark.args]
    settings: dict[str, object] = {}
    for mark in reversed([*request.node.iter_markers("settings")]):
        settings |= mark.kwargs
    with server.served(tmp_path / "var", empty_database_url, *arguments, **settings) as running:
        yield running
    assert "Traceback (most recent call last)" not in running.log, running.log


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give the browser, one for all journeys of a process."""
    try:
        running = chromium.browser()
        with running as found:
            yield found
    except chromium.NoChromium as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def watch() -> chromium.Watch:
    """Give the list of what goes wrong in the `context`; `watch.expect(part)` lets something pass."""
    return chromium.Watch()


@pytest.fixture
def context(browser: Browser, watch: chromium.Watch) -> Iterator[BrowserContext]:
    """Give a browser that has seen nothing yet; at the end it must have had nothing to complain of."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    made.set_default_timeout(10_000)
    watch.over(made)
    yield made
    made.close()
    assert watch.unexpected() == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Give a page of the `context`."""
    return context.new_page()
