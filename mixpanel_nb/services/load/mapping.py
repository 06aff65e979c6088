"""The mapping of fields: as given, from the preset of a tool, or guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word, did_you_mean
from mixpanel_nb.services.load.presets import PRESETS
from mixpanel_nb.storage.own_rows import FieldMapping, Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.errors import Text
    from mixpanel_nb.services.load.presets import Preset
    from mixpanel_nb.storage.inputs import Input
    from mixpanel_nb.storage.own_rows import TimeUnit

Fields = str | list[str] | tuple[str, ...]

# Guessed names, the likeliest first, without case and punctuation.
_EVENTS = ("event", "eventname", "eventtype", "name", "action", "activity", "type")
_TIMES = (
    *("time", "eventtime", "timestamp", "eventtimestamp", "ts", "datetime", "occurredat", "createdat"),
    *("eventdate", "date", "day"),
)
_USERS = (
    *("distinctid", "userid", "uid", "user", "customerid", "customer", "clientid", "visitorid", "memberid"),
    *("userpseudoid", "personid", "accountid", "anonymousid", "deviceid", "cookieid", "fullvisitorid"),
)
_IDS = ("insertid", "eventid", "eventuuid", "messageid", "uuid")
_UNITS: dict[str, TimeUnit] = {"s": "s", "ms": "ms", "us": "us"}
_CALLED = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}
_FLOATS = frozenset({"DOUBLE", "FLOAT"})
_SHOWN = 12


@dataclass(frozen=True)
class Asked:
    """The user's mapping; None is guessed.

    Attributes:
        event: The field of the event's name, or ``=Name``, which is the name of every event.
        time: The field of the time.
        user: The field or fields of the user.
        id: The field of the id.
        time_unit: The unit of numeric times: ``s``, ``ms`` or ``us``.
        timezone: The zone of times without one.
        from_tool: The tool that wrote the file.
    """

    event: str | None = None
    time: str | None = None
    user: Fields | None = None
    id: str | None = None
    time_unit: str | None = None
    timezone: str | None = None
    from_tool: str | None = None


@dataclass(frozen=True)
class Decided:
    """The mapping, and the guesses in it.

    Attributes:
        mapping: The mapping of fields.
        guessed: What was guessed, in words, such as ``event from "event_name"``.
    """

    mapping: FieldMapping
    guessed: tuple[str, ...]


def decide(found: Input, asked: Asked) -> Decided:
    """The mapping of an input.

    Raises:
        ParameterError: a field does not exist, or none can be the event or the time.
    """
    return _Decision(found, asked).made()


def preset_of(tool: str | None) -> Preset | None:
    """The preset of a tool.

    Raises:
        ParameterError: there is none.
    """
    if tool is None:
        return None
    known = PRESETS.get(str(tool).lower())
    if known is None:
        hint = did_you_mean(str(tool), PRESETS) or f"There are {', '.join(PRESETS)}."
        raise _wrong(
            [Word("from_tool"), f" is {tool!r}, whose export is not known."], "from_tool", tool, hint
        )
    return known


def checked_unit(unit: str | None) -> TimeUnit | None:
    """What times count.

    Raises:
        ParameterError: it is none of the units.
    """
    if unit is None or unit in _UNITS:
        return None if unit is None else _UNITS[unit]
    hint = "Give s (seconds), ms (milliseconds) or us (microseconds since 1970)."
    raise _wrong([Word("time_unit"), f" is {unit!r}."], "time_unit", unit, hint)


class _Decision:
    def __init__(self, found: Input, asked: Asked) -> None:
        self._found, self._asked = found, asked
        self._preset = preset_of(asked.from_tool)
        self._unit = checked_unit(asked.time_unit)
        self._is_export = found.is_export and self._preset is None
        self._fields = _inner_fields(found) if self._is_export else found.fields
        self._guessed: list[str] = []

    def made(self) -> Decided:
        """Decide."""
        every, events = self._event()
        times = self._named("time", self._asked.time) or self._preset_or_guess(
            "time", "times", _TIMES, needed=True
        )
        users = self._named("user", self._asked.user) or self._preset_or_guess("user", "users", _USERS)
        ids = self._named("id", self._asked.id) or self._preset_or_guess("id", "ids", _IDS)
        unit = self._unit or (self._preset.unit if self._preset else None)
        if unit is None and not self._is_export:
            self._say_unit(times)
        mapping = FieldMapping(
            events,
            times,
            users,
            ids,
            every=every,
            unit=unit,
            zone=self._asked.timezone,
            floats=frozenset(name for name, kind in self._found.columns.items() if kind in _FLOATS),
            spreads=self._spreads(),
            numbers=self._preset.numbers if self._preset else frozenset(),
        )
        return Decided(mapping, tuple(self._guessed))

    def _event(self) -> tuple[str | None, tuple[str, ...]]:
        """The name of every event, or the fields of its name (none: the export's own)."""
        asked = self._asked.event
        if isinstance(asked, str) and asked.startswith("=") and len(asked) > 1:
            return asked[1:], ()
        if self._is_export and asked in (None, "event"):
            return None, ()
        return None, self._named("event", asked) or self._preset_or_guess(
            "event", "events", _EVENTS, needed=True
        )

    def _named(self, parameter: str, value: Fields | None) -> tuple[str, ...]:
        """The named fields, if they exist."""
        if value is None:
            return ()
        names = [value] if isinstance(value, str) else list(value)
        if len(names) == 1 and names[0] not in self._fields:
            names = [name.strip() for name in names[0].split(",")]
        for name in names:
            if name not in self._fields:
                message = [Word(parameter), f" is {name!r}, and there is no such column."]
                raise _wrong(message, parameter, name, did_you_mean(name, self._fields) or self._there_are())
        return tuple(dict.fromkeys(names))

    def _preset_or_guess(
        self, parameter: str, attribute: str, likely: Sequence[str], *, needed: bool = False
    ) -> tuple[str, ...]:
        if self._preset is not None:
            names: tuple[str, ...] = getattr(self._preset, attribute)
            known = tuple(name for name in names if name in self._fields)
            if needed and not known:
                title, url = self._preset.title, self._preset.url
                message = f"This is no export of {title} that is known here: it has no {' or '.join(names)}."
                hint = self._preset.otherwise or f"{self._there_are()} See {url}"
                raise _wrong(message, "from_tool", self._asked.from_tool, hint)
            return known
        if self._is_export:
            own = {"time": "time", "user": "distinct_id", "id": "$insert_id"}[parameter]
            return (own,)
        return self._guess(parameter, likely, needed=needed)

    def _guess(self, parameter: str, likely: Sequence[str], *, needed: bool) -> tuple[str, ...]:
        taken = {
            name
            for names in (self._asked.event, self._asked.time, self._asked.id)
            for name in [names]
            if name
        }
        plain = {_plain(name): name for name in reversed(self._fields) if name not in taken}
        name = next((plain[each] for each in likely if each in plain), None)
        if name is not None:
            self._guessed.append(f'{parameter} from "{name}"')
            return (name,)
        if needed:
            what = {"event": "the event's name", "time": "the time"}[parameter]
            hint: list[str] = ["Name the column with ", Word(parameter), ". ", self._there_are()]
            if parameter == "event":
                hint += [
                    " Where every row is the same event, give its name: ",
                    Word("event", "=Purchase"),
                    ".",
                ]
            raise _wrong(f"No column is called as one that holds {what}.", parameter, None, hint)
        return ()

    def _spreads(self) -> tuple[Spread, ...]:
        if self._preset is not None:
            return self._preset.spreads
        if self._is_export or not any(
            _holds_object(record.get("properties")) for record in self._found.sample
        ):
            return ()
        return (Spread(("properties",)),)

    def _say_unit(self, times: Sequence[str]) -> None:
        """Note the unit of times, if the first one is a number."""
        values = (record.get(name) for record in self._found.sample for name in times)
        first = next((value for value in values if value not in (None, "")), None)
        unit = _unit_of(first)
        if unit is not None:
            self._guessed.append(unit)

    def _there_are(self) -> str:
        names = [repr(name) for name in self._fields]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        return f"There are {', '.join(names[:_SHOWN])}{more}."


def _unit_of(value: Any) -> str | None:
    """The unit of a numeric time, in words."""
    try:
        number = abs(float(value))
    except (TypeError, ValueError):
        return None
    if 19_000_101 <= number <= 21_991_231:
        return "times as days (YYYYMMDD)"
    unit = "s" if number < 31_536_000_000 else "ms" if number < 31_536_000_000_000 else "us"
    return f"times in {_CALLED[unit]}"


def _holds_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, str) and value.startswith("{"))


def _inner_fields(found: Input) -> list[str]:
    objects: Iterable[Any] = (record.get("properties") for record in found.sample)
    names = [name for inner in objects if isinstance(inner, dict) for name in inner]
    return list(dict.fromkeys(["time", "distinct_id", "$insert_id", *names]))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _wrong(message: Text, parameter: str, value: Any, hint: Text) -> ParameterError:
    return ParameterError(message, parameter=parameter, value=value, hint=hint)
