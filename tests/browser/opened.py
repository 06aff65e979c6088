"""JupyterLab in a page of Chromium, with nothing but this machine in reach."""

from __future__ import annotations

import contextlib
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

from browser.lab import PATIENCE, Lab
from browser.server import running_lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Dialog, Route, WebSocket

_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    # What no route can see, such as a prefetched name, leads nowhere either.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


@contextlib.contextmanager
def opened_browser() -> Iterator[Browser]:
    """Chromium, for the block.

    Raises:
        RuntimeError: there is none.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise RuntimeError("There is no chromium: install it (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def opened_lab(browser: Browser, base: Path) -> Iterator[Lab]:
    """JupyterLab in a page, for the block. It keeps its files in ``base``."""
    with running_lab(base) as url, browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
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
