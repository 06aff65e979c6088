"""Conversion of session rows to figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.results import OVERALL, SessionFigures
from mixpanel_nb.results.report import segment_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Bucket


class SessionRows:
    """The rows of ``sessions.statement``.

    Attributes:
        totals: Segment to the figures of all of its sessions.
        figures: Segment to bucket of time to figures.
        left_out: Segments beyond the limit.
    """

    def __init__(self, rows: Sequence[tuple[Any, ...]]) -> None:
        names = segment_names(row[1] for row in rows)
        self.totals: dict[str, SessionFigures] = {}
        self.figures: dict[str, dict[Bucket, SessionFigures]] = {OVERALL: {}}
        self.left_out = 0
        for bucket, segment, *values, place, segments in rows:
            name, figures = names[segment], SessionFigures(*values)
            self.left_out = segments - place
            found = self.figures.setdefault(name, {})
            if bucket is None:
                self.totals[name] = figures
            else:
                found[bucket] = figures
