"""Nothing that a worker is sent holds gold, truth, metadata or what others said, or tells gold from the rest."""

from __future__ import annotations

import re
import uuid
from typing import Any

from app.http import Api
from crowdqc.roles import Role
from tests.app.doors import CLASSES, TELL, Door, Entrance, World, batch, project_of
from tests.ground.clock import Clock

#: Names of fields that are not for workers.
HIDDEN = {"gold", "truth", "metadata", "meta", "item", "key", "truth_source", "counts", "consensus", "posterior"}


def names(value: object) -> set[str]:
    """Give all names in a JSON value, but for those within the content of an item, which is shown as it is."""
    if isinstance(value, dict):
        inner = [names(each) for name, each in value.items() if name not in ("content", "draft")]
        return set(value).union(*inner)
    return set().union(*map(names, value)) if isinstance(value, list) else set()


class Watched(Door):
    """A worker's door that remembers all that came through it."""

    def __init__(self, door: Door) -> None:
        super().__init__(door.client, door.token)
        self.seen: list[Any] = []

    def __call__(self, method: str, path: str, **request: Any) -> Any:
        response = super().__call__(method, path, **request)
        self.seen.append(response)
        return response


def test_no_response_to_a_worker_tells_what_is_hidden(world: World) -> None:
    # More to do, gold among it, after a decision and predictions were made.
    review = world.expert.post("/reviews/next")["review"]
    told = f"{TELL} remark"
    world.expert.post(f"/reviews/{review['id']}/decision", verdict="correct", label="cat", comment=told)
    # As many plain items as are asked for: how many of the ten are gold is left to chance.
    world.owner.bring(world.project, "batches", batch(12, 6).replace("-key-", "-later-"))
    world.work()
    worker = Watched(world.entrance.door(Role.WORKER, name="wanda"))
    desk = worker.post(f"/desk/{world.project}/next", count=10)
    assert len(desk["assignments"]) == 10
    first, second, third, *rest = [each["id"] for each in desk["assignments"]]
    worker.get("/desk")
    worker.get("/me")
    worker.get(f"/desk/{world.project}")
    worker.put(f"/assignments/{first}/draft", draft={"label": "cat"})
    worker.get(f"/assignments/{first}")
    worker.post(f"/assignments/{first}/answer", label="cat")
    worker.post(f"/assignments/{first}/answer", label="cat")
    assert worker("POST", f"/assignments/{first}/answer", json={"label": "dog"}).status_code == 409
    assert worker("POST", f"/assignments/{second}/answer", json={"label": "bird"}).status_code == 422
    worker.post(f"/assignments/{second}/skip", reason="no")
    assert worker("POST", f"/assignments/{second}/answer", json={"label": "cat"}).status_code == 409
    worker.post(f"/assignments/{third}/report", reason="other", comment="odd")
    for each in rest:
        worker.post(f"/assignments/{each}/answer", label="dog")
    world.work()
    while found := worker.post(f"/desk/{world.project}/next", count=50)["assignments"]:
        for each in found:
            worker.post(f"/assignments/{each['id']}/answer", label="dog")
    world.work()
    worker.get("/desk")
    # Whatever else he tries.
    for operation in Api.operations:
        path = operation.path.replace("{file}", "labels.csv")
        for name, value in world.ids.items():
            path = path.replace(f"{{{name}}}", value)
        path = re.sub(r"{\w+}", str(uuid.uuid4()), path)
        worker(operation.method, path, **({} if operation.method == "GET" else {"json": {}}))
    answered = {route.split(" ")[1] for route in (f"{r.request.method} {r.request.path}" for r in worker.seen)}
    assert len(answered) > 40
    for response in worker.seen:
        where = response.request.method, response.request.path, response.status
        assert TELL not in response.text, where
        assert TELL not in str(response.headers), where
        if response.is_json and response.status_code < 300:
            assert not names(response.json) & HIDDEN, where


def test_no_page_of_a_worker_tells_what_is_hidden(world: World) -> None:
    world.owner.bring(world.project, "batches", batch(16, 8).replace("-key-", "-later-"))
    world.work()
    client, guard = world.entrance.browser(Role.WORKER)
    desk = f"/desk/{world.project}"
    pages = [client.post(f"{desk}/next", data={"csrf": guard})]
    shown = set()
    for number in range(40):
        page = client.get(desk)
        pages.append(page)
        found = re.search(rf"{desk}/([0-9a-f-]+)/answer", page.text)
        if found is None:
            break
        shown |= set(re.findall(r"(?:cat|dog|neither) number \d+", page.text))
        end, form = [
            ("answer", {"label": "cat"}),
            ("answer", {"label": "bird"}),
            ("skip", {"reason": "I cannot tell"}),
            ("report", {"reason": "other", "comment": "odd"}),
        ][number % 4]
        pages.append(client.post(f"{desk}/{found[1]}/{end}", data={"csrf": guard, **form}))
    world.work()
    pages += [client.get(path) for path in ("/", "/desk", desk, "/account", "/api/docs")]
    pages += [client.get(f"/{kind}s/{world.ids[kind]}") for kind in ("project", "item", "review")]
    # Both kinds were seen.
    assert {f"{CLASSES[n % 3]} number {n}" for n in range(6)} & shown
    assert {f"{CLASSES[n % 3]} number {n}" for n in range(16, 24)} & shown
    for page in pages:
        where = page.request.method, page.request.path, page.status
        assert page.status_code < 500, where
        assert TELL not in page.text, where
        assert TELL not in str(page.headers), where
        assert not re.search(r"\bgold|\btruth", page.text, re.IGNORECASE), where
        assert "default-src 'self'" in page.headers["Content-Security-Policy"], where
        assert page.headers["X-Content-Type-Options"] == "nosniff", where


def masked(value: Any) -> Any:
    """Give a response without what differs between any two assignments."""
    if isinstance(value, dict):
        return {
            name: "..." if name in ("id", "assignment", "content", "instance") else masked(each)
            for name, each in value.items()
        }
    return [masked(each) for each in value] if isinstance(value, list) else value


def life(worker: Door, assignment: dict[str, Any], end: str, clock: Clock) -> list[Any]:
    """Lead an assignment through all that can happen to it; give every response, masked, as text: order counts."""
    path = f"/assignments/{assignment['id']}"
    seen: list[Any] = [assignment]

    def call(method: str, part: str, body: object = None) -> None:
        response = worker(method, path + part, json=body)
        seen.append([response.status, [*response.headers.keys()], response.json if response.data else None])

    call("GET", "")
    call("PUT", "/draft", {"draft": {"label": "cat"}})
    call("GET", "")
    call("POST", "/answer", {"label": "no such class"})
    if end == "skip":
        call("POST", "/skip", {"reason": "cannot tell"})
    elif end == "report":
        call("POST", "/report", {"reason": "no_class_fits", "comment": "none"})
    elif end == "return":
        call("POST", "/heartbeat", {})
        call("POST", "/return", {})
    elif end == "late":
        start = clock.now
        clock.advance(3600)
        call("POST", "/answer", {"label": "cat"})
        clock.now = start
    call("POST", "/answer", {"label": "cat", "seconds": 1.5, "comment": "sure"})
    call("POST", "/answer", {"label": "dog"})
    call("POST", "/skip", {"reason": "too late"})
    call("PUT", "/draft", {"draft": {}})
    call("GET", "")
    return [repr(masked(each)) for each in seen]


def test_gold_lives_as_other_items_do(entrance: Entrance, clock: Clock) -> None:
    """The same fields in the same order, the same moments and leases, the same words, whatever is done."""
    owner = entrance.door(Role.REQUESTER)
    project = project_of(owner, overlap=2, gold_share=0.5)
    owner.bring(project, "batches", batch(20, 20))
    owner.put(f"/projects/{project}/state", state="open")
    World(entrance, clock, owner, [], owner, owner, owner, project).work()
    worker = entrance.door(Role.WORKER)
    taken: list[dict[str, Any]] = []
    while found := worker.post(f"/desk/{project}/next", count=40)["assignments"]:
        fresh = [each for each in found if each["id"] not in {old["id"] for old in taken}]
        if not fresh:
            break
        taken += fresh
    golden = {f"{CLASSES[n % 3]} number {n}" for n in range(20, 40)}
    by_kind: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for each in taken:
        by_kind[each["content"]["text"] in golden].append(each)
    assert min(map(len, by_kind.values())) >= 5
    for number, end in enumerate(("answer", "skip", "report", "late", "return")):
        lives = [life(worker, by_kind[kind][number], end, clock) for kind in (True, False)]
        assert lives[0] == lives[1], end


def test_gold_comes_in_no_order(entrance: Entrance, clock: Clock) -> None:
    owner = entrance.door(Role.REQUESTER)
    project = project_of(owner, gold_share=0.5)
    owner.bring(project, "batches", batch(40, 40))
    owner.put(f"/projects/{project}/state", state="open")
    World(entrance, clock, owner, [], owner, owner, owner, project).work()
    golden = {f"{CLASSES[n % 3]} number {n}" for n in range(40, 80)}
    patterns = set()
    for _ in range(6):
        worker = entrance.door(Role.WORKER)
        found = worker.post(f"/desk/{project}/next", count=20)["assignments"]
        again = worker.get(f"/desk/{project}")["assignments"]
        assert [each["id"] for each in again] == [each["id"] for each in found]
        # Ids tell no order of their own but that of the list.
        patterns.add(tuple(each["content"]["text"] in golden for each in found))
        assert len({(each["leased_at"], each["expires_at"], each["guideline_version"]) for each in found}) == 1
    assert len(patterns) > 1
    firsts = [pattern.index(True) for pattern in patterns]
    assert all(any(pattern) and not all(pattern) for pattern in patterns)
    # By chance gold leads, and by chance it does not: neither all at the front nor all at the end, every time.
    assert any(sorted(pattern) != list(pattern) for pattern in patterns)
    assert any(sorted(pattern, reverse=True) != list(pattern) for pattern in patterns), firsts
