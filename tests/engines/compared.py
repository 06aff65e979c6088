"""The same question of two workspaces."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mixpanel_nb import Workspace

    from .corpus import Asked


def records(ws: Workspace, question: Asked, table: str = "events") -> list[Any]:
    """The rows of an answer, and its notes."""
    ws.timezone = question.zone
    result = getattr(ws, question.report)(**question.given, **question.days, table=table)
    return [*result.records(), list(result.notes)]


def assert_same(ours: list[Any], theirs: list[Any], question: Asked) -> None:
    differing = [pair for pair in itertools.zip_longest(ours, theirs) if not alike(*pair)]
    shown = "".join(f"\n  DuckDB {one}\n  engine {other}" for one, other in differing[:5])
    assert not differing, f"{question.name}:{shown}"


def alike(one: Any, other: Any) -> bool:
    """Equal but for the last digits of decimals."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return one is not None and other is not None and math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)
