"""The request with which a table was fetched, for repeating it with its last days or new ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.services.fetch.plan import DateRange, covered_days, stored_days
from mixpanel_nb.services.fetch.target import HOW, filters_of
from mixpanel_nb.storage import ledger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.services.fetch.store import FetchStore
    from mixpanel_nb.storage import Chunk, TableMetadata


@dataclass(frozen=True)
class OwnRequest:
    """The request that a table's last days were fetched with.

    Attributes:
        filters: ``events``, ``where`` and ``limit`` (None) of the export.
        columns: Typed columns wanted.
        dedupe: Keep one row per event.
        stored: The days that the table has.
        unsettled: Stored days that had not ended when they were fetched.
        missing: Days that are missing from a stopped fetch.
    """

    filters: Mapping[str, Any]
    columns: int | Sequence[str] | None
    dedupe: bool
    stored: frozenset[date]
    unsettled: frozenset[date]
    missing: frozenset[date]

    @property
    def last(self) -> date:
        """The last day that the table has."""
        return max(self.stored)

    def new(self, until: date) -> set[date]:
        """Days that are not final in the table: missing, later, and unsettled ones."""
        later = DateRange(self.last + timedelta(days=1), until)
        return {*self.missing, *self.unsettled, *later}

    def late(self, days: int) -> set[date]:
        """The stored ones of the ``days`` days up to the last stored day."""
        since = self.last - timedelta(days=days - 1)
        return {day for day in self.stored if day >= since}


def own_request(storage: FetchStore, table: str, zone: str | None) -> OwnRequest:
    """The request with which an events table was fetched.

    Args:
        storage: The database.
        table: The table.
        zone: The zone of the days of its fetches; None is UTC.

    Raises:
        TableNotFoundError: there is no such table, or it was not fetched.
        ParameterError: there is no repeatable request.
    """
    before, chunks = storage.get_metadata(table), storage.chunks(table)
    if before.type != "events":
        message = f"Table {table!r} has {before.type}, which have no days."
        hint = ["Fetch them again, with ", Word("if_exists", "append"), " to refresh them."]
        raise _unclear(table, message, hint)
    if before.source is None:
        message = f"Table {table!r} was not fetched from Mixpanel, so there is nothing to ask again."
        raise _unclear(table, message, "Load its files once more to bring it up to date.")
    if not chunks:
        message = f"The request with which table {table!r} was fetched is unknown."
        raise _unclear(table, message, "Fetch it into a new table.")
    filters = json.loads(_filters_of_last_days(table, chunks))
    if filters.get("limit"):
        message = f"Table {table!r} was fetched with a limit, so it has only some of the events of its days."
        raise _unclear(table, message, "Fetch it without a limit, into a new table.")
    wanted = ledger.canonical(filters)
    stored = stored_days(chunks, wanted)
    how = before.request.get(HOW, {})
    return OwnRequest(
        filters={name: filters.get(name) for name in ("events", "where", "limit")},
        columns=how.get("columns"),
        dedupe=how.get("dedupe", True),
        stored=frozenset(stored),
        unsettled=frozenset(stored - covered_days(chunks, wanted, zone)),
        missing=frozenset(_missing(before, wanted) - stored),
    )


def _filters_of_last_days(table: str, chunks: Sequence[Chunk]) -> str:
    last = max(chunk.to_date for chunk in chunks if chunk.to_date is not None)
    filters = ledger.limits(chunk for chunk in chunks if chunk.to_date == last)
    if len(filters) > 1:
        message = f"The last days of table {table!r} were fetched with different filters."
        raise _unclear(table, message, "Fetch each selection of events into a table of its own.")
    return filters[0]


def _missing(before: TableMetadata, filters: str) -> set[date]:
    """The days of a stopped fetch by the same filters."""
    request = before.request
    if before.complete or "from_date" not in request or filters_of(request) != filters:
        return set()
    return set(DateRange(*(date.fromisoformat(request[name]) for name in ("from_date", "to_date"))))


def _unclear(table: str, message: str, hint: str | list[str]) -> ParameterError:
    return ParameterError(message, parameter="name", value=table, hint=hint)
