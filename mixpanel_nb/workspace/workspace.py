"""``Workspace``: its life cycle, fetching, SQL and tables; its reports are in ``reports``."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import AccessDeniedError, ConfigError, NotFoundError, QueryError
from mixpanel_nb.workspace.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import duckdb
    import pandas as pd

    from mixpanel_nb.accounts import ConfigManager, Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results import (
        BookmarkList,
        CohortList,
        ExportResult,
        FetchProgress,
        FetchResult,
        FunnelList,
        LexiconSchemaList,
        NameList,
        PlanResult,
        SQLResult,
        SummaryResult,
        TableList,
        TableSchema,
        WorkspaceInfo,
    )
    from mixpanel_nb.services.fetcher import FetcherService
    from mixpanel_nb.storage import StorageEngine

SANDBOX = "sandbox"
SANDBOX_URL = "http://sandbox.localhost"  # never resolved: the sandbox is called in-process
DEFAULT_COLUMNS = 100
DEFAULT_WORKERS = 4


class Workspace(Reports):
    """A project's data: what Mixpanel answers, and what was fetched into a DuckDB file.

    Nothing is opened or asked before it is needed, and the database file is held only while a statement
    runs, so several notebooks and terminals can share it.

    Args:
        account: A configured account, or ``sandbox``; None takes the environment's or the default one.
        project_id: Another project than the account's.
        region: ``us``, ``eu`` or ``in``, if not the account's.
        path: The database file; by default one per project in ``~/.mixpanel_nb``.
        read_only: Refuse every change to the database.
        timezone: The time zone of days in reports, such as ``Europe/Berlin``, if not the account's.

    Raises:
        ConfigError: no usable account, or no such time zone.
    """

    def __init__(
        self,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        path: str | Path | None = None,
        read_only: bool = False,
        timezone: str | None = None,
        *,
        _config_manager: ConfigManager | None = None,
        _api_client: MixpanelAPIClient | None = None,
        _storage: StorageEngine | None = None,
    ) -> None:
        from mixpanel_nb.accounts import ConfigManager, checked_timezone

        self._config = _config_manager or ConfigManager()
        in_effect = self._config.account_in_effect(account)
        self._credentials: Credentials | None
        if in_effect == SANDBOX:
            self._credentials = sandbox_credentials()
        else:
            self._credentials = self._config.resolve(account, project_id=project_id, region=region)
        self._client = _api_client
        self._engine = _storage
        self._path = None if path is None else Path(path).expanduser()
        self._read_only = read_only
        self._timezone = None if timezone is None else checked_timezone(timezone)

    @classmethod
    def sandbox(cls, path: str | Path | None = None, *, timezone: str | None = None) -> Workspace:
        """A workspace on the sandbox, a Mixpanel in this process: no account, no network."""
        return cls(account=SANDBOX, path=path, timezone=timezone)

    @classmethod
    def ephemeral(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
    ) -> Workspace:
        """A workspace on a temporary file, removed when it is closed. Use it in a ``with`` block."""
        from mixpanel_nb.storage import StorageEngine

        workspace = cls(account, project_id, region, timezone=timezone)
        workspace._engine = StorageEngine.ephemeral()
        return workspace

    @classmethod
    def memory(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
    ) -> Workspace:
        """A workspace that keeps its tables in memory."""
        from mixpanel_nb.storage import StorageEngine

        return cls(account, project_id, region, timezone=timezone, _storage=StorageEngine.memory())

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False, timezone: str = "UTC") -> Workspace:
        """A workspace on a database file that exists, without an account: for queries alone.

        Raises:
            StorageError: there is no such file.
        """
        from mixpanel_nb.accounts import ConfigManager, checked_timezone
        from mixpanel_nb.storage import StorageEngine

        workspace = cls.__new__(cls)
        workspace._config = ConfigManager()
        workspace._credentials = None
        workspace._client = None
        workspace._engine = StorageEngine.open_existing(path, read_only=read_only)
        workspace._path = workspace._engine.path
        workspace._read_only = read_only
        workspace._timezone = checked_timezone(timezone)
        return workspace

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        name = (self._credentials and self._credentials.account) or "no account"
        return f"<Workspace {name}, database {self._path or 'default'}>"

    def close(self) -> None:
        """Give back connections and files; an ephemeral database is removed. May be called twice."""
        if self._client is not None:
            self._client.close()
        if self._engine is not None:
            self._engine.close()

    @property
    def account(self) -> str | None:
        """Name of the account; None for credentials of the environment, and without an account."""
        return self._credentials.account if self._credentials else None

    @property
    def timezone(self) -> str:
        """Name of the time zone of days in reports."""
        return self._timezone or (self._credentials.timezone if self._credentials else "UTC")

    @property
    def usual_days(self) -> tuple[date, date]:
        """The last 90 days that are over; of the sandbox, all that it has."""
        if self._is_sandbox:
            from mixpanel_nb.sandbox.dataset import FIRST_DAY, LAST_DAY

            return FIRST_DAY, LAST_DAY
        from datetime import datetime, timedelta
        from zoneinfo import ZoneInfo

        yesterday = datetime.now(ZoneInfo(self.timezone)).date() - timedelta(days=1)
        return yesterday - timedelta(days=89), yesterday

    # Discovery

    def events(self) -> NameList:
        """Names of the project's events, sorted; asked once a session.

        Raises:
            APIError: Mixpanel could not be asked.
        """
        return _name_list("events", self._discovery.events())

    def properties(self, event: str) -> NameList:
        """Names of the properties of ``event``, sorted; asked once a session.

        Raises:
            QueryError: there is no such event.
        """
        return _name_list("properties", self._discovery.properties(event), of=event)

    def property_values(self, event: str, prop: str, limit: int = 100) -> NameList:
        """At most ``limit`` values of property ``prop`` of ``event``, sorted; asked once a session."""
        return _name_list("values", self._discovery.property_values(event, prop, limit), of=prop)

    def funnels(self) -> FunnelList:
        """The saved funnels, by name; asked once a session."""
        return self._discovery.funnels()

    def cohorts(self) -> CohortList:
        """The saved cohorts, by name; asked once a session."""
        return self._discovery.cohorts()

    def bookmarks(self, type: str | None = None) -> BookmarkList:  # noqa: A002 - Mixpanel's name
        """The saved reports, by name; asked once a session.

        Args:
            type: ``insights``, ``funnels``, ``retention``, ``flows`` or ``launch-analysis``; None for all.

        Raises:
            QueryError: there is no such type.
        """
        return self._discovery.bookmarks(type)

    def lexicon_schemas(self, entity_type: str | None = None) -> LexiconSchemaList:
        """What Lexicon says of events and properties; asked once a session.

        Args:
            entity_type: ``event``, ``profile``, ``custom_event`` or ``group``; None for all.

        Raises:
            QueryError: there is no such type.
        """
        return self._discovery.lexicon_schemas(entity_type)

    def clear_cache(self) -> None:
        """Forget what discovery has answered."""
        self._discovery.clear_cache()

    # Fetching

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
        from mixpanel_nb.services.filters import checked_limit, names_of
        from mixpanel_nb.services.streaming import normalised_events

        first, last = parse_range(from_date, to_date)
        stream = self.api.export_events(
            from_date=str(first),
            to_date=str(last),
            events=names_of(events),
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
        from mixpanel_nb.services.filters import at_a_moment, profile_filters
        from mixpanel_nb.services.streaming import normalised_profiles

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

    # SQL

    def sql(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> pd.DataFrame:
        """Run SQL on the local tables and give a DataFrame.

        Args:
            query: One or several DuckDB statements; the last one's rows are given.
            params: Values bound to ``$name`` or ``?``.

        Raises:
            QueryError: the SQL is wrong.
            TableNotFoundError: it names a table that is not there.
        """
        return self.storage.execute_df(query, params)

    def sql_scalar(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """The first value of the first row, or None. Arguments and errors as in :meth:`sql`."""
        return self.storage.execute_scalar(query, params)

    def sql_rows(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> SQLResult:
        """The rows as an iterable of tuples that knows its column names, however many there are.

        They stay in DuckDB until they are read. Arguments and errors as in :meth:`sql`.
        """
        from mixpanel_nb.results import SQLResult

        return SQLResult(query, self.storage.query(query, params), params)

    def explain(
        self,
        query: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        analyze: bool = False,
    ) -> PlanResult:
        """How DuckDB answers a query: the steps of its plan, and how many rows it expects of each.

        Nothing stays of what runs for it: statements before the last one are run only where the last may
        need what they make (``CREATE TABLE``, ``SET``), and what they change is undone.

        Args:
            query: One or several DuckDB statements; the last one is explained.
            params: Values bound to ``$name`` or ``?``.
            analyze: Run the last statement too, and tell rows and time of each step.

        Raises:
            QueryError: the SQL is wrong, or cannot be explained.
            TableNotFoundError: it names a table that is not there.
        """
        return self.storage.plan(query, params, analyze=analyze)

    def export(
        self,
        table_or_query: str,
        path: str | Path,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        format: Literal["parquet", "csv", "jsonl"] | None = None,  # noqa: A002 - the design's name
        partition_by: str | Sequence[str] = (),
        replace: bool = False,
    ) -> ExportResult:
        """Write a table, or the rows of a query, to a file for other programs.

        Rows are written as they come, so memory does not grow with them. The file appears under its name
        when it is whole. Times of a table are written as moments in UTC; a query's columns as they are.

        Args:
            table_or_query: The name of a table, or SQL whose last statement gives rows.
            path: The file: ``.parquet``, ``.csv`` or ``.jsonl``, the last two also with ``.gz`` or ``.zst``.
            params: Values bound to ``$name`` or ``?`` in a query.
            format: The format, where the name does not tell it.
            partition_by: Columns whose values name folders (``path/day=2025-01-01/…``), as Spark, Athena and
                others read them. ``day`` and ``month`` are made from the time (UTC) where there is none.
            replace: Put it in the place of an earlier export.

        Raises:
            QueryError: the format or a column to partition by is unknown, or the SQL is wrong.
            TableNotFoundError: there is no such table.
            StorageError: there is such a file already, or it cannot be written; nothing is left of it.
        """
        columns = (partition_by,) if isinstance(partition_by, str) else tuple(partition_by)
        return self.storage.export(
            table_or_query, Path(path), params, form=format, partition_by=columns, replace=replace
        )

    # Tables

    def info(self) -> WorkspaceInfo:
        """The account, the database and its tables."""
        from mixpanel_nb.results import WorkspaceInfo

        credentials, path = self._credentials, self.storage.path
        return WorkspaceInfo(
            path=path,
            project_id=credentials.project_id if credentials else None,
            region=credentials.region if credentials else None,
            account=credentials.account if credentials else None,
            tables=tuple(self.storage.list_tables()),
            size_bytes=path.stat().st_size if path and path.is_file() else None,
        )

    def tables(self) -> TableList:
        """The tables of the database."""
        from mixpanel_nb.results import TableList

        return TableList(tuple(self.storage.list_tables()))

    def schema(self, table: str) -> TableSchema:
        """The columns of a table.

        Raises:
            TableNotFoundError: there is no such table.
        """
        return self.storage.get_schema(table)

    def sample(self, table: str, n: int = 10) -> SQLResult:
        """``n`` rows from all over a table, the same ones each time.

        Raises:
            TableNotFoundError: there is no such table.
        """
        if n < 1:
            message = f"n is {n}."
            raise QueryError(message, hint="Give a number from 1.", details={"parameter": "n"})
        from mixpanel_nb.storage.statements import sample_sql

        columns = {column.name for column in self.schema(table)}
        return self.sql_rows(sample_sql(table, columns, n))

    def summarize(self, table: str) -> SummaryResult:
        """Statistics of each column of a table, but the JSON of ``properties``.

        Raises:
            TableNotFoundError: there is no such table.
        """
        from mixpanel_nb.results import ColumnSummary, SummaryResult
        from mixpanel_nb.storage.statements import summarize_sql

        columns = [column.name for column in self.schema(table) if column.type != "JSON"]
        rows = self.storage.execute_rows(summarize_sql(table, columns))
        return SummaryResult(table, tuple(ColumnSummary(*row) for row in rows))

    def promote(self, table: str, *properties: str) -> list[str]:
        """Give properties typed columns of their own, about 100 times faster to query than JSON.

        Returns the names of the new columns.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: no row has such a property.
        """
        return self.storage.promote(table, *properties)

    def drop(self, *names: str) -> None:
        """Drop tables: all of them, or none if one is not there.

        Raises:
            TableNotFoundError: one is not there.
        """
        self._drop({name.casefold(): name for name in names}.values())

    def drop_all(self, type: Literal["events", "profiles"] | None = None) -> None:  # noqa: A002 - the design's name
        """Drop every fetched table, or those of one type."""
        fetched = {"events", "profiles"} if type is None else {type}
        self._drop(table.name for table in self.storage.list_tables() if table.type in fetched)

    def _drop(self, names: Iterable[str]) -> None:
        from mixpanel_nb.services.staging import Staging

        tables = list(names)
        self.storage.drop_tables(*tables)
        for table in tables:
            Staging(self.storage.path, table).sweep(downloads=True)

    # Escape hatches

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection. It holds the database file until :meth:`release` or :meth:`close`."""
        return self.storage.connection

    def release(self) -> None:
        """Let others have the database file again after :attr:`connection`."""
        self.storage.release()

    @property
    def api(self) -> MixpanelAPIClient:
        """The client for Mixpanel's API.

        Raises:
            ConfigError: this workspace was opened without an account.
        """
        if self._client is None:
            if self._credentials is None:
                message = "This workspace was opened without an account, so Mixpanel cannot be asked."
                hint = "Name one with the database: --account NAME, or Workspace(account=…, path=…)."
                raise ConfigError(message, hint=hint)
            self._client = self._new_client(self._credentials)
        return self._client

    @property
    def storage(self) -> StorageEngine:
        """The engine that keeps the tables."""
        if self._engine is None:
            from mixpanel_nb.storage import StorageEngine

            self._engine = StorageEngine(self._path or self._default_path(), read_only=self._read_only)
        return self._engine

    def test_credentials(self) -> dict[str, Any]:
        """Ask Mixpanel whether it accepts the account.

        Returns ``account``, ``project_id``, ``region`` and what Mixpanel says of it.

        Raises:
            AuthenticationError: it does not.
        """
        return {"account": self.account, **self.api.test()}

    @cached_property
    def _fetcher(self) -> FetcherService:
        from mixpanel_nb.services.fetcher import FetcherService
        from mixpanel_nb.storage.ingest import EventTime

        return FetcherService(self.api, self.storage, event_time=EventTime(self._legacy_zone))

    @cached_property
    def _legacy_zone(self) -> str | None:
        """The zone that exported times are shifted into; None for projects created since 2023."""
        credentials = self._credentials
        if credentials is None or not credentials.legacy_time:
            return None
        if credentials.timezone != "UTC":
            return credentials.timezone
        # The account's entry may simply not say: then Mixpanel knows, and being asked costs no quota.
        try:
            projects = self.api.me().get("projects") or {}
        except (AccessDeniedError, NotFoundError):
            return None
        return (projects.get(credentials.project_id) or {}).get("timezone")

    @property
    def _is_sandbox(self) -> bool:
        return self._credentials is not None and self._credentials.account == SANDBOX

    def _default_path(self) -> Path:
        from mixpanel_nb.accounts import home_directory

        credentials = self._credentials
        name = SANDBOX if credentials is None or self._is_sandbox else credentials.project_id
        return home_directory() / f"{name}.db"

    def _new_client(self, credentials: Credentials) -> MixpanelAPIClient:
        from mixpanel_nb.accounts import ensure_home_directory
        from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger

        if self._is_sandbox and not os.environ.get("MP_API_BASE_URL"):
            return _sandbox_client(credentials)
        return MixpanelAPIClient(credentials, ledger=QuotaLedger(ensure_home_directory() / "quota.db"))


def _name_list(kind: str, names: list[str], *, of: str | None = None) -> NameList:
    from mixpanel_nb.results import NameList

    return NameList(kind, names, of=of)


def sandbox_credentials() -> Credentials:
    """What the sandbox accepts; no secret of anyone's."""
    from mixpanel_nb.accounts import Credentials

    return Credentials(SANDBOX, SANDBOX, "1", account=SANDBOX)


def _sandbox_client(credentials: Credentials) -> MixpanelAPIClient:
    import httpx

    from mixpanel_nb.accounts import ensure_home_directory
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.sandbox.app import create_app
    from mixpanel_nb.sandbox.store import Dataset

    dataset = Dataset.generated(ensure_home_directory() / "cache")
    transport = httpx.WSGITransport(create_app(dataset))
    return MixpanelAPIClient(credentials, base_url=SANDBOX_URL, transport=transport)
