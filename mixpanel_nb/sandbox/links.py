"""The reports that links lead to, of a running sandbox: kept in memory only."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True)
class LinkedReport:
    """A report that nobody saved.

    Attributes:
        slug: What the address ends with.
        type: ``insights``, ``funnels``, ``retention`` or ``flows``.
        params: Its bookmark.
        name: Its title, or None.
        description: A text, or None.
        created: When, UTC.
    """

    slug: str
    type: str
    params: Mapping[str, Any]
    name: str | None
    description: str | None
    created: datetime


class ReportLinks:
    """Reports by project and slug; safe to use from several threads."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], LinkedReport] = {}
        self._lock = threading.Lock()

    def add(self, project: str, report: LinkedReport) -> bool:
        """Keep a report; False if the project has one under its slug."""
        with self._lock:
            return self._found.setdefault((project, report.slug), report) is report

    def find(self, project: str, slug: str) -> LinkedReport | None:
        """The report of a project under a slug, or None."""
        with self._lock:
            return self._found.get((project, slug))
