"""Results of discovery: names, saved funnels, cohorts and reports, Lexicon schemas."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.tables import _ItemList

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    import pandas as pd


_COLUMN_OF = {"events": "event", "properties": "property", "values": "value"}


class NameList(list[str], RowsResult):
    """A list of names that is displayed as a table.

    Args:
        kind: The kind of names, in the plural: ``events``, ``properties``, ``values``…
        names: The names.
        of: The object they belong to, such as the event of these properties.
        remark: The reason if there are none.
    """

    def __init__(
        self,
        kind: str = "names",
        names: Iterable[str] = (),
        *,
        of: str | None = None,
        remark: str | None = None,
    ) -> None:
        super().__init__(names)
        self.kind = kind
        self.of = of
        self.remark = remark

    __repr__ = RowsResult.__repr__  # overrides list's own

    @property
    def column_names(self) -> list[str]:
        """One column: ``event``, ``property``, ``value`` or ``name``."""
        return [_COLUMN_OF.get(self.kind, "name")]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a name."""
        return [(name,) for name in self]

    @property
    def df(self) -> pd.DataFrame:
        """The names as a DataFrame of one column, built on each access, since a list can change."""
        return self._frame()

    def to_dict(self) -> dict[str, Any]:
        """``kind``, ``of`` and ``names``."""
        return {"kind": self.kind, "of": self.of, "names": list(self)}


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
        count: Users in it; None where Mixpanel does not say.
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
        tags: Its tags.
        contacts: The responsible users and teams.
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
        """The number of its properties."""
        return len(self.fields)

    @property
    def properties(self) -> Mapping[str, str]:
        """Name to type of each property."""
        return {each.name: each.type for each in self.fields}


@dataclass(frozen=True)
class CustomEvent:
    """One custom event: any of several events.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        reference: The name that queries use: ``$custom_event:42``.
        definition: The events it is, with their filters.
        problem: Why a table cannot be asked for it; None where it can.
    """

    id: int
    name: str
    reference: str
    definition: str = ""
    problem: str | None = None


@dataclass(frozen=True)
class CustomProperty:
    """One custom property: a formula over properties.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        reference: The name that queries use: ``$custom_property:42``.
        definition: Its formula, with the properties that its letters stand for; empty without a formula.
        type: What Mixpanel says it holds: ``string``, ``number``…
        of: Whose property it is: ``events``, ``people`` or ``group_profiles``.
        problem: Why a table cannot be asked for it; None where it can.
    """

    id: int
    name: str
    reference: str
    definition: str = ""
    type: str = ""
    of: str = "events"
    problem: str | None = None


@dataclass(frozen=True)
class LookupTable:
    """One lookup table of Mixpanel's.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        created: When it was made; None where Mixpanel does not say.
        modified: When it was last changed; None where Mixpanel does not say.
        is_mapped: Whether properties are mapped to it; None where Mixpanel does not say.
    """

    id: int
    name: str
    created: datetime | None = None
    modified: datetime | None = None
    is_mapped: bool | None = None


@dataclass(frozen=True)
class Lookup:
    """One lookup table of the database.

    Attributes:
        name: Its name.
        table: Its table, for SQL.
        property: The property whose values its keys are: a name, or an expression.
        columns: The properties that it adds, as reports name them: ``lookup:songs.artist``.
        rows: Its rows.
        source: Where it is from.
    """

    name: str
    table: str
    property: str
    columns: tuple[str, ...]
    rows: int
    source: str


@dataclass(frozen=True, repr=False)
class CustomEventList(_ItemList[CustomEvent], RowsResult):
    """The custom events of a project: a sequence of ``CustomEvent``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(CustomEvent))
    custom_events: tuple[CustomEvent, ...] = ()

    def _items(self) -> tuple[CustomEvent, ...]:
        return self.custom_events


@dataclass(frozen=True, repr=False)
class CustomPropertyList(_ItemList[CustomProperty], RowsResult):
    """The custom properties of a project: a sequence of ``CustomProperty``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(CustomProperty))
    custom_properties: tuple[CustomProperty, ...] = ()

    def _items(self) -> tuple[CustomProperty, ...]:
        return self.custom_properties


@dataclass(frozen=True, repr=False)
class LookupTableList(_ItemList[LookupTable], RowsResult):
    """The lookup tables of a project: a sequence of ``LookupTable``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(LookupTable))
    lookup_tables: tuple[LookupTable, ...] = ()

    def _items(self) -> tuple[LookupTable, ...]:
        return self.lookup_tables


@dataclass(frozen=True, repr=False)
class LookupList(_ItemList[Lookup], RowsResult):
    """Lookup tables of the database: a sequence of ``Lookup``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Lookup))
    lookups: tuple[Lookup, ...] = ()

    def _items(self) -> tuple[Lookup, ...]:
        return self.lookups


@dataclass(frozen=True, repr=False)
class FunnelList(_ItemList[SavedFunnel], RowsResult):
    """The saved funnels of a project: a sequence of ``SavedFunnel``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(SavedFunnel))
    funnels: tuple[SavedFunnel, ...] = ()

    def _items(self) -> tuple[SavedFunnel, ...]:
        return self.funnels


@dataclass(frozen=True, repr=False)
class CohortList(_ItemList[Cohort], RowsResult):
    """The saved cohorts of a project: a sequence of ``Cohort``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Cohort))
    cohorts: tuple[Cohort, ...] = ()

    def _items(self) -> tuple[Cohort, ...]:
        return self.cohorts


@dataclass(frozen=True, repr=False)
class BookmarkList(_ItemList[Bookmark], RowsResult):
    """The saved reports of a project: a sequence of ``Bookmark``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Bookmark))
    bookmarks: tuple[Bookmark, ...] = ()

    def _items(self) -> tuple[Bookmark, ...]:
        return self.bookmarks


@dataclass(frozen=True, repr=False)
class LexiconSchemaList(_ItemList[LexiconSchema], RowsResult):
    """The schemas of a project's Lexicon: a sequence of ``LexiconSchema``.

    ``.df`` contains the number of properties (``property_count``) and their types (``properties``); further
        details are in the items.
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
