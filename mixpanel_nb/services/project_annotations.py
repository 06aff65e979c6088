"""Annotations of a project: asked of Mixpanel, kept with tables, and found for the days of a report.

https://developer.mixpanel.com/reference/list-all-annotations-for-project
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import APIError, ServerError
from mixpanel_nb.results import Annotation, AnnotationList
from mixpanel_nb.storage.kept_annotations import AnnotationRecord
from mixpanel_nb.surrogates import encoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.storage import StorageEngine

_DAY = timedelta(days=1)
_LARGEST_ID = 2**63


def keep(api: MixpanelAPIClient, storage: StorageEngine, table: str, zone: ZoneInfo) -> str | None:
    """Keep the annotations of a table's days with it, in place of those that were kept.

    One request, which costs no query of the quota and is tried once.

    Args:
        api: The client.
        storage: The database.
        table: The table; those of days unknown have none.
        zone: The project's time zone.

    Returns:
        Why they were not asked for successfully, as a line for the reader; what was kept stays. None if they
        were.
    """
    known = storage.metadata_or_none(table)
    if known is None or known.from_date is None or known.to_date is None:
        return None
    try:
        # The table's days may be those of another zone than the project's.
        items = api.list_annotations(known.from_date - _DAY, known.to_date + _DAY, optional=True)
        found = records(items, zone)
    except APIError as error:
        return f"The project's annotations were not fetched: {error.message}"
    storage.save_annotations(table, found)
    return None


def records(items: Iterable[Mapping[str, Any]], zone: ZoneInfo) -> list[AnnotationRecord]:
    """Annotations as Mixpanel gives them, ``{"id", "date", "description", "user", "tags"}`` each, by date.

    Args:
        items: The annotations.
        zone: The zone of dates without an offset, the project's.

    Raises:
        ServerError: one has no id or no date.
    """
    return sorted((_record(item, zone) for item in items), key=lambda each: (each.moment, each.id))


def listed(
    found: Iterable[AnnotationRecord], zone: ZoneInfo, first: date | None = None, last: date | None = None
) -> AnnotationList:
    """The annotations of some days of a zone."""
    shown = (
        Annotation(each.id, _local(each.moment, zone), each.description, each.tags, each.author)
        for each in found
    )
    return AnnotationList(
        tuple(
            each
            for each in shown
            if (first is None or each.date.date() >= first) and (last is None or each.date.date() <= last)
        )
    )


def _record(item: Mapping[str, Any], zone: ZoneInfo) -> AnnotationRecord:
    number, written = item.get("id"), item.get("date")
    if isinstance(number, bool) or not isinstance(number, int) or number >= _LARGEST_ID:
        raise ServerError(f"An annotation came without its number: expected a whole id, found {number!r}.")
    try:
        moment = datetime.fromisoformat(str(written))
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise ServerError(f"Annotation {number} came without its date: {written!r}.") from None
    tags = item.get("tags")
    names = [tag.get("name") for tag in tags if isinstance(tag, dict)] if isinstance(tags, list) else []
    text = item.get("description")
    return AnnotationRecord(
        number,
        moment,
        "" if text is None else _storable(text),
        tuple(map(_storable, names)),
        _author(item.get("user")),
    )


def _author(user: Any) -> str | None:
    names = [user.get("first_name"), user.get("last_name")] if isinstance(user, dict) else []
    return " ".join(_storable(name) for name in names if name) or None


def _storable(text: Any) -> str:
    """A text without half characters, which no database takes."""
    return encoded(str(text)).decode()


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """A moment in UTC on the clock of a zone, without it."""
    try:
        return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment
