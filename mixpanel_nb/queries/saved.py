"""Queries of what Mixpanel keeps or runs: saved reports, also computed from a table, and JQL scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Mapping, Name, Optional, Text, Whole
from mixpanel_nb.queries.funnel import MAX_ID
from mixpanel_nb.queries.parameter import Label, Parameter

if TYPE_CHECKING:
    from mixpanel_nb.results import JQLResult, SavedReportResult


@dataclass(frozen=True, kw_only=True)
class SavedReport(Query["SavedReportResult"]):
    """Show a report that is saved in the project, as Mixpanel computes it or computed from a table."""

    name: ClassVar[str] = "saved_report"
    title: ClassVar[str] = "Saved report"
    example: ClassVar[str] = "12345"

    bookmark_id: Annotated[
        int,
        Parameter(
            "The saved report (see: {mp bookmarks}).",
            Whole(MAX_ID),
            "ID",
            positional=True,
            read=int,
            label=Label("Saved report", only="Mixpanel"),
        ),
    ]
    table: Annotated[
        str | None,
        Parameter("Compute what it asks from this table.", Optional(Name()), "TABLE"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class JQL(Query["JQLResult"]):
    """Run a JQL script. Mixpanel has put JQL in maintenance mode and advises against new use."""

    name: ClassVar[str] = "jql"
    title: ClassVar[str] = "JQL"
    example: ClassVar[str] = """report.js --params '{"from_date": "2025-01-01"}'"""

    script: Annotated[str, Parameter("The script.", Text(), "FILE", positional=True)]
    params: Annotated[
        dict[str, Any] | None,
        Parameter("An object, for the script's params.", Optional(Mapping()), "JSON"),
    ] = None
