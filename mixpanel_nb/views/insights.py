"""View of Insights: lines over time, or bars for a single bucket of time."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

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
    is_share,
    ranked,
)
from mixpanel_nb.display.charts import stacked_charts
from mixpanel_nb.results import InsightsResult
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.series import date_column
from mixpanel_nb.views.words import days, drawn_of, filtered, listed, per, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.results import InsightsLine

_MAX_LINES = 7  # as many as there are colours that can be told apart
_MAX_BARS = 20
_MAX_LABEL = 40
_MAX_POINTS = 1_000
_MAX_COLUMNS = 8
_MAX_HEADING = 28
_MAX_FACTS = 6
_MAX_TITLE = 5  # metrics that are named


class InsightsView(ReportView[InsightsResult]):
    """Metrics and formulas, by segment."""

    @property
    def _title(self) -> str:
        names = [short(name) for name in self.result.metrics]
        by = f" by {' and '.join(map(short, self.result.on))}" if self.result.on else ""
        return first_of(names, _MAX_TITLE) + by

    @property
    def _subtitle(self) -> str:
        unit, dates = self.result.unit, self.result.dates
        how = "in total" if unit is None else per(unit, dates)
        if self.result.rolling is not None:
            how = f"average of {self.result.rolling} {unit}s"
        elif self.result.cumulative:
            how = f"{how}, cumulative"
        return listed((days(self.result.from_date, self.result.to_date), how, filtered(self.result.where)))

    def card(self, *, max_rows: int | None = None) -> Card:
        """The metrics as a chart, and as a table: by date or, where that is large, by line."""
        happened = self._happened
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if happened else (),
            chart=self.drawing(titled=False),
            table=self._table(self.limit(max_rows)) if happened else None,
            query=self.result.query,
            notes=[*self.remarks, *([note] if happened and (note := self._drawn_note()) else [])],
            empty=None if happened else self._nothing(),
        )

    @property
    def _happened(self) -> bool:
        return any(value for line in self.result.lines for value in line.values)

    def _nothing(self) -> str:
        asked = listed(("Nothing of this happened", filtered(self.result.where)), " ")
        return f"{asked} from {self.result.from_date} to {self.result.to_date}."

    @property
    def remarks(self) -> list[str]:
        """The notes, how many segments are in ``(other)``, and which buckets are not complete."""
        if not self._happened:
            return super().remarks
        return self._remarked(self._others_note(), *self._incomplete_notes())

    def _others_note(self) -> str | None:
        left_out = self.result.left_out
        return f"{OTHER} is {counted(left_out, 'smaller segment')} beyond the limit." if left_out else None

    def _incomplete_notes(self) -> list[str]:
        """Which buckets are known in part, once for all lines that have the same."""
        notes: dict[tuple[bool, ...], list[str]] = {}
        for line in self.result.lines:
            told = zip(line.complete, line.values, strict=True)
            states = tuple(complete or value is None for complete, value in told)
            if not all(states):
                notes.setdefault(states, []).append(line.metric)
        named = len({name for names in notes.values() for name in names}) < len(self.result.metrics)
        several = named or len(notes) > 1
        return [self._incomplete(complete, names if several else []) for complete, names in notes.items()]

    def _incomplete(self, complete: tuple[bool, ...], names: list[str]) -> str:
        dates = [str(day) for day, whole in zip(self.result.dates, complete, strict=True) if not whole]
        whose = f"{listed(dict.fromkeys(map(short, names)))}: " if names else ""
        if self.result.unit is None:
            return f"{whose}Not all of these days are known."
        if len(dates) <= 2:
            which = f"{' and '.join(dates)} {'are' if len(dates) > 1 else 'is'}"
        else:
            which = f"{len(dates):,} {self.result.unit}s, {dates[0]} to {dates[-1]}, are"
        return (
            f"{whose}{which} not complete: partly outside these days, or fetched in part (column complete)."
        )

    # What the numbers come to

    def _facts(self) -> list[tuple[str, Any]]:
        if self.result.on:
            return [("Segments", len({line.segment for line in self.result.lines} - self._others))]
        facts = []
        for line in self.result.lines[:_MAX_FACTS]:
            if len(self.result.dates) == 1:
                facts.append((short(line.metric), _written(line, line.values[0])))
            elif line.mean is not None:
                facts.append(
                    (f"{short(line.metric)}, mean per {self.result.unit}", _written(line, line.mean))
                )
        return facts

    @property
    def _others(self) -> set[tuple[str, ...]]:
        return {line.segment for line in self.result.lines if self.result.left_out and OTHER in line.segment}

    # The chart

    def _name(self, line: InsightsLine) -> str:
        """The metric where there are several, and the segment."""
        parts = [line.metric] if len(self.result.metrics) > 1 or not line.segment else []
        return " · ".join([*parts, *line.segment])

    def _drawn(self) -> list[InsightsLine]:
        """The largest lines of each unit."""
        most = _MAX_BARS if len(self.result.dates) == 1 else _MAX_LINES
        chosen: list[InsightsLine] = []
        for lines in self._panels():
            largest = sorted(lines, key=lambda line: sum(value or 0 for value in line.values), reverse=True)[
                :most
            ]
            chosen += [line for line in lines if any(line is one for one in largest)]
        return chosen

    def _panels(self) -> list[list[InsightsLine]]:
        """Lines that have an axis in common: counts, values, and what has a unit."""
        kinds = list(dict.fromkeys(map(_kind, self.result.lines)))
        ordered = sorted(self.result.lines, key=lambda line: kinds.index(_kind(line)))
        return [list(lines) for _, lines in groupby(ordered, key=_kind)]

    def _drawn_note(self) -> str | None:
        parts = [
            drawn_of(len(self._drawn()), len(self.result.lines), "line"),
            f"Each point of the chart is the mean of {self._merged} {self.result.unit}s."
            if self._merged > 1
            else None,
        ]
        return listed(parts, " ") or None

    @property
    def _merged(self) -> int:
        """How many buckets of time make one point of the chart."""
        return math.ceil(len(self.result.dates) / _MAX_POINTS)

    def drawing(self, *, titled: bool) -> Chart | None:
        """A line a metric and segment, with an axis for each unit; bars where there is one bucket of time.

        A card with a single number needs no bar.
        """
        if not self._happened:
            return None
        title = self._title if titled else None
        subtitle = self._subtitle if titled else None
        if len(self.result.dates) == 1:
            return self._bars(title, subtitle) if titled or len(self._barred()) > 1 else None
        chart = Chart(lambda: self._lines(title, subtitle), self._words())
        return self._annotated(chart, self.result.dates, self.result.unit)

    def _lines(self, title: str | None, subtitle: str | None) -> Any:
        drawn = self._drawn()
        charts: list[Any] = []
        for lines in self._panels():
            shown = [line for line in lines if any(line is one for one in drawn)]
            charts.append(self._panel(shown, None if charts else title, None if charts else subtitle))
        return stacked_charts(charts)

    def _panel(self, lines: Sequence[InsightsLine], title: str | None, subtitle: str | None) -> Any:
        several = len(lines) > 1
        y = lines[0].unit or ("count" if lines[0].is_count else "value")
        if len({line.metric for line in lines}) == 1:
            y = f"{short(lines[0].metric)}{f', {y}' if lines[0].unit else ''}"
        return time_chart(
            self._points(lines, y),
            y,
            "line" if several else None,
            unit=self.result.unit,
            title=title,
            subtitle=subtitle,
            color_title=listed(self.result.on) or "metric",
            percent=all(map(_is_fraction, lines)),
            gaps=self._gaps(lines),
        )

    def _gaps(self, lines: Sequence[InsightsLine]) -> Gaps | None:
        """The buckets that a line does not know in full, and those that none knows at all."""
        if self._merged > 1:
            return None
        places = list(enumerate(self.result.dates))
        known = [any(line.complete[place] for line in lines) for place, _ in places]
        valued = [any(line.values[place] is not None for line in lines) for place, _ in places]
        missing = [day for place, day in places if not valued[place] and not known[place]]
        own = {
            label: [day for place, day in places if not line.complete[place]]
            for label, line in zip(self._labels(lines), lines, strict=True)
        }
        if len(own) > 1:
            return Gaps((), missing, own)
        return Gaps(next(iter(own.values())), missing)

    def _labels(self, lines: Sequence[InsightsLine]) -> list[str]:
        """The names of lines in a legend, without the metric where it is the same for all."""
        one = len({line.metric for line in lines}) == 1 and lines[0].segment
        names = (" · ".join(line.segment) if one else self._name(line) for line in lines)
        return distinct_labels(names, _MAX_LABEL)

    def _points(self, lines: Sequence[InsightsLine], y: str) -> list[dict[str, Any]]:
        size = self._merged
        return [
            {"date": self.result.dates[start], "line": label, y: mean_of(line.values[start : start + size])}
            for label, line in zip(self._labels(lines), lines, strict=True)
            for start in range(0, len(self.result.dates), size)
        ]

    def _barred(self) -> list[InsightsLine]:
        """The lines that have bars beside each other: those in the unit of the first."""
        return [line for line in self._drawn() if _kind(line) == _kind(self._panels()[0][0])]

    def _bars(self, title: str | None, subtitle: str | None) -> Chart:
        drawn = self._barred()
        names = distinct_labels((self._name(line) for line in drawn), _MAX_LABEL)
        bars = [
            Bar(name, line.values[0] or 0.0, _written(line, line.values[0]))
            for name, line in zip(names, drawn, strict=True)
        ]
        return ranked(bars, self._words(), title=title, subtitle=subtitle)

    def _words(self) -> str:
        meaning = "" if len(self.result.dates) == 1 else f"mean per {self.result.unit}: "
        parts = [f"{short(self._name(line))} {_written(line, line.mean)}" for line in self.result.lines]
        return f"{self._title}, {self._subtitle}, {meaning}{first_of(parts, 6)}."

    # The table

    def _table(self, limit: int) -> Table:
        names = [self._name(line) for line in self.result.lines]
        narrow = all(len(name) <= _MAX_HEADING for name in names) and len(names) <= _MAX_COLUMNS
        by_date = narrow and 1 < len(self.result.dates) <= max(limit, len(names))
        return self._by_date(names) if by_date else self._by_line()

    def _by_date(self, names: Sequence[str]) -> Table:
        columns = [date_column(self.result.unit or "day"), *(Column(name, "number") for name in names)]
        rows = [
            (day, *(_cell(line, line.values[place]) for line in self.result.lines))
            for place, day in enumerate(self.result.dates)
        ]
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING, newest=True)

    def _by_line(self) -> Table:
        several = len(self.result.dates) > 1
        lines = self.result.lines
        columns = [Column("metric", "text"), *(Column(name, "text") for name in self.result.breakdowns)]
        rows: list[list[Any]] = [[short(line.metric), *line.segment] for line in lines]
        added: list[tuple[Column, list[Any]]] = []
        if several:
            added = [
                (
                    Column(f"mean per {self.result.unit}", "number"),
                    [_cell(line, line.mean) for line in lines],
                ),
                (Column("lowest", "number"), [_cell(line, min(line.known, default=None)) for line in lines]),
                (Column("highest", "number"), [_cell(line, max(line.known, default=None)) for line in lines]),
                (Column("first", "number"), [_cell(line, _end(line, 0)) for line in lines]),
                (Column("last", "number"), [_cell(line, _end(line, -1)) for line in lines]),
            ]
        else:
            added = [(Column("value", "number"), [_cell(line, line.values[0]) for line in lines])]
        for column, values in added:
            columns.append(column)
            for row, value in zip(rows, values, strict=True):
                row.append(value)
        return Table(columns, [tuple(row) for row in rows], more=MORE_IN_DF, null=MISSING)


def _kind(line: InsightsLine) -> tuple[str | None, bool]:
    return line.unit, line.is_count


def _end(line: InsightsLine, place: int) -> float | None:
    """The value of the first or last complete bucket; of any, if none is complete."""
    return line.known[place] if line.known else None


def _cell(line: InsightsLine, value: float | None) -> Any:
    if value is None or (line.unit is None and not _is_fraction(line)):
        return _plain(value)
    return _written(line, value)


def _written(line: InsightsLine, value: float | None) -> str:
    """A number of a line with its unit; a fraction that its name says is a share as a percentage."""
    if value is not None and _is_fraction(line):
        return format_value(float(value), "percent")
    return shown(value, line.unit)


def _is_fraction(line: InsightsLine) -> bool:
    values = [value if value is None else float(value) for value in line.values]
    return line.unit is None and not line.is_count and is_share(line.metric, values)


def _plain(value: float | None) -> float | None:
    if value is None:
        return None
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else _brief(value)


def shown(value: float | None, unit: str | None = None) -> str:
    """A number with its unit, in few digits."""
    if value is None:
        return MISSING
    number = format_value(_plain(value))
    return number if unit is None else f"{number}{'' if unit == '%' else ' '}{unit}"


def _brief(value: float) -> float:
    return round(value, 1 if abs(value) >= 100 else 2) if abs(value) >= 1 else float(f"{value:.3g}")


def mean_of(values: Sequence[float | None]) -> float | None:
    """The mean of the numbers that are known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
