"""Much at once: items in beside a bare COPY of the same file, labels out, and the memory that it takes."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from argparse import Namespace
from pathlib import Path

import psycopg

from crowdqc.services import people
from service_parts import filling, serving
from service_parts.tables import Goal, Table, goals
from tests.ground.cluster import Cluster

SENTENCE = "The quick brown fox jumps over the lazy dog and goes home again before it is night: number"
OUT = ("labels.csv", "labels.jsonl", "answers.csv")


def measure(asked: Namespace, cluster: Cluster, folder: Path) -> list[Table]:
    """Bring items in by COPY and by upload in turns, then answers and a run, then take the labels out."""
    file = folder / "items.csv"
    with file.open("w") as out:
        out.write("item,text\n")
        for number in range(asked.rows):
            out.write(f"item-{number:09},{SENTENCE} {number}\n")
    url = cluster.create("bulk")
    copied, uploaded = [], []
    with filling.ground(folder / "bulk", url) as ground, serving.production(folder / "bulk", url) as service:
        with ground.place.transaction() as tx:
            token = people.create_token(tx, ground.owner, name="bench")[1]
        door = Door(service.port, token)
        for turn in range(asked.rounds):
            copied.append(_copy(url, file))
            project = door.project(f"bulk {turn}")
            uploaded.append(door.bring(project, "batches", file))
            print(f"in: COPY {copied[-1]:.1f} s, upload {uploaded[-1]:.1f} s", flush=True)
        into = _peak(service)
        answers = folder / "answers.csv"
        with answers.open("w") as out:
            out.write("worker,item,label\n")
            for number in range(asked.rows):
                out.write(f"worker-{number % 500},item-{number:09},{'yes' if number % 3 else 'no'}\n")
        answered = door.bring(project, "answers", answers)
        service.settle(3600)
        # The run that the answers caused gives the labels.
        print(f"in: answers {answered:.1f} s; memory {into}", flush=True)
        out_of, labels = [], 0.0
        for name in OUT:
            before = _peak(service)
            times = [door.take(project, name) for _ in range(asked.rounds)]
            rows, size = times[0][1:]
            seconds = statistics.median(each[0] for each in times)
            grown = _peak(service)["web"] - before["web"]
            out_of.append(
                [name, f"{rows:,}", f"{rows / seconds:,.0f}", f"{size / seconds / 1e6:,.1f}", f"{grown:,}"]
            )
            labels = labels or rows / seconds
            print("out:", *out_of[-1], flush=True)
        peak = _peak(service)
    cluster.drop("bulk")
    copy, upload = statistics.median(copied), statistics.median(uploaded)
    ratio = statistics.median(one / two for one, two in zip(uploaded, copied, strict=True))
    head = ["", "seconds", "rows/s", "by COPY"]
    rate = [f"{asked.rows / copy:,.0f}", f"{asked.rows / upload:,.0f}", f"{asked.rows / answered:,.0f}"]
    rows_in = [
        ["COPY into a table without keys", f"{copy:.2f}", rate[0], "1"],
        ["items, from the first byte sent to the last item kept", f"{upload:.2f}", rate[1], f"{ratio:.1f}"],
        ["answers, the same way", f"{answered:.2f}", rate[2], f"{answered / copy:.1f}"],
    ]
    said = f"{asked.rows:,} rows of csv, medians of {asked.rounds} rounds. "
    said += f"The runner had {into['runner']:,} MiB at most."
    told = f"Over HTTP to one client. A web process had {peak['web']:,} MiB at most."
    wanted = [
        Goal("items, the time of COPY", ratio, 6, most=True),
        Goal("labels.csv", labels, 200_000, " rows/s"),
    ]
    return [
        Table("Much at once: in", said, head, rows_in),
        Table("Much at once: out", told, ["", "rows", "rows/s", "MB/s", "MiB more at the peak"], out_of),
        goals("What is wanted of much at once", wanted),
    ]


class Door:
    """The front door for a requester."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {token}"}

    def project(self, name: str) -> str:
        wanted = {"name": name, "question": "?", "classes": ["yes", "no"], "plan": {"overlap": 1, "gold_share": 0}}
        project = self._call("POST", "/projects", json.dumps(wanted).encode(), "application/json")["id"]
        self._call("PUT", f"/projects/{project}/state", b'{"state": "open"}', "application/json")
        return str(project)

    def bring(self, project: str, kind: str, file: Path) -> float:
        """Upload a file; give the seconds until all of it is kept."""
        started = time.perf_counter()
        line = http.client.HTTPConnection("127.0.0.1", self._port)
        headers = {**self._headers, "Content-Type": "text/csv", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as content:
            line.request("POST", f"/api/v1/projects/{project}/{kind}?filename={file.name}", content, headers)
            upload = json.loads(line.getresponse().read())
        line.close()
        while True:
            told = self._call("GET", f"/uploads/{upload['id']}")
            if told["state"] == "done":
                return time.perf_counter() - started
            if told["state"] == "failed":
                raise RuntimeError(told["failure"])
            time.sleep(0.1)

    def take(self, project: str, name: str) -> tuple[float, int, int]:
        """Download an export; give the seconds, its rows and its bytes."""
        line = http.client.HTTPConnection("127.0.0.1", self._port)
        started = time.perf_counter()
        line.request("GET", f"/api/v1/projects/{project}/exports/{name}", headers=self._headers)
        response = line.getresponse()
        lines = size = 0
        while part := response.read(1 << 20):
            lines += part.count(b"\n")
            size += len(part)
        line.close()
        if response.status != 200:
            raise RuntimeError(f"{name}: {response.status}")
        return time.perf_counter() - started, lines - name.endswith("csv"), size

    def _call(self, method: str, path: str, body: bytes | None = None, kind: str = "text/csv") -> dict[str, str]:
        line = http.client.HTTPConnection("127.0.0.1", self._port)
        line.request(method, f"/api/v1{path}", body, {**self._headers, "Content-Type": kind})
        response = line.getresponse()
        data = response.read()
        line.close()
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {data[:300]!r}")
        found: dict[str, str] = json.loads(data) if data else {}
        return found


def _copy(url: str, file: Path) -> float:
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS bare")
        connection.execute("CREATE TABLE bare (item text, content text)")
        started = time.perf_counter()
        with (
            file.open("rb") as content,
            connection.cursor().copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy,
        ):
            while part := content.read(1 << 18):
                copy.write(part)
        connection.commit()
        return time.perf_counter() - started


def _peak(service: serving.Service) -> dict[str, int]:
    """Give the most memory that a web process and the runner ever had, in MiB; 0 where nobody tells."""
    web, runner = service.processes
    try:
        children = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
    except OSError:
        children = []
    return {"web": max(map(_high, children), default=0), "runner": _high(str(runner.pid))}


def _high(pid: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")), 0)
