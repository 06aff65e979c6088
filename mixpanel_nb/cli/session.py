"""The terminal as a place where commands are typed."""

from __future__ import annotations

import logging
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mixpanel_nb.cli.formats import Format, write
from mixpanel_nb.commands.session import Session
from mixpanel_nb.errors import AccountNotFoundError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.results import FetchProgress, Result
    from mixpanel_nb.workspace import Workspace


STANDARD_OUTPUT = Path("/dev/stdout")
REQUESTS = "mixpanel_nb.client"  # the log of what is asked of Mixpanel, without secrets
MAX_LOG_LINE = 500


class TerminalSession(Session):
    """One command in a terminal.

    Attributes:
        account: ``--account``.
        database: ``--db``.
        timezone: ``--timezone``: that of days in reports, if not the account's.
        week_start: ``--week-start``: the day on which weeks of reports begin, if not the account's.
        quiet: ``--quiet``: no progress, no remarks.
        verbose: ``--verbose``: every request and its time, and the traceback of an error.
        format: ``--format``; None is a table on a terminal and JSON elsewhere.
        output: ``--output``: a file for the result instead of standard output.
    """

    account: str | None = None

    def __init__(self) -> None:
        self.database: Path | None = None
        self.timezone: str | None = None
        self.week_start: str | None = None
        self._log = _OnStandardError()
        self.quiet = False
        self.verbose = False
        self.format: Format | None = None
        self.output: Path | None = None

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of ``--account`` and ``--db``; an existing file needs no account."""
        self._tell_requests()
        workspace = self._open()
        workspace.storage.on_wait = self.say
        return workspace

    def _open(self) -> Workspace:
        from mixpanel_nb.workspace import Workspace

        try:
            return Workspace(
                self.account, path=self.database, timezone=self.timezone, week_start=self.week_start
            )
        except AccountNotFoundError:
            raise
        except ConfigError as error:
            if self.account is not None or self.database is None:
                raise
            if self.database.expanduser().is_file():
                zone, day = self.timezone or "UTC", self.week_start or "monday"
                return Workspace.open(self.database, timezone=zone, week_start=day)
            message = f"{error.message} Nor is there a database file {self.database}."
            raise ConfigError(message, hint=error.hint, details=error.details) from None

    def open_workspace(self, account: str | None) -> Workspace:
        """A workspace on another account, which the caller closes."""
        from mixpanel_nb.workspace import Workspace

        self._tell_requests()
        return Workspace(account or self.account)

    def say(self, message: str) -> None:
        """A line on standard error, unless ``--quiet``."""
        if not self.quiet:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal

    def show(self, result: Result) -> None:
        """Write a result, as a table unless ``--format`` says otherwise."""
        write(result, self.format or Format.TABLE, sys.stdout)
        sys.stdout.flush()

    def ask_secret(self, prompt: str) -> str:
        """Typed unseen on a terminal, else the first line of standard input."""
        if not sys.stdin.isatty():
            return sys.stdin.readline().rstrip("\r\n")
        from getpass import getpass

        return getpass(f"{prompt}: ")

    def progress(self) -> Callable[[FetchProgress], None] | None:
        """A line on standard error while it is a terminal."""
        if self.quiet:
            return None
        from mixpanel_nb.display import TerminalProgress

        return TerminalProgress()

    @property
    def standard_output(self) -> Path | None:
        """Standard output, where the system has a name for it."""
        return STANDARD_OUTPUT if STANDARD_OUTPUT.exists() else None

    def close(self) -> None:
        """Close the workspace, if one was made."""
        made = self.__dict__.get("workspace")
        if made is not None:
            made.close()
        logging.getLogger(REQUESTS).removeHandler(self._log)

    def _tell_requests(self) -> None:
        """With ``--verbose``, let every request be told when it has ended."""
        if self.verbose:
            logger = logging.getLogger(REQUESTS)
            logger.setLevel(logging.INFO)
            logger.addHandler(self._log)


class _OnStandardError(logging.Handler):
    """Log messages as lines on standard error, which nothing in them can steer."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        from mixpanel_nb.display.text import one_line

        print(one_line(record.getMessage(), MAX_LOG_LINE), file=sys.stderr, flush=True)  # noqa: T201 - the terminal
