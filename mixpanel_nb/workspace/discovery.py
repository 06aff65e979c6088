"""What a workspace tells of its project: events, properties, and what people have saved in it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mixpanel_nb.workspace.base import Base

if TYPE_CHECKING:
    from mixpanel_nb.results import BookmarkList, CohortList, FunnelList, LexiconSchemaList, NameList
    from mixpanel_nb.results.asked import Vocabulary
    from mixpanel_nb.services.discovery import DiscoveryService


class Discovery(Base):
    """The names of a project. Mixpanel is asked once a session for each; what is given is a copy."""

    def events(self) -> NameList:
        """Names of the project's events, sorted; asked once a session.

        Mixpanel shows merged events under the name that they were merged into, and keeps raw data as they
        are: a table has events under the names with which they were sent, and no custom events
        (https://docs.mixpanel.com/docs/data-governance/lexicon#merging-data).

        Raises:
            APIError: Mixpanel could not be asked.
        """
        return _name_list("events", self._discovery.events())

    def properties(self, event: str) -> NameList:
        """Names of the properties of ``event``, sorted; asked once a session.

        Raises:
            QueryError: there is no such event.
        """
        return _name_list("properties", self._discovery.properties(event), of=event)

    def property_values(self, event: str, prop: str, limit: int = 100) -> NameList:
        """At most ``limit`` values of property ``prop`` of ``event``, sorted; asked once a session.

        Where there are none, ``remarks`` tells whether there is such a property at all.
        """
        values = self._discovery.property_values(event, prop, limit)
        remark = None if values else self._discovery.no_such_property(event, prop)
        return _name_list("values", values, of=prop, remark=remark)

    def funnels(self) -> FunnelList:
        """The saved funnels, by name; asked once a session."""
        return self._discovery.funnels()

    def cohorts(self) -> CohortList:
        """The saved cohorts, by name; asked once a session."""
        return self._discovery.cohorts()

    def bookmarks(self, type: str | None = None) -> BookmarkList:  # noqa: A002 - Mixpanel's name
        """The saved reports, by name; asked once a session.

        Args:
            type: ``insights``, ``funnels``, ``retention``, ``flows`` or ``launch-analysis``; None for all.

        Raises:
            QueryError: there is no such type.
        """
        return self._discovery.bookmarks(type)

    def lexicon_schemas(self, entity_type: str | None = None) -> LexiconSchemaList:
        """What Lexicon says of events and properties; asked once a session.

        Args:
            entity_type: ``event``, ``profile``, ``custom_event`` or ``group``; None for all.

        Raises:
            QueryError: there is no such type.
        """
        return self._discovery.lexicon_schemas(entity_type)

    def clear_cache(self) -> None:
        """Forget what discovery has answered."""
        self._discovery.clear_cache()

    def answered(self, *question: str) -> list[str]:
        """What discovery has answered already, as names; nothing is asked for it.

        Args:
            question: ``"events"``; ``"properties"`` and an event; ``"values"``, an event and a property.
        """
        made: DiscoveryService | None = self.__dict__.get("_discovery")
        return [] if made is None else made.answered(*question)

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that questions can be made of, as far as they are known or told."""
        from mixpanel_nb.workspace.vocabulary import Names

        return Names(self.storage, lambda: self._discovery)

    @cached_property
    def _discovery(self) -> DiscoveryService:
        from mixpanel_nb.services.discovery import DiscoveryService

        return DiscoveryService(self.api)


def _name_list(kind: str, names: list[str], *, of: str | None = None, remark: str | None = None) -> NameList:
    from mixpanel_nb.results import NameList

    return NameList(kind, names, of=of, remark=remark)
