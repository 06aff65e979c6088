"""``Session``: the workspace and the output of a command."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import typer

    from mixpanel_nb.accounts import ConfigManager
    from mixpanel_nb.errors import Text
    from mixpanel_nb.results import FetchProgress, Result
    from mixpanel_nb.workspace import Workspace


class Session(ABC):
    """The environment of a command: a terminal or a notebook."""

    @property
    @abstractmethod
    def account(self) -> str | None:
        """The account given for the commands, or None."""

    @property
    @abstractmethod
    def workspace(self) -> Workspace:
        """The workspace of the commands, opened on first use."""

    @property
    def workspace_for_files(self) -> Workspace:
        """The workspace for loading user files, which needs no account.

        Raises:
            ConfigError: there is neither an account nor a database file to load them into.
        """
        return self.workspace

    @abstractmethod
    def open_workspace(self, account: str | None) -> Workspace:
        """A workspace on another account, which the caller closes."""

    @abstractmethod
    def say(self, message: Text) -> None:
        """Show a message (never data), in parts if it names commands."""

    @abstractmethod
    def show(self, result: Result) -> None:
        """Show a result during a command."""

    @abstractmethod
    def ask_secret(self, prompt: str) -> str:
        """A secret from a hidden prompt or standard input."""

    @abstractmethod
    def ask(self, prompt: str) -> str | None:
        """A line that the user types; None where nobody can be asked."""

    @abstractmethod
    def progress(self) -> Callable[[FetchProgress], None] | None:
        """The progress display of a fetch, or None."""

    @property
    def standard_output(self) -> Path | None:
        """The binary output for other programs, or None if there is none."""
        return None

    @property
    def accounts(self) -> ConfigManager:
        """The configured accounts."""
        from mixpanel_nb.accounts import ConfigManager

        return ConfigManager()


def session_of(context: typer.Context) -> Session:
    """The session of a command."""
    return cast("Session", context.obj)
