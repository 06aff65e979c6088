"""One JupyterLab and one browser for all tests of this folder."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from browser.lab import WIDE, Lab
from browser.server import running_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Dialog, Route, WebSocket

_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    # What no route can see, such as a prefetched name, leads nowhere either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


expect.set_options(timeout=30_000)  # the machine may do other things too


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with the tests of this folder, for its event loop would disturb others."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("There is no chromium: install it (Debian: apt-get install chromium).", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def running(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab in a page."""
    base = tmp_path_factory.mktemp("lab")
    with running_lab(base) as url, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(30_000)
        lab = Lab(page, url, base / "notebooks", base / "data")
        _cut_off(context, lab)
        page.goto(f"{url}/lab")
        page.wait_for_function("() => window.jupyterapp")
        page.evaluate("() => window.jupyterapp.restored")
        yield lab


def _cut_off(context: BrowserContext, lab: Lab) -> None:
    """Nothing but this machine can be reached; what is tried is remembered, and so is every dialog."""
    here = urlsplit(lab.url).netloc

    def outside(url: str) -> bool:
        parts = urlsplit(url)
        return parts.netloc != here and parts.scheme not in {"data", "blob", "file"}

    def refuse(route: Route) -> None:
        lab.outside.append(route.request.url)
        route.abort()

    def remember(socket: WebSocket) -> None:
        if outside(socket.url):
            lab.outside.append(socket.url)

    def dismiss(dialog: Dialog) -> None:
        lab.dialogs.append(dialog.message)
        dialog.dismiss()

    context.route(outside, refuse)
    context.on("dialog", dismiss)
    lab.page.on("websocket", remember)


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    """JupyterLab, wide and light. No test may end after a request to the outside or a dialog."""
    running.set_width(WIDE)
    running.set_theme("light")
    yield running
    tried, said = list(running.outside), list(running.dialogs)
    running.outside.clear()
    running.dialogs.clear()
    assert tried == []
    assert said == []
