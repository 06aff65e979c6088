"""A numeric property over time: its distribution, its sum, its average."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.series import SeriesResult, date_column
from mixpanel_nb.results.wording import (
    days,
    filtered,
    listed,
    measure,
    partly_covered,
    per,
    property_name,
    short,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display import Card, Chart
    from mixpanel_nb.results.series import Course

_MAX_DECIMALS = 12
_MAX_SIGNIFICANT = 17
_LONG = 1e21  # written with an exponent from there on, and where decimals are too many
_MAX_STACKS = 45  # of bars; more become one area


@dataclass(frozen=True, repr=False)
class NumericBucketResult(SeriesResult):
    """How often a numeric property fell into each of several ranges, over time.

    Attributes:
        event: The event.
        on: The property or expression.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of time, in order.
        buckets: The ranges of values, ascending: lower bound (included) and upper bound (excluded).
        values: Place in ``buckets`` to bucket of time to count. What is missing is 0.
    """

    name_column: ClassVar[str] = "bucket"

    event: str
    on: str
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    buckets: tuple[tuple[float, float], ...]
    values: Mapping[int, Mapping[date, float]]

    @property
    def labels(self) -> list[str]:
        """The ranges as text, such as ``2,000 - 2,100``."""
        write = _writing(self.buckets)
        return [f"{write(low)} - {write(high)}" for low, high in self.buckets]

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return {label: self.values.get(place, {}) for place, label in enumerate(self.labels)}

    @property
    def _title(self) -> str:
        return f"{short(self.event)} by {property_name(self.on)}"

    def _nothing(self) -> str:
        return _nothing(self)

    @property
    def _names_are(self) -> str:
        return property_name(self.on)

    def _drawn(self, courses: Sequence[Course]) -> list[Course]:
        return list(courses)

    def _lines(self, courses: Sequence[Course], title: str | None, subtitle: str | None) -> Any:
        """Events add up, so they are stacked; users and averages do not."""
        from mixpanel_nb.display import ramp_colors, series_chart

        stacked = "bar" if len(self.dates) <= _MAX_STACKS else "area"
        return series_chart(
            self._points(courses),
            "date",
            measure(self.type),
            "name",
            kind=stacked if self.type == "general" else "line",
            title=title,
            subtitle=subtitle,
            color_title=self._names_are,
            colors=ramp_colors(len(courses)),
        )


class _NumberResult(ReportResult):
    """One number per bucket of time.

    A subclass is a dataclass with these attributes.

    Attributes:
        event: The event.
        on: The property or expression.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
    """

    number_column: ClassVar[str]
    """What the number is called."""
    number_is: ClassVar[str]
    """What it is, before the name of the property."""

    event: str
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]

    @property
    def column_names(self) -> list[str]:
        """The date and the number."""
        return ["date", self.number_column]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", self.number_column: "float64"}

    @property
    def _title(self) -> str:
        return f"{short(self.event)}: {self.number_is} {property_name(self.on)}"

    @property
    def _subtitle(self) -> str:
        counted = per(self.unit, self.dates)
        return listed((days(self.from_date, self.to_date), counted, filtered(self.where)))

    def _nothing(self) -> str:
        return _nothing(self)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The numbers over time as a line and as a table."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table

        known = self._known()
        columns = [date_column(self.unit), Column(self.number_column, "number")]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(known) if known else (),
            chart=self._drawing(titled=False),
            table=Table(columns, self._brief_rows(), more=".df has them all") if known else None,
            query=self.query,
            notes=self.remarks,
            empty=None if known else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and whether a bucket lies only partly within the days."""
        if not self._known():
            return super().remarks
        dates = [day for day, _ in self.tuples()]
        return self._remarked(partly_covered(dates, self.unit, self.from_date, self.to_date))

    def _brief_rows(self) -> list[tuple[date, float | None]]:
        return [(day, None if value is None else _brief(value)) for day, value in self.tuples()]

    def _known(self) -> list[tuple[date, float]]:
        """The buckets of time that have a number; none where all of them are 0."""
        known = [(day, value) for day, value in self.tuples() if value is not None]
        return known if any(value for _, value in known) else []

    @abstractmethod
    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        """What the numbers come to."""

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import described_series

        if not self._known():
            return None
        y = self.number_column
        rows = [{"date": day, y: value} for day, value in self._brief_rows()]
        kind = "line" if len(rows) > 1 else "bar"
        subtitle = self._subtitle
        return described_series(
            rows, "date", y, kind=kind, title=self._title, subtitle=subtitle, titled=titled
        )


@dataclass(frozen=True, repr=False)
class NumericSumResult(_NumberResult):
    """The sum of a numeric property, over time.

    Attributes:
        event: The event.
        on: The property or expression; where it is no number it counts as 0.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        values: Bucket of time to sum. A bucket that is missing is 0.
    """

    number_column: ClassVar[str] = "sum"
    number_is: ClassVar[str] = "sum of"

    event: str
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[date, float]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time; 0 where nothing happened."""
        return [(day, float(self.values.get(day) or 0)) for day in self.dates]

    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        total = sum(value for _, value in known)
        facts: list[tuple[str, Any]] = [
            ("Total", _headline(total)),
            (f"Per {self.unit}", _headline(total / len(known))),
            _extreme("Highest", known),
        ]
        return facts if len(known) > 1 else facts[:1]


@dataclass(frozen=True, repr=False)
class NumericAverageResult(_NumberResult):
    """The average of a numeric property over all matching events, over time.

    Attributes:
        event: The event.
        on: The property or expression; where it is no number it counts as 0.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        where: The filter, or None.
        dates: Every bucket of time, in order.
        values: Bucket of time to average; None, or missing, where there were no events.
    """

    number_column: ClassVar[str] = "average"
    number_is: ClassVar[str] = "average"

    event: str
    on: str
    from_date: date
    to_date: date
    unit: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[date, float | None]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time; None where there were no events."""
        return [(day, self.values.get(day)) for day in self.dates]

    def _facts(self, known: Sequence[tuple[date, float]]) -> list[tuple[str, Any]]:
        return [_extreme("Highest", known), _extreme("Lowest", known)] if len(known) > 1 else []


def _extreme(label: str, known: Sequence[tuple[date, float]]) -> tuple[str, str]:
    pick = max if label == "Highest" else min
    day, value = pick(known, key=lambda pair: pair[1])
    return label, f"{_headline(value)} on {day}"


def _nothing(report: NumericBucketResult | _NumberResult) -> str:
    asked = f"No {short(report.event)} events with a number in {property_name(report.on)}"
    return f"{listed((asked, filtered(report.where)), ' ')} from {report.from_date} to {report.to_date}."


def _headline(value: float) -> str:
    """The number with no decimals or with two, as an amount of money is written; a small one as it is."""
    from mixpanel_nb.display import format_value

    brief = _brief(value)
    plain = abs(brief) < 1 or not math.isfinite(brief) or brief == int(brief)
    return format_value(brief) if plain else f"{brief:,.2f}"


def _brief(value: float) -> float:
    """The number with as many decimals as a headline bears."""
    return round(value, 2) if abs(value) >= 1 else value


def _writing(buckets: Sequence[tuple[float, float]]) -> Callable[[float], str]:
    """How to write the bounds: with the fewest digits that tell each from all others."""
    near = min((abs(high - low) for low, high in buckets), default=1.0) * 1e-6
    bounds = [bound for pair in buckets for bound in pair]
    if all(isinstance(bound, int) for bound in bounds):
        return "{:,}".format
    decimals = [f"{{:,.{digits}f}}" for digits in range(_MAX_DECIMALS + 1)]
    significant = [f"{{:.{digits}g}}" for digits in range(1, _MAX_SIGNIFICANT)]
    short = max(map(abs, bounds)) < _LONG
    for form in [*(decimals if short else []), *significant]:
        if all(abs(bound - float(form.format(bound).replace(",", ""))) <= near for bound in bounds):
            return form.format
    return repr
