"""``body_of``: a query as the body of a request, bookmark included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.bookmarks import cohorts, filters, inline
from mixpanel_nb.bookmarks.measures import metric_clause
from mixpanel_nb.bookmarks.properties import property_node, resource_of
from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.bookmarks.sections import (
    event_behavior,
    group_section,
    said,
    time_section,
    unsaid,
)
from mixpanel_nb.errors import Word
from mixpanel_nb.queries import Active, Flow, Funnel, Insights, Retention, Step, changed
from mixpanel_nb.queries.flow import SESSION_EVENTS
from mixpanel_nb.queries.funnel import DEFAULT_WINDOW, EVER, WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.bookmarks.inline import OwnCohort
    from mixpanel_nb.queries import Query

Asked = TypeVar("Asked", Insights, Funnel)

DEFAULT_LIMIT = 3_000
"""The segments that Mixpanel's own client asks for."""

_FUNNEL_COUNTS = {"uniques": "unique", "totals": "total", "sessions": "session"}
_MODES = {"on_or_after": "carry_back", "on_or_before": "carry_forward", "streak": "consecutive_forward"}
_FLOW_UNITS = ("day", "week", "month")
_SESSION_WINDOW = {"unit": "session", "value": 1}
FLOW_KINDS = {
    "sankey": ("sankey", "graph", "flows_sankey"),
    "paths": ("top-paths", "list", "flows_top_paths"),
}


@dataclass(frozen=True)
class Body:
    """The body of a POST, without the project.

    Attributes:
        endpoint: ``insights`` or ``arb_funnels``.
        bookmark: What is asked.
        more: The other fields.
    """

    endpoint: str
    bookmark: Mapping[str, Any]
    more: Mapping[str, Any]

    def of_project(self, project: str) -> dict[str, Any]:
        """The whole body."""
        number = int(project) if project.isdecimal() else project
        return {"bookmark": self.bookmark, "project_id": number, **self.more}


def body_of(
    query: Query[Any], kind: str = "sankey", find_cohort: Callable[[str], OwnCohort] | None = None
) -> Body:
    """The body that asks Mixpanel a query.

    Args:
        query: Insights, active users, a funnel of steps, retention or a flow.
        kind: Of a flow, ``sankey`` for its nodes and edges, or ``paths``.
        find_cohort: Gives a cohort of the database by its name, to be sent as its definition; None where
            no such cohort can be sent.

    Raises:
        ExpressionError: there is a mistake in an expression.
        ParameterError: only a table can answer it.
    """
    if isinstance(query, Flow):
        flow = inline.defined(_flow(query, kind), find_cohort)
        return Body("arb_funnels", flow, {"query_type": FLOW_KINDS[kind][2]})
    bookmark: dict[str, Any]
    if isinstance(query, Active):
        query = query.insights
    if isinstance(query, Insights):
        bookmark, broken_down = _insights(query), bool(query.on)
    elif isinstance(query, Funnel):
        bookmark, broken_down = _funnel(query), query.on is not None
    elif isinstance(query, Retention):
        bookmark, broken_down = _retention(query), query.on is not None
    else:
        raise TypeError(query)
    limit = query.limit if broken_down else DEFAULT_LIMIT
    return Body("insights", inline.defined(bookmark, find_cohort), {"queryLimits": {"limit": limit}})


def _insights(query: Insights) -> dict[str, Any]:
    named = query
    query, clauses = _filtered(query, "metrics")
    if (
        query is not named
    ):  # the answer names its series by what each metric is, which its filter now is part of
        metrics = zip(query.metrics, named.metrics, strict=True)
        query = changed(query, metrics=tuple(replace(each, label=own.name) for each, own in metrics))
    formulas = [
        {
            "type": "formula",
            "definition": formula.text,
            "measurement": {},
            "referencedMetrics": [],
            "name": formula.name,
        }
        for formula in query.formulas
    ]
    return {
        "sections": {
            "show": [*(metric_clause(metric) for metric in query.metrics), *formulas],
            "time": time_section(query.from_date, query.to_date, query.unit),
            "filter": [*clauses, *cohorts.clauses_of(query)],
            "group": group_section(query.on),
        },
        "displayOptions": {"chartType": "bar" if query.totals else "line", **_analysis(query)},
    }


def _analysis(query: Insights) -> dict[str, Any]:
    if query.rolling is not None:
        return {"analysis": "rolling", "rollingWindowSize": query.rolling}
    return {"analysis": "cumulative" if query.cumulative else "linear"}


def _filtered(query: Asked, parts: str) -> tuple[Asked, list[dict[str, Any]]]:
    """The query and the clauses of its filter, all of which hold; what is joined by ``or`` is each part's.

    Args:
        query: The query.
        parts: Its field whose items have filters of their own.

    Raises:
        ParameterError: only a table can filter so.
    """
    clauses, determiner = said(query.where, "where")
    if determiner == filters.ALL:
        return query, clauses
    found = getattr(query, parts)
    if any(part.where is not None for part in found):
        raise unsaid(query.where, "where")
    filtered: Any = {parts: tuple(replace(part, where=query.where) for part in found)}
    return changed(query, **filtered, where=None), []


def _funnel(query: Funnel) -> dict[str, Any]:
    _refuse_in_funnels(query)
    query, clauses = _filtered(query, "steps")
    unit = query.unit or "day"
    return {
        "sections": {
            "show": [
                {
                    "type": "metric",
                    "behavior": _funnel_behavior(query),
                    "measurement": {
                        "math": f"conversion_rate_{_FUNNEL_COUNTS[query.count]}",
                        "property": None,
                        "stepIndex": None,
                    },
                }
            ],
            "time": time_section(query.from_date, query.to_date, unit),
            "filter": [*clauses, *cohorts.clauses_of(query)],
            "group": group_section(query.breakdowns),
            "formula": [],
        },
        "displayOptions": {"chartType": "funnel-steps" if query.unit is None else "line"},
    }


def _refuse_in_funnels(query: Funnel) -> None:
    """Refuse what Mixpanel's typed funnels have no field for.

    Raises:
        ParameterError: it is asked for.
    """
    defaults: dict[str, Any] = {
        "anchors": (),
        "optional": (),
        "attribution": 1,
        "sum_of": None,
        "times": False,
    }
    for name, default in defaults.items():
        if getattr(query, name) != default:
            raise only_tables(["Mixpanel's API has no ", Word(name), " for a funnel."], name)
    if query.window == EVER:
        raise only_tables("Mixpanel's API takes no conversion window without end.", "window")
    if any(each.where is not None for each in query.exclude):
        raise only_tables("Mixpanel's API excludes events, without a filter.", "exclude")


def _funnel_behavior(query: Funnel) -> dict[str, Any]:
    order = "any" if query.order == "any" else "loose"
    behavior: dict[str, Any] = {
        "type": "funnel",
        "resourceType": "events",
        "behaviors": [
            event_behavior(step.event, step.where, "steps", id=None, funnelOrder=order)
            for step in query.steps
        ],
        **_funnel_window(query),
        "funnelOrder": order,
        "exclusions": [
            {"event": each.event, "steps": {"from": each.after or 1, "to": each.before or len(query.steps)}}
            for each in query.exclude
        ],
        "aggregateBy": [{"value": name, "resourceType": "events"} for name in query.hold],
        "filter": [],
    }
    return behavior if query.reentry == "default" else behavior | {"funnelReentryMode": query.reentry}


def _funnel_window(query: Funnel) -> dict[str, Any]:
    if query.window_sessions is not None:
        return {"conversionWindowDuration": query.window_sessions, "conversionWindowUnit": "session"}
    length = DEFAULT_WINDOW if query.window is None else query.window
    return {"conversionWindowDuration": length, "conversionWindowUnit": query.window_unit}


def _retention(query: Retention) -> dict[str, Any]:
    if query.type != "birth":
        message = ["Mixpanel's API has ", Word("type", query.type), " without breakdowns, modes or brackets."]
        raise only_tables(message, "type")
    unit, _ = query.period
    return {
        "sections": {
            "show": [
                {
                    "type": "metric",
                    "behavior": _retention_behavior(query, unit),
                    "measurement": _retention_measurement(query),
                }
            ],
            "time": time_section(query.from_date, query.to_date, unit),
            "filter": cohorts.clauses_of(query),
            "group": group_section(() if query.on is None else _listed(query.on)),
            "formula": [],
        },
        "displayOptions": {"chartType": "retention-curve"},
        "sorting": _SORTING,
        "columnWidths": {"bar": {}},
    }


def _listed(on: str | tuple[str, ...]) -> tuple[str, ...]:
    return (on,) if isinstance(on, str) else on


def _retention_behavior(query: Retention, unit: str) -> dict[str, Any]:
    if query.brackets is not None:
        edges = query.brackets[1:]
    else:
        edges = query.edges[1:] if query.period[1] != 1 else ()
    behavior: dict[str, Any] = {
        "type": "retention",
        "resourceType": "events",
        "behaviors": [
            event_behavior(query.born_event, query.born_where, "born_where", id=None),
            event_behavior(query.return_event, query.return_where, "return_where", id=None),
        ],
        "retentionUnit": unit,
        "retentionAlignmentType": "birth" if query.alignment == "rolling" else "interval_start",
        "retentionCustomBucketSizes": list(edges),
        "filter": [],
    }
    return behavior if query.mode == "on" else behavior | {"retentionUnboundedMode": _MODES[query.mode]}


def _retention_measurement(query: Retention) -> dict[str, Any]:
    if query.prop is None:
        return {"math": "retention_rate"}
    node = property_node(query.prop)
    if node is None:
        raise only_tables("Mixpanel counts a property of the returns, no expression.", "prop")
    math = "total" if query.measure == "sum" else "average"
    return {"math": math, "property": {"name": node.name, "resourceType": resource_of(node)}}


_SORTING = {
    "bar": {"colSortAttrs": [], "sortBy": "column"},
    "line": {
        "sortBy": "column",
        "colSortAttrs": [{"sortBy": "value", "sortOrder": "desc", "valueField": "averageValue"}],
    },
    "table": {
        "sortBy": "column",
        "colSortAttrs": [{"sortBy": "value", "sortOrder": "desc", "valueField": "size", "viewNLimit": 12}],
    },
}


def _flow(query: Flow, kind: str) -> dict[str, Any]:
    for name in ("hold", "expand", "on"):
        if getattr(query, name):
            raise only_tables(["Mixpanel's API gives no flow with ", Word(name), "."], name)
    chart, merged, _ = FLOW_KINDS[kind]
    bookmark = {
        "steps": _flow_steps(query),
        "date_range": {
            "type": "between",
            "from_date": query.from_date.isoformat(),
            "to_date": query.to_date.isoformat(),
        },
        "chartType": chart,
        "flows_merge_type": merged,
        "count_type": _FUNNEL_COUNTS[query.count],
        "cardinality_threshold": query.limit,
        "version": 2,
        "conversion_window": _flow_window(query),
        "anchor_position": 1,
        "collapse_repeated": query.collapse_repeats,
        "show_custom_events": True,
        "hidden_events": list(query.hide),
        "exclusions": list(query.exclude),
    }
    return bookmark | _flow_filters(query)


def _flow_filters(query: Flow) -> dict[str, Any]:
    """The filter of a flow by its events, and that by a cohort."""
    clauses, determiner = said(query.where, "where")
    members = cohorts.clauses_of(query)
    if determiner == filters.ALL:
        members += [clause for clause in clauses if clause.get("value") == cohorts.COHORTS]
        clauses = [clause for clause in clauses if clause.get("value") != cohorts.COHORTS]
    if len(members) > 1:
        raise only_tables("Mixpanel's API filters a flow by one cohort.", "in_cohort")
    found: dict[str, Any] = {}
    if members:
        found["filter_by_cohort"] = members[0]["filterValue"][0]["cohort"]
    if clauses:
        found["filter_by_event"] = filters.flow_clauses(clauses, determiner)
    return found


def _flow_window(query: Flow) -> dict[str, Any]:
    if query.count == "sessions":
        if query.window_seconds < WINDOW_SECONDS["day"]:
            raise only_tables("Mixpanel's API takes one session as the window of a session's flow.", "window")
        return _SESSION_WINDOW
    if query.window_unit not in _FLOW_UNITS:
        message = (
            f"Mixpanel's API takes the window of a flow in days, weeks or months, not {query.window_unit}s."
        )
        raise only_tables(message, "window_unit")
    return {"unit": query.window_unit, "value": query.window}


def _flow_steps(query: Flow) -> list[dict[str, Any]]:
    steps = [_flow_step(step, "through", query.steps_after, query.steps_before) for step in query.through]
    if query.start is not None:
        steps.insert(0, _flow_step(query.start, "start", query.steps_after, 0))
    if query.end is not None:
        steps.append(_flow_step(query.end, "end", 0, query.steps_before))
    return steps


def _flow_step(step: Step, parameter: str, forward: int, reverse: int) -> dict[str, Any]:
    found = filters.step_clauses(step.where)
    if found is None:
        raise unsaid(step.where, parameter)
    clauses, joint = found
    written = {
        "event": step.event,
        "step_label": step.event,
        "forward": forward,
        "reverse": reverse,
        "bool_op": joint,
        "property_filter_params_list": clauses,
    }
    bound = SESSION_EVENTS.get(step.event)
    return written if bound is None else written | {"session_event": bound}
