"""Values that need no conversion, or a plain one, for which Typer would import its validation library.

That is most of a command line, and a command starts a fifth sooner. Typer has that library since 0.29; the
parameters have a ``type_descriptor`` since then.
"""

from __future__ import annotations

import os
import re
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, get_args

_PLAIN = (str, int, bool)
_DIGITS = re.compile("-?[0-9]{1,18}")
_NOT_PLAIN = object()


def take_as_they_are(command: Any) -> None:
    """Let the parameters of a command take values that are missing, of their type, or plain words for it."""
    listed = command.get_params

    def get_params(context: Any) -> list[Any]:
        params: list[Any] = listed(context)
        for param in params:
            if hasattr(param, "type_descriptor"):
                param.process_value = partial(_processed, param)
        return params

    command.get_params = get_params


def _processed(param: Any, context: Any, value: Any) -> Any:
    several = param.multiple or param.nargs != 1
    if value is None and not param.required:
        taken: Any = () if several else None
    elif several:
        items = [_taken(param.type_descriptor, item) for item in value or ()]
        taken = _NOT_PLAIN if _NOT_PLAIN in items or not items else type(value)(items)
    else:
        taken = _taken(param.type_descriptor, value)
    if taken is _NOT_PLAIN:
        return type(param).process_value(param, context, value)
    return taken if param.callback is None else param.callback(context, param, taken)


def _taken(descriptor: Any, value: Any) -> Any:
    """What a word stands for; ``_NOT_PLAIN`` if Typer has to say."""
    annotation = descriptor.annotation
    kinds = {*(get_args(annotation) or (annotation,))} - {type(None)}
    if len(kinds) != 1 or descriptor.parameter_info.parser is not None:
        return _NOT_PLAIN
    (kind,) = kinds
    if type(value) is kind and kind in _PLAIN:
        return value
    if kind is int and isinstance(value, str) and _DIGITS.fullmatch(value) and not descriptor.is_ranged:
        return int(value)
    if kind is Path and isinstance(value, str) and _is_free(descriptor.parameter_info, value):
        return Path(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next((each for each in kind if each.value == value), _NOT_PLAIN)
    return _NOT_PLAIN


def _is_free(info: Any, path: str) -> bool:
    """Whether a path needs no check, because its parameter asks for none or because there is nothing."""
    asks = info.exists or info.resolve_path or info.writable or not (info.file_okay and info.dir_okay)
    return not asks and (not info.readable or not Path(path).exists() or os.access(path, os.R_OK))
