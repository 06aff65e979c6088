"""What a query asks, in its result: the fields of the same names, names of metrics, rules of a funnel."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb import queries
from mixpanel_nb.naming import free_name, property_of
from mixpanel_nb.queries.metrics import Buckets

if TYPE_CHECKING:
    from mixpanel_nb.queries import Experiment, Funnel, Insights, Query, Retention
    from mixpanel_nb.results.report import ReportResult

Answer = TypeVar("Answer", bound="ReportResult")


def result_of(kind: type[Answer], query: Query[Any], **found: Any) -> Answer:
    """A result of what was found; the other fields that it requires are the query's of the same names."""
    required = (
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return kind(**{name: getattr(query, name) for name in required if name not in found}, **found)


def labels_of(query: Insights | Experiment) -> list[str]:
    """Unique names of metrics and formulas."""
    names: list[str] = []
    for name in (*(metric.name for metric in query.metrics), *(formula.name for formula in query.formulas)):
        names.append(free_name(name, names))
    return names


def columns_of(query: Insights) -> tuple[str, ...]:
    """The names of what the query is broken down by."""
    return tuple(property_of(on.of if isinstance(on, Buckets) else on) for on in query.on)


def window_of(query: Funnel) -> dict[str, Any]:
    """The window and its unit, as they are."""
    if query.window_sessions is not None:
        return {"window": query.window_sessions, "window_unit": "session"}
    window = queries.DEFAULT_WINDOW if query.window is None else query.window
    return {"window": window, "window_unit": query.window_unit}


def returns_of(query: Retention) -> dict[str, Any]:
    """What retention counts as coming back: periods, breakdown and property, as they are."""
    names = ("on", "alignment", "brackets", "prop", "measure")
    return {"interval_count": len(query.edges) - 2, **{name: getattr(query, name) for name in names}}


def rules_of(query: Funnel) -> tuple[str, ...]:
    """What else is asked of the attempts, in words."""
    said = []
    if query.count != "uniques":
        said.append(f"each {'attempt' if query.count == 'totals' else 'session'} counts")
    if query.order == "any":
        kept = f", step {' and '.join(map(str, sorted(query.anchors)))} in place" if query.anchors else ""
        said.append(f"in any order{kept}")
    if query.optional:
        numbers = " and ".join(map(str, sorted(query.optional)))
        said.append(f"step{'s' * (len(query.optional) > 1)} {numbers} optional")
    for each in query.exclude:
        limits = ""
        if each.after is not None or each.before is not None:
            limits = f" between {each.after or 1} and {each.before or len(query.steps)}"
        said.append(f"without {each.event}{limits}" + (f" where {each.where}" if each.where else ""))
    if query.hold:
        said.append(f"same {' and '.join(query.hold)}")
    if query.reentry != "default":
        said.append(f"{query.reentry} re-entry")
    if query.on and query.attribution != 1:
        which = (
            f"step {query.attribution}" if isinstance(query.attribution, int) else f"{query.attribution} step"
        )
        said.append(
            f"segment of the {which}" + (" that has one" if isinstance(query.attribution, str) else "")
        )
    return tuple(said)
