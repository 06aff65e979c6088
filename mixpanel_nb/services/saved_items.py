"""Conversion of Mixpanel's lists of saved items to results, sorted by name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.bookmarks.definitions import custom_event_of, custom_property_of
from mixpanel_nb.bookmarks.properties import named
from mixpanel_nb.errors import ServerError
from mixpanel_nb.queries.customs import LOOKUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mixpanel_nb.storage.definitions import LookupRecord

    Item = Mapping[str, Any]

_OURS = "com.mixpanel"  # Lexicon's key for Mixpanel's own fields


def funnels(items: Iterable[Item]) -> results.FunnelList:
    """Saved funnels, ``{"funnel_id", "name"}`` each.

    Raises:
        ServerError: one has no id.
    """
    found = [results.SavedFunnel(_id(item, "funnel_id"), _text(item, "name")) for item in items]
    return results.FunnelList(tuple(sorted(found, key=lambda each: (each.name, each.funnel_id))))


def cohorts(items: Iterable[Item]) -> results.CohortList:
    """Saved cohorts, ``{"id", "name", "count", "description", "created", "is_visible"}`` each.

    Raises:
        ServerError: one has no id.
    """
    found = [
        results.Cohort(
            _id(item, "id"),
            _text(item, "name"),
            item.get("count") if isinstance(item.get("count"), int) else None,
            _text(item, "description"),
            _moment(item.get("created")),
            bool(item.get("is_visible", True)),
        )
        for item in items
    ]
    return results.CohortList(tuple(sorted(found, key=lambda each: (each.name, each.id))))


def bookmarks(items: Iterable[Item]) -> results.BookmarkList:
    """Saved reports, ``{"id", "name", "type", "description", "created", "modified", "creator_name"}`` each.

    Raises:
        ServerError: one has no id.
    """
    found = [
        results.Bookmark(
            _id(item, "id"),
            _text(item, "name"),
            _text(item, "type"),
            _text(item, "description"),
            _moment(item.get("created")),
            _moment(item.get("modified")),
            _text(item, "creator_name") or _text(item, "creator_email") or None,
        )
        for item in items
    ]
    return results.BookmarkList(tuple(sorted(found, key=lambda each: (each.name, each.id))))


def custom_events(items: Mapping[int, Item]) -> results.CustomEventList:
    """Custom events, by id in Mixpanel's JSON."""
    found = [custom_event_of(number, item) for number, item in items.items()]
    return results.CustomEventList(
        tuple(
            results.CustomEvent(each.id, each.name, each.reference, each.words(), each.problem)
            for each in sorted(found, key=lambda each: (each.name, each.id))
        )
    )


def custom_properties(items: Mapping[int, Item]) -> results.CustomPropertyList:
    """Custom properties, by id in Mixpanel's JSON."""
    found = [custom_property_of(number, item) for number, item in items.items()]
    return results.CustomPropertyList(
        tuple(
            results.CustomProperty(
                each.id,
                each.name,
                each.reference,
                each.words(),
                _text(items[each.id], "propertyType"),
                _text(items[each.id], "resourceType") or "events",
                each.problem,
            )
            for each in sorted(found, key=lambda each: (each.name, each.id))
        )
    )


def lookup_tables(items: Iterable[Item]) -> results.LookupTableList:
    """Lookup tables, ``{"id", "name", "createdAt", "lastModifiedAt", "hasMappedProperties"}`` each.

    Raises:
        ServerError: one has no id.
    """
    found = [
        results.LookupTable(
            _id(item, "id"),
            _text(item, "name"),
            _moment(item.get("createdAt")),
            _moment(item.get("lastModifiedAt")),
            item["hasMappedProperties"] if isinstance(item.get("hasMappedProperties"), bool) else None,
        )
        for item in items
    ]
    return results.LookupTableList(tuple(sorted(found, key=lambda each: (each.name, each.id))))


def lookup(record: LookupRecord, rows: int) -> results.Lookup:
    """A lookup table of the database, with its number of rows."""
    columns = tuple(f"{LOOKUP}{record.name}.{name}" for name in list(record.kinds)[1:])
    return results.Lookup(record.name, record.table, named(record.prop), columns, rows, record.source)


def by_id(items: Iterable[Item], key: str) -> dict[int, Item]:
    """Items by their id.

    Raises:
        ServerError: one has no id.
    """
    return {_id(item, key): item for item in items}


def lexicon_schemas(items: Iterable[Item]) -> results.LexiconSchemaList:
    """Schemas of Lexicon, ``{"entityType", "name", "schemaJson"}`` each, by type and name."""
    found = [_schema(item) for item in items]
    return results.LexiconSchemaList(tuple(sorted(found, key=lambda each: (each.entity_type, each.name))))


def _schema(item: Item) -> results.LexiconSchema:
    """https://developer.mixpanel.com/reference/list-all-schemas-for-project."""
    schema = _object(item, "schemaJson")
    ours = _ours(schema)
    properties = _object(schema, "properties")
    return results.LexiconSchema(
        entity_type=_text(item, "entityType"),
        name=_text(item, "name"),
        description=_text(schema, "description"),
        fields=tuple(_property(name, _object(properties, name)) for name in sorted(properties)),
        display_name=_text(ours, "displayName") or None,
        hidden=bool(ours.get("hidden")),
        dropped=bool(ours.get("dropped")),
        tags=_texts(ours, "tags"),
        contacts=(*_texts(ours, "contacts"), *_texts(ours, "teamContacts")),
    )


def _property(name: str, described: Item) -> results.LexiconProperty:
    ours = _ours(described)
    kind = described.get("type")
    return results.LexiconProperty(
        name=name,
        type=" or ".join(map(str, kind)) if isinstance(kind, list) else str(kind or ""),
        description=_text(described, "description"),
        display_name=_text(ours, "displayName") or None,
        hidden=bool(ours.get("hidden")),
        dropped=bool(ours.get("dropped")),
    )


def _ours(described: Item) -> Item:
    return _object(_object(described, "metadata"), _OURS)


def _id(item: Item, key: str) -> int:
    value = item.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"A saved thing came without its number: expected a whole {key}, found {value!r}."
        raise ServerError(message, details={"name": _text(item, "name")})
    return value


def _text(item: Item, key: str) -> str:
    value = item.get(key)
    return "" if value is None else str(value)


def _texts(item: Item, key: str) -> tuple[str, ...]:
    value = item.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _object(item: Item, key: str) -> Item:
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def _moment(value: Any) -> datetime | None:
    """A time as Mixpanel writes it; None for other values."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
