"""Views of names, saved funnels, cohorts, reports and Lexicon schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Column, Table, counted
from mixpanel_nb.results import (
    AnnotationList,
    BookmarkList,
    CohortList,
    CustomEventList,
    CustomPropertyList,
    FunnelList,
    LexiconProperty,
    LexiconSchemaList,
    LookupList,
    LookupTableList,
    NameList,
)
from mixpanel_nb.views.base import View
from mixpanel_nb.views.tables import ItemsView

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_MAX_TOLD = 8  # properties of a schema within a table


class NameListView(View[NameList]):
    """A list of names."""

    shown_rows: ClassVar[int] = 50

    @property
    def remarks(self) -> list[str]:
        """Why there are none, where that is known."""
        return [self.result.remark] if self.result.remark else []

    def card(self, *, max_rows: int | None = None) -> Card:
        """The names under a headline that counts them."""
        del max_rows
        of = f" of {self.result.of}" if self.result.of else ""
        return Card(
            title=f"{len(self.result):,} {self.result.kind}{of}",
            table=Table([Column(self.result.column_names[0], "text")], self.result.tuples())
            if self.result
            else None,
            notes=self.remarks,
            empty=None if self.result else f"There are no {self.result.kind}{of}.",
        )


class FunnelListView(ItemsView[FunnelList]):
    """The saved funnels of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id and name of each funnel."""
        del max_rows
        rows = [(str(funnel.funnel_id), funnel.name) for funnel in self.result.funnels]
        return _card("saved funnel", {"id": "text", "funnel": "text"}, rows)


class CohortListView(ItemsView[CohortList]):
    """The saved cohorts of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id, name, users and description of each cohort."""
        del max_rows
        columns = {
            "id": "text",
            "cohort": "text",
            "users": "integer",
            "description": "text",
            "created": "date",
            "visible": "text",
        }
        rows = [
            (
                str(cohort.id),
                cohort.name,
                _or_blank(cohort.count),
                cohort.description,
                _day(cohort.created),
                "yes" if cohort.is_visible else "no",
            )
            for cohort in self.result.cohorts
        ]
        return _card("cohort", columns, rows)


class BookmarkListView(ItemsView[BookmarkList]):
    """The saved reports of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id, name, type and description of each report."""
        del max_rows
        names = ("id", "report", "type", "description", "modified", "by")
        columns = {name: "date" if name == "modified" else "text" for name in names}
        rows = [
            (str(each.id), each.name, each.type, each.description, _day(each.modified), each.creator or "")
            for each in self.result.bookmarks
        ]
        return _card("saved report", columns, rows)


class AnnotationListView(ItemsView[AnnotationList]):
    """The annotations of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """When each is, its text, tags and author."""
        del max_rows
        columns = {"date": "datetime", "annotation": "text", "tags": "text", "by": "text"}
        rows = [
            (each.date, each.description, ", ".join(each.tags), each.author or "")
            for each in self.result.annotations
        ]
        return _card("annotation", columns, rows)


class CustomEventListView(ItemsView[CustomEventList]):
    """The custom events of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The name of each in queries, its own, and the events it is."""
        del max_rows
        rows = [
            (each.reference, each.name, each.problem or each.definition) for each in self.result.custom_events
        ]
        return _card("custom event", dict.fromkeys(("event", "name", "is any of"), "text"), rows)


class CustomPropertyListView(ItemsView[CustomPropertyList]):
    """The custom properties of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The name of each in queries, its own, and its formula."""
        del max_rows
        rows = [
            (each.reference, each.name, each.problem or each.definition)
            for each in self.result.custom_properties
        ]
        names = ("property", "name", "formula")
        return _card("custom property", dict.fromkeys(names, "text"), rows, "custom properties")


class LookupTableListView(ItemsView[LookupTableList]):
    """The lookup tables of a project."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id, name and age of each."""
        del max_rows
        columns = {
            "id": "text",
            "lookup table": "text",
            "created": "date",
            "modified": "date",
            "mapped": "text",
        }
        mapped = {True: "yes", False: "no", None: ""}
        rows = [
            (str(each.id), each.name, _day(each.created), _day(each.modified), mapped[each.is_mapped])
            for each in self.result.lookup_tables
        ]
        return _card("lookup table", columns, rows)


class LookupListView(ItemsView[LookupList]):
    """The lookup tables of a database."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """The property of each, and the properties that it adds."""
        del max_rows
        columns = {"name": "text", "joined to": "text", "adds": "text", "rows": "integer", "from": "text"}
        rows = [
            (each.name, each.property, ", ".join(each.columns), each.rows, each.source)
            for each in self.result.lookups
        ]
        return _card("lookup table", columns, rows)


class LexiconSchemaListView(ItemsView[LexiconSchemaList]):
    """The schemas of a project's Lexicon."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """What each schema is of, its description and its properties."""
        del max_rows
        names = ("type", "name", "description", "properties", "tags", "state")
        rows = [
            (
                each.entity_type,
                each.name,
                each.description,
                _fields_text(each.fields),
                ", ".join(each.tags),
                ", ".join(word for word in ("hidden", "dropped") if getattr(each, word)),
            )
            for each in self.result.schemas
        ]
        return _card("Lexicon schema", dict.fromkeys(names, "text"), rows)


def _card(
    noun: str, columns: Mapping[str, Any], rows: Sequence[Sequence[Any]], plural: str | None = None
) -> Card:
    return Card(
        title=counted(len(rows), noun) if plural is None or len(rows) == 1 else f"{len(rows):,} {plural}",
        table=Table([Column(name, kind) for name, kind in columns.items()], rows) if rows else None,
        empty=None if rows else f"This project has no {plural or f'{noun}s'}.",
    )


def _day(moment: datetime | None) -> Any:
    return "" if moment is None else moment.date()


def _or_blank(value: Any) -> Any:
    return "" if value is None else value


def _fields_text(fields: Sequence[LexiconProperty]) -> str:
    """``item_name: string, price: number and 3 more``."""
    told = ", ".join(f"{each.name}: {each.type}" for each in fields[:_MAX_TOLD])
    more = len(fields) - _MAX_TOLD
    return f"{told} and {more} more" if more > 0 else told
