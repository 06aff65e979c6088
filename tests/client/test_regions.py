from __future__ import annotations

import httpx
import pytest

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import ConfigError


def addresses(region: str) -> list[str]:
    """Where a client of that region sends a query, an App API call and an export."""
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url.copy_with(query=None)))
        return httpx.Response(200, content=b"" if "export" in request.url.path else b"[]")

    with MixpanelAPIClient(
        Credentials("u", "a-secret", "1", region), transport=httpx.MockTransport(answer)
    ) as client:
        client.get("events/names")
        client.get("me", family="app")
        list(client.export_events(from_date="2025-01-01", to_date="2025-01-01"))
    return seen


@pytest.mark.parametrize(
    ("region", "api", "data"),
    [
        ("us", "https://mixpanel.com", "https://data.mixpanel.com"),
        ("eu", "https://eu.mixpanel.com", "https://data-eu.mixpanel.com"),
        ("in", "https://in.mixpanel.com", "https://data-in.mixpanel.com"),
    ],
)
def test_each_region_has_its_own_hosts(region: str, api: str, data: str) -> None:
    assert addresses(region) == [
        f"{api}/api/query/events/names",
        f"{api}/api/app/me",
        f"{data}/api/2.0/export",
    ]


def test_the_base_url_of_the_environment_moves_every_family(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", "http://127.0.0.1:8765/")
    assert addresses("eu") == [
        "http://127.0.0.1:8765/api/query/events/names",
        "http://127.0.0.1:8765/api/app/me",
        "http://127.0.0.1:8765/api/2.0/export",
    ]


@pytest.mark.parametrize(
    "url", ["ftp://host", "mixpanel.com", "http://", "http://u:hidden@host", "http://[::"]
)
def test_a_base_url_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        MixpanelAPIClient(Credentials("u", "a-secret", "1"), base_url=url)
    assert "hidden" not in str(caught.value)


PLAIN = [
    "http://mixpanel.example",
    "http://10.0.0.7:8765",
    "http://127.0.0.1.example",
    "http://127.example:81",
    "http://localhost.example",
    "http://[::2]:81",
    "http://0.0.0.0",
    "HTTP://MIXPANEL.EXAMPLE",
]


@pytest.mark.parametrize("url", PLAIN)
def test_the_secret_is_not_sent_in_clear_to_another_machine(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", url)
    with pytest.raises(ConfigError, match="unencrypted") as caught:
        MixpanelAPIClient(Credentials("u", "a-secret", "1"))
    assert "https://" in str(caught.value)
    monkeypatch.setenv("MP_ALLOW_PLAIN_HTTP", "1")
    assert addresses("us")[0].startswith(url.lower())


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:1",
        "http://sandbox.localhost",
        "http://127.8.9.1",
        "http://[::1]:1",
        "https://a.example",
    ],
)
def test_this_machine_and_https_need_no_permission(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", url)
    assert addresses("us")[0].startswith(url)
