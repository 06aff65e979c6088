"""Quoting of names and values in SQL text.

Values travel as bound parameters wherever DuckDB takes them; these are for the places where it
does not (identifiers, table functions' constants, ``ATTACH``).
"""

from __future__ import annotations

import json
import re
from itertools import product
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

# What NaN and Infinity begin with: DuckDB takes any case of them.
_NOT_JSON = [
    "".join(letters) for word in ("nan", "inf") for letters in product(*zip(word, word.upper(), strict=True))
]
_WRITTEN = ["NaN", "Infinity"]
_TEXT_OR_NOT = r'"(?:[^"\\]|\\.)*"|[^"]+'
TABLE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


def identifier(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    if "\0" in name:
        message = "A name in SQL cannot contain a NUL character."
        raise StorageError(message)
    return '"' + name.replace('"', '""') + '"'


def replacement_of(table: str) -> str:
    """The table that is built while ``table`` is being replaced; its name is the engine's own."""
    return f"_replacing_{table}"


def text(value: str) -> str:
    """``value`` as a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def literal_path(file: Path) -> str:
    """The path with what DuckDB takes for wildcards in brackets, where they mean themselves."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(file))


def json_pointer(property_name: str) -> str:
    """The JSON pointer to a top-level key, as a SQL literal (RFC 6901: ``~`` and ``/`` escaped)."""
    return text("/" + property_name.replace("~", "~0").replace("/", "~1"))


def valid_json(json: str, *, written: bool = False) -> str:
    """``json`` (SQL) with ``null`` in place of NaN and Infinity, which DuckDB reads and JSON does not have.

    Looking for their letters costs 1.6 s for a million rows of 600 bytes (0.1 s in what DuckDB has
    ``written``: it spells them in one way), a regular expression as much again, and only what it finds is
    taken apart.
    """
    whole = f"CAST({json} AS VARCHAR)"
    words = _WRITTEN if written else _NOT_JSON
    letters = " OR ".join(f"contains({whole}, {text(word)})" for word in words)
    mended = "regexp_replace(part, '(?i)-?(nan|inf(inity)?)', 'null', 'g')"
    parts = (
        f"[CASE WHEN starts_with(part, '\"') THEN part ELSE {mended} END "
        f"FOR part IN regexp_extract_all({whole}, {text(_TEXT_OR_NOT)})]"
    )
    return (
        f"CASE WHEN ({letters}) AND regexp_matches({whole}, '(?i)(^|[:,\\[])\\s*-?(nan|inf)') "
        f"THEN CAST(array_to_string({parts}, '') AS JSON) ELSE {json} END"
    )


def json_spec(types: dict[str, str]) -> str:
    """A structure for DuckDB's ``from_json``, as a SQL literal."""
    return text(json.dumps(types, ensure_ascii=False))


def check_table_name(name: str) -> str:
    """``name`` itself, if it may name a table: a letter, then letters, digits and ``_``; at most 63.

    Raises:
        ParameterError: for any other name (leading ``_`` is kept for the engine's own tables).
    """
    if not TABLE_NAME.fullmatch(name):
        shown = name if len(name) <= 40 else name[:40] + "…"
        message = f"{shown!r} cannot name a table."
        hint = "Use a letter, then letters, digits and underscores (at most 63 characters)."
        raise ParameterError(message, parameter="table", value=name, hint=hint, details={"table": shown})
    return name
