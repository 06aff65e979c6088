"""The methods of a workspace that bring data in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.files.places import place_of
from mixpanel_nb.workspace.base import WorkspaceBase
from mixpanel_nb.workspace.defaults import days_to_fetch
from mixpanel_nb.workspace.lakes import lake_fetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.results import (
        FetchProgress,
        FetchResult,
        LakeTableList,
        LoadResult,
        SyncResult,
    )
    from mixpanel_nb.services.existing import IfExists


DEFAULT_COLUMNS = 100
DEFAULT_WORKERS = 4
DEFAULT_SYNC_DAYS = 5


class DataIn(WorkspaceBase):
    """Events and profiles, from Mixpanel and from files: into tables, or one by one."""

    def fetch_events(
        self,
        name: str = "events",
        *,
        to: str | Path | None = None,
        from_date: str | date | None = None,
        to_date: str | date | None = None,
        last: str | int | None = None,
        during: str | None = None,
        events: Sequence[str] | None = None,
        where: str | None = None,
        limit: int | None = None,
        if_exists: IfExists = "fail",
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        dedupe: bool = True,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch events into a table, in chunks of days, several at once.

        Each chunk is stored whole or not at all. When a fetch stops, for whatever reason, the same call
        asks only for what is missing. At its end the project's annotations of the table's days are kept with
        it: one request, which costs no query of the quota; where Mixpanel refuses it, a note says so.

        Args:
            name: The table.
            to: A lake to fetch into instead of the database: a folder, or an address such as
                ``s3://bucket/shop``; see :meth:`lake`. Each day replaces what the lake has of it. Several
                processes and machines may fetch into one lake at once.
            from_date: First day: a date, or text such as ``2025-01-31`` or ``2025-01``. Without any days,
                ``append`` adds new days by the table's own request, to yesterday in the project's time zone.
            to_date: Last day, included; by default yesterday.
            last: The last days up to that, such as ``30d`` or ``3m``.
            during: One period, such as ``2025-03`` or ``2025-Q1``.
            events: Only events of these names.
            where: Only events for which this Mixpanel expression is true.
            limit: At most so many events (1 to 100,000), whichever Mixpanel sends first.
            if_exists: What to do if the table exists. ``fail``: raise ``TableExistsError``. ``same``: use it
                if it holds these events by the same filters, without a request; else as ``fail``.
                ``append``: add days. Days that it holds are fetched again only if they had not ended when
                they were fetched. ``replace``: build a new table, which takes the place of the old one at the
                end. A fetch that was stopped goes on with any of these. Into a lake, ``fail`` is as
                ``append``, and ``replace`` asks for these days again.
            columns: Properties that get a typed column: a number for the most frequent ones, names, or None
                or 0 for none. All others stay reachable in the JSON column ``properties``.
            dedupe: Keep one row per event, distinct_id, time and ``$insert_id``, as Mixpanel's reports do.
            workers: How many downloads run at once.
            progress: Called with the progress a few times a second.

        Raises:
            TableExistsError: the table exists, and ``if_exists`` does not allow this fetch; or it holds
                events of another project.
            ParameterError: a parameter is wrong.
            QueryError: Mixpanel refused a parameter.
            APIError: Mixpanel failed; what was fetched stays, and the table is marked incomplete.
            StorageError: the database could not be written.

        Example:
            >>> fetched = ws.fetch_events("first_week", from_date="2025-01-01", to_date="2025-01-07")
            >>> fetched.rows, fetched.duplicates
            (10682, 72)
        """
        first, final = days_to_fetch(locals(), self._project.today)
        place = self._place if to is None else place_of(to)
        fetcher = self._fetcher if place is None else lake_fetcher(self._project, place)
        fetched = fetcher.fetch_events(
            name,
            from_date=first,
            to_date=final,
            events=events,
            where=where,
            limit=limit,
            if_exists=if_exists,
            columns=columns,
            dedupe=dedupe,
            workers=workers,
            progress=progress,
        )
        if place is not None:
            return dataclasses.replace(fetched, notes=(*fetched.notes, f"In the lake {place}."))
        note = self._keep_annotations(name) if fetched.requests else None
        return fetched if note is None else dataclasses.replace(fetched, notes=(*fetched.notes, note))

    def lake_tables(self) -> LakeTableList:
        """The tables of the lake that the workspace is on, with their files, size and days.

        Raises:
            StorageError: the workspace is on a database.
        """
        from mixpanel_nb.workspace.lakes import lake_tables

        return lake_tables(self.storage)

    def compact(self) -> LakeTableList:
        """Give columns of the lake types that hold all values, and remove files that are no longer needed.

        A column has the type of the values of its first chunk. Where later values had others, its files are
        written anew. Files of older versions are kept for a week. Fetches may go on meanwhile.

        Raises:
            StorageError: the workspace is on a database, or the lake could not be written.
        """
        from mixpanel_nb.workspace.lakes import compacted

        return compacted(self.storage)

    def _keep_annotations(self, table: str) -> str | None:
        """Keep the project's annotations with a table; a note where Mixpanel does not give them."""
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.project_annotations import keep

        return keep(self.api, self.storage, table, ZoneInfo(self._project.account_timezone))

    def sync(
        self,
        name: str = "events",
        *,
        days: int = DEFAULT_SYNC_DAYS,
        to_date: str | date | None = None,
        cohorts: bool = False,
        workers: int = DEFAULT_WORKERS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> SyncResult:
        """Bring a table up to date: fetch its last days once more, and the new ones.

        A sync repeats the table's last request, with its filters, typed columns and treatment of duplicates.
        It replaces each day in one transaction, so late, changed and deleted events are as Mixpanel has them
        now. Consecutive days are one request, up to a week. If a sync stops, each day is either old or new,
        and the next sync completes it.

        Args:
            name: The table.
            days: How many of the table's last days are fetched once more (0 to 366).
            to_date: The last new day; by default yesterday in the project's time zone.
            cohorts: Compute the cohorts of the table again, except lists and cohorts of Mixpanel.
            workers: How many downloads run at once.
            progress: Called with the progress a few times a second.

        Raises:
            TableNotFoundError: there is no such table, or it was not fetched.
            ParameterError: the table has profiles, or was fetched with a limit or by different filters.
            TableExistsError: it holds events of another project.
            APIError: Mixpanel failed; the days that came are in the table.
            StorageError: the database could not be written, or another process is fetching the table.
        """
        done = self._fetcher.sync(name, days=days, to_date=to_date, workers=workers, progress=progress)
        note = self._keep_annotations(name)
        done = done if note is None else dataclasses.replace(done, notes=(note,))
        if not cohorts:
            return done
        computed = tuple(each.cohort for each in self._cohorts.refresh_all(name))
        return dataclasses.replace(done, cohorts=computed)

    def fetch_profiles(
        self,
        name: str = "profiles",
        *,
        to: str | Path | None = None,
        where: str | None = None,
        cohort_id: int | None = None,
        output_properties: Sequence[str] | None = None,
        distinct_ids: str | Sequence[str] | None = None,
        group_id: int | str | None = None,
        behaviors: Sequence[Mapping[str, Any]] | None = None,
        as_of_timestamp: int | None = None,
        include_all_users: bool | None = None,
        in_cohort: str | None = None,
        if_exists: IfExists = "fail",
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> FetchResult:
        """Fetch user profiles into a table, one row each.

        Args:
            name: The table.
            to: A lake to fetch into, as in :meth:`fetch_events`; it then has these users and no others.
            where: Only users for whom this Mixpanel expression is true.
            cohort_id: Only members of this cohort.
            output_properties: Only these properties of each.
            distinct_ids: Only these users.
            group_id: Profiles of this group type (Mixpanel's ``data_group_id``) instead of users.
            behaviors: What users did, for use in ``where`` as ``behaviors["name"] > 0``; each with
                ``name``, ``window`` (such as ``30d``) and ``event_selectors``.
            as_of_timestamp: The moment of ``behaviors``, in Unix seconds; now by default.
            include_all_users: With ``cohort_id``, whether to include members without a profile (the default).
            in_cohort: Only users in this cohort of the database, instead of ``distinct_ids``; up to 2,000.
            if_exists: As in :meth:`fetch_events`; ``append`` updates the users that it holds.
            columns: As in :meth:`fetch_events`.
            progress: Called with the progress a few times a second.

        Raises:
            TableExistsError: as in :meth:`fetch_events`.
            ParameterError: a parameter is wrong, or parameters exclude each other.
            APIError: Mixpanel refused or failed; nothing was changed.
            StorageError: the database could not be written.

        Example:
            >>> ws.fetch_profiles("german_users", where='properties["$country_code"] == "DE"').rows
            1160
        """
        if in_cohort is not None:
            distinct_ids = self._cohorts.few_ids(in_cohort, distinct_ids)
        place = self._place if to is None else place_of(to)
        fetcher = self._fetcher if place is None else lake_fetcher(self._project, place)
        return fetcher.fetch_profiles(
            name,
            where=where,
            cohort_id=cohort_id,
            output_properties=output_properties,
            distinct_ids=distinct_ids,
            group_id=group_id,
            behaviors=behaviors,
            as_of_timestamp=as_of_timestamp,
            include_all_users=include_all_users,
            if_exists=if_exists,
            columns=columns,
            progress=progress,
        )

    def load(
        self,
        path_or_frame: Any,
        name: str = "events",
        *,
        event: str | None = None,
        time: str | None = None,
        user: str | Sequence[str] | None = None,
        id: str | None = None,  # noqa: A002 - the design's name
        time_unit: Literal["s", "ms", "us"] | None = None,
        timezone: str | None = None,
        from_tool: str | None = None,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        if_exists: IfExists = "fail",
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> LoadResult:
        """Load events from files or a frame of your own, in one transaction.

        Files are JSON lines (of Mixpanel's export or others), JSON arrays, CSV with a header, or Parquet,
        plain or compressed with gzip or zstd, whatever their names. The table is like a fetched one: it has
        the same columns and types, a record of its days, and rows in the order of the files. The whole record
        stays in ``properties``. Columns that you do not name are guessed; the result says which.

        Rows with an id are kept once for each event, user, time and id (the last one). Rows without one are
        never merged, nor rows of one load with those of another. Rows without a time are left out and
        counted. No account is needed.

        Args:
            path_or_frame: A path, a glob, a list of them; or a table in memory: a DataFrame of pandas or
                Polars, an Arrow table.
            name: The table.
            event: The column of the event's name; ``=Purchase`` where every row is a Purchase.
            time: The column of the time: ISO 8601, a day (``20250131``), or a number counted since 1970.
            user: The column of the user, or several: the first one with a value counts.
            id: The column of an id by which an event that was sent twice is recognized.
            time_unit: The unit of times that are numbers: ``s``, ``ms`` or ``us``; by default it follows from
                their magnitude.
            timezone: The time zone of times without one, and of the table's days; UTC by default.
            from_tool: The tool that wrote the files: ``amplitude``, ``ga4``, ``segment``, ``posthog``,
                ``snowplow``, ``pipelines`` for Mixpanel's own to a warehouse, or ``fivetran`` or ``airbyte``,
                which copy from Mixpanel.
            columns: As in :meth:`fetch_events`.
            if_exists: What to do if the table exists. ``fail`` refuses. ``same`` reads nothing if the table
                holds these files, read in the same way and not changed since, and refuses others.
                ``append`` adds the files that it does not hold. ``replace`` puts a new table in its place. A
                failure leaves the table as it was.
            progress: Called with the progress a few times a second.

        Raises:
            ParameterError: a file cannot be read, a row cannot be an event (the message has its line), or
                there is no such column.
            TableExistsError: the table exists, and ``if_exists`` is ``fail``, or ``same`` with other files.
            ConfigError: there is no such time zone.
            StorageError: the database could not be written.
        """
        from mixpanel_nb.accounts import checked_timezone
        from mixpanel_nb.services.load.loader import LoadService
        from mixpanel_nb.services.load.mapping import Asked

        asked = Asked(
            event=event,
            time=time,
            user=user if user is None or isinstance(user, str) else tuple(user),
            id=id,
            time_unit=time_unit,
            timezone=None if timezone is None else checked_timezone(timezone),
            from_tool=from_tool,
        )
        service = LoadService(self.storage)
        return service.load(
            path_or_frame, name, asked, columns=columns, if_exists=if_exists, progress=progress
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
            ParameterError: a parameter is wrong.
            QueryError: Mixpanel refused it.
            IncompleteExportError: the stream broke off.
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
        return iter(stream) if raw else normalised_events(stream, self._project.legacy_zone)

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
        """User profiles one by one, nothing stored; errors as in :meth:`fetch_profiles`.

        Args:
            where: Only users for whom this Mixpanel expression is true.
            cohort_id: Only members of this cohort.
            output_properties: Only these properties of each.
            distinct_ids: Only these users.
            group_id: Profiles of this group type instead of users.
            behaviors: What users did, for use in ``where``.
            as_of_timestamp: The moment of ``behaviors``, in Unix seconds; now by default.
            include_all_users: With ``cohort_id``, whether to include members without a profile (the default).
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
