"""Conversion of a flow's rows to nodes, edges and paths."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.flow import slots
from mixpanel_nb.naming import free_name
from mixpanel_nb.results import FlowEdge, FlowNode, FlowPath
from mixpanel_nb.results.flow import DROPOFF, OTHER, UNSHOWN
from mixpanel_nb.results.report import segment_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.queries import Flow
    from mixpanel_nb.results.flow import NodeKind

_KINDS = ("anchor", "event", "other", "dropoff")


class Flows:
    """The rows of ``flow.statement``.

    Attributes:
        nodes: The events of each step.
        edges: Which of them followed each other.
        paths: The most frequent paths.
        left_out: Segments beyond the limit.
    """

    def __init__(self, query: Flow, rows: Sequence[tuple[Any, ...]]) -> None:
        self._slots = slots(query)
        self._anchors = {slot.step: slot.anchor for slot in self._slots if slot.kind == "anchor"}
        self._split = query.on is not None
        self._segments = segment_names(row[1] for row in rows)
        self.left_out = max((row[2] - row[0] for row in rows[-1:]), default=0)
        named = {name for row in rows for name in (row[4], row[6], *(row[9] or ())) if name is not None}
        self._other, self._dropoff = free_name(OTHER, named), free_name(DROPOFF, named)
        self._counts: Counter[tuple[str | None, int, NodeKind, str]] = Counter()
        self._joined: Counter[tuple[str | None, int, str, int, str]] = Counter()
        self.paths = tuple(self._paths([row for row in rows if row[7] == "path"], rows))
        for row in rows:
            if row[7] != "path":
                self._add(row)
        self.nodes = tuple(self._nodes())
        self.edges = tuple(self._edges())

    def _segment(self, value: str | None) -> str | None:
        return self._segments[value] if self._split else None

    def _add(self, row: tuple[Any, ...]) -> None:
        _, segment, _, step, source, target_step, target, ends, count, _ = row
        name, shown = self._segment(segment), source or self._other
        self._counts[name, step, self._kind(step, source), shown] += count
        if ends == "end":
            return
        if ends == "dropoff":
            self._counts[name, target_step, "dropoff", self._dropoff] += count
        reached = self._dropoff if ends == "dropoff" else target or self._other
        self._joined[name, step, shown, target_step, reached] += count

    def _kind(self, step: int, event: str | None) -> NodeKind:
        if event is None:
            return "other"
        return "anchor" if step in self._anchors else "event"

    def _nodes(self) -> Iterator[FlowNode]:
        order = self._order
        found = sorted(
            self._counts.items(),
            key=lambda item: (
                order[item[0][0]],
                item[0][1],
                max(_KINDS.index(item[0][2]), 1),
                -item[1],
                item[0][3],
            ),
        )
        for (segment, step, kind, event), count in found:
            yield FlowNode(step, event, int(count), kind, segment)

    def _edges(self) -> Iterator[FlowEdge]:
        order, places = (
            self._order,
            {(node.segment, node.step, node.event): place for place, node in enumerate(self.nodes)},
        )
        found = sorted(
            self._joined.items(),
            key=lambda item: (
                order[item[0][0]],
                places[item[0][0], item[0][1], item[0][2]],
                places[item[0][0], item[0][3], item[0][4]],
            ),
        )
        for (segment, step, source, target_step, target), count in found:
            yield FlowEdge(step, source, target, int(count), target_step, segment)

    @property
    def _order(self) -> dict[str | None, int]:
        names = (self._segment(segment) for segment in self._segments)
        return {name: place for place, name in enumerate(dict.fromkeys(names))}

    def _paths(self, found: Sequence[tuple[Any, ...]], rows: Sequence[tuple[Any, ...]]) -> Iterator[FlowPath]:
        entered: Counter[str | None] = Counter()
        for row in rows:
            if row[7] != "path" and row[3] == 0:
                entered[row[1]] += row[8]
        for row in found:
            segment, count, listed = row[1], row[8], row[9]
            events = tuple(self._events(listed[: len(self._slots)], listed[len(self._slots) :]))
            yield FlowPath(events, int(count), float(count / entered[segment]), self._segment(segment))

    def _events(self, shown: Sequence[str | None], more: Sequence[str | None]) -> Iterator[str]:
        """The events of a path; where it ends early, what says so."""
        for place, slot in enumerate(self._slots):
            event = shown[place]
            unseen = slot.kind != "after" and slot.anchor > 1 and more[slot.anchor - 2] is not None
            if (
                unseen
                and self._slots[place - 1].kind != "before"
                and self._slots[place - 1].anchor < slot.anchor
            ):
                yield UNSHOWN
            if event is not None:
                yield event
        if self._ended_early(shown):
            yield self._dropoff

    def _ended_early(self, shown: Sequence[str | None]) -> bool:
        missing = [slot for slot, event in zip(self._slots, shown, strict=True) if event is None]
        last = max(self._anchors.values())
        return any(
            slot.kind == "anchor" or (slot.kind == "after" and slot.anchor == last) for slot in missing
        )
