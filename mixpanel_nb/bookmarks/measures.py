"""Metrics of Insights: ``{"type": "metric", "behavior": …, "measurement": …}``.

https://docs.mixpanel.com/docs/reports/insights#measurements. A sum is ``total`` with a property; a number per
user is ``perUserAggregation``, to which ``math`` applies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks.properties import (
    custom_property,
    named,
    property_node,
    property_of_clause,
    resource_of,
)
from mixpanel_nb.bookmarks.refusals import only_tables, untranslated
from mixpanel_nb.bookmarks.sections import event_behavior, event_of, where_of
from mixpanel_nb.queries import Metric
from mixpanel_nb.queries.customs import custom_event
from mixpanel_nb.queries.customs import custom_property as custom_property_id
from mixpanel_nb.queries.metrics import DISTINCT

if TYPE_CHECKING:
    from collections.abc import Mapping

_COUNTS = ("unique", "dau", "wau", "mau", "sessions")
_SUMMARIES = ("average", "median", "min", "max")
_PERCENTILES = ("p25", "p75", "p90", "p99")
_UNIQUE_VALUES = "unique_values"
_PER_USER = {"total": "sum", "average": "average", "min": "min", "max": "max", _UNIQUE_VALUES: DISTINCT}
_FIRST = "unique_first"


def metric_of(clause: Mapping[str, Any]) -> Metric:
    """A metric of ``sections.show``.

    Raises:
        ParameterError: no query can hold it.
    """
    behavior, measurement = clause.get("behavior") or {}, clause.get("measurement") or {}
    for name in ("rolling", "cumulative", "multiAttribution"):
        if measurement.get(name):
            raise untranslated(f"{name} of one metric alone", measurement[name])
    label = clause.get("name") or behavior.get("renamed") or None
    return Metric(event_of(behavior), **_measure_of(measurement), where=where_of(behavior), label=label)


def _measure_of(measurement: Mapping[str, Any]) -> dict[str, Any]:
    math, inner = str(measurement.get("math") or "total"), measurement.get("perUserAggregation")
    prop = measurement.get("property")
    of = None if not prop else named(property_of_clause(prop))
    if inner is not None:
        per_user = "total" if inner == "total" and of is None else _PER_USER.get(str(inner))
        measure = "sum" if math == "total" else _of_values(math, measurement)
        if per_user is None or measure is None:
            raise untranslated(f"the measure {math!r} of {inner!r} per user", math)
        return {"measure": measure, "of": of, "per_user": per_user}
    if math in _COUNTS and of is None:
        method = measurement.get("segmentMethod") or "all"
        if method not in ("all", "first") or (method == "first" and math != "unique"):
            raise untranslated(f"the measure {math!r} with segments by {method!r}", method)
        return {"measure": _FIRST if method == "first" else math}
    if math in ("total", "general"):
        return {"measure": "total" if of is None else "sum", "of": of}
    if math == "average" and of is None:
        return {"measure": "average", "per_user": "total"}  # events per user
    measure = DISTINCT if math == _UNIQUE_VALUES else _of_values(math, measurement)
    if measure is None or of is None:
        raise untranslated(f"the measure {math!r}{'' if of else ' without a property'}", math)
    return {"measure": measure, "of": of}


def _of_values(math: str, measurement: Mapping[str, Any]) -> str | None:
    """A measure of numbers by our name; None where there is none."""
    if math in (*_SUMMARIES, *_PERCENTILES):
        return math
    if math in ("custom_percentile", "percentile"):
        number = measurement.get("percentile")
        return None if not isinstance(number, int | float) else f"p{number:g}"
    return None


def metric_clause(metric: Metric) -> dict[str, Any]:
    """A metric for ``sections.show``.

    Raises:
        ExpressionError: there is a mistake in its filter.
        ParameterError: only a table can answer it.
    """
    behavior = event_behavior(metric.event, metric.where, "metrics", resourceType="events")
    number = custom_event(metric.event)
    if number is not None:
        behavior |= {"type": "custom-event", "id": number}
    clause = {"type": "metric", "behavior": behavior, "measurement": _measurement(metric)}
    return clause if metric.label is None else clause | {"name": metric.label}


def _measurement(metric: Metric) -> dict[str, Any]:
    measure, inner = metric.measure, metric.per_user
    found: dict[str, Any] = _math(metric)
    if metric.of is not None:
        found["property"] = _property(metric.of)
    if inner is not None:
        names = {ours: theirs for theirs, ours in _PER_USER.items()} | {"total": "total"}
        if inner not in names:
            raise only_tables(f"Mixpanel summarizes no {inner} per user.", "metrics")
        found["perUserAggregation"] = names[inner]
        found.setdefault("property", None)
    if measure == _FIRST:
        found["segmentMethod"] = "first"
    return found


def _math(metric: Metric) -> dict[str, Any]:
    measure = metric.measure
    if measure in ("total", "sum"):
        return {"math": "total"}
    if measure == _FIRST:
        return {"math": "unique"}
    if measure in (*_COUNTS, *_SUMMARIES, *_PERCENTILES):
        return {"math": measure}
    if measure == DISTINCT:
        return {"math": _UNIQUE_VALUES}
    if metric.percentile is not None:
        number = float(measure[1:])
        return {"math": "custom_percentile", "percentile": int(number) if number.is_integer() else number}
    raise only_tables(f"Mixpanel has no measure {measure!r}.", "metrics")


def _property(of: str) -> dict[str, Any]:
    node = property_node(of)
    if node is not None:
        number = custom_property_id(node.name)
        if number is not None:
            return {"customPropertyId": number, "name": "", "resourceType": "events"}
        return {"name": node.name, "resourceType": resource_of(node)}
    custom = custom_property(of)
    if custom is None:
        message = f"Mixpanel measures a property, or a calculation with numbers: {of[:80]!r} is neither."
        raise only_tables(message, "metrics")
    more = {"name": "", "resourceType": "events", "dataset": "$mixpanel", "dataGroupId": None}
    return {"customProperty": custom, **more}
