"""Result of a flow: nodes, edges and paths."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import property_names
from mixpanel_nb.queries.cells import FlowCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Line, Measure, Numbers, Sampling, days_of
from mixpanel_nb.results.report import OVERALL, ReportResult, typed_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.results.users import UsersResult

NodeKind = Literal["anchor", "event", "other", "dropoff"]

OTHER = "$other"
"""Represents the events of a step beyond the limit."""

DROPOFF = "$dropoff"
"""Represents the end of flows that went no further."""

ARROW = " → "
UNSHOWN = "…"


@dataclass(frozen=True)
class FlowNode:
    """An event at a step.

    Attributes:
        step: The step: 0 is the first anchor, 1 what came right after it, -1 right before it.
        event: The event; ``$other`` for those beyond the limit, ``$dropoff`` where flows ended early.
        count: Flows that have it there.
        kind: ``anchor``, ``event``, ``other`` or ``dropoff``.
        segment: The segment, of a flow that is broken down.
    """

    step: int
    event: str
    count: int
    kind: NodeKind
    segment: str | None = None


@dataclass(frozen=True)
class FlowEdge:
    """Two events that are shown one after the other.

    Attributes:
        step: The step of the first.
        source: The first event.
        target: The second event.
        count: Flows that have both there.
        target_step: The step of the second: not the next one where a flow reaches an anchor early.
        segment: The segment, of a flow that is broken down.
    """

    step: int
    source: str
    target: str
    count: int
    target_step: int
    segment: str | None = None


@dataclass(frozen=True)
class FlowPath:
    """Events that are shown of a flow, none of them merged with others.

    Attributes:
        events: The events, in order; ``…`` stands for more of them between two anchors than are shown, and
            ``$dropoff`` ends a path that went no further.
        count: Flows that took it.
        share: Their share of all flows.
        segment: The segment, of a flow that is broken down.
    """

    events: tuple[str, ...]
    count: int
    share: float
    segment: str | None = None

    @property
    def path(self) -> str:
        """The events in one line."""
        return ARROW.join(self.events)


@dataclass(frozen=True, repr=False)
class FlowResult(ReportResult):
    """What users did after, before and between some events. Its rows are the edges.

    Attributes:
        flow_nodes: The events of each step, step by step, the most frequent first.
        flow_edges: Which of them followed each other.
        flow_paths: The most frequent paths, 50 at most (of each segment).
        anchors: The events that every flow has, in their order, if it gets there.
        from_date: First day on which a flow may begin.
        to_date: Last day on which it may.
        count: ``uniques`` (users), ``totals`` or ``sessions``.
        window: How long a flow may take from its first anchor, in ``window_unit``.
        window_unit: ``second``, ``minute``, ``hour``, ``day`` or ``week``.
        forward: Events shown after each anchor but the end.
        back: Events shown before each anchor but the start.
        limit: Events shown at each step.
        on: The property or expression that splits the flows, or None.
        where: The filter on all events, or None.
        left_out: Segments beyond the limit.
    """

    flow_nodes: tuple[FlowNode, ...]
    flow_edges: tuple[FlowEdge, ...]
    flow_paths: tuple[FlowPath, ...]
    anchors: tuple[str, ...]
    from_date: date
    to_date: date
    count: str
    window: int
    window_unit: str
    forward: int
    back: int
    limit: int
    on: str | None
    where: str | None
    left_out: int = 0

    @property
    def segments(self) -> list[str | None]:
        """The segments, ``$overall`` first; one that is None without a breakdown."""
        return list(dict.fromkeys(node.segment for node in self.flow_nodes)) or [self._whole]

    @property
    def _whole(self) -> str | None:
        return None if self.on is None else OVERALL

    @property
    def anchor_steps(self) -> tuple[int, ...]:
        """The step of each anchor."""
        return tuple(number * (self.forward + self.back + 1) for number in range(len(self.anchors)))

    def entered(self, segment: str | None = None) -> int:
        """The number of flows: of a segment, or in total."""
        return self._at(0, segment)

    def completed(self, segment: str | None = None) -> int:
        """The number of flows with all anchors."""
        return self._at(self.anchor_steps[-1], segment)

    def users(
        self,
        *,
        step: int | None = None,
        event: str | None = None,
        source: str | None = None,
        target: str | None = None,
        path: int | str | Sequence[str] | None = None,
        segment: str | None = None,
    ) -> UsersResult:
        """The users of flows: of an event at a step, of two events in sequence, of a path, or of all flows.

        ``events`` of the result are those that the flows show, and the times theirs.

        Args:
            step: The step of ``event`` or ``source``, as ``.nodes`` and ``.edges`` have it.
            event: The event at the step; ``$dropoff`` for flows that went no further.
            source: The event at the step that ``target`` followed.
            target: What followed; ``$dropoff`` where nothing did.
            path: A path: its rank in ``.paths`` of the segment, from 1, its text, or its events.
            segment: The segment; None is all flows.

        Raises:
            ParameterError: the flow shows nothing like that.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        wanted = None if segment == OVERALL else segment
        if self.on is None:
            cells.unbroken(wanted)
        elif wanted is not None:
            cells.name(wanted, [str(each) for each in self.segments], "segment", "segment")
        shown = self._whole if wanted is None else wanted
        rank = self._rank_of(path, shown)
        cell = FlowCell(step=step, event=event, source=source, target=target, path=rank, segment=wanted)
        return self._users(cell, line=self._line_of(cell, shown), path=rank, segment=wanted)

    def _rank_of(self, path: int | str | Sequence[str] | None, segment: str | None) -> int | None:
        found = [each for each in self.flow_paths if each.segment == segment]
        if path is None or isinstance(path, int):
            if path is not None and path > len(found):
                message = [Word("path"), f" is {path}, and the flow shows {len(found)} paths."]
                raise ParameterError(
                    message, parameter="path", value=path, hint="Take one of those in `.paths`."
                )
            return path
        text = path if isinstance(path, str) else ARROW.join(path)
        known = [each.path for each in found]
        return known.index(cells.name(text, known, "path", "path")) + 1

    def _line_of(
        self, cell: FlowCell, segment: str | None
    ) -> tuple[int, str | None, str | None, bool] | None:
        """What the lines of the table hold: step, source, target, and whether flows went no further."""
        if cell.step is None:
            return None
        nodes = {(each.step, each.event): each for each in self.flow_nodes if each.segment == segment}
        parameter = "event" if cell.event is not None else "source"
        first = cell.event or cell.source or ""
        at_step = [event for step, event in nodes if step == cell.step]
        if not at_step:
            steps = sorted({step for step, _ in nodes})
            message = [Word("step"), f" is {cell.step}, and the flow shows no such step."]
            hint = f"It has steps {steps[0]} to {steps[-1]}." if steps else "It has no flows."
            raise ParameterError(message, parameter="step", value=cell.step, hint=hint)
        kind = nodes[cell.step, cells.name(first, at_step, parameter, f"event at step {cell.step}")].kind
        self._refuse_other(kind, first, parameter)
        if cell.target is None:
            return cell.step, None if kind == "dropoff" else first, None, kind == "dropoff"
        edges = [
            each
            for each in self.flow_edges
            if (each.segment, each.step, each.source) == (segment, cell.step, first)
        ]
        cells.name(cell.target, [each.target for each in edges], "target", f"event after {first}")
        ends = {nodes[each.target_step, each.target].kind for each in edges if each.target == cell.target}
        self._refuse_other(next(iter(ends)), cell.target, "target")
        return cell.step, first, None if ends == {"dropoff"} else cell.target, ends == {"dropoff"}

    def _refuse_other(self, kind: NodeKind, event: str, parameter: str) -> None:
        if kind == "other":
            message = f"{event} stands for the events beyond the limit."
            hint = ["Ask the flow again with a larger ", Word("limit"), ", and name the event."]
            raise ParameterError(message, parameter=parameter, value=event, hint=hint)

    def _at(self, step: int, segment: str | None) -> int:
        wanted = self._whole if segment is None else segment
        found = (node for node in self.flow_nodes if node.segment == wanted and node.step == step)
        return sum(node.count for node in found if node.kind != "dropoff")

    @property
    def column_names(self) -> list[str]:
        """``step, source, target, count, target_step``; before them ``segment`` with ``on``."""
        return [*self._split, "step", "source", "target", "count", "target_step"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row per edge."""
        return _rows(self.flow_edges, self.column_names)

    def _dtypes(self) -> Mapping[str, str]:
        return dict.fromkeys(("step", "count", "target_step"), "int64")

    def numbers(self) -> Numbers:
        """How many flows, and which share of them, have one event after another, for a comparison."""
        lines = []
        for edge in self.flow_edges:
            segments = () if self.on is None else (edge.segment,)
            key = (*segments, edge.step, edge.source, edge.target, edge.target_step)
            entered = self.entered(edge.segment)
            share = edge.count / entered if entered else None
            counts = Measure("count", adds_up=self.count != "uniques")
            are_users = self.count == "uniques"
            lines += [
                Line(
                    key,
                    key,
                    counts,
                    (edge.count,),
                    (True,),
                    is_drawn=False,
                    sampling=Sampling() if are_users else None,
                ),
                Line(
                    key,
                    key,
                    Measure("share", "share"),
                    (share,),
                    (True,),
                    sampling=Sampling((entered,)) if are_users else None,
                ),
            ]
        return Numbers(
            (
                ("count", self.count),
                ("number of anchors", len(self.anchors)),
                ("steps", (self.forward, self.back)),
                ("breakdowns", property_names(self.on)),
            ),
            (*self._split, "step", "source", "target", "target_step"),
            tuple(lines),
            (None,),
            days_of((), None, self.from_date, self.to_date),
            (True,),
            self._unseen,
            absent_sampling=self._absent_sampling,
        )

    def _absent_sampling(self, line: Line) -> Sampling | None:
        """Of an edge that this report does not have: the users of its flows."""
        if line.sampling is None or line.sampling.of is None:
            return line.sampling
        return Sampling((self.entered(None if self.on is None else line.key[0]),))

    def _unseen(self, line: Line) -> float | None:
        """Nothing between two events that are both shown; otherwise unknown."""
        *segments, step, source, target, target_step = line.key
        whose = segments[0] if segments else None
        shown = {(node.step, node.event) for node in self.flow_nodes if node.segment == whose}
        return 0.0 if {(step, source), (target_step, target)} <= shown else None

    @property
    def edges(self) -> pd.DataFrame:
        """Which events followed each other: the same as ``.df``."""
        return self.df

    @cached_property
    def nodes(self) -> pd.DataFrame:
        """The events of each step: ``step, event, count, kind``."""
        names = [*self._split, "step", "event", "count", "kind"]
        return typed_frame(_rows(self.flow_nodes, names), names, {"step": "int64", "count": "int64"})

    @cached_property
    def paths(self) -> pd.DataFrame:
        """The most frequent paths: ``path, count, share``."""
        names = [*self._split, "path", "count", "share"]
        return typed_frame(_rows(self.flow_paths, names), names, {"count": "int64", "share": "float64"})

    @property
    def _split(self) -> list[str]:
        return [] if self.on is None else ["segment"]


def _rows(items: Sequence[Any], names: list[str]) -> list[tuple[Any, ...]]:
    return [tuple(getattr(item, name) for name in names) for item in items]
