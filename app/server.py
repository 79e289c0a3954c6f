"""The embedded web server: waitress, whose own refusals are problem documents as well."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from flask import Flask
from waitress import create_server, wasyncore
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer
from waitress.task import ErrorTask

from app.problems import MEDIA_TYPE, MENDS
from crowdqc.settings import Settings

#: Requests that are answered at the same time.
THREADS = 8
#: How long what is in hand may take once the server is told to stop, in seconds.
PATIENCE = 10.0


class ProblemTask(ErrorTask):  # type: ignore[misc]
    """Answers a request that never reached the application: too large, or not HTTP."""

    def execute(self) -> None:
        error = self.request.error
        body = json.dumps(
            {
                "type": f"urn:crowdqc:problem:{error.reason.lower().replace(' ', '-')}",
                "title": error.reason,
                "status": error.code,
                "detail": str(error.body),
                "instance": getattr(self.request, "path", "") or "",
                "mend": MENDS.get(error.code, "Send a request that is whole and well-formed."),
            }
        ).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", MEDIA_TYPE))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Parser(HTTPRequestParser):  # type: ignore[misc]
    """Reads requests; one that announces more than is taken is refused before it is asked to go on."""

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.content_length > self.adj.max_request_body_size:
            # Or waitress would answer `100 Continue` first, and take all of it in.
            self.expect_continue = False


class Server:
    """A server that is bound; it serves once `run` is called, until `stop` is."""

    def __init__(self, app: Flask, settings: Settings, *, host: str, port: int) -> None:
        HTTPChannel.error_task_class = ProblemTask
        HTTPChannel.parser_class = Parser
        self._stopping = threading.Event()
        #: All that is open: where it listens, and whom it talks to.
        self._lines: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._lines,
            host=host,
            port=port,
            threads=THREADS,
            # A little more than the largest file, so that the application itself refuses what is just too large.
            max_request_body_size=settings.upload_limit + (1 << 20),
            ident="crowdqc",
            clear_untrusted_proxy_headers=True,
        )

    @property
    def port(self) -> int:
        """The port that it was given, also where any was asked for."""
        listening = [each for each in self._lines.values() if isinstance(each, BaseWSGIServer)]
        return int(listening[0].effective_port)

    def run(self) -> None:
        """Serve until told to stop; then take nobody new, answer what is in hand, and end."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=0.5, use_poll=True, map=self._lines, count=1)
        for each in [*self._lines.values()]:
            if isinstance(each, BaseWSGIServer):
                wasyncore.dispatcher.close(each)
        until = time.monotonic() + PATIENCE
        while (open_lines := self._open()) and time.monotonic() < until:
            for line in open_lines:
                # A browser keeps its line open for the next request; nobody waits for that.
                if not line.requests and not line.total_outbufs_len:
                    line.handle_close()
            wasyncore.loop(timeout=0.1, use_poll=True, map=self._lines, count=1)
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._lines)

    def stop(self) -> None:
        """End the serving, from a signal or another thread."""
        self._stopping.set()

    def _open(self) -> list[HTTPChannel]:
        return [each for each in self._lines.values() if isinstance(each, HTTPChannel)]
