"""The base of every result: DataFrame and JSON from columns and rows, and the access to its view."""

from __future__ import annotations

import dataclasses
import sys
from abc import ABC, abstractmethod
from functools import cached_property
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from pathlib import Path

    import altair as alt
    import pandas as pd

    from mixpanel_nb.display import Card
    from mixpanel_nb.display.widgets import AnswerView, Explorer
    from mixpanel_nb.views.base import Group, Pages, View

ALL_ROWS = sys.maxsize
"""Pass as ``max_rows`` to show every row."""

TEXT_WIDTH = 100
"""Width in characters of the text shown by ``repr()``."""


class Result(ABC):
    """An answer: rows under named columns, as a DataFrame and as JSON.

    A subclass gives ``column_names`` and ``tuples()``; all other data follows from these. The view of its
    class in ``mixpanel_nb.views`` renders it (card, chart, text, widget). Subclasses are frozen dataclasses
    declared with ``repr=False``, so that ``repr()`` is the table for terminals.
    """

    @property
    @abstractmethod
    def column_names(self) -> list[str]:
        """Names of the columns of ``.df``, in order and unique."""

    @abstractmethod
    def tuples(self) -> list[tuple[Any, ...]]:
        """All rows of ``.df`` as Python values, one tuple per row."""

    @cached_property
    def df(self) -> pd.DataFrame:
        """The rows as a DataFrame, built at the first access.

        Example:
            >>> ws.event_counts("Sign Up", unit="month", **january).df[["event", "count"]]
                 event  count
            0  Sign Up   1089
        """
        return self._frame()

    has_facts: ClassVar[bool] = False
    """Whether it contains more than rows, so that its JSON is one object (``to_dict()``), not a list of
    rows.
    """

    @property
    def remarks(self) -> list[str]:
        """Notes for readers who only see the rows, one line each."""
        return self._view().remarks

    def records(self) -> list[dict[str, Any]]:
        """The rows as JSON-safe dicts with the columns of ``.df``.

        Example:
            >>> ws.sql_rows("SELECT DATE '2025-01-31' AS day, 1.5 AS value").records()
            [{'day': '2025-01-31', 'value': 1.5}]
        """
        names = self.column_names
        return [dict(zip(names, map(json_safe, row), strict=True)) for row in self.tuples()]

    def to_dict(self) -> dict[str, Any]:
        """The whole result as JSON-safe data, one key per field.

        Example:
            >>> sorted(ws.expression('properties["plan"] == "pro"').to_dict())
            ['expression', 'notes', 'sql', 'table']
        """
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]  # subclasses are dataclasses
        return {name: json_safe(getattr(self, name)) for name in names}

    @property
    def headline(self) -> str:
        """The result in one line.

        Example:
            >>> ws.segmentation("Purchase", on="plan", **january).headline
            'Purchase by plan'
        """
        return self._view().headline

    def card(self, *, max_rows: int | None = None) -> Card:
        """The card of this result.

        Args:
            max_rows: Rows to show; None is the default for this kind of result, ``ALL_ROWS`` every row.
        """
        return self._view().card(max_rows=max_rows)

    def chart(self) -> alt.Chart:
        """The result as an Altair chart.

        Raises:
            ChartError: If a result of this kind has no chart, or this one has nothing to draw.

        Example:
            >>> ws.segmentation("Purchase", on="plan", **january).chart().to_dict()["title"]["text"]
            'Purchase by plan'
        """
        return self._view().chart()

    def save(self, path: str | Path) -> Path:
        """Write the chart to a file.

        ``.html`` is one interactive page that needs no network: tooltips, zoom with the wheel, and a legend
        that shows the names one clicks on. ``.png``, ``.svg`` and ``.pdf`` are pictures.

        Args:
            path: The file; an existing one is replaced.

        Returns:
            The path.

        Raises:
            ChartError: If there is no chart to draw.
            ParameterError: If the ending is none of these.
            OSError: If the file cannot be written.

        Example:
            >>> path = ws.segmentation("Purchase", on="plan", **january).save("purchases.svg")
            >>> path.read_text()[:4]
            '<svg'
        """
        return self._view().save(path)

    def to_html(self, *, max_rows: int | None = None) -> str:
        """The card as one self-contained, deterministic piece of HTML.

        Args:
            max_rows: Rows to show; None is the number usual for results of this kind.

        Example:
            >>> ws.tables().to_html(max_rows=1)[:5]
            '<div '
        """
        return self._view().html(max_rows=max_rows)

    def to_text(self, *, width: int = TEXT_WIDTH, max_rows: int | None = None, color: bool = False) -> str:
        """The card as plain text.

        Args:
            width: Characters per line.
            max_rows: Rows to show; None is the number usual for results of this kind.
            color: Whether to use ANSI colours.

        Example:
            >>> print(ws.sql_rows("SELECT 'pro' AS plan, 3 AS users").to_text(width=40))
            1 row × 2 columns
            plan  users
            ───────────
            pro       3
        """
        return self._view().text(width=width, max_rows=max_rows, color=color)

    def explore(self) -> AnswerView | Explorer:
        """The result as a widget: its chart, all its rows a page at a time, and the code behind it, in tabs.

        A report has a form above the tabs, whose fields ask the question in another way, as long as the
        workspace is there that answered it. The rows of a query have fields for their chart. Where no kernel
        is, the card stands in its place.
        """
        return self._view().explore()

    def pages(self) -> Pages:
        """All rows of ``.df``, a page at a time, sorted by any column."""
        return self._view().pages()

    def codes(self) -> list[tuple[str, str]]:
        """Code that produces this result: a label (``Magic``, ``Python``, ``SQL``…) and a text each."""
        return self._view().codes()

    def groups(self) -> list[Group]:
        """The users behind the numbers of a report on a table, the most telling first; nothing elsewhere."""
        return self._view().groups()

    def _view(self) -> View[Any]:
        """The view of this result: the only place where results access views."""
        from mixpanel_nb.views import view_of

        return view_of(self)

    def _frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame.from_records(self.tuples(), columns=self.column_names)

    def _repr_html_(self) -> str:
        return self._view().repr_html()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's protocol for text; ``cycle`` cannot occur, because a result contains no result."""
        del cycle
        shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        is_terminal = type(shell).__name__ == "TerminalInteractiveShell"
        text = self._view().repr_terminal(get_terminal_size().columns) if is_terminal else repr(self)
        for number, line in enumerate(text.split("\n")):
            if number:
                printer.break_()
            printer.text(line)

    def __repr__(self) -> str:
        return self._view().repr_text()


class RowsResult(Result):
    """A result that consists of its table, with ``columns`` and ``rows``."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.column_names

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows, one tuple per row."""
        return self.tuples()
