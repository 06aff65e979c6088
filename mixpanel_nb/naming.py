"""Unique names of columns, keys and files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PROPERTY = re.compile(r"""properties\[(["'])([^"'\\]+)\1\]""")


def property_of(on: str) -> str:
    """The property of an expression that consists only of it; any other expression unchanged."""
    match = _PROPERTY.fullmatch(on.strip())
    return match.group(2) if match else on


def property_names(on: str | Sequence[str] | None) -> tuple[str, ...]:
    """What a report is broken down by, one name a breakdown: properties by their names."""
    return tuple(map(property_of, (on,) if isinstance(on, str) else on or ()))


def unique_names(names: list[str]) -> list[str]:
    """The names with ``_1``, ``_2``… appended to repeated ones, so that they are unique."""
    taken: set[str] = set()
    unique: list[str] = []
    for name in names:
        candidate, number = name, 0
        while candidate in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate)
        unique.append(candidate)
    return unique


def free_name(name: str, taken: Iterable[str]) -> str:
    """``name``, or with ``_2``, ``_3`` … appended, different from all taken names (case-insensitive)."""
    used = {each.casefold() for each in taken}
    free, number = name, 1
    while free.casefold() in used:
        number += 1
        free = f"{name}_{number}"
    return free
