"""View of a query plan."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from mixpanel_nb.display import Card, Column, Table, format_value
from mixpanel_nb.results import PlanResult, PlanStep
from mixpanel_nb.views.base import View

_INDENT, _BRANCH = "\u00a0\u00a0", "└\u00a0"  # spaces that neither HTML nor a table takes away
_FROM_JSON = re.compile(r"->>|json_extract|json_value")
_JSON_NOTE = (
    "Values are read out of JSON, row by row: a typed column answers about 100 times faster, and promote "
    "makes one of a property."
)


class PlanView(View[PlanResult]):
    """The steps of a plan as a tree."""

    shown_rows: ClassVar[int] = 200

    def card(self, *, max_rows: int | None = None) -> Card:
        """The steps as a tree, with what each costs."""
        del max_rows
        measured = self.result.seconds is not None
        columns = [Column("step", "text"), Column("rows, estimated", "integer")]
        columns += [Column("rows", "integer"), Column("ms", "number")] if measured else []
        title = (
            f"Query plan, run in {format_value(self.result.seconds, 'duration')}"
            if measured
            else "Query plan"
        )
        subtitle = "Each step takes rows from those below it; times are of all threads together."
        return Card(
            title=title,
            subtitle=subtitle if measured else "Each step takes rows from those below it. Nothing was run.",
            table=Table(
                [*columns, Column("details", "text")], [self._row(step) for step in self.result.steps]
            ),
            query=self.result.query,
            notes=[_JSON_NOTE] if any(_FROM_JSON.search(step.details) for step in self.result.steps) else [],
        )

    def _row(self, step: PlanStep) -> tuple[Any, ...]:
        name = step.operator.replace("_", " ").lower()
        tree = _INDENT * (step.depth - 1) + _BRANCH if step.depth else ""
        estimated = "" if step.estimated_rows is None else step.estimated_rows
        if self.result.seconds is None:
            return (tree + name, estimated, step.details)
        return (tree + name, estimated, step.rows, (step.seconds or 0) * 1000, step.details)
