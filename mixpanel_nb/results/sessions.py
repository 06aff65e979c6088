"""Result of the sessions report: sessions, users, durations and events."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.naming import property_names
from mixpanel_nb.queries.cells import SessionsCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Line, Measure, Numbers, Sampling, days_of, nothing_is_unknown
from mixpanel_nb.results.report import OVERALL
from mixpanel_nb.results.series import BucketedResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results.users import UsersResult


_MEASURES = ("avg_duration", "median_duration", "p90_duration", "events_per_session")


@dataclass(frozen=True)
class SessionFigures:
    """Numbers of some sessions.

    Attributes:
        sessions: The number of sessions.
        users: The number of their users.
        avg_duration: Mean seconds from the first to the last event; None where there are none.
        median_duration: The median of these.
        p90_duration: The 90th percentile of these, interpolated between two where it falls there.
        events_per_session: Mean number of events.
    """

    sessions: int = 0
    users: int = 0
    avg_duration: float | None = None
    median_duration: float | None = None
    p90_duration: float | None = None
    events_per_session: float | None = None


NO_SESSIONS = SessionFigures()


@dataclass(frozen=True, repr=False)
class SessionsResult(BucketedResult):
    """The sessions of each bucket of time, and of all of them together.

    Attributes:
        from_date: First day.
        to_date: Last day.
        unit: Length of a bucket: ``minute``, ``hour``, ``day``, ``week`` or ``month``; a session is in the
            one in which it began.
        event: The event that happened in the sessions, or None.
        where: The filter that one of their events passes, or None.
        on: The property or expression that splits the sessions, or None.
        timeout: Minutes without an event that end a session.
        exclude: Events that are not part of sessions, beside Mixpanel's own.
        dates: Every bucket of time, in order.
        totals: Segment to the figures of all of its sessions; one segment, ``$overall``, without ``on``.
        figures: Segment to bucket of time to figures; a bucket that is missing has no sessions.
        left_out: Segments beyond the limit.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    from_date: date
    to_date: date
    unit: str
    event: str | None
    where: str | None
    on: str | None
    timeout: int
    exclude: tuple[str, ...]
    dates: tuple[date, ...]
    totals: Mapping[str, SessionFigures]
    figures: Mapping[str, Mapping[date, SessionFigures]]
    left_out: int = 0
    complete: tuple[bool | None, ...] = ()

    @property
    def total(self) -> SessionFigures:
        """The figures of all sessions."""
        return self.totals.get(OVERALL, NO_SESSIONS)

    def users(self, *, date: dt.date | str | None = None, segment: str | None = None) -> UsersResult:
        """The users of the sessions: of a bucket of time, a segment, both, or all.

        Args:
            date: The bucket in which the sessions began, as ``.df`` has it; None is all.
            segment: The segment; None is all.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = SessionsCell(date=date, segment=segment)
        wanted = None if cell.segment == OVERALL else cell.segment
        if self.on is None:
            cells.unbroken(wanted)
        elif wanted is not None:
            cells.name(wanted, self.totals, "segment", "segment")
        return self._users(cell, date=cells.bucket(cell.date, self.dates), segment=wanted)

    @property
    def column_names(self) -> list[str]:
        """``date``, with ``on`` ``segment``, then the figures, and ``complete``."""
        return ["date", *(["segment"] if self.on else []), "sessions", "users", *_MEASURES, "complete"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket of time and segment; its figures are None where the bucket was not fetched."""
        return [
            (day, *([segment] if self.on else []), *_values(self.at(segment, day)), state is True)
            for day, state in zip(self.dates, self.states, strict=True)
            for segment in self.figures
        ]

    def at(self, segment: str, day: date) -> SessionFigures | None:
        """The figures of a segment in a bucket of time; None where the bucket was not fetched."""
        return None if day in self._unknown else self.figures[segment].get(day, NO_SESSIONS)

    @cached_property
    def _unknown(self) -> frozenset[date]:
        return frozenset(self.missing)

    def numbers(self) -> Numbers:
        """Its figures, for a comparison; those of segments beyond a limit are unknown."""
        complete = tuple(state is True for state in self.states)
        lines = [
            Line(
                (segment,),
                (segment,) if self.on else (),
                measure,
                tuple(getattr(self.at(segment, day), measure.name, None) for day in self.dates),
                complete,
                getattr(self.totals.get(segment, NO_SESSIONS), measure.name),
                has_whole=not measure.adds_up and measure.name != "users",
                is_drawn=measure.name == "sessions",
                sampling=Sampling() if measure.name == "users" else None,
            )
            for segment in self.figures
            for measure in _COMPARED
        ]
        return Numbers(
            (("unit", self.unit), ("breakdowns", property_names(self.on))),
            ("segment",) if self.on else (),
            tuple(lines),
            self.dates,
            days_of(self.dates, self.unit, self.from_date, self.to_date),
            self.states,
            nothing_is_unknown if self.left_out else _no_sessions,
        )

    def _dtypes(self) -> Mapping[str, str]:
        whole = "Int64" if None in self.complete else "int64"
        counts = {"date": "datetime64[ns]", "sessions": whole, "users": whole}
        return counts | dict.fromkeys(_MEASURES, "float64")


_COMPARED = (
    Measure("sessions", adds_up=True),
    Measure("users"),
    *(Measure(name, "seconds") for name in _MEASURES[:-1]),
    Measure(_MEASURES[-1]),
)


def _no_sessions(line: Line) -> float | None:
    """The figure of a segment without sessions."""
    none: float | None = getattr(NO_SESSIONS, line.measure.name)
    return none


def _values(figures: SessionFigures | None) -> tuple[Any, ...]:
    if figures is None:
        return (None,) * (2 + len(_MEASURES))
    return (figures.sessions, figures.users, *(getattr(figures, name) for name in _MEASURES))
