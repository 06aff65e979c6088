"""Conversion of user rows to events: the mapping of fields, times, and nested properties.

The whole record stays in ``properties``, under its original names, so nothing is lost. The fields of base
columns get no typed column.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.storage import extraction, not_numbers
from mixpanel_nb.storage.inputs import as_json, bad_input, line_of
from mixpanel_nb.storage.sqltext import identifier, text, valid_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from mixpanel_nb.errors import ParameterError
    from mixpanel_nb.storage.inputs import Input
    from mixpanel_nb.storage.schema import PropertyColumn

TimeUnit = Literal["s", "ms", "us"]

NO_EVENT = "mixpanel_nb: own row without an event"
NO_TIME = "mixpanel_nb: own row with an impossible time"

# Microseconds since 1970: the first day that Mixpanel takes events of, and the day after the last one that
# reports can be asked about. Numbers of seconds, milliseconds and microseconds between them do not overlap.
FIRST_EPOCH = 31_536_000_000_000
END_EPOCH = 7_258_118_400_000_000
FIRST_WRITTEN = "1900-01-01"
_FACTORS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_HAS_ZONE = "[0-9]{2}:[0-9]{2}.*(z|utc|gmt|[-+][0-9]{2}(:?[0-9]{2})?| [a-z_]+/[a-z_/]+)$"


@dataclass(frozen=True)
class Spread:
    """An object within a record whose keys become properties of the event.

    Attributes:
        path: The path of names.
        prefix: What stands before each key. Without one, a key that the record has too keeps its whole path,
            unless both values are equal.
        pairs: Whether it is a list of ``key`` and ``value``, as in the export of Google Analytics 4.
    """

    path: tuple[str, ...]
    prefix: str = ""
    pairs: bool = False


@dataclass(frozen=True)
class FieldMapping:
    """The mapping of a record's fields.

    The first of several fields with a value counts.

    Attributes:
        events: The name of the event.
        times: Its time.
        users: Its user; empty where there is none.
        ids: The id that identifies repeated events; empty if there is none.
        every: The name of every event, in place of ``events``.
        unit: The unit of numeric times; None infers it from their magnitude.
        zone: The time zone of times without one; None is UTC.
        floats: The fields that hold floating-point numbers: a user 7.0 is the user ``7``.
        spreads: The objects that are spread over properties.
        numbers: Fields whose texts are whole numbers, as BigQuery writes 64-bit integers in JSON.
    """

    events: tuple[str, ...]
    times: tuple[str, ...]
    users: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    every: str | None = None
    unit: TimeUnit | None = None
    zone: str | None = None
    floats: frozenset[str] = frozenset()
    spreads: tuple[Spread, ...] = ()
    numbers: frozenset[str] = frozenset()

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields that base columns are read from."""
        return tuple(dict.fromkeys((*self.events, *self.times, *self.users, *self.ids)))


@dataclass(frozen=True)
class OwnRows:
    """User rows to be loaded as events.

    Attributes:
        input: The input.
        mapping: The mapping of fields.
        salt: Distinguishes the derived ids of this load from those of earlier ones into the same table.
    """

    input: Input
    mapping: FieldMapping
    salt: str = ""

    @property
    def held(self) -> frozenset[str]:
        """The fields that get no typed column: one base column holds each of them alone."""
        mapping = self.mapping
        alone = (
            names[0]
            for names in (mapping.events, mapping.times, mapping.users, mapping.ids)
            if len(names) == 1
        )
        return frozenset(alone)

    def source(self) -> str:
        """The rows as a relation with a JSON column ``properties`` (of an export, with ``event`` too)."""
        return self._properties(self.input.records())

    def _properties(self, records: str) -> str:
        event = "event, " if self.input.is_export else ""
        if self.mapping.spreads or self.mapping.numbers:
            records = spread_out(records, self.mapping, event)
        return f"(SELECT {event}{self._valid} AS properties FROM {records})"

    @cached_property
    def _valid(self) -> str:
        """The record without NaN and Infinity."""
        if self.input.columns:
            return valid_json(
                "record", written=not any("JSON" in each for each in self.input.columns.values())
            )
        is_plain = all(file.compression == "none" for file in self.input.files)
        if is_plain and not not_numbers.may_be_in([file.path for file in self.input.files]):
            return "record"
        return valid_json("record")

    def insert_sql(self, table: str, columns: Sequence[PropertyColumn], wrong: str) -> str:
        """The statement that inserts all rows into ``table``; an error ``wrong`` asks for wider columns.

        Rows without a time are inserted too, to be counted and deleted.
        """
        fields = _Fields(self, columns)
        violation = fields.reading.any_violation()
        event = f"CASE WHEN {fields.event} IS NULL THEN error({text(NO_EVENT)}) ELSE {fields.event} END"
        select = [
            f"CASE WHEN {violation} THEN error({text(wrong)}) ELSE {event} END",
            fields.time,
            fields.user,
            f"coalesce({fields.id}, {self.derived_id(fields.event, 'properties')})",
            "properties",
            *fields.reading.values(),
        ]
        names = [
            "event_name",
            "event_time",
            "distinct_id",
            "insert_id",
            "properties",
            *(c.name for c in columns),
        ]
        return (
            f"INSERT INTO {identifier(table)} ({', '.join(map(identifier, names))}) "
            f"SELECT {', '.join(select)} FROM {fields.read(self.source())}"
        )

    def derived_id(self, event: str, properties: str) -> str:
        """The id of a row that has none, as SQL: the same for the same content."""
        salt = f" || {text(self.salt)}" if self.salt else ""
        return f"CAST(CAST(md5({event} || {properties}{salt}) AS UUID) AS VARCHAR)"

    def unidentified(self) -> str:
        """Whether a stored row has an id that was derived, as SQL."""
        return f"insert_id = {self.derived_id('event_name', 'properties')}"

    def why(self, con: duckdb.DuckDBPyConnection, error: duckdb.Error) -> ParameterError | None:
        """The error for the first row that cannot be an event, with file and line; None for other errors."""
        message = str(error)
        if NO_EVENT not in message and NO_TIME not in message:
            return None
        wants_time = NO_TIME in message
        fields = _Fields(self, ())
        condition = f"NOT coalesce({fields.moment} IS NOT NULL, false) AND {fields.time_text} IS NOT NULL"
        if not wants_time:
            condition = f"{fields.event} IS NULL"
        con.execute("SET preserve_insertion_order = true")
        for file in self.input.files or (None,):
            rows = self._properties(self.input.numbered(file))
            found = con.execute(
                f"SELECT place, {fields.time_text} FROM "
                f"{fields.read(f'(SELECT *, row_number() OVER () AS place FROM {rows})')} "
                f"WHERE {condition} ORDER BY place LIMIT 1"
            ).fetchall()
            for number, value in found:
                place = f"row {number}" if file is None else line_of(con, file, number)
                where = f"{'The frame' if file is None else file.path.name}, {place}"
                return _impossible(where, value, self) if wants_time else _nameless(where, self)
        return None


def _nameless(where: str, rows: OwnRows) -> ParameterError:
    named = " or ".join(repr(name) for name in rows.mapping.events) or "'event'"
    return bad_input(f"{where}: there is no event name in {named}.", "Mend the row, or name another column.")


def _impossible(where: str, value: str, rows: OwnRows) -> ParameterError:
    message = f"{where}: no event can have the time {value[:40]!r} ({' or '.join(rows.mapping.times)})."
    hint = (
        "Times are ISO 8601 (2025-01-31T10:00:00Z), days (20250131), or seconds, milliseconds or "
        "microseconds since 1970, from 1971 to 2199."
    )
    return bad_input(message, hint)


class _Fields:
    """SQL of an event's parts, over the structs that a record is read into."""

    def __init__(self, rows: OwnRows, columns: Sequence[PropertyColumn]) -> None:
        self._mapping = rows.mapping
        self.reading = extraction.Reading(columns, dict.fromkeys(rows.mapping.fields, "VARCHAR"))
        if rows.mapping.every is not None:
            self.event = text(rows.mapping.every)
        elif rows.input.is_export and not rows.mapping.events:
            self.event = "nullif(event, '')"
        else:
            self.event = self._first(rows.mapping.events)
        self.user = self._first(rows.mapping.users, users=True)
        self.id = self._first(rows.mapping.ids)
        self.time_text, self.moment = "_own_text", "_own_moment"
        refused = f"CAST(error({text(NO_TIME)}) AS TIMESTAMP)"
        self.time = (
            f"CASE WHEN {self.time_text} IS NULL THEN NULL WHEN {self.moment} IS NULL THEN {refused} "
            f"ELSE {self.moment} END"
        )

    def read(self, rows: str) -> str:
        """Rows with their values, and the time as text, number and moment, each of which is made once."""
        written = self._first(self._mapping.times)
        number = f"TRY_CAST({written} AS DOUBLE)"
        texts = f"SELECT *, {written} AS _own_text, {number} AS _own_number FROM {self.reading.rows(rows)}"
        moment = _moment("_own_text", "_own_number", self._mapping)
        return f"(SELECT *, {moment} AS _own_moment FROM ({texts}))"

    def _first(self, names: Sequence[str], *, users: bool = False) -> str:
        """The first of some fields that is not empty, as text."""
        values = [f"nullif({self._text(name, users=users)}, '')" for name in names]
        if not values:
            return "CAST(NULL AS VARCHAR)"
        return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"

    def _text(self, name: str, *, users: bool) -> str:
        field = self.reading.text(name)
        if users and name in self._mapping.floats:
            return f"regexp_replace({field}, '[.]0$', '')"
        return field


def _moment(value: str, number: str, mapping: FieldMapping) -> str:
    """The UTC time of a text or number, as SQL; NULL if not valid for events."""
    if mapping.unit is not None:
        micros = f"{number} * {_FACTORS[mapping.unit]}"
    else:
        scaled = [
            f"WHEN {number} * {factor} BETWEEN {FIRST_EPOCH} AND {END_EPOCH - 1} THEN {number} * {factor}"
            for factor in _FACTORS.values()
        ]
        micros = f"CASE {' '.join(scaled)} END"
    counted = (
        f"CASE WHEN {micros} >= {FIRST_EPOCH} AND {micros} < {END_EPOCH} "
        f"THEN make_timestamp(CAST(round({micros}) AS BIGINT)) END"
    )
    written = _in_utc(value, mapping.zone)
    if mapping.unit is None:
        day = f"TRY_STRPTIME(regexp_replace({value}, '[.]0$', ''), '%Y%m%d')"
        day = day if mapping.zone is None else f"({day} AT TIME ZONE {text(mapping.zone)}) AT TIME ZONE 'UTC'"
        counted = f"CASE WHEN {number} BETWEEN 19000101 AND 21991231 THEN {day} ELSE {counted} END"
    return (
        f"CASE WHEN {number} IS NOT NULL THEN {counted} "
        f"WHEN {written} >= TIMESTAMP '{FIRST_WRITTEN}' AND {written} < make_timestamp({END_EPOCH}) "
        f"THEN {written} END"
    )


def _in_utc(value: str, zone: str | None) -> str:
    """A time that is written out in UTC: with its own zone if it has one, else in ``zone``."""
    aware = f"(TRY_CAST({value} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    if zone is None:
        return aware
    local = f"((TRY_CAST({value} AS TIMESTAMP) AT TIME ZONE {text(zone)}) AT TIME ZONE 'UTC')"
    return f"CASE WHEN regexp_matches({value}, {text(_HAS_ZONE)}, 'i') THEN {aware} ELSE {local} END"


def spread_out(records: str, mapping: FieldMapping, event: str) -> str:
    """Records whose inner objects are spread over their keys, as SQL."""
    objects = f"[{', '.join(_object(each) for each in mapping.spreads)}]"
    entries = ["_rest"]
    for number, each in enumerate(mapping.spreads, 1):
        entries.append(_entries(f"_inner[{number}]", each, mapping.spreads))
    listed = " || ".join(entries)
    values = _numbers(mapping.numbers)
    inner = f"SELECT {event}CAST(record AS MAP(VARCHAR, JSON)) AS _top, {objects} AS _inner FROM {records}"
    # Other values than objects (or lists of pairs) are not spread, and keep their name.
    stays = f"lambda e: e.value IS NOT NULL AND NOT ({_is_spread(mapping.spreads)})"
    rest = f"SELECT {event}_top, _inner, list_filter(map_entries(_top), {stays}) AS _rest FROM ({inner})"
    record = f"to_json(map_from_entries(list_transform({listed}, {values})))"
    return f"(SELECT {event}{record} AS record FROM ({rest}))"


def _is_spread(spreads: Sequence[Spread]) -> str:
    tests = [
        f"(e.key = {text(each.path[0])} AND _inner[{number}] IS NOT NULL)"
        for number, each in enumerate(spreads, 1)
        if len(each.path) == 1
    ]
    return " OR ".join(tests) or "false"


def _object(spread: Spread) -> str:
    """The object at a path as a map, NULL where there is none; one that is written as a text counts too."""
    path = "$" + "".join(f".{as_json(name)}" for name in spread.path)
    found = f"json_extract(record, {text(path)})"
    if spread.pairs:
        pair = f"lambda p: {{'key': p->>'key', 'value': {_ga4_value('p')}}}"
        pairs = f"list_transform(CAST({found} AS JSON[]), {pair})"
        return f"CASE WHEN json_type({found}) = 'ARRAY' THEN map_from_entries({pairs}) END"
    unpacked = f"TRY_CAST(json_extract_string(record, {text(path)}) AS JSON)"
    return (
        f"CASE json_type({found}) WHEN 'OBJECT' THEN CAST({found} AS MAP(VARCHAR, JSON)) "
        f"WHEN 'VARCHAR' THEN CASE WHEN json_type({unpacked}) = 'OBJECT' "
        f"THEN CAST({unpacked} AS MAP(VARCHAR, JSON)) END END"
    )


def _ga4_value(pair: str) -> str:
    """The one of ``string_value``, ``int_value``, ``float_value`` and ``double_value`` that is there."""
    value = f"json_extract({pair}, '$.value')"
    return (
        f"coalesce(nullif(json_extract({value}, '$.string_value'), 'null'), "
        f"to_json(TRY_CAST({value}->>'int_value' AS BIGINT)), "
        f"to_json(TRY_CAST({value}->>'double_value' AS DOUBLE)), "
        f"to_json(TRY_CAST({value}->>'float_value' AS DOUBLE)))"
    )


def _entries(inner: str, spread: Spread, spreads: Sequence[Spread]) -> str:
    """The entries of one object under the names that they get."""
    entries = f"coalesce(map_entries({inner}), [])"
    deeper = [
        f"(e.key = {text(other.path[-1])} AND _inner[{number}] IS NOT NULL)"
        for number, other in enumerate(spreads, 1)
        if other.path[:-1] == spread.path
    ]
    if deeper:
        entries = f"list_filter({entries}, lambda e: NOT ({' OR '.join(deeper)}))"
    if spread.prefix:
        renamed = f"lambda e: {{'key': {text(spread.prefix)} || e.key, 'value': e.value}}"
        return f"list_transform({entries}, {renamed})"
    path = text(".".join(spread.path) + ".")
    fresh = f"list_filter({entries}, lambda e: _top[e.key] IS NULL OR _top[e.key] <> e.value)"
    return (
        f"list_transform({fresh}, lambda e: {{'key': CASE WHEN _top[e.key] IS NULL THEN e.key "
        f"ELSE {path} || e.key END, 'value': e.value}})"
    )


def _numbers(names: frozenset[str]) -> str:
    """A lambda that turns the texts of some fields into the whole numbers that they hold."""
    if not names:
        return "lambda e: e"
    number = "to_json(TRY_CAST(json_extract_string(e.value, '$') AS BIGINT))"
    return (
        f"lambda e: {{'key': e.key, 'value': CASE WHEN e.key IN ({_listed(names)}) "
        f"THEN coalesce({number}, e.value) ELSE e.value END}}"
    )


def _listed(names: frozenset[str]) -> str:
    return ", ".join(text(name) for name in sorted(names))
