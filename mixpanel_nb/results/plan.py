"""How DuckDB answers a query: the steps of its plan, estimated or measured."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from mixpanel_nb.display import Card

_INDENT, _BRANCH = "\u00a0\u00a0", "└\u00a0"  # spaces that neither HTML nor a table takes away
_FROM_JSON = re.compile(r"->>|json_extract|json_value")
_JSON_NOTE = (
    "Values are read out of JSON, row by row: a typed column answers about 100 times faster, and promote "
    "makes one of a property."
)


@dataclass(frozen=True)
class PlanStep:
    """One step of a plan; it takes rows from the steps below it and hands them to the one above.

    Attributes:
        depth: How many steps are above it.
        operator: DuckDB's name of what it does, such as ``HASH_JOIN``.
        details: What it does it to: tables, columns, conditions.
        estimated_rows: Rows that DuckDB expects to come out, or None where it does not say.
        rows: Rows that came out, or None where nothing was run.
        seconds: Time spent in it, of all threads together, or None where nothing was run.
    """

    depth: int
    operator: str
    details: str
    estimated_rows: int | None
    rows: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, repr=False)
class PlanResult(Result):
    """How DuckDB answers a query.

    Attributes:
        query: The SQL; its last statement is the one explained.
        steps: The steps from the last to the first, each above those it takes rows from.
        seconds: How long the statement ran, or None where it was not run.
    """

    shown_rows: ClassVar[int] = 200

    query: str
    steps: tuple[PlanStep, ...]
    seconds: float | None = None

    @property
    def column_names(self) -> list[str]:
        """The fields of the steps; ``rows`` and ``seconds`` only where they were measured."""
        measured = [] if self.seconds is None else ["rows", "seconds"]
        return ["depth", "operator", "details", "estimated_rows", *measured]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a step."""
        return [tuple(getattr(step, name) for name in self.column_names) for step in self.steps]

    def card(self, *, max_rows: int | None = None) -> Card:
        """The steps as a tree, with what each costs."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table, format_value

        measured = self.seconds is not None
        columns = [Column("step", "text"), Column("rows, estimated", "integer")]
        columns += [Column("rows", "integer"), Column("ms", "number")] if measured else []
        title = f"Query plan, run in {format_value(self.seconds, 'duration')}" if measured else "Query plan"
        subtitle = "Each step takes rows from those below it; times are of all threads together."
        return Card(
            title=title,
            subtitle=subtitle if measured else "Each step takes rows from those below it. Nothing was run.",
            table=Table([*columns, Column("details", "text")], [self._row(step) for step in self.steps]),
            query=self.query,
            notes=[_JSON_NOTE] if any(_FROM_JSON.search(step.details) for step in self.steps) else [],
        )

    def _row(self, step: PlanStep) -> tuple[Any, ...]:
        name = step.operator.replace("_", " ").lower()
        tree = _INDENT * (step.depth - 1) + _BRANCH if step.depth else ""
        estimated = "" if step.estimated_rows is None else step.estimated_rows
        if self.seconds is None:
            return (tree + name, estimated, step.details)
        return (tree + name, estimated, step.rows, (step.seconds or 0) * 1000, step.details)
