"""Views of numeric segmentation."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from mixpanel_nb.display import (
    Card,
    Chart,
    Column,
    Gaps,
    Table,
    describe,
    format_value,
    ramp_colors,
    series_chart,
)
from mixpanel_nb.results import NumericAverageResult, NumericBucketResult, NumericSumResult
from mixpanel_nb.results.numeric import NumberResult
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.series import SeriesView, date_column
from mixpanel_nb.views.words import (
    days,
    event_name,
    filtered,
    listed,
    measure,
    partly_covered,
    per,
    property_name,
    short,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.results.series import Series

N = TypeVar("N", bound=NumberResult)

_WHOLE = 1e6  # amounts from here on have no decimals
_MAX_STACKS = 45  # of bars; more become one area


class NumericBucketView(SeriesView[NumericBucketResult]):
    """How often a property fell into each of several ranges."""

    @property
    def _title(self) -> str:
        return f"{event_name(self.result.event)} by {property_name(self.result.on)}"

    def _nothing(self) -> str:
        return _no_numbers(self.result)

    @property
    def _names_are(self) -> str:
        return property_name(self.result.on)

    def _drawn(self, courses: Sequence[Series]) -> list[Series]:
        return list(courses)

    def _lines(self, courses: Sequence[Series], title: str | None, subtitle: str | None) -> Any:
        """Events add up, so they are stacked; users and averages do not."""
        stacked = "bar" if len(self.result.dates) <= _MAX_STACKS else "area"
        return series_chart(
            self._points(courses),
            "date",
            measure(self.result.type),
            "name",
            kind=stacked if self.result.type == "general" else "line",
            title=title,
            subtitle=subtitle,
            color_title=self._names_are,
            colors=ramp_colors(len(courses)),
            gaps=self._gaps,
        )


class NumberView(ReportView[N], Generic[N]):
    """One number per bucket of time."""

    number_is: ClassVar[str]
    """What it is, before the name of the property."""

    @property
    def _title(self) -> str:
        return f"{event_name(self.result.event)}: {self.number_is} {property_name(self.result.on)}"

    @property
    def _subtitle(self) -> str:
        counted = per(self.result.unit, self.result.dates)
        return listed(
            (days(self.result.from_date, self.result.to_date), counted, filtered(self.result.where))
        )

    def _nothing(self) -> str:
        return _no_numbers(self.result)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The numbers over time as a line and as a table."""
        del max_rows
        known = self._known()
        columns = [date_column(self.result.unit), Column(self.result.number_column, "number")]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(known) if known else (),
            chart=self.drawing(titled=False),
            table=Table(columns, self._brief_rows(), more=MORE_IN_DF, null=MISSING, newest=True)
            if known
            else None,
            query=self.result.query,
            notes=self.remarks,
            empty=None if known else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and whether a bucket lies only partly within the days."""
        if not self._known():
            return super().remarks
        dates = [day for day, *_ in self.result.tuples()]
        return self._remarked(
            partly_covered(dates, self.result.unit, self.result.from_date, self.result.to_date)
        )

    def _brief_rows(self) -> list[tuple[date, float | None]]:
        return [(day, None if value is None else _brief(value)) for day, value, _ in self.result.tuples()]

    def _known(self) -> list[tuple[date, float]]:
        """The buckets of time that have a number; none where all of them are 0."""
        known = [(day, value) for day, value, _ in self.result.tuples() if value is not None]
        return known if any(value for _, value in known) else []

    def _judged(self, known: Sequence[tuple[date, float]]) -> Sequence[tuple[date, float]]:
        """Those of them that are complete, or all where none is: what means and extremes are of."""
        partial = set(self.result.partial)
        return [(day, value) for day, value in known if day not in partial] or known

    @abstractmethod
    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        """What the numbers come to."""

    def drawing(self, *, titled: bool) -> Chart | None:
        """A line, or bars where there are few long buckets of time. A card with one number needs none."""
        if not self._known():
            return None
        y = self.result.number_column
        rows = [{"date": day, y: value} for day, value in self._brief_rows()]
        if len(rows) == 1 and not titled:
            return None
        gaps = Gaps(self.result.partial, self.result.missing)
        judged = [row for row in rows if row["date"] not in gaps.partial] or rows
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        unit = self.result.unit
        chart = Chart(
            lambda: time_chart(rows, y, unit=unit, title=title, subtitle=subtitle, gaps=gaps),
            describe(judged, "date", y, title=self._title),
        )
        return self._annotated(chart, [day for day, _ in self._brief_rows()], self.result.unit)


class NumericSumView(NumberView[NumericSumResult]):
    """The sum of a property over time."""

    number_is: ClassVar[str] = "sum of"

    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        total = sum(value for _, value in known)
        known = self._judged(known)
        facts: list[tuple[str, Any]] = [
            ("Total", _headline(total)),
            (f"Per {self.result.unit}", _headline(sum(value for _, value in known) / len(known))),
            _extreme("Highest", known, self.result.unit),
        ]
        return facts if len(known) > 1 else facts[:1]


class NumericAverageView(NumberView[NumericAverageResult]):
    """The average of a property over time."""

    number_is: ClassVar[str] = "average"

    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        known = self._judged(known)
        ends = [_extreme(label, known, self.result.unit) for label in ("Highest", "Lowest")]
        return ends if len(known) > 1 else []


def _extreme(label: str, known: Sequence[tuple[date, float]], unit: str) -> tuple[str, str]:
    pick = max if label == "Highest" else min
    day, value = pick(known, key=lambda pair: pair[1])
    return label, f"{_headline(value)} {when(day, unit)}"


def _no_numbers(report: NumericBucketResult | NumberResult) -> str:
    asked = ("No", report.event and short(report.event), "events with a number in", property_name(report.on))
    return f"{listed((*asked, filtered(report.where)), ' ')} from {report.from_date} to {report.to_date}."


def _headline(value: float) -> str:
    """The number with no decimals or with two, as an amount of money is written; a small one as it is."""
    brief = _brief(value)
    plain = not 1 <= abs(brief) < _WHOLE or not math.isfinite(brief) or brief == int(brief)
    return format_value(brief) if plain else f"{brief:,.2f}"


def _brief(value: float) -> float:
    """The number with as many decimals as a headline bears."""
    if not math.isfinite(value):
        return value
    return round(value) if abs(value) >= _WHOLE else round(value, 2) if abs(value) >= 1 else value
