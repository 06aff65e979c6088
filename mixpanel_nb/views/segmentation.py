"""View of segmentation."""

from __future__ import annotations

from mixpanel_nb.results import SegmentationResult
from mixpanel_nb.results.series import BETWEEN
from mixpanel_nb.views.series import SeriesView, no_events
from mixpanel_nb.views.words import event_name, property_name


class SegmentationView(SeriesView[SegmentationResult]):
    """How often an event happened, by segment."""

    @property
    def _title(self) -> str:
        name, on = event_name(self.result.event), self._names_are
        return f"{name} by {on}" if on else name

    def _nothing(self) -> str:
        return no_events(self.result.event, self.result)

    @property
    def _names_are(self) -> str | None:
        on = self.result.on
        names = (on,) if isinstance(on, str) else on or ()
        return BETWEEN.join(map(property_name, names)) or None
