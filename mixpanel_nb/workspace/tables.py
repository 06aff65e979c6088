"""What a workspace does with its tables: SQL on them, looks into them, exports of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.workspace.base import Base

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.results import (
        ExportResult,
        PlanResult,
        SQLResult,
        SummaryResult,
        TableList,
        TableSchema,
    )


class Tables(Base):
    """The tables of the database, those that were fetched and any others."""

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
        from mixpanel_nb.workspace.wrapping import plan_result

        return plan_result(query, self.storage.plan(query, params, analyze=analyze))

    def export(
        self,
        table_or_query: str,
        path: str | Path,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        *,
        format: Literal["parquet", "csv", "jsonl"] | None = None,  # noqa: A002 - as DuckDB calls it
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
                others read them. ``day`` and ``month`` are those of the event (UTC); where a property has
                that name, the folders are ``day_2=…``. A query's own columns go before.
            replace: Put it in the place of an earlier export.

        Raises:
            QueryError: the format or a column to partition by is unknown, or the SQL is wrong.
            TableNotFoundError: there is no such table.
            StorageError: there is such a file already, or it cannot be written; nothing is left of it.
        """
        from mixpanel_nb.workspace.wrapping import export_result

        columns = (partition_by,) if isinstance(partition_by, str) else tuple(partition_by)
        written = self.storage.export(
            table_or_query, Path(path), params, form=format, partition_by=columns, replace=replace
        )
        return export_result(table_or_query, Path(path), written)

    def tables(self) -> TableList:
        """The tables of the database."""
        from mixpanel_nb.results import TableList
        from mixpanel_nb.workspace.wrapping import table_infos

        return TableList(table_infos(self.storage.list_tables()))

    def schema(self, table: str) -> TableSchema:
        """The columns of a table.

        Raises:
            TableNotFoundError: there is no such table.
        """
        from mixpanel_nb.workspace.wrapping import table_schema

        return table_schema(table, self.storage.get_schema(table))

    def sample(self, table: str, n: int = 10) -> SQLResult:
        """``n`` rows from all over a table, the same ones each time.

        Raises:
            TableNotFoundError: there is no such table.
        """
        if n < 1:
            message = [Word("n"), f" is {n}."]
            raise ParameterError(message, parameter="n", value=n, hint="Give a number from 1.")
        from mixpanel_nb.storage.statements import sample_sql

        columns = {column.name for column in self.storage.get_schema(table)}
        return self.sql_rows(sample_sql(table, columns, n))

    def summarize(self, table: str) -> SummaryResult:
        """Statistics of each column of a table, but the JSON of ``properties``.

        Raises:
            TableNotFoundError: there is no such table.
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
        from mixpanel_nb.services.fetch.staging import Staging

        tables = list(names)
        self.storage.drop_tables(*tables)
        for table in tables:
            Staging(self.storage.path, table).sweep(downloads=True)
