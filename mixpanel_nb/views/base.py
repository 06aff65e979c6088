"""The base of every view: card, chart, text, pages of rows and widget."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from mixpanel_nb.display import Column, render_html, render_text
from mixpanel_nb.display.card import NO_MATH
from mixpanel_nb.display.text import one_line
from mixpanel_nb.errors import ChartError
from mixpanel_nb.results import MemoryRows, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import altair as alt

    from mixpanel_nb.display import Card, Chart
    from mixpanel_nb.display.widgets import AnswerView, Explorer
    from mixpanel_nb.results import RowSource

R = TypeVar("R", bound=Result)

_MAX_WORDS = 1_000

MISSING = "–"
"""The placeholder of an unknown figure in a table."""

MORE_IN_DF = ".df has them all"
"""Where the rows are that a table does not show."""


@dataclass(frozen=True)
class Pages:
    """The rows of a source under headings.

    Attributes:
        headings: One a column.
        source: Where the rows are, and who sorts them.
    """

    headings: Sequence[Column]
    source: RowSource

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        return self.source.row_count

    def page(self, limit: int, offset: int, sort: int | None, *, descending: bool) -> list[tuple[Any, ...]]:
        """Rows ``offset`` to ``offset + limit``, sorted by column ``sort`` or, without one, as they came."""
        return self.source.fetch(limit, offset, None if sort is None else (sort, descending))


@dataclass(frozen=True)
class Group:
    """Users behind a number of a result.

    Attributes:
        label: Which number it is, in words.
        answer: Asks for them; may raise.
    """

    label: str
    answer: Callable[[], Result]


@dataclass(frozen=True)
class View(ABC, Generic[R]):
    """The view of a kind of result. A subclass implements ``card()``; the rest is derived from it.

    Attributes:
        result: The result; nothing is shown that it does not hold.
        origin: The result as it was asked for, if another one is shown in its place.
    """

    shown_rows: ClassVar[int] = 10
    """How many rows a card shows where no other number is asked for."""

    result: R
    origin: R | None = None

    @abstractmethod
    def card(self, *, max_rows: int | None = None) -> Card:
        """What is shown of the result.

        Args:
            max_rows: Rows to show; None is ``shown_rows``.
        """

    @property
    def headline(self) -> str:
        """The result in one line."""
        return self.card().title

    @property
    def remarks(self) -> list[str]:
        """Notes for readers who only see the rows, one line each."""
        return []

    def drawing(self, *, titled: bool) -> Chart | None:
        """The chart and its words, or None where there is nothing to draw.

        Args:
            titled: Whether the chart says what it is; on a card the card does.
        """
        del titled
        return None

    def undrawn(self) -> ChartError:
        """Why there is no chart."""
        return ChartError(f"A {type(self.result).__name__} has no chart.", hint="Its rows are in `.df`.")

    def chart(self) -> alt.Chart:
        """The chart, with its title.

        Raises:
            ChartError: Where there is nothing to draw.
        """
        from mixpanel_nb.display.touchable import touchable  # takes its time: it needs Altair

        drawing = self.drawing(titled=True)
        if drawing is None:
            raise self.undrawn()
        chart = drawing.draw()
        chart.description = one_line(drawing.alt, _MAX_WORDS)
        return touchable(chart)

    def save(self, path: str | Path) -> Path:
        """Write the chart to a file, whose ending says of which kind; see ``display.saving``."""
        from mixpanel_nb.display.saving import save_chart

        return save_chart(self.chart(), path)

    def html(self, *, max_rows: int | None = None) -> str:
        """The card as HTML."""
        return render_html(self.result.card(max_rows=max_rows), max_rows=self.limit(max_rows))

    def text(self, *, width: int, max_rows: int | None = None, color: bool = False) -> str:
        """The card as plain text of so many characters a line."""
        card = self.result.card(max_rows=max_rows)
        return render_text(card, width=width, max_rows=self.limit(max_rows), color=color)

    def headings(self) -> list[Column]:
        """The columns of ``.df``, each with what it holds."""
        return [Column(name) for name in self.result.column_names]

    def pages(self) -> Pages:
        """All rows of ``.df``, a page at a time."""
        return Pages(self.headings(), MemoryRows(self.result.column_names, [], self.result.tuples()))

    def codes(self) -> list[tuple[str, str]]:
        """Code that produces the result: a label and a text each."""
        query = self.card().query
        return [] if query is None else [("Query", query)]

    def groups(self) -> list[Group]:
        """The groups of users behind the result, the most telling first."""
        return []

    def explore(self) -> AnswerView | Explorer:
        """The result in tabs, as a widget."""
        from mixpanel_nb.display.widgets import AnswerView  # takes its time: it needs ipywidgets

        return AnswerView(self.result)

    def limit(self, max_rows: int | None) -> int:
        """How many rows to show."""
        return self.shown_rows if max_rows is None else max_rows

    def repr_html(self) -> str:
        """The card as HTML, or why it cannot be shown."""
        return self._shown(self.result.to_html, failed=_failure_html)

    def repr_terminal(self, width: int) -> str:
        """The card as text for IPython in a terminal, with bars and lines of blocks."""

        def render() -> str:
            return render_text(self.result.card(), width=width, max_rows=self.limit(None), glyphs=True)

        return self._shown(render, failed=str)

    def repr_text(self) -> str:
        """The card as plain text, or why it cannot be shown."""
        return self._shown(self.result.to_text, failed=str)

    def _shown(self, render: Callable[[], str], *, failed: Callable[[str], str]) -> str:
        try:
            return render()
        # IPython swallows what a repr raises and leaves the cell blank, so every error becomes visible text.
        except Exception as error:  # noqa: BLE001 - see above
            reason = f"{type(error).__name__}: {error}"
            return failed(f"<{type(self.result).__name__}: cannot be shown ({reason}); its data is in .df>")


def _failure_html(message: str) -> str:
    return f'<pre class="{NO_MATH}" style="white-space: pre-wrap">{escape(message)}</pre>'
