"""Docstrings of functions and classes, read from compiled code: their modules are not imported."""

from __future__ import annotations

import dis
import inspect
from functools import cache
from importlib.machinery import PathFinder
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, cast

import mixpanel_nb

if TYPE_CHECKING:
    from importlib.abc import InspectLoader


def docstring_at(place: str) -> str:
    """The docstring of a function or a class; empty if it has none.

    Args:
        place: Its name, with its module in this package: ``queries.flow.Flow``.
    """
    module, _, name = place.rpartition(".")
    bodies = (each for each in _code_of(module).co_consts if isinstance(each, CodeType))
    body = next(each for each in bodies if each.co_name == name)
    if body.co_flags & inspect.CO_OPTIMIZED:  # a function's
        return inspect.cleandoc(FunctionType(body, {}).__doc__ or "")
    steps = pairwise(dis.get_instructions(body))
    return inspect.cleandoc(next((load.argval for load, store in steps if store.argval == "__doc__"), ""))


@cache
def _code_of(module: str) -> CodeType:
    folder = Path(str(mixpanel_nb.__file__)).parent.joinpath(*module.split(".")[:-1])
    spec = PathFinder.find_spec(f"mixpanel_nb.{module}", [str(folder)])
    if spec is None:
        raise ModuleNotFoundError(module)
    code = cast("InspectLoader", spec.loader).get_code(spec.name)
    if code is None:
        raise ModuleNotFoundError(module)
    return code
