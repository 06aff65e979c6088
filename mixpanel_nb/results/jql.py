"""What a JQL script returned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping


VALUE = "value"


@dataclass(frozen=True, repr=False)
class JQLResult(ReportResult):
    """What a JQL script returned, as it came.

    Attributes:
        script: The script.
        raw: What it returned: any JSON, most often objects.
        params: What the script was given.
    """

    script: str
    raw: tuple[Any, ...]
    params: Mapping[str, Any] | None = None

    @cached_property
    def column_names(self) -> list[str]:
        """The keys of the objects, in the order in which they first come, or ``value`` for anything else."""
        keys = dict.fromkeys(
            key for item in self.raw for key in (item if isinstance(item, dict) else (VALUE,))
        )
        return list(keys)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an item; None where it lacks a key."""
        items = (item if isinstance(item, dict) else {VALUE: item} for item in self.raw)
        return [tuple(map(item.get, self.column_names)) for item in items]

    @property
    def query(self) -> str:
        """The script."""
        return self.script
