"""Values of expressions in SQL.

Mixpanel's expressions are typed when they run: a property may hold text in one event and a number in the
next, and an operator that gets the wrong type gives ``undefined``. SQL is typed statically. So a value is
represented by one SQL fragment for each type that it may have, which is NULL if the value has another type.
``undefined`` and ``null`` are NULL in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

UNDEFINED = "undefined"
"""Mixpanel's name for the segment of values that are not set."""

_JSON_NUMBERS = "('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')"
_JSON_INTEGERS = "('BIGINT', 'UBIGINT', 'HUGEINT')"
_NUMBER_TEXT = r"'\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*'"
_EXACT_IN_DOUBLE = 2**53  # below it, whole DOUBLE numbers are written with all digits


@dataclass(frozen=True)
class Value:
    """A value, as SQL for each type it may have.

    Attributes:
        text: VARCHAR.
        number: BIGINT or DOUBLE; the latter if ``is_double``.
        boolean: BOOLEAN, exactly: NULL is undefined.
        moment: TIMESTAMP in UTC, of whole seconds.
        items: JSON, an array.
        object: The JSON text of an object.
        json: The value itself, as JSON, where it may be of any type.
        whole: HUGEINT: a number exactly where ``number`` is a DOUBLE read from JSON.
        present: A condition, true where the value is set to anything, else false or NULL.
        condition: The same as ``boolean`` where NULL counts as false, in simpler SQL.
        certain: ``boolean`` is never NULL.
        constant: What a constant stands for.
    """

    text: str | None = None
    number: str | None = None
    boolean: str | None = None
    moment: str | None = None
    items: str | None = None
    object: str | None = None
    json: str | None = None
    whole: str | None = None
    present: str | None = None
    condition: str | None = None
    is_double: bool = False
    certain: bool = False
    constant: str | int | float | bool | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the types that the value may have; none for what is never set."""
        return tuple(name for name in ("text", "number", "boolean", "moment", "items") if self.of(name))

    def of(self, name: str) -> str | None:
        """The SQL for the type ``name``."""
        found: str | None = getattr(self, name)
        return found

    @property
    def double(self) -> str | None:
        """The number as a DOUBLE."""
        if self.number is None or self.is_double:
            return self.number
        return f"CAST({self.number} AS DOUBLE)"

    @property
    def as_condition(self) -> str:
        """A condition that holds where the value is true."""
        return self.condition or self.boolean or "FALSE"

    @property
    def is_set(self) -> str:
        """A condition, true where the value is set, never NULL."""
        if self.present:
            return self.present
        found = [f"{self.of(name)} IS NOT NULL" for name in self.types]
        return f"({' OR '.join(found)})" if found else "FALSE"


def truth(condition: str, *, exact: str | None = None) -> Value:
    """A boolean that is never undefined (NULL).

    Args:
        condition: SQL in which NULL counts as false.
        exact: The same without NULL, if it is simpler than ``coalesce``.
    """
    boolean = exact or (condition if condition in {"TRUE", "FALSE"} else f"coalesce({condition}, FALSE)")
    return Value(boolean=boolean, condition=condition, certain=True)


def decided(forms: list[str]) -> Value:
    """A boolean: the first of ``forms`` that is not NULL; undefined where all are, or there is none."""
    if not forms:
        return Value(boolean="CAST(NULL AS BOOLEAN)")
    condition = first_of(forms)
    return Value(boolean=f"({condition})", condition=condition)


def of_json(value: str, kind: str, json: str | None = None) -> Value:
    """A JSON value.

    Args:
        value: SQL of its text: strings without quotes, other values as JSON.
        kind: SQL of its type, as DuckDB's ``json_type`` names it.
        json: SQL of the value itself.
    """
    value = f"({value})"
    number = f"TRY_CAST({value} AS DOUBLE)"  # 1e999 is infinite, which is not a number

    def where(kinds: str, sql: str) -> str:
        return f"CASE WHEN {kind} {kinds} THEN {sql} END"

    return Value(
        text=where("= 'VARCHAR'", value),
        number=where(f"IN {_JSON_NUMBERS} AND isfinite({number})", number),
        is_double=True,
        whole=where(f"IN {_JSON_INTEGERS}", f"TRY_CAST({value} AS HUGEINT)"),
        boolean=where("= 'BOOLEAN'", f"{value} = 'true'"),
        items=where("= 'ARRAY'", f"CAST({value} AS JSON)"),
        object=where("= 'OBJECT'", value),
        json=json,
        present=f"coalesce({kind} <> 'NULL', FALSE)",
    )


def number_text(value: Value) -> str:
    """A number as decimal text: ``5`` and not ``5.0``."""
    number = value.number or "NULL"
    if not value.is_double:
        return f"CAST({number} AS VARCHAR)"
    whole = f"{number} = trunc({number}) AND abs({number}) < {_EXACT_IN_DOUBLE}"
    text = (
        f"CASE WHEN {whole} THEN CAST(CAST({number} AS BIGINT) AS VARCHAR) ELSE CAST({number} AS VARCHAR) END"
    )
    return text if value.whole is None else f"coalesce(CAST({value.whole} AS VARCHAR), {text})"


def boolean_text(boolean: str) -> str:
    """``true`` or ``false``."""
    return f"CASE {boolean} WHEN TRUE THEN 'true' WHEN FALSE THEN 'false' END"


def moment_text(moment: str) -> str:
    """Such as ``2025-01-31T12:00:00``, in UTC."""
    return f"strftime({moment}, '%Y-%m-%dT%H:%M:%S')"


def text_of(value: Value) -> str:
    """The value as text, as ``string(…)`` has it; NULL for lists, objects and unset values."""
    forms = [value.text] if value.text else []
    if value.number:
        forms.append(number_text(value))
    if value.boolean:
        forms.append(boolean_text(value.boolean))
    if value.moment and not value.number:
        forms.append(moment_text(value.moment))
    return first_of(forms) if forms else "CAST(NULL AS VARCHAR)"


def number_in(text: str) -> str:
    """The number that a text contains, as DOUBLE; NULL if it is not numeric."""
    number = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN regexp_full_match({text}, {_NUMBER_TEXT}) AND isfinite({number}) THEN {number} END"


def first_of(forms: list[str]) -> str:
    """The first of several pieces of SQL that is not NULL."""
    return forms[0] if len(forms) == 1 else f"coalesce({', '.join(forms)})"


def members(items: str, of_type: str) -> str:
    """The members of a JSON array that have one type, as a list of that type.

    Args:
        items: SQL of the array.
        of_type: ``text``, ``number`` or ``boolean``.
    """
    member = of_json("item ->> '$'", "json_type(item)")
    value = member.of(of_type)
    return f"[{value} FOR item IN json_extract({items}, '$[*]') IF {value} IS NOT NULL]"


def segment(value: Value) -> tuple[str, bool]:
    """SQL of the values a breakdown groups by, and whether it is a list with one text per segment.

    Lists break down per item, each counted once; objects are their JSON; unset values are ``undefined``.
    """
    if not value.items:
        return f"coalesce({text_of(value)}, '{UNDEFINED}')", False
    member = of_json("item ->> '$'", "json_type(item)")
    nested = "CASE WHEN json_type(item) IN ('ARRAY', 'OBJECT') THEN item ->> '$' END"
    text = f"coalesce({text_of(member)}, {nested}, '{UNDEFINED}')"
    texts = f"list_distinct([{text} FOR item IN json_extract({value.items}, '$[*]')])"
    items = f"CASE WHEN json_array_length({value.items}) = 0 THEN ['{UNDEFINED}'] ELSE {texts} END"
    return f"CASE WHEN {value.items} IS NOT NULL THEN {items} ELSE [{_scalar(value)}] END", True


def held_text(value: Value) -> str:
    """The value as one text, with lists and objects as their JSON; NULL where it is not set."""
    items = [f"CAST({value.items} AS VARCHAR)"] if value.items else []
    return first_of([text_of(value), *([value.object] if value.object else []), *items])


def unnamed(value: Value) -> tuple[str, Value] | None:
    """SQL to group by before segments are named, which is faster if naming is expensive.

    Returns:
        SQL of a raw value, and the same value as it is read from a column ``raw`` that holds it; None where
        the value is its own name, or nearly so.
    """
    if value.json:
        return value.json, of_json("raw ->> '$'", "json_type(raw)")
    if value.types == ("number",) and value.number:
        return value.number, Value(number="raw", is_double=value.is_double)
    return None


def _scalar(value: Value) -> str:
    forms = [text_of(value), *([value.object] if value.object else []), f"'{UNDEFINED}'"]
    return f"coalesce({', '.join(forms)})"
