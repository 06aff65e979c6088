"""View of counts over time: one line per series, or bars for a single bucket of time."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mixpanel_nb.display import (
    Bar,
    Card,
    Chart,
    Column,
    Gaps,
    Table,
    counted,
    distinct_labels,
    first_of,
    format_value,
    ranked,
)
from mixpanel_nb.results.series import OTHER, Series, SeriesResult
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    listed,
    measure,
    partly_covered,
    per,
    short,
    signed_percent,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

S = TypeVar("S", bound=SeriesResult)

_MAX_LINES = 7  # as many as there are colours that can be told apart
_MAX_BARS = 20
_MAX_LABEL = 40
_MAX_POINTS = 1_000  # on one line; more than a picture has pixels for
_MAX_COLUMNS = 12  # of a table with one column a name
_MAX_HEADING = 24


class SeriesView(ReportView[S], Generic[S]):
    """Counts per bucket of time, one series a name."""

    @property
    @abstractmethod
    def _title(self) -> str:
        """What is counted."""

    @property
    def _names_are(self) -> str | None:
        """What the names are, said beside their colours; None where the only one stands for everything."""
        return self.result.name_column

    def card(self, *, max_rows: int | None = None) -> Card:
        """The counts over time as a chart, and as a table by date or, where that is large, by name."""
        series = self.result.series
        happened = any(one.total for one in series)
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(series) if happened else (),
            chart=self.drawing(titled=False),
            table=self._table(series, self.limit(max_rows)) if happened else None,
            query=self.result.query,
            notes=[*self.remarks, *(self._drawn_notes(series) if happened else [])],
            empty=None if happened else self._nothing(),
        )

    @property
    def _subtitle(self) -> str:
        counted = f"{measure(self.result.type)} {per(self.result.unit, self.result.dates)}"
        return listed(
            (days(self.result.from_date, self.result.to_date), counted, filtered(self.result.where))
        )

    @abstractmethod
    def _nothing(self) -> str:
        """What was asked for and not found."""

    def _facts(self, series: Sequence[Series]) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = []
        if self.result.type == "general":
            facts = [
                ("Total shown" if self._is_cut else "Total", self._whole),
                (f"Per {self.result.unit}", _rounded(self._per_bucket)),
            ]
        elif len(series) == 1:
            facts = [(f"Mean per {self.result.unit}", _rounded(series[0].mean))]
        if len(series) == 1:
            facts.append(("Highest", f"{_number(series[0].high)} {when(series[0].peak, self.result.unit)}"))
        elif self.result.name_column != "event":  # how many events were asked for is no news
            facts.append((f"{self.result.name_column.capitalize()}s", len(series)))
        return facts if len(self.result.dates) > 1 else facts[:1]

    @property
    def remarks(self) -> list[str]:
        """The notes, whether names were left out, and whether a bucket lies only partly within the days."""
        if not any(one.total for one in self.result.series):
            return super().remarks
        return self._remarked(
            beyond_limit(self.result.left_out, self.result.name_column) if self._is_cut else None,
            partly_covered(self.result.dates, self.result.unit, self.result.from_date, self.result.to_date),
        )

    def _drawn_notes(self, series: Sequence[Series]) -> list[str]:
        return [note for note in (self._drawn_note(series), self._merged_note()) if note]

    def _drawn_note(self, series: Sequence[Series]) -> str | None:
        return drawn_of(len(self._drawn(series)), len(series), self.result.name_column)

    def _merged_note(self) -> str | None:
        size = self._merged
        return None if size == 1 else f"Each point of the chart is the mean of {size} {self.result.unit}s."

    @property
    def _merged(self) -> int:
        """How many buckets of time make one point of the chart."""
        return math.ceil(len(self.result.dates) / _MAX_POINTS)

    def _drawn(self, series: Sequence[Series]) -> list[Series]:
        """The largest of the series, in the order of all."""
        most = _MAX_BARS if len(self.result.dates) == 1 else _MAX_LINES
        largest = sorted(series, key=lambda one: one.total, reverse=True)[:most]
        names = {one.name for one in largest}
        return [one for one in series if one.name in names]

    def drawing(self, *, titled: bool) -> Chart | None:
        """A line a series over time, or a bar a series where there is one bucket of time.

        A card with a single number needs no bar.
        """
        series = self.result.series
        if not any(one.total for one in series):
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(series)), ". ") if titled else None
        if len(self.result.dates) == 1:
            return self._bars(series, title, subtitle) if titled or len(series) > 1 else None
        chart = Chart(lambda: self._lines(series, title, subtitle), self._words(series))
        return self._annotated(chart, self.result.dates, self.result.unit)

    def _lines(self, series: Sequence[Series], title: str | None, subtitle: str | None) -> Any:
        several = self._names_are is not None
        return time_chart(
            self._points(self._drawn(series)),
            measure(self.result.type),
            "name" if several else None,
            unit=self.result.unit,
            title=title,
            subtitle=subtitle,
            color_title=self._names_are,
            gaps=self._gaps,
        )

    @property
    def _gaps(self) -> Gaps | None:
        """The buckets that are known in part or not at all; points of several buckets have none."""
        return Gaps(self.result.partial, self.result.missing) if self._merged == 1 else None

    @property
    def _is_cut(self) -> bool:
        """Whether a limit has cut off names whose counts are not known."""
        return bool(self.result.left_out) and self.result.rest is None

    @property
    def _whole(self) -> float:
        """All events, those of names beyond the limit included where they are known."""
        return sum(one.total for one in self.result.series) + sum((self.result.rest or {}).values())

    @property
    def _per_bucket(self) -> float:
        """The mean of all events in a bucket that is complete, or in any known one where none is."""
        counted = [state is True for state in self.result.states]
        counted = counted if any(counted) else [state is False for state in self.result.states]
        days = [day for day, is_counted in zip(self.result.dates, counted, strict=True) if is_counted]
        rest = self.result.rest or {}
        whole = sum(sum(one.whole) for one in self.result.series) + sum(rest.get(day, 0) for day in days)
        return whole / max(len(days), 1)

    def _points(self, series: Sequence[Series]) -> list[dict[str, Any]]:
        """The points of a chart, one a bucket of time and series, or means over several buckets."""
        y, size = measure(self.result.type), self._merged
        labels = distinct_labels((one.name for one in series), _MAX_LABEL)
        return [
            {"date": self.result.dates[start], "name": label, y: _mean(one.counts[start : start + size])}
            for label, one in zip(labels, series, strict=True)
            for start in range(0, len(self.result.dates), size)
        ]

    def _bars(self, series: Sequence[Series], title: str | None, subtitle: str | None) -> Chart:
        whole = self._whole if self.result.type == "general" else 0
        shares = [f" · {format_value(c.total / whole, 'percent')}" if whole else "" for c in series]
        ends = [f"{_number(c.total)}{share}" for c, share in zip(series, shares, strict=True)]
        bars = {c.name: Bar(c.name, c.total, end) for c, end in zip(series, ends, strict=True)}
        drawn = [bars[one.name] for one in self._drawn(series)]
        return ranked(drawn, self._words(series), title=title, subtitle=subtitle)

    def _words(self, series: Sequence[Series]) -> str:
        subject = f"{self._title}, {self._subtitle}"
        if len(series) == 1:
            general = self.result.type == "general"
            return f"{subject}: {_described(series[0], self.result, total=general)}."
        ranked = sorted(series, key=lambda one: one.total, reverse=True)
        total = self._whole
        if self.result.type == "general":
            parts = [f"{short(c.name)} {_number(c.total)} ({c.total / total:.1%})" for c in ranked]
        else:
            parts = [f"{short(c.name)} {_number(c.mean)}" for c in ranked]
        largest = max(series, key=lambda one: one.high)
        peaked = when(largest.peak, self.result.unit)
        peak = f"; highest {_number(largest.high)} {peaked} ({short(largest.name)})"
        meaning = "in total" if self.result.type == "general" else f"mean per {self.result.unit}"
        return f"{subject}, {meaning}: {first_of(parts, 5)}{peak if len(self.result.dates) > 1 else ''}."

    def _table(self, series: Sequence[Series], limit: int) -> Table:
        if len(series) == 1 or self._fits_by_date(series, limit):
            return self._by_date(series)
        return self._by_name(series)

    def _fits_by_date(self, series: Sequence[Series], limit: int) -> bool:
        """Whether a row a date and a column a name make a table that can be taken in."""
        narrow = all(len(one.name) <= _MAX_HEADING for one in series)
        return narrow and 1 < len(self.result.dates) <= limit and len(series) <= _MAX_COLUMNS

    def _by_date(self, series: Sequence[Series]) -> Table:
        single = len(series) == 1
        names = [measure(self.result.type)] if single else [one.name for one in series]
        columns = [date_column(self.result.unit), *(Column(name, _kind(self.result.type)) for name in names)]
        rows = list(zip(self.result.dates, *(one.counts for one in series), strict=True))
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING, newest=True)

    def _by_name(self, series: Sequence[Series]) -> Table:
        kind = _kind(self.result.type)
        general, several = self.result.type == "general", len(self.result.dates) > 1
        whole = self._whole or 1
        names = [one.name for one in series]
        columns: list[tuple[Column, list[Any]]] = [(Column(self.result.name_column, "text"), names)]
        if general or not several:
            columns.append((Column(measure(self.result.type), kind), [c.total for c in series]))
        if general:
            columns.append((Column("share", "percent"), [c.total / whole for c in series]))
        if several:
            columns += [
                (Column(f"mean per {self.result.unit}", "number"), [_rounded(c.mean) for c in series]),
                (Column("lowest", kind), [c.low for c in series]),
                (Column("highest", kind), [c.high for c in series]),
                (date_column(self.result.unit, "highest on"), [c.peak if c.high else "" for c in series]),
                (Column("2nd half vs 1st", "percent"), [_change(c) for c in series]),
            ]
        rows = [*zip(*(values for _, values in columns), strict=True), *self._row_of_the_rest(len(columns))]
        return Table([column for column, _ in columns], rows, more=MORE_IN_DF, null=MISSING)

    def _row_of_the_rest(self, columns: int) -> list[tuple[Any, ...]]:
        """A row for the names beyond the limit: how many they are, and their share."""
        if self.result.rest is None or columns < 3:
            return []
        total = sum(self.result.rest.values())
        name = f"{OTHER}: {counted(self.result.left_out, self.result.name_column)}"
        return [(name, total, total / (self._whole or 1), *[None] * (columns - 3))]


def no_events(event: str | None, report: SeriesResult) -> str:
    """That nothing was found, and what was looked for."""
    asked = listed(("No", event and short(event), "events", filtered(report.where)), " ")
    return f"{asked} from {report.from_date} to {report.to_date}."


def date_column(unit: str, name: str = "date") -> Column:
    """The heading of a column of buckets of time."""
    return Column(name, "datetime" if unit in {"minute", "hour"} else "date")


def _described(one: Series, report: SeriesResult, *, total: bool) -> str:
    parts = [
        f"{_number(one.total)} in total" if total else f"mean {_number(one.mean)}",
        f"highest {_number(one.high)} {when(one.peak, report.unit)}",
        f"lowest {_number(one.low)}",
        f"first {_number(one.whole[0])}, last {_number(one.whole[-1])}",
    ]
    return ", ".join(parts if len(report.dates) > 1 else parts[:1])


def _change(series: Series) -> str:
    """How much the later half of the counts is above the earlier half, as ``+12.3%``."""
    return "" if series.change is None else signed_percent(series.change)


def _kind(counted: str) -> Any:
    return "number" if counted == "average" else "integer"


def _mean(counts: Sequence[float | None]) -> float | None:
    known = [count for count in counts if count is not None]
    if len(counts) == 1 or not known:
        return counts[0]
    return sum(known) / len(known)


def _rounded(value: float) -> float:
    return round(value, 1 if abs(value) >= 10 else 2)


def _number(value: float) -> str:
    return format_value(value if isinstance(value, int) else _rounded(value))
