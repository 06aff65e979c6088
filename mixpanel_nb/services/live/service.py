"""``LiveQueryService``: live reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.queries.base import parameters_of
from mixpanel_nb.services.live.activity import ActivityReports
from mixpanel_nb.services.live.base import check_askable
from mixpanel_nb.services.live.counts import CountReports
from mixpanel_nb.services.live.funnels import FunnelReports
from mixpanel_nb.services.live.retention import RetentionReports
from mixpanel_nb.services.live.saved import SavedReports
from mixpanel_nb.services.live.segmentation import SegmentationReports

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.queries import Query
    from mixpanel_nb.results.report import ReportResult

Answer = TypeVar("Answer", bound="ReportResult")


class LiveQueryService(
    SegmentationReports,
    CountReports,
    FunnelReports,
    RetentionReports,
    ActivityReports,
    SavedReports,
):
    """Answers queries through Mixpanel's API. Every result contains its ``request``.

    Each query costs one of the project's quota (60 in an hour), and no request is sent twice.
    """

    def ask(self, query: Query[Answer]) -> Answer:
        """The answer to a query.

        Raises:
            ParameterError: only a fetched table can answer it.
            ExpressionError: there is a mistake in an expression; no request was sent.
            APIError: what the client raises; ``ServerError`` for an answer of an unexpected shape.
        """
        check_askable(query)
        for name, parameter in parameters_of(type(query)).items():
            if parameter.any_of_tables and getattr(query, name) is None:
                message = "Mixpanel's API counts named events, not any event."
                raise only_tables(message, name, or_insights=True)
        answer: Answer = _ANSWERS[query.name](self, query)
        note = _note_of_cohorts(((answer.request or {}).get("json") or {}).get("bookmark"))
        return replace(answer, notes=(*answer.notes, note)) if note else answer


def _note_of_cohorts(bookmark: Any) -> str | None:
    """What is to be known of the cohorts that a bookmark defines; None if there are none."""
    if bookmark is None:
        return None
    from mixpanel_nb.bookmarks.inline import defined_in

    names = defined_in(bookmark)
    if not names:
        return None
    listed = ", ".join(repr(name) for name in names)
    return (
        f"Sent as a definition: {listed}. Mixpanel finds the users itself; a length of time such as 30d ends "
        "with the day on which it answers."
    )


_ANSWERS: dict[str, Callable[..., Any]] = {
    "insights": LiveQueryService.insights,
    "active": LiveQueryService.active,
    "segmentation": LiveQueryService.segmentation,
    "segmentation_numeric": LiveQueryService.segmentation_numeric,
    "segmentation_sum": LiveQueryService.segmentation_sum,
    "segmentation_average": LiveQueryService.segmentation_average,
    "event_counts": LiveQueryService.event_counts,
    "property_counts": LiveQueryService.property_counts,
    "top_events": LiveQueryService.top_events,
    "funnel": LiveQueryService.funnel,
    "retention": LiveQueryService.retention,
    "flow": LiveQueryService.flow,
    "frequency": LiveQueryService.frequency,
    "activity_feed": LiveQueryService.activity_feed,
    "saved_report": LiveQueryService.saved_report,
    "jql": LiveQueryService.jql,
}
