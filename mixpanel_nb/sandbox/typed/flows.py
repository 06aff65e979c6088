"""Results of flows as the answers of ``arb_funnels``: steps of nodes, top paths, trees.

Counts are texts, as in Mixpanel's answers. What is beyond the limit of a step is one node of the type PRUNED.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.flow import slots
from mixpanel_nb.results.flow import UNSHOWN
from mixpanel_nb.results.report import OVERALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.queries import Flow
    from mixpanel_nb.results.flow import FlowNode, FlowPath, FlowResult

ANCHOR, NORMAL, PRUNED, DROPOFF = "ANCHOR", "NORMAL", "PRUNED", "DROPOFF"
_SIDES = {"after": "FORWARD", "before": "REVERSE"}


def sankey(query: Flow, result: FlowResult, segment: str | None = None) -> dict[str, Any]:
    """Nodes of each step, and edges to those of later steps."""
    places = slots(query)
    first = places[0].step
    sides = {slot.step: ANCHOR if slot.kind == "anchor" else _SIDES[slot.kind] for slot in places}
    nodes = [node for node in result.flow_nodes if node.segment == segment]
    types = {(node.step, node.event): _type_of(node, sides) for node in nodes}
    steps: list[dict[str, Any]] = [{"nodes": []} for _ in places]
    for node in nodes:
        edges = [
            {
                "event": edge.target,
                "step": edge.target_step - first,
                "type": types[edge.target_step, edge.target],
                "totalCount": str(edge.count),
            }
            for edge in result.flow_edges
            if (edge.segment, edge.step, edge.source) == (segment, node.step, node.event)
        ]
        steps[node.step - first]["nodes"].append(
            {
                "event": node.event,
                "type": types[node.step, node.event],
                "anchorType": NORMAL,
                "totalCount": str(node.count),
                "isCustomEvent": False,
                "edges": edges,
            }
        )
    return {"steps": steps, "overallConversionRate": _converted(result, segment)}


def _type_of(node: FlowNode, sides: dict[int, str]) -> str:
    if node.kind in ("other", "dropoff"):
        return PRUNED if node.kind == "other" else DROPOFF
    return sides[node.step]


def _converted(result: FlowResult, segment: str | None) -> float | str:
    entered = result.entered(segment)
    return result.completed(segment) / entered if entered else "NaN"


def top_paths(result: FlowResult, segment: str | None = None) -> dict[str, Any]:
    """The most frequent paths, 50 at most."""
    flows = [
        {"flowSteps": [_path_step(path, place, result.anchors) for place in range(len(path.events))]}
        for path in result.flow_paths
        if path.segment == segment
    ]
    return {"flows": flows, "overallConversionRate": _converted(result, segment)}


def _path_step(path: FlowPath, place: int, anchors: Sequence[str]) -> dict[str, Any]:
    event = path.events[place]
    is_dropoff = event.startswith("$dropoff") and place == len(path.events) - 1
    kind = DROPOFF if is_dropoff else PRUNED if event == UNSHOWN else ANCHOR if event in anchors else NORMAL
    return {"event": event, "type": kind, "totalCount": str(path.count)}


def tree(query: Flow, paths: Iterable[FlowPath]) -> dict[str, Any]:
    """One tree of all paths, below a root without an event; children beyond the limit are one."""
    counted: Counter[tuple[str, ...]] = Counter()
    for path in paths:
        counted[path.events] += path.count
    return {"trees": [{"root": _node(query, (), counted)}]}


def _node(query: Flow, before: tuple[str, ...], counted: Counter[tuple[str, ...]]) -> dict[str, Any]:
    depth = len(before)
    total, next_ones = 0, Counter[str]()
    for events, count in counted.items():
        if events[:depth] == before:
            total += count
            if len(events) > depth:
                next_ones[events[depth]] += count
    dropped = sum(count for event, count in next_ones.items() if event.startswith("$dropoff"))
    kept = [event for event in next_ones if not event.startswith("$dropoff")]
    kept = sorted(kept, key=lambda event: (-next_ones[event], event))[: query.limit]
    children = [_node(query, (*before, event), counted) for event in kept]
    pruned = sum(next_ones.values()) - dropped - sum(next_ones[event] for event in kept)
    if pruned:
        children.append(_leaf(PRUNED, depth, pruned))
    step = _step(before[-1], ANCHOR if depth == 1 else "FORWARD", depth - 1) if before else None
    return {
        "step": step,
        "totalCount": str(total),
        "dropOffTotalCount": str(dropped),
        "convertedTotalCount": str(total - dropped),
        "timePercentilesFromStart": None,
        "timePercentilesFromPrev": None,
        "children": children,
    }


def _leaf(kind: str, number: int, count: int) -> dict[str, Any]:
    return {
        "step": _step("$other", kind, number),
        "totalCount": str(count),
        "dropOffTotalCount": "0",
        "convertedTotalCount": str(count),
        "timePercentilesFromStart": None,
        "timePercentilesFromPrev": None,
        "children": [],
    }


def _step(event: str, kind: str, number: int) -> dict[str, Any]:
    return {"event": event, "type": kind, "stepNumber": number, "anchorType": NORMAL, "isComputed": False}


def segments_of(result: FlowResult) -> list[str]:
    """The segments of a flow but for everyone."""
    return [each for each in result.segments if each is not None and each != OVERALL]
