"""``WorkspaceBase``: how a workspace is opened, its project, and its services."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from mixpanel_nb.files.places import is_place, place_of
from mixpanel_nb.files.system import expanded
from mixpanel_nb.workspace.elsewhere import engine_of_files, engine_over
from mixpanel_nb.workspace.lakes import existing_place, lake_storage
from mixpanel_nb.workspace.project import SANDBOX, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import duckdb

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.files.places import Place
    from mixpanel_nb.results import (
        WorkspaceInfo,
    )
    from mixpanel_nb.results.question import Vocabulary
    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.services.local import Engine
    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine
    from mixpanel_nb.services.local.kept_cohorts import CohortService
    from mixpanel_nb.services.local.project import LocalProject
    from mixpanel_nb.services.zones import ReportZone
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.weekdays import Weekday
    from mixpanel_nb.workspace.elsewhere import Mapped
    from mixpanel_nb.workspace.reports import ReportService


class WorkspaceBase:
    """What the parts of a workspace share: how it is opened, its project, its services."""

    def __init__(
        self,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        path: str | Path | None = None,
        read_only: bool = False,
        timezone: str | None = None,
        *,
        table: str | None = None,
        week_start: str | None = None,
        workspace_id: str | int | None = None,
    ) -> None:
        place = None if path is None or not is_place(path) else place_of(path)
        file = None if path is None or place is not None else expanded(path)
        project = Project.find(
            account,
            project_id,
            region,
            workspace_id=workspace_id,
            path=file,
            timezone=timezone,
            week_start=week_start,
            table=table,
            needs_account=place is None,
        )

        def new_storage() -> StorageEngine:
            from mixpanel_nb.storage import StorageEngine

            if place is not None:
                return lake_storage(place)
            return StorageEngine(file or project.database, read_only=read_only)

        self._assemble(project, file, new_storage, place)

    @classmethod
    def from_parts(cls, project: Project, storage: StorageEngine, place: Place | None = None) -> Self:
        """A workspace from an existing project and database.

        Args:
            project: The project.
            storage: The database; :meth:`close` closes it.
            place: The lake that it reads, if it is one.
        """
        workspace = cls.__new__(cls)
        workspace._assemble(project, storage.path, lambda: storage, place)
        workspace.storage = storage
        return workspace

    @classmethod
    def sandbox(
        cls,
        path: str | Path | None = None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Self:
        """A workspace on the sandbox, a Mixpanel in this process: no account, no network."""
        return cls(account=SANDBOX, path=path, timezone=timezone, week_start=week_start, table=table)

    @classmethod
    def ephemeral(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Self:
        """A workspace on a temporary file, removed when it is closed. Use it in a ``with`` block."""
        from mixpanel_nb.storage import StorageEngine

        project = Project.find(
            account, project_id, region, timezone=timezone, week_start=week_start, table=table
        )
        return cls.from_parts(project, StorageEngine.ephemeral())

    @classmethod
    def memory(
        cls,
        account: str | None = None,
        project_id: str | None = None,
        region: str | None = None,
        *,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Self:
        """A workspace that keeps its tables in memory. Without an account, it takes files of your own."""
        from mixpanel_nb.storage import StorageEngine

        project = Project.find(
            account,
            project_id,
            region,
            timezone=timezone,
            week_start=week_start,
            table=table,
            needs_account=False,
        )
        return cls.from_parts(project, StorageEngine.memory())

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        read_only: bool = False,
        create: bool = False,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Self:
        """A workspace on a database file; queries on it, and files loaded into it, need no account.

        Args:
            path: The file; a lake is opened as by :meth:`lake`.
            read_only: Refuse every change to it.
            create: Whether the file may be missing; the first change then creates it.
            timezone: As for :class:`Workspace`.
            week_start: As for :class:`Workspace`.
            table: As for :class:`Workspace`.

        Raises:
            StorageError: there is no such file, and ``create`` is false.
            ConfigError: no such time zone.
        """
        from mixpanel_nb.storage import StorageEngine

        if is_place(path):
            return cls.lake(path, timezone=timezone, week_start=week_start, table=table)
        make = StorageEngine if create else StorageEngine.open_existing
        storage = make(path, read_only=read_only)
        project = Project.find(
            path=storage.path,
            timezone=timezone,
            week_start=week_start,
            table=table,
            needs_account=not create,
        )
        return cls.from_parts(project, storage)

    @classmethod
    def lake(
        cls,
        place: str | Path,
        account: str | None = None,
        *,
        mapping: Mapped | None = None,
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Self:
        """A workspace on a lake, which :meth:`fetch_events` fills with ``to``; queries on it need no account.

        Reports and SQL read the lake as of now. A lake is read-only here, apart from fetches, which add days
        to it: cohorts, identities and annotations need a database file. Needs ``mixpanel-nb[lake]``.

        Args:
            place: A folder, or an address such as ``lake:///data/shop`` or ``s3://bucket/shop``; settings of
                an object store are those of the environment, such as ``AWS_REGION``.
            account: The account for fetches into it.
            mapping: As for :meth:`over`, for a folder that another tool fills with files of Parquet or JSON
                lines, or for a database file of DuckDB; it is read-only, and no lake of ours.
            timezone: As for :class:`Workspace`.
            week_start: As for :class:`Workspace`.
            table: As for :class:`Workspace`.

        Raises:
            StorageError: there is no lake.
            ConfigError: deltalake is not installed, or there is no such account or time zone.
            ParameterError: the mapping is none.

        Example:
            >>> from mixpanel_nb import Workspace
            >>> week = ws.fetch_events(to="shop-lake", from_date="2025-01-01", to_date="2025-01-07")
            >>> with Workspace.lake("shop-lake") as lake:
            ...     lake.sql_scalar("SELECT count(*) FROM events")
            10682
        """
        engine = None if mapping is None else engine_of_files(place, mapping)
        table = table if engine is None else engine.events_table
        project = Project.find(
            account, timezone=timezone, week_start=week_start, table=table, needs_account=False
        )
        if engine is not None:
            return cls._on(engine, project)
        found = existing_place(place)
        return cls.from_parts(project, lake_storage(found), found)

    @classmethod
    def over(
        cls,
        connection: Any,
        *,
        events: str | None = None,
        profiles: str | None = None,
        json: Iterable[str] = (),
        mapping: Mapped | None = None,
        lake: str | Path | None = None,
        account: str | None = None,
        timezone: str | None = None,
        week_start: str | None = None,
    ) -> Self:
        """A workspace over tables of another engine: reports and SQL run there.

        Reports mean and show the same as on a DuckDB file, and ``.sql`` of a result is what ran. SQL is the
        engine's own. Nothing is written there; what only a file can do (fetch into it, promote, keep cohorts)
        raises a ``StorageError``. A connection that is handed in is not closed.

        Args:
            connection: A Spark session (classic or Connect), a connection of DuckDB, chdb, clickhouse-connect
                or Ibis, or a URL: ``spark://HOST:PORT``, ``spark://local[2]``, ``sc://HOST:PORT``,
                ``clickhouse://FOLDER``, ``duckdb://FILE``, which may name tables:
                ``?events=catalog.schema.table``, or for Spark and ClickHouse a lake: ``?lake=/its/folder``.
            events: The table of events as the engine calls it, by default ``events``: with ``event_name``,
                ``event_time`` (UTC) and ``distinct_id``, perhaps ``insert_id``, ``properties`` (JSON as
                text), and a column for each of some or all properties.
            profiles: The table of profiles, with ``distinct_id``.
            json: Columns whose text is JSON, beside ``properties``.
            mapping: How tables of another shape are read: ``pipelines`` (the tables that Mixpanel's JSON
                pipelines fill, with their identity mappings), ``fivetran``, ``airbyte``, or another tool that
                :meth:`load` knows; a file of TOML or JSON; or a dict. It names columns as :meth:`load` does
                (``event``, ``time``, ``user``, ``id``, ``time_unit``, ``timezone``, ``from_tool``), and
                ``properties``, the column of all properties as JSON, ``identities``, the table of
                ``distinct_id`` and ``resolved_distinct_id``, and ``distinct=False`` to count copies of an
                event. The tool's own names of tables are the defaults of ``events`` and ``profiles``.
            lake: A lake, whose files Spark or ClickHouse reads, as of now. Its tables are temporary views
                there, with the columns, days and notes that :meth:`lake` has. ``events`` names another table.
            account: As for :class:`Workspace`; none is needed.
            timezone: As for :class:`Workspace`.
            week_start: As for :class:`Workspace`.

        Raises:
            ParameterError: the connection is of no engine that is known, or the mapping is none.
            StorageError: there is no lake.
            ConfigError: an engine's package is missing, or it cannot be reached.
        """
        engine = engine_over(connection, events, profiles, json, mapping, lake)
        project = Project.find(
            account, timezone=timezone, week_start=week_start, needs_account=False, table=engine.events_table
        )
        return cls._on(engine, project)

    @classmethod
    def _on(cls, engine: ElsewhereEngine, project: Project) -> Self:
        """A workspace that asks an engine, and has no file."""
        workspace = cls.from_parts(project, engine.storage)
        workspace._engine = engine
        workspace._elsewhere = engine.client.engine
        return workspace

    def _assemble(
        self,
        project: Project,
        path: Path | None,
        new_storage: Callable[[], StorageEngine],
        place: Place | None = None,
    ) -> None:
        self._project = project
        self._path = path
        self._new_storage = new_storage
        self._place = place
        self._elsewhere: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and files, and remove an ephemeral database. A second call does nothing."""
        self._project.close()
        if "storage" in vars(self):
            self.storage.close()

    # The project, its tables, and the services over them

    @property
    def account(self) -> str | None:
        """Name of the account; None for credentials of the environment, and without an account."""
        return self._project.account

    @property
    def timezone(self) -> str:
        """Name of the time zone of days in reports, unless a table has its own."""
        return self._project.timezone

    @timezone.setter
    def timezone(self, name: str) -> None:
        self._project.timezone = name
        vars(self).pop("_fetcher", None)  # it knows the zone

    @property
    def week_start(self) -> Weekday:
        """The day on which weeks of reports begin."""
        return self._project.week_start

    @week_start.setter
    def week_start(self, day: str) -> None:
        self._project.week_start = day

    @property
    def table(self) -> str | None:
        """The table for reports that name none; None takes ``events``, or the only table."""
        return self._project.table

    @table.setter
    def table(self, name: str | None) -> None:
        self._project.table = name

    @property
    def api(self) -> MixpanelAPIClient:
        """The client for Mixpanel's API.

        Raises:
            ConfigError: this workspace was opened without an account.
        """
        return self._project.api

    @cached_property
    def storage(self) -> StorageEngine:
        """The engine that keeps the tables."""
        return self._new_storage()

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """DuckDB's own connection. It holds the database file until :meth:`release` or :meth:`close`."""
        return self.storage.connection

    def release(self) -> None:
        """Release the database file after :attr:`connection`, for other processes."""
        self.storage.release()

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that questions can be made of, as far as they are known or told."""
        return self._reports.vocabulary

    def info(self) -> WorkspaceInfo:
        """The account, the database and its tables.

        Example:
            >>> ws.info().account, ws.info().timezone
            ('sandbox', 'UTC')
        """
        from mixpanel_nb.results import WorkspaceInfo
        from mixpanel_nb.workspace.wrapping import table_infos, unfinished_fetches

        credentials, path = self._project.credentials, self.storage.path
        return WorkspaceInfo(
            path=path or (self._place.address if self._place else None),
            project_id=credentials.project_id if credentials else None,
            region=credentials.region if credentials else None,
            account=self.account,
            timezone=self.timezone,
            tables=table_infos(self.storage.list_tables()),
            size_bytes=path.stat().st_size if path and path.is_file() else None,
            unfinished=unfinished_fetches(self.storage.beside),
            engine=self._elsewhere,
        )

    def test_credentials(self) -> dict[str, Any]:
        """Ask Mixpanel whether it accepts the account.

        Returns ``account``, ``project_id``, ``region`` and Mixpanel's answer.

        Raises:
            AuthenticationError: Mixpanel refuses the account.
        """
        return {"account": self.account, **self.api.test()}

    @cached_property
    def _local_project(self) -> LocalProject:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.local.project import LocalProject

        return LocalProject(
            engine=self._engine,
            storage=self.storage,
            usual_table=lambda: self._reports.usual_table(),
            zone_of=lambda table: ZoneInfo(self.zone_of(table).name),
            today=lambda: self._project.today,
            week_start=lambda: self._project.week_start,
            hidden=lambda: self._discovery.known_hidden(),
        )

    @cached_property
    def _engine(self) -> Engine:
        from mixpanel_nb.services.local import DuckDBEngine

        return DuckDBEngine(self.storage)

    @cached_property
    def _discovery(self) -> DiscoveryService:
        from mixpanel_nb.services.discovery import DiscoveryService

        return DiscoveryService(lambda: self.api)

    @cached_property
    def _fetcher(self) -> FetcherService:
        from mixpanel_nb.services.fetch.fetcher import FetcherService

        return FetcherService(self.api, self.storage, **self._project.of_fetches)

    @cached_property
    def _reports(self) -> ReportService:
        from mixpanel_nb.workspace.reports import ReportService

        return ReportService(
            self._project, self._engine, lambda: self._discovery, lambda name: self._cohorts.defined(name)
        )

    @cached_property
    def _cohorts(self) -> CohortService:
        from mixpanel_nb.services.local.kept_cohorts import CohortService

        return CohortService(self._local_project, self._members_of)

    def _members_of(self, cohort_id: int) -> Iterator[str]:
        from mixpanel_nb.services.fetch.filters import profile_filters
        from mixpanel_nb.services.fetch.streaming import normalised_profiles

        which = profile_filters(cohort_id=cohort_id, output_properties=["distinct_id"])
        profiles = normalised_profiles(self.api.export_profiles(**which))
        return (str(each["distinct_id"]) for each in profiles if each["distinct_id"])

    def zone_of(self, table: str | None) -> ReportZone:
        """The time zone in which a report on ``table`` counts days; None is a live report.

        Raises:
            ParameterError: the report is live, and the workspace has another time zone than its account.
        """
        return self._reports.zone_of(table)
