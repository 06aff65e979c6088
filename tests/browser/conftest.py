"""One JupyterLab and one browser for all tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from workspaces import with_sandbox

from browser.lab import PATIENCE, WIDE, Lab
from browser.opened import opened_browser, opened_lab
from browser.server import HOME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium. It ends with the tests of this folder, for its event loop would disturb others."""
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def running(
    browser: Browser,
    whole_sandbox: Path,
    tmp_path_factory: pytest.TempPathFactory,
    pytestconfig: pytest.Config,
) -> Iterator[Lab]:
    """JupyterLab in a page."""
    base = tmp_path_factory.mktemp("lab")
    with_sandbox(base / HOME, whole_sandbox)
    with opened_lab(browser, base) as lab:
        if folder := pytestconfig.getoption("pictures"):
            lab.pictures = Path(folder)
            lab.pictures.mkdir(parents=True, exist_ok=True)
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
