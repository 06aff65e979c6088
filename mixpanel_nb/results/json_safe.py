"""Conversion of values to JSON-safe data for ``json.dumps(..., allow_nan=False)``."""

from __future__ import annotations

import base64
import dataclasses
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

# Beyond this many digits a Decimal is cheaper and safer as a float than as an int spelled out.
_MAX_DECIMAL_DIGITS = 400


def json_safe(value: Any) -> Any:
    """The value made of dicts, lists, text, finite numbers, booleans and None only.

    Dates and times become ISO text, durations seconds, NaN and infinities None, whole Decimals integers
    and other Decimals floats, bytes base64 text, sets sorted lists, dataclasses dicts. Integers keep every
    digit.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {_key(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    if isinstance(value, set | frozenset):
        return [json_safe(item) for item in sorted(value, key=repr)]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if type(value).__name__ in {"NaTType", "NAType"}:  # pandas' missing values, without importing pandas
        return None
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_safe(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy
        return json_safe(value.tolist())
    return str(value)


def _decimal(value: Decimal) -> int | float | None:
    if not value.is_finite():
        return None
    if value.adjusted() < _MAX_DECIMAL_DIGITS and value == value.to_integral_value():
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else None


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    safe = json_safe(key)
    return safe if isinstance(safe, str) else str(safe)
