"""Measures the desk: workers take and submit over HTTP with connections kept alive; prints answers a second.

    scripts/bench desk [--database sqlite|postgresql://...] [--workers 1 8] [--seconds 10]

It starts `crowdqc serve` on a free port of this machine with a database of its own (a PostgreSQL URL names an
empty database), fills a project, and lets each worker, a process, loop for a bounded time. Afterwards it counts:
no item may have more answers than its overlap.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

PORT = 8765
ITEMS, OVERLAP = 3000, 3


class Client:
    """One connection, kept alive."""

    def __init__(self, token: str | None = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", PORT)
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self._connection.request(method, "/api/v1" + path, content, {**self._headers, "Content-Type": kind})
        response = self._connection.getresponse()
        data = response.read()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:300]!r}")
        return json.loads(data) if data else None


def work(token: str, project: str, page: int, until: float, out: Any) -> None:
    """Answer until the time is over; report the number of answers and the seconds of each call."""
    client = Client(token)
    answers, taking, submitting = 0, [], []
    while time.time() < until:
        start = time.perf_counter()
        desk = client.call("POST", f"/desk/{project}/next", {"count": page})
        taking.append(time.perf_counter() - start)
        if not desk["assignments"]:
            break
        for each in desk["assignments"]:
            start = time.perf_counter()
            client.call("POST", f"/assignments/{each['id']}/answer", {"label": "yes"})
            submitting.append(time.perf_counter() - start)
            answers += 1
    out.put((answers, taking, submitting))


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", default="sqlite")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--page", type=int, default=1, help="items taken at a time")
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "CROWDQC_DATA_DIR": folder}
        if asked.database != "sqlite":
            environ["CROWDQC_DATABASE_URL"] = asked.database
        command = [sys.executable, "-m", "app.cli"]
        subprocess.run([*command, "admin", "boss", "--password", "password"], env=environ, check=True, stdout=-3)
        server = subprocess.Popen([*command, "serve", "--port", str(PORT)], env=environ, stdout=subprocess.DEVNULL)
        try:
            measure(asked)
        finally:
            server.terminate()
            server.wait(30)


def measure(asked: argparse.Namespace) -> None:
    for _ in range(100):
        try:
            boss = Client(Client().call("POST", "/sign-in", {"name": "boss", "password": "password"})["token"])
            break
        except OSError:
            time.sleep(0.1)
    tokens = []
    for number in range(max(asked.workers)):
        name = f"worker{number}"
        boss.call("POST", "/people", {"name": name, "password": "password", "roles": ["worker"]})
        tokens.append(Client().call("POST", "/sign-in", {"name": name, "password": "password"})["token"])
    print("workers  page  answers/s   take p50/p95 ms   submit p50/p95 ms   over the overlap")
    for number in asked.workers:
        plan = {"overlap": OVERLAP, "gold_share": 0}
        wanted = {"name": f"bench {number}", "question": "?", "classes": ["yes", "no"], "plan": plan}
        project = boss.call("POST", "/projects", wanted)["id"]
        batch = "item,text\n" + "".join(f"{each},text {each}\n" for each in range(ITEMS))
        boss.call("POST", f"/projects/{project}/batches?filename=a.csv", batch.encode(), "text/csv")
        while boss.call("GET", f"/projects/{project}/progress")["items"]["open"] < ITEMS:
            time.sleep(0.2)
        boss.call("PUT", f"/projects/{project}/state", {"state": "open"})
        queue: Any = multiprocessing.Queue()
        start = time.time()
        processes = [
            multiprocessing.Process(target=work, args=(token, project, asked.page, start + asked.seconds, queue))
            for token in tokens[:number]
        ]
        for process in processes:
            process.start()
        found = [queue.get() for _ in processes]
        taken = time.time() - start
        for process in processes:
            process.join()
        answers = sum(each[0] for each in found)
        taking = [value for each in found for value in each[1]]
        submitting = [value for each in found for value in each[2]]
        print(
            f"{number:7} {asked.page:5} {answers / taken:10.0f}   "
            f"{percentile(taking, 0.5):7.1f} /{percentile(taking, 0.95):6.1f}   "
            f"{percentile(submitting, 0.5):9.1f} /{percentile(submitting, 0.95):6.1f}   {over(boss, project):10}"
        )


def over(boss: Client, project: str) -> int:
    """Count the items that have more answers than their overlap."""
    count, after = 0, ""
    while True:
        page = boss.call("GET", f"/projects/{project}/items?limit=500{after}")
        count += sum(sum(item["counts"].values()) > item["overlap"] for item in page["data"])
        if page["next"] is None:
            return count
        after = f"&after={page['next']}"


if __name__ == "__main__":
    main()
