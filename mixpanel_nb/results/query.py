"""The rows of a SQL query, however many: what is shown is fetched, the rest stays where it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.errors import QueryError, did_you_mean
from mixpanel_nb.results.base import RowsResult, unique_names
from mixpanel_nb.results.json_safe import json_safe
from mixpanel_nb.results.pages import Pages, sorted_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import altair as alt
    import pandas as pd

    from mixpanel_nb.display import Card, Chart, Column, Table
    from mixpanel_nb.display.widgets import Explorer

BATCH_ROWS = 2_048
"""Rows fetched at a time while iterating."""

MAX_POINTS = 20_000
"""Rows beyond which a chart says nothing and costs much."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS = frozenset({*_INTEGERS, *(f"U{name}" for name in _INTEGERS), "FLOAT", "DOUBLE"})


Order = tuple[int, bool]
"""A column's place, and whether its largest value comes first; rows without a value come last."""


class RowSource(Protocol):
    """Rows that may live elsewhere, such as in DuckDB."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns, as the query gives them."""

    @property
    def types(self) -> list[str]:
        """DuckDB's type names of the columns."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""

    def fetch(
        self, limit: int | None = None, offset: int = 0, order: Order | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit`` (None is all of them), sorted where an order is given."""

    def df(self) -> pd.DataFrame:
        """All rows as a DataFrame."""


@dataclass(frozen=True, eq=False)
class MemoryRows:
    """Rows held in memory.

    Attributes:
        columns: Names of the columns.
        types: DuckDB's type names.
        rows_: The rows.
    """

    columns: list[str]
    types: list[str]
    rows_: Sequence[tuple[Any, ...]]

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return len(self.rows_)

    def fetch(
        self, limit: int | None = None, offset: int = 0, order: Order | None = None
    ) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit`` (None is all of them), sorted where an order is given."""
        rows = self.rows_ if order is None else sorted_rows(self.rows_, order[0], descending=order[1])
        return list(rows[offset : None if limit is None else offset + limit])

    def df(self) -> pd.DataFrame:
        """All rows as a DataFrame."""
        import pandas as pd

        return pd.DataFrame.from_records(list(self.rows_), columns=unique_names(self.columns))


@dataclass(frozen=True, repr=False, eq=False)
class SQLResult(RowsResult):
    """What a query answered.

    Its length is the number of rows; iterating gives tuples, a batch at a time. A card fetches only what
    it shows.

    Attributes:
        query: The SQL.
        source: Where the rows are.
        params: Values bound to the query's parameters.
        chart_options: Asks for a chart on the card: ``kind`` (``line``, ``bar``, ``area``, ``point``),
            ``x``, ``y``, ``color`` (column names; those left out are chosen by type) and ``title``.
        max_rows: Rows a card shows; None is the usual number.
    """

    query: str
    source: RowSource
    params: Mapping[str, Any] | Sequence[Any] | None = None
    chart_options: Mapping[str, str | None] | None = None
    max_rows: int | None = None

    @cached_property
    def column_names(self) -> list[str]:
        """The query's columns; a name that repeats gets a number: ``a``, ``a_1``."""
        return unique_names(list(self.source.columns))

    def tuples(self) -> list[tuple[Any, ...]]:
        """All rows; this fetches them."""
        return self.source.fetch()

    def __len__(self) -> int:
        return self.source.row_count

    def __bool__(self) -> bool:
        return True  # an answer without rows is still an answer

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for offset in range(0, len(self), BATCH_ROWS):
            yield from self.source.fetch(BATCH_ROWS, offset)

    def to_dict(self) -> dict[str, Any]:
        """``query``, ``params``, ``columns``, ``types``, ``row_count`` and all ``rows`` as records."""
        return {
            "query": self.query,
            "params": json_safe(self.params),
            "columns": self.column_names,
            "types": list(self.source.types),
            "row_count": len(self),
            "rows": self.records(),
        }

    def _frame(self) -> pd.DataFrame:
        frame = self.source.df()
        frame.columns = self.column_names
        return frame

    def _limit(self, max_rows: int | None) -> int:
        if max_rows is None:
            max_rows = self.max_rows
        return super()._limit(max_rows)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The first rows, the chart that was asked for, and the query behind them."""
        from mixpanel_nb.display import Card, counted

        drawing, notes = self._drawing_or_note()
        count = len(self)
        return Card(
            title=f"{counted(count, 'row')} × {counted(len(self.column_names), 'column')}",
            chart=drawing,
            table=self._table(self._limit(max_rows)) if count else None,
            query=self.query,
            notes=notes,
            empty=None if count else "The query gave no rows.",
        )

    def explore(self) -> Explorer:
        """The rows as a widget: all of them a page at a time, sorted by DuckDB, and charts of any columns."""
        from mixpanel_nb.views import exploring

        return exploring.drawn(self)

    def pages(self) -> Pages:
        """All rows, a page at a time; they stay in DuckDB, which also sorts them."""
        return Pages(self.headings(), self.source)

    def codes(self) -> list[tuple[str, str]]:
        """The query as a cell and in Python; values of its parameters come from variables of these names."""
        query = self.query.strip("\n")
        values = "" if self.params is None else f", {self._names_of_params()}"
        return [("Magic", f"%%mp_sql\n{query}"), ("Python", f"ws.sql({python_text(query)}{values})")]

    def _names_of_params(self) -> str:
        if not isinstance(self.params, Mapping):
            return repr(list(self.params or []))
        return "{" + ", ".join(f'"{name}": {name}' for name in self.params) + "}"

    def headings(self) -> list[Column]:
        """The columns, those of moments as such."""
        from mixpanel_nb.display import Column

        return [
            Column(name, "datetime" if kind.startswith("TIMESTAMP") else "auto")
            for name, kind in zip(self.column_names, self.source.types, strict=True)
        ]

    def _table(self, limit: int) -> Table:
        from mixpanel_nb.display import Table

        columns = self.headings()
        rows = self.source.fetch(min(limit, len(self)))
        return Table(columns, rows, total_rows=len(self), more=".df has them all")

    def _drawing_or_note(self) -> tuple[Chart | None, list[str]]:
        if self.chart_options is None or not len(self):
            return None, []
        try:
            return self._drawing(), []
        except QueryError as error:  # the rows are still worth showing
            return None, [f"No chart: {error}"]

    def chart(self) -> alt.Chart:
        """The rows as a chart, by ``chart_options`` or, where those are silent, by the types of the columns.

        Raises:
            QueryError: If a column does not exist, nothing numeric is there to draw, or there are too many
                rows.
        """
        return self._drawing().draw()

    def _drawing(self) -> Chart:
        from mixpanel_nb.display import described_series

        options = self.chart_options or {}
        if len(self) > MAX_POINTS:
            raise QueryError(
                f"{len(self):,} rows are too many for a chart; {MAX_POINTS:,} is the most.",
                hint="Aggregate in SQL, for example GROUP BY day.",
            )
        x, y, color = self._axes()
        names = [name for name in (x, y, color) if name is not None]
        places = [self.column_names.index(name) for name in names]
        rows = [dict(zip(names, (row[place] for place in places), strict=True)) for row in self.tuples()]
        kind = options.get("kind") or _likely_kind(
            dict(zip(self.column_names, self.source.types, strict=True))[x]
        )
        return described_series(rows, x, y, color, kind=kind, title=options.get("title"))

    def _axes(self) -> tuple[str, str, str | None]:
        """The columns on x and y and the one that colours: as asked for, or as their types suggest."""
        options = self.chart_options or {}
        types = dict(zip(self.column_names, self.source.types, strict=True))
        asked = {axis: self._known(name) for axis in ("x", "y", "color") if (name := options.get(axis))}
        free = [name for name in types if name not in asked.values()]
        x = asked.get("x") or _first(free, types, _is_time) or _first_but_the_only_number(free, types)
        y = asked.get("y") or _first([name for name in free if name != x], types, _is_number)
        if x is None or y is None:
            raise QueryError(
                "A chart needs a column for x and a numeric column for y.", hint="Name them: --x, --y."
            )
        if "color" in asked or {"x", "y"} <= asked.keys():  # nothing is left to be guessed
            return x, y, asked.get("color")
        return x, y, _first([name for name in free if name not in {x, y}], types, _is_text)

    def _known(self, name: str) -> str:
        if name in self.column_names:
            return name
        names = ", ".join(self.column_names)
        raise QueryError(
            f"The result has no column {name!r}.",
            hint=did_you_mean(name, self.column_names) or f"It has {names}.",
        )


def python_text(text: str) -> str:
    """The text as a Python literal, over several lines where it has them."""
    if "\n" in text and '"""' not in text and "\\" not in text and not text.endswith('"'):
        return f'"""\n{text}\n"""'
    return repr(text)


def _first(names: list[str], types: Mapping[str, str], fits: Callable[[str], bool]) -> str | None:
    return next((name for name in names if fits(types[name])), None)


def _first_but_the_only_number(names: list[str], types: Mapping[str, str]) -> str | None:
    """The first column, unless it is the one number, which is for y."""
    numbers = [name for name in names if _is_number(types[name])]
    return next((name for name in names if [name] != numbers), None)


def _likely_kind(of_x: str) -> str:
    """Lines over time and along numbers; bars for categories."""
    return "line" if _is_time(of_x) or _is_number(of_x) else "bar"


def _is_time(kind: str) -> bool:
    return kind.startswith(("DATE", "TIMESTAMP"))


def _is_number(kind: str) -> bool:
    return kind in _NUMBERS or kind.startswith("DECIMAL")


def _is_text(kind: str) -> bool:
    return kind in {"VARCHAR", "BOOLEAN"} or kind.startswith("ENUM")
