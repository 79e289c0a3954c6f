"""Starts the demo on a database of its own, walks through its pages in a browser and keeps pictures of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PORT = 8766
HOME = f"http://127.0.0.1:{PORT}"
PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "CROWDQC_DATA_DIR": folder}
        command = [sys.executable, "-m", "app.cli", "serve", "--demo", "--port", str(PORT)]
        server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        try:
            wait()
            passwords = json.loads((Path(folder) / "demo-passwords.json").read_text())
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
                for name, walk in {
                    "requester": requester,
                    "lead": lead,
                    "worker": worker,
                    "expert": expert,
                }.items():
                    page = browser.new_context(viewport={"width": 1100, "height": 760}).new_page()
                    sign_in(page, name, passwords[name])
                    walk(page)
                    page.context.close()
                browser.close()
        finally:
            server.terminate()
            server.wait(30)


def wait() -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{HOME}/api/v1/health").close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit("The demo did not start.")


def keep(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png")


def sign_in(page: Page, name: str, password: str) -> None:
    page.goto(f"{HOME}/sign-in")
    if name == "requester":
        keep(page, "sign-in")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_load_state()


def digits(page: Page) -> str:
    page.goto(f"{HOME}/projects")
    page.get_by_role("link", name="Handwritten digits").first.click()
    page.wait_for_load_state()
    return page.url


def requester(page: Page) -> None:
    digits(page)
    keep(page, "project")


def lead(page: Page) -> None:
    address = digits(page)
    page.goto(f"{address}/workers")
    keep(page, "workers")
    page.goto(f"{address}/items?doubtful_first=1")
    keep(page, "items")


def worker(page: Page) -> None:
    page.goto(f"{HOME}/desk")
    page.get_by_role("button", name="Start with Handwritten digits").click()
    page.wait_for_load_state()
    page.keyboard.press("3")
    keep(page, "desk")


def expert(page: Page) -> None:
    page.goto(f"{HOME}/reviews")
    page.locator("form[action$='/next'] button").first.click()
    page.wait_for_load_state()
    keep(page, "review")


if __name__ == "__main__":
    main()
