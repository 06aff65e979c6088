"""Mixpanel's reports as SQL: the expression language, and one module per report.

This package contains pure functions from a report's parameters and a table's columns to one ``Statement``,
and the calendar they share. It does no input or output and does not use a database or pandas. A caller that
knows a table's columns can build the statements and run them on any engine that understands DuckDB's SQL, or
on another one through a translator such as sqlglot.

``docs/local-reports.md`` defines what the reports count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.analytics import (
        activity,
        copies,
        counts,
        experiment,
        flow,
        frequency,
        funnel,
        insights,
        numeric,
        retention,
        segmentation,
        sessions,
        signal,
        users,
    )
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {},
        modules=(
            "activity",
            "copies",
            "counts",
            "experiment",
            "flow",
            "frequency",
            "funnel",
            "insights",
            "numeric",
            "retention",
            "segmentation",
            "sessions",
            "signal",
            "users",
        ),
    )

__all__ = [
    "activity",
    "copies",
    "counts",
    "experiment",
    "flow",
    "frequency",
    "funnel",
    "insights",
    "numeric",
    "retention",
    "segmentation",
    "sessions",
    "signal",
    "users",
]
