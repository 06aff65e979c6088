"""What a saved report asks, written as Mixpanel's interface writes it into a bookmark's ``params``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.saved.kinds import Flow, Funnel, Insights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.sandbox.saved.kinds import Report, Retention

_MATH = {"general": "total", "unique": "unique", "average": "average"}


def params_of(report: Report) -> Mapping[str, Any]:
    """The ``params`` of a bookmark: what is shown, of which days, by which property, in which chart."""
    asks = report.asks
    if isinstance(asks, Flow):
        return _flow(report, asks)
    if isinstance(asks, Insights):
        show, unit, chart = _events(asks), asks.unit, "line"
        group = [] if asks.on is None else [_group(asks.on)]
    elif isinstance(asks, Funnel):
        show, unit, chart, group = [_funnel(asks)], "day", "funnel-steps", []
    else:
        show, unit, chart, group = [_retention(asks)], asks.unit, "retention-curve", []
    days = [report.first.isoformat(), report.last.isoformat()]
    return {
        "sections": {
            "show": show,
            "time": [{"dateRangeType": "between", "unit": unit, "value": days}],
            "filter": [],
            "group": group,
            "formula": [],
        },
        "displayOptions": {"chartType": chart},
    }


def _flow(report: Report, asks: Flow) -> dict[str, Any]:
    """A flow has a form of its own (see the client's bodies of ``arb_funnels``)."""
    step = {"event": asks.start, "step_label": asks.start, "forward": asks.steps, "reverse": 0}
    return {
        "steps": [step | {"bool_op": "and", "property_filter_params_list": []}],
        "date_range": {
            "type": "between",
            "from_date": report.first.isoformat(),
            "to_date": report.last.isoformat(),
        },
        "chartType": "sankey",
        "flows_merge_type": "graph",
        "count_type": "unique",
        "cardinality_threshold": asks.limit,
        "version": 2,
        "conversion_window": {"unit": "day", "value": 7},
        "anchor_position": 1,
        "collapse_repeated": False,
        "show_custom_events": True,
        "hidden_events": list(asks.hidden),
        "exclusions": [],
    }


def _metric(behavior: Mapping[str, Any], math: str) -> dict[str, Any]:
    return {
        "type": "metric",
        "behavior": {"resourceType": "events", **behavior},
        "measurement": {"math": math},
    }


def _events(asks: Insights) -> list[dict[str, Any]]:
    return [_metric(_event(name), _MATH[asks.math]) for name in asks.events]


def _event(name: str) -> dict[str, Any]:
    return {"type": "event", "name": name, "filters": [], "filtersDeterminer": "all"}


def _group(name: str) -> dict[str, Any]:
    return {"value": name, "propertyName": name, "resourceType": "events", "propertyType": "string"}


def _funnel(asks: Funnel) -> dict[str, Any]:
    steps = [{**_event(event), "funnelOrder": "loose"} for event, _ in asks.steps]
    window = {"conversionWindowDuration": asks.length, "conversionWindowUnit": asks.length_unit}
    behavior = {"type": "funnel", "behaviors": steps, "funnelOrder": "loose", **window}
    return _metric(behavior, "conversion_rate_unique")


def _retention(asks: Retention) -> dict[str, Any]:
    events: Sequence[str] = (asks.born_event, asks.return_event or "$all_events")
    behavior = {
        "type": "retention",
        "behaviors": [_event(name) for name in events],
        "retentionUnit": asks.unit,
        "retentionAlignmentType": "birth",
    }
    return _metric(behavior, "retention_rate")
