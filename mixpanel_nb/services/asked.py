"""What a query asks, in the words of its result: names of metrics, columns, rules of a funnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.naming import free_name, property_of
from mixpanel_nb.queries.funnel import DEFAULT_WINDOW
from mixpanel_nb.queries.metrics import Buckets

if TYPE_CHECKING:
    from mixpanel_nb.queries import Experiment, Funnel, Insights


def labels_of(query: Insights | Experiment) -> list[str]:
    """Unique names of metrics and formulas."""
    names: list[str] = []
    for name in (*(metric.name for metric in query.metrics), *(formula.name for formula in query.formulas)):
        names.append(free_name(name, names))
    return names


def columns_of(query: Insights) -> tuple[str, ...]:
    """The names of what the query is broken down by."""
    return tuple(property_of(on.of if isinstance(on, Buckets) else on) for on in query.on)


def window_of(query: Funnel) -> tuple[int | str, str]:
    """The window and its unit, as they are."""
    if query.window_sessions is not None:
        return query.window_sessions, "session"
    return DEFAULT_WINDOW if query.window is None else query.window, query.window_unit


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
