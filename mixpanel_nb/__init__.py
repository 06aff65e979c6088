"""The Mixpanel workbench for notebooks.

``Workspace`` is the library; ``%load_ext mixpanel_nb`` makes its commands magics; ``python -m
mixpanel_nb`` (or ``mp``) runs the same commands in a terminal. What is imported here is loaded when it
is first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.accounts import ConfigManager, Credentials
    from mixpanel_nb.errors import MixpanelDataError
    from mixpanel_nb.workspace import Workspace

__version__ = "0.1.0"

__all__ = ["ConfigManager", "Credentials", "MixpanelDataError", "Workspace", "__version__"]

_HOMES = {
    "ConfigManager": "mixpanel_nb.accounts",
    "Credentials": "mixpanel_nb.accounts",
    "MixpanelDataError": "mixpanel_nb.errors",
    "Workspace": "mixpanel_nb.workspace",
}


def __getattr__(name: str) -> Any:
    """A public name, loaded now that it is used."""
    home = _HOMES.get(name)
    if home is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext mixpanel_nb``: register the magics, and nothing else."""
    importlib.import_module("mixpanel_nb.notebook").load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext mixpanel_nb``: take every trace away."""
    importlib.import_module("mixpanel_nb.notebook").unload(shell)
