"""Workers over HTTP, as light as can be: raw sockets kept alive, little made of what is sent and what comes.

The load must cost little of the machine that it loads: one process and one selector carry many workers.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import resource
import selectors
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ID = re.compile(rb'"id":\s*"([0-9a-f-]{36})"')
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
PROBLEM = re.compile(rb'"problem":\s*null')
#: Seconds before a worker who got nothing asks again.
PAUSE = 0.02


@dataclass(frozen=True)
class Form:
    """How workers work: so many items a page, answered one by one, or all at once with asking for the next."""

    name: str
    page: int = 1
    at_once: bool = False


TWO_REQUESTS = Form("two requests an answer")
ONE_REQUEST = Form("one request an answer", at_once=True)
PAGES = Form("pages of ten", page=10, at_once=True)


@dataclass
class Told:
    """What workers lived through."""

    #: Answers that were acknowledged before the time was over.
    answers: int = 0
    #: Seconds of each request, by kind.
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    #: Assignments whose answers were acknowledged, also after the time was over.
    acknowledged: list[str] = field(default_factory=list)
    #: Requests that were refused, by status; what locked databases say, by its words.
    refused: Counter[str] = field(default_factory=Counter)
    #: When the last answer came, where all workers were told that nothing is left.
    took: float = 0.0
    finished: int = 0
    #: What the load itself cost, in seconds of a core.
    cost: float = 0.0

    def add(self, other: Told) -> None:
        self.answers += other.answers
        for kind, values in other.seconds.items():
            self.seconds[kind] += values
        self.acknowledged += other.acknowledged
        self.refused += other.refused
        self.took = max(self.took, other.took)
        self.finished += other.finished
        self.cost += other.cost


class Line:
    """One worker: a connection kept alive, and what he waits for."""

    def __init__(self, port: int, project: str, token: str, form: Form) -> None:
        self.form = form
        self.head = (
            "POST /api/v1{} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
            + token
            + "\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}"
        )
        self.project = project
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.ask = self._request(f"/desk/{project}/next", json.dumps({"count": form.page}))
        self.kind = "next"
        #: Assignments in hand, and the one whose answer is on its way.
        self.hand: list[str] = []
        self.sent: list[str] = []
        self.started = 0.0
        self.buffer = b""

    def _request(self, path: str, body: str) -> bytes:
        return self.head.format(path, len(body), body).encode()

    def go(self) -> None:
        """Send what comes next."""
        if self.form.at_once:
            self.kind, self.sent, self.hand = "page", self.hand, []
            said = ",".join(f'{{"assignment":"{each}","label":"yes"}}' for each in self.sent)
            body = f'{{"answers":[{said}],"count":{self.form.page}}}'
            request = self._request(f"/desk/{self.project}/answers", body)
        elif self.hand:
            self.kind, self.sent = "submit", [self.hand.pop()]
            request = self._request(f"/assignments/{self.sent[0]}/answer", '{"label":"yes"}')
        else:
            self.kind, self.sent, request = "next", [], self.ask
        self.buffer = b""
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def heard(self) -> tuple[int, bytes] | None:
        """Read what came; give status and body where the response is whole."""
        try:
            part = self.socket.recv(1 << 18)
        except BlockingIOError:
            return None
        if not part:
            raise ConnectionError("The service hung up.")
        self.buffer = self.buffer + part if self.buffer else part
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = LENGTH.search(self.buffer, 0, end + 2)
        if length is None:
            raise ConnectionError(f"No length: {self.buffer[:200]!r}")
        if len(self.buffer) < end + 4 + int(length[1]):
            return None
        return int(self.buffer[9:12]), self.buffer[end + 4 :]


def work(
    port: int, project: str, tokens: Sequence[str], form: Form, until: float, *, most: int | None = None
) -> Told:
    """Let workers work until a moment (of `time.time`), or until each is told that nothing is left.

    With `most`, also until they have given so many answers.
    """
    told, lines = Told(), [Line(port, project, token, form) for token in tokens]
    began, waiting = time.time(), list[tuple[float, Line]]()
    with selectors.DefaultSelector() as ready:
        for line in lines:
            ready.register(line.socket, selectors.EVENT_READ, line)
            line.go()
        left = len(lines)
        while left:
            now = time.time()
            for each in [each for each in waiting if each[0] <= now]:
                waiting.remove(each)
                if now < until:
                    each[1].go()
                else:
                    left -= 1
            for key, _ in ready.select(PAUSE if waiting else 30.0):
                line = key.data
                heard = line.heard()
                if heard is None:
                    continue
                took = time.perf_counter() - line.started
                if time.time() < until:
                    told.seconds[line.kind].append(took)
                came = _take_in(told, line, *heard)
                now = time.time()
                if now < until:
                    told.answers += came
                    told.took = now - began
                if most is not None and told.answers >= most:
                    until = now
                if b'"finished"' in heard[1] and not line.hand:
                    told.finished += 1
                    left -= 1
                elif now >= until:
                    left -= 1
                elif line.hand or line.kind == "submit":
                    line.go()
                else:
                    waiting.append((now + PAUSE, line))
    for line in lines:
        line.socket.close()
    used = resource.getrusage(resource.RUSAGE_SELF)
    told.cost = used.ru_utime + used.ru_stime
    return told


def _take_in(told: Told, line: Line, status: int, body: bytes) -> int:
    """Note what a response says; give the number of answers that it acknowledges."""
    if status >= 400:
        told.refused[f"{status} locked" if b"locked" in body else str(status)] += 1
        # Whoever is refused a page has it still.
        line.hand = line.sent + line.hand
        return 0
    if line.kind == "submit":
        told.acknowledged += line.sent
        return 1
    line.hand = [each.decode() for each in ID.findall(body)]
    if not line.sent:
        return 0
    if len(PROBLEM.findall(body)) == len(line.sent):
        kept = line.sent
    else:
        outcomes = json.loads(body)["answers"]
        kept = [each["assignment"] for each in outcomes if each["problem"] is None]
        told.refused["a page's answers"] += len(outcomes) - len(kept)
    told.acknowledged += kept
    return len(kept)


def crowd(port: int, project: str, tokens: Sequence[str], form: Form, seconds: float) -> Told:
    """Have workers work for some seconds, in two processes where they are many."""
    context = multiprocessing.get_context("fork")
    number = min(2, len(tokens))
    until = time.time() + seconds
    pipes, processes = [], []
    for each in range(number):
        here, there = context.Pipe(duplex=False)
        arguments = (there, port, project, tokens[each::number], form, until)
        process = context.Process(target=_crew, args=arguments)
        process.start()
        there.close()
        pipes.append(here)
        processes.append(process)
    told = Told()
    for here in pipes:
        came: Any = here.recv()
        if isinstance(came, str):
            raise RuntimeError(came)
        told.add(came)
    for process in processes:
        process.join()
    return told


def warm(port: int, project: str, tokens: Sequence[str]) -> None:
    """Have each form of work done for a moment: what a server does the first time is not what is measured."""
    for form in (TWO_REQUESTS, ONE_REQUEST, PAGES):
        crowd(port, project, tokens, form, 2.0)


def _crew(there: Any, port: int, project: str, tokens: Sequence[str], form: Form, until: float) -> None:
    try:
        told: Told | str = work(port, project, tokens, form, until)
        assert isinstance(told, Told)
        told.seconds = dict(told.seconds)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    there.send(told)
