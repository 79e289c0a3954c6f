"""The embedded web server: waitress, whose own refusals are problem documents as well."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from app.problems import MEDIA_TYPE, MENDS
from crowdqc.settings import Settings

#: Requests that are answered at the same time.
THREADS = 8


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


def server(app: Flask, settings: Settings, *, host: str, port: int) -> Any:
    """Bind a server; it serves once its `run` is called, until its `close` is."""
    HTTPChannel.error_task_class = ProblemTask
    return create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        # A little more than the largest file, so that the application itself refuses what is just too large.
        max_request_body_size=settings.upload_limit + (1 << 20),
        ident="crowdqc",
        clear_untrusted_proxy_headers=True,
    )
