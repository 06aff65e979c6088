"""How events and people come from Mixpanel: into tables, or one by one."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.workspace.base import Base

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.results import FetchProgress, FetchResult
    from mixpanel_nb.services.fetch.fetcher import FetcherService

DEFAULT_COLUMNS = 100
DEFAULT_WORKERS = 4


class Fetching(Base):
    """Fetching into tables of the database, and streams of which nothing is stored."""

    @property
    @abstractmethod
    def _legacy_zone(self) -> str | None:
        """The zone that exported times are shifted into; None for projects created since 2023."""

    def fetch_events(
        self,
        name: str = "events",
        *,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        append: bool = False,
        replace: bool = False,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        dedupe: bool = True,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch events into a table, in chunks of days, several at once.

        Each chunk is stored whole or not at all. When a fetch stops, for whatever reason, the same call
        asks only for what is missing.

        Args:
            name: The table.
            from_date: First day (``YYYY-MM-DD`` or a date).
            to_date: Last day, included.
            events: Only events of these names.
            where: Only events for which this Mixpanel expression is true.
            limit: At most so many events (1 to 100,000), whichever Mixpanel sends first.
            append: Add to a table that exists. Days it holds already are not asked for again, unless
                they had not ended yet when they were fetched.
            replace: Build a new table and let it take the place of the old one at the end.
            columns: Properties that get a typed column: the so many most frequent ones, these names, or
                none (None or 0). All others stay reachable in the JSON column ``properties``.
            dedupe: Keep one row per event, distinct_id, time and ``$insert_id``, as Mixpanel's reports do.
            workers: Downloads at once.
            progress: Told how it goes, a few times a second.

        Raises:
            TableExistsError: the table exists, and neither ``append`` nor ``replace`` is given.
            QueryError: a parameter is wrong, or Mixpanel refused it.
            APIError: Mixpanel failed; what was fetched stays, and the table is marked incomplete.
            StorageError: the database could not be written.
        """
        return self._fetcher.fetch_events(
            name,
            from_date=from_date,
            to_date=to_date,
            events=events,
            where=where,
            limit=limit,
            append=append,
            replace=replace,
            columns=columns,
            dedupe=dedupe,
            workers=workers,
            progress=progress,
        )

    def fetch_profiles(
        self,
        name: str = "profiles",
        *,
        where: str | None = None,
        cohort_id: int | None = None,
        output_properties: Sequence[str] | None = None,
        distinct_ids: str | Sequence[str] | None = None,
        group_id: int | str | None = None,
        behaviors: Sequence[Mapping[str, Any]] | None = None,
        as_of_timestamp: int | None = None,
        include_all_users: bool | None = None,
        append: bool = False,
        replace: bool = False,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch people into a table, one row each.

        Args:
            name: The table.
            where: Only people for whom this Mixpanel expression is true.
            cohort_id: Only members of this cohort.
            output_properties: Only these properties of each.
            distinct_ids: Only these people.
            group_id: Profiles of this group type (Mixpanel's ``data_group_id``) instead of people.
            behaviors: What people did, for use in ``where`` as ``behaviors["name"] > 0``; each with
                ``name``, ``window`` (such as ``30d``) and ``event_selectors``.
            as_of_timestamp: The moment, in Unix seconds, at which ``behaviors`` are judged; now by default.
            include_all_users: With ``cohort_id``, whether members without a profile come too (they do).
            append: Add to a table that exists; people it knows are refreshed.
            replace: Build a new table and let it take the place of the old one at the end.
            columns: As in :meth:`fetch_events`.
            progress: Told how it goes, a few times a second.

        Raises:
            TableExistsError: the table exists, and neither ``append`` nor ``replace`` is given.
            QueryError: parameters exclude each other.
            APIError: Mixpanel refused or failed; nothing was changed.
            StorageError: the database could not be written.
        """
        return self._fetcher.fetch_profiles(
            name,
            where=where,
            cohort_id=cohort_id,
            output_properties=output_properties,
            distinct_ids=distinct_ids,
            group_id=group_id,
            behaviors=behaviors,
            as_of_timestamp=as_of_timestamp,
            include_all_users=include_all_users,
            append=append,
            replace=replace,
            columns=columns,
            progress=progress,
        )

    def stream_events(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        raw: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Events one by one, nothing stored, duplicates included.

        Args:
            from_date: First day.
            to_date: Last day, included.
            events: Only events of these names.
            where: Only events for which this Mixpanel expression is true.
            limit: At most so many events.
            raw: Give each as Mixpanel sends it, instead of ``event_name``, ``event_time`` (aware, UTC),
                ``distinct_id``, ``insert_id`` and ``properties``.

        Raises:
            QueryError: a parameter is wrong, or Mixpanel refused it.
            IncompleteExportError: the stream broke after it had begun.
        """
        from mixpanel_nb.services.dates import parse_range
        from mixpanel_nb.services.fetch.filters import checked_limit, names_of
        from mixpanel_nb.services.fetch.streaming import normalised_events

        first, last = parse_range(from_date, to_date)
        stream = self.api.export_events(
            from_date=str(first),
            to_date=str(last),
            events=names_of(events, "events"),
            where=where,
            limit=checked_limit(limit),
        )
        return iter(stream) if raw else normalised_events(stream, self._legacy_zone)

    def stream_profiles(
        self,
        *,
        where: str | None = None,
        cohort_id: int | None = None,
        output_properties: Sequence[str] | None = None,
        distinct_ids: str | Sequence[str] | None = None,
        group_id: int | str | None = None,
        behaviors: Sequence[Mapping[str, Any]] | None = None,
        as_of_timestamp: int | None = None,
        include_all_users: bool | None = None,
        raw: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """People one by one, nothing stored; errors as in :meth:`fetch_profiles`.

        Args:
            where: Only people for whom this Mixpanel expression is true.
            cohort_id: Only members of this cohort.
            output_properties: Only these properties of each.
            distinct_ids: Only these people.
            group_id: Profiles of this group type instead of people.
            behaviors: What people did, for use in ``where``.
            as_of_timestamp: The moment at which ``behaviors`` are judged.
            include_all_users: With ``cohort_id``, whether members without a profile come too.
            raw: Give each as Mixpanel sends it, instead of ``distinct_id``, ``last_seen``, ``properties``.
        """
        from mixpanel_nb.services.fetch.filters import at_a_moment, profile_filters
        from mixpanel_nb.services.fetch.streaming import normalised_profiles

        which = profile_filters(
            where=where,
            cohort_id=cohort_id,
            output_properties=output_properties,
            distinct_ids=distinct_ids,
            group_id=group_id,
            behaviors=behaviors,
            as_of_timestamp=as_of_timestamp,
            include_all_users=include_all_users,
        )
        stream = self.api.export_profiles(**at_a_moment(which))
        return iter(stream) if raw else normalised_profiles(stream)

    @cached_property
    def _fetcher(self) -> FetcherService:
        from mixpanel_nb.services.fetch.fetcher import FetcherService
        from mixpanel_nb.storage.ingest import EventTime

        return FetcherService(
            self.api,
            self.storage,
            event_time=EventTime(self._legacy_zone),
            timezone=self._account_timezone,
            named_timezone=self._named_timezone,
        )
