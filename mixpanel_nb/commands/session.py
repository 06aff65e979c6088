"""What a command works with: the workspace, and a way to speak to whoever typed it."""

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
    """One place where commands are typed: a terminal or a notebook."""

    @property
    @abstractmethod
    def account(self) -> str | None:
        """The account that was named for the commands, or None."""

    @property
    @abstractmethod
    def workspace(self) -> Workspace:
        """The workspace that commands work on, made when it is first needed."""

    @property
    def workspace_for_files(self) -> Workspace:
        """The workspace that files of one's own are loaded into; they need no account.

        Raises:
            ConfigError: there is neither an account nor a database file to load them into.
        """
        return self.workspace

    @abstractmethod
    def open_workspace(self, account: str | None) -> Workspace:
        """A workspace on another account, which the caller closes."""

    @abstractmethod
    def say(self, message: Text) -> None:
        """Tell how something went (never data), in pieces where commands are named."""

    @abstractmethod
    def show(self, result: Result) -> None:
        """Show a result in the middle of a command."""

    @abstractmethod
    def ask_secret(self, prompt: str) -> str:
        """A secret, typed unseen or piped in."""

    @abstractmethod
    def progress(self) -> Callable[[FetchProgress], None] | None:
        """What shows the progress of a fetch, or None for silence."""

    @property
    def standard_output(self) -> Path | None:
        """Where bytes for other programs can be written, or None where there is no such place."""
        return None

    @property
    def accounts(self) -> ConfigManager:
        """The configured accounts."""
        from mixpanel_nb.accounts import ConfigManager

        return ConfigManager()


def session_of(context: typer.Context) -> Session:
    """The session a command was typed in."""
    return cast("Session", context.obj)
