"""The methods of a workspace that list a project's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.workspace.base import WorkspaceBase
from mixpanel_nb.workspace.defaults import days_to_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results import (
        AnnotationList,
        BookmarkList,
        CohortList,
        CustomEventList,
        CustomPropertyList,
        FunnelList,
        LexiconSchemaList,
        LookupTableList,
        NameList,
    )

    Day = str | date


class ProjectNames(WorkspaceBase):
    """The names of a project. Mixpanel is asked once a session for each."""

    def events(self) -> NameList:
        """Names of the project's events, sorted; asked once a session.

        Mixpanel shows merged events under the name that they were merged into, and keeps raw data as they
        are: a table has events under the names with which they were sent, and no custom events
        (https://docs.mixpanel.com/docs/data-governance/lexicon#merging-data).

        Raises:
            APIError: Mixpanel could not be asked.

        Example:
            >>> len(ws.events()), ws.events()[0]
            (12, 'Add to Cart')
        """
        return _name_list("events", self._discovery.events())

    def properties(self, event: str) -> NameList:
        """Names of the properties of ``event``, sorted; asked once a session.

        Raises:
            QueryError: there is no such event.

        Example:
            >>> "plan" in ws.properties("Purchase")
            True
        """
        return _name_list("properties", self._discovery.properties(event), of=event)

    def property_values(self, event: str, prop: str, limit: int = 100) -> NameList:
        """At most ``limit`` values of property ``prop`` of ``event``, sorted; asked once a session.

        If there are none, ``remarks`` says whether the property exists.
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
            ParameterError: there is no such type.
        """
        return self._discovery.bookmarks(type)

    def annotations(
        self,
        from_date: Day | None = None,
        to_date: Day | None = None,
        *,
        last: str | int | None = None,
        during: str | None = None,
        table: str | None = None,
    ) -> AnnotationList:
        """The annotations of the project, by their date, in its time zone; asked once a session.

        They cost no query of the quota. Fetches and syncs keep those of a table's days with it, and reports
        over time draw them: those of the table, or where Mixpanel is asked those that this session has
        listed.

        Args:
            from_date: Only those of this day and later ones.
            to_date: Only those of this day and earlier ones.
            last: Those of the last days up to ``to_date``, by default today, or the table's last day:
                ``30d``, ``12w``, ``3m`` or ``1y``.
            during: Those of a period, such as ``2025-03``.
            table: Those that are kept with this table; Mixpanel is not asked.

        Raises:
            ParameterError: a day is none, or days are given twice.
            APIError: Mixpanel could not be asked, or the account may not see annotations.
            TableNotFoundError: there is no such table.

        Example:
            >>> [(str(each.date.date()), each.description) for each in ws.annotations("2025-03-10")]
            [('2025-03-11', 'Spring sale, announced in the newsletter.')]
        """
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services import project_annotations

        given, today = locals(), self._project.today
        if table is not None:
            self.storage.get_schema(table)  # raises if there is no such table
            held = self._engine.days(table)
            first, final = days_to_list(given, today, held[1] if held else today)
            zone = ZoneInfo(self.zone_of(table).name)
            return project_annotations.listed(self.storage.annotations(table), zone, first, final)
        first, final = days_to_list(given, today, today)
        zone = ZoneInfo(self._project.account_timezone)
        return project_annotations.listed(self._discovery.annotations(zone), zone, first, final)

    def custom_events(self) -> CustomEventList:
        """The custom events of the project, by name; asked once a session, without a query of the quota.

        A custom event is any of several events, each with a filter or none. Queries name it by its
        ``reference``, such as ``$custom_event:5001``, wherever they name an event. What each is, is kept in
        the database, so that reports on tables know it too; ``problem`` says what they cannot.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.

        Example:
            >>> [each.definition for each in ws.custom_events() if each.name == "Looking around"]
            ['View Product or Search']
            >>> ws.insights("unique($custom_event:5001)", totals=True, during="2025-01").df.value.item()
            4719.0
        """
        from mixpanel_nb.services.saved_items import custom_events

        found = self._discovery.custom_events()
        self._keep("custom_event", found)
        return custom_events(found)

    def custom_properties(self) -> CustomPropertyList:
        """The custom properties of the project, by name; asked once a session, without a query of the quota.

        A custom property is a formula over properties. Queries name it by its ``reference``, such as
        ``$custom_property:6001``, wherever they name a property. The formulas are kept in the database, so
        that reports on tables calculate them too; ``problem`` says what they cannot.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.

        Example:
            >>> [(each.reference, each.type) for each in ws.custom_properties() if each.problem is None]
            [('$custom_property:6001', 'string'), ('$custom_property:6002', 'number')]
        """
        from mixpanel_nb.services.saved_items import custom_properties

        found = self._discovery.custom_properties()
        self._keep("custom_property", found)
        return custom_properties(found)

    def _keep(self, kind: str, found: Mapping[int, Mapping[str, Any]]) -> None:
        """Keep definitions in the database, if they are not there already and it can be written to."""
        if not self.storage.read_only and self.storage.defined(kind) != found:
            self.storage.define(kind, found)

    def lookup_tables(self) -> LookupTableList:
        """The lookup tables of the project, by name; asked once a session, without a query of the quota.

        For reports on tables, :meth:`lookup` copies one into the database.

        Raises:
            APIError: Mixpanel could not be asked, or the account may not see them.
        """
        return self._discovery.lookup_tables()

    def lexicon_schemas(self, entity_type: str | None = None) -> LexiconSchemaList:
        """Lexicon's entries for events and properties; asked once a session.

        Args:
            entity_type: ``event``, ``profile``, ``custom_event`` or ``group``; None for all.

        Raises:
            ParameterError: there is no such type.
        """
        return self._discovery.lexicon_schemas(entity_type)

    def clear_cache(self) -> None:
        """Forget the answers of discovery, so that Mixpanel is asked again."""
        self._discovery.clear_cache()

    def answered(self, *question: str) -> list[str]:
        """Names in earlier answers of discovery; Mixpanel is not asked.

        Args:
            question: ``"events"``; ``"properties"`` and an event; ``"values"``, an event and a property.
        """
        return self._discovery.answered(*question)


def _name_list(kind: str, names: list[str], *, of: str | None = None, remark: str | None = None) -> NameList:
    from mixpanel_nb.results import NameList

    return NameList(kind, names, of=of, remark=remark)
