"""The whole job over HTTP: a requester, workers, an expert and a QA lead at a real server, on each database."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from crowdqc.assembly import assemble
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.settings import Settings
from tests.ground.server import Served

CLASSES = ["cat", "dog", "fox"]
PLAIN, GOLD, WORKERS = 24, 6, 4
PASSWORD = "correct horse battery"

#: Items whose predictions are sure of something else than the crowd.
CONTRADICTED = (2, 5)


class Refused(Exception):
    """The server said no; the document says why."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        super().__init__(f"{status}: {told}")
        self.status, self.told = status, told


class Caller:
    """Somebody at a terminal."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = f"{url}/api/v1", token

    def call(
        self, method: str, path: str, body: object = None, *, file: bytes | None = None, **query: str
    ) -> bytes:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        data = file
        if file is not None:
            headers["Content-Type"] = "text/csv"
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        address = self.url + path + (f"?{urlencode(query)}" if query else "")
        request = urllib.request.Request(address, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, json.load(error)) from None

    def get(self, path: str, **query: Any) -> Any:
        return json.loads(self.call("GET", path, **query))

    def send(self, path: str, body: object, method: str = "POST") -> Any:
        return json.loads(self.call(method, path, body) or "null")

    def bring(self, path: str, rows: str, **query: str) -> Any:
        told = json.loads(self.call("POST", path, file=rows.encode(), **query))
        return until(
            lambda: (found := self.get(f"/uploads/{told['id']}"))["state"] in ("done", "failed") and found
        )


def until(found: Callable[[], Any], patience: float = 60.0) -> Any:
    """Wait for what happens by itself."""
    end = time.monotonic() + patience
    while not (value := found()):
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)
    return value


def truth(number: int) -> str:
    return CLASSES[number % 3]


def batch() -> str:
    rows = [f"item-{n},{truth(n)} {n},{truth(n) if n >= PLAIN else ''}" for n in range(PLAIN + GOLD)]
    return "\n".join(["item,text,gold", *rows])


def predictions() -> str:
    rows = []
    for number in range(PLAIN):
        told = truth(number + (number in CONTRADICTED))
        rows.append(f"item-{number}," + ",".join("0.98" if name == told else "0.01" for name in CLASSES))
    return "\n".join(["item," + ",".join(f"p:{name}" for name in CLASSES), *rows])


class Office:
    """The people of an installation."""

    def __init__(self, served: Served) -> None:
        self.url = served.url
        place = assemble(
            Settings(
                data_dir=str(served.data), database_url=served.database_url, password_memory=8, password_passes=1
            )
        )
        try:
            with place.transaction() as tx:
                people.create(tx, name="admin", password=PASSWORD, roles=[Role.ADMIN])
        finally:
            place.close()
        self.admin = self.signed_in("admin")

    def person(self, name: str, *roles: str) -> Caller:
        self.admin.send("/people", {"name": name, "password": PASSWORD, "roles": roles})
        return self.signed_in(name)

    def signed_in(self, name: str) -> Caller:
        token = Caller(self.url).send("/sign-in", {"name": name, "password": PASSWORD})["token"]
        return Caller(self.url, token)


def work(worker: Caller, project: str, wrong: Callable[[int], bool]) -> int:
    """Answer until nothing is left; give the number of answers."""
    given = 0
    while True:
        try:
            desk = worker.send(f"/desk/{project}/next", {"count": 3})
        except Refused as refused:
            if refused.status not in (409, 503):
                raise
            continue
        if desk["supply"] == "finished":
            return given
        if desk["supply"] == "later":
            time.sleep(0.05)
            continue
        for each in desk["assignments"]:
            label, number = each["content"]["text"].split()
            if wrong(int(number)):
                label = CLASSES[(CLASSES.index(label) + 1) % 3]
            for _ in range(2):
                # The line may break after the answer was kept: it is sent again, and is one answer.
                answer = worker.send(f"/assignments/{each['id']}/answer", {"label": label})
            assert answer["late"] is False
            given += 1


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """Do all at the same time; raise what one of them raised."""
    results: list[Any] = [None] * len(tasks)

    def do(number: int) -> None:
        try:
            results[number] = tasks[number]()
        except BaseException as error:
            results[number] = error

    threads = [threading.Thread(target=do, args=(number,)) for number in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def settled(caller: Caller, project: str) -> Any:
    """Wait until the newest answers and decisions are in the newest run; give the progress."""

    def quiet() -> Any:
        progress = caller.get(f"/projects/{project}/progress")
        unfinished = caller.get("/health")["unfinished_jobs"]
        return not progress["run_waits"] and unfinished == 0 and progress["latest_run"] and progress

    return until(quiet)


def table(caller: Caller, project: str, name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(caller.call("GET", f"/projects/{project}/exports/{name}.csv").decode()))]


def test_the_whole_job(served: Served) -> None:
    office = Office(served)
    requester, expert = office.person("rita", "requester"), office.person("emil", "expert")
    lead = office.person("quinn", "qa_lead")
    workers = [office.person(f"worker-{number}", "worker") for number in range(WORKERS)]

    # A project, its batch and its opening.
    made = requester.send(
        "/projects",
        {
            "name": "Animals",
            "question": "What is it?",
            "classes": CLASSES,
            "guidelines": "Look twice.",
            "plan": {"overlap": 3, "max_overlap": 3, "gold_share": 0.3},
        },
    )
    project, mine = made["id"], f"/projects/{made['id']}"
    assert made["state"] == "draft"
    with pytest.raises(Refused) as refused:
        workers[0].send(f"/desk/{project}/next", {})
    assert refused.value.status == 404
    upload = requester.bring(f"{mine}/batches", batch(), filename="animals.csv")
    assert (upload["state"], upload["kept"], upload["faulty"]) == ("done", PLAIN + GOLD, 0)
    again = requester.bring(f"{mine}/batches", batch(), filename="animals.csv")
    assert again["id"] == upload["id"]
    requester.send(f"{mine}/state", {"state": "open"}, "PUT")

    # Everybody answers at the same time; one of them is wrong in a third of the cases.
    given = at_once(
        *(
            lambda worker=worker, number=number: work(worker, project, lambda n: number == 0 and n % 3 == 0)
            for number, worker in enumerate(workers)
        )
    )
    progress = requester.get(f"{mine}/progress")
    assert progress["answers_counted"] == progress["answers_wanted"] == PLAIN * 3
    assert sum(given) == progress["answers"]
    assert progress["items"]["open"] == 0
    assert progress["items"]["gold"] == GOLD
    answered = table(requester, project, "answers")
    assert len({(row["worker"], row["item"]) for row in answered}) == len(answered) == sum(given)

    # The labels come by themselves.
    progress = settled(requester, project)
    assert progress["latest_run"]["cause"] == "answers"
    assert progress["latest_run"]["summary"]["answers"] == sum(given)
    labels = {row["item"]: row for row in table(requester, project, "labels")}
    right = [labels[f"item-{n}"]["label"] == truth(n) for n in range(PLAIN + GOLD)]
    assert sum(right) >= PLAIN + GOLD - 2
    assert all(labels[f"item-{n}"]["source"] == "gold" for n in range(PLAIN, PLAIN + GOLD))

    # What a model says otherwise goes to the expert.
    reviewed = {row["item"] for row in expert.get("/reviews", project=project, limit="500")["data"]}
    told = requester.bring(f"{mine}/predictions", predictions(), filename="p.csv", model="net", version="1")
    assert (told["state"], told["kept"]) == ("done", PLAIN)
    settled(requester, project)
    queue = expert.get("/reviews", project=project, limit="500")["data"]
    contradicted = {f"item-{n}" for n in CONTRADICTED}
    assert contradicted <= {row["item"] for row in queue} | reviewed
    case = next(row for row in queue if row["item"] == f"item-{CONTRADICTED[0]}")
    assert any(reason["signal"] == "contradiction" and reason["words"] for reason in case["reasons"])

    # He claims it, sees the evidence, corrects it, thinks again, and corrects it otherwise.
    path = f"/reviews/{case['id']}"
    expert.send(f"{path}/claim", {})
    seen = expert.get(path)
    crowd = truth(CONTRADICTED[0])
    assert seen["consensus"] == crowd
    assert len([answer for answer in seen["answers"] if answer["counted"]]) == 3
    assert max(seen["predictions"][0]["probabilities"].items(), key=lambda each: each[1])[0] != crowd
    first, second = (name for name in CLASSES if name != crowd)
    decided = expert.send(f"{path}/decision", {"verdict": "correct", "label": first, "comment": "clear"})
    assert (decided["state"], decided["verdict"]) == ("decided", "correct")
    assert expert.send(f"{path}/undo", {})["state"] == "claimed"
    expert.send(f"{path}/decision", {"verdict": "correct", "label": second})
    actions = [event["action"] for event in expert.get(path)["events"]]
    assert actions[-4:] == ["claimed", "decided", "undone", "decided"]

    # He decides the rest, whatever it is.
    while (case := expert.send("/reviews/next", {"project": project})["review"]) is not None:
        expert.send(
            f"/reviews/{case['id']}/decision", {"verdict": "correct", "label": truth(int(case["item"][5:]))}
        )
        settled(requester, project)

    # The next run holds to what he said.
    progress = settled(requester, project)
    assert progress["reviews"].get("open", 0) == progress["reviews"].get("claimed", 0) == 0
    labels = {row["item"]: row for row in table(requester, project, "labels")}
    row = labels[f"item-{CONTRADICTED[0]}"]
    assert (row["label"], row["source"], row["state"]) == (second, "decision", "decided")
    assert (row["crowd_label"], row["verdict"], row["decided_by"]) == (crowd, "correct", "emil")
    assert json.loads(row["posterior"])[second] == 1.0
    assert row["run"] == progress["latest_run"]["id"]
    assert {each["batch"] for each in labels.values()} == {upload["id"]}
    decided_rows = table(requester, project, "reviews")
    assert {each["item"] for each in decided_rows} >= contradicted

    # The QA lead sees who is how good, and asks for the run again: it comes out the same.
    scores = {each["worker"]: each for each in lead.get(f"{mine}/workers")["data"]}
    assert scores.keys() == {f"worker-{n}" for n in range(WORKERS)}
    weak = scores.pop("worker-0")
    assert all(each["consensus_accuracy"] > weak["consensus_accuracy"] for each in scores.values())
    repeated = lead.send(f"/runs/{progress['latest_run']['id']}/repetitions", None)
    done = until(lambda: (found := lead.get(f"/runs/{repeated['id']}"))["state"] == "done" and found)
    assert (done["repetition"], done["summary"]["same_input"], done["summary"]["same_output"]) == (
        True,
        True,
        True,
    )

    # The same items and answers in another project give the same labels.
    twin = requester.send(
        "/projects", {"name": "Twin", "question": "?", "classes": CLASSES, "plan": made["plan"]}
    )["id"]
    items = requester.call("GET", f"{mine}/exports/items.csv").decode()
    answers = requester.call("GET", f"{mine}/exports/answers.csv").decode()
    assert requester.bring(f"/projects/{twin}/batches", items, filename="i.csv")["kept"] == PLAIN + GOLD
    told = requester.bring(f"/projects/{twin}/answers", answers, filename="a.csv")
    assert (told["state"], told["kept"], told["faulty"]) == ("done", sum(given), 0)
    settled(requester, twin)
    said = {row["item"]: row["label"] for row in table(requester, twin, "labels")}
    undecided = {item: row["label"] for item, row in labels.items() if row["source"] != "decision"}
    assert {item: said[item] for item in undecided} == undecided
    assert said[f"item-{CONTRADICTED[0]}"] == crowd

    # Nobody else sees any of it, and nothing has failed on the way.
    stranger = office.person("stranger", "requester")
    assert stranger.get("/projects")["data"] == []
    with pytest.raises(Refused) as refused:
        stranger.get(mine)
    assert refused.value.status == 404
    assert office.admin.get("/jobs", state="failed")["data"] == []
