"""Label Studio, installed from PyPI into an environment of its own and started as a newcomer starts it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service_parts.clients import Told
from tests.ground.cluster import Cluster
from tests.ground.server import free_port

ADMIN = "admin@example.org"
CONFIG = """<View><Text name="text" value="$text"/><Choices name="said" toName="text" choice="single">
<Choice value="yes"/><Choice value="no"/></Choices></View>"""
RESULT = [{"from_name": "said", "to_name": "text", "type": "choices", "value": {"choices": ["yes"]}}]
ANSWER = json.dumps({"result": RESULT, "lead_time": 1.0}).encode()

#: It is to speak with nobody but us.
QUIET = {
    "COLLECT_ANALYTICS": "false",
    "LATEST_VERSION_CHECK": "false",
    "SENTRY_DSN": "",
    "FRONTEND_SENTRY_DSN": "",
    "FEATURE_FLAGS_OFFLINE": "true",
    "DEBUG": "false",
}
#: Workers with tokens of the old kind, which do not run out after some minutes.
PEOPLE = """
from organizations.models import Organization
from rest_framework.authtoken.models import Token
from users.models import User
home = Organization.objects.first()
home.jwt.legacy_api_tokens_enabled = True
home.jwt.save()
for number in range({number}):
    user = User.objects.create_user(email=f"worker{{number}}@example.org", password="correct horse battery")
    home.add_user(user)
    user.active_organization = home
    user.save()
    print("TOKEN", Token.objects.get_or_create(user=user)[0].key)
print("TOKEN", Token.objects.get_or_create(user=User.objects.get(email="{admin}"))[0].key)
"""


class NotThere(Exception):
    """Label Studio cannot be measured here, and why."""


@dataclass(frozen=True)
class LabelStudio:
    """A Label Studio that runs, with tokens of its workers; the last one is the admin's."""

    port: int
    tokens: Sequence[str]
    version: str

    def project(self, tasks: int, overlap: int) -> int:
        """Make a project of so many tasks."""
        made = self._call(
            "POST",
            "/api/projects/",
            {"title": f"bench {time.time()}", "label_config": CONFIG, "maximum_annotations": overlap},
        )
        rows = [{"data": {"text": f"text {number}"}} for number in range(tasks)]
        self._call("POST", f"/api/projects/{made['id']}/import", rows)
        return int(made["id"])

    def _call(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Token {self.tokens[-1]}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise NotThere(f"Label Studio refuses {method} {path}: {error.read(500)!r}") from None

    def crowd(self, project: int, workers: int, seconds: float) -> Told:
        """Have workers label for some seconds: next task, then submit, each on a connection that is kept alive."""
        told, lock, until = Told(), threading.Lock(), time.time() + seconds
        began = time.time()

        def work(token: str) -> None:
            mine = Told()
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

            def ask(kind: str, method: str, path: str, body: bytes | None = None) -> Any:
                started = time.perf_counter()
                try:
                    line.request(method, path, body, headers)
                    response = line.getresponse()
                    data = response.read()
                except (OSError, http.client.HTTPException) as error:
                    mine.refused[type(error).__name__] += 1
                    line.close()
                    return None
                mine.seconds[kind].append(time.perf_counter() - started)
                if response.status >= 400:
                    mine.refused[str(response.status)] += 1
                    return None
                return json.loads(data)

            while time.time() < until:
                task = ask("next", "GET", f"/api/projects/{project}/next")
                if task is None:
                    time.sleep(0.02)
                elif (
                    ask("submit", "POST", f"/api/tasks/{task['id']}/annotations/", ANSWER) and time.time() < until
                ):
                    mine.answers += 1
                    mine.took = time.time() - began
            line.close()
            with lock:
                told.add(mine)

        threads = [threading.Thread(target=work, args=(token,)) for token in self.tokens[:workers]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told.took = seconds
        return told


def installed(cache: Path) -> Path:
    """Give the environment that Label Studio is in, made where it is not there; raise NotThere."""
    home = cache / "label-studio"
    done = home / "installed"
    if not done.exists():
        print("Installing label-studio from PyPI; this takes some minutes ...", file=sys.stderr)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(home)],
            [str(home / "bin/python"), "-m", "pip", "install", "--quiet", "label-studio"],
        ):
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode:
                raise NotThere(f"Label Studio cannot be installed here: {made.stderr.strip()[-300:]}")
        done.touch()
    return home


@contextmanager
def running(home: Path, folder: Path, cluster: Cluster | None, workers: int) -> Iterator[LabelStudio]:
    """Run Label Studio on the same PostgreSQL, or on an SQLite file of its own where there is none."""
    folder.mkdir(parents=True)
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CROWDQC_")} | QUIET
    environ.pop("PYTHONPATH", None)
    environ |= {"LABEL_STUDIO_BASE_DATA_DIR": str(folder), "HOME": str(folder)}
    if cluster is None:
        environ |= {"DJANGO_DB": "sqlite"}
    else:
        name = folder.name.replace("-", "_")
        cluster.create(name)
        environ |= {
            "DJANGO_DB": "default",
            "POSTGRE_NAME": name,
            "POSTGRE_USER": "crowdqc",
            "POSTGRE_PASSWORD": "",
            "POSTGRE_HOST": "127.0.0.1",
            "POSTGRE_PORT": str(cluster.port),
        }
    who = ["--username", ADMIN, "--password", "correct horse battery", "--enable-legacy-api-token"]
    command = [str(home / "bin/label-studio"), "start", "--no-browser", "--port", str(port), *who]
    log = folder / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        version = _wait(port, server, log)
        made = _people(home, environ, workers)
        yield LabelStudio(port, made, version)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        if cluster is not None:
            cluster.drop(name)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path, patience: float = 600.0) -> str:
    until = time.monotonic() + patience
    while True:
        asking = f"http://127.0.0.1:{port}/api/version"
        with suppress(OSError, ValueError), urllib.request.urlopen(asking, timeout=10) as answer:
            return str(json.load(answer)["release"])
        if server.poll() is not None or time.monotonic() > until:
            raise NotThere(f"Label Studio does not come up: {log.read_text(errors='replace')[-500:]}")
        time.sleep(1.0)


def _people(home: Path, environ: dict[str, str], number: int) -> list[str]:
    manage = next(home.glob("lib/*/site-packages/label_studio/manage.py"))
    code = PEOPLE.format(number=number, admin=ADMIN)
    command = [str(home / "bin/python"), str(manage), "shell", "-c", code]
    told = subprocess.run(command, env=environ, cwd=manage.parent, capture_output=True, text=True)
    tokens = [line.split()[1] for line in told.stdout.splitlines() if line.startswith("TOKEN ")]
    if len(tokens) != number + 1:
        raise NotThere(f"Label Studio makes no users: {told.stderr[-500:]}")
    return tokens
