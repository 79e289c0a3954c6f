"""From a training to the desk in a real browser, by keyboard, on a phone: a worker learns, passes, works."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from crowdqc.assembly import assemble
from crowdqc.roles import Role
from crowdqc.services import people
from crowdqc.settings import Settings
from tests.ground.server import Served

PASSWORD = "a long enough one"
PHONE = {"width": 360, "height": 740}
EXERCISES = "exercise,text,truth,hint,explanation\n1,Splendid,good,Read it aloud.,Praise is good.\n"


def test_a_worker_trains_passes_and_works(served: Served, context: BrowserContext, tmp_path: Path) -> None:
    _people(served)
    page = _sit_down(context, served, "req")
    project = _project(page, tmp_path)
    for kind, name in (("training", "First steps"), ("exam", "Praise exam")):
        _course(page, served.url + project, kind, name, tmp_path)
    page.goto(served.url + project + "/settings")
    page.get_by_label("Quality plan").fill('{"gold_share": 0, "wanted": [{"qualification": "Praise exam"}]}')
    page.get_by_role("button", name="Keep the changes").click()
    expect(page.get_by_role("status").first).to_contain_text("The changes are kept.")
    page.get_by_role("button", name="Sign out").click()

    page = _sit_down(context, served, "ann")
    page.set_viewport_size(PHONE)
    expect(page.get_by_text("you do not have the qualification 'Praise exam'")).to_be_visible()
    _fits(page)
    page.get_by_role("link", name="Trainings and exams for").click()
    _fits(page)
    page.get_by_role("button", name="Begin with First steps").click()
    _fits(page)
    _press(page, "2")
    expect(page.get_by_text("Read it aloud.")).to_be_visible()
    expect(page.get_by_role("radio", name="bad")).to_be_disabled()
    _press(page, "2")
    expect(page.get_by_text("Read it aloud.")).to_be_visible()
    _press(page, "1")
    expect(page.get_by_text("Praise is good.")).to_be_visible()
    expect(page.get_by_role("heading", name="Done")).to_be_visible()
    page.get_by_role("link", name="Trainings, exams and your skills").click()
    page.get_by_role("button", name="Begin with Praise exam").click()
    _press(page, "1")
    expect(page.get_by_role("heading", name="Passed")).to_be_visible()
    expect(page.get_by_text("Praise is good.")).to_have_count(0)
    _fits(page)
    page.get_by_role("link", name="Desk").last.click()
    page.get_by_role("button", name="Start with Praise").click()
    expect(page.get_by_text("What a day")).to_be_visible()


def _people(served: Served) -> None:
    settings = Settings(
        data_dir=str(served.data), database_url=served.database_url, password_memory=8, password_passes=1
    )
    place = assemble(settings)
    try:
        with place.transaction() as tx:
            people.create(tx, name="req", password=PASSWORD, roles=[Role.REQUESTER])
            people.create(tx, name="ann", password=PASSWORD, roles=[Role.WORKER])
    finally:
        place.close()


def _sit_down(context: BrowserContext, served: Served, name: str) -> Page:
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def _project(page: Page, tmp_path: Path) -> str:
    """Make a project with an item and open it; give its address."""
    page.goto(page.url.split("/projects")[0] + "/projects/new")
    page.get_by_label("Name").fill("Praise")
    page.get_by_label("Question").fill("Good or bad?")
    page.get_by_label("Classes").fill("good\nbad")
    page.get_by_role("button", name="Make").click()
    page.wait_for_url(re.compile(r"/projects/[0-9a-f-]{36}"))
    address = re.search(r"/projects/[0-9a-f-]{36}", page.url)
    assert address is not None
    file = tmp_path / "items.csv"
    file.write_text("item,text\n1,What a day\n")
    page.get_by_label("File of items").set_input_files(file)
    page.get_by_role("button", name="Upload items").click()
    expect(page.get_by_text("1 row taken")).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("button", name="Open to workers").click()
    expect(page.get_by_role("status").first).to_contain_text("workers can answer")
    return address[0]


def _course(page: Page, project: str, kind: str, name: str, tmp_path: Path) -> None:
    page.goto(f"{project}/courses")
    page.get_by_role("radio", name=f"{kind}:").check()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("status").first).to_contain_text("Upload exercises, then open it.")
    file = tmp_path / "exercises.csv"
    file.write_text(EXERCISES)
    page.get_by_label("File of exercises").set_input_files(file)
    page.get_by_role("button", name="Upload exercises").click()
    expect(page.get_by_role("status").first).to_contain_text("The exercises are kept.")
    page.get_by_role("button", name="Open to workers").click()
    expect(page.locator(".state.open").last).to_be_visible()


def _press(page: Page, key: str) -> None:
    """Choose by key and send."""
    page.wait_for_load_state()
    page.keyboard.press(key)
    if page.locator("input[name=label]:checked").count():
        with page.expect_navigation():
            page.keyboard.press("Enter")


def _fits(page: Page) -> None:
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url
