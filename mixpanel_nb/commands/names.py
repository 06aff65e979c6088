"""Completion of names in shells and magic lines.

A parameter declares the names it takes by its ``autocompletion``, one of the functions below. They query the
``Names`` of the context and never open a workspace or send a request to Mixpanel.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import duckdb

    from mixpanel_nb.queries import Parameter
    from mixpanel_nb.storage.table_names import Table

    T = TypeVar("T")
    Completion = Callable[[typer.Context], list[tuple[str, str]]]

MAX_TABLES = 5  # that provide names if the line names no table
SANDBOX = "sandbox"
EVENTS = ("event", "events", "steps", "start", "through", "end", "born_event", "return_event")
"""Parameters whose value is an event."""


class Names(ABC):
    """Names to offer; each list is empty if nothing is known."""

    @abstractmethod
    def _ask(self, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T | None:
        """The result of ``work`` on the database, or None if it takes too long."""

    @abstractmethod
    def _cached_answer(self, *question: str) -> list[str]:
        """Mixpanel's cached answer to a discovery query; nothing if there is none."""

    def accounts(self) -> list[str]:
        """Names of the configured accounts."""
        from mixpanel_nb.accounts import ConfigManager

        return [account.name for account in ConfigManager().list_accounts()]

    def tables(self) -> dict[str, Table]:
        """The tables and views, by name in lower case."""
        from mixpanel_nb.storage import table_names as held

        return self._ask("tables", held.tables) or {}

    def events(self, table: str | None = None) -> list[str]:
        """Names of events: those of ``table``, or of all tables and cached discovery answers."""
        from mixpanel_nb.storage import table_names as held

        names: set[str] = set()
        for found in self._fetched("events", table):
            names.update(self._ask(("events", found.name), partial(held.events, table=found)) or [])
        told = [] if table else self._cached_answer("events")
        return sorted({*names, *told})

    def properties(
        self, table: str | None = None, event: str | None = None, kind: str = "events"
    ) -> list[str]:
        """Names of properties of events (or ``kind="profiles"``); those of ``event`` if known."""
        told = self._cached_answer("properties", event) if event and not table else []
        if told:
            return sorted(told)
        names: set[str] = set()
        for found in self._fetched(kind, table):
            names.update(self._properties_of(found, event))
        return sorted(names)

    def without_column(self, table: str) -> list[str]:
        """Properties of ``table`` that are only in its JSON."""
        from mixpanel_nb.storage import table_names as held

        found = self.tables().get(table.lower())
        if found is None:
            return []
        return self._ask(("json", found.name), lambda con: held.without_column(con, found)) or []

    def property_values(self, prop: str, table: str | None = None, event: str | None = None) -> list[str]:
        """The most frequent values of a property: of a table, or from cached discovery answers."""
        told = self._cached_answer("values", event, prop) if event and not table else []
        if told:
            return told
        held = [(t, t.properties[prop]) for t in self._fetched(None, table) if prop in t.properties]
        return self.values(held[0][0].name, held[0][1]) if held else []

    def values(self, table: str, column: str) -> list[str]:
        """The most frequent texts of a column; none for a column of another type."""
        from mixpanel_nb.storage import table_names as held

        found = self.tables().get(table.lower())
        names = {name.lower(): name for name in found.columns} if found else {}
        name = names.get(column.lower())
        if found is None or name is None or found.columns[name] != "VARCHAR":
            return []
        return self._ask(("values", found.name, name), lambda con: held.values(con, found, name)) or []

    def cohorts(self) -> list[str]:
        """Names of the cohorts of the database."""
        from mixpanel_nb.storage import cohorts as held

        return [cohort.name for cohort in self._ask("cohorts", held.records) or []]

    def _fetched(self, kind: str | None, table: str | None) -> list[Table]:
        found = self.tables()
        if table is not None and table.lower() in found:
            return [found[table.lower()]]
        return [t for t in found.values() if t.type is not None and kind in {None, t.type}][:MAX_TABLES]

    def _properties_of(self, table: Table, event: str | None) -> list[str]:
        from mixpanel_nb.storage import table_names as held

        if event is None or table.type != "events":
            return list(table.properties)
        key = ("properties", table.name, event)
        found = self._ask(key, lambda con: held.properties_of(con, table, event))
        return list(table.properties) if found is None else found


def tables(ctx: typer.Context) -> list[tuple[str, str]]:
    """Tables and views."""
    return _offered("table", (table.name for table in _names(ctx).tables().values()))


def events(ctx: typer.Context) -> list[tuple[str, str]]:
    """Events of the named table, or of all tables."""
    return _offered("event", _names(ctx).events(_given(ctx, "table")))


def properties(ctx: typer.Context) -> list[tuple[str, str]]:
    """Properties of the named event, or of all events."""
    return _offered("property", _names(ctx).properties(_given(ctx, "table"), event_of(_typed(ctx))))


def profile_properties(ctx: typer.Context) -> list[tuple[str, str]]:
    """Properties of users."""
    return _offered("property", _names(ctx).properties(_given(ctx, "table"), None, "profiles"))


def untyped_properties(ctx: typer.Context) -> list[tuple[str, str]]:
    """Properties without their own column."""
    return _offered("property", _names(ctx).without_column(_given(ctx, "table") or ""))


def property_values(ctx: typer.Context) -> list[tuple[str, str]]:
    """Values of the named property."""
    prop, table = _given(ctx, "prop") or "", _given(ctx, "table")
    return _offered("value", _names(ctx).property_values(prop, table, event_of(_typed(ctx))))


def cohorts(ctx: typer.Context) -> list[tuple[str, str]]:
    """Cohorts of the database."""
    return _offered("cohort", _names(ctx).cohorts())


def groups(ctx: typer.Context) -> list[tuple[str, str]]:
    """What a group begins with: a property and =, or a cohort."""
    from mixpanel_nb.queries.groups import COHORT

    of_property = _offered("property", (f"{name}=" for name, _ in properties(ctx)))
    return [*of_property, *_offered("cohort", (f"{COHORT}{name}" for name, _ in cohorts(ctx)))]


def own_accounts(ctx: typer.Context) -> list[tuple[str, str]]:
    """Configured accounts."""
    return _offered("account", (name for name in _names(ctx).accounts() if name != SANDBOX))


def accounts(ctx: typer.Context) -> list[tuple[str, str]]:
    """The sandbox, and configured accounts."""
    return [(SANDBOX, "account"), *own_accounts(ctx)]


def choices(*words: str) -> Completion:
    """Completion of a fixed list of words."""

    def completion(ctx: typer.Context) -> list[tuple[str, str]]:
        del ctx
        return _offered("choice", words)

    completion.__annotations__ = {"ctx": typer.Context}  # which Typer reads
    return completion


def completion_of(parameter: Parameter) -> Completion | None:
    """The completion of a query's parameter: its choices, or the names for its placeholder."""
    schema = parameter.check.schema()
    for allowed in (schema, *schema.get("anyOf", ())):
        if "enum" in allowed:
            return choices(*allowed["enum"])
    named = _BY_PLACEHOLDER.get(parameter.metavar)
    return named if named is None or not parameter.also else _with(named, parameter.also)


def _with(named: Completion, also: Iterable[str]) -> Completion:
    """A completion that offers further names."""

    def completion(ctx: typer.Context) -> list[tuple[str, str]]:
        return [*named(ctx), *_offered("event", also)]

    completion.__annotations__ = {"ctx": typer.Context}  # which Typer reads
    return completion


def event_of(params: dict[str, Any]) -> str | None:
    """The event on the line: the last one if there are several."""
    for name in EVENTS:
        if params.get(name):
            return _last(params[name]).partition(" where ")[0].strip()
    return None


_BY_PLACEHOLDER: dict[str, Completion] = {
    "TABLE": tables,
    "COHORT": cohorts,
    "EVENT": events,
    "GROUP GROUP": groups,
    "PROPERTY": properties,
    "VALUE": property_values,
}


def _names(ctx: typer.Context) -> Names:
    return cast("Names", ctx.obj)


def _given(ctx: typer.Context, name: str) -> str | None:
    value = _typed(ctx).get(name)
    return _last(value) if value else None


def _typed(ctx: typer.Context) -> dict[str, Any]:
    """The values on the line; an option without its value keeps Click from reading arguments."""
    places = [param.name for param in ctx.command.params if param.param_type_name == "argument"]
    waiting = dict(zip(places, ctx.args, strict=False))
    return {**waiting, **{name: value for name, value in ctx.params.items() if value}}


def _last(value: Any) -> str:
    return str(value if isinstance(value, str) else value[-1])


def _offered(kind: str, names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, kind) for name in names]
