"""How a segmentation looks."""

from __future__ import annotations

from mixpanel_nb.results import SegmentationResult
from mixpanel_nb.views.series import SeriesView, no_events
from mixpanel_nb.views.words import property_name, short


class SegmentationView(SeriesView[SegmentationResult]):
    """How often an event happened, by segment."""

    @property
    def _title(self) -> str:
        return short(self.result.event) + (f" by {property_name(self.result.on)}" if self.result.on else "")

    def _nothing(self) -> str:
        return no_events(short(self.result.event), self.result)

    @property
    def _names_are(self) -> str | None:
        return property_name(self.result.on) if self.result.on else None
