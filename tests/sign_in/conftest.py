"""A sandbox that lets users sign in, and a browser whose user agrees or not."""

from __future__ import annotations

import html
import re
import webbrowser
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx
import pytest

from mixpanel_nb.accounts import ConfigManager
from mixpanel_nb.client.oauth import OAuthServer
from mixpanel_nb.sandbox.app import SandboxApp, create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.services.sign_in import consent, reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.sandbox.store import Dataset


@dataclass
class Asked:
    """What a server was asked."""

    url: str
    app: SandboxApp
    lines: list[str] = field(default_factory=list)

    def count(self, part: str) -> int:
        return sum(part in line for line in self.lines)


@pytest.fixture
def asked(store: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """A server that counts what it is asked; every call of this process goes there."""
    app = create_app(store)
    with SandboxServer(app) as server:
        found = Asked(server.url, app)
        app.add_log(found.lines.append)
        monkeypatch.setenv("MP_API_BASE_URL", server.url)
        yield found


def visited(address: str, word: str = "Allow") -> str:
    """The address to which the page leads whose user chooses a word."""
    page = httpx.get(address, verify=False)
    choice = re.search(f'href="([^"]*)">{word}', page.text)
    assert choice is not None, page.text
    led = httpx.get(address.partition("?")[0] + html.unescape(choice[1]), verify=False)
    return led.headers["Location"]


def browse(address: str, word: str = "Allow") -> httpx.Response:
    """The page that the browser shows at the end."""
    return httpx.get(visited(address, word), verify=False)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], object]], None]:
    """Have a function be the user's browser."""

    def use(act: Callable[[str], object]) -> None:
        monkeypatch.setattr(webbrowser, "open", act)

    use(browse)
    return use


def signed_in(name: str = "shop") -> Credentials:
    """The credentials of a sign-in, kept in the test's home."""
    accounts = ConfigManager()
    with OAuthServer() as server:
        found = reached(consent(server, tell=lambda _: None))
    account = found.credentials(name, found.project(None, lambda _: None), accounts.home)
    accounts.sign_in(name, account, found.tokens)
    return accounts.get(name)
