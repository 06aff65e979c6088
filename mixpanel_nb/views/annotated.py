"""The annotations of a chart over time: which it has, their numbers, marks and words."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING

from mixpanel_nb.display import Chart, counted
from mixpanel_nb.display.annotations import Mark, with_marks
from mixpanel_nb.display.text import one_line
from mixpanel_nb.views.words import bucket_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.results import Annotation

_MAX_TEXT = 120
_MAX_LINES = 8
_MAX_WORDS = 60


@dataclass(frozen=True)
class Annotated:
    """The annotations of a report over time.

    Attributes:
        annotations: Those of its days, by their date.
        buckets: Its buckets of time, in order.
        unit: Their unit.
    """

    annotations: Sequence[Annotation]
    buckets: Sequence[date]
    unit: str | None

    def on(self, chart: Chart) -> Chart:
        """The chart with marks, with its lines below it, and with words in its alternative text."""
        if not self.annotations or len(self.buckets) < 2:
            return chart
        marks = [
            Mark(number, self._bucket(each.date), _text(each, _MAX_TEXT))
            for number, each in enumerate(self.annotations, 1)
        ]

        def name(bucket: date) -> str:
            return bucket_name(bucket, self.unit)

        return replace(
            chart,
            draw=lambda: with_marks(chart.draw(), marks, self.buckets, name),
            alt=f"{chart.alt} {self._words()}",
            lines=self._lines(),
        )

    def _lines(self) -> tuple[tuple[str, str], ...]:
        """The numbered texts below the chart."""
        told = [
            (f"{number} · {each.date.date()}", _text(each, _MAX_TEXT))
            for number, each in enumerate(self.annotations[:_MAX_LINES], 1)
        ]
        more = len(self.annotations) - _MAX_LINES
        return (*told, ("…", f"and {counted(more, 'more annotation')}")) if more > 0 else tuple(told)

    def _words(self) -> str:
        told = [
            f"{number} on {each.date.date()}, {_text(each, _MAX_WORDS)}"
            for number, each in enumerate(self.annotations[:_MAX_LINES], 1)
        ]
        more = len(self.annotations) - _MAX_LINES
        told += [f"and {more:,} more"] if more > 0 else []
        return f"Annotations: {'; '.join(told)}"

    def _bucket(self, moment: datetime) -> date:
        """The bucket that a moment belongs to."""
        starts = [
            day if isinstance(day, datetime) else datetime.combine(day, time.min) for day in self.buckets
        ]
        return self.buckets[max(bisect_right(starts, moment) - 1, 0)]


def _text(annotation: Annotation, limit: int) -> str:
    return one_line(annotation.description, limit) or "(no text)"
