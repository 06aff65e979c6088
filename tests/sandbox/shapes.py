"""Shapes of JSON: what an answer must look like, whatever is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NUMBER = (int, float)
NOTHING = type(None)


@dataclass(frozen=True)
class Each:
    """An object with any keys, whose values all have one shape."""

    value: Any


def has_shape(value: Any, shape: Any) -> bool:
    """Whether a value has a shape: a type, several, ``[shape]``, an object of shapes, or ``Each``."""
    if isinstance(shape, Each):
        return isinstance(value, dict) and all(has_shape(item, shape.value) for item in value.values())
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and set(value) == set(shape)
            and all(has_shape(value[key], shape[key]) for key in shape)
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(has_shape(item, shape[0]) for item in value)
    return isinstance(value, shape) and not (isinstance(value, bool) and bool not in _types(shape))


def _types(shape: Any) -> tuple[Any, ...]:
    return shape if isinstance(shape, tuple) else (shape,)
