"""The methods of a workspace for SQL and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import Command, ParameterError, Word, did_you_mean
from mixpanel_nb.files.places import is_address, place_of
from mixpanel_nb.workspace.base import WorkspaceBase
from mixpanel_nb.workspace.lakes import put_into_lake

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.results import (
        ExportResult,
        Lookup,
        LookupList,
        PlanResult,
        SQLResult,
        SummaryResult,
        TableList,
        TableSchema,
    )
    from mixpanel_nb.storage.layout import Sorted


class LocalTables(WorkspaceBase):
    """SQL, and the tables of the database, those that were fetched and any others."""

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
        from mixpanel_nb.services.local.engines.elsewhere_storage import ElsewhereStorage
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

    def optimize(self, table: str | None = None, *, on_part: Callable[[Sorted], None] | None = None) -> int:
        """Sort a table of events, so that reports on it are faster: an event's rows together, user by user.

        Reports mean the same. Rows that are added later are sorted when it is called again, which sorts
        nothing else. ``SELECT *`` has one more column, ``_sent``: the order in which the events were sent.

        Args:
            table: The table; None for the usual one.
            on_part: Called after each part that was sorted.

        Returns:
            The number of events in the parts that were sorted; 0 if there was nothing to do.

        Raises:
            ParameterError: there is no table.
            TableNotFoundError: there is no such table.
            StorageError: it holds no events, or the database is read-only or failed.

        Example:
            >>> ws.optimize("events") > 0
            True
        """
        name = table or self._reports.usual_table()
        if name is None:
            message = "There is no table of events to optimize."
            raise ParameterError(message, parameter="table", hint=["Fetch one: ", Command("fetch events")])
        return self.storage.optimize(name, on_part)

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
