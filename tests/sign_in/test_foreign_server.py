"""Sign-in at an authorization server whose rules others wrote (oauthlib's)."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx
import pytest
from werkzeug.serving import make_server

from mixpanel_nb.accounts import ConfigManager
from mixpanel_nb.accounts.tokens import TokenFile
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.client.oauth import OAuthServer
from mixpanel_nb.errors import AuthenticationError
from mixpanel_nb.services.sign_in import consent, reached, revoke

from .foreign import ForeignServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.accounts import Credentials


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForeignServer]:
    app = ForeignServer()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    monkeypatch.setenv("MP_API_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()


def led_to(address: str, user: str = "agrees") -> str:
    """The address to which the server leads the browser."""
    return httpx.get(f"{address}&user={user}", verify=False).headers["Location"]


def signed_in() -> Credentials:
    accounts, told = ConfigManager(), list[str]()
    with OAuthServer() as server:
        tokens = consent(server, tell=told.append, paste=lambda: led_to(told[0]))
    found = reached(tokens)
    account = found.credentials("shop", found.project(None, lambda _: None), accounts.home)
    accounts.sign_in("shop", account, found.tokens)
    return accounts.get("shop")


def test_the_account_is_that_of_the_user(foreign: ForeignServer) -> None:
    account = signed_in()
    found = (account.username, account.project_id, account.timezone)
    assert found == ("ana@example.com", "7", "Europe/Berlin")
    with MixpanelAPIClient(account) as api:
        assert list(api.me()["projects"]) == ["7"]
    assert foreign.memory.renewals == 0


def test_an_expired_token_is_renewed_once_for_all_threads(foreign: ForeignServer) -> None:
    account = signed_in()
    foreign.memory.access.clear()
    emails: list[str] = []

    def ask() -> None:
        with MixpanelAPIClient(account) as api:
            emails.append(api.me()["user_email"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert emails == ["ana@example.com"] * 4
    assert foreign.memory.renewals == 1


def test_a_refusal(foreign: ForeignServer) -> None:
    with OAuthServer() as server:
        authorization = server.begin("http://localhost:1/callback")
        with pytest.raises(AuthenticationError, match="refused"):
            authorization.finish(led_to(authorization.url, "refuses"))


def test_the_proof_key_is_checked(foreign: ForeignServer) -> None:
    with OAuthServer() as server:
        mine, theirs = (server.begin("http://localhost:1/callback") for _ in range(2))
        code = httpx.URL(led_to(mine.url)).params["code"]
        with pytest.raises(AuthenticationError):
            theirs.finish(str(httpx.URL(led_to(theirs.url)).copy_set_param("code", code)))


def test_a_sign_in_that_was_revoked_has_ended(foreign: ForeignServer) -> None:
    account = signed_in()
    tokens = account.tokens
    assert isinstance(tokens, TokenFile)
    known = tokens.current()
    assert revoke(tokens) is None
    assert foreign.memory.refresh == {}
    with OAuthServer() as server, pytest.raises(AuthenticationError, match="could not renew"):
        server.renewed(known)
