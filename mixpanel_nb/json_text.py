"""JSON as all of this package reads it, which is as DuckDB does: of equal keys the first, and no NaN."""

from __future__ import annotations

import json
import math
from typing import Any


def parsed(text: str | bytes) -> Any:
    """The value of a JSON text.

    Of equal keys of an object the first counts. NaN and Infinity, which JSON does not have, are None; a
    number beyond what a float reaches, such as 1e999, is its text.

    Raises:
        ValueError: it is no JSON.
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
