"""Cells: which number of a report is meant, when its users are asked for.

Each report has a dataclass of what tells its numbers apart: a bucket of time, a segment, a step. Its fields
are declared as those of queries are; the options of ``mp users`` and the code that repeats the question
follow.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import literal, parameters_of
from mixpanel_nb.queries.checks import MAX_EDGE, MAX_STEPS, Flag, Name, Optional, Text, Whole
from mixpanel_nb.queries.parameter import Parameter

MAX_PLACE = 1_000


@dataclass(frozen=True)
class Moment:
    """A bucket of time: a date, or a date and time, also as ISO text."""

    def __call__(self, value: Any, name: str) -> date:
        """The bucket; see :class:`Check`."""
        if isinstance(value, date):
            return value
        try:
            text = str(value)
            return (
                date.fromisoformat(text) if len(text) == len("2025-01-06") else datetime.fromisoformat(text)
            )
        except ValueError:
            hint = "Give a bucket of the report as 2025-01-06, of minutes and hours as 2025-01-06T13:00."
            problem = f" is {str(value)[:40]!r}, which is no day."
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint) from None

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "string"}


@dataclass(frozen=True)
class SegmentName:
    """The name of a segment; of several breakdowns a name each."""

    def __call__(self, value: Any, name: str) -> str | tuple[str, ...]:
        """The name; see :class:`Check`."""
        if isinstance(value, str):
            return value
        if isinstance(value, Sequence) and value and all(isinstance(each, str) for each in value):
            return value[0] if len(value) == 1 else tuple(value)
        problem = f" is {str(value)[:60]!r}, which is no name."
        hint = "Give the name that the report shows; with several breakdowns, a name for each."
        raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}


At = Annotated[
    date | str | None,
    Parameter("Users of this bucket of time: its first day, or its hour.", Optional(Moment()), "DAY", "--at"),
]
Segment = Annotated[
    str | Sequence[str] | None,
    Parameter("Users of this segment (one for each breakdown).", Optional(SegmentName()), "NAME"),
]
OneSegment = Annotated[str | None, Parameter("Users of this segment.", Optional(Text()), "NAME")]
OfEvent = Annotated[str | None, Parameter("Users of this event.", Optional(Name()), "EVENT")]
OfProperty = Annotated[
    str | None,
    Parameter(
        "Users of events with a value of this property.", Optional(Name()), "PROPERTY", option="--of-property"
    ),
]
OfValue = Annotated[str | None, Parameter("That value.", Optional(Text()), "VALUE", option="--of-value")]


def _check_pair(prop: str | None, value: str | None) -> None:
    """Refuse a property without a value, and a value without a property.

    Raises:
        ParameterError: one of both is missing.
    """
    if (prop is None) != (value is None):
        name, missing = ("value", "prop") if prop is None else ("prop", "value")
        message = [Word(name), " and ", Word(missing), " go together."]
        raise ParameterError(message, parameter=missing, hint="Give the property and its value.")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The whole of a report.

    Raises:
        ParameterError: a value is none that its field takes.
    """

    name: ClassVar[str] = "cell"

    def __post_init__(self) -> None:
        for name, parameter in parameters_of(type(self)).items():
            object.__setattr__(self, name, parameter.check(getattr(self, name), name))

    def given(self) -> dict[str, Any]:
        """The fields that are given, as data."""
        found = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in found.items() if value is not None and value is not False}

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``result.users()``."""
        return self.given()

    def python(self) -> str:
        """The call that gives the users, behind a result."""
        plain = {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.arguments().items()
        }
        return f".users({', '.join(f'{name}={literal(value)}' for name, value in plain.items())})"

    def words(self) -> list[str]:
        """The options of ``mp users``."""
        words = []
        known = parameters_of(type(self))
        for name, value in self.given().items():
            option = known[name].option_of(name)
            if value is True:
                words.append(option)
                continue
            for item in value if isinstance(value, tuple) else (value,):
                word = item.isoformat() if isinstance(item, date) else str(item)
                words += [f"{option}={word}"] if word.startswith("-") or not word else [option, word]
        return words


@dataclass(frozen=True, kw_only=True)
class DateCell(Cell):
    """A bucket of time."""

    name: ClassVar[str] = "date_cell"

    date: At = None


@dataclass(frozen=True, kw_only=True)
class SegmentCell(Cell):
    """A bucket of time and a segment."""

    name: ClassVar[str] = "segment_cell"

    date: At = None
    segment: Segment = None


@dataclass(frozen=True, kw_only=True)
class SessionsCell(Cell):
    """A bucket of time and a segment of sessions."""

    name: ClassVar[str] = "sessions_cell"

    date: At = None
    segment: OneSegment = None


@dataclass(frozen=True, kw_only=True)
class ExperimentCell(Cell):
    """A variant of an experiment, and a segment."""

    name: ClassVar[str] = "experiment_cell"

    variant: Annotated[
        str | None,
        Parameter("Users of this variant.", Optional(Text()), "VARIANT", option="--of-variant"),
    ] = None
    segment: OneSegment = None


@dataclass(frozen=True, kw_only=True)
class WhyCell(Cell):
    """The bucket that is explained, or the events in it with a value of a property."""

    name: ClassVar[str] = "why_cell"

    prop: OfProperty = None
    value: OfValue = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_pair(self.prop, self.value)


@dataclass(frozen=True, kw_only=True)
class AnomalyCell(Cell):
    """A day, and an event or the events with a value of a property on it."""

    name: ClassVar[str] = "anomaly_cell"

    date: At = None
    event: OfEvent = None
    prop: OfProperty = None
    value: OfValue = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_pair(self.prop, self.value)


@dataclass(frozen=True, kw_only=True)
class SignalCell(Cell):
    """Those who reached the goal or missed it, and who did something before or did not."""

    name: ClassVar[str] = "signal_cell"

    event: Annotated[
        str | None,
        Parameter(
            "Users who did this event as often as the report says.", Optional(Name()), "EVENT", "--did"
        ),
    ] = None
    prop: OfProperty = None
    value: OfValue = None
    without: Annotated[
        bool, Parameter("With {--did}: users who did it less often, or not at all.", Flag(), "")
    ] = False
    reached: Annotated[bool, Parameter("Users who reached the goal.", Flag(), "")] = False
    missed: Annotated[bool, Parameter("Users who did not reach it.", Flag(), "")] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_pair(self.prop, self.value)
        if self.event is None and (self.without or self.prop is not None):
            name = "without" if self.without else "prop"
            message = [Word(name), " needs the event that users did."]
            hint = ["Name it: ", Word("event", "Purchase"), "."]
            raise ParameterError(message, parameter=name, value=getattr(self, name), hint=hint)
        if self.reached and self.missed:
            message = [Word("reached"), " and ", Word("missed"), " do not go together."]
            raise ParameterError(message, parameter="missed", value=True, hint="Leave out one of them.")


@dataclass(frozen=True, kw_only=True)
class EventCell(Cell):
    """An event."""

    name: ClassVar[str] = "event_cell"

    event: OfEvent = None


@dataclass(frozen=True, kw_only=True)
class EventsCell(Cell):
    """A bucket of time and an event."""

    name: ClassVar[str] = "events_cell"

    date: At = None
    event: OfEvent = None


@dataclass(frozen=True, kw_only=True)
class ValueCell(Cell):
    """A bucket of time and a value of a property."""

    name: ClassVar[str] = "value_cell"

    date: At = None
    value: Annotated[
        str | None,
        Parameter("Users with this value of the property.", Optional(Text()), "VALUE", "--segment"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RangeCell(Cell):
    """A bucket of time and a range of numbers."""

    name: ClassVar[str] = "range_cell"

    date: At = None
    bucket: Annotated[
        str | None,
        Parameter("Users of this range, as the report names it.", Optional(Text()), "RANGE", "--range"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class InsightsCell(Cell):
    """A metric, a bucket of time and a segment."""

    name: ClassVar[str] = "insights_cell"

    metric: Annotated[
        str | None,
        Parameter("Users of this metric: its name, or its letter.", Optional(Name()), "METRIC", "--metric"),
    ] = None
    date: At = None
    segment: Segment = None


@dataclass(frozen=True, kw_only=True)
class FunnelCell(Cell):
    """A step that was reached, or before which users dropped out; a segment, and a bucket of time."""

    name: ClassVar[str] = "funnel_cell"

    reached: Annotated[
        int | None, Parameter("Users who reached step N.", Optional(Whole(MAX_STEPS)), "N", read=int)
    ] = None
    dropped: Annotated[
        int | None,
        Parameter(
            "Users who reached the step before N, and not N.", Optional(Whole(MAX_STEPS, 2)), "N", read=int
        ),
    ] = None
    segment: Segment = None
    date: At = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reached is not None and self.dropped is not None:
            message = [Word("reached"), " and ", Word("dropped"), " do not go together."]
            raise ParameterError(
                message, parameter="dropped", value=self.dropped, hint="Leave out one of them."
            )

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``funnel.users()``, where a step has one name."""
        given = self.given()
        reached, dropped = given.pop("reached", None), given.pop("dropped", None)
        step = {} if reached is None and dropped is None else {"step": reached or dropped}
        return step | ({} if dropped is None else {"dropped": True}) | given


@dataclass(frozen=True, kw_only=True)
class RetentionCell(Cell):
    """A cohort, and whether its users came back in a period."""

    name: ClassVar[str] = "retention_cell"

    cohort: Annotated[
        date | str | None,
        Parameter("Users of the cohort that begins on this day.", Optional(Moment()), "DAY"),
    ] = None
    period: Annotated[
        int | None,
        Parameter("Users who came back in this period, from 0.", Optional(Whole(MAX_EDGE, 0)), "N", read=int),
    ] = None
    away: Annotated[bool, Parameter("With --period: users who did not come back in it.", Flag(), "")] = False
    segment: Segment = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.away and self.period is None:
            hint = ["Name the period: ", Word("period", 1), "."]
            message = [Word("away"), " needs a period in which users did not come back."]
            raise ParameterError(message, parameter="away", value=True, hint=hint)

    def arguments(self) -> dict[str, Any]:
        """The arguments of ``retention.users()``."""
        given = self.given()
        away = {"returned": False} if given.pop("away", False) else {}
        return given | away


@dataclass(frozen=True, kw_only=True)
class FrequencyCell(Cell):
    """A bucket of time, and in how many of its parts users were active."""

    name: ClassVar[str] = "frequency_cell"

    date: At = None
    at_least: Annotated[
        int | None,
        Parameter(
            "Users active in at least N hours or days of it.", Optional(Whole(MAX_PLACE)), "N", read=int
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class FlowCell(Cell):
    """An event at a step, what followed it, or a path."""

    name: ClassVar[str] = "flow_cell"

    step: Annotated[
        int | None,
        Parameter(
            "Users of an event at this step; 0 is the first anchor.",
            Optional(Whole(MAX_PLACE, -MAX_PLACE)),
            "N",
            "--at-step",
            read=int,
        ),
    ] = None
    event: Annotated[
        str | None, Parameter("The event at the step; or $dropoff.", Optional(Name()), "EVENT")
    ] = None
    source: Annotated[
        str | None, Parameter("The event at the step, before --target.", Optional(Name()), "EVENT")
    ] = None
    target: Annotated[str | None, Parameter("What followed it; or $dropoff.", Optional(Name()), "EVENT")] = (
        None
    )
    path: Annotated[
        int | None,
        Parameter("Users of the Nth most frequent path, from 1.", Optional(Whole(MAX_PLACE)), "N", read=int),
    ] = None
    segment: OneSegment = None

    def __post_init__(self) -> None:
        super().__post_init__()
        named = [name for name in ("event", "source", "target") if getattr(self, name) is not None]
        if self.path is not None and (named or self.step is not None):
            self._refuse("path", " takes no step or event.", "Give a path alone, or a step and its event.")
        if "event" in named and len(named) > 1:
            self._refuse("event", " does not go with a source or target.", "Leave out one of them.")
        if ("source" in named) != ("target" in named):
            self._refuse(named[0], " is one end alone.", "Give both ends, source and target.")
        if bool(named) != (self.step is not None):
            self._refuse("step", " and an event go together.", "Give the step, and the event at it.")

    def _refuse(self, name: str, problem: str, hint: str) -> None:
        raise ParameterError([Word(name), problem], parameter=name, value=getattr(self, name), hint=hint)


CELLS: dict[str, type[Cell]] = {
    "insights": InsightsCell,
    "active": InsightsCell,
    "segmentation": SegmentCell,
    "segmentation_numeric": RangeCell,
    "segmentation_sum": DateCell,
    "segmentation_average": DateCell,
    "event_counts": EventsCell,
    "property_counts": ValueCell,
    "top_events": EventCell,
    "funnel": FunnelCell,
    "retention": RetentionCell,
    "flow": FlowCell,
    "frequency": FrequencyCell,
    "sessions": SessionsCell,
    "experiment": ExperimentCell,
    "why": WhyCell,
    "anomalies": AnomalyCell,
    "signal": SignalCell,
    "activity_feed": Cell,
}
"""What tells the numbers of a report apart, by the report's name; the others have no users."""
