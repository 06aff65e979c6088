"""``TableMapping``: how reports read tables of another shape where they are, without loading them.

The mapping is that of ``load``: a tool of ``presets``, or the columns of the event's name, its time, its user
and its id, with what only a table needs: the column of all properties, and the table of identity mappings.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mixpanel_nb.errors import Command, ParameterError, Word, did_you_mean
from mixpanel_nb.files.content import decoded
from mixpanel_nb.files.system import expanded
from mixpanel_nb.services.load.mapping import checked_unit, preset_of
from mixpanel_nb.services.load.presets import PRESETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.errors import Text
    from mixpanel_nb.services.load.mapping import Fields
    from mixpanel_nb.services.load.presets import Preset
    from mixpanel_nb.storage.own_rows import TimeUnit

KEYS = (
    *("event", "time", "user", "id", "time_unit", "timezone", "from_tool"),
    *("properties", "identities", "distinct"),
)
"""What a mapping can have; the first line is as ``Workspace.load`` takes it."""


@dataclass(frozen=True)
class TableMapping:
    """How the columns of events are read. The first of several columns with a value counts.

    Attributes:
        events: The name of the event.
        times: Its time.
        users: Its user.
        ids: The id that identifies repeated events.
        every: The name of every event, in place of ``events``.
        unit: The unit of numeric times; None infers it from their magnitude.
        zone: The time zone of times without one; None is UTC.
        properties: The column of all properties, as JSON.
        others: The columns that are properties too, with the property of each; None for all columns.
        left_out: How the names of columns begin that are no properties.
        distinct: Whether copies of an event (the same name, user, time and id) are counted once.
        event_table: How the table of events is called, unless named otherwise.
        profile_tables: How that of profiles may be called.
        identity_tables: How that of identity mappings may be called.
        identities: The table of identity mappings, if it is named.
        title: The tool, for messages; None for columns that were named.
    """

    events: tuple[str, ...] = ("event_name",)
    times: tuple[str, ...] = ("event_time",)
    users: tuple[str, ...] = ("distinct_id",)
    ids: tuple[str, ...] = ("insert_id",)
    every: str | None = None
    unit: TimeUnit | None = None
    zone: str | None = None
    properties: str = "properties"
    others: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    distinct: bool = True
    event_table: str = "events"
    profile_tables: tuple[str, ...] = ()
    identity_tables: tuple[str, ...] = ()
    identities: str | None = None
    title: str | None = None
    named: frozenset[str] = field(default_factory=frozenset)
    """The columns that were named, and so must be there."""


def mapping_of(given: str | Path | Mapping[str, Any]) -> TableMapping:
    """The mapping of a tool, of a file (TOML, or JSON), or as it is given.

    Raises:
        ParameterError: it is none.
    """
    if isinstance(given, (str, Path)):
        if str(given).lower() in PRESETS:
            return _of_tool(str(given))
        return _of(_content(expanded(given)))
    return _of(given)


def _content(file: Path) -> Mapping[str, Any]:
    """What a file of a mapping says.

    Raises:
        ParameterError: there is no such file, or it cannot be read.
    """
    try:
        text = decoded(file.read_bytes())
        return cast("Mapping[str, Any]", (json.loads if file.suffix == ".json" else tomllib.loads)(text))
    except OSError as error:
        message: Text = [Word("mapping"), f" is {str(file)!r}: {error.strerror}, and no tool is called so."]
        near = did_you_mean(str(file), PRESETS)
        raise _wrong(message, str(file), near or f"There are {', '.join(PRESETS)}; or name a file.") from None
    except ValueError as error:
        message = f"{file.name} is no mapping: {error}."
        raise _wrong(message, str(file), 'Write lines such as: event = "name"') from None


def _of(given: Mapping[str, Any]) -> TableMapping:
    """The mapping that values by their names say."""
    if not isinstance(given, dict):
        message: Text = [Word("mapping"), f" is a {type(given).__name__}."]
        raise _wrong(message, given, "Give the name of a tool, a file, or a dict.")
    for name in given:
        if name not in KEYS:
            message = f"{name!r} in a mapping says nothing."
            raise _wrong(message, name, did_you_mean(str(name), KEYS) or f"It may have {', '.join(KEYS)}.")
    for name in ("time_unit", "timezone", "from_tool", "properties", "identities"):
        if name in given and not isinstance(given[name], str):
            message = f"{name} in a mapping is {given[name]!r}."
            raise _wrong(message, given[name], "Write it as a text.")
    tool = given.get("from_tool")
    start = TableMapping() if tool is None else _of_tool(tool)
    event, fields = (
        given.get("event"),
        {name: _fields(given, name) for name in ("event", "time", "user", "id")},
    )
    every = event[1:] if isinstance(event, str) and event.startswith("=") and len(event) > 1 else None
    named = {name for name, columns in fields.items() for name in columns if not (every and name == event)}
    if "properties" in given:
        named.add(given["properties"])
    return replace(
        start,
        events=fields["event"] or start.events,
        times=fields["time"] or start.times,
        users=fields["user"] or start.users,
        ids=fields["id"] or start.ids,
        every=every,
        unit=checked_unit(given.get("time_unit")) or start.unit,
        zone=_zone(given.get("timezone")),
        properties=given.get("properties", start.properties),
        distinct=bool(given.get("distinct", start.distinct)),
        identities=given.get("identities"),
        named=frozenset(named),
    )


def _fields(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The columns that are named, as ``load`` takes them: one, several, or several in one text."""
    value: Fields | None = given.get(name)
    names: Sequence[Any] = [] if value is None else value.split(",") if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not all(isinstance(each, str) for each in names):
        message = f"{name} in a mapping is {value!r}."
        raise _wrong(message, value, "Name a column, or several in a list.")
    return tuple(each.strip() for each in names)


def _zone(name: str | None) -> str | None:
    from mixpanel_nb.accounts import checked_timezone

    return None if name is None else checked_timezone(name)


def _of_tool(tool: str) -> TableMapping:
    """The mapping of a tool's tables.

    Raises:
        ParameterError: there is no such tool, or its properties are not in columns.
    """
    preset = cast("Preset", preset_of(tool))
    if any(each.pairs for each in preset.spreads):
        message = (
            f"Tables of {preset.title} hold properties in lists, which reports do not read where they are."
        )
        raise _wrong(message, tool, ["Load them: ", Command(f"load FILE --from-tool {tool}")])
    objects = [each.path[0] for each in preset.spreads if len(each.path) == 1 and not each.prefix]
    tables = preset.tables
    return TableMapping(
        preset.events,
        preset.times,
        preset.users,
        preset.ids,
        unit=preset.unit,
        properties=objects[0] if objects else "properties",
        others=tables.others,
        left_out=tables.left_out,
        event_table=tables.events,
        profile_tables=tables.profiles,
        identity_tables=tables.identities,
        title=preset.title,
    )


def _wrong(message: Text, value: Any, hint: Text) -> ParameterError:
    return ParameterError(message, parameter="mapping", value=value, hint=hint)
