"""Event times: seconds or milliseconds since 1970, true UTC or shifted into a project's own zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from mixpanel_nb.errors import IncompleteExportError, StorageError
from mixpanel_nb.storage.ingest import EventTime

from .support import event

if TYPE_CHECKING:
    from .support import Exports


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("time", "moment"),
    [
        (1735732800, "2025-01-01 12:00:00"),
        (1735732800.25, "2025-01-01 12:00:00.250000"),
        (1735732800.123456, "2025-01-01 12:00:00.123456"),
        (1735732800123, "2025-01-01 12:00:00.123000"),
        (1735732800123.5, "2025-01-01 12:00:00.123500"),
        ("1735732800", "2025-01-01 12:00:00"),
        (0, "1970-01-01 00:00:00"),
        (-1, "1969-12-31 23:59:59"),
        (-0.5, "1969-12-31 23:59:59.500000"),
        (31_536_000, "1971-01-01 00:00:00"),
        (31_536_000_000, "1971-01-01 00:00:00"),
        (31_535_999_999, "2969-05-02 23:59:59"),
        (44_582_400_000, "1971-06-01 00:00:00"),
        (99_999_999_999, "1973-03-03 09:46:39.999000"),
        (100_000_000_000, "1973-03-03 09:46:40"),
        (31_535_999_999_999, "2969-05-02 23:59:59.999000"),
        (-100_000_000_000, "1966-10-31 14:13:20"),
    ],
)
def test_times_are_read_by_their_magnitude(exports: Exports, time: Any, moment: str) -> None:
    exports.load(event(time=time))
    assert exports.engine.execute_scalar("SELECT event_time FROM events") == at(moment)


@pytest.mark.parametrize("time", [31_536_000_000_000, 1735732800123456, -1735732800123456, 10**17, 1e300])
def test_a_time_that_no_event_can_have_is_refused_and_told(exports: Exports, time: Any) -> None:
    with pytest.raises(IncompleteExportError, match=f"^No event can have the time {time:.0f}: ") as raised:
        exports.load(event(), event(time=time))
    assert raised.value.hint == "Divide times in microseconds by 1000."
    assert not exports.engine.table_exists("events")


@pytest.mark.parametrize("time", [None, "yesterday", [1], {}])
def test_an_event_without_a_time_makes_the_export_incomplete(exports: Exports, time: Any) -> None:
    with pytest.raises(IncompleteExportError, match="no name or no time"):
        exports.load(event(), event(time=time))
    assert not exports.engine.table_exists("events")


@pytest.mark.parametrize(
    ("zone", "local"),
    [
        ("America/New_York", "2025-01-15 12:00"),  # winter
        ("America/New_York", "2025-07-15 12:00"),  # summer
        ("America/New_York", "2025-03-09 01:59"),  # the last minute of winter
        ("America/New_York", "2025-03-09 03:00"),  # the first of summer
        ("America/New_York", "2025-11-02 03:00"),
        ("Asia/Kolkata", "2025-01-01 00:30"),
        ("Australia/Lord_Howe", "2025-10-05 03:00"),  # half an hour of daylight saving
        ("Pacific/Apia", "2011-12-31 00:00"),  # the day before did not exist there
        ("UTC", "2025-01-01 00:00"),
    ],
)
def test_legacy_times_are_turned_back_with_daylight_saving(exports: Exports, zone: str, local: str) -> None:
    shifted = at(local).replace(tzinfo=UTC).timestamp()
    exports.load(event(time=int(shifted)), time=EventTime(zone))
    true_utc = at(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    assert exports.engine.execute_scalar("SELECT event_time FROM events") == true_utc


def test_legacy_times_that_happen_twice_or_never_stay_within_the_hour(exports: Exports) -> None:
    twice, never = "2025-11-02 01:30", "2025-03-09 02:30"
    for number, local in enumerate([twice, never]):
        exports.load(
            event(time=int(at(local).replace(tzinfo=UTC).timestamp())),
            table=f"t{number}",
            time=EventTime("America/New_York"),
        )
    assert exports.engine.execute_scalar("SELECT event_time FROM t0") in {
        at("2025-11-02 05:30"),
        at("2025-11-02 06:30"),
    }
    assert exports.engine.execute_scalar("SELECT event_time FROM t1") in {
        at("2025-03-09 06:30"),
        at("2025-03-09 07:30"),
    }


def test_the_sessions_zone_changes_nothing(exports: Exports) -> None:
    exports.engine.execute_rows("SET TimeZone = 'Asia/Tokyo'")
    exports.load(event(time=1735732800), time=EventTime("America/New_York"))
    exports.engine.execute_rows("SET TimeZone = 'UTC'")
    assert exports.engine.execute_scalar("SELECT event_time FROM events") == at("2025-01-01 17:00:00")


def test_an_unknown_zone_is_named(exports: Exports) -> None:
    with pytest.raises(StorageError, match=re.escape("Mars/Olympus")):
        exports.load(event(), time=EventTime("Mars/Olympus'"))
    assert not exports.engine.table_exists("events")
