"""A data set built once per run, and a server on it per test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import Faults
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

from .naive import Naive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Event = dict[str, Any]
    Get = Callable[..., httpx.Response]

EVENTS = 60_000


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox-cache")


@pytest.fixture(scope="session")
def dataset(cache: Path) -> Iterator[Dataset]:
    with Dataset.generated(cache, events=EVENTS) as dataset:
        yield dataset


@pytest.fixture(scope="session")
def dumped(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Every event, read back from a dump by plain Python."""
    path = tmp_path_factory.mktemp("dump") / "events.jsonl"
    dataset.dump(path)
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.fixture(scope="session")
def deduplicated(dumped: list[Event]) -> list[Event]:
    """One event per (event, distinct_id, time, $insert_id), the most recently ingested."""
    latest: dict[Any, Event] = {}
    for number, event in enumerate(dumped):
        properties = event["properties"]
        insert_id = properties.get("$insert_id", number)
        key = (event["event"], properties["distinct_id"], properties["time"], insert_id)
        known = latest.get(key)
        ingested = properties["mp_processing_time_ms"]
        if known is None or known["properties"]["mp_processing_time_ms"] < ingested:
            latest[key] = event
    return list(latest.values())


@pytest.fixture(scope="session")
def counted(deduplicated: list[Event]) -> Naive:
    """The same events, counted in plain Python."""
    return Naive(deduplicated)


@pytest.fixture(scope="session")
def get(dataset: Dataset) -> Iterator[Get]:
    """Ask an endpoint of the query API in process; the days are the second week of February."""
    transport = httpx.WSGITransport(create_app(dataset))
    with httpx.Client(
        transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox")
    ) as client:

        def ask(path: str, root: str = "/api/query", **params: Any) -> httpx.Response:
            given = {"project_id": 1, "from_date": "2025-02-10", "to_date": "2025-02-16", **params}
            return client.get(
                f"{root}/{path}", params={name: value for name, value in given.items() if value is not None}
            )

        yield ask


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(dataset: Dataset, faults: Faults) -> Iterator[SandboxServer]:
    with SandboxServer(create_app(dataset, faults=faults)) as server:
        yield server


@pytest.fixture
def client(server: SandboxServer) -> Iterator[httpx.Client]:
    # Plain HTTP: without `verify=False` loading certificates would take most of a test's time.
    with httpx.Client(base_url=server.url, auth=("sandbox", "sandbox"), timeout=10, verify=False) as client:
        yield client


@pytest.fixture
def export(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Ask for an export; a day in January unless told otherwise."""

    def ask(**params: Any) -> httpx.Response:
        day = {"from_date": "2025-01-08", "to_date": "2025-01-08"}
        return client.get("/api/2.0/export", params={"project_id": 1, **day, **params})

    return ask
