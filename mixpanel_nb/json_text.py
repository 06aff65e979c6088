"""JSON parsing consistent with DuckDB: the first of equal keys counts, and NaN is None."""

from __future__ import annotations

import json
import math
from typing import Any


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text.

    The first of equal keys counts. NaN and Infinity, which JSON does not have, are None; a number beyond the
    range of a float, such as 1e999, is its text.

    Raises:
        ValueError: it is not JSON.
        RecursionError: lists or objects in it are nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_object, parse_float=_number, parse_constant=_nothing)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found |= reversed(pairs)
    return found


def _number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text


def _nothing(_: str) -> None:
    return None
