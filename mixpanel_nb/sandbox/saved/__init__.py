"""Saved items of a project: funnels, cohorts, reports, annotations, and Lexicon descriptions.

This package contains the kinds of saved items (``kinds``), those of the generated store (``store``,
``lexicon``) and the format of a report's parameters (``params``). The endpoints answer them. A replayed
export has no saved items, only events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mixpanel_nb.analytics.definitions import Definitions
    from mixpanel_nb.sandbox.saved.kinds import Annotation, Cohort, Entity, Funnel, LookupTable, Report

    Item = TypeVar("Item", Cohort, Funnel, Report)


@dataclass(frozen=True)
class Saved:
    """The saved things of one project."""

    funnels: Sequence[Funnel] = ()
    cohorts: Sequence[Cohort] = ()
    reports: Sequence[Report] = ()
    annotations: Sequence[Annotation] = ()
    lexicon: Sequence[Entity] = ()
    custom_events: Sequence[Mapping[str, Any]] = ()
    custom_properties: Sequence[Mapping[str, Any]] = ()
    lookup_tables: Sequence[LookupTable] = ()

    def definitions(self) -> Definitions:
        """The custom events and properties, for reports."""
        from mixpanel_nb.analytics.definitions import Definitions
        from mixpanel_nb.bookmarks.definitions import custom_event_of, custom_property_of

        events = {each["customEventId"]: each for each in self.custom_events}
        properties = {each["customPropertyId"]: each for each in self.custom_properties}
        return Definitions(
            {number: custom_event_of(number, each) for number, each in events.items()},
            {number: custom_property_of(number, each) for number, each in properties.items()},
        )


NOTHING = Saved()


def by_id(items: Iterable[Item], number: int) -> Item | None:
    """The one with this id, or None."""
    return next((item for item in items if item.id == number), None)


def of_the_store() -> Saved:
    """The saved things that fit the generated data set."""
    from mixpanel_nb.sandbox.saved.definitions import CUSTOM_EVENTS, CUSTOM_PROPERTIES, LOOKUP_TABLES
    from mixpanel_nb.sandbox.saved.lexicon import ENTITIES
    from mixpanel_nb.sandbox.saved.store import ANNOTATIONS, COHORTS, FUNNELS, REPORTS

    return Saved(
        FUNNELS,
        COHORTS,
        REPORTS,
        ANNOTATIONS,
        ENTITIES,
        CUSTOM_EVENTS,
        CUSTOM_PROPERTIES,
        LOOKUP_TABLES,
    )
