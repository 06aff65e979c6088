"""What a saved report asks, written as Mixpanel's interface writes it into a bookmark's ``params``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.saved.kinds import Funnel, Insights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.sandbox.saved.kinds import Report, Retention

_MATH = {"general": "total", "unique": "unique", "average": "average"}


def params_of(report: Report) -> Mapping[str, Any]:
    """The ``params`` of a bookmark: what is shown, of which days, by which property, in which chart."""
    asks = report.asks
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
