"""The browser of the tests, and what a page is not to do in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, Route, sync_playwright

GIVEN = "CROWDQC_TEST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")

ARGUMENTS = [
    # Root has no sandbox; the only pages seen are our own.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--force-color-profile=srgb",
]


class NoChromium(Exception):
    """There is no browser to test in."""

    def __init__(self) -> None:
        super().__init__(
            f"No Chromium was found. Install it (Debian: apt-get install chromium), or name it in {GIVEN}."
        )


def program() -> str:
    """Find the browser: as told, or on the path."""
    for name in (os.environ.get(GIVEN), *NAMES):
        if name and (found := shutil.which(name)):
            return found
    raise NoChromium


@contextmanager
def browser() -> Iterator[Browser]:
    """Run the browser until the end of the block."""
    path = program()
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=ARGUMENTS, headless=True)
        try:
            yield running
        finally:
            running.close()


@dataclass
class Watch:
    """What went wrong in the pages of a context, in words."""

    faults: list[str] = field(default_factory=list)
    #: Faults that hold one of these are expected.
    expected: list[str] = field(default_factory=list)

    def expect(self, part: str) -> None:
        """Let pass what a test provokes: `watch.expect("status of 403")`."""
        self.expected.append(part)

    def unexpected(self) -> list[str]:
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]

    def over(self, context: BrowserContext) -> None:
        """See the errors of scripts and of the console, refused content, and requests to other machines."""
        context.route("**/*", self._hold_back)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))
        context.on("console", self._heard)
        context.on("requestfailed", self._failed)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        # A page that is left behind drops what it was loading.
        if request.failure and "ERR_ABORTED" not in request.failure:
            self.faults.append(f"request: {request.url} {request.failure}")

    def _hold_back(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in ("127.0.0.1", "localhost"):
            self.faults.append(f"another machine: {route.request.url}")
            route.abort()
        else:
            route.continue_()
