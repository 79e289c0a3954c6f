"""One project from its making to its labels, through the pages, by everybody who has a part in it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from crowdqc.assembly import assemble
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.settings import Settings
from tests.ground import chromium
from tests.ground.server import Served

PASSWORD = "a long enough one"
ITEMS = 'item,text,gold\n1,"Loved it",\n2,"What a waste",\n3,"So-so",\n4,"Best ever",good\n5,,\n'
#: What each worker presses, by the text of the item: 1 is good, 2 is bad.
PRESSED = {
    "ann": {"Loved it": "1", "What a waste": "2", "So-so": "3", "Best ever": "1"},
    "ben": {"Loved it": "1", "What a waste": "2", "So-so": "2", "Best ever": "1"},
    "cat": {"Loved it": "1", "What a waste": "2", "So-so": "1", "Best ever": "2"},
}


@pytest.fixture
def visit(served: Served, browser: Browser, watch: chromium.Watch) -> Iterator[Callable[[str], Page]]:
    """Give a way to sit down at a browser of one's own, signed in."""
    contexts: list[BrowserContext] = []

    def sit_down(name: str) -> Page:
        context = browser.new_context(locale="en-GB", timezone_id="UTC")
        context.set_default_timeout(10_000)
        watch.over(context)
        contexts.append(context)
        return _signed_in(context, served, name)

    yield sit_down
    for context in contexts:
        context.close()
    assert watch.unexpected() == []


def test_a_project_from_its_making_to_its_labels(
    served: Served, visit: Callable[[str], Page], watch: chromium.Watch, tmp_path: Path
) -> None:
    watch.expect("status of 422")
    _first_admin(served)
    _make_people(visit("boss"), served)
    requester = visit("req")
    project = _make_project(requester, served)
    _upload(requester, tmp_path)
    requester.get_by_role("link", name="Overview").click()
    requester.get_by_role("button", name="Open to workers").click()
    expect(requester.get_by_role("status").first).to_contain_text("workers can answer")

    for name, pressed in PRESSED.items():
        _answer(visit(name), pressed)

    _review(visit("exa"), project, requester)
    _read_workers(visit("lea"), project)
    _download(requester, project)


def _first_admin(served: Served) -> None:
    settings = Settings(
        data_dir=str(served.data), database_url=served.database_url, password_memory=8, password_passes=1
    )
    place = assemble(settings)
    try:
        with place.transaction() as tx:
            people.create(tx, name="boss", password=PASSWORD, roles=[Role.ADMIN])
    finally:
        place.close()


def _signed_in(context: BrowserContext, served: Served, name: str) -> Page:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def _make_people(page: Page, served: Served) -> None:
    """The admin is led to the people, and makes everybody."""
    expect(page).to_have_url(f"{served.url}/people")
    roles = {"req": "requester", "exa": "expert", "lea": "QA lead"} | dict.fromkeys(PRESSED, "worker")
    for name, role in roles.items():
        form = page.locator("form[action='/people']")
        form.get_by_label("Name").fill(name)
        form.get_by_label("Password").fill(PASSWORD)
        form.get_by_label(role).check()
        form.get_by_role("button", name="Make the person").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()


def _make_project(page: Page, served: Served) -> str:
    """What is wrong is said at its field, and nothing typed is lost."""
    expect(page).to_have_url(f"{served.url}/projects")
    page.get_by_role("link", name="New project").click()
    page.get_by_label("Name").fill("Reviews of films")
    page.get_by_label("Question").fill("Did they like it?")
    page.get_by_label("Classes").fill("good\nbad\nbad")
    page.get_by_label("Guidelines").fill("Think of the film,\nnot of the writer.")
    page.get_by_label("Gold among").fill("100")
    page.get_by_role("button", name="Make the project").click()
    expect(page.locator("#classes-wrong")).to_contain_text("'bad' is named twice")
    expect(page.get_by_label("Question")).to_have_value("Did they like it?")
    page.get_by_label("Classes").fill("good\nbad\nneither")
    page.get_by_role("button", name="Make the project").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reviews of films")
    return page.url.split("?")[0]


def _upload(page: Page, tmp_path: Path) -> None:
    """The upload is watched without a hand, and its bad line is named."""
    file = tmp_path / "films.csv"
    file.write_text(ITEMS)
    page.get_by_label("File of items").set_input_files(file)
    page.get_by_role("button", name="Upload items").click()
    expect(page.locator("#upload")).to_contain_text("Read to the end: 4 rows taken, 1 at fault")
    expect(page.get_by_role("row", name=re.compile("^6 row "))).to_contain_text("nothing in it to show")


def _answer(page: Page, pressed: dict[str, str]) -> None:
    """A worker answers by keyboard alone, until nothing is left."""
    with page.expect_navigation():
        page.get_by_role("button", name="Start").click()
    expect(page.locator("details.guidelines .text")).to_have_text("Think of the film,\nnot of the writer.")
    for number in range(len(pressed)):
        text = page.get_by_role("region", name="The item").inner_text().strip()
        page.keyboard.press(pressed[text])
        if number == 0:
            expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_role("status").first).to_contain_text("Your answer is kept.")
    expect(page.get_by_text("Finished: there is nothing left for you here.")).to_be_visible()


def _until(page: Page, shown: Callable[[], bool]) -> None:
    """Load a page again until the runner has done its part."""
    for _ in range(100):
        if shown():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError(page.inner_text("main"))


def _review(page: Page, project: str, requester: Page) -> None:
    """The expert corrects the doubtful item by keyboard, takes it back, and decides again."""
    _until(page, lambda: page.get_by_role("link", name="3", exact=True).count() > 0)
    page.get_by_role("link", name="3", exact=True).click()
    with page.expect_navigation():
        page.get_by_role("button", name="Take this case").click()
    expect(page.get_by_role("region", name="The item")).to_have_text("So-so")
    expect(page.get_by_role("heading", name="Why it is here")).to_be_visible()
    page.keyboard.press("2")
    page.get_by_label("Comment").fill("leans to bad")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("Your decision is kept")
    with page.expect_navigation():
        page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").first).to_contain_text("The decision is undone.")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Your decision is kept")
    requester.goto(f"{project}/items?item=3")
    expect(requester.get_by_role("row", name=re.compile("So-so"))).to_contain_text("neither decision")


def _read_workers(page: Page, project: str) -> None:
    """The QA lead sees who is how good, and on what it rests."""
    page.goto(f"{project}/workers")
    _until(page, lambda: "0 of 2" in page.get_by_role("row", name=re.compile("^cat ")).inner_text())
    expect(page.get_by_role("row")).to_have_count(4)
    page.get_by_role("link", name="Gold accuracy").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("cat")
    page.get_by_role("link", name="cat").click()
    expect(page.get_by_role("row", name=re.compile("^4 bad good"))).to_contain_text("no")
    expect(page.locator("table.matrix tbody tr")).to_have_count(3)


def _download(page: Page, project: str) -> None:
    """The requester gets every item with its label."""
    page.goto(project)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="labels as csv").click()
    rows = list(csv.DictReader(io.StringIO(Path(waiting.value.path()).read_text())))
    assert {row["item"]: row["label"] for row in rows} == {"1": "good", "2": "bad", "3": "neither", "4": "good"}
    assert {row["item"]: row["source"] for row in rows} == {
        "1": "consensus",
        "2": "consensus",
        "3": "decision",
        "4": "gold",
    }
