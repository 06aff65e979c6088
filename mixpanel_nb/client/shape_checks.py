"""Checks of the outer shape of answers; any other shape is not from Mixpanel's API as documented."""

from __future__ import annotations

import json
from typing import Any

from mixpanel_nb.errors import ServerError

_NAMES = {dict: "an object", list: "a list", str: "text", bool: "a boolean", type(None): "null"}


def as_object(answer: Any, endpoint: str, **fields: type) -> dict[str, Any]:
    """The answer, if it is an object that has these fields with values of these types.

    Raises:
        ServerError: It is not.
    """
    if not isinstance(answer, dict):
        raise unexpected(answer, endpoint, "an object")
    for name, kind in fields.items():
        if not isinstance(answer.get(name), kind):
            found = f"{_called(answer[name])} there" if name in answer else f"no {name!r}"
            raise unexpected(answer, endpoint, f"{_NAMES[kind]} {name!r}", found)
    return answer


def as_object_of_objects(answer: Any, endpoint: str) -> dict[str, dict[str, Any]]:
    """The answer, if it is an object of objects.

    Raises:
        ServerError: It is not.
    """
    for name, value in as_object(answer, endpoint).items():
        if not isinstance(value, dict):
            raise unexpected(answer, endpoint, "an object of objects", f"{_called(value)} at {name!r}")
    return dict(answer)


def as_list(answer: Any, endpoint: str) -> list[Any]:
    """The answer, if it is a list.

    Raises:
        ServerError: It is not.
    """
    if not isinstance(answer, list):
        raise unexpected(answer, endpoint, "a list")
    return answer


def as_objects(answer: Any, endpoint: str) -> list[dict[str, Any]]:
    """The answer, if it is a list of objects.

    Raises:
        ServerError: It is not.
    """
    for item in as_list(answer, endpoint):
        if not isinstance(item, dict):
            raise unexpected(answer, endpoint, "a list of objects", f"{_called(item)} in the list")
    return list(answer)


def as_texts(answer: Any, endpoint: str) -> list[str]:
    """The items of the answer as text, if it is a list; other values than strings become their JSON.

    Raises:
        ServerError: It is not.
    """
    return [item if isinstance(item, str) else json.dumps(item) for item in as_list(answer, endpoint)]


def unexpected(answer: Any, endpoint: str, wanted: str, found: str | None = None) -> ServerError:
    """The error for an answer of an unexpected shape."""
    came = found or _called(answer)
    return ServerError(
        f"The answer of {endpoint} has an unexpected shape: expected {wanted}, found {came}.",
        hint="Is the base URL that of Mixpanel?",
        details={"path": endpoint},
    )


def _called(value: Any) -> str:
    return _NAMES.get(type(value), "a number")
