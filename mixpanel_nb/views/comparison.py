"""View of a comparison: two periods or two groups, and how much they differ."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

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
    grouped,
    sankeys,
    series_chart,
)
from mixpanel_nb.display.charts import stacked_charts
from mixpanel_nb.display.differences import PlacedDifference, difference_chart
from mixpanel_nb.display.intervals import Estimate, intervals
from mixpanel_nb.display.theme import BEFORE, PALETTE, greyed
from mixpanel_nb.queries.cells import CELLS
from mixpanel_nb.queries.groups import COHORT
from mixpanel_nb.results import ComparisonResult, FlowResult, FrequencyResult, FunnelResult, RetentionResult
from mixpanel_nb.results.flow import ARROW, DROPOFF, OTHER
from mixpanel_nb.results.series import BETWEEN
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.experiment import p_text
from mixpanel_nb.views.flow import DROPOFF_NAME, OTHER_NAME
from mixpanel_nb.views.flow_differences import diagram
from mixpanel_nb.views.insights import mean_of, shown
from mixpanel_nb.views.over_time import kind_of, time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import days, filtered, listed, short, signed_percent
from mixpanel_nb.views.words import measure as measure_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from mixpanel_nb.display import Sankey
    from mixpanel_nb.results import ComparedLine, ComparedTotal, ReportResult
    from mixpanel_nb.results.numbers import Measure

T = TypeVar("T")

_MAX_LINES = 3  # each of them is two
_MAX_POINTS = 1_000
_MAX_GROUPS = 12
_MAX_ALL = 24  # lines that a table shows, whether they are drawn or not
_MAX_LABEL = 34
_MAX_NAME = 40
_SAID = {DROPOFF: DROPOFF_NAME, OTHER: OTHER_NAME}
_COUNTED = ("general", "unique", "average")
_MEASURES = {
    "overall_conv_ratio": "of first",
    "step_conv_ratio": "of previous",
    "median_time_from_start": "median time",
    "avg_time_from_start": "mean time",
    "avg_duration": "mean length",
    "median_duration": "median length",
    "p90_duration": "90th percentile",
}
_PERIODS = {"previous": "the period before, ", "year": "a year before, "}
_CURVES = (RetentionResult, FrequencyResult)
_ENTERED = (FunnelResult, RetentionResult, FlowResult)
_FILTERS = ("where", "born_where", "return_where")
_CERTAIN = 0.05
_MAX_DIFFERENCES = 130  # buckets of a line of differences
_MAX_GROUP = 28


class ComparisonView(ReportView[ComparisonResult[Any]]):
    """Two reports, number by number."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """Both as a chart, and what they come to in a table: by bucket where there is one line."""
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

    def _users_line(self) -> str | None:
        """The command for the users that the later days have and those before have not."""
        asked = self.result.question
        if asked is None or self.result.sql is None or asked.query.name not in CELLS or not self._happened:
            return None
        magic: str | None = asked.query.magic(of="users")
        return f"{asked.query.python()}.users('gained')" if magic is None else f"{magic} --gained"

    @property
    def _happened(self) -> bool:
        return any(total.before or total.after for total in self.result.totals)

    def _nothing(self) -> str:
        if self.result.diff is not None:
            before, after = self._sides
            return f"Nothing happened in either group, {after} or {before}."
        return f"Nothing happened, neither {self._sides[1]} nor {self._sides[0]}."

    @property
    def _title(self) -> str:
        after, before = self._plain.headline, self.result.before.headline
        if self.result.diff is not None:
            return after
        return after if after == before else f"{after} against {before}"

    @property
    def _subtitle(self) -> str:
        after = self._plain.card().subtitle or ""
        if self.result.diff is not None:
            before, now = self._sides
            return f"{after}; {now} against {before}"
        against = _PERIODS.get(self.result.asked or "", "")
        return f"{after}; compared with {against}{self._sides[0]}"

    @property
    def _plain(self) -> ReportResult:
        """The report; of groups, with the filters that both have."""
        after: ReportResult = self.result.after
        asked = self.result.question
        if self.result.diff is None or asked is None:
            return after
        known = {each.name for each in fields(after)}
        own = {name: getattr(asked.query, name) for name in _FILTERS if hasattr(asked.query, name)}
        return replace(after, **{name: own[name] for name in own if name in known})

    @property
    def _sides(self) -> tuple[str, str]:
        """What tells the two apart, before and after: their days, else their filters, else their titles."""
        if self.result.diff is not None:
            first, second = (short(" ".join(name.split()), _MAX_GROUP) for name in self.result.diff.names)
            return second, first
        told: list[Callable[[Any], str]] = [
            lambda one: days(one.from_date, one.to_date),
            lambda one: filtered(one.where) or "all events",
            lambda one: str(one.headline),
        ]
        for tell in told:
            try:
                before, after = tell(self.result.before), tell(self.result.after)
            except AttributeError:  # a report without days, or without a filter
                continue
            if before != after:
                return before, after
        return "before", "after"

    @property
    def remarks(self) -> list[str]:
        """The notes, what is per day, and which buckets have no counterpart or are not complete."""
        result = self.result
        if not self._happened:
            return super().remarks
        return self._remarked(
            *self._of_groups(),
            "Buckets differ in length: difference and change of what adds up are per day."
            if result.is_per_day
            else None,
            f"{result.left_out:,} further buckets before have no counterpart." if result.left_out else None,
            self._incomplete(),
        )

    def _incomplete(self) -> str | None:
        """How many buckets are outside the totals."""
        if not self.result.over_time:
            return None
        lines = [line for line in self.result.lines if line.is_drawn]
        cut = {place for line in lines for place, whole in enumerate(line.complete) if not whole}
        if not cut:
            return None
        outside = any(any(line.complete) for line in lines)
        if not any(line.paired for line in lines):
            return "No bucket is known on both sides."
        which = "outside the totals" if outside else "in the totals, since none is complete"
        verb = "bucket is" if len(cut) == 1 else "buckets are"
        return f"{len(cut):,} {verb} not complete on both sides (column complete) and {which}."

    # Two groups

    def _of_groups(self) -> Iterator[str]:
        """Who the groups are, whether they are independent, and what their intervals and tests are."""
        groups = self.result.diff
        if groups is None:
            return
        for name, side in zip(groups.names, ("after", "before"), strict=True):
            if not any(getattr(total, side) for total in self.result.totals):
                yield f"Nothing happened in the group {short(name, _MAX_GROUP)}."
        of_all = groups.are_days or getattr(self.result.after, "funnel_id", None) is not None
        are_cohorts = all(name.startswith(COHORT) for name in groups.names)
        if not of_all and not are_cohorts and isinstance(self.result.after, _ENTERED):
            yield "The condition of a group is one of the event with which users enter, as of a breakdown."
        yield from self._overlap()
        yield from self._methods()

    def _overlap(self) -> Iterator[str]:
        groups = self.result.diff
        if groups is None or groups.in_both == 0:
            return
        if groups.in_both is None:
            if any(line.samplings is not None for line in self.result.lines if line.is_drawn):
                yield (
                    "It is not known how many users are in both groups: intervals hold if hardly any is. "
                    "Of a table it is known."
                )
            return
        share = format_value(groups.shared, "percent")
        both = f"{counted(groups.in_both, 'user')} in both groups ({share} of the smaller one)"
        if groups.are_independent:
            yield f"{both}: so few that intervals hold as if the groups were independent."
        elif groups.overlaps:
            yield f"{both}: intervals and tests take them into account (Derrick et al. 2015)."
        else:
            yield (
                f"{both}: the groups are not independent, and what these users did in both is not looked up "
                "for this report, so no interval or test of their difference holds."
            )

    def _methods(self) -> Iterator[str]:
        """The tests of what is drawn, with their assumptions; or why there are none."""
        groups, lines = self.result.diff, [line for line in self.result.lines if line.is_drawn]
        if groups is None or not groups.have_intervals or not lines:
            return
        sampled = [
            line for line in lines if line.samplings is not None and (groups.are_independent or line.overlaps)
        ]
        if not sampled:
            yield "No intervals: events of a user depend on each other, and how much means vary is not known."
            return
        kinds = {line.measure.kind == "share" for line in sampled}
        how = {True: "Newcombe's for shares of users", False: "of Poisson counts for numbers of users"}
        tests = {True: "the z-test with the pooled share", False: "the score test of two counts"}
        used = [kind for kind in how if kind in kinds]
        text = f"95 % intervals: {listed([how[kind] for kind in used])}."
        number = sum(total.p_value is not None for total in self.result.totals if total.is_drawn)
        if number:
            corrected = f", corrected for {number} (Holm)" if number > 1 else ""
            text += (
                f" p: {listed([tests[kind] for kind in used], '; ')}{corrected}; intervals are not corrected."
            )
        elif self.result.over_time:
            text += " Each bucket has one (.df); all together have none, as users are in several."
        if len(sampled) < len(lines):
            text += " Numbers of events and means have none."
        yield f"{text} Users are taken to be independent."

    # What changed

    @property
    def _drawn(self) -> list[ComparedTotal]:
        return [total for total in self.result.totals if total.is_drawn]

    def _fits(self, line: ComparedTotal | ComparedLine) -> bool:
        """Whether a line is in the unit of the chart's axis."""
        return line.measure.unit == self._drawn[0].measure.unit

    def _facts(self) -> list[tuple[str, Any]]:
        drawn = self._drawn
        if self.result.diff is not None:
            return self._facts_of_groups()
        if len(drawn) == 1:
            total = drawn[0]
            return [
                ("After", _figure(total.measure, total.after)),
                ("Before", _figure(total.measure, total.before)),
                ("Change per day" if total.per_day else "Change", _changed(total)),
            ]
        known = [total for total in drawn if _size(total) is not None]
        if not known:
            return []
        known.sort(key=lambda total: _size(total) or 0)
        found = [("Largest rise", known[-1], 1), ("Largest fall", known[0], -1)]
        return [
            (label, f"{self._name(total)} {_changed(total)}")
            for label, total, sign in found
            if (_size(total) or 0) * sign > 0
        ]

    def _facts_of_groups(self) -> list[tuple[str, Any]]:
        """How many users each group has; of a single line its numbers, else the largest difference."""
        groups, drawn, (before, after) = self.result.diff, self._drawn, self._sides
        facts: list[tuple[str, Any]] = []
        if groups is not None and groups.users is not None:
            facts = [
                (f"Users, {name}", users) for name, users in zip((after, before), groups.users, strict=True)
            ]
        if len(drawn) == 1:
            (total,) = drawn
            return [
                *facts,
                (after, _figure(total.measure, total.after)),
                (before, _figure(total.measure, total.before)),
                ("Difference", _changed(total)),
            ]
        known = [total for total in drawn if _size(total)]
        if not known:
            return facts
        largest = max(known, key=lambda total: abs(_size(total) or 0))
        return [*facts, ("Largest difference", f"{self._name(largest)} {_changed(largest)}")]

    def _name(self, line: ComparedTotal | ComparedLine) -> str:
        """What a line is, in one text."""
        if isinstance(self.result.after, FunnelResult):
            *segments, step, event = line.names
            return BETWEEN.join([*segments, f"{step}. {short(str(event), _MAX_NAME)}"])
        if isinstance(self.result.after, FlowResult):
            *segments, step, source, target, _ = line.names
            ends = ARROW.join(short(_SAID.get(end, end), 24) for end in (source, target))
            return BETWEEN.join([*segments, f"{step}: {ends}"])
        if isinstance(self.result.after, _CURVES):
            *segments, period = line.names
            return BETWEEN.join([*segments, f"period {period}"])
        return BETWEEN.join(map(str, line.names)) or self.result.after.headline

    def _said(self, measure: Measure) -> str:
        """What a measure is, in words."""
        counted = getattr(self.result.after, "type", None)
        if measure.name in {"count", "average"} and counted in _COUNTED:
            return measure_of(counted)
        return _MEASURES.get(measure.name, measure.name.replace("_", " "))

    # The chart

    def drawing(self, *, titled: bool) -> Chart | None:
        """Lines or columns over time, curves of periods, or bars where there is no time."""
        if not self._happened:
            return None
        title = self._title if titled else None
        subtitle = self._subtitle if titled else None
        is_curve = isinstance(self.result.after, _CURVES)
        if not is_curve and not self._is_lines:
            charts = (self._flow(title, subtitle), self._edges(title, subtitle))
            return next((chart for chart in charts if chart is not None), self._bars(title, subtitle))
        draw = self._curves if is_curve else self._over_time

        def drawn() -> Any:
            below = self._differences()
            return stacked_charts([draw(title, subtitle), *([] if below is None else [below])])

        return Chart(drawn, self._words())

    def _differences(self) -> Any:
        """The difference of two groups below their lines; None where there are several lines, or too many."""
        lines = [line for line in self.result.lines if line.is_drawn]
        if self.result.diff is None:
            return None
        if isinstance(self.result.after, _CURVES):
            curves = {total.names[:-1] for total in self._drawn}
            placed = [_placed(total.names[-1], total) for total in self._drawn]
            return None if len(curves) > 1 else self._difference_chart(placed, "period")
        dates = self.result.dates
        if len(lines) != 1 or len(dates) > _MAX_DIFFERENCES or kind_of(self._unit, len(dates), 2) != "line":
            return None
        placed = []
        for place, day in enumerate(dates):
            one, other = lines[0].after[place], lines[0].before[place]
            value = None if one is None or other is None else one - other
            low, high = self.result.interval(lines[0], place)
            placed.append(_difference_at(day, lines[0].measure, value, low, high))
        return self._difference_chart(placed, "date")

    def _difference_chart(self, placed: Sequence[PlacedDifference], x: str) -> Any:
        before, after = self._sides
        measure = self._drawn[0].measure
        unit = ", points" if _points_of(measure) is not None else ""
        return difference_chart(placed, x, f"{after} − {before}{unit}")

    @cached_property
    def _diagram(self) -> tuple[Sankey, list[str], str] | None:
        """The differences of the flows of two groups; None where there is no room for them."""
        after, before = self.result.after, self.result.before
        if self.result.diff is None or not isinstance(after, FlowResult) or after.on is not None:
            return None
        sides = self._sides
        return diagram(after, before, self._drawn, (sides[1], sides[0]))

    def _flow(self, title: str | None, subtitle: str | None) -> Chart | None:
        """A Sankey diagram of the flows of two groups; None of other reports."""
        if self._diagram is None:
            return None
        drawn, headings, _ = self._diagram
        return Chart(lambda: sankeys([drawn], headings, title=title, subtitle=subtitle), self._words())

    def _edges(self, title: str | None, subtitle: str | None) -> Chart | None:
        """Of flows, the differences of two groups with their intervals; None where they have none."""
        if self.result.diff is None or not isinstance(self.result.after, FlowResult):
            return None
        known = [total for total in self._drawn if total.low is not None and total.difference]
        largest = sorted(known, key=lambda total: abs(total.difference or 0), reverse=True)[:_MAX_GROUPS]
        if not largest:
            return None
        estimates = [
            Estimate(
                self._name(total),
                total.difference or 0,
                total.low or 0,
                total.high or 0,
                _difference(total.measure, total.difference),
                total.corrected_p is not None and total.corrected_p < _CERTAIN,
            )
            for total in known
            if any(total is one for one in largest)
        ]
        before, after = self._sides
        x_title = f"share of {after} less that of {before}"
        return Chart(lambda: intervals(estimates, x_title, title=title, subtitle=subtitle), self._words())

    def _lines(self) -> list[ComparedLine]:
        """The drawn lines that are largest in both together."""
        drawn = [line for line in self.result.lines if line.is_drawn and self._fits(line)]
        kept = sorted(drawn, key=_weight, reverse=True)[:_MAX_LINES]
        return [line for line in drawn if any(line is one for one in kept)]

    def _drawn_note(self) -> str | None:
        drawn = len(self._drawn)
        if isinstance(self.result.after, _CURVES):
            return None
        if self._diagram is not None:
            return self._diagram[2]
        fitting = sum(map(self._fits, self._drawn))
        shown_lines = min(_MAX_LINES if self._is_lines else _MAX_GROUPS, fitting)
        few = f"The chart shows {shown_lines} of {drawn:,} lines." if shown_lines < drawn else None
        means = f"Each point of the chart is the mean of {self._merged} {self._unit}s."
        return listed((few, means if self._merged > 1 and self._is_lines else None), " ") or None

    @property
    def _is_lines(self) -> bool:
        """Whether the chart has lines over time, or columns of a single one."""
        if not self.result.over_time:
            return False
        return len(self._drawn) == 1 or kind_of(self._unit, len(self.result.places), 2) == "line"

    @property
    def _unit(self) -> str | None:
        unit: str | None = getattr(self.result.after, "unit", None)
        return unit

    def _over_time(self, title: str | None, subtitle: str | None) -> Any:
        lines = self._lines()
        names = distinct_labels((self._name(line) for line in lines), _MAX_LABEL)
        y = lines[0].measure.unit or self._said(lines[0].measure)
        pairs = self._labelled(names)
        rows = [
            {"date": day, "line": label, y: value}
            for line, labels in zip(lines, pairs, strict=True)
            for label, values in self._ordered(zip(labels, (line.before, line.after), strict=True))
            for day, value in self._points(values)
        ]
        return time_chart(
            rows,
            y,
            "line",
            unit=self._unit,
            title=title,
            subtitle=subtitle,
            color_title="compared" if len(lines) == 1 else listed(self.result.key_columns),
            colors=self._colors(len(pairs)),
            percent=lines[0].measure.kind == "share",
            gaps=self._gaps(lines, pairs) if self._merged == 1 else None,
            dashed=self._dashed(pairs),
        )

    @property
    def _merged(self) -> int:
        """How many buckets of time make one point of the chart."""
        return math.ceil(len(self.result.dates) / _MAX_POINTS)

    def _points(self, values: Sequence[float | None]) -> list[tuple[date | None, float | None]]:
        """Each bucket and its number, or the means of several buckets where they are many."""
        size = self._merged
        return [
            (self.result.dates[start], mean_of(values[start : start + size]))
            for start in range(0, len(values), size)
        ]

    def _gaps(self, lines: Sequence[ComparedLine], labels: Sequence[tuple[str, str]]) -> Gaps:
        """The buckets of which a line knows only a part."""
        dates = self.result.dates
        partial = {
            label: [day for day, is_whole in zip(dates, whole, strict=True) if not is_whole]
            for line, pair in zip(lines, labels, strict=True)
            for label, whole in zip(pair, (line.is_before_whole, line.is_after_whole), strict=True)
        }
        return Gaps(of=partial)

    def _labelled(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """What the two lines of each name are called, before and after."""
        before, after = self._sides
        if self.result.diff is not None:
            if len(names) == 1:
                return [(before, after)]
            return [(f"{name}, {before}", f"{name}, {after}") for name in names]
        if len(names) == 1:
            return [(_side("before", before), _side("after", after))]
        return [(f"{name}, before", name) for name in names]

    def _curves(self, title: str | None, subtitle: str | None) -> Any:
        """The average of each period, of all together or of the first segments."""
        curves: dict[tuple[Any, ...], list[ComparedTotal]] = {}
        for total in self._drawn:
            curves.setdefault(total.names[:-1], []).append(total)
        chosen = dict(list(curves.items())[:_MAX_LINES])
        names = distinct_labels((BETWEEN.join(key) or "all" for key in chosen), _MAX_LABEL)
        pairs = self._labelled(names)
        measure, y = self._drawn[0].measure, self._said(self._drawn[0].measure)
        rows = [
            {"period": total.names[-1], y: value, "line": label}
            for labels, totals in zip(pairs, chosen.values(), strict=True)
            for label, side in self._ordered(zip(labels, ("before", "after"), strict=True))
            for total, value in ((each, getattr(each, side)) for each in totals)
        ]
        return series_chart(
            rows,
            "period",
            y,
            "line",
            title=title,
            subtitle=subtitle,
            color_title="average",
            colors=self._colors(len(pairs)),
            percent=measure.kind == "share",
            dashed=self._dashed(pairs),
        )

    def _colors(self, lines: int) -> list[str]:
        """Two colours a line, before and after: grey and one, or greyed and full ones; of groups two."""
        if lines == 1:
            return self._ordered([BEFORE if self.result.diff is None else PALETTE[1], PALETTE[0]])
        return [shade for color in PALETTE[:lines] for shade in self._ordered((greyed(color), color))]

    def _ordered(self, sides: Iterable[T]) -> list[T]:
        """What there is of before and after, in this order; of two groups the first group first."""
        return list(sides) if self.result.diff is None else list(sides)[::-1]

    def _dashed(self, pairs: Sequence[tuple[str, str]]) -> list[str]:
        """The lines of before; of two groups, where each name has both."""
        if self.result.diff is not None and len(pairs) == 1:
            return []
        return [before for before, _ in pairs]

    def _bars(self, title: str | None, subtitle: str | None) -> Chart:
        fitting = [total for total in self._drawn if self._fits(total)]
        drawn = sorted(fitting, key=lambda one: max(one.before or 0, one.after or 0), reverse=True)
        kept = [total for total in fitting if any(total is one for one in drawn[:_MAX_GROUPS])]
        names = distinct_labels((self._name(total) for total in kept), _MAX_NAME)
        groups = {
            name: [
                Bar("", total.after or 0, f"{_figure(total.measure, total.after)} · {_changed(total)}"),
                Bar("", total.before or 0, _figure(total.measure, total.before)),
            ]
            for name, total in zip(names, kept, strict=True)
        }
        before, after = self._sides
        series = [_side("after", after), _side("before", before)]
        colors = [PALETTE[0], BEFORE]
        if self.result.diff is not None:
            series, colors = [after, before], [PALETTE[0], PALETTE[1]]
        return grouped(
            groups, series, self._words(), title=title, subtitle=subtitle, colors=colors, aligned=True
        )

    def _words(self) -> str:
        parts = [
            f"{self._name(total)} {_figure(total.measure, total.after)} against "
            f"{_figure(total.measure, total.before)} ({_changed(total)})"
            for total in self._drawn
        ]
        return f"{self._title}, {self._subtitle}: {first_of(parts, 6)}."

    # The table

    def _table(self, limit: int) -> Table:
        lines = [line for line in self.result.lines if line.is_drawn]
        over_time = self.result.over_time and len(lines) == 1 and not self.result.has_measures
        return self._by_bucket(lines[0]) if over_time and len(self.result.dates) > 1 else self._by_line(limit)

    def _by_bucket(self, line: ComparedLine) -> Table:
        names, dates = self.result.column_names, len(self.result.date_columns)
        keys = len(self.result.key_columns)
        kept = [at for at, _ in enumerate(names) if at < dates or at >= dates + keys]
        if all(self.result.interval(line, place) == (None, None) for place, _ in enumerate(line.after)):
            kept = [at for at in kept if names[at] not in {"low", "high"}]
        rows = [
            tuple(_cell(names[at], row[at], line) for at in kept)
            for row, key in ((row, row[dates : dates + keys]) for row in self.result.tuples())
            if key == line.names
        ]
        unit = self._unit
        kinds: dict[int, Any] = dict.fromkeys(
            range(dates), "datetime" if unit in {"minute", "hour"} else "date"
        )
        columns = [Column(self._heading(names[at]), kinds.get(at, "number")) for at in kept]
        columns[-1] = Column("complete", "text")
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING, newest=True, keys=dates)

    def _heading(self, name: str) -> str:
        """What a column is called: those of the sides by the groups."""
        if self.result.diff is None:
            return name.replace("_", " ")
        before, after = self._sides
        side, _, of = name.partition("_")
        told = {"first": after, "second": before}.get(side)
        return name.replace("_", " ") if told is None else f"{told} {of.replace('_', ' ')}".strip()

    def _by_line(self, limit: int) -> Table:
        """A row a line: all of them where they are few, else those that are drawn."""
        totals = self.result.totals if len(self.result.totals) <= max(_MAX_ALL, limit) else self._drawn
        if self.result.diff is not None:
            return self._by_line_of_groups(totals)
        measures = len({total.measure.name for total in totals}) > 1
        per_day = self.result.is_per_day
        columns = [
            *(Column(name, "text") for name in self.result.key_columns),
            *([Column("measure", "text")] if measures else []),
            *(Column(name, "number") for name in ("before", "after")),
            *([Column("before per day", "number"), Column("after per day", "number")] if per_day else []),
            Column("difference", "number"),
            Column("change", "percent"),
        ]
        keys = len(self.result.key_columns) + measures
        rows = [
            (
                *("" if name is None else short(str(name), _MAX_NAME) for name in total.names),
                *([self._said(total.measure)] if measures else []),
                _figure(total.measure, total.before),
                _figure(total.measure, total.after),
                *(map(_plain, total.per_day or (None, None)) if per_day else ()),
                _difference(total.measure, total.difference),
                MISSING if total.change is None else signed_percent(total.change),
            )
            for total in totals
        ]
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING, keys=keys)

    def _by_line_of_groups(self, totals: Sequence[ComparedTotal]) -> Table:
        """A row a line: both groups, their difference with its interval, and its test."""
        before, after = self._sides
        totals = [total for total in totals if self._says_something(total)]
        measures = len({total.measure.name for total in totals}) > 1
        tested = any(total.low is not None for total in totals)
        changes = any(total.measure.kind == "number" and total.is_drawn for total in totals)
        columns = [
            *(Column(name, "text") for name in self.result.key_columns),
            *([Column("measure", "text")] if measures else []),
            *(Column(name, "number") for name in (after, before)),
            Column("difference per day" if self.result.is_per_day else "difference", "number"),
            *([Column("95 % interval", "number"), Column("p", "number")] if tested else []),
            *([Column("change", "percent")] if changes else []),
        ]
        keys = len(self.result.key_columns) + measures
        rows = [
            (
                *("" if name is None else short(str(name), _MAX_NAME) for name in total.names),
                *([self._said(total.measure)] if measures else []),
                _figure(total.measure, total.after),
                _figure(total.measure, total.before),
                _difference(total.measure, total.difference),
                *((_interval(total) or "", _chance(total)) if tested else ()),
                *([MISSING if total.change is None else signed_percent(total.change)] if changes else []),
            )
            for total in totals
        ]
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING, keys=keys)

    def _says_something(self, total: ComparedTotal) -> bool:
        """Whether it is known, and no share that is 1 by its definition."""
        if total.before is None and total.after is None:
            return False
        is_entry = isinstance(self.result.after, FunnelResult) and total.names[-2] == 1
        return not (is_entry and total.measure.kind == "share")

    # The code

    def codes(self) -> list[tuple[str, str]]:
        """The question of the comparison, or both questions and the comparison, and both statements."""
        if self.result.question is not None:
            return super().codes()
        asked = [("after", self.result.after), ("before", self.result.before)]
        codes = [(label, _code(asked, label)) for label in ("Magic", "Python")]
        statement = [] if self.result.sql is None else [("SQL", self.result.sql)]
        return [*((label, code) for label, code in codes if code is not None), *statement]


def _code(asked: Sequence[tuple[str, ReportResult]], kind: str) -> str | None:
    """Code that asks both questions, as magics or in Python, and compares the answers."""
    lines = []
    for name, result in asked:
        query = None if result.question is None else result.question.query
        code = None if query is None else query.magic() if kind == "Magic" else query.python()
        if code is None:
            return None
        lines.append(f"{name} = {code}")
    return "\n".join([*lines, "after.compare(before)"])


def _placed(at: Any, total: ComparedTotal) -> PlacedDifference:
    return _difference_at(at, total.measure, total.difference, total.low, total.high)


def _difference_at(
    at: Any, measure: Measure, value: float | None, low: float | None, high: float | None
) -> PlacedDifference:
    """A difference for a chart: percentages in points."""
    scale = _points_of(measure) or 1
    middle, least, most = (None if each is None else each * scale for each in (value, low, high))
    limits = _limits(measure, low, high)
    text = f"{at}: {_difference(measure, value)}{f' ({limits})' if limits else ''}"
    return PlacedDifference(at, middle, least, most, text)


def _limits(measure: Measure, low: float | None, high: float | None) -> str | None:
    """``-1.2 to +3.4``, of percentages in points; None without an interval."""
    if low is None or high is None:
        return None
    points = _points_of(measure)
    return " to ".join(f"{end:+,.0f}" if points is None else f"{end * points:+.1f}" for end in (low, high))


def _interval(total: ComparedTotal) -> str | None:
    return _limits(total.measure, total.low, total.high)


def _chance(total: ComparedTotal) -> str:
    """The corrected p-value, with a star below 5 %; nothing of a line that is not in the chart."""
    p = total.corrected_p
    return "" if p is None else f"{p_text(p)}{' *' if p < _CERTAIN else ''}"


def _side(which: str, told: str) -> str:
    return which if told == which else f"{which}: {told}"


def _weight(line: ComparedLine) -> float:
    return sum(abs(value) for values in (line.before, line.after) for value in values if value is not None)


def _points_of(measure: Measure) -> float | None:
    """How many points a difference of 1 is; None of what is no percentage."""
    return 100 if measure.kind == "share" else 1 if measure.unit == "%" else None


def _size(total: ComparedTotal) -> float | None:
    """How much it changed: percentages in points, other numbers as a fraction."""
    points = _points_of(total.measure)
    if points is None or total.difference is None:
        return total.change
    return total.difference * points / 100


def _figure(measure: Measure, value: float | None) -> str:
    """A number as a text, in its unit."""
    if value is None:
        return MISSING
    if measure.kind == "number":
        return shown(value, measure.unit)
    return format_value(value, "percent" if measure.kind == "share" else "duration")


def _plain(value: float | None) -> str:
    return MISSING if value is None else shown(value)


def _changed(total: ComparedTotal) -> str:
    """``+12.3%``; of percentages ``+1.2 points``; that nothing was before, or that it is unknown."""
    limits = _interval(total)
    if _points_of(total.measure) is not None:
        told = _difference(total.measure, total.difference)
        return told if limits is None else f"{told} ({limits})"
    if total.change_low is not None and total.change_high is not None:
        ends = f"{signed_percent(total.change_low)} to {signed_percent(total.change_high)}"
        return f"{signed_percent(total.change or 0)} ({ends})"
    if total.change is None:
        return "from 0" if total.difference and total.before == 0 else MISSING
    return signed_percent(total.change)


def _difference(measure: Measure, difference: float | None) -> str:
    if difference is None:
        return MISSING
    points = _points_of(measure)
    if points is not None:
        text = f"{difference * points:+.1f}"
        return f"{'0.0' if text in {'+0.0', '-0.0'} else text} points"
    sign = "+" if difference > 0 else "-" if difference < 0 else ""
    return f"{sign}{_figure(measure, abs(difference))}"


def _cell(name: str, value: Any, line: ComparedLine) -> Any:
    if name == "complete":
        return "yes" if value else "no"
    if value is None or not isinstance(value, float | int):
        return value
    if name == "change":
        return signed_percent(value)
    return (
        _difference(line.measure, value)
        if name in {"difference", "low", "high"}
        else _figure(line.measure, value)
    )
