"""Properties whose names look like an expression at first sight."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.services.live.base import breakdown
from mixpanel_nb.storage import StorageEngine, TableMetadata
from mixpanel_nb.storage.ledger import now

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["user[email]", "event[type]", "properties[0]", "my user[x]", "event [a]"]
LINES: list[dict[str, Any]] = [
    {
        "event": "Visit",
        "properties": {
            "time": 1_735_689_600 + number * 60,
            "distinct_id": f"u{number % 3}",
            "$insert_id": f"i{number}",
            **{name: f"{name} {number % (2 + place)}" for place, name in enumerate(NAMES)},
        },
    }
    for number in range(12)
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_brackets_is_the_name_of_a_property(tmp_path: Path, name: str) -> None:
    with StorageEngine(tmp_path / "data.db") as engine:
        engine.create_events_table("events", LINES, TableMetadata("events", now()))
    with Workspace.open(tmp_path / "data.db") as ws:
        days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-01", "table": "events"}
        frame = ws.segmentation("Visit", on=name, **days).df
    counted = dict(zip(frame["segment"], frame["count"], strict=True))
    assert counted == Counter(line["properties"][name] for line in LINES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_sent_as_the_name_of_a_property(name: str) -> None:
    assert breakdown(name) == f'properties["{name}"]'


@pytest.mark.parametrize("text", ['properties["a"]', 'user["a"]', 'number(properties [ "a" ])'])
def test_an_access_with_quotes_is_an_expression(text: str) -> None:
    assert breakdown(text) == text
