"""View of why a number moved: the number beside what is usual, and what moved with it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Chart, Column, Gaps, Table, counted, first_of, format_value
from mixpanel_nb.display.theme import BEFORE, PALETTE
from mixpanel_nb.results import WhyResult
from mixpanel_nb.results.why import UNUSUAL
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.experiment import p_text
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import beyond_limit, days, filtered, listed, short, signed_percent, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from mixpanel_nb.results import Annotation, Finding

_USUAL = "usual"
_MAX_NAME = 44
_REACH = 3  # days before a bucket whose annotations may tell of it


class WhyView(ReportView[WhyResult]):
    """A bucket, what is usual, and what moved."""

    shown_rows: ClassVar[int] = 12

    def card(self, *, max_rows: int | None = None) -> Card:
        """The number over time with what was usual, and the findings."""
        del max_rows
        known = self._is_known
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if known else (),
            chart=self.drawing(titled=False),
            table=self._table() if known and self.result.findings else None,
            query=self.result.query,
            notes=self.remarks,
            empty=None if known else self._nothing(),
        )

    @property
    def _moment(self) -> str:
        result = self.result
        if result.to_date is None:
            return when(result.date, result.unit)
        return f"per day {days(result.date, result.to_date)}"

    @property
    def _title(self) -> str:
        result, moment = self.result, self._moment
        if result.is_unusual is None or result.change is None:
            return f"{short(result.metric)} {moment}"
        if not result.is_unusual:
            usual = (
                "as usual" if result.baseline is None else f"{signed_percent(result.change)}, within chance"
            )
            return f"{short(result.metric)} {moment}: {usual}"
        return f"{short(result.metric)} {moment}: {signed_percent(result.change)}"

    @property
    def _subtitle(self) -> str:
        result = self.result
        if result.baseline is not None:
            return listed((f"against {days(*result.baseline)}", filtered(result.where)))
        before = sum(1 for value in result.actuals[:-1] if value is not None)
        return listed((f"against {counted(before, result.unit)} before", filtered(result.where)))

    @property
    def _is_known(self) -> bool:
        """Whether there is something to show."""
        return self.result.actual is not None and any(self.result.actuals)

    def _nothing(self) -> str:
        result = self.result
        none = listed((f"No {short(result.metric)}", filtered(result.where)), " ")
        said = f"{none} from {result.dates[0]} to {result.dates[-1]}"
        return f"{said}." if result.actual is not None else f"{said} of which the table holds all."

    def _facts(self) -> list[tuple[str, Any]]:
        result = self.result
        per_day = "" if result.to_date is None else " per day"
        facts: list[tuple[str, Any]] = [(f"{short(result.metric, 40)}{per_day}", number(result.actual))]
        if result.expected is not None:
            facts.append(("Usual", number(result.expected)))
        if result.change is not None:
            facts.append(("Change", signed_percent(result.change)))
        if result.chance is not None and result.score is not None:
            facts.append(("Chance", f"{p_text(result.chance)} (score {result.score:+.1f})"))
        return facts

    @property
    def remarks(self) -> list[str]:
        """What was found, tried and noted, in words."""
        if not self._is_known:
            return self._remarked()
        return self._remarked(self._verdict(), *self._tried(), *self._noted())

    def _verdict(self) -> str:
        result = self.result
        moved = [each for each in result.findings if each.kind != "event"]
        if result.is_unusual is None:
            if result.baseline is not None:
                return "These are too few days to say whether they differ beyond chance."
            return f"Too few {result.unit}s are before it to say what is usual."
        if result.is_unusual:
            said = f"It is unusual: less than {UNUSUAL:.0%} of {result.unit}s are."
            if result.baseline is not None:
                said = f"The days differ: less than {UNUSUAL:.0%} of such ranges do by chance."
            return said if moved else f"{said} No property tells where: all values moved alike."
        same = "as usual" if result.baseline is None else "within what chance explains"
        if not result.findings:
            return f"It is {same}, and no value or event moved beyond what is usual."
        return f"As a whole it is {same}; within it, the following moved."

    def _tried(self) -> Iterator[str | None]:
        result = self.result
        if result.comparisons:
            properties = f"{len(result.tried):,} propert{'y' if len(result.tried) == 1 else 'ies'}"
            compared = counted(result.comparisons, "comparison")
            yield (
                f"{properties} and the events were tried; chances are corrected for {compared} (Bonferroni). "
                "What moves together need not be the cause."
            )
        if result.skipped:
            named = first_of([short(name, 24) for name in result.skipped], 5)
            yield f"Not tried, because of too many values: {named}."
        yield beyond_limit(result.left_out, "finding")

    def _noted(self) -> Iterator[str]:
        for each in self._in_reach():
            yield f"Noted {each.date:%Y-%m-%d}: {short(each.description, 200)}"

    def _in_reach(self) -> list[Annotation]:
        first, last = self.result.date - timedelta(days=_REACH), self.result.to_date
        return [
            each
            for each in self.result.annotations
            if first <= each.date.date() and (last is None or each.date.date() <= last)
        ]

    def drawing(self, *, titled: bool) -> Chart | None:
        """The number over time as a line, and what was usual as a dashed one."""
        result = self.result
        if not self._is_known:
            return None
        name = short(result.metric, _MAX_NAME)
        name = f"{name} (actual)" if name == _USUAL else name
        lines = {name: result.actuals, _USUAL: result.expecteds}
        rows = [
            {"date": day, name: value, "is": line}
            for line, values in lines.items()
            for day, value in _between_known(result.dates, values)
        ]
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        chart = Chart(
            lambda: time_chart(
                rows,
                name,
                "is",
                unit=result.unit,
                title=title,
                subtitle=subtitle,
                color_title=" ",
                colors=[PALETTE[0], BEFORE],
                gaps=Gaps(),
                dashed=[_USUAL],
            ),
            self._words(),
        )
        return self._annotated(chart, result.dates, result.unit)

    def _words(self) -> str:
        result = self.result
        said = f"{self._title}, {self._subtitle}: {number(result.actual)}"
        if result.expected is not None:
            said += f", usual {number(result.expected)}"
        parts = [f"{_name(each)} {signed(each)}" for each in result.findings]
        return f"{said}; {first_of(parts, 5)}." if parts else f"{said}."

    def _table(self) -> Table:
        columns = [
            Column("what", "text"),
            Column("actual", "text"),
            Column("usual", "text"),
            Column("change", "text"),
            Column("of the change", "percent"),
            Column("of the whole", "percent"),
            Column("chance", "text"),
            *([Column("same as", "text", folds=True)] if self._has_same else []),
        ]
        rows = [self._row(each) for each in self.result.findings]
        return Table(columns, rows, more=MORE_IN_DF, null="", keys=1)

    @property
    def _has_same(self) -> bool:
        return any(each.same_as is not None for each in self.result.findings)

    def _row(self, finding: Finding) -> Sequence[Any]:
        return [
            _name(finding),
            number(finding.actual),
            number(finding.expected),
            signed(finding),
            finding.share_of_change,
            finding.share_of_whole,
            p_text(finding.chance),
            *([finding.same_as and short(finding.same_as, _MAX_NAME)] if self._has_same else []),
        ]


def _between_known(
    dates: Sequence[date], values: Sequence[float | None]
) -> Iterator[tuple[date, float | None]]:
    """The days from the first to the last known number; a line has a gap where one is unknown."""
    known = [place for place, value in enumerate(values) if value is not None]
    if known:
        within = slice(known[0], known[-1] + 1)
        yield from zip(dates[within], values[within], strict=True)


def signed(finding: Finding) -> str:
    """The change of a finding in percent; what was not there before is new."""
    return percent_of(finding.actual, finding.expected)


def percent_of(actual: float, expected: float) -> str:
    """A change in percent; what was not there before is new."""
    return "new" if expected < 0.5 else signed_percent(actual / expected - 1)


def _name(finding: Finding) -> str:
    if finding.kind == "event":
        return f"event {short(finding.value, _MAX_NAME)}"
    return short(finding.name, 2 * _MAX_NAME)


def number(value: float | None) -> str:
    """A number; one of hundreds without decimals."""
    if value is None:
        return MISSING
    return format_value(round(value)) if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"
