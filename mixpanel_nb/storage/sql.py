"""Execution of users' SQL: interruptible by Ctrl-C, with stored rows and explained errors."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

import duckdb

from mixpanel_nb.errors import QueryError
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.storage import catalog, hints, plans, queries, rules, views
from mixpanel_nb.storage.connections import REPORT_MEMORY, bounded, memory_limit, streaming, undone
from mixpanel_nb.storage.explain import explain, moved_up
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.records import PlanRecord
from mixpanel_nb.storage.rows import StoredRows, fresh_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pandas as pd

    from mixpanel_nb.errors import Text
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.storage.database import Database
    from mixpanel_nb.storage.export_target import ExportTarget
    from mixpanel_nb.storage.queries import Parameters, UserStatement
    from mixpanel_nb.storage.records import PlanStepRecord

    Values = dict[str, Any] | list[Any]

T = TypeVar("T")


class SQL:
    """Runs SQL on a database; see the methods of the same names of ``StorageEngine``.

    Attributes:
        frames: Names of the DataFrames that SQL can name for now.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.frames: set[str] = set()

    def query(self, sql: str, params: Parameters) -> RowSource:
        """The rows of the last statement, queries kept by DuckDB."""
        return self._run(sql, params, _kept)

    def relation(self, sql: str, params: Parameters) -> duckdb.DuckDBPyRelation:
        """The rows of the last statement as a relation."""
        rows = self.query(sql, params)
        if isinstance(rows, MemoryRows):
            with self._database.work("read") as con:
                rows = StoredRows.of(con, rows)
        return cast("StoredRows", rows).relation()

    def frame(self, sql: str, params: Parameters) -> pd.DataFrame:
        """The rows of the last statement as a DataFrame."""

        def last(con: duckdb.DuckDBPyConnection, statement: UserStatement, values: Values) -> pd.DataFrame:
            # Not on the main thread: an interrupt that meets this import there can get lost.
            import pandas as pd

            con.execute(statement.text, values)
            return con.df() if con.description else pd.DataFrame()

        return self._run(sql, params, last)

    def rows(self, sql: str, params: Parameters) -> list[tuple[Any, ...]]:
        """The rows of the last statement as tuples; a query takes little memory where it can."""

        def last(con: duckdb.DuckDBPyConnection, statement: UserStatement, values: Values) -> Any:
            if statement.gives_rows:
                limit = self._database.known.of("memory_limit", lambda: memory_limit(con))
                with suppress(duckdb.OutOfMemoryException), bounded(con, REPORT_MEMORY, before=limit):
                    return con.execute(statement.text, values).fetchall()
            return con.execute(statement.text, values).fetchall()

        rows: list[tuple[Any, ...]] = self._run(sql, params, last)
        return rows

    def scalar(self, sql: str, params: Parameters) -> Any:
        """The first value of the first row of the last statement."""
        row = self._run(sql, params, lambda con, last, values: con.execute(last.text, values).fetchone())
        return None if row is None else row[0]

    def copy(self, sql: str, params: Parameters, target: ExportTarget, file: Path, *, stored: bool) -> int:
        """Write the rows of the last statement to ``file``. Returns how many there are."""

        def last(con: duckdb.DuckDBPyConnection, statement: UserStatement, given: Values) -> int:
            if not statement.gives_rows:
                message = f"{statement.kind} gives no rows to export."
                raise QueryError(message, hint="Let the last statement be a query, such as SELECT … FROM ….")
            try:
                if statement.kind != "MULTI":
                    return _copied(con, statement.query, given, target, file, stored=stored)
                table = fresh_table()  # DuckDB tells no number of rows where a PIVOT is copied
                con.execute(statement.as_rows_of(table), given)
                try:
                    return _copied(con, f"FROM {table}", {}, target, file, stored=stored)
                finally:
                    con.execute(f"DROP TABLE {table}")
            except duckdb.IOException as error:
                if "Broken pipe" in str(error):
                    raise BrokenPipeError from None
                raise
            except duckdb.Error as error:
                raise moved_up(error, 1) from None

        return self._run(sql, params, last)

    def plan(self, sql: str, params: Parameters, *, analyze: bool) -> PlanRecord:
        """The plan of the last statement; nothing of what runs for it stays."""
        statements = queries.parse(self._database.session, sql)
        plans.check_explainable(statements, analyze=analyze)
        values = queries.bind(statements, params)
        # Only the last statement's rows are needed; effects of the others are rolled back.
        needed = [place for place, statement in enumerate(statements[:-1]) if statement.prepares]
        changes = bool(needed) or (analyze and not statements[-1].reads_only)
        seconds = 0.0

        def last(
            con: duckdb.DuckDBPyConnection, statement: UserStatement, given: Values
        ) -> tuple[PlanStepRecord, ...]:
            nonlocal seconds
            started = time.perf_counter()
            try:
                con.execute(plans.explaining(statement, analyze=analyze), given)
            except duckdb.Error as error:
                raise moved_up(error, 1) from None
            seconds = time.perf_counter() - started
            return plans.steps(con.fetchall()[0][1])

        kept = [*needed, len(statements) - 1]
        steps = self._run_all(
            [statements[place] for place in kept], [values[place] for place in kept], last, undo=changes
        )
        return PlanRecord(steps, seconds if analyze else None)

    def _run(
        self,
        sql: str,
        params: Parameters,
        last: Callable[[duckdb.DuckDBPyConnection, UserStatement, Values], T],
    ) -> T:
        statements = queries.parse(self._database.session, sql)
        return self._run_all(statements, queries.bind(statements, params), last)

    def _run_all(
        self,
        statements: Sequence[UserStatement],
        values: Sequence[Values],
        last: Callable[[duckdb.DuckDBPyConnection, UserStatement, Values], T],
        *,
        undo: bool = False,
    ) -> T:
        rules.check(statements, self._database)
        # Of a read-only file DuckDB itself refuses what would change it.
        mode = "read" if self._database.can_only_read else queries.mode(statements)
        asks = all(statement.gives_rows for statement in statements)
        with self._database.work(mode) as con, nullcontext() if asks else self._database.known.paused():
            running = statements[0]

            def work() -> T:
                nonlocal running
                with undone(con) if undo else nullcontext():
                    for statement, given in zip(statements[:-1], values[:-1], strict=True):
                        running = statement
                        views.check(con, statement, self.frames)
                        con.execute(statement.text, given)
                    running = statements[-1]
                    views.check(con, statements[-1], self.frames)
                    return last(con, statements[-1], values[-1])

            try:
                answer = interruptible(con, work)
            except duckdb.Error as error:
                self._end_transaction(con, statements)
                raise explain(
                    error, _tables(con), lines_before=running.lines_before, hint=_hint(con, running, error)
                ) from None
            except BaseException:
                self._end_transaction(con, statements)
                raise
            if self._end_transaction(con, statements):
                message = "The transaction was begun and not ended, so nothing of it was stored."
                raise QueryError(message, hint="End it with COMMIT in the same query.")
            return answer

    def _end_transaction(self, con: duckdb.DuckDBPyConnection, statements: Sequence[UserStatement]) -> bool:
        """Roll back a transaction that the statements left open. Returns whether there was one."""
        if self._database.keeps_transactions or all(s.kind != "TRANSACTION" for s in statements):
            return False
        try:
            con.rollback()
        except duckdb.TransactionException:
            return False
        return True


def _tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Known tables, for suggestions; none in a failed transaction or without memory."""
    try:
        return catalog.table_names(con)
    except (duckdb.TransactionException, duckdb.OutOfMemoryException):
        return []


def _hint(con: duckdb.DuckDBPyConnection, statement: UserStatement, error: duckdb.Error) -> Text | None:
    with suppress(duckdb.Error):  # such as in a transaction that has failed
        return hints.Failed(con, statement.text, str(error)).hint
    return None


def _kept(con: duckdb.DuckDBPyConnection, statement: UserStatement, values: Values) -> RowSource:
    """The rows of a query as a table of DuckDB's; what other statements answer is small."""
    if not statement.gives_rows:
        return _fetched(con, statement, values)
    table = fresh_table()
    try:
        con.execute(statement.as_rows_of(table), values)
    except duckdb.Error as error:
        if "table cannot be created from an unnamed struct" in str(error):
            return _fetched(con, statement, values)
        raise moved_up(error, 1) from None
    return StoredRows(con, table)


def _copied(
    con: duckdb.DuckDBPyConnection,
    query: str,
    values: Values,
    target: ExportTarget,
    file: Path,
    *,
    stored: bool,
) -> int:
    """Write the rows of a query to a file. Returns how many there are."""
    described = con.execute(f"DESCRIBE SELECT * FROM (\n{query}\n)", values).fetchall()
    columns = {name: kind for name, kind, *_ in described}
    copy = target.copy_sql(query, columns, file, stored=stored)
    try:
        with streaming(con):
            return int(con.execute(copy, values).fetchall()[0][0])
    except duckdb.OutOfMemoryException:
        if stored or target.is_stream:
            raise
    # The query itself needs more, as it would outside of an export.
    return int(con.execute(copy, values).fetchall()[0][0])


def _fetched(con: duckdb.DuckDBPyConnection, statement: UserStatement, values: Values) -> MemoryRows:
    con.execute(statement.text, values)
    described = con.description or []
    columns, types = [d[0] for d in described], [str(d[1]) for d in described]
    return MemoryRows(columns, types, con.fetchall() if described else [])
