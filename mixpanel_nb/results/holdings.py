"""What a project holds besides events: saved funnels, cohorts, saved reports, Lexicon's schemas."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.tables import _ItemList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mixpanel_nb.display import Card

_MAX_TOLD = 8  # properties of a schema within a table


@dataclass(frozen=True)
class SavedFunnel:
    """One saved funnel.

    Attributes:
        funnel_id: Mixpanel's id of it.
        name: Its name.
    """

    funnel_id: int
    name: str


@dataclass(frozen=True)
class Cohort:
    """One saved cohort.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        count: People in it; None where Mixpanel does not say.
        description: What it is.
        created: When it was made; None where Mixpanel does not say.
        is_visible: Whether it is shown in Mixpanel.
    """

    id: int
    name: str
    count: int | None = None
    description: str = ""
    created: datetime | None = None
    is_visible: bool = True


@dataclass(frozen=True)
class Bookmark:
    """One saved report.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        type: ``insights``, ``funnels``, ``retention``, ``flows``…
        description: What it is.
        created: When it was made; None where Mixpanel does not say.
        modified: When it was last changed; None where Mixpanel does not say.
        creator: Who made it; None where Mixpanel does not say.
    """

    id: int
    name: str
    type: str
    description: str = ""
    created: datetime | None = None
    modified: datetime | None = None
    creator: str | None = None


@dataclass(frozen=True)
class LexiconProperty:
    """One property of a schema.

    Attributes:
        name: Its name.
        type: ``string``, ``number``, ``integer``, ``boolean``, ``array``, ``object`` or ``null``.
        description: What it is.
        display_name: What Mixpanel shows instead of the name, or None.
        hidden: Whether Mixpanel hides it.
        dropped: Whether it is dropped when it is sent.
    """

    name: str
    type: str
    description: str = ""
    display_name: str | None = None
    hidden: bool = False
    dropped: bool = False


@dataclass(frozen=True)
class LexiconSchema:
    """One schema of Lexicon, Mixpanel's data dictionary.

    Attributes:
        entity_type: ``event`` or ``profile`` (or another kind of thing).
        name: The event; of profiles what Mixpanel calls them.
        description: What it is.
        fields: Its properties.
        display_name: What Mixpanel shows instead of the name, or None.
        hidden: Whether Mixpanel hides it.
        dropped: Whether it is dropped when it is sent.
        tags: What it is filed under.
        contacts: Who answers for it: people and teams.
    """

    entity_type: str
    name: str
    description: str = ""
    fields: tuple[LexiconProperty, ...] = ()
    display_name: str | None = None
    hidden: bool = False
    dropped: bool = False
    tags: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()

    @property
    def property_count(self) -> int:
        """How many properties it has."""
        return len(self.fields)

    @property
    def properties(self) -> Mapping[str, str]:
        """Name to type of each property."""
        return {each.name: each.type for each in self.fields}


@dataclass(frozen=True, repr=False)
class FunnelList(_ItemList[SavedFunnel], RowsResult):
    """The saved funnels of a project: a sequence of ``SavedFunnel``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(SavedFunnel))
    funnels: tuple[SavedFunnel, ...] = ()

    def _items(self) -> tuple[SavedFunnel, ...]:
        return self.funnels

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id and name of each funnel."""
        del max_rows
        rows = [(str(funnel.funnel_id), funnel.name) for funnel in self.funnels]
        return _card("saved funnel", {"id": "text", "funnel": "text"}, rows)


@dataclass(frozen=True, repr=False)
class CohortList(_ItemList[Cohort], RowsResult):
    """The saved cohorts of a project: a sequence of ``Cohort``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Cohort))
    cohorts: tuple[Cohort, ...] = ()

    def _items(self) -> tuple[Cohort, ...]:
        return self.cohorts

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id, name, people and description of each cohort."""
        del max_rows
        columns = {
            "id": "text",
            "cohort": "text",
            "people": "integer",
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
            for cohort in self.cohorts
        ]
        return _card("cohort", columns, rows)


@dataclass(frozen=True, repr=False)
class BookmarkList(_ItemList[Bookmark], RowsResult):
    """The saved reports of a project: a sequence of ``Bookmark``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Bookmark))
    bookmarks: tuple[Bookmark, ...] = ()

    def _items(self) -> tuple[Bookmark, ...]:
        return self.bookmarks

    def card(self, *, max_rows: int | None = None) -> Card:
        """Id, name, type and description of each report."""
        del max_rows
        names = ("id", "report", "type", "description", "modified", "by")
        columns = {name: "date" if name == "modified" else "text" for name in names}
        rows = [
            (str(each.id), each.name, each.type, each.description, _day(each.modified), each.creator or "")
            for each in self.bookmarks
        ]
        return _card("saved report", columns, rows)


@dataclass(frozen=True, repr=False)
class LexiconSchemaList(_ItemList[LexiconSchema], RowsResult):
    """The schemas of a project's Lexicon: a sequence of ``LexiconSchema``.

    In ``.df`` the properties are how many there are (``property_count``) and name to type
    (``properties``); what else is known of them is in the items.
    """

    item_columns: ClassVar[tuple[str, ...]] = (
        "entity_type",
        "name",
        "description",
        "property_count",
        "properties",
        "hidden",
        "dropped",
        "tags",
    )
    schemas: tuple[LexiconSchema, ...] = field(default=())

    def _items(self) -> tuple[LexiconSchema, ...]:
        return self.schemas

    def card(self, *, max_rows: int | None = None) -> Card:
        """What each schema is of, its description and its properties."""
        del max_rows
        names = ("type", "name", "description", "properties", "tags", "state")
        rows = [
            (
                each.entity_type,
                each.name,
                each.description,
                _told(each.fields),
                ", ".join(each.tags),
                ", ".join(word for word in ("hidden", "dropped") if getattr(each, word)),
            )
            for each in self.schemas
        ]
        return _card("Lexicon schema", dict.fromkeys(names, "text"), rows)


def _card(noun: str, columns: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> Card:
    from mixpanel_nb.display import Card, Column, Table, counted

    return Card(
        title=counted(len(rows), noun),
        table=Table([Column(name, kind) for name, kind in columns.items()], rows) if rows else None,
        empty=None if rows else f"This project has no {noun}s.",
    )


def _day(moment: datetime | None) -> Any:
    return "" if moment is None else moment.date()


def _or_blank(value: Any) -> Any:
    return "" if value is None else value


def _told(fields: Sequence[LexiconProperty]) -> str:
    """``item_name: string, price: number and 3 more``."""
    told = ", ".join(f"{each.name}: {each.type}" for each in fields[:_MAX_TOLD])
    more = len(fields) - _MAX_TOLD
    return f"{told} and {more} more" if more > 0 else told
