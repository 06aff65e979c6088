"""Sign-in by browser at the sandbox over HTTP: consent, refusal, stolen states, expiry, several processes."""

from __future__ import annotations

import json
import os
import pickle
import stat
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from client.test_secrets import everything_shown
from faults.leaks import COMMANDS, RANGE, Ear

from mixpanel_nb import Workspace
from mixpanel_nb.accounts import ConfigManager, Credentials, Secret
from mixpanel_nb.accounts.tokens import TokenFile, Tokens
from mixpanel_nb.cli.program import run
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.client.oauth import OAuthServer
from mixpanel_nb.client.redirect import Redirect
from mixpanel_nb.errors import (
    AccountExistsError,
    AuthenticationError,
    ConfigError,
    MixpanelDataError,
    ParameterError,
)
from mixpanel_nb.redaction import redacted
from mixpanel_nb.services import sign_in
from mixpanel_nb.services.sign_in import SignedIn, consent, revoke

from .conftest import browse, signed_in, visited

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Asked

    Browser = Callable[[Callable[[str], object]], None]


def tokens_of(account: Credentials) -> Tokens:
    assert account.tokens is not None
    return account.tokens.current()


def stored(home: Path, name: str = "shop") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((home / "tokens" / f"{name}.json").read_text())
    return found


def expire(home: Path) -> None:
    """Have the stored token be one that has expired."""
    path = home / "tokens" / "shop.json"
    path.write_text(json.dumps(stored(home) | {"expires_at": time.time() - 1}))


def events_of(account: Credentials) -> list[str]:
    with MixpanelAPIClient(account, max_retries=0) as api:
        return api.get_events()


def test_whoever_agrees_can_ask_mixpanel(asked: Asked, browser: Browser, home: Path) -> None:
    account = signed_in()
    assert (account.project_id, account.username, account.region) == ("1", "sandbox@example.com", "us")
    assert "Purchase" in events_of(account)
    path = home / "tokens" / "shop.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    config = (home / "config.toml").read_text()
    assert "signed_in = true" in config
    assert stored(home)["access_token"] not in config
    with Workspace("shop") as ws:
        assert ws.test_credentials()["project_name"] == "Sandbox"


def test_a_refusal_is_told(asked: Asked, browser: Browser) -> None:
    browser(lambda address: browse(address, "Refuse"))
    with OAuthServer() as server, pytest.raises(AuthenticationError, match="refused: access_denied"):
        consent(server, tell=lambda _: None)


def test_an_answer_with_another_state_is_not_taken(asked: Asked, browser: Browser) -> None:
    """Somebody else's page leads the browser here with a code of theirs; the user's own answer counts."""
    pages: list[httpx.Response] = []

    def attacked(address: str) -> None:
        real = visited(address)
        callback, _, _ = real.partition("?")
        queries = ("code=theirs&state=theirs", "code=theirs", "error=access_denied", "")
        pages.extend(httpx.get(f"{callback}?{query}", verify=False) for query in queries)
        pages.append(httpx.get(f"{callback.removesuffix('callback')}favicon.ico", verify=False))
        pages.append(httpx.get(real, verify=False))

    browser(attacked)
    with OAuthServer() as server:
        assert consent(server, tell=lambda _: None).access
    assert [page.status_code for page in pages] == [400] * 5 + [200]


def test_the_address_can_be_pasted_from_another_machine(asked: Asked) -> None:
    told: list[str] = []
    with OAuthServer() as server:
        tokens = consent(server, tell=told.append, paste=lambda: f"  {visited(told[0])}\n")
        assert tokens.access
        for pasted in ("http://localhost:1/callback?code=theirs&state=theirs", "", "http://[", "code=x"):
            with pytest.raises(AuthenticationError, match="its state is another one"):
                consent(server, tell=told.append, paste=partial(str, pasted))


def test_a_code_serves_once_and_only_with_its_key(asked: Asked) -> None:
    with OAuthServer() as server:
        authorization = server.begin("http://localhost:9/callback")
        address = visited(authorization.url)
        assert authorization.finish(address).access
        with pytest.raises(AuthenticationError, match="invalid or expired"):
            authorization.finish(address)
        mine, theirs = (server.begin("http://localhost:9/callback") for _ in range(2))
        code = httpx.URL(visited(mine.url)).params["code"]
        stolen = httpx.URL(visited(theirs.url)).copy_set_param("code", code)
        with pytest.raises(AuthenticationError):
            theirs.finish(str(stolen))


def test_nobody_agrees(asked: Asked, browser: Browser) -> None:
    browser(lambda _: None)
    with OAuthServer() as server, pytest.raises(AuthenticationError, match="Nobody agreed"):
        consent(server, tell=lambda _: None, timeout=0.1)


def test_an_expired_token_is_renewed_before_it_is_sent(asked: Asked, browser: Browser, home: Path) -> None:
    account = signed_in()
    before = stored(home)
    expire(home)
    assert events_of(account)
    assert asked.count("grant_type=refresh_token") == 1
    assert asked.count(" 401") == 0
    after = stored(home)
    assert after["access_token"] != before["access_token"]
    assert after["expires_at"] > time.time() + 3000
    assert after["host"] == before["host"] == asked.url


def test_a_token_that_the_server_no_longer_takes_is_renewed(
    asked: Asked, browser: Browser, home: Path
) -> None:
    account = signed_in()
    asked.app.oauth._access.clear()
    assert events_of(account)
    assert asked.count("grant_type=refresh_token") == 1


def test_the_command_signs_in_with_a_data_view(
    asked: Asked, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "has_browser", lambda: True)
    assert run(["auth", "login", "shop", "--project", "1", "--workspace-id", "view 7"]) == 3
    assert asked.lines == []
    assert run(["auth", "login", "shop", "--project", "1", "--workspace-id", "67890"]) == 0
    account = ConfigManager().get("shop")
    assert (account.workspace_id, account.username) == ("67890", "sandbox@example.com")
    asked.lines.clear()
    assert events_of(account)
    assert asked.count("workspace_id=67890") == 1


def test_a_sign_in_that_has_ended_says_how_to_sign_in_again(
    asked: Asked, browser: Browser, home: Path
) -> None:
    account = signed_in()
    asked.app.oauth._refresh.clear()
    expire(home)
    with pytest.raises(AuthenticationError, match="could not renew the sign-in") as caught:
        events_of(account)
    assert "auth login shop" in str(caught.value)


_ASKS = """
import sys
from mixpanel_nb.accounts import ConfigManager
from mixpanel_nb.client import MixpanelAPIClient
account = ConfigManager().get("shop")
print("ready", flush=True)
sys.stdin.readline()
with MixpanelAPIClient(account, max_retries=0) as api:
    print(len(api.get_events()))
"""


def test_processes_that_find_the_token_expired_renew_it_once(
    asked: Asked, browser: Browser, home: Path
) -> None:
    """The sandbox takes a refresh token once: the second renewal with it would fail."""
    signed_in()
    expire(home)
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _ASKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    said = [program.communicate("\n")[0] for program in programs]
    assert len({*said}) == 1
    assert int(said[0]) > 5
    assert asked.count("grant_type=refresh_token") == 1


def test_signing_out_ends_it_everywhere(asked: Asked, browser: Browser, home: Path) -> None:
    account = signed_in()
    tokens = tokens_of(account)
    assert isinstance(account.tokens, TokenFile)
    assert revoke(account.tokens) is None
    assert list((home / "tokens").iterdir()) == []
    answer = httpx.get(
        f"{asked.url}/api/app/me",
        headers={"Authorization": f"Bearer {tokens.access.reveal()}"},
        verify=False,
    )
    assert answer.status_code == 401
    with OAuthServer() as server, pytest.raises(AuthenticationError):
        server.renewed(tokens)
    with pytest.raises(AuthenticationError, match="not signed in"):
        events_of(account)
    ConfigManager().remove("shop")
    assert ConfigManager().list_accounts() == []


def test_tokens_are_sent_to_no_other_host(
    asked: Asked, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = signed_in()
    monkeypatch.setenv("MP_API_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(ConfigError, match=r"signed in at http://127\.0\.0\.1:\d+, not at http://127"):
        events_of(account)


def test_a_service_account_keeps_its_name(home: Path) -> None:
    accounts = ConfigManager()
    accounts.add("shop", Credentials("me", "secret", "1"))
    with pytest.raises(AccountExistsError):
        accounts.check_free("shop")
    for name in ("sandbox", "a b", "../x"):
        with pytest.raises(ConfigError):
            accounts.check_free(name)


@pytest.mark.parametrize(
    ("projects", "wanted", "typed", "chosen"),
    [
        ({"7": {}}, None, None, "7"),
        ({"7": {}, "8": {}}, "8", None, "8"),
        ({"7": {}, "8": {}}, None, " 7 ", "7"),
        ({"7": {"name": "Shop"}, "8": {}}, None, None, ParameterError),
        ({"7": {}, "8": {}}, "9", None, ParameterError),
        ({}, None, None, ParameterError),
    ],
)
def test_the_project_is_chosen(
    projects: dict[str, dict[str, Any]], wanted: str | None, typed: str | None, chosen: Any
) -> None:
    found = SignedIn(Tokens(Secret("a")), "us", "", projects)
    if isinstance(chosen, str):
        assert found.project(wanted, lambda _: typed) == chosen
    else:
        with pytest.raises(chosen, match="project"):
            found.project(wanted, lambda _: typed)


def test_a_token_of_the_environment(asked: Asked, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens_of(signed_in()).access.reveal()
    monkeypatch.setenv("MP_OAUTH_TOKEN", token)
    with pytest.raises(ConfigError, match="MP_OAUTH_TOKEN, but not MP_PROJECT_ID"):
        ConfigManager().resolve()
    monkeypatch.setenv("MP_PROJECT_ID", "1")
    account = ConfigManager().resolve()
    assert "Purchase" in events_of(account)
    asked.app.oauth._access.clear()
    with pytest.raises(AuthenticationError, match="MP_OAUTH_TOKEN") as caught:
        events_of(account)
    assert token not in everything_shown(caught.value)
    monkeypatch.setenv("MP_USERNAME", "sandbox")
    monkeypatch.setenv("MP_SECRET", "sandbox")
    assert ConfigManager().resolve().tokens is None


def test_no_token_shows_anywhere(
    asked: Asked, browser: Browser, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    account = signed_in()
    old = stored(home)
    expire(home)
    events_of(account)
    new = stored(home)
    secrets = [found[name] for found in (old, new) for name in ("access_token", "refresh_token")]
    shown = [repr(account), repr(account.tokens), repr(tokens_of(account)), caplog.text, *asked.lines]
    errors: list[MixpanelDataError] = []
    echo = httpx.MockTransport(
        lambda sent: httpx.Response(422, text=f"You sent {dict(sent.headers)}, {sent.url}")
    )
    for transport in (None, echo):
        with MixpanelAPIClient(account, max_retries=0, transport=transport) as api:
            shown += [repr(api), repr(vars(api))]
            with pytest.raises(MixpanelDataError) as caught:
                api.get("nonsense")
            errors.append(caught.value)
    asked.app.oauth._refresh.clear()
    expire(home)
    with pytest.raises(AuthenticationError) as refused:
        events_of(account)
    errors.append(refused.value)
    shown += [everything_shown(error) + json.dumps(error.to_dict()) for error in errors]
    assert [secret for secret in secrets if secret in "\n".join(shown)] == []
    assert all(secret not in redacted(f"It was {secret}.") for secret in secrets)
    tokens: Any = tokens_of(account)
    with pytest.raises(TypeError):
        pickle.dumps(tokens)


def test_no_token_is_in_what_any_command_says_or_writes(
    asked: Asked, browser: Browser, home: Path, tmp_path: Path
) -> None:
    """Every command of the hunt for a service account's secret, told in full, before and after a renewal."""
    signed_in()
    ConfigManager().set_default("shop")
    secrets: set[str] = set()
    more = [
        ["custom-events"],
        ["custom-properties"],
        ["lookup-tables"],
        ["annotations"],
        ["insights", "unique(Purchase)", *RANGE, "--live"],
        ["insights", "unique(Purchase)", *RANGE, "--live", "--output", str(tmp_path / "a.json")],
        ["flow", "--start", "Purchase", *RANGE, "--live"],
        ["insights", "Nothing (", *RANGE, "--live"],
        ["saved-report", "99"],
        ["auth", "logout", "shop"],
        ["events"],
    ]
    with Ear() as ear:
        for place, words in enumerate([*COMMANDS, *more]):
            if (home / "tokens" / "shop.json").exists():
                if place % 7 == 3:
                    expire(home)
                secrets |= {stored(home)[name] for name in ("access_token", "refresh_token")}
            ear.command(["--verbose", *words])
    assert len(secrets) > 4
    said = "\n".join([*ear.heard, *asked.lines])
    assert asked.count("custom_event=true") == 1
    pieces = {secret[first : first + 12] for secret in secrets for first in range(0, len(secret) - 12, 4)}
    assert [piece for piece in pieces if piece in said] == []
    for file in [*home.rglob("*"), *tmp_path.rglob("*.json")]:
        if file.is_file() and file.parent.name != "tokens":
            held = file.read_bytes()
            assert [piece for piece in pieces if piece.encode() in held] == [], file


def test_a_file_of_tokens_that_others_can_read_is_refused(asked: Asked, browser: Browser, home: Path) -> None:
    account = signed_in()
    path = home / "tokens" / "shop.json"
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="read or written by others"):
        events_of(account)
    path.unlink()
    path.symlink_to(home / "config.toml")
    with pytest.raises(ConfigError, match="symbolic link"):
        events_of(account)
    path.unlink()
    for damage in (b"", b"{", b"[]", b"\xff", b'{"access_token": 1}'):
        path.write_bytes(damage)
        path.chmod(0o600)
        with pytest.raises(AuthenticationError, match="not signed in"):
            events_of(account)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"access_token": 1}, {"access_token": "a" * 40, "token_type": "mac"}, "nonsense"],
)
def test_a_strange_server_is_one_line(body: object) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        registers = request.url.path.endswith("register/")
        return httpx.Response(200, json={"client_id": "c"} if registers else body)

    with OAuthServer(base_url="http://localhost:9", transport=httpx.MockTransport(answer)) as server:
        authorization = server.begin("http://localhost:1/callback")
        state = httpx.URL(authorization.url).params["state"]
        with pytest.raises(MixpanelDataError, match="sign"):
            authorization.finish(f"http://localhost:1/callback?code=x&state={state}")


def test_the_wait_survives_connections_that_say_nothing() -> None:
    import socket

    with Redirect() as redirect:
        port = httpx.URL(redirect.uri).port
        assert port is not None
        silent = socket.create_connection(("127.0.0.1", port))
        silent.close()
        assert redirect.wait(lambda _: True, 0.5) is None


def test_where_a_browser_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", *sign_in._ELSEWHERE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not sign_in.has_browser()
    monkeypatch.setenv("DISPLAY", ":0")
    assert sign_in.has_browser()
    monkeypatch.setenv("SSH_CONNECTION", "there")
    assert not sign_in.has_browser()
    monkeypatch.setenv("BROWSER", "firefox")
    assert sign_in.has_browser()
    assert os.environ["BROWSER"] == "firefox"


def test_a_token_of_the_same_home_that_was_renewed_elsewhere_is_used(home: Path) -> None:
    source = TokenFile(home, "shop")
    stale = Tokens(Secret("stale-token-1"), Secret("refresh-1"), 0.0, "c", "http://localhost:9")
    source.write(replace(stale, access=Secret("fresh-token-2"), expires_at=time.time() + 999))

    def never(_: Tokens) -> Tokens:
        raise AssertionError

    assert source.renewed(stale, never).access == Secret("fresh-token-2")
