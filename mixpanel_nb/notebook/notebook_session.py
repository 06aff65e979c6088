"""The session of a notebook: one workspace for all cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.commands.session import Session
from mixpanel_nb.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.errors import Text
    from mixpanel_nb.results import FetchProgress, Result
    from mixpanel_nb.workspace import Workspace

MAX_MESSAGE = 5_000


class NotebookSession(Session):
    """The workspace that ``%mp_connect`` chose, or that of the default account."""

    def __init__(self) -> None:
        self._workspace: Workspace | None = None
        self.table: str | None = None
        """The table that reports ask where ``%mp_connect`` names none."""
        self.queries: dict[str, str] = {}
        """The SQL of cells that ``%%mp_sql --save`` has named, for ``FROM`` of later cells."""

    @property
    def workspace(self) -> Workspace:
        """The connected workspace; otherwise the default account's is connected."""
        if self._workspace is None:
            from mixpanel_nb.workspace import Workspace

            self._workspace = Workspace()
        self._workspace.storage.on_wait = self.say
        if self.table is not None and self._workspace.table is None:
            self._workspace.table = self.table
        return self._workspace

    @property
    def workspace_for_files(self) -> Workspace:
        """The connected workspace, or the default account's."""
        try:
            return self.workspace
        except ConfigError as error:
            if self._workspace is not None:
                raise
            hint = "Files of your own need none: name a database file first, as in: %mp_connect --db shop.db"
            raise ConfigError(error.message, hint=hint) from None

    @property
    def connected(self) -> Workspace | None:
        """The connected workspace; None before first use."""
        return self._workspace

    @property
    def account(self) -> str | None:
        """The account of the connected workspace."""
        return self._workspace.account if self._workspace else None

    def connect(self, workspace: Workspace) -> None:
        """Use ``workspace`` for all commands from now on."""
        self.close()
        self._workspace = workspace

    def open_workspace(self, account: str | None) -> Workspace:
        """A workspace on another account, which the caller closes."""
        from mixpanel_nb.workspace import Workspace

        return Workspace(account or self.account)

    def say(self, message: Text) -> None:
        """A line of the cell's output."""
        from mixpanel_nb.display.text import block
        from mixpanel_nb.notebook.wording import NOTEBOOK

        print(block(NOTEBOOK.say(message), MAX_MESSAGE))  # noqa: T201 - this is the cell's output

    def show(self, result: Result) -> None:
        """A card in the cell's output."""
        from IPython.display import display

        display(result)

    def ask_secret(self, prompt: str) -> str:
        """A secret from a hidden field below the cell; it is not saved."""
        from getpass import getpass

        try:
            return getpass(f"{prompt}: ")
        except NotImplementedError as error:
            message = "This notebook cannot ask for the secret."
            hint = "Add the account in a terminal: python -m mixpanel_nb auth add NAME"
            raise ConfigError(message, hint=hint) from error

    def ask(self, prompt: str) -> str | None:
        """A line that is typed below the cell; None where there is no such field."""
        try:
            return input(f"{prompt}: ").strip()
        except (NotImplementedError, EOFError):  # StdinNotImplementedError is one: a notebook that is run
            return None

    def progress(self) -> Callable[[FetchProgress], None]:
        """The progress display below the cell, removed at the end: a widget, or a line of text."""
        from mixpanel_nb.notebook import showing

        return showing.progress()

    def close(self) -> None:
        """Close the connected workspace."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = None
