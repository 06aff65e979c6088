"""The base of every result: DataFrame, JSON, chart and card from columns and rows."""

from __future__ import annotations

import dataclasses
import sys
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.errors import QueryError
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import altair as alt
    import pandas as pd

    from mixpanel_nb.display import Card, Column
    from mixpanel_nb.display.widgets import AnswerView
    from mixpanel_nb.results.pages import Pages

ALL_ROWS = sys.maxsize
"""Pass as ``max_rows`` to show every row."""

TEXT_WIDTH = 100
"""Width in characters of the text shown by ``repr()``."""


class Result(ABC):
    """An answer that knows its table, its JSON, its chart and how it looks.

    A subclass gives ``column_names``, ``tuples()`` and ``card()``; everything else follows from these.
    Subclasses are frozen dataclasses declared with ``repr=False``, so that ``repr()`` stays the table a
    terminal shows.
    """

    shown_rows: ClassVar[int] = 10
    """How many rows a card shows where nobody asks for another number."""

    @property
    @abstractmethod
    def column_names(self) -> list[str]:
        """Names of the columns of ``.df``, in order and without repetition."""

    @abstractmethod
    def tuples(self) -> list[tuple[Any, ...]]:
        """All rows of ``.df`` as Python values, one tuple a row."""

    @abstractmethod
    def card(self, *, max_rows: int | None = None) -> Card:
        """What is shown of this result.

        Args:
            max_rows: Rows to show; None is the result's own choice, ``ALL_ROWS`` every row.
        """

    @cached_property
    def df(self) -> pd.DataFrame:
        """The rows as a DataFrame, built at the first access."""
        return self._frame()

    has_facts: ClassVar[bool] = False
    """Whether it holds more than rows, so that its JSON is one object (``to_dict()``) and no list of rows."""

    @property
    def remarks(self) -> list[str]:
        """What whoever sees the rows alone should be told of them, a line each."""
        return []

    def records(self) -> list[dict[str, Any]]:
        """The rows as JSON-safe dicts with the columns of ``.df``."""
        names = self.column_names
        return [dict(zip(names, map(json_safe, row), strict=True)) for row in self.tuples()]

    def to_dict(self) -> dict[str, Any]:
        """The whole result as JSON-safe data, one key a field."""
        names = [field.name for field in dataclasses.fields(self)]  # type: ignore[arg-type]  # subclasses are dataclasses
        return {name: json_safe(getattr(self, name)) for name in names}

    def chart(self) -> alt.Chart:
        """The result as an Altair chart.

        Raises:
            QueryError: If a result of this kind has no chart.
        """
        raise QueryError(f"A {type(self).__name__} has no chart.", hint="Its rows are in `.df`.")

    def to_html(self, *, max_rows: int | None = None) -> str:
        """The card as one self-contained, deterministic piece of HTML.

        Args:
            max_rows: Rows to show; None is the result's own choice.
        """
        from mixpanel_nb.display import render_html

        return render_html(self.card(max_rows=max_rows), max_rows=self._limit(max_rows))

    def to_text(self, *, width: int = TEXT_WIDTH, max_rows: int | None = None, color: bool = False) -> str:
        """The card as plain text.

        Args:
            width: Characters per line.
            max_rows: Rows to show; None is the result's own choice.
            color: Whether to use ANSI colours.
        """
        from mixpanel_nb.display import render_text

        card = self.card(max_rows=max_rows)
        return render_text(card, width=width, max_rows=self._limit(max_rows), color=color)

    def explore(self) -> AnswerView:
        """The result as a widget: its chart, all its rows a page at a time, and the code behind it, in tabs.

        Where no kernel is, the card stands in its place.
        """
        from mixpanel_nb.display.widgets import AnswerView

        return AnswerView(self)

    def pages(self) -> Pages:
        """All rows of ``.df``, a page at a time, sorted by any column."""
        from mixpanel_nb.results.pages import Pages
        from mixpanel_nb.results.query import MemoryRows

        return Pages(self.headings(), MemoryRows(self.column_names, [], self.tuples()))

    def headings(self) -> list[Column]:
        """The columns of ``.df``, each with what it holds."""
        from mixpanel_nb.display import Column

        return [Column(name) for name in self.column_names]

    def codes(self) -> list[tuple[str, str]]:
        """Ways to get this result again: what each is, and its text."""
        query = self.card().query
        return [] if query is None else [("Query", query)]

    def _limit(self, max_rows: int | None) -> int:
        return self.shown_rows if max_rows is None else max_rows

    def _frame(self) -> pd.DataFrame:
        import pandas as pd

        return pd.DataFrame.from_records(self.tuples(), columns=self.column_names)

    def _repr_html_(self) -> str:
        return self._shown(self.to_html, failed=_failure_html)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's protocol for text; ``cycle`` cannot happen, for a result holds no result."""
        del cycle
        for number, line in enumerate(repr(self).split("\n")):
            if number:
                printer.break_()
            printer.text(line)

    def __repr__(self) -> str:
        return self._shown(self.to_text, failed=str)

    def _shown(self, render: Callable[[], str], *, failed: Callable[[str], str]) -> str:
        try:
            return render()
        # IPython swallows what a repr raises and leaves the cell blank, whatever the error, so here every
        # error # becomes visible text.
        except Exception as error:  # noqa: BLE001 - see above
            reason = f"{type(error).__name__}: {error}"
            return failed(f"<{type(self).__name__}: cannot be shown ({reason}); its data is in .df>")


class RowsResult(Result):
    """A result whose table is the whole of it, so that it may be asked for ``columns`` and ``rows``."""

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return self.column_names

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows, one tuple a row."""
        return self.tuples()


def unique_names(names: list[str]) -> list[str]:
    """The names with ``_1``, ``_2``… appended to those that came before, so that a dict can hold them all."""
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        candidate, number = name, 0
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def free_name(name: str, taken: Iterable[str]) -> str:
    """``name``, or with ``_2``, ``_3`` … behind it, unlike any that is taken when case is folded."""
    used = {each.casefold() for each in taken}
    free, number = name, 1
    while free.casefold() in used:
        number += 1
        free = f"{name}_{number}"
    return free


def _failure_html(message: str) -> str:
    from html import escape

    from mixpanel_nb.display.card import NO_MATH

    return f'<pre class="{NO_MATH}" style="white-space: pre-wrap">{escape(message)}</pre>'
