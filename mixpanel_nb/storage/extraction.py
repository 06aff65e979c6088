r"""Extraction of properties from JSON: one ``from_json`` per row, and per column a value and a check.

DuckDB's ``from_json`` parses a row's properties once into a struct. Text columns come out as text at
once; every other column comes out as raw JSON (``"5"`` keeps its quotes, ``5`` has none), so that each
value's kind is known exactly and nothing is cast that should not be. A column's *violation* is a SQL
condition that is true for a value the column's type cannot hold.

Measured with 22 properties a row on 2 cores: this and the checks cost 4.2 s a million rows, a second
typed read of the same file joined by position 7.9 s.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mixpanel_nb.storage.kinds import EXACT_IN_DOUBLE, Kinds
from mixpanel_nb.storage.sqltext import identifier, json_pointer, json_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb

    from mixpanel_nb.storage.schema import PropertyColumn


class Structs:
    """The structs that ``from_json`` reads a row's properties into, and where each property is in them.

    DuckDB folds case in a struct's field names, so properties whose names differ in case alone are read
    into different structs: ``p0``, ``p1`` …

    Args:
        types: What to read each property as, ``VARCHAR`` or ``JSON`` …
    """

    def __init__(self, types: Mapping[str, str]) -> None:
        self._specs: list[dict[str, str]] = []
        self._place: dict[str, int] = {}
        spellings: Counter[str] = Counter()
        for name, read_as in types.items():
            place = spellings[name.casefold()]
            spellings[name.casefold()] += 1
            self._place[name] = place
            if place == len(self._specs):
                self._specs.append({})
            self._specs[place][name] = read_as

    @classmethod
    def reading(cls, columns: Sequence[PropertyColumn], base: Mapping[str, str]) -> Structs:
        """Structs of the base properties and of every column's property."""
        return cls({**base, **{c.property: "VARCHAR" if _is_direct(c) else "JSON" for c in columns}})

    def select(self) -> str:
        """The structs as a select list over a column ``properties``."""
        return ", ".join(
            f"from_json(properties, {json_spec(spec)}) AS p{number}"
            for number, spec in enumerate(self._specs)
        )

    def field(self, name: str) -> str:
        """Where the property ``name`` is, as SQL."""
        return f"p{self._place[name]}.{identifier(name)}"


class Reading:
    """Reading of rows into columns: relations in which each value is made once, to be stored and checked.

    DuckDB makes an expression that occurs in a condition again, even if it is also selected.

    Args:
        columns: The columns.
        base: What else to read of the properties, and as what.
    """

    def __init__(self, columns: Sequence[PropertyColumn], base: Mapping[str, str]) -> None:
        self._structs = Structs.reading(columns, base)
        self._made = {column.property: f"_v{number}" for number, column in enumerate(columns)}
        self._columns = {column.property: column for column in columns}

    def rows(self, source: str) -> str:
        """The rows of a relation with a JSON column ``properties``, with the structs and the values."""
        made = "".join(
            f", {value(self._columns[name], self.field(name))} AS {made}" for name, made in self._made.items()
        )
        return f"(SELECT *{made} FROM (SELECT *, {self._structs.select()} FROM {source}))"

    def field(self, name: str) -> str:
        """A property as it was read, as SQL."""
        return self._structs.field(name)

    def text(self, name: str) -> str:
        """A property of ``base`` as text, as SQL."""
        made = self._made.get(name)
        return self.field(name) if made is None else f"CAST({made} AS VARCHAR)"

    def values(self) -> list[str]:
        """The value of each column, as SQL."""
        return list(self._made.values())

    def any_violation(self) -> str:
        """A condition that is true where a column's type cannot hold its value; else false, or NULL."""
        checks = (
            violation(column, self.field(name), self._made[name]) for name, column in self._columns.items()
        )
        return " OR ".join(f"({check})" for check in checks if check) or "false"


def value(column: PropertyColumn, field: str) -> str:
    """The column's value as SQL, from where it was read."""
    raw = f"CAST({field} AS VARCHAR)"
    match column.sql_type:
        case "VARCHAR" if _is_direct(column):
            return field
        case "VARCHAR":
            return f"CASE WHEN starts_with({raw}, '\"') THEN {_unquoted(field, raw)} ELSE {raw} END"
        case "JSON":
            return field
        case sql_type:
            return f"TRY_CAST({raw} AS {sql_type})"


def violation(column: PropertyColumn, field: str, made: str | None = None) -> str | None:
    """A condition that is true where the column's type cannot hold the value, or None if it holds all.

    Args:
        column: The column.
        field: Where its value was read, as SQL.
        made: Where :func:`value` is, if it has been made.
    """
    raw = f"CAST({field} AS VARCHAR)"
    if not column.kinds:
        return f"{field} IS NOT NULL"
    match column.sql_type:
        case "JSON":
            return None
        case "BIGINT":
            # A cast of "5.5" would round, and raw JSON writes exponents as decimals or with "e".
            fraction = f"contains({raw}, '.') OR contains({raw}, 'e')"
            return f"{raw} IS NOT NULL AND ({made or value(column, field)} IS NULL OR {fraction})"
        case "DOUBLE":
            return f"{raw} IS NOT NULL AND {_inexact_double(raw, made or value(column, field))}"
        case "BOOLEAN":
            return f"{raw} NOT IN ('true', 'false')"
    if _is_direct(column):
        return _looks_like_json(field)
    if column.kinds == Kinds.TEXT:
        return f"NOT starts_with({raw}, '\"')"
    return f"ascii({raw}) IN (91, 123)"


def from_stored(column: PropertyColumn) -> str:
    """The column's value read from a stored row's ``properties``."""
    pointer = json_pointer(column.property)
    if column.sql_type == "JSON":
        return f"nullif(properties->{pointer}, 'null')"
    if column.sql_type == "VARCHAR":
        return f"properties->>{pointer}"
    return f"TRY_CAST(properties->>{pointer} AS {column.sql_type})"


def kinds_in(
    con: duckdb.DuckDBPyConnection, source: str, properties: Sequence[str]
) -> dict[str, tuple[Kinds, bool]]:
    """The kinds each property really holds in every row of ``source``, and whether it needs raw reading.

    Args:
        con: Where to run.
        source: A relation (as SQL) with a JSON column ``properties``.
        properties: The properties to look at.
    """
    if not properties:
        return {}
    structs = Structs(dict.fromkeys(properties, "JSON"))
    fields = [_kind_flags(f"CAST({structs.field(name)} AS VARCHAR)") for name in properties]
    counted = con.execute(f"SELECT {', '.join(fields)} FROM (SELECT {structs.select()} FROM {source})")
    row = counted.fetchall()[0]
    width = len(_FLAGS) + 1
    found = {}
    for index, name in enumerate(properties):
        *flags, raw = row[index * width : (index + 1) * width]
        kinds = Kinds.NONE
        for kind, seen in zip(_FLAGS, flags, strict=True):
            kinds |= kind if seen else Kinds.NONE
        found[name] = (kinds, bool(raw))
    return found


_FLAGS = (Kinds.TEXT, Kinds.INTEGER, Kinds.BIG, Kinds.HUGE, Kinds.DECIMAL, Kinds.BOOLEAN, Kinds.NESTED)


def _kind_flags(raw: str) -> str:
    is_text = f"starts_with({raw}, '\"')"
    is_nested = f"ascii({raw}) IN (91, 123)"
    is_boolean = f"{raw} IN ('true', 'false')"
    fits_bigint = f"TRY_CAST({raw} AS BIGINT)::VARCHAR IS NOT DISTINCT FROM {raw}"
    is_small = f"TRY_CAST({raw} AS HUGEINT) BETWEEN {1 - EXACT_IN_DOUBLE} AND {EXACT_IN_DOUBLE - 1}"
    is_endless = f"coalesce(isinf(TRY_CAST({raw} AS DOUBLE)), false)"
    is_huge = f"NOT ({fits_bigint}) AND (regexp_full_match({raw}, '-?[1-9][0-9]*') OR {is_endless})"
    is_decimal = f"NOT ({is_text} OR {is_nested} OR {is_boolean} OR ({fits_bigint}) OR ({is_huge}))"
    inner = f"{raw}[2:-2]"
    flags = [
        is_text,
        f"{fits_bigint} AND {is_small}",
        f"{fits_bigint} AND NOT {is_small}",
        is_huge,
        is_decimal,
        is_boolean,
        is_nested,
        f"{is_text} AND {_looks_like_json(inner)}",
    ]
    return ", ".join(f"bool_or({raw} IS NOT NULL AND {flag})" for flag in flags)


def _is_direct(column: PropertyColumn) -> bool:
    return column.kinds == Kinds.TEXT and not column.raw


def _unquoted(field: str, raw: str) -> str:
    # A quote within a text has a backslash before it.
    plain = f"replace({raw}, '\"', '')"
    return f"CASE WHEN contains({raw}, '\\') THEN json_extract_string({field}, '$') ELSE {plain} END"


def _inexact_double(raw: str, number: str) -> str:
    """True if no DOUBLE represents the number ``raw``: a large whole number, or one out of range."""
    is_wrong = f"NOT isfinite({number}) OR regexp_full_match({raw}, '-?[0-9]+')"
    return f"CASE WHEN abs({number}) < {EXACT_IN_DOUBLE} THEN false ELSE coalesce({is_wrong}, true) END"


def _looks_like_json(field: str) -> str:
    """The SQL form of ``kinds.looks_like_json``: first character one of ``-0-9[{``, or a boolean's name.

    Comparisons of texts cost a fifth of a look at the first character.
    """
    starts = (("-", "."), ("0", ":"), ("[", "\\"), ("{", "|"))
    ranges = [f"({field} >= '{first}' AND {field} < '{end}')" for first, end in starts]
    return f"({' OR '.join(ranges)} OR {field} = 'true' OR {field} = 'false')"
