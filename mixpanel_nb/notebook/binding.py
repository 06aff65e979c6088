"""Notebook variables in SQL: values bound as ``$name``, DataFrames named in ``FROM``."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set, ValuesView
from contextlib import contextmanager
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mixpanel_nb.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.storage import StorageEngine

_NAME = re.compile(rb'"(?:[^"]|"")*"|(?:[A-Za-z_]|[\x80-\xff])(?:\w|[\x80-\xff])*')
_PARAMETER = re.compile(rb"\$\s*((?:[A-Za-z_]|[\x80-\xff])(?:\w|[\x80-\xff])*)")
_SCALARS = (bool, int, float, str, bytes, bytearray, date, time, timedelta, Decimal, UUID)
_COLLECTIONS = (Sequence, Set, ValuesView)
_FRAMES = {
    ("pandas", "DataFrame"),
    ("polars", "DataFrame"),
    ("polars", "LazyFrame"),
    ("pyarrow", "Table"),
    ("pyarrow", "RecordBatch"),
}


def parameters(sql: str, storage: StorageEngine, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the ``$name`` parameters in ``sql``.

    Raises:
        QueryError: ``sql`` does not parse.
        ParameterError: a variable is missing or not a value.
    """
    return {name: _value_of(name, namespace) for name in sorted(storage.parameter_names_in(sql))}


def written_out(sql: str, storage: StorageEngine, namespace: Mapping[str, Any]) -> str:
    """``sql`` with the values of its ``$name`` parameters in place of them.

    Raises:
        QueryError: ``sql`` does not parse.
        ParameterError: a variable is missing or not a value that can be written in SQL.
    """
    import duckdb

    from mixpanel_nb.analytics.sql import literal

    values = parameters(sql, storage, namespace)
    text, parts, end = sql.encode(), [], 0
    operators = (start for start, kind in duckdb.tokenize(sql) if kind == duckdb.token_type.operator)
    for start in operators:
        found = _PARAMETER.match(text, start)
        if found is None:
            continue
        name = found[1].decode()
        try:
            written = literal(values[name])
        except ValueError:
            kind = type(values[name]).__name__
            message = f"${name} is a {kind}, which cannot be written into the SQL of a cohort."
            hint = "Text, numbers, dates and lists of them can."
            raise ParameterError(message, parameter=name, hint=hint) from None
        parts += [text[end:start], (f"({written})" if written.startswith("-") else written).encode()]
        end = found.end()
    return b"".join([*parts, text[end:]]).decode()


def _value_of(name: str, namespace: Mapping[str, Any]) -> Any:
    if name not in namespace:
        variables = [known for known in namespace if not known.startswith("_")]
        message = f"There is no notebook variable {name!r} for ${name}."
        meant = did_you_mean(name, variables)
        hint = f'Set {name} = … in a cell first, or write "${name}" if the property of that name is meant.'
        raise ParameterError(message, parameter=name, hint=meant or hint)
    try:
        return bindable(namespace[name])
    except TypeError as error:
        message = f"${name} is or holds a {error}, which cannot be a value in SQL."
        hint = "Numbers, text, dates, None and lists of them can; a DataFrame can be named in FROM."
        raise ParameterError(message, parameter=name, hint=hint) from None


def bindable(value: Any) -> Any:
    """The value as Python's own types, which DuckDB can bind: numpy's and pandas' are converted.

    Raises:
        TypeError: with the name of an unsupported type.
    """
    if value is None or type(value).__name__ in {"NaTType", "NAType"}:
        return None
    if hasattr(value, "tolist"):  # numpy's scalars and arrays, pandas' Series and Index
        plain = _in_microseconds(value).tolist()
        if type(plain) is type(value):  # numbers wider than any of Python's
            raise TypeError(type(value).__name__)
        return bindable(plain)
    if isinstance(value, _SCALARS):
        return value
    if isinstance(value, dict):
        return {key: bindable(item) for key, item in value.items()}
    if isinstance(value, _COLLECTIONS):
        return [bindable(item) for item in value]
    raise TypeError(type(value).__name__)


def _in_microseconds(value: Any) -> Any:
    """Numpy returns nanosecond times as bare integers, so they are rounded to microseconds."""
    if type(value).__module__ == "numpy" and value.dtype.str.endswith("[ns]"):
        return value.astype(f"{value.dtype.kind}8[us]")
    return value


def names_in(sql: str) -> set[str]:
    """Every name in ``sql``, without its strings, comments and numbers.

    DuckDB can list the tables only of a single statement without parameters whose other tables exist.
    """
    import duckdb

    naming = {duckdb.token_type.identifier, duckdb.token_type.keyword}
    text = sql.encode()
    found = [_NAME.match(text, start) for start, kind in duckdb.tokenize(sql) if kind in naming]
    names = {match[0].decode() for match in found if match}
    return {name[1:-1].replace('""', '"') if name.startswith('"') else name for name in names}


@contextmanager
def frames(sql: str, storage: StorageEngine, namespace: Mapping[str, Any]) -> Iterator[None]:
    """Register the DataFrames that ``sql`` names in DuckDB during the block; tables take precedence.

    Raises:
        QueryError: DuckDB cannot read such a DataFrame.
    """
    named = {name for name in names_in(sql) if is_frame(namespace.get(name))}
    known: list[str] = []
    try:
        for name in sorted(named):
            if not storage.table_exists(name):
                storage.register(name, namespace[name])
                known.append(name)
        yield
    finally:
        for name in known:
            storage.unregister(name)


def is_frame(value: Any) -> bool:
    """Whether it is a frame of pandas, Polars or Arrow (or a subclass), without importing any of them."""
    return any((kind.__module__.split(".")[0], kind.__name__) in _FRAMES for kind in type(value).__mro__)


def columns_of(frame: Any) -> list[str]:
    """The columns of a frame; none of a lazy one, which would have to be computed."""
    if type(frame).__name__ == "LazyFrame":
        return []
    return [str(column) for column in getattr(frame, "column_names", None) or frame.columns]
