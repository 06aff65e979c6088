"""How a funnel looks: its steps as bars, its segments side by side, or its conversion over time."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    Bar,
    Card,
    Chart,
    Column,
    HeatRow,
    Table,
    counted,
    distinct_labels,
    first_of,
    format_value,
    grouped,
    heat,
    ranked,
    steps,
)
from mixpanel_nb.results import OVERALL, FunnelResult, FunnelStep
from mixpanel_nb.results.funnel import ENOUGH, QUANTILES, SIGNIFICANT
from mixpanel_nb.results.series import BETWEEN
from mixpanel_nb.views.base import MORE_IN_DF
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
    when,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from mixpanel_nb.results import FunnelSignificance, FunnelTimes

_NOUNS = {"uniques": "users", "totals": "attempts", "sessions": "sessions"}
_SPANS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))
_MAX_GROUPS = 6  # segments whose bars can be told apart
_MAX_LINES = 7
_MAX_STEP_COLUMNS = 8
_MAX_HEADING = 20
_MAX_NAME = 40


class FunnelView(ReportView[FunnelResult]):
    """How many users went through a sequence of steps."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """The steps as bars, or the conversion over time as lines, and a table of either."""
        del max_rows
        paths = self._paths()
        entered = any(path.entered for path in paths)
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(),
            chart=self.drawing(titled=False),
            table=self._table(paths) if entered else None,
            query=self.result.query,
            notes=[*self.remarks, *(self._drawn_notes(paths) if entered else [])],
            empty=None if entered else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return (
            short(self.result.name)
            if self.result.name
            else " → ".join(short(event, _MAX_NAME) for event in self.result.events)
        )

    @property
    def _within(self) -> str | None:
        if self.result.window is None:
            return None if self.result.funnel_id is None else "within its saved window"
        if isinstance(self.result.window, str):
            return "with no time limit"
        return f"within {counted(self.result.window, self.result.window_unit or 'day')}"

    @property
    def _noun(self) -> str:
        """What is counted."""
        return _NOUNS[self.result.counts]

    @property
    def _breakdown(self) -> str | None:
        """What it is broken down by, as people read it."""
        on = self.result.on
        return BETWEEN.join(map(property_name, (on,) if isinstance(on, str) else on)) if on else None

    @property
    def _subtitle(self) -> str:
        split = f"by {self._breakdown}" if self._breakdown else None
        buckets = (
            per(self.result.unit, (step.date for step in self.result.steps)) if self.result.unit else None
        )
        return listed(
            (
                days(self.result.from_date, self.result.to_date),
                self._within,
                *map(short, self.result.rules),
                buckets,
                split,
                filtered(self.result.where),
            )
        )

    def _nothing(self) -> str:
        first = short(self.result.events[0]) if self.result.events else "the first step"
        among = listed((f"No user did {first}", filtered(self.result.where)), " ")
        return f"{among} from {self.result.from_date} to {self.result.to_date}."

    def _paths(self) -> list[_Path]:
        """The steps of each bucket of time and segment, in the order in which these come."""
        found: dict[tuple[Any, Any], list[FunnelStep]] = {}
        for step in self.result.steps:
            found.setdefault((step.date, step.segment), []).append(step)
        return [_Path(when, segment, tuple(steps)) for (when, segment), steps in found.items()]

    def _whole(self) -> _Path | None:
        """The funnel of all users together, over the whole range; None where there is none."""
        segment = None if self.result.on is None else OVERALL
        paths = self._paths() if self.result.unit is None else []
        return next((path for path in paths if path.segment == segment and path.entered), None)

    def _parts(self, paths: Sequence[_Path]) -> list[_Path]:
        """Those to compare: segments without the whole they are part of, where there are segments."""
        parts = [path for path in paths if path.segment != OVERALL]
        return parts or list(paths)

    def _facts(self) -> list[tuple[str, Any]]:
        whole = self._whole()
        if whole is None:
            return []
        last = whole.steps[-1]
        facts: list[tuple[str, Any]] = [
            ("Entered", whole.entered),
            ("Converted", last.count),
            ("Conversion", listed((format_value(last.overall_conv_ratio, "percent"), _interval(last)), " ")),
        ]
        if last.median_time_from_start is not None:
            facts.append(("Median time", format_value(last.median_time_from_start, "duration")))
        if last.sum is not None:
            facts.append((f"Sum of {short(self.result.sum_of or '', _MAX_HEADING)}, last step", last.sum))
        if last.avg_time_from_start is not None:
            facts.append(("Mean time", format_value(last.avg_time_from_start, "duration")))
        return facts

    @property
    def remarks(self) -> list[str]:
        """The notes, whether segments were left out, and whether a bucket is only partly within the days."""
        paths = self._paths()
        if not any(path.entered for path in paths):
            return super().remarks
        dates = [path.date for path in paths if path.date is not None]
        return self._remarked(
            beyond_limit(self.result.left_out, "segment"),
            self._compared(),
            partly_covered(dates, self.result.unit or "", self.result.from_date, self.result.to_date),
        )

    def _compared(self) -> str | None:
        """What the column that compares segments says."""
        if not self.result.significance or self.result.times:
            return None
        return (
            f"“differs”: confidence that the segment converts unlike all {self._noun}, as Mixpanel computes "
            f"it; “yes” is above {SIGNIFICANT:.0%}. Fewer than {ENOUGH} {self._noun} are too few."
        )

    def _drawn_notes(self, paths: Sequence[_Path]) -> list[str]:
        note = self._drawn_note(paths)
        return [note] if note else []

    def _drawn_note(self, paths: Sequence[_Path]) -> str | None:
        segments = {path.segment for path in self._parts(paths)}
        most = _MAX_GROUPS if self.result.unit is None else _MAX_LINES
        return drawn_of(min(len(segments), most), len(segments), "segment")

    def drawing(self, *, titled: bool) -> Chart | None:
        """Bars a step, a group of bars a step where there are segments, or lines over time."""
        paths = self._paths()
        if not any(path.entered for path in paths):
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(paths)), ". ") if titled else None
        if self.result.times and self.result.unit is None:
            return self._distribution(title, subtitle)
        if self.result.unit is not None:
            chart = Chart(lambda: self._lines(paths, title, subtitle), self._words_over_time(paths))
            dates = dict.fromkeys(step.date for step in self.result.steps if step.date is not None)
            return self._annotated(chart, list(dates), self.result.unit)
        if self.result.on is None or len(self.result.events) < 2:
            return steps(self._bars(paths[0]), self._words_of_steps(paths[0]), title=title, subtitle=subtitle)
        return self._groups(paths, title, subtitle)

    def _distribution(self, title: str | None, subtitle: str | None) -> Chart | None:
        """How long it took: bars from the first step to the last, or a heat map with a row for each pair."""
        whole = [each for each in self.result.times if each.segment == self.result.times[0].segment]
        reached = [each for each in whole if each.count]
        if len(whole) == 1:
            return self._time_bars(whole[0], title, subtitle) if reached else None
        if not reached:
            return None
        head = listed((title, "time from step to step"), ": ")
        return self._time_map(reached, f"{head[0].upper()}{head[1:]}" if title else None, subtitle)

    def _time_map(self, times: Sequence[FunnelTimes], title: str | None, subtitle: str | None) -> Chart:
        """A row for each pair of steps: the share of those that reached the later one, by time."""
        known = sorted({(low, high) for each in times for low, high, _ in each.distribution}, key=_by_bound)
        rows = []
        for each in times:
            counts = {(low, high): count for low, high, count in each.distribution}
            cells = [counts[span] / each.count if counts.get(span) else None for span in known]
            rows.append(HeatRow(self._pair(each), f"{each.count:,}", cells))
        columns = [_heading(low, high) for low, high in known]
        x = "Time from step to step: % by time taken, under"
        words = self._words_of_times(times)
        return heat(rows, columns, words, lead=self._noun, x=x, title=title, subtitle=subtitle)

    def _pair(self, times: FunnelTimes) -> str:
        return f"{times.from_step} → {self._numbered(times.to_step)}"

    def _words_of_times(self, times: Sequence[FunnelTimes]) -> str:
        """The median of each pair of steps."""
        events = [short(event) for event in self.result.events]
        medians = [
            f"{events[each.from_step - 1]} to {events[each.to_step - 1]} "
            f"{format_value(each.quantiles['median'], 'duration')}"
            for each in times
        ]
        return f"Time from step to step, {self._subtitle}, medians: {first_of(medians, _MAX_GROUPS)}."

    def _time_bars(self, times: FunnelTimes, title: str | None, subtitle: str | None) -> Chart:
        bars = [
            Bar(_span(low, high), count, f"{count:,} · {format_value(count / times.count, 'percent')}")
            for low, high, count in times.distribution
        ]
        first, goal = short(self.result.events[0]), short(self.result.events[-1])
        median = format_value(times.quantiles["median"], "duration")
        late = format_value(times.quantiles["p90"], "duration")
        words = (
            f"Time from {first} to {goal}, {self._subtitle}: {times.count:,} {self._noun}, half of them "
            f"within {median}, 90% within {late}."
        )
        head = listed((title, f"time from {first} to {goal}"), ": ")
        return ranked(bars, words, title=f"{head[0].upper()}{head[1:]}" if title else None, subtitle=subtitle)

    def _bars(self, path: _Path) -> list[Bar]:
        bars = []
        before = path.steps[0]
        for step in path.steps:
            share = f" {self._noun}"
            if step.step > 1:
                rate = format_value(step.overall_conv_ratio, "percent")
                share = f" · {listed((rate, _interval(step)), ' ')}"
            name = f"{step.step}. {step.event}{' (optional)' * step.is_optional}"
            bars.append(Bar(name, step.count, f"{step.count:,}{share}", path.passage(step), before.count))
            before = before if step.is_optional else step
        return bars

    def _groups(self, paths: Sequence[_Path], title: str | None, subtitle: str | None) -> Chart:
        """Share of those that entered, per later step and segment; all of them are at step 1."""
        drawn = self._parts(paths)[:_MAX_GROUPS]
        groups = {
            f"{number}. {event}": [
                Bar("", ratio, format_value(ratio, "percent"))
                for ratio in (path.steps[number - 1].overall_conv_ratio for path in drawn)
            ]
            for number, event in enumerate(self.result.events[1:], start=2)
        }
        series = [f"{short(path.segment or '', _MAX_HEADING)} · {path.entered:,} entered" for path in drawn]
        words = self._words_of_segments(paths)
        return grouped(groups, series, words, title=title, subtitle=subtitle, whole=1.0)

    def _lines(self, paths: Sequence[_Path], title: str | None, subtitle: str | None) -> Any:
        """Conversion over time; a gap where nobody entered."""
        parts = self._parts(paths)
        segments = list(dict.fromkeys(path.segment or "" for path in parts))[:_MAX_LINES]
        labels = dict(zip(segments, distinct_labels(segments, _MAX_NAME), strict=True))
        rows = [
            {"date": path.date, "conversion": path.conversion, "segment": labels[path.segment or ""]}
            for path in parts
            if (path.segment or "") in labels
        ]
        return time_chart(
            rows,
            "conversion",
            "segment" if self.result.on else None,
            unit=self.result.unit,
            title=title,
            subtitle=subtitle,
            color_title=self._breakdown,
            percent=True,
        )

    def _words_of_steps(self, path: _Path) -> str:
        parts = [
            f"{short(step.event)} {step.count:,} ({format_value(step.overall_conv_ratio, 'percent')})"
            for step in path.steps[1:]
        ]
        went = f", then {', '.join(parts)}" if parts else ""
        began = "did" if self.result.counts == "uniques" else "began with"
        words = (
            f"Funnel, {self._subtitle}: {path.entered:,} {self._noun} {began} "
            f"{short(self.result.events[0])}{went}."
        )
        required = [step for step in path.steps[1:] if not step.is_optional]
        worst = min(required, key=lambda step: step.step_conv_ratio, default=None)
        if worst is None:
            return words
        lost = format_value(1 - worst.step_conv_ratio, "percent")
        return f"{words} The largest drop is before {short(worst.event)}: {lost} of those one step earlier."

    def _words_of_segments(self, paths: Sequence[_Path]) -> str:
        parts = [
            f"{short(path.segment or '')} {format_value(path.last.overall_conv_ratio, 'percent')} "
            f"of {path.entered:,}"
            for path in self._parts(paths)
        ]
        whole = (
            None
            if self.result.conversion is None
            else f", {format_value(self.result.conversion, 'percent')} overall"
        )
        return f"Conversion {self._title}, {self._subtitle}{whole or ''}: {first_of(parts, _MAX_GROUPS)}."

    def _words_over_time(self, paths: Sequence[_Path]) -> str:
        known = [path for path in self._parts(paths) if path.conversion is not None]
        most, least = (pick(known, key=lambda path: path.conversion or 0) for pick in (max, min))
        ends = [
            f"{word} {format_value(path.conversion, 'percent')} {path.when(self.result.unit)}"
            + (f" ({short(path.segment)})" if path.segment else "")
            for word, path in (("highest", most), ("lowest", least))
        ]
        return f"Conversion {self._title}, {self._subtitle}: {', '.join(ends)}."

    def _table(self, paths: Sequence[_Path]) -> Table:
        if self.result.times:
            return self._times_table()
        if self.result.unit is None and self.result.on is None:
            return _steps_table(paths[0], self._noun)
        return self._paths_table(paths)

    def _paths_table(self, paths: Sequence[_Path]) -> Table:
        """A row a bucket of time and segment: who entered, the share at each step, who converted."""
        heads: list[tuple[Column, list[Any]]] = []
        if self.result.unit is not None:
            heads.append((date_column(self.result.unit), [path.date for path in paths]))
        if self.result.on is not None:
            heads.append(
                (Column("segment", "text"), [short(path.segment or "", _MAX_NAME) for path in paths])
            )
        later = list(enumerate(self.result.events))[1:][-_MAX_STEP_COLUMNS:]
        names = distinct_labels((f"{place + 1}. {event}" for place, event in later), _MAX_HEADING)
        columns = [
            *heads,
            (Column("entered", "integer"), [path.entered for path in paths]),
            *(
                (Column(name, "percent"), [path.share_at(place) for path in paths])
                for name, (place, _) in zip(names, later, strict=True)
            ),
            (Column("converted", "integer"), [path.last.count for path in paths]),
            *_known(Column("95% interval", "text"), [_bounds(path.last) for path in paths]),
            *self._differing(paths),
            *_known(
                Column("median time", "duration"),
                [_or_blank(path.last.median_time_from_start) for path in paths],
            ),
            (Column("mean time", "duration"), [_or_blank(path.last.avg_time_from_start) for path in paths]),
            *_known(Column("sum", "number"), [_or_blank(path.last.sum) for path in paths]),
        ]
        rows = list(zip(*(values for _, values in columns), strict=True))
        newest = self.result.unit is not None
        return Table([column for column, _ in columns], rows, more=MORE_IN_DF, newest=newest, keys=len(heads))

    def _differing(self, paths: Sequence[_Path]) -> list[tuple[Column, list[Any]]]:
        """Whether each segment differs from all together."""
        found = {each.segment: each for each in self.result.significance}
        if not found:
            return []
        said = [_verdict(found.get(path.segment or "")) for path in paths]
        return [(Column("differs", "text"), said)]

    def _times_table(self) -> Table:
        """A row a pair of steps: how long it took from the one to the other."""
        times = self.result.times
        heads: list[tuple[Column, list[Any]]] = []
        if self.result.unit is not None:
            heads.append((date_column(self.result.unit), [each.date for each in times]))
        if self.result.on is not None:
            heads.append(
                (Column("segment", "text"), [short(each.segment or "", _MAX_NAME) for each in times])
            )
        columns = [
            *heads,
            (Column("from", "text"), [self._numbered(each.from_step) for each in times]),
            (Column("to", "text"), [self._numbered(each.to_step) for each in times]),
            (Column(self._noun, "integer"), [each.count for each in times]),
            *(
                (Column(name, "duration"), [_or_blank(each.quantiles.get(name)) for each in times])
                for name in QUANTILES
            ),
            (Column("mean", "duration"), [_or_blank(each.mean) for each in times]),
        ]
        rows = list(zip(*(values for _, values in columns), strict=True))
        return Table([column for column, _ in columns], rows, more=MORE_IN_DF, keys=len(heads) + 2)

    def _numbered(self, step: int) -> str:
        return f"{step}. {short(self.result.events[step - 1], _MAX_HEADING)}"


@dataclass(frozen=True)
class _Path:
    """The steps of one bucket of time and segment."""

    date: dt.date | None
    segment: str | None
    steps: tuple[FunnelStep, ...]

    @property
    def entered(self) -> int:
        return self.steps[0].count

    @property
    def last(self) -> FunnelStep:
        return self.steps[-1]

    @property
    def conversion(self) -> float | None:
        """Share of those that entered that reached the last step; None where nobody entered."""
        return self.last.overall_conv_ratio if self.entered else None

    def when(self, unit: str | None) -> str:
        """In which bucket of time it is."""
        return "" if self.date is None else when(self.date, unit)

    def passage(self, step: FunnelStep) -> str | None:
        """How many went on to the following step; None before an optional step and after the last."""
        following = next(iter(self.steps[step.step : step.step + 1]), None)
        if following is None or following.is_optional:
            return None
        before = next(one for one in reversed(self.steps[: step.step]) if not one.is_optional)
        return _passage(before, following)

    def share_at(self, place: int) -> Any:
        """Share of those that entered that reached a step, by its place from 0; blank if nobody entered."""
        return self.steps[place].overall_conv_ratio if self.entered else ""


def _passage(step: FunnelStep, following: FunnelStep) -> str:
    """``61.0% went on, after 2 h 05 min (median) · 3,167 dropped off``."""
    after = ""
    if following.median_time is not None:
        after = f", after {format_value(following.median_time, 'duration')} (median)"
    elif following.avg_time is not None:
        after = f", after {format_value(following.avg_time, 'duration')} on average"
    went_on = f"{format_value(following.step_conv_ratio, 'percent')} went on{after}"
    return f"↓ {went_on} · {step.count - following.count:,} dropped off"


def _interval(step: FunnelStep) -> str | None:
    """``(24.1-25.6%)``; nothing where it is not known, or at the first step."""
    bounds = _bounds(step)
    return f"({bounds})" if bounds else None


def _bounds(step: FunnelStep) -> str:
    if step.low is None or step.high is None or step.step == 1:
        return ""
    return f"{step.low * 100:.1f}–{step.high * 100:.1f}%"


def _verdict(found: FunnelSignificance | None) -> str:
    if found is None or not found.entered:
        return ""
    if found.confidence is None:
        return "too few"
    return f"{'yes' if found.is_significant else 'no'} ({_confidence(found.confidence)})"


def _confidence(confidence: float) -> str:
    """A confidence that is nearly 1 is not said to be 1."""
    return ">99.9%" if confidence > 0.999 else f"{confidence:.1%}"


def _by_bound(span: tuple[float, float | None]) -> tuple[float, float]:
    """Orders ranges of time; one without end is the last."""
    low, high = span
    return low, inf if high is None else high


def _span(low: float, high: float | None) -> str:
    """``30 s – 1 min``: from (included), to (excluded)."""
    if high is None:
        return f"{_length(low)} and more"
    if not low:
        return f"under {_length(high)}"
    return f"{_length(low)} – {_length(high)}"


def _heading(low: float, high: float | None) -> str:
    """``30s``, the end of a range of time; ``366d+`` of one without end."""
    size, unit = next((size, unit) for size, unit in _SPANS if (high or low) >= size)
    return f"{round((high or low) / size)}{unit[0]}{'' if high else '+'}"


def _length(seconds: float) -> str:
    size, unit = next((size, unit) for size, unit in _SPANS if seconds >= size)
    number = round(seconds / size)
    return counted(number, unit) if unit == "day" else f"{number} {unit}"


def _known(column: Column, values: list[Any]) -> list[tuple[Column, list[Any]]]:
    """A column, where it has any values."""
    return [(column, values)] if any(value != "" for value in values) else []


def _steps_table(path: _Path, noun: str) -> Table:
    steps = path.steps
    columns = [
        (Column("step", "integer"), [step.step for step in steps]),
        (Column("event", "text"), [step.event for step in steps]),
        (Column(noun, "integer"), [step.count for step in steps]),
        *_known(Column("sum", "number"), [_or_blank(step.sum) for step in steps]),
        (Column("of previous", "percent"), [step.step_conv_ratio for step in steps]),
        (Column("of first", "percent"), [step.overall_conv_ratio for step in steps]),
        *_known(Column("95% interval", "text"), [_bounds(step) for step in steps]),
        *_known(Column("median time", "duration"), [_or_blank(step.median_time) for step in steps]),
        *_known(Column("90% within", "duration"), [_or_blank(step.p90_time) for step in steps]),
        (Column("mean time", "duration"), [_or_blank(step.avg_time) for step in steps]),
    ]
    if all(step.median_time is None for step in steps):
        since = [_or_blank(step.avg_time_from_start) for step in steps]
        columns.append((Column("since first", "duration"), since))
    rows = list(zip(*(values for _, values in columns), strict=True))
    return Table([column for column, _ in columns], rows, more=MORE_IN_DF, keys=2)


def _or_blank(value: float | None) -> Any:
    """Nothing, rather than NULL, where there is no such time."""
    return "" if value is None else value
