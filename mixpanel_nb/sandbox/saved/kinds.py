"""The kinds of saved items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from mixpanel_nb.queries import CountType, Unit

ReportType = Literal["insights", "funnels", "retention", "flows"]
PropertyType = Literal["array", "boolean", "integer", "null", "number", "object", "string"]
EntityType = Literal["event", "profile"]


@dataclass(frozen=True)
class Funnel:
    """A saved funnel.

    Attributes:
        id: Its ``funnel_id``.
        name: Its name.
        steps: Events, each with a filter or None.
        length: The conversion window, in ``length_unit``.
        length_unit: ``day``, ``hour``, ``minute`` or ``second``.
    """

    id: int
    name: str
    steps: Sequence[tuple[str, str | None]]
    length: int
    length_unit: str = "day"


@dataclass(frozen=True)
class Did:
    """Users who did something on some days (inclusive, UTC).

    Attributes:
        event: What they did.
        first: The first day.
        last: The last day.
        where: Expression that filters the events, or None.
    """

    event: str
    first: date
    last: date
    where: str | None = None


@dataclass(frozen=True)
class Cohort:
    """A saved cohort: the users whose profile matches, or who did something.

    Attributes:
        id: Its number.
        name: Its name.
        description: Its description.
        created: When it was saved (UTC).
        members: An expression over profiles, or what users did.
        is_visible: Whether Mixpanel's interface shows it.
    """

    id: int
    name: str
    description: str
    created: datetime
    members: str | Did
    is_visible: bool = True


@dataclass(frozen=True)
class Insights:
    """Events over time, perhaps by segment.

    Attributes:
        events: The events.
        unit: Buckets of time.
        math: What is counted.
        on: A property to break down by, or None.
    """

    events: Sequence[str]
    unit: Unit
    math: CountType = "general"
    on: str | None = None


@dataclass(frozen=True)
class Retention:
    """A retention report.

    Attributes:
        born_event: What makes a user part of a cohort.
        return_event: What counts as coming back; None for any event.
        unit: Cohorts and periods.
        interval_count: The last period, counted from 0.
    """

    born_event: str
    return_event: str | None
    unit: Unit
    interval_count: int


@dataclass(frozen=True)
class Flow:
    """What users did after an event.

    Attributes:
        start: The event.
        steps: How many events after it are shown.
        hidden: Events that are not shown.
        limit: Events of a step that are shown.
    """

    start: str
    steps: int
    hidden: Sequence[str] = ()
    limit: int = 3


@dataclass(frozen=True)
class Report:
    """A saved report, in Mixpanel's API a bookmark.

    Attributes:
        id: Its ``bookmark_id``; that of a funnel is the funnel's own id.
        name: Its name.
        description: What it shows.
        created: When it was saved (UTC).
        asks: What it asks; of a funnel, one whose steps have no filters.
        first: First day it asks about.
        last: Last day.
    """

    id: int
    name: str
    description: str
    created: datetime
    asks: Insights | Funnel | Retention | Flow
    first: date
    last: date

    @property
    def type(self) -> ReportType:
        """Mixpanel's word for the kind of report."""
        if isinstance(self.asks, Funnel):
            return "funnels"
        if isinstance(self.asks, Flow):
            return "flows"
        return "retention" if isinstance(self.asks, Retention) else "insights"


@dataclass(frozen=True)
class Annotation:
    """A note at a moment of the timeline (UTC)."""

    id: int
    moment: datetime
    description: str
    tags: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True)
class LookupTable:
    """A lookup table.

    Attributes:
        id: Its number.
        name: Its name.
        created: When it was made.
        rows: The names of its columns, and its rows.
    """

    id: int
    name: str
    created: str
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Property:
    """A described property.

    Attributes:
        type: What it holds.
        description: What it means.
        hidden: Whether Mixpanel's interface hides it.
    """

    type: PropertyType
    description: str
    hidden: bool = False


@dataclass(frozen=True)
class Entity:
    """A described event, or the description of profiles.

    Attributes:
        type: ``event`` or ``profile``.
        name: The event's name; ``$user`` for profiles.
        description: What it means.
        properties: Its properties by name.
        tags: Words to find it by.
        hidden: Whether Mixpanel's interface hides it.
        display_name: What the interface calls it, where that is not its name.
    """

    type: EntityType
    name: str
    description: str
    properties: Mapping[str, Property] = field(default_factory=dict)
    tags: Sequence[str] = ()
    hidden: bool = False
    display_name: str | None = None
