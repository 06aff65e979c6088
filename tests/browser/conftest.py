"""One JupyterLab and one browser for all tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from browser.lab import WIDE, Lab
from browser.opened import opened_browser, opened_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

expect.set_options(timeout=30_000)  # the machine may do other things too


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with the tests of this folder, for its event loop would disturb others."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def running(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab in a page."""
    with opened_lab(browser, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


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
