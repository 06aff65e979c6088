"""``linked``: a query as a report of Mixpanel's web application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks.writing import body_of
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries import (
    Active,
    EventCounts,
    Flow,
    Funnel,
    Insights,
    Retention,
    Segmentation,
    SegmentationSum,
)
from mixpanel_nb.queries.metrics import Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.bookmarks.inline import OwnCohort
    from mixpanel_nb.queries import Query

_TYPES: dict[type[Query[Any]], str] = {
    Insights: "insights",
    Active: "insights",
    Funnel: "funnels",
    Retention: "retention",
    Flow: "flows",
}
_MEASURES = {"general": "total", "unique": "unique"}
_HINT = (
    "These have one: Insights, active users, funnels, retention, flows, segmentation, sums, several events."
)


@dataclass(frozen=True)
class Linked:
    """A report that a link opens.

    Attributes:
        type: ``insights``, ``funnels``, ``retention`` or ``flows``.
        params: The bookmark.
    """

    type: str
    params: Mapping[str, Any]


def linked(query: Query[Any], find_cohort: Callable[[str], OwnCohort] | None = None) -> Linked:
    """The report of Mixpanel's web application that asks a query.

    Args:
        query: Insights, active users, a funnel of steps, retention or a flow; segmentation, the sum of a
            number and several events become Insights.
        find_cohort: Gives a cohort of the database by its name, to be kept in the report as its definition.

    Raises:
        ParameterError: no report of Mixpanel's asks it.
    """
    if query.comparison is not None or query.groups is not None:
        name = "diff" if query.comparison is None else "compare"
        hint = "Take the link of `.after` or of `.before`."
        raise ParameterError(
            ["A link shows one report, without ", Word(name), "."], parameter=name, hint=hint
        )
    asked = _as_insights(query)
    kind = _TYPES.get(type(asked))
    if kind is None:
        message = f"{query.title}: Mixpanel has no link to a report that asks this."
        raise ParameterError(message, parameter="report", value=query.name, hint=_HINT)
    return Linked(kind, body_of(asked, find_cohort=find_cohort).bookmark)


def _as_insights(query: Query[Any]) -> Query[Any]:
    """The same as Insights, if it is one of their forms; else the query itself."""
    metrics: tuple[Metric, ...]
    match query:
        case Segmentation():
            metrics = (Metric(query.event, _measure(query.type)),)
        case SegmentationSum():
            metrics = (Metric(query.event, "sum", query.on),)
        case EventCounts():
            measure = _measure(query.type)
            metrics = tuple(Metric(event, measure) for event in query.events or (None,))
        case _:
            return query
    return Insights(
        metrics=metrics,
        from_date=query.from_date,
        to_date=query.to_date,
        unit=query.unit,
        on=_breakdowns(query) if isinstance(query, Segmentation) else (),
        where=query.where,
    )


def _breakdowns(query: Segmentation) -> tuple[str, ...]:
    if query.on is None:
        return ()
    return (query.on,) if isinstance(query.on, str) else query.on


def _measure(counted: str) -> str:
    if counted not in _MEASURES:
        hint = "Count events (general) or users (unique)."
        message = ["No report of Mixpanel's web application shows ", Word("type", counted), "."]
        raise ParameterError(message, parameter="type", value=counted, hint=hint)
    return _MEASURES[counted]
