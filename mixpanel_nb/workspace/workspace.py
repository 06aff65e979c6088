"""``Workspace``: the facade over a project, its tables and the reports on both."""

from __future__ import annotations

import dataclasses
import inspect
import textwrap
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_overloads, overload

from mixpanel_nb import queries
from mixpanel_nb.errors import ParameterError, Word, did_you_mean, help_text
from mixpanel_nb.files.places import is_address, is_place, place_of
from mixpanel_nb.files.system import expanded
from mixpanel_nb.queries.base import request_parameters
from mixpanel_nb.workspace.defaults import days_to_fetch, days_to_list
from mixpanel_nb.workspace.lakes import existing_place, lake_fetcher, lake_storage, put_into_lake
from mixpanel_nb.workspace.project import SANDBOX, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date

    import duckdb
    import pandas as pd

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.display.widgets import Explorer
    from mixpanel_nb.files.places import Place
    from mixpanel_nb.queries import Buckets, CountType, Formula, LargeUnit, Metric, Query, Unit
    from mixpanel_nb.queries.cohorts import Definition
    from mixpanel_nb.queries.shared import CalendarUnit
    from mixpanel_nb.results import (
        ActivityFeedResult,
        AnnotationList,
        AnomaliesResult,
        BookmarkList,
        CohortList,
        CohortResult,
        CohortSizesResult,
        ComparisonResult,
        CustomEventList,
        CustomPropertyList,
        EventCountsResult,
        ExperimentResult,
        ExportResult,
        ExpressionResult,
        FetchProgress,
        FetchResult,
        FlowResult,
        FrequencyResult,
        FunnelList,
        FunnelResult,
        IdentitiesResult,
        InsightsResult,
        JQLResult,
        LakeTableList,
        LexiconSchemaList,
        LoadResult,
        LocalCohortList,
        Lookup,
        LookupList,
        LookupTableList,
        NameList,
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        PlanResult,
        PropertyCountsResult,
        ReconcileResult,
        RetentionResult,
        SavedReportResult,
        SegmentationResult,
        SessionsResult,
        SignalResult,
        SQLResult,
        SummaryResult,
        SyncResult,
        TableList,
        TableSchema,
        TopEventsResult,
        WhyResult,
        WorkspaceInfo,
    )
    from mixpanel_nb.results.question import Vocabulary
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.existing import IfExists
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.services.local import Engine
    from mixpanel_nb.services.local.identities import IdentityService
    from mixpanel_nb.services.local.kept_cohorts import CohortService, HasIds
    from mixpanel_nb.services.local.project import LocalProject
    from mixpanel_nb.services.zones import ReportZone
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.weekdays import Weekday
    from mixpanel_nb.workspace.reports import ReportService

    Day = str | date
    Compared = str | tuple[Day, Day]
    TwoGroups = Sequence[str | tuple[Day, Day]]

Answer = TypeVar("Answer", bound="ReportResult")

DEFAULT_COLUMNS = 100
DEFAULT_WORKERS = 4
DEFAULT_SYNC_DAYS = 5


class Workspace:
    """A project's data: what Mixpanel answers, and what was fetched into a DuckDB file.

    Nothing is opened or asked before it is needed, and the database file is held only while a statement
    runs, so several notebooks and terminals can share it.

    Every constructor finds account and time zone in the same way. The account is the one named, else that of
    the environment, else the default one. Without an account, an existing database file is opened for queries
    only. A report on a table counts days in ``timezone`` if that is given, else in the time zone the table
    was fetched with, else in the account's.

    The method of a report builds a query from its arguments (see ``mixpanel_nb.queries``). Days are
    ``YYYY-MM-DD`` or dates, inclusive, in the time zone of :meth:`zone_of`; ``where`` is an expression,
    ``on`` an expression or the name of an event's property; ``table`` names the fetched table to ask, and
    ``live=True`` asks Mixpanel, which costs one query of the quota. Reports raise ``ParameterError`` for
    parameters that make no sense or that only the other side can answer, ``ExpressionError`` for a mistake in
    an expression (with its position), ``TableNotFoundError``, and live reports the ``APIError`` of Mixpanel's
    answer.

    Args:
        account: A configured account, or ``sandbox``; None takes the environment's or the default one.
        project_id: Another project than the account's.
        region: ``us``, ``eu`` or ``in``, if not the account's.
        path: The database file; by default one per project in ``~/.mixpanel_nb``.
        read_only: Refuse every change to the database, and SQL that changes anything else.
        timezone: The time zone of days in reports on tables, such as ``Europe/Berlin``.
        table: The table that reports ask where none is named; by default ``events``, or the only one.
        week_start: The day on which weeks of reports begin, such as ``sunday``, if not the account's.
        workspace_id: The data view in which Mixpanel answers queries, if not the account's. Tables have the
            whole project: raw export knows no data views.

    Raises:
        ConfigError: there is no usable account and no database file, or no such time zone or day of the week.

    Example:
        >>> from mixpanel_nb import Workspace
        >>> with Workspace.sandbox() as ws:
        ...     ws.events()[:3]
        ['Add to Cart', 'App Crash', 'App Open']
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
    def from_parts(cls, project: Project, storage: StorageEngine, place: Place | None = None) -> Workspace:
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
    ) -> Workspace:
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
    ) -> Workspace:
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
    ) -> Workspace:
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
    ) -> Workspace:
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
        timezone: str | None = None,
        week_start: str | None = None,
        table: str | None = None,
    ) -> Workspace:
        """A workspace on a lake, which :meth:`fetch_events` fills with ``to``; queries on it need no account.

        Reports and SQL read the lake as of now. A lake is read-only here, apart from fetches, which add days
        to it: cohorts, identities and annotations need a database file. Needs ``mixpanel-nb[lake]``.

        Args:
            place: A folder, or an address such as ``lake:///data/shop`` or ``s3://bucket/shop``; settings of
                an object store are those of the environment, such as ``AWS_REGION``.
            account: The account for fetches into it.
            timezone: As for :class:`Workspace`.
            week_start: As for :class:`Workspace`.
            table: As for :class:`Workspace`.

        Raises:
            StorageError: there is no lake.
            ConfigError: deltalake is not installed, or there is no such account or time zone.

        Example:
            >>> from mixpanel_nb import Workspace
            >>> week = ws.fetch_events(to="shop-lake", from_date="2025-01-01", to_date="2025-01-07")
            >>> with Workspace.lake("shop-lake") as lake:
            ...     lake.sql_scalar("SELECT count(*) FROM events")
            10682
        """
        found = existing_place(place)
        project = Project.find(
            account, timezone=timezone, week_start=week_start, table=table, needs_account=False
        )
        return cls.from_parts(project, lake_storage(found), found)

    @classmethod
    def over(
        cls,
        connection: Any,
        *,
        events: str | None = None,
        profiles: str | None = None,
        json: Iterable[str] = (),
        account: str | None = None,
        timezone: str | None = None,
        week_start: str | None = None,
    ) -> Workspace:
        """A workspace over tables of another engine: reports and SQL run there.

        Reports mean and show the same as on a DuckDB file, and ``.sql`` of a result is what ran. SQL is the
        engine's own. Nothing is written there; what only a file can do (fetch into it, promote, keep cohorts)
        raises a ``StorageError``. A connection that is handed in is not closed.

        Args:
            connection: A Spark session (classic or Connect), a connection of chdb or clickhouse-connect, or a
                URL: ``spark://HOST:PORT``, ``spark://local[2]``, ``sc://HOST:PORT``, ``clickhouse://FOLDER``,
                which may name tables: ``?events=catalog.schema.table``.
            events: The table of events as the engine calls it, by default ``events``: with ``event_name``,
                ``event_time`` (UTC) and ``distinct_id``, perhaps ``insert_id``, ``properties`` (JSON as
                text), and a column for each of some or all properties.
            profiles: The table of profiles, with ``distinct_id``.
            json: Columns whose text is JSON, beside ``properties``.
            account: As for :class:`Workspace`; none is needed.
            timezone: As for :class:`Workspace`.
            week_start: As for :class:`Workspace`.

        Raises:
            ParameterError: the connection is of no engine that is known.
            ConfigError: an engine's package is missing, or it cannot be reached.
        """
        from mixpanel_nb.services.local.engines import opening
        from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine, ElsewhereStorage

        given: dict[str, str] = {}
        if isinstance(connection, str):
            if opening.scheme_of(connection) is None:
                message = f"{connection!r} is no URL of an engine."
                hint = "For a database file there is Workspace.open."
                raise ParameterError(message, parameter="connection", value=connection, hint=hint)
            client, given = opening.opened(connection)
        else:
            client = opening.client_of(connection)
        opening.check_translator()
        engine = ElsewhereEngine(
            client,
            events or given.get("events") or "events",
            profiles or given.get("profiles"),
            frozenset(json),
        )
        project = Project.find(
            account, timezone=timezone, week_start=week_start, needs_account=False, table=engine.events_table
        )
        workspace = cls.from_parts(project, cast("StorageEngine", ElsewhereStorage(engine)))
        workspace._engine = engine
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

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        where = f"lake {self._place}" if self._place else f"database {self._path or 'default'}"
        return f"<Workspace {self.account or 'no account'}, {where}>"

    def _repr_html_(self) -> str | None:
        """The workspace as a card, for notebooks; None where its file cannot be read now."""
        from mixpanel_nb.display import render_html
        from mixpanel_nb.workspace.shown import card_of

        card = card_of(self)
        return None if card is None else render_html(card)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's protocol for text; ``cycle`` cannot occur, because nothing here contains a workspace."""
        from mixpanel_nb.display import render_text
        from mixpanel_nb.results.base import TEXT_WIDTH
        from mixpanel_nb.workspace.shown import card_of

        del cycle
        card = card_of(self)
        printer.text(repr(self) if card is None else render_text(card, width=TEXT_WIDTH))

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

    # Names of the project; Mixpanel is asked once a session for each

    def events(self) -> NameList:
        """Names of the project's events, sorted; asked once a session.

        Mixpanel shows merged events under the name that they were merged into, and keeps raw data as they
        are: a table has events under the names with which they were sent, and no custom events
        (https://docs.mixpanel.com/docs/data-governance/lexicon#merging-data).

        Raises:
            APIError: Mixpanel could not be asked.

        Example:
            >>> len(ws.events()), ws.events()[0]
            (12, 'Add to Cart')
        """
        return _name_list("events", self._discovery.events())

    def properties(self, event: str) -> NameList:
        """Names of the properties of ``event``, sorted; asked once a session.

        Raises:
            QueryError: there is no such event.

        Example:
            >>> "plan" in ws.properties("Purchase")
            True
        """
        return _name_list("properties", self._discovery.properties(event), of=event)

    def property_values(self, event: str, prop: str, limit: int = 100) -> NameList:
        """At most ``limit`` values of property ``prop`` of ``event``, sorted; asked once a session.

        If there are none, ``remarks`` says whether the property exists.
        """
        values = self._discovery.property_values(event, prop, limit)
        remark = None if values else self._discovery.no_such_property(event, prop)
        return _name_list("values", values, of=prop, remark=remark)

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
            ParameterError: there is no such type.
        """
        return self._discovery.bookmarks(type)

    def annotations(
        self,
        from_date: Day | None = None,
        to_date: Day | None = None,
        *,
        last: str | int | None = None,
        during: str | None = None,
        table: str | None = None,
    ) -> AnnotationList:
        """The annotations of the project, by their date, in its time zone; asked once a session.

        They cost no query of the quota. Fetches and syncs keep those of a table's days with it, and reports
        over time draw them: those of the table, or where Mixpanel is asked those that this session has
        listed.

        Args:
            from_date: Only those of this day and later ones.
            to_date: Only those of this day and earlier ones.
            last: Those of the last days up to ``to_date``, by default today, or the table's last day:
                ``30d``, ``12w``, ``3m`` or ``1y``.
            during: Those of a period, such as ``2025-03``.
            table: Those that are kept with this table; Mixpanel is not asked.

        Raises:
            ParameterError: a day is none, or days are given twice.
            APIError: Mixpanel could not be asked, or the account may not see annotations.
            TableNotFoundError: there is no such table.

        Example:
            >>> [(str(each.date.date()), each.description) for each in ws.annotations("2025-03-10")]
            [('2025-03-11', 'Spring sale, announced in the newsletter.')]
        """
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services import project_annotations

        given, today = locals(), self._project.today
        if table is not None:
            self.schema(table)
            held = self._engine.days(table)
            first, final = days_to_list(given, today, held[1] if held else today)
            zone = ZoneInfo(self.zone_of(table).name)
            return project_annotations.listed(self.storage.annotations(table), zone, first, final)
        first, final = days_to_list(given, today, today)
        zone = ZoneInfo(self._project.account_timezone)
        return project_annotations.listed(self._discovery.annotations(zone), zone, first, final)

    def custom_events(self) -> CustomEventList:
        """The custom events of the project, by name; asked once a session, without a query of the quota.

        A custom event is any of several events, each with a filter or none. Queries name it by its
        ``reference``, such as ``$custom_event:5001``, wherever they name an event. What each is, is kept in
        the database, so that reports on tables know it too; ``problem`` says what they cannot.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.

        Example:
            >>> [each.definition for each in ws.custom_events() if each.name == "Looking around"]
            ['View Product or Search']
            >>> ws.insights("unique($custom_event:5001)", totals=True, during="2025-01").df.value.item()
            4719.0
        """
        from mixpanel_nb.services.saved_items import custom_events

        found = self._discovery.custom_events()
        self._keep("custom_event", found)
        return custom_events(found)

    def custom_properties(self) -> CustomPropertyList:
        """The custom properties of the project, by name; asked once a session, without a query of the quota.

        A custom property is a formula over properties. Queries name it by its ``reference``, such as
        ``$custom_property:6001``, wherever they name a property. The formulas are kept in the database, so
        that reports on tables calculate them too; ``problem`` says what they cannot.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.

        Example:
            >>> [(each.reference, each.type) for each in ws.custom_properties() if each.problem is None]
            [('$custom_property:6001', 'string'), ('$custom_property:6002', 'number')]
        """
        from mixpanel_nb.services.saved_items import custom_properties

        found = self._discovery.custom_properties()
        self._keep("custom_property", found)
        return custom_properties(found)

    def _keep(self, kind: str, found: Mapping[int, Mapping[str, Any]]) -> None:
        """Keep definitions in the database, if they are not there already and it can be written to."""
        if not self.storage.read_only and self.storage.defined(kind) != found:
            self.storage.define(kind, found)

    def lookup_tables(self) -> LookupTableList:
        """The lookup tables of the project, by name; asked once a session, without a query of the quota.

        For reports on tables, :meth:`lookup` copies one into the database.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.
        """
        return self._discovery.lookup_tables()

    def lookup(self, name: str, source: Any, *, property: str) -> Lookup:  # noqa: A002 - the field's word
        """Keep a lookup table in the database: its columns become properties of every event on tables.

        The values of the first column are those of ``property``; a report names the column ``artist`` of the
        lookup table ``songs`` as ``lookup:songs.artist``, wherever it names a property. Mixpanel is not told
        of it. The same call again replaces it.
        (https://docs.mixpanel.com/docs/data-structure/lookup-tables)

        Args:
            name: Its name.
            source: A CSV file whose first row names the columns, a DataFrame, or the id of one of
                Mixpanel's (see :meth:`lookup_tables`), whose rows are fetched.
            property: The name of an event's property, or an expression, whose values the keys are.

        Raises:
            ParameterError: it is no lookup table, or the name cannot be one.
            ExpressionError: there is a mistake in the expression.
            TableExistsError: another table has the name of its table.
            NotFoundError: Mixpanel has no such lookup table.

        Example:
            >>> ws.lookup("products", 7001, property="product_id").columns[:2]
            ('lookup:products.department', 'lookup:products.margin')
            >>> shops = ws.segmentation("Add to Cart", on="lookup:products.department", during="2025-01")
            >>> list(shops.totals)[:2]
            ['House and garden', 'Food and kitchen']
        """
        from mixpanel_nb.services.lookups import csv_of, lookup_of
        from mixpanel_nb.services.saved_items import lookup

        self.storage.check_writable()
        if isinstance(source, int) and not isinstance(source, bool):
            text, told = self.api.lookup_table_csv(source), f"Mixpanel, {source}"
        else:
            text, told = csv_of(source)
        record, columns = lookup_of(name, told, property, text)
        self.storage.save_lookup(record, columns)
        return lookup(record, len(columns[0]))

    def lookups(self) -> LookupList:
        """The lookup tables of the database, by name. Those of Mixpanel: :meth:`lookup_tables`."""
        from mixpanel_nb.results import LookupList
        from mixpanel_nb.services.saved_items import lookup

        return LookupList(
            tuple(
                lookup(each, int(self.sql_scalar(f'SELECT count(*) FROM "{each.table}"')))
                for each in self.storage.lookups()
            )
        )

    def drop_lookup(self, *names: str) -> None:
        """Drop lookup tables of the database: all of them, or none if one does not exist.

        Raises:
            ParameterError: there is no such lookup table.
        """
        known = {each.name: each.table for each in self.storage.lookups()}
        for name in names:
            if name not in known:
                hint = did_you_mean(name, known)
                message = f"There is no lookup table {name!r}."
                raise ParameterError(message, parameter="names", value=name, hint=hint)
        self.drop(*(known[name] for name in names))

    def lexicon_schemas(self, entity_type: str | None = None) -> LexiconSchemaList:
        """Lexicon's entries for events and properties; asked once a session.

        Args:
            entity_type: ``event``, ``profile``, ``custom_event`` or ``group``; None for all.

        Raises:
            ParameterError: there is no such type.
        """
        return self._discovery.lexicon_schemas(entity_type)

    def clear_cache(self) -> None:
        """Forget the answers of discovery, so that Mixpanel is asked again."""
        self._discovery.clear_cache()

    def answered(self, *question: str) -> list[str]:
        """Names in earlier answers of discovery; Mixpanel is not asked.

        Args:
            question: ``"events"``; ``"properties"`` and an event; ``"values"``, an event and a property.
        """
        return self._discovery.answered(*question)

    # Events and profiles from Mixpanel: into tables, or one by one

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

    # Reports, of Mixpanel or of a table

    def ask(self, query: Query[Answer]) -> Answer:
        """Ask a query, such as that of a result once more: ``ws.ask(result.question.query)``.

        Args:
            query: The query; one that compares is answered by a ``ComparisonResult``.

        Example:
            >>> from mixpanel_nb.queries import Segmentation
            >>> query = Segmentation.of({"event": "Sign Up", **january})
            >>> ws.ask(query).totals
            {'total': 1089}
        """
        return self._reports.ask(query)

    def _answer(self, query: type[Query[Answer]], arguments: dict[str, Any]) -> Answer:
        return self._reports.request(query, {name: arguments[name] for name in arguments if name != "self"})

    @overload
    def insights(
        self,
        metrics: str | Metric | Sequence[str | Metric] | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        formulas: str | Formula | Sequence[str | Formula] = (),
        on: str | Buckets | Sequence[str | Buckets] = (),
        unit: CalendarUnit = "day",
        where: str | None = None,
        rolling: int | None = None,
        cumulative: bool = False,
        totals: bool = False,
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> InsightsResult: ...

    @overload
    def insights(
        self, metrics: str | Metric | Sequence[str | Metric] | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    @overload
    def insights(
        self, metrics: str | Metric | Sequence[str | Metric] | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    def insights(self, metrics: str | Metric | Sequence[str | Metric] | None, **asked: Any) -> Any:
        """Metrics side by side, over time and by segment, and formulas over them.

        A metric is an event, or a measure of it in a word: ``Purchase``, ``unique(Purchase)``,
        ``median(Purchase, amount)``, ``average(per user total(Purchase))``, each with a filter:
        ``Purchase where …``. None is any event, as ``*`` in a metric. ``Metric``, ``Formula`` and
        ``Buckets`` are the same as objects.

        Example:
            >>> metrics = ["unique(Purchase)", "median(Purchase, revenue)"]
            >>> ws.insights(metrics, during="2025-01", totals=True).df["value"].tolist()
            [1501.0, 65.7]
        """
        return self._answer(queries.Insights, {"metrics": metrics, **asked})

    @overload
    def active(
        self,
        event: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str | Buckets | Sequence[str | Buckets] = (),
        unit: CalendarUnit = "day",
        where: str | None = None,
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> InsightsResult: ...

    @overload
    def active(
        self, event: str | None = None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    @overload
    def active(
        self, event: str | None = None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    def active(self, event: str | None = None, **asked: Any) -> Any:
        """Active users of a day, a week and a month (DAU, WAU, MAU), and stickiness in percent.

        Counted are the users of the 1, 7 and 30 days that end with each bucket's last day.

        Example:
            >>> ws.active(from_date="2025-01-31", to_date="2025-01-31").df.iloc[:3, 1:3].values.tolist()
            [['DAU', 474.0], ['WAU', 2668.0], ['MAU', 6315.0]]
        """
        return self._answer(queries.Active, {"event": event, **asked})

    @overload
    def segmentation(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str | Sequence[str] | None = None,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SegmentationResult: ...

    @overload
    def segmentation(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[SegmentationResult]: ...

    @overload
    def segmentation(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[SegmentationResult]: ...

    def segmentation(self, event: str | None, **asked: Any) -> Any:
        """How often an event happened, over time and by segment.

        Example:
            >>> ws.segmentation("Purchase", during="2025-01", on="plan").totals
            {'free': 1045, 'plus': 364, 'pro': 179, 'undefined': 169}
        """
        return self._answer(queries.Segmentation, {"event": event, **asked})

    @overload
    def segmentation_numeric(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",
        buckets: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericBucketResult: ...

    @overload
    def segmentation_numeric(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericBucketResult]: ...

    @overload
    def segmentation_numeric(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericBucketResult]: ...

    def segmentation_numeric(self, event: str | None, **asked: Any) -> Any:
        """How often an event happened, over time and by ranges of a number.

        Events without such a number are left out. A table's ranges are as wide as 1, 2 or 5 times a power
        of ten.
        """
        return self._answer(queries.SegmentationNumeric, {"event": event, **asked})

    @overload
    def segmentation_sum(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericSumResult: ...

    @overload
    def segmentation_sum(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericSumResult]: ...

    @overload
    def segmentation_sum(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericSumResult]: ...

    def segmentation_sum(self, event: str | None, **asked: Any) -> Any:
        """A number summed over the events, over time; what is no number counts as 0."""
        return self._answer(queries.SegmentationSum, {"event": event, **asked})

    @overload
    def segmentation_average(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericAverageResult: ...

    @overload
    def segmentation_average(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericAverageResult]: ...

    @overload
    def segmentation_average(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericAverageResult]: ...

    def segmentation_average(self, event: str | None, **asked: Any) -> Any:
        """A number averaged over all events, over time; what is no number counts as 0, as in Mixpanel.

        To leave out events without a number: ``where='defined(properties["…"])'``.
        """
        return self._answer(queries.SegmentationAverage, {"event": event, **asked})

    @overload
    def event_counts(
        self,
        events: str | Sequence[str] | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: Unit = "day",
        type: CountType = "general",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> EventCountsResult: ...

    @overload
    def event_counts(
        self, events: str | Sequence[str] | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[EventCountsResult]: ...

    @overload
    def event_counts(
        self, events: str | Sequence[str] | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[EventCountsResult]: ...

    def event_counts(self, events: str | Sequence[str] | None, **asked: Any) -> Any:
        """Several events side by side, over time; None counts any event, as one series.

        Example:
            >>> ws.event_counts(["Sign Up", "Purchase"], during="2025-01").records()[:2]
            [{'date': '2025-01-01', 'event': 'Sign Up', 'count': 34, 'complete': True},
             {'date': '2025-01-01', 'event': 'Purchase', 'count': 34, 'complete': True}]
        """
        return self._answer(queries.EventCounts, {"events": events, **asked})

    @overload
    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        values: Sequence[str] | None = None,
        unit: Unit = "day",
        type: CountType = "general",
        where: str | None = None,
        limit: int = 255,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> PropertyCountsResult: ...

    @overload
    def property_counts(
        self, event: str, prop: str, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[PropertyCountsResult]: ...

    @overload
    def property_counts(
        self, event: str, prop: str, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[PropertyCountsResult]: ...

    def property_counts(self, event: str, prop: str, **asked: Any) -> Any:
        """The values of a property of an event, over time."""
        return self._answer(queries.PropertyCounts, {"event": event, "prop": prop, **asked})

    def top_events(
        self,
        *,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: Day | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> TopEventsResult:
        """The most frequent events of a day, and how they changed since the day before.

        Of a table, ``date`` is by default its last day with events. Mixpanel answers for today only.

        Example:
            >>> [(top.event, top.count) for top in ws.top_events(limit=2).events]
            [('View Product', 618), ('Page View', 471)]
        """
        return self._answer(queries.TopEvents, locals())

    @overload
    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] = (),
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        window: int | Literal["ever"] | None = None,
        window_unit: Literal["second", "minute", "hour", "day", "week", "month", "session"] = "day",
        unit: Unit | None = None,
        on: str | Sequence[str] | None = None,
        where: str | None = None,
        limit: int = 255,
        count: Literal["uniques", "totals", "sessions"] = "uniques",
        exclude: Sequence[str | tuple[str, str | None] | tuple[str, str | None, int | None, int | None]] = (),
        hold: str | Sequence[str] = (),
        order: Literal["specific", "any"] = "specific",
        anchors: Sequence[int] = (),
        optional: int | Sequence[int] = (),
        reentry: Literal["default", "optimized", "aggressive"] = "default",
        attribution: int | Literal["first", "last"] = 1,
        sum_of: str | None = None,
        times: bool = False,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FunnelResult: ...

    @overload
    def funnel(
        self, funnel_id: int | None = None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[FunnelResult]: ...

    @overload
    def funnel(
        self, funnel_id: int | None = None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[FunnelResult]: ...

    def funnel(self, funnel_id: int | None = None, **asked: Any) -> Any:
        """How many users took some steps one after the other.

        Each user enters once, with their first event of the first step in the days asked about; other
        events may come between; the last step may come after ``to_date``. Give ``steps``, or ``funnel_id`` of
        a funnel that is saved in Mixpanel.

        Example:
            >>> funnel = ws.funnel(steps=["View Product", "Add to Cart", "Purchase"], during="2025-01")
            >>> [(step.event, step.count) for step in funnel.steps]
            [('View Product', 4719), ('Add to Cart', 2429), ('Purchase', 1206)]
        """
        return self._answer(queries.Funnel, {"funnel_id": funnel_id, **asked})

    @overload
    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: LargeUnit = "day",
        type: Literal["birth", "compounded"] = "birth",
        mode: Literal["on", "on_or_after", "on_or_before", "streak"] = "on",
        alignment: Literal["rolling", "calendar"] = "rolling",
        brackets: Sequence[int] | None = None,
        prop: str | None = None,
        measure: Literal["sum", "average"] = "sum",
        on: str | Sequence[str] | None = None,
        limit: int = 255,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> RetentionResult: ...

    @overload
    def retention(self, *, compare: Compared, **asked: Any) -> ComparisonResult[RetentionResult]: ...

    @overload
    def retention(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[RetentionResult]: ...

    def retention(self, **asked: Any) -> Any:
        """Of the users who did something, how many came back, period by period.

        Periods roll from each user's own first event: 24 hours, 7 days or 30 days, ``interval`` times; or
        they are the project's days, weeks and months (``alignment="calendar"``). With ``prop`` the periods
        hold a property of the returns: its sum, or its average per user of the cohort. A period that was
        not fetched is None, not 0.

        Example:
            >>> retention = ws.retention(
            ...     born_event="Sign Up", unit="week", interval_count=2, during="2025-01"
            ... )
            >>> retention.records()[0]
            {'cohort_date': '2024-12-30', 'cohort_size': 164,
             'period_0': 151, 'period_1': 85, 'period_2': 55}
        """
        return self._answer(queries.Retention, asked)

    @overload
    def flow(
        self,
        *,
        start: str | tuple[str, str | None] | None = None,
        through: Sequence[str | tuple[str, str | None]] = (),
        end: str | tuple[str, str | None] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        forward: int | None = None,
        back: int | None = None,
        count: Literal["uniques", "totals", "sessions"] = "uniques",
        window: int = 30,
        window_unit: Literal["second", "minute", "hour", "day", "week", "month"] = "day",
        limit: int = 3,
        hide: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
        collapse_repeats: bool = False,
        hold: str | Sequence[str] = (),
        expand: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        on: str | None = None,
        where: str | None = None,
        segments: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FlowResult: ...

    @overload
    def flow(self, *, compare: Compared, **asked: Any) -> ComparisonResult[FlowResult]: ...

    @overload
    def flow(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[FlowResult]: ...

    def flow(self, **asked: Any) -> Any:
        """What users did after an event, before it, or between some events.

        ``start`` alone shows what came after, ``end`` alone what came before, both what came between, and
        ``through`` what came on either side. A flow begins within the days asked about; what follows may come
        later, within the window. A live flow costs two queries: Mixpanel answers paths in one of their own.

        With ``count="sessions"``, ``"$session_start"`` and ``"$session_end"`` are the start and the end of a
        session (https://docs.mixpanel.com/docs/features/sessions#flows).

        Raises:
            ParameterError: no event is named, or fields contradict each other.

        Example:
            >>> first = ws.flow(start="$session_start", forward=1, count="sessions", during="2025-01")
            >>> first.entered() == ws.sessions(unit="month", during="2025-01").total.sessions
            True
        """
        return self._answer(queries.Flow, asked)

    @overload
    def frequency(
        self,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: LargeUnit = "day",
        addiction_unit: Literal["hour", "day"] = "hour",
        event: str | None = None,
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FrequencyResult: ...

    @overload
    def frequency(self, *, compare: Compared, **asked: Any) -> ComparisonResult[FrequencyResult]: ...

    @overload
    def frequency(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[FrequencyResult]: ...

    def frequency(self, **asked: Any) -> Any:
        """In how many hours of a day, or days of a week or month, users were active.

        Example:
            >>> weeks = ws.frequency(unit="week", addiction_unit="day", during="2025-01").records()
            >>> weeks[0]["period_1"], weeks[0]["period_2"]  # active on at least one day, on at least two
            (1687, 240)
        """
        return self._answer(queries.Frequency, asked)

    @overload
    def sessions(
        self,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: Unit = "day",
        event: str | None = None,
        where: str | None = None,
        on: str | None = None,
        timeout: int = 30,
        exclude: str | Sequence[str] = (),
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SessionsResult: ...

    @overload
    def sessions(self, *, compare: Compared, **asked: Any) -> ComparisonResult[SessionsResult]: ...

    @overload
    def sessions(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[SessionsResult]: ...

    def sessions(self, **asked: Any) -> Any:
        """How many sessions there were, of how many users, how long they lasted and how much happened.

        Sessions are computed from the events, as Mixpanel does: one ends when its user does nothing for
        longer than ``timeout`` minutes, and at midnight. ``on`` is read from the first event of a session
        that has the property. Only tables answer. For SQL see :meth:`session_view`.
        """
        return self._answer(queries.Sessions, asked)

    def experiment(
        self,
        metrics: str | Metric | Sequence[str | Metric],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        exposure: str = "$experiment_started",
        variant: str = "Variant name",
        control: str | None = None,
        formulas: str | Formula | Sequence[str | Formula] = (),
        where: str | None = None,
        on: str | None = None,
        window: int | None = None,
        window_unit: Literal["hour", "day", "week"] = "day",
        cuped: int | None = None,
        winsorize: int | None = None,
        sequential: bool = False,
        correction: Literal["holm", "bonferroni", "bh", "none"] = "holm",
        confidence: int = 95,
        effect: int | None = None,
        split: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> ExperimentResult:
        """How the users of each variant of a test did after their exposure, and whether it may be chance.

        A user belongs to the variant of the first exposure that names one; what happened from that moment
        on counts. ``unique(Purchase)`` is the share of users who converted, ``Purchase`` how often they did,
        ``sum(Purchase, revenue)`` how much per user, ``average(Purchase, revenue)`` how much per event, and a
        formula ``B / A`` the ratio of two of these. ``where`` filters exposures, as by ``Experiment name``.

        Differences have intervals and p-values: z-tests of conversions and ratios (by the delta method),
        Welch's test of means. A look at a test that still runs takes ``sequential``. The page on statistics
        of the documentation says how each figure is computed. scipy is needed:
        ``pip install 'mixpanel-nb[stats]'``. Only tables answer
        (https://docs.mixpanel.com/docs/experiments is Mixpanel's own).
        """
        return self._answer(queries.Experiment, locals())

    def why(
        self,
        metric: str | Metric | ReportResult,
        date: Day,
        *,
        unit: LargeUnit = "day",
        where: str | None = None,
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        table: str | None = None,
        live: bool = False,
    ) -> WhyResult:
        """Why a day, week or month of a number is unlike those before it, or that it is not.

        The metric may also be a result, whose question it takes: of ``segmentation``, ``event_counts`` or
        ``insights`` with one metric, ``segmentation_sum`` or ``property_counts``. What is usual is learned
        from the eight weeks before; a bucket with a chance of less than 1 % is unusual. Then every property
        is tried: a value is a finding if its share of the whole shifted beyond what is usual for it,
        corrected for the number of values, and its own number moved that way. Events that came or went are
        listed, too. It says what moved together, not what caused it. scipy is needed:
        ``pip install 'mixpanel-nb[stats]'``. Only tables answer
        (https://docs.mixpanel.com/docs/root-cause-analysis is Mixpanel's own).
        """
        asked = {name: value for name, value in locals().items() if name != "self"}
        from mixpanel_nb.queries.why import of_result

        return self._answer(queries.Why, of_result(asked) if hasattr(metric, "question") else asked)

    def anomalies(
        self,
        *,
        days: int = 7,
        date: Day | None = None,
        where: str | None = None,
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> AnomaliesResult:
        """What was unusual in the last days: of any event, of each event, of values of the main properties.

        What is usual is learned from the eight weeks before each day, with the rhythm of the week. Chances
        are corrected for all numbers and days that are compared (Bonferroni): quiet days say nothing in at
        least 19 of 20 runs. Each row has the question that explains it, for ``why``. The main properties are
        the 20 that most events have, of 2 to 50 values that are no numbers. The last day is the last that the
        table holds in full. scipy is needed: ``pip install 'mixpanel-nb[stats]'``. Only tables answer.
        """
        return self._answer(queries.Anomalies, locals())

    def signal(
        self,
        goal: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        start: str | None = None,
        where: str | None = None,
        goal_where: str | None = None,
        goal_times: int = 1,
        after: int | None = None,
        window: int = 14,
        at_least: int | None = None,
        within: int | None = None,
        before_goal: bool = False,
        events: str | Sequence[str] = (),
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SignalResult:
        """What users did who reached a goal, beside those who did not: which events, how often, how soon.

        Users begin with their first event of the days, or with their first ``start``; ``where`` filters
        these. They reach the goal with ``goal_times`` of it within ``window`` days. Without a goal it is to
        come back: any event in the second week. Users whose time is not over are left out.

        Every event but the goal is tried (and with ``properties`` each of their values): "at least 3 times
        within 7 days" of the start, the best of 1 to 10 times and 1 to 15 days by the phi coefficient. Where
        the goal counts from some days on (``after``), only days before are tried. Chances are Fisher's exact
        test, corrected for all that was compared (Bonferroni). What users did after the goal counts, too, as
        in Mixpanel's; ``before_goal`` leaves it out. It is correlation, not what causes it. Only tables
        answer (https://docs.mixpanel.com/docs/reports/apps/signal is Mixpanel's own).
        """
        return self._answer(queries.Signal, locals())

    def activity_feed(
        self,
        distinct_ids: str | Sequence[str],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> ActivityFeedResult:
        """All events of some users, oldest first."""
        return self._answer(queries.ActivityFeed, locals())

    @overload
    def saved_report(
        self, bookmark_id: int, *, table: None = None, live: bool = False
    ) -> SavedReportResult: ...

    @overload
    def saved_report(
        self, bookmark_id: int, *, table: str, live: bool = False
    ) -> InsightsResult | FunnelResult | RetentionResult | FlowResult: ...

    def saved_report(self, bookmark_id: int, *, table: str | None = None, live: bool = False) -> Any:
        """A report that is saved in the project (``bookmarks()`` lists them), computed by Mixpanel.

        With a table, what the report asks becomes a query that the table answers: the result is that of
        ``insights``, ``funnel``, ``retention`` or ``flow``, and its ``question.query`` the query. Ranges of
        days such as "in the last 30 days" end with the table. Looking the report up costs no query.

        Raises ``NotFoundError`` if there is no such report, and ``ParameterError`` with the part of it that
        no query can hold.
        """
        return self._answer(queries.SavedReport, {"bookmark_id": bookmark_id, "table": table, "live": live})

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """What a JQL script returns. Mixpanel has put JQL in maintenance mode and advises against new use.

        Raises ``QueryError`` if the script fails; the error shows the line and the place in it.
        """
        return self._answer(queries.JQL, locals())

    def reconcile(
        self, report: str, *subject: Any, on_ask: Callable[[str], None] | None = None, **asked: Any
    ) -> ReconcileResult:
        """One question asked of Mixpanel and of a table: which numbers differ, and why.

        It costs one query of the quota. The table is asked first, so that a mistake costs nothing; then
        Mixpanel once; then the table again for each possible cause: in the account's time zone, with copies
        of an event counted once, with other conversion windows. The record of fetches tells which days are
        missing, unfinished or filtered. A cause is ``tested`` only if the difference is gone then, or if
        nothing of these days was fetched; otherwise it is ``possible``.

        Args:
            report: ``segmentation``, ``segmentation_sum``, ``segmentation_average``, ``event_counts``,
                ``property_counts``, ``funnel`` (a saved one, by its id), ``retention`` or ``frequency``.
            subject: What the report is about, such as the event.
            on_ask: Called with one line before Mixpanel is asked.
            asked: The report's other parameters. ``table`` and days are filled in as for any report.

        Raises:
            ParameterError: only one side answers it, there is no table, or a parameter makes no sense.
            ConfigError: there is no account to ask Mixpanel with.
            TableNotFoundError: there is no such table.
            APIError: Mixpanel failed.

        Example:
            >>> found = ws.reconcile("segmentation", "Purchase", during="2025-01")
            >>> found.agrees, found.agreeing, found.compared
            (True, 31, 31)
        """
        from mixpanel_nb.queries.reconcile import reconcile_arguments, reconciled

        query = reconciled(report)

        def told(table: str) -> None:
            if on_ask is not None:
                on_ask(f"This asks Mixpanel one query of the quota, and the table {table} for the rest.")

        return self._reports.reconcile(query, reconcile_arguments(query, subject, asked), told)

    def expression(self, text: str, *, table: str | None = None) -> ExpressionResult:
        """A Mixpanel expression as SQL over a table.

        Args:
            text: Such as ``properties["plan"] == "pro"``.
            table: The table whose columns are used; the usual one by default.

        Example:
            >>> print(ws.expression('properties["plan"] == "pro"').sql)
            SELECT e.*
            FROM "events" AS e
            WHERE e."plan" = 'pro'
        """
        return self._reports.expression(text, table)

    # Cohorts of the database; those that are saved in Mixpanel are listed by `cohorts()`

    @cached_property
    def _cohorts(self) -> CohortService:
        from mixpanel_nb.services.local.kept_cohorts import CohortService

        return CohortService(self._local_project, self._members_of)

    def _members_of(self, cohort_id: int) -> Iterator[str]:
        profiles = self.stream_profiles(cohort_id=cohort_id, output_properties=["distinct_id"])
        return (str(each["distinct_id"]) for each in profiles if each["distinct_id"])

    def cohort(
        self,
        name: str,
        users: Definition | HasIds | Iterable[Any] | None = None,
        *,
        sql: str | None = None,
        mixpanel: int | None = None,
        table: str | None = None,
        replace: bool = False,
    ) -> CohortResult:
        """Save a set of users under a name, for any report on a table; the name alone gives the saved cohort.

        The ids are in a table of the database, ``cohort_`` and the name, in the only column ``distinct_id``.
        The same call again computes the cohort anew. ``within`` ends with the last day that the table covers;
        ``did_not`` and ``~`` mean the other users of the table.

        Args:
            name: Its name.
            users: Who is in it: a definition of ``did``, ``did_not``, ``profile`` and ``in_cohort``, joined
                by ``&``, ``|`` and ``~``; a list of ids, a DataFrame with the column ``distinct_id``, or a
                result that has ``ids``, as that of ``users()``.
            sql: A query that gives their ids, in the column ``distinct_id`` or its only one.
            mixpanel: The id of a cohort that is saved in Mixpanel, whose members are fetched (see
                :meth:`cohorts`; a query of the quota for each 1,000 members).
            table: The table of events; by default the usual one.
            replace: Replace another cohort of that name.

        Raises:
            ParameterError: a parameter makes no sense, or there is no cohort of that name.
            ExpressionError: there is a mistake in an expression.
            TableNotFoundError: there is no such table.
            TableExistsError: there is another cohort of that name, or a table of its ids' name.
            StorageError: the database is read-only.

        Example:
            >>> from mixpanel_nb import did
            >>> ws.cohort("buyers twice", did("Purchase", at_least=2, within="30d")).size
            213
            >>> ws.segmentation("Purchase", in_cohort="buyers twice", unit="month", **january).totals
            {'total': 457}
            >>> ws.drop_cohort("buyers twice")
        """
        from mixpanel_nb.services.local.kept_cohorts import source_of

        meant, ids = source_of(users, sql, mixpanel)
        if meant is None:
            return self._cohorts.found(name)
        return self._cohorts.save(name, meant, ids, table, replace=replace)

    @cached_property
    def _identities(self) -> IdentityService:
        from mixpanel_nb.services.local.identities import IdentityService

        return IdentityService(self._local_project)

    def identities(
        self,
        table: str | None = None,
        *,
        system: Literal["original", "simplified"] | None = None,
        mapping: str | Path | None = None,
    ) -> IdentitiesResult:
        """Find the users that the ids of a table are, by the links that its events carry, and keep them.

        Reports on the table count these users from then on, unless they are asked for ``identities="raw"``.
        The resolved ids are in a table of the database, ``identities_`` and the table's name, with the
        columns ``distinct_id`` and ``resolved_id``. After a fetch, ask again: the result tells what changed.
        Mixpanel is not asked. docs/local-reports.md says which links count.

        Args:
            table: The table of events; by default the usual one.
            system: Mixpanel's ID merge of the project (see its settings): ``original`` (``$identify``,
                ``$create_alias`` and ``$merge`` events; at most 500 ids a user) or ``simplified``
                (``$device_id`` and ``$user_id``); by default the one whose links there are.
            mapping: The identity mappings of Mixpanel's pipelines, instead of the links: a file of Parquet,
                CSV or JSON lines, or a table or view, with ``distinct_id`` and ``resolved_distinct_id``.

        Raises:
            ParameterError: there is no table, or no such system.
            TableNotFoundError: there is no such table.
            StorageError: it does not hold events, or the database is read-only.
            TableExistsError: another table has the name that the resolved ids would have.

        Example:
            >>> found = ws.identities()
            >>> found.ids, found.users, found.system
            (6383, 5290, 'simplified')
            >>> ws.drop("identities_events")
        """
        from mixpanel_nb.queries.checks import OneOf
        from mixpanel_nb.queries.shared import SYSTEMS

        chosen: Any = None if system is None else OneOf(SYSTEMS)(system, "system")
        return self._identities.find(table, chosen, None if mapping is None else str(mapping))

    def local_cohorts(self) -> LocalCohortList:
        """The cohorts of the database, by name."""
        from mixpanel_nb.results import LocalCohortList

        return LocalCohortList(self._cohorts.all())

    def cohort_sizes(
        self,
        name: str,
        *,
        unit: LargeUnit = "week",
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
    ) -> CohortSizesResult:
        """How many users a cohort had over time: as of the end of each day, week or month.

        Only the events up to each day count, and ``within`` ends with it. Profiles and other cohorts are
        taken as they are now.

        Args:
            name: A cohort that is defined by what users did.
            unit: ``day``, ``week`` or ``month``.
            from_date: The first day; by default the table's.
            to_date: The last day; by default the table's.
            last: The last days up to ``to_date``: ``30d``, ``12w``, ``3m`` or ``1y``.
            during: One period, such as ``2025-03``.

        Raises:
            ParameterError: there is no such cohort, it is a list or a query, there are too many days, or days
                are wrong or given twice.
        """
        asked = partial(days_to_list, locals(), self._project.today)
        return self._cohorts.sizes(name, asked, unit)

    def refresh_cohort(self, name: str) -> CohortResult:
        """Compute a cohort of the database again, as it is defined, from the table as it is now.

        Raises:
            ParameterError: there is no such cohort, or it is a list of users.
        """
        return self._cohorts.refresh(name)

    def drop_cohort(self, *names: str) -> None:
        """Drop cohorts of the database: all of them, or none if one does not exist.

        Raises:
            ParameterError: one does not exist.
        """
        self._cohorts.drop(*names)

    def zone_of(self, table: str | None) -> ReportZone:
        """The time zone in which a report on ``table`` counts days; None is a live report.

        Raises:
            ParameterError: the report is live, and the workspace has another time zone than its account.
        """
        return self._reports.zone_of(table)

    def explore(
        self,
        event: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> Explorer:
        """A widget with a form for any report, and its answer.

        Args:
            event: The event to begin with; by default a table's most frequent one.
            from_date: First day; days and table are filled in as for any report.
            to_date: Last day.
            last: The last days, such as ``30d``.
            during: One period, such as ``2025-03``.
            table: The table to ask.
            live: Ask Mixpanel also where there is a table.

        Raises:
            ParameterError: a date is invalid, or both ``table`` and ``live`` are given.
            TableNotFoundError: there is no such table.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        from mixpanel_nb.views.exploring import opened

        return opened(queries.Segmentation, self._reports.open_question(given), self._reports)

    # The tables of the database, those that were fetched and any others

    def sql(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> pd.DataFrame:
        """Run SQL on the local tables and return a DataFrame.

        Args:
            query: One or several DuckDB statements; the rows are those of the last one.
            params: Values bound to ``$name`` or ``?``.

        Raises:
            QueryError: the SQL is wrong.
            TableNotFoundError: the SQL names a table that does not exist.

        Example:
            >>> ws.sql("SELECT event_name, count(*) AS n FROM events WHERE plan = $plan GROUP BY ALL "
            ...        "ORDER BY n DESC LIMIT 2", {"plan": "pro"})
                 event_name     n
            0  View Product  1702
            1     Page View  1244
        """
        return self.storage.execute_df(query, params)

    def sql_scalar(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """The first value of the first row, or None. Arguments and errors as in :meth:`sql`.

        Example:
            >>> ws.sql_scalar("SELECT count(DISTINCT distinct_id) FROM events WHERE plan = ?", ["pro"])
            459
        """
        return self.storage.execute_scalar(query, params)

    def sql_rows(self, query: str, params: Mapping[str, Any] | Sequence[Any] | None = None) -> SQLResult:
        """The rows as an iterable of tuples that knows its column names, however many there are.

        They stay in DuckDB until they are read. Arguments and errors as in :meth:`sql`.

        Example:
            >>> rows = ws.sql_rows("SELECT plan, count(*) AS n FROM events GROUP BY 1 ORDER BY 2 DESC")
            >>> rows.column_names, list(rows)[:2]
            (['plan', 'n'], [('free', 31357), ('plus', 10975)])
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

        All changes are undone. Statements before the last one are run only if the last may need what they
        make (``CREATE TABLE``, ``SET``).

        Args:
            query: One or several DuckDB statements; the last one is explained.
            params: Values bound to ``$name`` or ``?``.
            analyze: Run the last statement too, and give the rows and time of each step.

        Raises:
            QueryError: the SQL is wrong, or cannot be explained.
            TableNotFoundError: the SQL names a table that does not exist.
        """
        from mixpanel_nb.workspace.wrapping import plan_result

        return plan_result(query, self.storage.plan(query, params, analyze=analyze))

    def export(
        self,
        table_or_query: str,
        path: str | Path,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        format: Literal["parquet", "csv", "jsonl", "lake"] | None = None,  # noqa: A002 - as DuckDB calls it
        partition_by: str | Sequence[str] = (),
        replace: bool = False,
    ) -> ExportResult:
        """Write a table, or the rows of a query, to a file for other programs.

        Rows are written as they come, so memory does not grow with them. The file appears under its name
        when it is whole. Times of a table are written as moments in UTC; a query's columns as they are.

        Args:
            table_or_query: The name of a table, or SQL whose last statement gives rows.
            path: The file: ``.parquet``, ``.csv`` or ``.jsonl``, the last two also with ``.gz`` or ``.zst``.
                Or a lake, by its address such as ``s3://bucket/shop``, or its folder with the format
                ``lake``: its rows of the days of a fetched table are replaced, as by a fetch (:meth:`lake`).
            params: Values bound to ``$name`` or ``?`` in a query.
            format: The format, if the file's name does not end with it.
            partition_by: Columns whose values name folders (``path/day=2025-01-01/…``), as Spark, Athena and
                others read them. ``day`` and ``month`` are those of the event (UTC); where a property has
                that name, the folders are ``day_2=…``. A query's own columns take precedence.
            replace: Replace an earlier export.

        Raises:
            ParameterError: the format or a column to partition by is unknown.
            QueryError: the SQL is wrong.
            TableNotFoundError: there is no such table.
            StorageError: the file exists, or it cannot be written; no part of it is left.

        Example:
            >>> ws.export("SELECT plan, count(*) AS events FROM events GROUP BY plan", "plans.csv").rows
            4
        """
        from mixpanel_nb.workspace.wrapping import export_result

        if format == "lake" or is_address(path):
            return put_into_lake(self.storage, table_or_query, place_of(path))
        columns = (partition_by,) if isinstance(partition_by, str) else tuple(partition_by)
        written = self.storage.export(
            table_or_query, Path(path), params, form=format, partition_by=columns, replace=replace
        )
        return export_result(table_or_query, Path(path), written)

    def tables(self) -> TableList:
        """The tables of the database.

        Example:
            >>> ws.tables()[0].name
            'events'
        """
        from mixpanel_nb.results import TableList
        from mixpanel_nb.workspace.wrapping import table_infos, unfinished_fetches

        tables = table_infos(self.storage.list_tables())
        return TableList(tables, unfinished_fetches(self.storage.beside))

    def schema(self, table: str) -> TableSchema:
        """The columns of a table.

        Raises:
            TableNotFoundError: there is no such table.

        Example:
            >>> [(column.name, column.type) for column in ws.schema("events")][:3]
            [('event_name', 'VARCHAR'), ('event_time', 'TIMESTAMP'), ('distinct_id', 'VARCHAR')]
        """
        from mixpanel_nb.workspace.wrapping import table_schema

        return table_schema(table, self.storage.get_schema(table))

    def sample(self, table: str, n: int = 10) -> SQLResult:
        """``n`` rows from all over a table, the same ones each time.

        Raises:
            TableNotFoundError: there is no such table.

        Example:
            >>> ws.sample("events", 3).df.shape[0]
            3
        """
        if n < 1:
            message = [Word("n"), f" is {n}."]
            raise ParameterError(message, parameter="n", value=n, hint="Give a number from 1.")
        from mixpanel_nb.services.local.engines.elsewhere import ElsewhereStorage
        from mixpanel_nb.storage.statements import sample_sql

        held: Any = self.storage
        if isinstance(held, ElsewhereStorage):
            from mixpanel_nb.results import SQLResult

            return SQLResult(*held.sample(table, n))
        columns = {column.name for column in self.storage.get_schema(table)}
        return self.sql_rows(sample_sql(table, columns, n))

    def summarize(self, table: str) -> SummaryResult:
        """Statistics of each column of a table, except the JSON column ``properties``.

        Raises:
            TableNotFoundError: there is no such table.

        Example:
            >>> ws.summarize("events").records()[0]["approx_unique"]  # different names of events
            12
        """
        from mixpanel_nb.results import ColumnSummary, SummaryResult
        from mixpanel_nb.storage.statements import summarize_sql

        columns = [column.name for column in self.storage.get_schema(table) if column.type != "JSON"]
        rows = self.storage.execute_rows(summarize_sql(table, columns))
        return SummaryResult(table, tuple(ColumnSummary(*row) for row in rows))

    def promote(self, table: str, *properties: str) -> list[str]:
        """Give properties typed columns of their own, about 100 times faster to query than JSON.

        Returns the names of the new columns.

        Raises:
            TableNotFoundError: there is no such table.
            StorageError: no row has such a property.

        Example:
            >>> ws.promote("events", "plan")  # has a column already
            []
        """
        return self.storage.promote(table, *properties)

    def session_view(
        self,
        name: str = "sessions",
        *,
        table: str = "events",
        per: Literal["session", "event"] = "session",
        timeout: int = 30,
        exclude: str | Sequence[str] = (),
        replace: bool = False,
    ) -> TableSchema:
        """Make a view of the sessions of a table, for SQL; it stays in the database and is never out of date.

        A row a session has ``"$session_id"``, ``distinct_id``, ``session_start`` and ``session_end`` (UTC),
        ``"$duration_s"`` (seconds), ``"$event_count"``, and in ``"$origin_start"`` and ``"$origin_end"`` the
        names of its first and last event. A row an event has all columns of the table, and these properties
        of its session; reports can be asked of it.

        Args:
            name: The view.
            table: The table of events.
            per: What a row is: a ``session``, or an ``event``.
            timeout: Minutes without an event that end a session.
            exclude: Events that are not part of sessions, beside Mixpanel's own and those that are known to
                be hidden in Lexicon.
            replace: Replace a view of that name.

        Raises:
            ParameterError: a parameter makes no sense.
            TableNotFoundError: there is no such table.
            TableExistsError: there is a table or view of that name.
        """
        from zoneinfo import ZoneInfo

        from mixpanel_nb.workspace.sessions import SessionView

        view = SessionView.of(name, per=per, timeout=timeout, exclude=exclude)
        zone = self.zone_of(table).name
        events = self._engine.events(table, ZoneInfo(zone)).columns
        columns = list(events.read_as) or [column.name for column in self.storage.get_schema(table)]
        query = view.sql(events, columns, zone, self._discovery.known_hidden())
        self.storage.create_view(name, query, replace=replace)
        return self.schema(name)

    def drop(self, *names: str) -> None:
        """Drop tables and views: all of them, or none if one does not exist.

        Raises:
            TableNotFoundError: one does not exist.

        Example:
            >>> ws.sql_scalar("CREATE TABLE notes AS SELECT 'a' AS note")
            1
            >>> ws.drop("notes")
        """
        self._drop({name.casefold(): name for name in names}.values())

    def drop_all(self, type: Literal["events", "profiles"] | None = None) -> None:  # noqa: A002 - the design's name
        """Drop every fetched table, or those of one type."""
        fetched = {"events", "profiles"} if type is None else {type}
        self._drop(table.name for table in self.storage.list_tables() if table.type in fetched)

    def _drop(self, names: Iterable[str]) -> None:
        from mixpanel_nb.services.fetch.staging import Staging

        tables = list(names)
        self.storage.drop_tables(*tables)
        for table in tables:
            Staging(self.storage.beside, table).sweep(downloads=True)


def _name_list(kind: str, names: list[str], *, of: str | None = None, remark: str | None = None) -> NameList:
    from mixpanel_nb.results import NameList

    return NameList(kind, names, of=of, remark=remark)


class _Report:
    """Stands for a report's method until it is looked up: then the method is completed, and takes its place.

    Args:
        name: The report.
        method: The method as it is written.
    """

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        self._name = name
        self._method = method

    def __get__(self, workspace: Workspace | None, owner: type[Workspace]) -> Any:
        _describe(self._method, queries.QUERIES[self._name])
        setattr(Workspace, self._name, self._method)
        return getattr(owner if workspace is None else workspace, self._name)


def _describe(method: Any, query: type[Query[Any]]) -> None:
    """Complete a report's method: its docstring by the parameters, its signature where it has overloads."""
    for plain in get_overloads(method)[:1]:
        signature = inspect.signature(plain)
        if "compare" not in signature.parameters:
            continue
        kinds = {"compare": "Compared | None", "diff": "TwoGroups | None"}
        compared = {name: signature.parameters[name].replace(annotation=kind) for name, kind in kinds.items()}
        known = (signature.parameters | compared).values()
        method.__signature__ = signature.replace(parameters=list(known))
    lines = [
        textwrap.fill(
            f"{name}: {help_text(parameter.help)}", 100, initial_indent=" " * 4, subsequent_indent=" " * 8
        )
        for name, parameter in request_parameters(query).items()
    ]
    method.__doc__ = "\n".join([textwrap.dedent(f"        {method.__doc__}").strip(), "", "Args:", *lines])


for _name in queries.QUERIES:
    setattr(Workspace, _name, _Report(_name, vars(Workspace)[_name]))
