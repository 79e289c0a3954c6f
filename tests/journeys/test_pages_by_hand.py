"""The pages in awkward hands: without scripts, on a phone, by keyboard, with a connection that breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.ground import chromium
from tests.ground.server import Served

#: The narrowest phone.
PHONE = {"width": 360, "height": 740}

pytestmark = pytest.mark.served("--demo")


@pytest.fixture
def visit(served: Served, browser: Browser, watch: chromium.Watch) -> Iterator[Callable[..., Page]]:
    """Give a way to sit down at a browser, signed in as one of the demo's people."""
    contexts: list[BrowserContext] = []
    passwords = json.loads((served.data / "demo-passwords.json").read_text())

    def sit_down(name: str, **options: object) -> Page:
        context = browser.new_context(locale="en-GB", timezone_id="UTC", **options)  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        watch.over(context)
        contexts.append(context)
        page = context.new_page()
        page.goto(served.url)
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(passwords[name])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        return page

    yield sit_down
    for context in contexts:
        context.close()
    assert watch.unexpected() == []


def test_all_of_it_works_without_scripts(visit: Callable[..., Page]) -> None:
    worker = visit("worker", java_script_enabled=False)
    worker.get_by_role("button", name="Start with Handwritten digits").click()
    expect(worker.locator("details.guidelines")).to_have_attribute("open", "")
    worker.get_by_role("radio", name="7").check()
    worker.get_by_label("Comment").fill("clear enough")
    worker.get_by_role("button", name="Submit").click()
    expect(worker.get_by_role("status").first).to_contain_text("Your answer is kept.")
    worker.get_by_text("Skip this item").click()
    worker.get_by_role("button", name="Skip it").click()
    expect(worker.get_by_role("status").first).to_contain_text("Skipped.")
    worker.get_by_role("button", name="Leave it for later").click()
    expect(worker.get_by_role("status").first).to_contain_text("Left for later")
    worker.get_by_text("Report a problem").click()
    worker.get_by_label("What is wrong").select_option("not_shown")
    worker.get_by_role("button", name="Report it").click()
    expect(worker.get_by_role("status").first).to_contain_text("Your report is kept")
    worker.goto(worker.url.split("/desk/")[0] + "/desk")
    expect(worker.get_by_text("You answered 1 item, skipped 2.")).to_be_visible()

    expert = visit("expert", java_script_enabled=False)
    expert.get_by_role("button", name="Take the next one").click()
    expert.get_by_role("radio", name="Accept what the crowd says").check()
    expert.get_by_role("button", name="Decide").click()
    expect(expert.get_by_role("status").first).to_contain_text("this is the next case")
    expert.get_by_role("button", name="Undo").click()
    expect(expert.get_by_role("status").first).to_contain_text("The decision is undone.")
    expert.get_by_role("button", name="Give it back").click()
    expect(expert.get_by_role("status").first).to_contain_text("back in the queue")


def test_two_windows_do_not_overwrite_each_other_s_draft(
    visit: Callable[..., Page], watch: chromium.Watch
) -> None:
    watch.expect("status of 409")
    worker = visit("worker")
    worker.get_by_role("button", name="Start with Handwritten digits").click()
    saved = worker.locator("[data-draft-state]")
    other = worker.context.new_page()
    other.goto(worker.url)
    worker.get_by_label("Comment").fill("from one window")
    expect(saved).to_have_text("Draft saved")
    worker.get_by_label("Comment").fill("from one window, again")
    expect(saved).to_have_text("Draft saved")
    other.get_by_label("Comment").fill("from the other")
    expect(other.locator("[data-draft-state]")).to_contain_text("Another window has this item")
    other.reload()
    expect(other.get_by_label("Comment")).to_have_value("from one window, again")


def test_a_lease_goes_on_while_the_page_is_looked_at(visit: Callable[..., Page]) -> None:
    worker = visit("worker")
    worker.clock.install()
    worker.get_by_role("button", name="Start with Handwritten digits").click()
    left = worker.locator("[data-left]")
    expect(left).to_contain_text("left")  # the script is at work
    before = left.get_attribute("data-left")
    with worker.expect_response(lambda response: response.url.endswith("/heartbeat")) as beat:
        worker.clock.fast_forward((int(before or 0) // 2 + 5) * 1000)
    assert beat.value.status == 200
    assert beat.value.json()["seconds_left"] > int(before or 0) / 2
    worker.clock.run_for(1000)
    minutes = int(left.inner_text().split(":")[0])
    assert minutes * 60 > int(before or 0) / 2


def test_nothing_is_wider_than_a_phone(visit: Callable[..., Page], served: Served) -> None:
    def fits(page: Page, *paths: str) -> None:
        for path in paths:
            page.goto(served.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path

    requester = visit("requester", viewport=PHONE)
    with requester.expect_navigation():
        requester.get_by_role("link", name="Handwritten digits").click()
    project = requester.url.removeprefix(served.url)
    requester.get_by_role("link", name="Workers", exact=True).click()
    requester.wait_for_url("**/workers")
    worker = requester.locator("tbody a").first.get_attribute("href") or ""
    requester.goto(served.url + project + "/items?doubtful=1")
    item = requester.locator("tbody a").first.get_attribute("href") or ""
    requester.goto(served.url + project)
    upload = requester.locator("a[href*='/uploads/']").first.get_attribute("href") or ""
    fits(requester, "/projects", "/projects/new", project, f"{project}/settings", f"{project}/items", item)
    fits(requester, f"{project}/workers", worker, upload, "/account", f"{project}/rounds", f"{project}/models")
    expert = visit("expert", viewport=PHONE)
    expert.wait_for_url("**/reviews")
    review = expert.locator("tbody a").first.get_attribute("href") or ""
    fits(expert, "/reviews", review)
    admin = visit("admin", viewport=PHONE)
    fits(admin, "/people", "/jobs?state=all")
    labeller = visit("worker", viewport=PHONE)
    with labeller.expect_navigation():
        labeller.get_by_role("button", name="Start with Handwritten digits").click()
    fits(labeller, "/desk", labeller.url.removeprefix(served.url))


def test_a_draft_outlives_the_page(visit: Callable[..., Page]) -> None:
    page = visit("worker")
    page.get_by_role("button", name="Start with Handwritten digits").click()
    page.wait_for_load_state()
    page.keyboard.press("4")
    with page.expect_response(lambda answer: "perhaps" in (answer.request.post_data or "")):
        page.get_by_label("Comment").fill("perhaps a 9")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.reload()
    expect(page.get_by_role("radio", name="4")).to_be_checked()
    expect(page.get_by_label("Comment")).to_have_value("perhaps a 9")


def test_a_session_that_ends_loses_nothing(
    visit: Callable[..., Page], watch: chromium.Watch, served: Served
) -> None:
    watch.expect("status of 401")
    page = visit("worker")
    page.get_by_role("button", name="Start with Handwritten digits").click()
    page.wait_for_load_state()
    page.context.clear_cookies()
    page.get_by_label("Comment").fill("kept?")
    expect(page.locator("[data-draft-state]")).to_contain_text("You were signed out.")
    page.get_by_role("radio", name="4").check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("nothing is lost")).to_be_visible()
    page.get_by_label("Name").fill("worker")
    page.get_by_label("Password").fill(json.loads((served.data / "demo-passwords.json").read_text())["worker"])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("kept?")).to_be_visible()
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_role("status").first).to_contain_text("Your answer is kept.")


def test_the_keyboard_reaches_everything(visit: Callable[..., Page]) -> None:
    """The first stop skips the head of the page; typing in a field chooses nothing."""
    page = visit("worker")
    page.get_by_role("button", name="Start with Handwritten digits").click()
    page.wait_for_load_state()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_label("Comment").press_sequentially("1 2 3")
    expect(page.locator("input[name=label]:checked")).to_have_count(0)
    page.get_by_role("radio", name="0").focus()
    page.keyboard.press("5")
    expect(page.get_by_role("radio", name="5")).to_be_checked()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Your answer is kept.")
