"""Values of parameters that need no conversion, for which Typer would import its validation library."""

from __future__ import annotations

import typing
from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN = (str, int, bool)


def take_as_they_are(command: Any, function: Callable[..., Any]) -> None:
    """Let parameters take a value as it is where it is missing, or of their type already.

    That is most of a command line, and starts a command a fifth sooner.

    Args:
        command: The command.
        function: What its parameters come from.
    """
    listed = command.get_params

    def get_params(context: Any) -> list[Any]:
        params: list[Any] = listed(context)
        for param in params:
            param.process_value = partial(_processed, param, function)
        return params

    command.get_params = get_params


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return typing.get_type_hints(function)


def _plain(annotation: Any) -> type | None:
    """The type of the words of a parameter; None if they need a conversion."""
    kinds = {*(get_args(annotation) or (annotation,))} - {type(None)}
    return next((kind for kind in _PLAIN if kinds == {kind}), str if kinds == {list[str]} else None)


def _processed(param: Any, function: Callable[..., Any], context: Any, value: Any) -> Any:
    several = param.multiple or param.nargs != 1
    if value is None and not param.required:
        value = () if several else None
    elif not _are(_plain(_hints(function).get(param.name)), value if several else (value,)):
        return type(param).process_value(param, context, value)
    return value if param.callback is None else param.callback(context, param, value)


def _are(plain: type | None, values: Any) -> bool:
    return bool(values) and all(type(each) is plain for each in values)
