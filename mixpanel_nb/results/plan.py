"""Result of explain: the steps of DuckDB's plan, estimated or measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mixpanel_nb.results.base import Result


@dataclass(frozen=True)
class PlanStep:
    """One step of a plan; it reads rows from the steps below and passes them to the one above.

    Attributes:
        depth: The number of steps above it.
        operator: DuckDB's name of what it does, such as ``HASH_JOIN``.
        details: Its tables, columns and conditions.
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
    """DuckDB's plan of a query.

    Attributes:
        query: The SQL; its last statement is the one explained.
        steps: The steps from the last to the first, each above those it takes rows from.
        seconds: How long the statement ran, or None where it was not run.
    """

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
