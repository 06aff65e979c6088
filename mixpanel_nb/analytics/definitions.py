"""Definitions that reports on tables understand: custom events, custom properties and lookup tables.

https://docs.mixpanel.com/docs/features/custom-events, https://docs.mixpanel.com/docs/features/custom-properties,
https://docs.mixpanel.com/docs/data-structure/lookup-tables
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.analytics.columns import PropertyColumn
from mixpanel_nb.errors import Command, ParameterError, did_you_mean
from mixpanel_nb.queries.customs import CUSTOM_EVENT, CUSTOM_PROPERTY, LOOKUP, custom_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.analytics.columns import Holds
    from mixpanel_nb.errors import Text


@dataclass(frozen=True)
class Alternative:
    """One of the events that a custom event is.

    Attributes:
        event: The event, or another custom event; None is any event.
        where: An expression that filters it, or None.
    """

    event: str | None
    where: str | None = None

    def words(self) -> str:
        """Such as ``Purchase where properties["plan"] == "pro"``."""
        name = "any event" if self.event is None else self.event
        return name if self.where is None else f"{name} where {self.where}"


@dataclass(frozen=True)
class CustomEvent:
    """A custom event: any of several events.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        alternatives: The events.
        problem: Why a table cannot be asked for it, or None.
    """

    id: int
    name: str
    alternatives: tuple[Alternative, ...] = ()
    problem: str | None = None

    @property
    def reference(self) -> str:
        """The name that queries use."""
        return f"{CUSTOM_EVENT}{self.id}"

    def words(self) -> str:
        """Such as ``Sign Up or Purchase where …``."""
        return " or ".join(each.words() for each in self.alternatives)


@dataclass(frozen=True)
class CustomProperty:
    """A custom property: a formula over properties.

    Attributes:
        id: Mixpanel's id of it.
        name: Its name.
        formula: The formula, in Mixpanel's language; None for a property of another kind.
        inputs: The properties that the names of the formula stand for, as expressions.
        problem: Why a table cannot be asked for it, or None.
    """

    id: int
    name: str
    formula: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None

    @property
    def reference(self) -> str:
        """The name that queries use."""
        return f"{CUSTOM_PROPERTY}{self.id}"

    def words(self) -> str:
        """Such as ``A * B, A = properties["price"], B = properties["quantity"]``."""
        inputs = [f"{name} = {access}" for name, access in self.inputs.items()]
        return ", ".join([*([self.formula] if self.formula else []), *inputs])


@dataclass(frozen=True)
class Lookup:
    """A lookup table of the database.

    Attributes:
        name: Its name.
        table: Its table, in SQL.
        key: The column of its keys, in SQL; each key is there once, as text.
        prop: The property that the keys are values of, as an expression.
        columns: What each column beside the key holds.
    """

    name: str
    table: str
    key: str
    prop: str
    columns: Mapping[str, Holds]


@dataclass(frozen=True)
class Definitions:
    """What is kept with the tables.

    Attributes:
        events: Custom events, by id.
        properties: Custom properties, by id.
        lookups: Lookup tables, by name.
    """

    events: Mapping[int, CustomEvent] = field(default_factory=dict)
    properties: Mapping[int, CustomProperty] = field(default_factory=dict)
    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    def event(self, number: int) -> CustomEvent:
        """A custom event that a table can be asked for.

        Raises:
            ParameterError: it is not known, or cannot be translated.
        """
        return _found(self.events, number, "custom event", "custom-events")

    def property(self, number: int) -> CustomProperty:
        """A custom property that a table can be asked for.

        Raises:
            ParameterError: it is not known, or cannot be translated.
        """
        return _found(self.properties, number, "custom property", "custom-properties")

    def alternatives(self, number: int) -> tuple[Alternative, ...]:
        """The events of a custom event, with those of the custom events in it.

        Raises:
            ParameterError: it is not known, cannot be translated, or contains itself.
        """
        return tuple(dict.fromkeys(self._flat(number, ())))

    def _flat(self, number: int, above: tuple[int, ...]) -> list[Alternative]:
        if number in above:
            message = f"The custom event {number} contains itself."
            raise ParameterError(message, parameter="event", value=number)
        found: list[Alternative] = []
        for each in self.event(number).alternatives:
            inner = custom_event(each.event)
            if inner is None:
                found.append(each)
                continue
            found += [
                Alternative(one.event, _both(each.where, one.where))
                for one in self._flat(inner, (*above, number))
            ]
        return found

    def lookup(self, name: str) -> tuple[Lookup, PropertyColumn] | None:
        """The lookup table and the column that the name of a property stands for; None for any other.

        Where there are no lookup tables, it is a property like any other.

        Raises:
            ParameterError: there is no such lookup table, or no such column.
        """
        if not name.startswith(LOOKUP) or not self.lookups:
            return None
        rest = name.removeprefix(LOOKUP)
        found = max((each for each in self.lookups if rest.startswith(f"{each}.")), key=len, default=None)
        if found is None:
            table = rest.partition(".")[0]
            if table in self.lookups:
                columns = ", ".join(f"{name}.{column}" for column in self.lookups[table].columns)
                message = f"{name!r} names a lookup table, and none of its columns."
                raise ParameterError(message, parameter="on", value=name, hint=f"It has {columns}.")
            message = f"There is no lookup table {table!r}."
            near = did_you_mean(table, self.lookups)
            hint: Text = near or ["See those that there are: ", Command("lookup list")]
            raise ParameterError(message, parameter="on", value=name, hint=hint)
        lookup, column = self.lookups[found], rest[len(found) + 1 :]
        if column not in lookup.columns:
            message = f"The lookup table {found!r} has no column {column!r}."
            hint = did_you_mean(column, lookup.columns) or [f"It has {', '.join(lookup.columns)}."]
            raise ParameterError(message, parameter="on", value=name, hint=hint)
        return lookup, PropertyColumn(column, lookup.columns[column])


def _both(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return one or other
    return f"({one}) and ({other})"


Known = TypeVar("Known", CustomEvent, CustomProperty)


def _found(known: Mapping[int, Known], number: int, kind: str, command: str) -> Known:
    if number not in known:
        message = f"The {kind} {number} is not known here."
        hint = ["Keep the project's definitions in the database: ", Command(command)]
        raise ParameterError(message, parameter="event" if kind == "custom event" else "on", hint=hint)
    found = known[number]
    if found.problem is not None:
        message = f"The {kind} {number} ({found.name}) cannot be calculated from events: {found.problem}"
        raise ParameterError(message, parameter="event" if kind == "custom event" else "on")
    return found
