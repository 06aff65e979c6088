"""Making projects, and asking the package and the reference the same questions of them."""

from __future__ import annotations

import itertools
import json
import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ExpressionError
from mixpanel_nb.storage import StorageEngine, TableMetadata
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.workspace import Project as Calendar

from .expressions import Node
from .reference import Event, Records, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.storage.schema import TableType

FETCHED = datetime(2025, 12, 1, 12)

_numbers = itertools.count(1)


def did(user: str | None, name: str, when: str, zone: str = "UTC", **properties: Any) -> dict[str, Any]:
    """An event as Mixpanel exports it; ``when`` is wall-clock time in ``zone``, e.g. ``2025-01-01 13:00``."""
    seconds = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo(zone)).timestamp()
    time = int(seconds) if seconds.is_integer() else seconds
    held = {"time": time, "distinct_id": user, "$insert_id": f"id{next(_numbers):06}"}
    return {"event": name, "properties": {**held, **properties}}


def case(name: str) -> list[dict[str, Any]]:
    """The lines of a small export in ``cases/``."""
    lines = (Path(__file__).parent / "cases" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def profile(user: str, **properties: Any) -> dict[str, Any]:
    """A profile as Mixpanel's engage answers it."""
    return {"$distinct_id": user, "$properties": properties}


@dataclass(frozen=True)
class Project:
    """What a project holds.

    Attributes:
        events: Lines of Mixpanel's export.
        profiles: Results of Mixpanel's engage; None where they were not fetched.
        zone: The project's time zone.
        columns: The typed columns of the table: at most so many, or these, or none.
        week_start: The day on which the project's weeks begin.
        sorted: How many of the first events are there when the table is sorted (``optimize``).
    """

    events: Sequence[Mapping[str, Any]]
    profiles: Sequence[Mapping[str, Any]] | None = None
    zone: str = "UTC"
    columns: int | Sequence[str] | None = 100
    week_start: str = "monday"
    sorted: int = 0


class Ask(Protocol):
    """Asks a report by its name; the answer are its records."""

    def __call__(self, report: str, /, *args: Any, **query: Any) -> Records: ...


class Reports(Protocol):
    """Takes a project and gives what answers questions about it."""

    def __call__(self, project: Project) -> Ask: ...


def of_reference(project: Project) -> Ask:
    """Answers of the reference."""
    reference = Reference(project.events, project.profiles or (), project.zone, project.week_start)

    def ask(report: str, /, *args: Any, **query: Any) -> Records:
        answer = getattr(reference, report)(*args, **query)
        return [occurrence(event) for event in answer] if report == "activity_feed" else list(answer)

    return ask


def occurrence(event: Event) -> dict[str, Any]:
    shown = {"event": event.name, "ms": event.ms, "distinct_id": event.user}
    return shown | {"properties": event.properties}


class Package:
    """Answers of the package: a workspace a calendar on one database, whose tables each project replaces."""

    def __init__(self) -> None:
        self._storage = StorageEngine.memory()
        self._workspaces: dict[tuple[str, str], Workspace] = {}
        self._loaded: set[TableType] = set()
        self._folder = tempfile.TemporaryDirectory(prefix="reports-")

    def __call__(self, project: Project) -> Ask:
        ws = self.workspace(project.zone, project.week_start)
        self._load(ws, "events", project.events[: project.sorted] or project.events, project.columns)
        if project.sorted:
            ws.optimize("events")
            rest = project.events[project.sorted :]
            self._load(ws, "events", rest, project.columns, replace=False)
        self._load(ws, "profiles", project.profiles, project.columns)

        def ask(report: str, /, *args: Any, **query: Any) -> Records:
            result = getattr(ws, report)(*args, **plain(query), table="events")
            return _SHAPES[report](result) if report in _SHAPES else list(result.records())

        return ask

    def close(self) -> None:
        self._storage.close()
        self._folder.cleanup()

    def workspace(self, zone: str = "UTC", week_start: str = "monday") -> Workspace:
        """The workspace whose tables hold the last project of a time zone and a first day of the week."""
        key = zone, week_start
        if key not in self._workspaces:
            calendar = Calendar.find("sandbox", timezone=zone, week_start=week_start)
            self._workspaces[key] = Workspace.from_parts(calendar, self._storage)
        return self._workspaces[key]

    def forget_identities(self) -> None:
        """Forget the identities of the table's users."""
        self._storage.discard("identities_events")

    def _load(
        self,
        ws: Workspace,
        table: TableType,
        lines: Sequence[Any] | None,
        columns: Any,
        *,
        replace: bool = True,
    ) -> None:
        if lines is None:
            if table in self._loaded:
                ws.storage.discard(table)
                self._loaded.remove(table)
            return
        file = Path(self._folder.name) / "lines.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        metadata = TableMetadata(table, FETCHED)
        batch = Batch(table, [file], [], metadata, columns=columns, replace=replace, lines=len(lines))
        ws.storage.load(batch)
        self._loaded.add(table)


def feed(result: Any) -> Records:
    return [
        {
            "event": event.event,
            "ms": round(event.time.timestamp() * 1000),
            "distinct_id": event.distinct_id,
            "properties": dict(event.properties),
        }
        for event in result.events
    ]


def parts(result: Any) -> Records:
    """Nodes, edges and paths of a flow, segment by segment."""
    found = []
    for segment in result.segments if result.flow_nodes else []:
        split = {} if segment is None else {"segment": segment}
        nodes = [node for node in result.flow_nodes if node.segment == segment]
        edges = [edge for edge in result.flow_edges if edge.segment == segment]
        found += [split | {"node": (n.step, n.event, n.kind), "count": n.count} for n in nodes]
        joined = {(e.step, e.source, e.target, e.target_step): e.count for e in edges}
        found += [split | {"edge": key, "count": count} for key, count in sorted(joined.items())]
        paths = [path for path in result.flow_paths if path.segment == segment]
        found += [split | {"path": p.path, "count": p.count, "share": p.share} for p in paths]
    return found


_SHAPES = {"activity_feed": feed, "flow": parts}


def plain(value: Any) -> Any:
    """A question's value with expressions as text."""
    if isinstance(value, Node):
        return str(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain(item) for item in value)
    return value


def check(package: Package, project: Project, report: str, questions: Sequence[Mapping[str, Any]]) -> None:
    """The package answers every question as the reference does."""
    ask, expected = package(project), of_reference(project)
    for question in questions:
        try:
            answer = ask(report, **question)
        except ExpressionError as error:
            # A typed column shows that an operand of `and` can never be true or false. Read from the JSON,
            # where nobody can know beforehand, the same question has the reference's answer.
            if not project.columns or "needs true or false" not in error.message:
                raise
            answer = package(replace(project, columns=0))(report, **question)
            ask = package(project)
        assert_same(answer, expected(report, **question), plain(question))


def assert_same(actual: Records, expected: Records, question: Any) -> None:
    """The same records in the same order; decimals may differ in their last digits."""
    differing = [pair for pair in itertools.zip_longest(actual, expected) if not alike(*pair)]
    shown = "".join(f"\n  package {ours}\n  reference {theirs}" for ours, theirs in differing[:5])
    assert not differing, f"asked {question}:{shown}"


def alike(actual: Any, expected: Any) -> bool:
    if isinstance(actual, dict) and isinstance(expected, dict):
        return list(actual) == list(expected) and all(alike(actual[name], expected[name]) for name in actual)
    if isinstance(actual, float) or isinstance(expected, float):
        both = actual is not None and expected is not None
        return both and math.isclose(actual, expected, rel_tol=1e-9, abs_tol=1e-9)
    return bool(actual == expected)
