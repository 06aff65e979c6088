from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .servers import Server

SECRET = "kX9!never-shown/8f2a"


class ClientFactory(Protocol):
    def __call__(self, server: Server | str, **options: Any) -> MixpanelAPIClient: ...


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MP_API_BASE_URL", "MP_USERNAME", "MP_SECRET", "MP_PROJECT_ID", "MP_REGION", "MP_ACCOUNT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("reader.1a2b3c.mp-service-account", SECRET, "12345", account="main")


@pytest.fixture
def client_for(credentials: Credentials) -> Iterator[ClientFactory]:
    """Makes clients that lose no time between attempts."""
    made: list[MixpanelAPIClient] = []

    def make(server: Server | str, **options: Any) -> MixpanelAPIClient:
        url = server if isinstance(server, str) else server.url
        made.append(MixpanelAPIClient(credentials, base_url=url, **{"backoff": 0.01, **options}))
        return made[-1]

    yield make
    for client in made:
        client.close()
