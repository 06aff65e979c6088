"""Streams of events and profiles, without storing."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mixpanel_nb.storage.ingest import (
    IMPOSSIBLE_FROM,
    MILLISECONDS_FROM,
    NOT_A_PROFILE,
    NOT_AN_EVENT,
    impossible_time,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def normalised_events(
    events: Iterable[Mapping[str, Any]], legacy_zone: str | None = None
) -> Iterator[dict[str, Any]]:
    """Exported events under the names of an events table.

    ``legacy_zone`` is that of a project created before 2023, whose exports hold times shifted into it.

    Each has ``event_name``, ``event_time`` (aware, UTC), ``distinct_id``, ``insert_id`` (None where the
    event has none) and ``properties`` (all that is left).

    Raises:
        IncompleteExportError: a line is not an event.
    """
    for event in events:
        with _reading(NOT_AN_EVENT):
            properties = dict(event["properties"])
            epoch = float(properties.pop("time"))
            if abs(epoch) >= IMPOSSIBLE_FROM:
                raise impossible_time(epoch)
            seconds = epoch / 1000 if abs(epoch) >= MILLISECONDS_FROM else epoch
            normalised = {
                "event_name": _name(event["event"]),
                "event_time": _utc(datetime.fromtimestamp(seconds, UTC), legacy_zone),
                "distinct_id": properties.pop("distinct_id", None) or None,
                "insert_id": properties.pop("$insert_id", None) or None,
                "properties": properties,
            }
        yield normalised


def normalised_profiles(profiles: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Engage results under the names of a profiles table.

    Each has ``distinct_id`` (None where the profile has none), ``last_seen`` (naive, UTC, or None) and
    ``properties`` (all that is left).

    Raises:
        IncompleteExportError: an item is not a profile.
    """
    for profile in profiles:
        with _reading(NOT_A_PROFILE):
            properties = dict(profile.get("$properties") or {})
            user = profile.get("$distinct_id")
            normalised = {
                "distinct_id": None if user in (None, "") else str(user),
                "last_seen": _moment(properties.pop("$last_seen", None)),
                "properties": properties,
            }
        yield normalised


@contextmanager
def _reading(what: str) -> Iterator[None]:
    """Turn errors of reading in the block into `IncompleteExportError`."""
    try:
        yield
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        raise unreadable(what) from None


def _name(event: Any) -> Any:
    if event is None:
        raise TypeError
    return event


def _utc(moment: datetime, legacy_zone: str | None) -> datetime:
    """The UTC time of a moment that may be shifted into ``legacy_zone``."""
    if legacy_zone is None:
        return moment
    # For a repeated hour, the second one, as DuckDB reads it for tables.
    return moment.replace(tzinfo=ZoneInfo(legacy_zone), fold=1).astimezone(UTC)


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
