"""Lookup tables of the database: read from CSV, as Mixpanel reads them, or from a frame.

https://developer.mixpanel.com/reference/replace-lookup-table: the first row has the names, the first column
the keys, which are all different. Numbers, ``true`` and ``false``, and lists of texts in brackets are read as
such; a column with values of several kinds holds texts.
"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.context import is_expression
from mixpanel_nb.analytics.expressions import parse
from mixpanel_nb.bookmarks.properties import access_of
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.storage.definitions import LookupRecord, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    Cells = list[str | None]

MOST_BYTES = 100 * 2**20
"""What Mixpanel takes (https://docs.mixpanel.com/docs/data-structure/lookup-tables#limits)."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DISTINCT_ID = ("distinct_id", "$distinct_id")


def lookup_of(name: str, source: str, prop: str, text: str) -> tuple[LookupRecord, list[Cells]]:
    """The record and the columns of a lookup table.

    Args:
        name: Its name.
        source: Where it is from.
        prop: The property that its keys are values of: a name, or an expression.
        text: The CSV.

    Raises:
        ParameterError: the CSV is no lookup table, or the property is none that it can be joined to.
        ExpressionError: there is a mistake in the expression.
    """
    table = table_of(name)
    access = prop if is_expression(prop) else access_of(prop, "events")
    parse(access)
    if prop in _DISTINCT_ID:
        message = "A lookup table cannot be joined to the id of users."
        hint = "What is known of users is in profiles: load them."
        raise ParameterError(message, parameter="property", value=prop, hint=hint)
    header, columns = _columns(text)
    kinds = {header[0]: "text"}
    for heading, column in zip(header[1:], columns[1:], strict=True):
        kinds[heading] = _kind(column)
    return LookupRecord(table, name, access, source, kinds), columns


def csv_of(source: Any) -> tuple[str, str]:
    """The CSV of a file or a frame, and where it is from.

    Raises:
        ParameterError: it is neither, or the file cannot be read.
    """
    if hasattr(source, "to_csv"):
        return source.to_csv(index=False), "a frame"
    if not isinstance(source, str | Path):
        hint = "Give a CSV file, a DataFrame, or the id of a lookup table of Mixpanel."
        message = f"{str(source)[:40]!r} is no source of a lookup table."
        raise ParameterError(message, parameter="source", value=source, hint=hint)
    path = Path(source).expanduser()
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            message = f"{path} has {size / 2**20:,.0f} MB; a lookup table has at most 100."
            hint = "Leave out the columns and rows that no report needs."
            raise ParameterError(message, parameter="source", value=str(source), hint=hint)
        return path.read_text("utf-8-sig"), str(path)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else _reason(error)
        message = f"{path} cannot be read: {why}."
        hint = "Name a CSV file in UTF-8 whose first column has the keys."
        raise ParameterError(message, parameter="source", value=str(source), hint=hint) from None


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _columns(text: str) -> tuple[list[str], list[Cells]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [each.strip() for each in next(reader, [])]
        rows = [row for row in reader if row]
    except csv.Error as error:
        raise _unusable(f"line {reader.line_num} is no CSV ({error})") from None
    if len(header) < 2:
        raise _unusable("it has no column beside that of the keys")
    if len({each.lower() for each in header}) < len(header) or not all(header):
        raise _unusable("its columns have no names, or the same")
    for place, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise _unusable(f"row {place} has {len(row)} values, not {len(header)}")
    columns: list[Cells] = [[cell or None for cell in column] for column in zip(*rows, strict=True)]
    _check_keys(columns[0] if columns else [])
    return header, columns or [[] for _ in header]


def _check_keys(keys: Sequence[str | None]) -> None:
    seen: dict[str, int] = {}
    for place, key in enumerate(keys, 2):
        if key is None:
            raise _unusable(f"row {place} has no key")
        if key in seen:
            raise _unusable(f"rows {seen[key]} and {place} have the same key {key[:40]!r}")
        seen[key] = place


def _kind(column: Cells) -> str:
    """What a column holds; its values are made those that DuckDB reads as such."""
    held = [cell for cell in column if cell is not None]
    if held and all(_INTEGER.fullmatch(cell) for cell in held):
        return "integer"
    if held and all(_NUMBER.fullmatch(cell) for cell in held):
        return "double"
    if held and all(cell.lower() in ("true", "false") for cell in held):
        return "boolean"
    if held and all(map(_is_list, held)):
        return "json"
    return "text"


def _is_list(cell: str) -> bool:
    if not cell.startswith("["):
        return False
    try:
        found = json.loads(cell)
    except ValueError:
        return False
    return isinstance(found, list) and all(isinstance(each, str) for each in found)


def _unusable(why: str) -> ParameterError:
    hint = "The first row names the columns, and the first column has a key of its own in each row."
    return ParameterError(f"This is no lookup table: {why}.", parameter="source", hint=hint)
