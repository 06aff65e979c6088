"""Counts over time, one series a name: what segmentation, event counts and property counts have in common."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.wording import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    first_of,
    listed,
    measure,
    partly_covered,
    per,
    short,
    signed_percent,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display import Card, Chart, Column, Table

_MAX_LINES = 7  # as many as there are colours that can be told apart
_MAX_BARS = 20
_MAX_LABEL = 40
_MAX_POINTS = 1_000  # on one line; more than a picture has pixels for
_MAX_COLUMNS = 12  # of a table with one column a name
_MAX_HEADING = 24
_MAX_NAME = 40  # characters of a name in a table


@dataclass(frozen=True)
class Course:
    """One series in numbers.

    Attributes:
        name: Whose it is.
        counts: One number a bucket of time.
        total: Their sum.
        mean: Their mean.
        low: The lowest of them.
        high: The highest of them.
        peak: The first bucket of time with the highest.
    """

    name: str
    counts: tuple[float, ...]
    total: float
    mean: float
    low: float
    high: float
    peak: date


class SeriesResult(ReportResult):
    """Counts per bucket of time and name; what is not there is 0.

    A subclass is a dataclass with these attributes.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: Length of a bucket: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
    """

    name_column: ClassVar[str]
    """What the column of names is called."""

    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]

    @abstractmethod
    def _series(self) -> Mapping[str, Mapping[date, float]]:
        """Name to bucket of time to count, in the order of the names."""

    @property
    @abstractmethod
    def _title(self) -> str:
        """What is counted."""

    @property
    def _names_are(self) -> str | None:
        """What the names are, said beside their colours; None where the only one stands for everything."""
        return self.name_column

    @property
    def _beyond(self) -> int:
        """How many names a limit has cut off."""
        return 0

    @property
    def column_names(self) -> list[str]:
        """The date, the name, the count."""
        return ["date", self.name_column, "count"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket and name, sorted by date and then as the names are; 0 where nothing happened."""
        zero = 0.0 if self.type == "average" else 0
        series = list(self._series().items())
        return [(day, name, counts.get(day, zero)) for day in self.dates for name, counts in series]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", "count": "float64" if self.type == "average" else "int64"}

    @cached_property
    def _courses(self) -> list[Course]:
        """The series in numbers; none where there are no buckets of time."""
        return [_course(name, counts, self.dates) for name, counts in self._series().items() if self.dates]

    def card(self, *, max_rows: int | None = None) -> Card:
        """The counts over time as a chart, and as a table by date or, where that is large, by name."""
        from mixpanel_nb.display import Card

        courses = self._courses
        happened = any(course.high for course in courses)
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(courses) if happened else (),
            chart=self._drawing(titled=False),
            table=self._table(courses, self._limit(max_rows)) if happened else None,
            query=self.query,
            notes=[*self.remarks, *(self._drawn_notes(courses) if happened else [])],
            empty=None if happened else self._nothing(),
        )

    @property
    def _subtitle(self) -> str:
        counted = f"{measure(self.type)} {per(self.unit, self.dates)}"
        return listed((days(self.from_date, self.to_date), counted, filtered(self.where)))

    @abstractmethod
    def _nothing(self) -> str: ...

    def _facts(self, courses: Sequence[Course]) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = []
        if self.type == "general":
            total = sum(course.total for course in courses)
            facts = [
                ("Total shown" if self._beyond else "Total", total),
                (f"Per {self.unit}", _rounded(total / len(self.dates))),
            ]
        elif len(courses) == 1:
            facts = [(f"Mean per {self.unit}", _rounded(courses[0].mean))]
        if len(courses) == 1:
            facts.append(("Highest", f"{_number(courses[0].high)} on {courses[0].peak}"))
        elif self.name_column != "event":  # how many events were asked for is no news
            facts.append((f"{self.name_column.capitalize()}s", len(courses)))
        return facts if len(self.dates) > 1 else facts[:1]

    @property
    def remarks(self) -> list[str]:
        """The notes, whether names were left out, and whether a bucket lies only partly within the days."""
        if not any(course.high for course in self._courses):
            return super().remarks
        return self._remarked(
            beyond_limit(self._beyond, self.name_column),
            partly_covered(self.dates, self.unit, self.from_date, self.to_date),
        )

    def _drawn_notes(self, courses: Sequence[Course]) -> list[str]:
        return [note for note in (self._drawn_note(courses), self._merged_note()) if note]

    def _drawn_note(self, courses: Sequence[Course]) -> str | None:
        return drawn_of(len(self._drawn(courses)), len(courses), self.name_column)

    def _merged_note(self) -> str | None:
        size = self._merged
        return None if size == 1 else f"Each point of the chart is the mean of {size} {self.unit}s."

    @property
    def _merged(self) -> int:
        """How many buckets of time make one point of the chart."""
        return math.ceil(len(self.dates) / _MAX_POINTS)

    def _drawn(self, courses: Sequence[Course]) -> list[Course]:
        """The largest of the series, in the order of all."""
        most = _MAX_BARS if len(self.dates) == 1 else _MAX_LINES
        largest = sorted(courses, key=lambda course: course.total, reverse=True)[:most]
        names = {course.name for course in largest}
        return [course for course in courses if course.name in names]

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import Chart

        courses = self._courses
        if not any(course.high for course in courses):
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(courses)), ". ") if titled else None
        draw = self._bars if len(self.dates) == 1 else self._lines
        return Chart(lambda: draw(courses, title, subtitle), self._words(courses))

    def _lines(self, courses: Sequence[Course], title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import series_chart

        several = self._names_are is not None
        return series_chart(
            self._points(self._drawn(courses)),
            "date",
            measure(self.type),
            "name" if several else None,
            title=title,
            subtitle=subtitle,
            color_title=self._names_are,
        )

    def _points(self, courses: Sequence[Course]) -> list[dict[str, Any]]:
        """The points of a chart, one a bucket of time and series, or means over several buckets."""
        from mixpanel_nb.display import distinct_labels

        y, size = measure(self.type), self._merged
        labels = distinct_labels((course.name for course in courses), _MAX_LABEL)
        return [
            {"date": self.dates[start], "name": label, y: _mean(course.counts[start : start + size])}
            for label, course in zip(labels, courses, strict=True)
            for start in range(0, len(self.dates), size)
        ]

    def _bars(self, courses: Sequence[Course], title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import Bar, format_value, ranked_bars

        whole = sum(course.total for course in courses) if self.type == "general" else 0
        shares = [f" · {format_value(c.total / whole, 'percent')}" if whole else "" for c in courses]
        ends = [f"{_number(c.total)}{share}" for c, share in zip(courses, shares, strict=True)]
        bars = {c.name: Bar(c.name, c.total, end) for c, end in zip(courses, ends, strict=True)}
        drawn = [bars[course.name] for course in self._drawn(courses)]
        return ranked_bars(drawn, title=title, subtitle=subtitle)

    def _words(self, courses: Sequence[Course]) -> str:
        subject = f"{self._title}, {self._subtitle}"
        if len(courses) == 1:
            return f"{subject}: {_one_course(courses[0], self.dates, total=self.type == 'general')}."
        ranked = sorted(courses, key=lambda course: course.total, reverse=True)
        total = sum(course.total for course in courses)
        if self.type == "general":
            parts = [f"{short(c.name)} {_number(c.total)} ({c.total / total:.1%})" for c in ranked]
        else:
            parts = [f"{short(c.name)} {_number(c.mean)}" for c in ranked]
        largest = max(courses, key=lambda course: course.high)
        peak = f"; highest {_number(largest.high)} on {largest.peak} ({short(largest.name)})"
        meaning = "in total" if self.type == "general" else f"mean per {self.unit}"
        return f"{subject}, {meaning}: {first_of(parts, 5)}{peak if len(self.dates) > 1 else ''}."

    def _table(self, courses: Sequence[Course], limit: int) -> Table:
        if len(courses) == 1 or self._fits_by_date(courses, limit):
            return self._by_date(courses)
        return self._by_name(courses)

    def _fits_by_date(self, courses: Sequence[Course], limit: int) -> bool:
        """Whether a row a date and a column a name make a table that can be taken in."""
        narrow = all(len(course.name) <= _MAX_HEADING for course in courses)
        return narrow and 1 < len(self.dates) <= limit and len(courses) <= _MAX_COLUMNS

    def _by_date(self, courses: Sequence[Course]) -> Table:
        from mixpanel_nb.display import Column, Table

        single = len(courses) == 1
        names = [measure(self.type)] if single else [course.name for course in courses]
        columns = [date_column(self.unit), *(Column(name, _kind(self.type)) for name in names)]
        rows = list(zip(self.dates, *(course.counts for course in courses), strict=True))
        return Table(columns, rows, more=".df has them all")

    def _by_name(self, courses: Sequence[Course]) -> Table:
        from mixpanel_nb.display import Column, Table, distinct_labels

        kind = _kind(self.type)
        general, several = self.type == "general", len(self.dates) > 1
        whole = sum(course.total for course in courses) or 1
        names = distinct_labels((course.name for course in courses), _MAX_NAME)
        columns: list[tuple[Column, list[Any]]] = [(Column(self.name_column, "text"), names)]
        if general or not several:
            columns.append((Column(measure(self.type), kind), [c.total for c in courses]))
        if general:
            columns.append((Column("share", "percent"), [c.total / whole for c in courses]))
        if several:
            columns += [
                (Column(f"mean per {self.unit}", "number"), [_rounded(c.mean) for c in courses]),
                (Column("lowest", kind), [c.low for c in courses]),
                (Column("highest", kind), [c.high for c in courses]),
                (date_column(self.unit, "highest on"), [c.peak if c.high else "" for c in courses]),
                (Column("2nd half vs 1st", "percent"), [_change(c.counts) for c in courses]),
            ]
        rows = list(zip(*(values for _, values in columns), strict=True))
        return Table([column for column, _ in columns], rows, more=".df has them all")


def no_events(asked_for: str, report: SeriesResult) -> str:
    """That nothing was found, and what was looked for."""
    asked = listed((f"No {asked_for} events", filtered(report.where)), " ")
    return f"{asked} from {report.from_date} to {report.to_date}."


def date_column(unit: str, name: str = "date") -> Column:
    """The heading of a column of buckets of time."""
    from mixpanel_nb.display import Column

    return Column(name, "datetime" if unit in {"minute", "hour"} else "date")


def _course(name: str, found: Mapping[date, float], dates: Sequence[date]) -> Course:
    counts = tuple(found.get(day, 0) for day in dates)
    high = max(counts)
    total = sum(counts)
    return Course(name, counts, total, total / len(counts), min(counts), high, dates[counts.index(high)])


def _one_course(course: Course, dates: Sequence[date], *, total: bool) -> str:
    parts = [
        f"{_number(course.total)} in total" if total else f"mean {_number(course.mean)}",
        f"highest {_number(course.high)} on {course.peak}",
        f"lowest {_number(course.low)}",
        f"first {_number(course.counts[0])}, last {_number(course.counts[-1])}",
    ]
    return ", ".join(parts if len(dates) > 1 else parts[:1])


def _change(counts: Sequence[float]) -> str:
    """How much the later half of the counts is above the earlier half, as ``+12.3%``."""
    half = len(counts) // 2
    before, after = sum(counts[:half]), sum(counts[-half:])
    return signed_percent(after / before - 1) if before else ""


def _kind(counted: str) -> Any:
    return "number" if counted == "average" else "integer"


def _mean(counts: Sequence[float]) -> float:
    return counts[0] if len(counts) == 1 else sum(counts) / len(counts)


def _rounded(value: float) -> float:
    return round(value, 1 if abs(value) >= 10 else 2)


def _number(value: float) -> str:
    from mixpanel_nb.display import format_value

    return format_value(value if isinstance(value, int) else _rounded(value))
