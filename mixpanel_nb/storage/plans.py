"""DuckDB's plan of a statement, as readable steps."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError
from mixpanel_nb.storage.records import PlanStepRecord

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.storage.queries import UserStatement

# The most informative details come first; DuckDB's others follow.
_FIRST = (
    "Table",
    "Function",
    "Filters",
    "Join Type",
    "Conditions",
    "Groups",
    "Aggregates",
    "Order By",
    "Top",
)
_ESTIMATE = "Estimated Cardinality"
_UNSAID = {
    *(_ESTIMATE, "Type", "Table Index", "CTE Index", "Delim Index", "Execution Mode", "Order Mode"),
    *("Materialized Consumers", "__projections__"),
}
_CALLED = {"Projections": "columns", "Filters": "where", "Conditions": "on"}
_CATALOG = re.compile(r'^"?(?:mp|memory|temp)"?\.main\.')
_WRAPPERS = {"RESULT_COLLECTOR", "EXPLAIN_ANALYZE"}
# A projection of nothing else only hands columns on, packed smaller or unpacked again.
_HANDED_ON = re.compile(r"#\d+|CAST\(#\d+ AS [A-Z]+\)|__internal_\w+\(.*\)")
_CAN_BE_UNDONE = {"SELECT", "MULTI", "CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO"}


def explaining(statement: UserStatement, *, analyze: bool) -> str:
    """The statement that tells the plan of another one, which begins on the second line."""
    return f"EXPLAIN ({'ANALYZE, ' if analyze else ''}FORMAT json)\n{statement.text}"


def check_explainable(statements: Sequence[UserStatement], *, analyze: bool) -> None:
    """Check that a statement has a plan, and can be rolled back after measuring.

    Raises:
        QueryError: it is not.
    """
    last = statements[-1]
    if any(statement.kind == "TRANSACTION" for statement in statements):
        message = "Transactions cannot be explained."
        raise QueryError(message, hint="Leave BEGIN and COMMIT out: what runs for a plan is undone anyway.")
    if last.kind == "EXPLAIN":
        message = "This is an EXPLAIN already."
        raise QueryError(message, hint="Leave the word EXPLAIN out.")
    if analyze and last.kind not in _CAN_BE_UNDONE:
        message = f"What {last.kind} does could not be undone, so it is not run to be measured."
        raise QueryError(message, hint="Ask for the plan alone.")


def steps(plan: str) -> tuple[PlanStepRecord, ...]:
    """The steps of a plan that DuckDB told as JSON, measured or not (its versions differ in the keys)."""
    told = json.loads(plan)
    roots = told if isinstance(told, list) else told.get("operator") or told["children"]
    return tuple(step for root in roots for step in _steps(root, 0))


def _steps(node: Mapping[str, Any], depth: int) -> Iterator[PlanStepRecord]:
    name = str(node.get("name") or node.get("operator_name")).strip()
    about: Mapping[str, Any] = node.get("extra_info") or {}
    if not (name in _WRAPPERS or (name == "PROJECTION" and _hands_on(about))):
        yield PlanStepRecord(
            depth,
            name,
            _details(about),
            int(about[_ESTIMATE]) if _ESTIMATE in about else None,
            node.get("intermediate_rows", node.get("operator_cardinality")),
            node.get("timing", node.get("operator_timing")),
        )
        depth += 1
    for child in node.get("children") or ():
        yield from _steps(child, depth)


def _hands_on(about: Mapping[str, Any]) -> bool:
    return all(_HANDED_ON.fullmatch(text) for text in _texts(about.get("Projections", ())))


def _details(about: Mapping[str, Any]) -> str:
    named = sorted((name for name in about if name not in _UNSAID), key=_place)
    told = {name: ", ".join(_texts(about[name])) for name in named}
    if "Table" in told:
        told["Table"] = _CATALOG.sub("", told["Table"])
    return " · ".join(f"{_CALLED.get(name, name.lower())}: {text}" for name, text in told.items() if text)


def _place(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)]
