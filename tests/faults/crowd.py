"""A crowd over HTTP that does not give up: what was not acknowledged is sent again, under the same key."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

#: Problems that say: come again.
AGAIN = (500, 502, 503, 504)


@dataclass
class Told:
    """What one worker lived through."""

    #: The label of each answer that was acknowledged, by its assignment.
    answers: dict[str, str] = field(default_factory=dict)
    #: Things that must not be: in words.
    wrong: list[str] = field(default_factory=list)
    #: Why requests were sent again.
    again: Counter[str] = field(default_factory=Counter)
    #: He was told that nothing is left for him, or he left for good with items in hand.
    finished: bool = False
    deserted: bool = False


class Crowd:
    """Workers at work in processes of their own; how much was acknowledged so far can be looked at."""

    def __init__(
        self,
        port: int,
        project: uuid.UUID,
        tokens: Sequence[str],
        *,
        processes: int,
        seconds: float,
        deserters: int,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._acknowledged = context.Value("l", 0)
        self._gather = context.Queue()
        # Deserters leave in the middle, with items in hand.
        hands = [
            [(token, at < deserters) for at, token in enumerate(tokens) if at % processes == number]
            for number in range(processes)
        ]
        self._running = [
            context.Process(
                target=_crew,
                args=(port, str(project), hand, self._acknowledged, self._gather, seconds),
                daemon=True,
            )
            for hand in hands
        ]
        for process in self._running:
            process.start()
        self._until = time.monotonic() + seconds

    @property
    def acknowledged(self) -> int:
        return int(self._acknowledged.value)

    def reach(self, number: int) -> None:
        """Wait until so many answers are acknowledged."""
        while self.acknowledged < number:
            if time.monotonic() > self._until:
                raise TimeoutError(f"{self.acknowledged} answers, where {number} were waited for")
            time.sleep(0.002)

    def end(self) -> list[Told]:
        """Wait until all workers have ended."""
        told: list[Told] = []
        for _ in self._running:
            told += self._gather.get(timeout=max(1.0, self._until - time.monotonic()) + 60)
        for process in self._running:
            process.join(30)
        return told


def _crew(  # type: ignore[no-untyped-def]
    port: int, project: str, hand: list[tuple[str, bool]], acknowledged, gather, seconds: float
) -> None:
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(len(hand)) as pool:
        workers = [Worker(port, project, token, deserts, acknowledged, until) for token, deserts in hand]
        gather.put([*pool.map(Worker.work, workers)])


class Worker:
    """One worker, who asks, answers, hands in pages, and sends again what was lost on the way."""

    def __init__(
        self, port: int, project: str, token: str, deserts: bool, acknowledged: Any, until: float
    ) -> None:
        self._desk = f"/api/v1/desk/{project}"
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._deserts, self._acknowledged, self._until = deserts, acknowledged, until
        self._chance = random.Random(token)
        self._told = Told()

    def work(self) -> Told:
        try:
            while not self._told.finished and not self._told.deserted:
                self._turn()
                if time.monotonic() > self._until:
                    raise TimeoutError("the time was over before he was finished")
        except Exception as error:
            self._told.wrong.append(f"{type(error).__name__}: {error}")
        finally:
            self._line.close()
        return self._told

    def _turn(self) -> None:
        """Take items and answer them, each by itself or all at once."""
        desk = self._ask(f"{self._desk}/next", {"count": self._chance.choice((1, 1, 2, 5))})
        while found := desk["assignments"]:
            if self._deserts and len(self._told.answers) >= 8:
                self._told.deserted = True
                return
            if self._chance.random() < 0.5:
                for each in found:
                    answer = self._answer(each)
                    self._ask(f"/api/v1/assignments/{each['id']}/answer", answer)
                    self._note(each["id"], answer["label"])
                return
            desk = self._hand_in(found)
        self._told.finished = desk["supply"] == "finished"
        if desk["supply"] == "later":
            wait = datetime.fromisoformat(desk["retry_at"]) - datetime.now(UTC)
            time.sleep(min(max(0.05, wait.total_seconds()), 0.5))

    def _hand_in(self, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
        page = [{"assignment": each["id"], **self._answer(each)} for each in found]
        while page:
            told = self._ask(f"{self._desk}/answers", {"answers": page, "count": 2})
            left = []
            for said, outcome in zip(page, told["answers"], strict=True):
                if outcome["problem"] is None:
                    self._note(said["assignment"], said["label"])
                elif outcome["problem"]["status"] in AGAIN:
                    left.append(said)
                else:
                    self._told.wrong.append(f"refused: {outcome['problem']}")
            page = left
        desk: dict[str, Any] = told["desk"]
        return desk

    def _answer(self, each: dict[str, Any]) -> dict[str, Any]:
        return {"label": self._chance.choice(each["classes"]), "key": uuid.uuid4().hex}

    def _note(self, assignment: str, label: str) -> None:
        if assignment in self._told.answers:
            self._told.wrong.append(f"{assignment} was given again after its answer")
        self._told.answers[assignment] = label
        with self._acknowledged.get_lock():
            self._acknowledged.value += 1

    def _ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a request until there is an answer to it."""
        while True:
            try:
                self._line.request("POST", path, json.dumps(body), self._headers)
                response = self._line.getresponse()
                data = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._line.close()
                self._told.again[type(error).__name__] += 1
            else:
                if response.status < 300:
                    told: dict[str, Any] = json.loads(data)
                    return told
                if response.status not in AGAIN:
                    raise RuntimeError(f"{path}: {response.status} {data[:300]!r}")
                self._told.again[str(response.status)] += 1
            if time.monotonic() > self._until:
                raise TimeoutError(f"{path} was never answered")
            time.sleep(0.1)
