"""Views of saved reports (lines for numbers over time, and a table) and JQL scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from mixpanel_nb.display import Card, Chart, Column, Table, counted, described_series, distinct_labels
from mixpanel_nb.results import JQLResult, SavedReportResult
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import days, drawn_of, listed, short

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_LINES = 7
_MAX_NAME = 40


class SavedReportView(ReportView[SavedReportResult]):
    """The answer of a saved report."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """The values over time as lines, where they are numbers over time, and as a table."""
        rows = self.result.tuples()
        columns = [Column(name) for name in self.result.column_names]
        shown = rows[: self.limit(max_rows)]
        unseen = (
            drawn_of(min(_MAX_LINES, len(self.result.lines)), len(self.result.lines), "line")
            if self.result.lines
            else None
        )
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            chart=self.drawing(titled=False),
            table=Table(columns, shown, total_rows=len(rows), more=MORE_IN_DF) if rows else None,
            query=self.result.query,
            notes=[*self.result.notes, *([unseen] if unseen else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Saved report {self.result.bookmark_id}"

    @property
    def _subtitle(self) -> str:
        range_ = days(*self.result.days) if self.result.days else None
        return listed((range_, f"by {', '.join(self.result.headers)}" if self.result.headers else None))

    def _nothing(self) -> str:
        return "The report holds no numbers over time." if self.result.tuples() else "The report is empty."

    def drawing(self, *, titled: bool) -> Chart | None:
        """The largest lines over time, where the report holds numbers over time."""
        drawn = dict(list(self.result.lines.items())[:_MAX_LINES])
        if not drawn:
            return None
        told = self._telling(drawn)
        names = distinct_labels(
            (short(" · ".join(labels[place] for place in told if place < len(labels))) for labels in drawn),
            _MAX_NAME,
        )
        what = short(", ".join(self.result.label_names[place] for place in told), _MAX_NAME)
        line = "line" if what in {"date", "value"} else what
        rows = [
            {"date": moment, "value": value, line: name}
            for name, points in zip(names, drawn.values(), strict=True)
            for moment, value in sorted(points)
        ]
        kind = "line" if len({row["date"] for row in rows}) > 1 else "bar"
        color = line if len(drawn) > 1 else None
        title, below = f"{self._title}: {', '.join(names)}", self._subtitle
        return described_series(rows, "date", "value", color, kind, title, titled=titled, subtitle=below)

    def _telling(self, drawn: Iterable[tuple[str, ...]]) -> list[int]:
        """The places of those labels that tell the lines apart; all of them where there is one line."""
        known = list(drawn)
        places = range(max(map(len, known)))
        differing = [place for place in places if len({labels[place : place + 1] for labels in known}) > 1]
        return differing or list(places)


class JQLView(ReportView[JQLResult]):
    """What a JQL script returned."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The rows, and the script behind them."""
        rows = self.result.tuples()[: self.limit(max_rows)]
        columns = [Column(name) for name in self.result.column_names]
        table = Table(columns, rows, total_rows=len(self.result.raw), more=MORE_IN_DF)
        return Card(
            title=f"JQL: {counted(len(self.result.raw), 'row')} × {counted(len(columns), 'column')}",
            table=table if rows else None,
            query=self.result.query,
            notes=self.result.notes,
            empty=None if self.result.raw else "The script returned no rows.",
        )
