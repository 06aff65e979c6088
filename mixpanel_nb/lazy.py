"""Names that are imported on first use, so that a command loads the code of its own report only."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Value = TypeVar("Value")


class ByName(Mapping[str, Value]):
    """A registry: a value is imported when it is looked up; listing the names imports nothing.

    Args:
        package: The package of the modules.
        places: The place of each value in it, such as ``funnel.Funnel``.
    """

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._package = package
        self._places = places

    def __getitem__(self, name: str) -> Value:
        module, _, attribute = self._places[name].rpartition(".")
        value: Value = getattr(import_module(f"{self._package}.{module}"), attribute)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places


def names(
    package: str, homes: Mapping[str, Iterable[str]], modules: Iterable[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a package (PEP 562) whose names are imported on first use.

    Type checkers read the same names from imports in ``if TYPE_CHECKING:``.

    Args:
        package: The package.
        homes: The modules in it, each with the names that it defines.
        modules: Modules that are names themselves.
    """
    places = {name: f"{package}.{module}" for module, listed in homes.items() for name in listed}
    itself = frozenset(modules)

    def attribute(name: str) -> Any:
        if name in places:
            value = getattr(import_module(places[name]), name)
        elif name in itself:
            value = import_module(f"{package}.{name}")
        else:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message, name=name)
        vars(sys.modules[package])[name] = value  # the next time it is found at once
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places, *itself})

    return attribute, listed
