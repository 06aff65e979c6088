"""How a funnel looks: its steps as bars, its segments side by side, or its conversion over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    Bar,
    Card,
    Chart,
    Column,
    Table,
    counted,
    distinct_labels,
    first_of,
    format_value,
    grouped_bars,
    series_chart,
    step_bars,
)
from mixpanel_nb.results import OVERALL, FunnelResult, FunnelStep
from mixpanel_nb.views.base import MORE_IN_DF
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
    import datetime as dt
    from collections.abc import Sequence

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
        return f"within {counted(self.result.window, self.result.window_unit or 'day')}"

    @property
    def _subtitle(self) -> str:
        split = f"by {property_name(self.result.on)}" if self.result.on else None
        buckets = (
            per(self.result.unit, (step.date for step in self.result.steps)) if self.result.unit else None
        )
        return listed(
            (
                days(self.result.from_date, self.result.to_date),
                self._within,
                buckets,
                split,
                filtered(self.result.where),
            )
        )

    def _nothing(self) -> str:
        first = short(self.result.events[0]) if self.result.events else "the first step"
        among = listed((f"Nobody did {first}", filtered(self.result.where)), " ")
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
            ("Conversion", format_value(last.overall_conv_ratio, "percent")),
        ]
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
            partly_covered(dates, self.result.unit or "", self.result.from_date, self.result.to_date),
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
        if self.result.unit is not None:
            return Chart(lambda: self._lines(paths, title, subtitle), self._words_over_time(paths))
        if self.result.on is None or len(self.result.events) < 2:
            return Chart(lambda: self._bars(paths[0], title, subtitle), self._words_of_steps(paths[0]))
        return Chart(lambda: self._groups(paths, title, subtitle), self._words_of_segments(paths))

    def _bars(self, path: _Path, title: str | None, subtitle: str | None) -> Any:
        bars = []
        for step, following in zip(path.steps, (*path.steps[1:], None), strict=True):
            share = f" · {format_value(step.overall_conv_ratio, 'percent')}" if step.step > 1 else " users"
            name = f"{step.step}. {step.event}"
            below = _passage(step, following) if following else None
            bars.append(Bar(name, step.count, f"{step.count:,}{share}", below))
        return step_bars(bars, title=title, subtitle=subtitle)

    def _groups(self, paths: Sequence[_Path], title: str | None, subtitle: str | None) -> Any:
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
        return grouped_bars(groups, series, title=title, subtitle=subtitle)

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
        return series_chart(
            rows,
            "date",
            "conversion",
            "segment" if self.result.on else None,
            title=title,
            subtitle=subtitle,
            color_title=self.result.on and property_name(self.result.on),
            percent=True,
        )

    def _words_of_steps(self, path: _Path) -> str:
        parts = [
            f"{short(step.event)} {step.count:,} ({format_value(step.overall_conv_ratio, 'percent')})"
            for step in path.steps[1:]
        ]
        went = f", then {', '.join(parts)}" if parts else ""
        words = f"Funnel, {self._subtitle}: {path.entered:,} users did {short(self.result.events[0])}{went}."
        worst = min(path.steps[1:], key=lambda step: step.step_conv_ratio, default=None)
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
            f"{word} {format_value(path.conversion, 'percent')} on {path.date}"
            + (f" ({short(path.segment)})" if path.segment else "")
            for word, path in (("highest", most), ("lowest", least))
        ]
        return f"Conversion {self._title}, {self._subtitle}: {', '.join(ends)}."

    def _table(self, paths: Sequence[_Path]) -> Table:
        if self.result.unit is None and self.result.on is None:
            return _steps_table(paths[0])
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
            (Column("mean time", "duration"), [_or_blank(path.last.avg_time_from_start) for path in paths]),
        ]
        rows = list(zip(*(values for _, values in columns), strict=True))
        return Table([column for column, _ in columns], rows, more=MORE_IN_DF)


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

    def share_at(self, place: int) -> Any:
        """Share of those that entered that reached a step, by its place from 0; blank if nobody entered."""
        return self.steps[place].overall_conv_ratio if self.entered else ""


def _passage(step: FunnelStep, following: FunnelStep) -> str:
    """``61.0% went on, after 2 h 05 min on average · 3,167 dropped off``."""
    time = following.avg_time
    after = "" if time is None else f", after {format_value(time, 'duration')} on average"
    went_on = f"{format_value(following.step_conv_ratio, 'percent')} went on{after}"
    return f"↓ {went_on} · {step.count - following.count:,} dropped off"


def _steps_table(path: _Path) -> Table:
    columns = [
        Column("step", "integer"),
        Column("event", "text"),
        Column("users", "integer"),
        Column("of previous", "percent"),
        Column("of first", "percent"),
        Column("mean time", "duration"),
        Column("since first", "duration"),
    ]
    rows = [
        (
            step.step,
            step.event,
            step.count,
            step.step_conv_ratio,
            step.overall_conv_ratio,
            _or_blank(step.avg_time),
            _or_blank(step.avg_time_from_start),
        )
        for step in path.steps
    ]
    return Table(columns, rows, more=MORE_IN_DF)


def _or_blank(value: float | None) -> Any:
    """Nothing, rather than NULL, where there is no such time."""
    return "" if value is None else value
