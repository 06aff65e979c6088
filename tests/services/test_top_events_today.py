"""Today's top events are compared with as much of yesterday as has passed of today.

https://docs.mixpanel.com/reference/query-top-events: "the normalized percent change from yesterday".
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from asking import Asking

from mixpanel_nb.services.local import DuckDBEngine, LocalQueryService
from mixpanel_nb.storage import Chunk, StorageEngine, TableMetadata
from mixpanel_nb.storage.ledger import canonical
from mixpanel_nb.storage.loading import Batch

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
TODAY = 1_741_824_000  # 2025-03-13 00:00 UTC
HOUR = 3_600


def events(*when: tuple[str, float]) -> list[dict[str, Any]]:
    """An event at so many seconds from the beginning of today."""
    return [
        {"event": name, "properties": {"time": TODAY + s, "distinct_id": f"u{n % 3}", "$insert_id": f"{n}"}}
        for n, (name, s) in enumerate(when)
    ]


LINES = events(
    *[("A", -DAY + hour * HOUR) for hour in range(20)],
    *[("A", hour * HOUR) for hour in range(6)],
    ("B", -HOUR),
    ("C", HOUR),
)


def changes(
    folder: Path, *, now: float, fetched: float | None = None, **asked: Any
) -> tuple[dict[str, float], tuple[str, ...]]:
    """The change of each event, asked ``now`` of a table that was fetched then."""
    file = folder / "lines.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    at = datetime.fromtimestamp(now if fetched is None else fetched, UTC).replace(tzinfo=None)
    day = date(2025, 3, 13)
    chunks = [] if fetched is None else [Chunk(day, day, canonical({}), len(LINES), 1, 1, at)]
    with StorageEngine.memory() as storage:
        storage.load(Batch("events", [file], chunks, TableMetadata("events", at)))
        service = Asking(
            LocalQueryService(DuckDBEngine(storage), "events", ZoneInfo("UTC"), clock=lambda: now)
        )
        result = service.top_events(**asked)
    return {event.event: event.percent_change for event in result.events}, result.notes


def test_of_a_day_that_is_over_all_of_the_day_before_counts(tmp_path: Path) -> None:
    assert changes(tmp_path, now=TODAY + 9 * DAY)[0] == {"A": pytest.approx((6 - 20) / 20), "C": 1}


def test_at_six_a_quarter_of_yesterday_counts(tmp_path: Path) -> None:
    found, notes = changes(tmp_path, now=TODAY + 6 * HOUR)
    assert found == {"A": pytest.approx((6 - 20 / 4) / (20 / 4)), "C": 1}
    assert notes == ("2025-03-13 is 25% over: so much of the day before counts.",)


def test_a_day_is_as_far_as_it_was_when_it_was_fetched(tmp_path: Path) -> None:
    found, _ = changes(tmp_path, now=TODAY + 9 * DAY, fetched=TODAY + 12 * HOUR)
    assert found["A"] == pytest.approx((6 - 10) / 10)
    later, _ = changes(tmp_path, now=TODAY + 9 * DAY, fetched=TODAY + 5 * DAY)
    assert later["A"] == pytest.approx((6 - 20) / 20)


def test_users_are_scaled_and_averages_are_not(tmp_path: Path) -> None:
    unique, _ = changes(tmp_path, now=TODAY + 6 * HOUR, type="unique")
    assert unique["A"] == pytest.approx((3 - 3 / 4) / (3 / 4))
    average, notes = changes(tmp_path, now=TODAY + 6 * HOUR, type="average")
    assert average["A"] == pytest.approx((6 / 3 - 20 / 3) / (20 / 3))
    assert notes == ()
