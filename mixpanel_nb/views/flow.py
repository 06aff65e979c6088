"""View of a flow: a Sankey diagram, and its most frequent paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import (
    Card,
    Chart,
    Column,
    Sankey,
    SankeyLink,
    SankeyNode,
    Table,
    counted,
    first_of,
    format_value,
    sankeys,
    shortened,
)
from mixpanel_nb.results import FlowResult
from mixpanel_nb.results.flow import ARROW
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import beyond_limit, days, drawn_of, filtered, listed, property_name, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.results import FlowEdge, FlowNode, FlowPath

_COUNTED = {"uniques": "user", "totals": "flow", "sessions": "session"}
_MAX_SEGMENTS = 3  # diagrams below each other
_MAX_DRAWN = 14  # events of a step that are drawn; more are taken together
_MAX_EVENT, _LEAST_EVENT = 32, 7  # characters of an event within a path
_MAX_LINE = 60  # of a path in a table
_MAX_SEGMENT = 40
_MORE_PATHS = ".paths has the 50 most frequent"
OTHER_NAME, DROPOFF_NAME = "Other events", "Drop-off"


class FlowView(ReportView[FlowResult]):
    """What users did after, before and between some events."""

    shown_rows: ClassVar[int] = 10

    def card(self, *, max_rows: int | None = None) -> Card:
        """The steps as a Sankey diagram, and the most frequent paths as a table."""
        del max_rows
        entered = self.result.entered()
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if entered else (),
            chart=self.drawing(titled=False),
            table=self._table() if entered else None,
            query=self.result.query,
            notes=[*self.remarks, *([self._drawn_note] if entered and self._drawn_note else [])],
            empty=None if entered else self._nothing(),
        )

    @property
    def remarks(self) -> list[str]:
        """The notes, and whether segments were left out."""
        return self._remarked(beyond_limit(self.result.left_out, "segment"))

    @property
    def _counted(self) -> str:
        return _COUNTED[self.result.count]

    @property
    def _title(self) -> str:
        anchors = [short(event, 40) for event in self.result.anchors]
        if len(anchors) > 1:
            return f"Flow from {' through '.join(anchors[:-1])} to {anchors[-1]}"
        sides = self.result.back > 0, self.result.forward > 0
        around = {(False, True): "after", (True, False): "before"}.get(sides, "around")
        return f"Flow {around} {anchors[0]}"

    def _ends(self) -> tuple[int, int]:
        """The first and the last step."""
        steps = [node.step for node in self.result.flow_nodes]
        return min(steps, default=0), max(steps, default=1)

    @property
    def _subtitle(self) -> str:
        within = f"within {counted(self.result.window, self.result.window_unit)}"
        split = f"by {property_name(self.result.on)}" if self.result.on else None
        spans = days(self.result.from_date, self.result.to_date)
        counts = f"{self._counted}s" + (" (first flow of each)" if self.result.count == "uniques" else "")
        return listed((spans, counts, within, split, filtered(self.result.where)))

    def _nothing(self) -> str:
        nothing = listed((f"No user did {short(self.result.anchors[0])}", filtered(self.result.where)), " ")
        return f"{nothing} from {self.result.from_date} to {self.result.to_date}."

    def _facts(self) -> list[tuple[str, Any]]:
        entered = self.result.entered()
        facts: list[tuple[str, Any]] = [(f"{self._counted.capitalize()}s", entered)]
        if len(self.result.anchors) > 1:
            completed = self.result.completed()
            share = format_value(completed / entered, "percent")
            facts += [(f"Got to {short(self.result.anchors[-1], 30)}", completed), ("Conversion", share)]
        dropped = sum(node.count for node in self._nodes(self.result.segments[0]) if node.kind == "dropoff")
        return [*facts, ("Dropped off", f"{dropped:,} · {format_value(dropped / entered, 'percent')}")]

    # The diagram

    def _nodes(self, segment: str | None) -> list[FlowNode]:
        return [node for node in self.result.flow_nodes if node.segment == segment]

    @property
    def _drawn_segments(self) -> list[str | None]:
        """The largest segments; the whole where there are none."""
        parts = self.result.segments[1:] or self.result.segments
        return parts[:_MAX_SEGMENTS]

    @property
    def _drawn_note(self) -> str | None:
        return drawn_of(len(self._drawn_segments), len(self.result.segments[1:] or [None]), "segment")

    def drawing(self, *, titled: bool) -> Chart | None:
        """A Sankey diagram; one a segment, below each other, where there are segments."""
        if not self.result.entered():
            return None
        title = self._title if titled else None
        subtitle = listed((self._subtitle, self._drawn_note), ". ") if titled else None

        def draw() -> Any:
            diagrams = [self._diagram(segment) for segment in self._drawn_segments]
            return sankeys(diagrams, self.step_names(), title=title, subtitle=subtitle)

        return Chart(draw, self._words())

    def step_names(self) -> list[str]:
        """What each column is: an anchor, or so many events after or before one."""
        first, last = self._ends()
        return [self._heading(step, first, last) for step in range(first, last + 1)]

    def _heading(self, step: int, first: int, last: int) -> str:
        anchors = self.result.anchor_steps
        if step in anchors:
            is_start, is_end = step == first, step == anchors[-1] == last
            return "Start" if is_start else "End" if is_end else "Through"
        before = [anchor for anchor in anchors if anchor < step]
        if before and step - before[-1] <= self.result.forward:
            return f"+{step - before[-1]}"
        return f"−{next(anchor for anchor in anchors if anchor > step) - step}"

    def _diagram(self, segment: str | None) -> Sankey:
        found, first = self._nodes(segment), self._ends()[0]
        entered = self.result.entered(segment)
        merged = _merged(found)
        nodes, places = _bars(found, merged, first, entered)
        links = _links(self.result.flow_edges, segment, merged, places, entered)
        heading = None
        if self.result.on is not None:
            heading = f"{short(segment or '', _MAX_SEGMENT)} · {entered:,} {self._counted}s"
        return Sankey(nodes, links, entered, heading)

    def _words(self) -> str:
        segment = self.result.segments[0]
        entered = self.result.entered()
        parts = [
            f"step {step}: {first_of([self._described(node, entered) for node in nodes], 4)}"
            for step, nodes in _by_step(self._nodes(segment)).items()
            if step
        ]
        return f"{self._title}, {self._subtitle}: {counted(entered, self._counted)}; {'; '.join(parts)}."

    def _described(self, node: FlowNode, entered: int) -> str:
        return f"{short(_name(node))} {node.count:,} ({format_value(node.count / entered, 'percent')})"

    # The paths

    def _table(self) -> Table:
        paths = self.result.flow_paths
        columns = [Column("path", "text"), Column(f"{self._counted}s", "integer"), Column("share", "percent")]
        rows: list[tuple[Any, ...]] = [(self._line(path), path.count, path.share) for path in paths]
        if self.result.on is not None:
            columns = [Column("segment", "text"), *columns]
            rows = [
                (short(path.segment or "", _MAX_SEGMENT), *row) for path, row in zip(paths, rows, strict=True)
            ]
        return Table(
            columns, rows, more=_MORE_PATHS if self.result.on is None else MORE_IN_DF.replace(".df", ".paths")
        )

    def _line(self, path: FlowPath) -> str:
        """The path in one line, its events no longer than fit."""
        dropoff = next((node.event for node in self.result.flow_nodes if node.kind == "dropoff"), None)
        names = [DROPOFF_NAME if event == dropoff else event for event in path.events]
        for limit in range(_MAX_EVENT, _LEAST_EVENT, -1):
            line = ARROW.join(shortened(name, limit) for name in names)
            if len(line) <= _MAX_LINE:
                break
        return line


def _name(node: FlowNode) -> str:
    return {"other": OTHER_NAME, "dropoff": DROPOFF_NAME}.get(node.kind, node.event)


def _by_step(nodes: Sequence[FlowNode]) -> dict[int, list[FlowNode]]:
    found: dict[int, list[FlowNode]] = {}
    for node in nodes:
        found.setdefault(node.step, []).append(node)
    return found


def _merged(nodes: Sequence[FlowNode]) -> set[tuple[int, str]]:
    """The events that are drawn together with others: those beyond what a column can hold, and the rest."""
    merged = {(node.step, node.event) for node in nodes if node.kind == "other"}
    for step, found in _by_step(nodes).items():
        events = [node for node in found if node.kind in {"anchor", "event"}]
        merged |= {(step, node.event) for node in events[_MAX_DRAWN:]}
    return merged


def _bars(
    found: Sequence[FlowNode], merged: set[tuple[int, str]], first: int, entered: int
) -> tuple[list[SankeyNode], dict[tuple[int, str], int]]:
    """The bars, and the place of the bar of each step and event."""
    bars: list[SankeyNode] = []
    places: dict[tuple[int, str], int] = {}
    for step, nodes in _by_step(found).items():
        others = [node for node in nodes if (step, node.event) in merged]
        for node in [node for node in nodes if node not in others and node.kind != "dropoff"]:
            places[step, node.event] = len(bars)
            text = f"{node.count:,}" if node.count == entered else _number(node.count, entered)
            bars.append(SankeyNode(step - first, node.event, node.count, text, node.kind))
        if others:
            places |= {(step, node.event): len(bars) for node in others}
            count = sum(node.count for node in others)
            bars.append(SankeyNode(step - first, OTHER_NAME, count, _number(count, entered), "other"))
        for node in [node for node in nodes if node.kind == "dropoff"]:
            places[step, node.event] = len(bars)
            text = _number(node.count, entered)
            bars.append(SankeyNode(step - first, DROPOFF_NAME, node.count, text, "dropoff"))
    return bars, places


def _links(
    edges: Sequence[FlowEdge],
    segment: str | None,
    merged: set[tuple[int, str]],
    places: dict[tuple[int, str], int],
    entered: int,
) -> list[SankeyLink]:
    counts: dict[tuple[int, int], int] = {}
    texts: dict[tuple[int, int], str] = {}
    for edge in edges:
        if edge.segment != segment:
            continue
        key = places[edge.step, edge.source], places[edge.target_step, edge.target]
        counts[key] = counts.get(key, 0) + edge.count
        ends = ((edge.step, edge.source), (edge.target_step, edge.target))
        texts[key] = ARROW.join(OTHER_NAME if end in merged else short(end[1], 30) for end in ends)
    return [
        SankeyLink(*key, count, f"{texts[key]}: {_number(count, entered)}") for key, count in counts.items()
    ]


def _number(count: int, entered: int) -> str:
    """``1,234 · 45%``."""
    return f"{count:,} · {format_value(count / entered, 'percent')}"
