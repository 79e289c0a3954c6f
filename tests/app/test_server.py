"""The embedded server: what never reaches the application is a problem document too, and it ends when told."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.problems import MEDIA_TYPE
from tests.ground import server, sqlite

LIMIT = 2000


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Served]:
    """Give a server that takes files of no more than `LIMIT` bytes."""
    folder = tmp_path_factory.mktemp("server")
    with server.served(folder / "var", sqlite.database(folder), upload_limit=LIMIT) as found:
        yield found
    assert "Traceback" not in found.log, found.log


def exchanged(running: server.Served, *parts: bytes, pause: float = 0.0) -> tuple[int, dict[str, str], bytes]:
    """Send bytes and read what comes back until the server has said all: status, headers, body."""
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        for part in parts:
            try:
                line.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                # It has heard enough.
                break
            time.sleep(pause)
        received = b""
        while b"\r\n\r\n" not in received:
            received += _more(line)
        head, _, body = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += _more(line)
    return int(first.split()[1]), headers, body


def _more(line: socket.socket) -> bytes:
    found = line.recv(65536)
    assert found, "the server closed the line"
    return found


def problem(answer: tuple[int, dict[str, str], bytes], status: int) -> dict[str, Any]:
    assert answer[0] == status, answer
    assert answer[1]["content-type"] == MEDIA_TYPE
    told: dict[str, Any] = json.loads(answer[2])
    assert told["status"] == status
    assert all(told[name] for name in ("type", "title", "detail", "mend"))
    return told


def head(path: str, *lines: str, method: str = "POST") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: here", *lines, "", ""]).encode()


def test_a_body_that_is_announced_too_large_is_not_waited_for(running: server.Served) -> None:
    started = time.monotonic()
    path = "/api/v1/projects/00000000-0000-0000-0000-000000000000/batches"
    told = problem(exchanged(running, head(path, "Content-Length: 999999999999")), 413)
    assert "split the file" in told["mend"]
    assert told["instance"] == path
    assert time.monotonic() - started < 5


def test_a_body_that_turns_out_too_large(running: server.Served) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = exchanged(running, head("/api/v1/sign-in", "Transfer-Encoding: chunked"), *[chunk] * 40)
    problem(answer, 413)


def test_a_file_a_little_beyond_the_limit(running: server.Served) -> None:
    """It reaches the application, which refuses strangers first and counts afterwards."""
    path = "/api/v1/projects/00000000-0000-0000-0000-000000000000/batches"
    body = b"x" * (LIMIT + 1)
    problem(exchanged(running, head(path, f"Content-Length: {len(body)}") + body), 401)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"hello\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost here\r\n\r\n", 400),
        (b"GET /api/v1/health HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /api/v1/sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"GET /api/v1/health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ],
    ids=["tls", "words", "header", "length", "chunk", "long", "coding"],
)
def test_what_is_no_request(running: server.Served, said: bytes, status: int) -> None:
    problem(exchanged(running, said), status)


def test_a_request_is_answered_after_all_that(running: server.Served) -> None:
    status, headers, body = exchanged(running, head("/api/v1/health", method="GET"))
    assert status == 200
    assert json.loads(body)["status"] == "ok"
    assert headers["server"] == "crowdqc"
    assert headers["x-content-type-options"] == "nosniff"
    status, _, body = exchanged(running, head("http://here/api/v1/health", method="GET"))
    assert status == 200
    told = problem(exchanged(running, head("/api/v1/nothing", method="GET")), 404)
    assert told["instance"] == "/api/v1/nothing"


def test_a_slow_request_is_waited_for(running: server.Served) -> None:
    body = b'{"name": "x", "password": "y"}'
    lines = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    answer = exchanged(running, head("/api/v1/sign-in", *lines), body[:5], body[5:], pause=0.2)
    assert problem(answer, 401)["type"] == "urn:crowdqc:problem:wrong-password"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with server.served(tmp_path / "var", sqlite.database(tmp_path)) as found:
        address = urlsplit(found.url)
        # Somebody who says nothing holds nobody up.
        with socket.create_connection((address.hostname, address.port), timeout=10):
            started = time.monotonic()
            found.process.send_signal(number)
            assert found.process.wait(20) == 0
            assert time.monotonic() - started < 5
        assert "Traceback" not in found.log
        assert "Make the first admin" in found.log


def test_what_is_in_hand_is_answered_before_it_ends(tmp_path: Path) -> None:
    """Requests that were heard when the signal came are answered, and the lines they came by are closed."""
    with server.served(
        tmp_path / "var", sqlite.database(tmp_path), password_memory=65536, password_passes=8
    ) as found:
        address = urlsplit(found.url)
        body = b'{"name": "nobody", "password": "no such password"}'
        told = head("/api/v1/sign-in", "Content-Type: application/json", f"Content-Length: {len(body)}") + body
        with socket.create_connection((address.hostname, address.port), timeout=30) as line:
            line.sendall(told)
            time.sleep(0.1)
            found.process.send_signal(signal.SIGTERM)
            received = b""
            while part := line.recv(65536):
                received += part
        assert received.startswith(b"HTTP/1.1 401 "), received
        assert received.endswith(b"}")
        assert found.process.wait(20) == 0


def test_it_listens_on_every_address_of_a_name(tmp_path: Path) -> None:
    with server.served(tmp_path / "var", sqlite.database(tmp_path), "--host", "localhost") as found:
        assert f"http://localhost:{urlsplit(found.url).port}" in found.log


def test_the_job_loop_ends_when_told(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", "jobs"],
        cwd=server.ROOT,
        env=server.environment(data, sqlite.database(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == b"crowdqc performs jobs\n"
        process.terminate()
        rest = process.stdout.read()
        assert process.wait(20) == 0
    assert rest == b""


def test_a_port_that_is_taken(running: server.Served, tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    port = str(urlsplit(running.url).port)
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "serve", "--port", port],
        cwd=server.ROOT,
        env=server.environment(data, sqlite.database(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: 127.0.0.1:{port} cannot be had: ")
    assert "Choose another --port" in done.stderr
    assert len(done.stderr.splitlines()) == 1
