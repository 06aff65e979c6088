"""Reconciliation: the reports that Mixpanel and a table answer from the same query."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word, did_you_mean
from mixpanel_nb.queries.base import parameters_of, request_parameters
from mixpanel_nb.queries.counts import EventCounts, PropertyCounts
from mixpanel_nb.queries.frequency import Frequency
from mixpanel_nb.queries.funnel import Funnel
from mixpanel_nb.queries.retention import Retention
from mixpanel_nb.queries.segmentation import Segmentation, SegmentationAverage, SegmentationSum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.queries.base import Query
    from mixpanel_nb.queries.parameter import Parameter

RECONCILED: dict[str, type[Query[Any]]] = {
    query.name: query
    for query in (
        Segmentation,
        SegmentationSum,
        SegmentationAverage,
        EventCounts,
        PropertyCounts,
        Funnel,
        Retention,
        Frequency,
    )
}
"""The reports that can be reconciled, by name; ranges of a number cannot, since Mixpanel chooses others."""

_LEFT_OUT = {"annotations", "compare", "diff", "live", "in_cohort", "not_in_cohort"}


def reconciled(report: str, between: str = "_") -> type[Query[Any]]:
    """The query of a report that Mixpanel and tables both answer.

    Args:
        report: Its name.
        between: What stands between the words of names in errors.

    Raises:
        ParameterError: there is no such report, or one side alone answers it.
    """
    name = report.replace("-", "_")
    if name in RECONCILED:
        return RECONCILED[name]
    from mixpanel_nb.queries import QUERIES

    names = [each.replace("_", between) for each in RECONCILED]
    listed = f"Reports that can be: {', '.join(names)}."
    if name not in QUERIES:
        message = f"There is no report {report!r}."
        hint = did_you_mean(report, names) or listed
    else:
        side = (
            "only tables answer it"
            if QUERIES[name].needs_table
            else "reconciling does not compare its answers"
        )
        message, hint = f"{report!r} cannot be reconciled: {side}.", listed
    raise ParameterError(message, parameter="report", value=report, hint=hint)


def reconcile_parameters(query: type[Query[Any]]) -> dict[str, Parameter]:
    """The parameters of a report that is reconciled: those that both sides know."""
    known = request_parameters(query)
    return {
        name: replace(each, any_option=None) if each.any_of_tables else each
        for name, each in known.items()
        if name not in _LEFT_OUT
    }


def check_reconciled(query: Query[Any]) -> None:
    """Refuse a question that Mixpanel's API does not answer, before it is asked.

    Raises:
        ParameterError: it is about any event.
    """
    for name, parameter in parameters_of(type(query)).items():
        if parameter.any_of_tables and getattr(query, name) is None:
            message = "Mixpanel's API counts named events, not any event."
            raise ParameterError(
                message, parameter=name, hint=["Name an event: ", Word(name, "Purchase"), "."]
            )


def reconcile_arguments(
    query: type[Query[Any]], subject: Sequence[Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of a query by name.

    Args:
        query: The kind of query.
        subject: The values of its positional fields.
        given: Other values by name.

    Raises:
        ParameterError: one is given twice, is one too many, or is not known to both sides.
    """
    places = [name for name, each in parameters_of(query).items() if each.positional]
    if len(subject) > len(places):
        message = f"{query.name} takes {len(places)} values without a name, and {len(subject)} are given."
        raise ParameterError(message, parameter="report", hint="Name the others.")
    named = dict(zip(places, subject, strict=False))
    known = reconcile_parameters(query)
    for name in given:
        if name in named:
            raise ParameterError(f"{query.name} is given {name!r} twice.", parameter=name)
        if name not in known:
            hint = did_you_mean(name, known)
            if name in _LEFT_OUT:
                hint = "It is for one of the two sides alone: leave it out."
            raise ParameterError([f"Reconciling {query.name} takes no {name!r}."], parameter=name, hint=hint)
    return named | dict(given)
