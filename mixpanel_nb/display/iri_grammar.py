"""Altair starts without the grammar of international web addresses, which it never uses.

Altair imports jsonschema. Where ``rfc3987-syntax`` is installed (JupyterLab brings it), jsonschema imports
it to check the format ``iri``, and its import builds a grammar: three quarters of the time that Altair needs
to start. Here the grammar is built when somebody checks the format.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PACKAGE = "rfc3987_syntax"


class _Deferred(ModuleType):
    """Stands for the package until something of it is used."""

    def is_valid_syntax(self, term: str, value: str) -> bool:
        """Whether a text is what a term of RFC 3987 says."""
        return bool(self._package().is_valid_syntax(term, value))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._package(), name)

    def _package(self) -> Any:
        if sys.modules.get(PACKAGE) is self:
            del sys.modules[PACKAGE]
        return import_module(PACKAGE)


def defer() -> None:
    """Build the grammar when it is used first, unless it has been built or is not installed."""
    if not {PACKAGE, "jsonschema"} & sys.modules.keys() and find_spec(PACKAGE):
        sys.modules[PACKAGE] = _Deferred(PACKAGE)
