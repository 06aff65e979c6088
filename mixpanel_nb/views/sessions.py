"""View of sessions: their number over time, and their duration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    Card,
    Chart,
    Column,
    Gaps,
    Table,
    counted,
    distinct_labels,
    first_of,
    format_value,
)
from mixpanel_nb.results import SessionsResult
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.series import date_column
from mixpanel_nb.views.words import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    listed,
    partly_covered,
    per,
    property_name,
    short,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import SessionFigures

_MAX_LINES = 7
_MAX_NAME = 40
_MAX_POINTS = 1_000


class SessionsView(ReportView[SessionsResult]):
    """How many sessions there were, and how long they lasted."""

    shown_rows: ClassVar[int] = 12

    def card(self, *, max_rows: int | None = None) -> Card:
        """The number of sessions over time as a line, and their figures by date or by segment."""
        del max_rows
        found = self.result.total.sessions > 0
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if found else (),
            chart=self.drawing(titled=False),
            table=self._table() if found else None,
            query=self.result.query,
            notes=[*self.remarks, *([self._drawn_note] if found and self._drawn_note else [])],
            empty=None if found else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, whether segments were left out, and whether a bucket is only partly within the days."""
        result = self.result
        return self._remarked(
            beyond_limit(result.left_out, "segment"),
            partly_covered(result.dates, result.unit, result.from_date, result.to_date),
        )

    @property
    def _title(self) -> str:
        having = f" with {short(self.result.event)}" if self.result.event else ""
        return f"Sessions{having} {per(self.result.unit, self.result.dates)}"

    @property
    def _subtitle(self) -> str:
        split = f"by {property_name(self.result.on)}" if self.result.on else None
        timeout = f"ended by {self.result.timeout} min without an event, or midnight"
        spans = days(self.result.from_date, self.result.to_date)
        return listed((spans, timeout, split, filtered(self.result.where)))

    def _nothing(self) -> str:
        having = f" with {short(self.result.event)}" if self.result.event else ""
        none = listed((f"No sessions{having}", filtered(self.result.where)), " ")
        return f"{none} from {self.result.from_date} to {self.result.to_date}."

    def _facts(self) -> list[tuple[str, Any]]:
        total = self.result.total
        return [
            ("Sessions", total.sessions),
            ("Users", total.users),
            ("Median length", _duration(total.median_duration)),
            ("Mean length", _duration(total.avg_duration)),
            ("90th percentile", _duration(total.p90_duration)),
            ("Events per session", f"{total.events_per_session or 0:,.1f}"),
        ]

    @property
    def _segments(self) -> list[str]:
        """The segments; all sessions where there are none."""
        names = list(self.result.figures)
        return names[1:] if self.result.on and len(names) > 1 else names[:1]

    @property
    def _drawn_note(self) -> str | None:
        return drawn_of(len(self._segments[:_MAX_LINES]), len(self._segments), "segment")

    def drawing(self, *, titled: bool) -> Chart | None:
        """A line a segment over time, or a bar where there is one bucket of time."""
        if not self.result.total.sessions:
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note), ". ") if titled else None
        chart = Chart(lambda: self._lines(title, subtitle), self._words())
        return self._annotated(chart, self.result.dates, self.result.unit)

    def _lines(self, title: str | None, subtitle: str | None) -> Any:
        names = self._segments[:_MAX_LINES]
        labels = dict(zip(names, distinct_labels(names, _MAX_NAME), strict=True))
        rows = [
            {"date": day, "sessions": _sessions(self.result.at(name, day)), "segment": labels[name]}
            for name in names
            for day in self.result.dates
        ]
        split = self.result.on
        return time_chart(
            rows,
            "sessions",
            "segment" if split else None,
            unit=self.result.unit,
            title=title,
            subtitle=subtitle,
            color_title=split and property_name(split),
            gaps=Gaps(self.result.partial, self.result.missing),
        )

    def _words(self) -> str:
        total = self.result.total
        said = (
            f"{self._title}, {self._subtitle}: {total.sessions:,} sessions "
            f"of {counted(total.users, 'user')}, "
            f"median {_duration(total.median_duration)}, "
            f"{total.events_per_session or 0:,.1f} events per session"
        )
        if not self.result.on:
            return f"{said}."
        parts = [f"{short(name)} {self.result.totals[name].sessions:,}" for name in self._segments]
        return f"{said}; {first_of(parts, 5)}."

    def _table(self) -> Table:
        heads = [
            Column("sessions", "integer"),
            Column("users", "integer"),
            Column("median length", "duration"),
            Column("mean length", "duration"),
            Column("90th percentile", "duration"),
            Column("events per session", "number"),
        ]
        if self.result.on:
            rows = [(short(name, _MAX_NAME), *_row(self.result.totals[name])) for name in self._segments]
            return Table([Column("segment", "text"), *heads], rows, more=MORE_IN_DF)
        name = self._segments[0]
        dated = [(day, *_row(self.result.at(name, day))) for day in self.result.dates]
        columns = [date_column(self.result.unit), *heads]
        return Table(columns, dated, more=MORE_IN_DF, null=MISSING, newest=True)


def _sessions(figures: SessionFigures | None) -> int | None:
    return None if figures is None else figures.sessions


def _row(figures: SessionFigures | None) -> tuple[Any, ...]:
    if figures is None:
        return (None,) * 6
    times = (figures.median_duration, figures.avg_duration, figures.p90_duration)
    mean = figures.events_per_session
    return (
        figures.sessions,
        figures.users,
        *("" if time is None else time for time in times),
        "" if mean is None else round(mean, 1),
    )


def _duration(seconds: float | None) -> str:
    return "" if seconds is None else format_value(seconds, "duration")
