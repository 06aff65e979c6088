"""The Sankey diagram of how the flows of two groups differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.display import Sankey, SankeyLink, SankeyNode, format_value
from mixpanel_nb.display.theme import BEFORE
from mixpanel_nb.results.flow import ARROW
from mixpanel_nb.views.base import MISSING
from mixpanel_nb.views.flow import DROPOFF_NAME, OTHER_NAME, FlowView
from mixpanel_nb.views.words import short

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.results import ComparedTotal, FlowNode, FlowResult

# Translucent, so that names are read over them on light and dark grounds.
_MORE, _LESS, _ALIKE = "rgba(11, 124, 194, 0.42)", "rgba(199, 132, 0, 0.46)", "rgba(134, 140, 149, 0.2)"
_MAX_EVENTS = 14  # of a column
_LEAST_POINTS = 0.01  # by which shares without intervals are told apart
_MAX_GROUP = 14

Place = tuple[int, str]


def diagram(
    first: FlowResult, second: FlowResult, edges: Sequence[ComparedTotal], names: tuple[str, str]
) -> tuple[Sankey, list[str], str] | None:
    """What both groups did, in the mean of both shares, the headings of its columns, and what colours say.

    A band has the colour of the group that has more of it, where its interval says so.

    Args:
        first: The flow of the first group.
        second: That of the second.
        edges: Their shares of each pair of events.
        names: The groups.

    Returns:
        None where a step has too many events, or a group has no flows.
    """
    if not first.entered() or not second.entered():
        return None
    sides = [_shares(each) for each in (first, second)]
    nodes = {(node.step, node.event): node for each in (second, first) for node in each.flow_nodes}
    steps = [step for step, _ in nodes]
    if max(map(steps.count, steps)) > _MAX_EVENTS:
        return None
    order = sorted(nodes, key=lambda place: _rank(nodes[place], sides))
    places = {place: number for number, place in enumerate(order)}
    bars = [_bar(nodes[place], min(steps), [side.get(place) for side in sides]) for place in order]
    told = any(edge.low is not None for edge in edges)
    bands = [_band(edge, places, told) for edge in edges if _is_shown(edge, places)]
    view = FlowView(first if _span(first) >= _span(second) else second)
    alike = "the interval of the difference holds 0" if told else "shares are less than a point apart"
    said = f"Bands are blue where {names[0]} has more, orange where {names[1]} has more, grey where {alike}."
    mine, theirs = (short(name, _MAX_GROUP) for name in names)
    heading = f"Blue: more {mine}. Orange: more {theirs}."
    return Sankey(bars, bands, 1.0, heading), view.step_names(), said


def _span(flow: FlowResult) -> int:
    steps = [node.step for node in flow.flow_nodes]
    return max(steps) - min(steps)


def _shares(flow: FlowResult) -> dict[Place, float]:
    return {(node.step, node.event): node.count / flow.entered() for node in flow.flow_nodes}


def _rank(node: FlowNode, sides: Sequence[Mapping[Place, float]]) -> tuple[int, int, float]:
    """By steps; events before others, those before drop-offs, the larger ones first."""
    kinds = ("anchor", "event", "other", "dropoff")
    size = sum(side.get((node.step, node.event), 0.0) for side in sides)
    return node.step, max(kinds.index(node.kind), 1), -size


def _bar(node: FlowNode, first: int, shares: Sequence[float | None]) -> SankeyNode:
    """The bar of an event; of a group that has it among its other events the share is unknown."""
    name = {"other": OTHER_NAME, "dropoff": DROPOFF_NAME}.get(node.kind, node.event)
    one, two = (MISSING if share is None else format_value(share, "percent") for share in shares)
    text = one if one == two else f"{one} / {two}"
    size = sum(share or 0.0 for share in shares) / 2
    return SankeyNode(node.step - first, name, size, text, node.kind, BEFORE)


def _is_shown(edge: ComparedTotal, places: Mapping[Place, int]) -> bool:
    step, source, target, target_step = edge.names
    return (step, source) in places and (target_step, target) in places


def _band(edge: ComparedTotal, places: Mapping[Place, int], told: bool) -> SankeyLink:
    step, source, target, target_step = edge.names
    one, two = edge.after or 0.0, edge.before or 0.0
    if told:
        differs = edge.low is not None and edge.high is not None and not edge.low <= 0 <= edge.high
    else:
        differs = edge.difference is not None and abs(edge.difference) >= _LEAST_POINTS
    fill = _ALIKE if not differs else _MORE if one > two else _LESS
    shares = " / ".join(
        MISSING if share is None else format_value(share, "percent") for share in (edge.after, edge.before)
    )
    text = f"{ARROW.join(short(end, 30) for end in (source, target))}: {shares}"
    return SankeyLink(places[step, source], places[target_step, target], (one + two) / 2, text, fill)
