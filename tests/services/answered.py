"""A Mixpanel of prepared answers: what was asked is remembered, nothing leaves the process."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
from asking import Asking

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.services.discovery import DiscoveryService
from mixpanel_nb.services.live import LiveQueryService

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECRET = "kX9!never-shown/8f2a"
USER = "reader.1a2b3c.mp-service-account"
_PUBLISHED = Path(__file__).parent.parent / "fixtures" / "published"


def published(name: str) -> Any:
    """A published example, as it is on its page."""
    return json.loads((_PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Refusal:
    """An answer that is not the JSON of a 200."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def refused(status: int, data: Any, **headers: str) -> Refusal:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(status, json.dumps(data).encode(), {"Content-Type": "application/json", **named})


class Answered:
    """Answers each request with the next of the answers, the last one again and again.

    An answer is the JSON of a 200, or a refusal.
    """

    def __init__(self, *answers: Any, zone: str = "UTC", **options: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        self.client = MixpanelAPIClient(
            Credentials(USER, SECRET, "12345"),
            base_url="https://mixpanel.com",
            transport=httpx.MockTransport(self._answer),
            **{"backoff": 0.0, "max_retries": 0, **options},
        )
        self.zone = ZoneInfo(zone)

    def live(self, known_events: Callable[[], Sequence[str] | None] | None = None) -> Asking:
        return Asking(LiveQueryService(lambda: self.client, self.zone, known_events=known_events))

    def discovery(self) -> DiscoveryService:
        return DiscoveryService(lambda: self.client)

    @property
    def asked(self) -> list[tuple[str, dict[str, str]]]:
        """Path and parameters of each request, without the project."""
        return [(request.url.path, self._params(request)) for request in self.requests]

    def _params(self, request: httpx.Request) -> dict[str, str]:
        params = {**dict(request.url.params), **dict(parse_qsl(request.content.decode()))}
        if not request.url.path.startswith("/api/app/"):
            assert params.pop("project_id") == "12345"
        return params

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Refusal):
            return httpx.Response(answer.status, content=answer.body, headers=answer.headers)
        return httpx.Response(200, json=answer)


def live(*answers: Any, **options: Any) -> Asking:
    """The live reports of a Mixpanel that answers so."""
    return Answered(*answers, **options).live()


def figures(result: Any) -> list[tuple[Any, ...]]:
    """The rows of a result without the column ``complete``, which is true in all of them."""
    assert all(row[-1] is True for row in result.tuples())
    return [row[:-1] for row in result.tuples()]
