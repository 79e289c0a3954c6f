"""What the tests stand on does what it promises: fresh databases, a server that ends, a browser that watches."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from crowdqc import assembly
from crowdqc.assembly import Installation
from crowdqc.records import Person
from tests.ground import chromium, server
from tests.ground.clock import Clock


@pytest.mark.parametrize("turn", [1, 2])
def test_a_database_is_fresh(installation: Installation, turn: int) -> None:
    with installation.transaction() as tx:
        assert tx.session.query(Person).count() == 0
        tx.session.add(Person(name="ada", roles=[], created_at=tx.now))


def test_a_database_is_of_the_kind_that_is_asked_for(backend: str, database_url: str) -> None:
    engine = assembly.database(database_url)
    try:
        assert engine.dialect.name == backend
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
    finally:
        engine.dispose()


@pytest.mark.settings(upload_limit=10)
def test_a_mark_changes_a_setting(installation: Installation) -> None:
    assert installation.settings.upload_limit == 10


def test_the_clock_goes_on_when_told(installation: Installation, clock: Clock) -> None:
    with installation.reading() as tx:
        before = tx.now
    clock.advance(30, minutes=1)
    with installation.reading() as tx:
        assert (tx.now - before).total_seconds() == 90


def test_what_the_caller_has_set_does_not_reach_the_tests() -> None:
    assert [name for name in os.environ if name.startswith("CROWDQC_") and "_TEST_" not in name] == []


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"The server ended with \d+"),
        server.served(tmp_path, "nonsense", no_such_setting=1),
    ):
        pass


class Page(http.server.BaseHTTPRequestHandler):
    """A page that does what pages of ours are not to do."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            b"<link rel=icon href='data:,'><h1>Here</h1>"
            b"<img src='http://elsewhere.example/x.png'><script>throw Error('unwell')</script>"
        )

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def bad_page() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/"
        running.shutdown()
        thread.join()


def test_the_browser_tells_what_goes_wrong_in_a_page(bad_page: str) -> None:
    watch = chromium.Watch()
    with chromium.browser() as browser:
        context = browser.new_context()
        watch.over(context)
        page = context.new_page()
        page.goto(bad_page)
        assert page.inner_text("h1") == "Here"
        context.close()
    told = "\n".join(watch.unexpected())
    assert "script: unwell" in told or "script: Error: unwell" in told
    assert "another machine: http://elsewhere.example/x.png" in told
    watch.expect("elsewhere")
    watch.expect("unwell")
    watch.expect("ERR_FAILED")
    assert watch.unexpected() == []
