"""How many users went through a sequence of steps, and where they were lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.report import OVERALL, ReportResult
from mixpanel_nb.results.series import date_column
from mixpanel_nb.results.wording import (
    beyond_limit,
    days,
    drawn_of,
    filtered,
    first_of,
    listed,
    partly_covered,
    per,
    property_name,
    short,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display import Card, Chart, Column, Table

_MAX_GROUPS = 6  # segments whose bars can be told apart
_MAX_LINES = 7
_MAX_STEP_COLUMNS = 8
_MAX_HEADING = 20
_MAX_NAME = 40

_MEASURES = ("step_conv_ratio", "overall_conv_ratio", "avg_time", "avg_time_from_start")


@dataclass(frozen=True)
class FunnelStep:
    """One step of a funnel, of one segment and bucket of time where it has these.

    Attributes:
        step: Its number, from 1.
        event: What the step is called.
        count: Users that reached it.
        step_conv_ratio: Share of those that reached the step before; 1 for step 1.
        overall_conv_ratio: Share of those that entered; 1 for step 1.
        avg_time: Mean seconds since the step before; None for step 1 or where nobody came.
        avg_time_from_start: Mean seconds since step 1; None for step 1 or where nobody came.
        segment: The segment, of a funnel that is broken down.
        date: Bucket of time of the entry, of a funnel over time.
    """

    step: int
    event: str
    count: int
    step_conv_ratio: float
    overall_conv_ratio: float
    avg_time: float | None
    avg_time_from_start: float | None
    segment: str | None = None
    date: dt.date | None = None


@dataclass(frozen=True, repr=False)
class FunnelResult(ReportResult):
    """How many users went through a sequence of steps.

    Attributes:
        steps: One ``FunnelStep`` a step, for each bucket of time and segment where there are such.
        events: What the steps are called, in order.
        from_date: First day of entry.
        to_date: Last day of entry.
        window: How long a user may take from step 1, in ``window_unit``; None where it is not known.
        window_unit: ``second``, ``minute``, ``hour``, ``day`` or ``week``.
        unit: Bucket of time with a funnel of its own, or None for one funnel over the whole range.
        on: The property or expression that splits the users, or None.
        where: The filter on the events of all steps, or None.
        funnel_id: Mixpanel's id of a saved funnel.
        name: Mixpanel's name of a saved funnel.
        left_out: Segments beyond the limit.
    """

    shown_rows: ClassVar[int] = 20

    steps: tuple[FunnelStep, ...]
    events: tuple[str, ...]
    from_date: date
    to_date: date
    window: int | None
    window_unit: str | None
    unit: str | None
    on: str | None
    where: str | None
    funnel_id: int | None = None
    name: str | None = None
    left_out: int = 0

    @property
    def column_names(self) -> list[str]:
        """``step`` to ``avg_time_from_start``; before it ``date`` with a unit and ``segment`` with ``on``."""
        split = [name for name, given in (("date", self.unit), ("segment", self.on)) if given is not None]
        return [*split, "step", "event", "count", *_MEASURES]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a step."""
        return [tuple(getattr(step, name) for name in self.column_names) for step in self.steps]

    def _dtypes(self) -> Mapping[str, str]:
        times = {} if self.unit is None else {"date": "datetime64[ns]"}
        return times | {"step": "int64", "count": "int64"} | dict.fromkeys(_MEASURES, "float64")

    @property
    def conversion(self) -> float | None:
        """Share of those that entered that reached the last step; None for a funnel over time.

        Of all users together, where the funnel is broken down.
        """
        if self.unit is not None:
            return None
        segment = None if self.on is None else OVERALL
        ratios = [step.overall_conv_ratio for step in self.steps if step.segment == segment]
        return ratios[-1] if ratios else None

    def card(self, *, max_rows: int | None = None) -> Card:
        """The steps as bars, or the conversion over time as lines, and a table of either."""
        del max_rows
        from mixpanel_nb.display import Card

        paths = self._paths()
        entered = any(path.entered for path in paths)
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(),
            chart=self._drawing(titled=False),
            table=self._table(paths) if entered else None,
            query=self.query,
            notes=[*self.remarks, *(self._drawn_notes(paths) if entered else [])],
            empty=None if entered else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return short(self.name) if self.name else " → ".join(short(event, _MAX_NAME) for event in self.events)

    @property
    def _within(self) -> str | None:
        from mixpanel_nb.display import counted

        if self.window is None:
            return None if self.funnel_id is None else "within its saved window"
        return f"within {counted(self.window, self.window_unit or 'day')}"

    @property
    def _subtitle(self) -> str:
        split = f"by {property_name(self.on)}" if self.on else None
        buckets = per(self.unit, (step.date for step in self.steps)) if self.unit else None
        return listed(
            (days(self.from_date, self.to_date), self._within, buckets, split, filtered(self.where))
        )

    def _nothing(self) -> str:
        first = short(self.events[0]) if self.events else "the first step"
        among = listed((f"Nobody did {first}", filtered(self.where)), " ")
        return f"{among} from {self.from_date} to {self.to_date}."

    def _paths(self) -> list[_Path]:
        """The steps of each bucket of time and segment, in the order in which these come."""
        found: dict[tuple[Any, Any], list[FunnelStep]] = {}
        for step in self.steps:
            found.setdefault((step.date, step.segment), []).append(step)
        return [_Path(when, segment, tuple(steps)) for (when, segment), steps in found.items()]

    def _whole(self) -> _Path | None:
        """The funnel of all users together, over the whole range; None where there is none."""
        segment = None if self.on is None else OVERALL
        paths = self._paths() if self.unit is None else []
        return next((path for path in paths if path.segment == segment and path.entered), None)

    def _parts(self, paths: Sequence[_Path]) -> list[_Path]:
        """Those to compare: segments without the whole they are part of, where there are segments."""
        parts = [path for path in paths if path.segment != OVERALL]
        return parts or list(paths)

    def _facts(self) -> list[tuple[str, Any]]:
        from mixpanel_nb.display import format_value

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
            beyond_limit(self.left_out, "segment"),
            partly_covered(dates, self.unit or "", self.from_date, self.to_date),
        )

    def _drawn_notes(self, paths: Sequence[_Path]) -> list[str]:
        note = self._drawn_note(paths)
        return [note] if note else []

    def _drawn_note(self, paths: Sequence[_Path]) -> str | None:
        segments = {path.segment for path in self._parts(paths)}
        most = _MAX_GROUPS if self.unit is None else _MAX_LINES
        return drawn_of(min(len(segments), most), len(segments), "segment")

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import Chart

        paths = self._paths()
        if not any(path.entered for path in paths):
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note(paths)), ". ") if titled else None
        if self.unit is not None:
            return Chart(lambda: self._lines(paths, title, subtitle), self._words_over_time(paths))
        if self.on is None or len(self.events) < 2:
            return Chart(lambda: self._bars(paths[0], title, subtitle), self._words_of_steps(paths[0]))
        return Chart(lambda: self._groups(paths, title, subtitle), self._words_of_segments(paths))

    def _bars(self, path: _Path, title: str | None, subtitle: str | None) -> Any:
        from mixpanel_nb.display import Bar, format_value, step_bars

        bars = []
        for step, following in zip(path.steps, (*path.steps[1:], None), strict=True):
            share = f" · {format_value(step.overall_conv_ratio, 'percent')}" if step.step > 1 else " users"
            name = f"{step.step}. {step.event}"
            below = _passage(step, following) if following else None
            bars.append(Bar(name, step.count, f"{step.count:,}{share}", below))
        return step_bars(bars, title=title, subtitle=subtitle)

    def _groups(self, paths: Sequence[_Path], title: str | None, subtitle: str | None) -> Any:
        """Share of those that entered, per later step and segment; all of them are at step 1."""
        from mixpanel_nb.display import Bar, format_value, grouped_bars

        drawn = self._parts(paths)[:_MAX_GROUPS]
        groups = {
            f"{number}. {event}": [
                Bar("", ratio, format_value(ratio, "percent"))
                for ratio in (path.steps[number - 1].overall_conv_ratio for path in drawn)
            ]
            for number, event in enumerate(self.events[1:], start=2)
        }
        series = [f"{short(path.segment or '', _MAX_HEADING)} · {path.entered:,} entered" for path in drawn]
        return grouped_bars(groups, series, title=title, subtitle=subtitle)

    def _lines(self, paths: Sequence[_Path], title: str | None, subtitle: str | None) -> Any:
        """Conversion over time; a gap where nobody entered."""
        from mixpanel_nb.display import distinct_labels, series_chart

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
            "segment" if self.on else None,
            title=title,
            subtitle=subtitle,
            color_title=self.on and property_name(self.on),
            percent=True,
        )

    def _words_of_steps(self, path: _Path) -> str:
        from mixpanel_nb.display import format_value

        parts = [
            f"{short(step.event)} {step.count:,} ({format_value(step.overall_conv_ratio, 'percent')})"
            for step in path.steps[1:]
        ]
        went = f", then {', '.join(parts)}" if parts else ""
        words = f"Funnel, {self._subtitle}: {path.entered:,} users did {short(self.events[0])}{went}."
        worst = min(path.steps[1:], key=lambda step: step.step_conv_ratio, default=None)
        if worst is None:
            return words
        lost = format_value(1 - worst.step_conv_ratio, "percent")
        return f"{words} The largest drop is before {short(worst.event)}: {lost} of those one step earlier."

    def _words_of_segments(self, paths: Sequence[_Path]) -> str:
        from mixpanel_nb.display import format_value

        parts = [
            f"{short(path.segment or '')} {format_value(path.last.overall_conv_ratio, 'percent')} "
            f"of {path.entered:,}"
            for path in self._parts(paths)
        ]
        whole = None if self.conversion is None else f", {format_value(self.conversion, 'percent')} overall"
        return f"Conversion {self._title}, {self._subtitle}{whole or ''}: {first_of(parts, _MAX_GROUPS)}."

    def _words_over_time(self, paths: Sequence[_Path]) -> str:
        from mixpanel_nb.display import format_value

        known = [path for path in self._parts(paths) if path.conversion is not None]
        most, least = (pick(known, key=lambda path: path.conversion or 0) for pick in (max, min))
        ends = [
            f"{word} {format_value(path.conversion, 'percent')} on {path.date}"
            + (f" ({short(path.segment)})" if path.segment else "")
            for word, path in (("highest", most), ("lowest", least))
        ]
        return f"Conversion {self._title}, {self._subtitle}: {', '.join(ends)}."

    def _table(self, paths: Sequence[_Path]) -> Table:
        if self.unit is None and self.on is None:
            return _steps_table(paths[0])
        return self._paths_table(paths)

    def _paths_table(self, paths: Sequence[_Path]) -> Table:
        """A row a bucket of time and segment: who entered, the share at each step, who converted."""
        from mixpanel_nb.display import Column, Table, distinct_labels

        heads: list[tuple[Column, list[Any]]] = []
        if self.unit is not None:
            heads.append((date_column(self.unit), [path.date for path in paths]))
        if self.on is not None:
            heads.append(
                (Column("segment", "text"), [short(path.segment or "", _MAX_NAME) for path in paths])
            )
        later = list(enumerate(self.events))[1:][-_MAX_STEP_COLUMNS:]
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
        return Table([column for column, _ in columns], rows, more=".df has them all")


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
    from mixpanel_nb.display import format_value

    time = following.avg_time
    after = "" if time is None else f", after {format_value(time, 'duration')} on average"
    went_on = f"{format_value(following.step_conv_ratio, 'percent')} went on{after}"
    return f"↓ {went_on} · {step.count - following.count:,} dropped off"


def _steps_table(path: _Path) -> Table:
    from mixpanel_nb.display import Column, Table

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
    return Table(columns, rows, more=".df has them all")


def _or_blank(value: float | None) -> Any:
    """Nothing, rather than NULL, where there is no such time."""
    return "" if value is None else value
