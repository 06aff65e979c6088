"""View of a SQL query's rows, and the columns of its chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.display import Card, Chart, Column, Table, counted, described_series
from mixpanel_nb.errors import ChartError, ParameterError, did_you_mean
from mixpanel_nb.results import SQLResult
from mixpanel_nb.views.base import MORE_IN_DF, Pages, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.display.widgets import Explorer

_ALL_PROPERTIES = ("properties", "JSON")
MAX_POINTS = 20_000
"""Rows beyond which a chart says nothing and costs much."""
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NUMBERS = frozenset({*_INTEGERS, *(f"U{name}" for name in _INTEGERS), "FLOAT", "DOUBLE"})


_WHAT = {
    "stack": "Bars and areas are stacked",
    "group": "Bars stand beside each other",
    "smooth": "Lines are smoothed",
    "log": "A logarithmic axis has no 0 and is for lines and points",
}
_KINDS = {"line": "lines", "bar": "bars", "area": "areas", "point": "points"}

S = TypeVar("S", bound=SQLResult)


class RowsView(View[S]):
    """Rows that stay in DuckDB; only what is shown is fetched."""

    def limit(self, max_rows: int | None) -> int:
        """How many rows to show; the result may have a number of its own."""
        if max_rows is None:
            max_rows = self.result.max_rows
        return super().limit(max_rows)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The first rows, the chart that was asked for, and the query behind them."""
        drawing, notes = self._drawing_or_note()
        count = len(self.result)
        size = f"{counted(count, 'row')} × {counted(len(self.result.column_names), 'column')}"
        title = (self.result.chart_options or {}).get("title")
        return Card(
            title=title or size,
            subtitle=size if title else None,
            chart=drawing,
            table=self._table(self.limit(max_rows)) if count else None,
            query=self.result.query,
            notes=notes,
            empty=None if count else "The query gave no rows.",
        )

    def explore(self) -> Explorer:
        """The rows as a widget: all of them a page at a time, sorted by DuckDB, and charts of any columns."""
        from mixpanel_nb.views import exploring  # takes its time: it needs ipywidgets

        return exploring.drawn(self.result)

    def pages(self) -> Pages:
        """All rows, a page at a time; they stay in DuckDB, which also sorts them."""
        return Pages(self.headings(), self.result.source)

    def codes(self) -> list[tuple[str, str]]:
        """The query as a cell and in Python; values of its parameters come from variables of these names."""
        query = self.result.query.strip("\n")
        values = "" if self.result.params is None else f", {self._names_of_params()}"
        return [("Magic", f"%%mp_sql\n{query}"), ("Python", f"ws.sql({python_text(query)}{values})")]

    def _names_of_params(self) -> str:
        if not isinstance(self.result.params, Mapping):
            return repr(list(self.result.params or []))
        return "{" + ", ".join(f'"{name}": {name}' for name in self.result.params) + "}"

    def headings(self) -> list[Column]:
        """The columns, those of moments as such."""
        return [
            Column(name, "datetime" if kind.startswith("TIMESTAMP") else "auto")
            for name, kind in zip(self.result.column_names, self.result.source.types, strict=True)
        ]

    def _table(self, limit: int) -> Table:
        """The first rows; the object of all properties is the last column, since it is the longest."""
        rows = self.result.source.fetch(min(limit, len(self.result)))
        kinds = list(zip(self.result.column_names, self.result.source.types, strict=True))
        order = sorted(range(len(kinds)), key=lambda place: kinds[place] == _ALL_PROPERTIES)
        return Table(
            [Column(kinds[place][0]) for place in order],
            [tuple(row[place] for place in order) for row in rows],
            total_rows=len(self.result),
            more=MORE_IN_DF,
        )

    def _drawing_or_note(self) -> tuple[Chart | None, list[str]]:
        if self.result.chart_options is None or not len(self.result):
            return None, []
        try:
            return self.drawing(titled=False), self._left_out()
        except (ChartError, ParameterError) as error:  # the rows are still worth showing
            return None, [f"No chart: {error}"]

    def drawing(self, *, titled: bool) -> Chart:
        """The rows as a chart, by ``chart_options`` or, where those are silent, by the types of the columns.

        Raises:
            ParameterError: If a column does not exist.
            ChartError: If nothing numeric is there to draw, or there are too many rows.
        """
        if len(self.result) > MAX_POINTS:
            raise ChartError(
                f"{len(self.result):,} rows are too many for a chart; {MAX_POINTS:,} is the most.",
                hint="Aggregate in SQL, for example GROUP BY day.",
            )
        x, y, color = self._axes()
        kind = self._kind(x)
        self._check_look(kind, color)
        options = self.result.chart_options or {}
        return described_series(
            self._rows(x, y, color),
            x,
            y,
            color,
            kind=kind,
            title=options.get("title"),
            titled=titled,
            is_grouped=bool(options.get("group")),
            is_log=bool(options.get("log")),
            smooth=options.get("smooth"),
        )

    def _rows(self, *columns: str | None) -> list[dict[str, Any]]:
        """The rows with some of their columns."""
        names = [name for name in columns if name is not None]
        places = [self.result.column_names.index(name) for name in names]
        return [
            dict(zip(names, (row[place] for place in places), strict=True)) for row in self.result.tuples()
        ]

    def _kind(self, x: str) -> str:
        """The kind that was asked for, or the likely one: what is stacked or grouped is no line."""
        options = self.result.chart_options or {}
        likely = _likely_kind(dict(zip(self.result.column_names, self.result.source.types, strict=True))[x])
        if options.get("stack") and likely == "line":
            likely = "area"
        return options.get("kind") or ("bar" if options.get("group") else likely)

    def _check_look(self, kind: str, color: str | None) -> None:
        """Whether what was asked for goes together.

        Raises:
            ChartError: If it does not.
        """
        options = self.result.chart_options or {}
        kinds = {"stack": ("bar", "area"), "group": ("bar",), "smooth": ("line",), "log": ("line", "point")}
        for name, possible in kinds.items():
            if options.get(name) and kind not in possible:
                raise ChartError(f"{_WHAT[name]}, not {_KINDS[kind]}.")
        if options.get("stack") and options.get("group"):
            raise ChartError("Bars are stacked or stand beside each other, not both.")
        if color is None and (options.get("stack") or options.get("group")):
            raise ChartError(
                "Only several colours can be stacked or grouped.", hint="Name a column: --color."
            )

    def _left_out(self) -> list[str]:
        """How many values have no place on a logarithmic axis."""
        if not (self.result.chart_options or {}).get("log"):
            return []
        _, y, _ = self._axes()
        values = [row[y] for row in self._rows(y)]
        count = sum(value is not None and value <= 0 for value in values)
        return [f"{counted(count, 'value')} up to 0 left out: a logarithmic axis has no 0."] if count else []

    def _axes(self) -> tuple[str, str, str | None]:
        """The columns on x and y and the one that colours: as asked for, or as their types suggest."""
        options = self.result.chart_options or {}
        types = dict(zip(self.result.column_names, self.result.source.types, strict=True))
        asked = {axis: self._known(axis, name) for axis in ("x", "y", "color") if (name := options.get(axis))}
        free = [name for name in types if name not in asked.values()]
        x = asked.get("x") or _first(free, types, _is_time) or _first_but_the_only_number(free, types)
        y = asked.get("y") or _first([name for name in free if name != x], types, _is_number)
        if x is None or y is None:
            raise ChartError(
                "A chart needs a column for x and a numeric column for y.", hint="Name them: --x, --y."
            )
        if "color" in asked or {"x", "y"} <= asked.keys():  # nothing is left to be guessed
            return x, y, asked.get("color")
        return x, y, _first([name for name in free if name not in {x, y}], types, _is_text)

    def _known(self, axis: str, name: str) -> str:
        if name in self.result.column_names:
            return name
        names = ", ".join(self.result.column_names)
        raise ParameterError(
            f"The result has no column {name!r}.",
            parameter=axis,
            value=name,
            hint=did_you_mean(name, self.result.column_names) or f"It has {names}.",
        )


class SQLView(RowsView[SQLResult]):
    """The rows of a query."""


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
