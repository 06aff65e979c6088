"""The session of commands in a terminal."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mixpanel_nb.cli.options import Format
from mixpanel_nb.commands.options import place_of_mapping
from mixpanel_nb.commands.session import Session
from mixpanel_nb.commands.wording import TERMINAL
from mixpanel_nb.errors import AccountNotFoundError, ConfigError
from mixpanel_nb.files.atomic import check_place
from mixpanel_nb.files.content import decoded
from mixpanel_nb.files.places import is_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.errors import Text
    from mixpanel_nb.results import FetchProgress, Result
    from mixpanel_nb.workspace import Workspace


STANDARD_OUTPUT = Path("/dev/stdout")
REQUESTS = "mixpanel_nb.client"  # the log of requests to Mixpanel, without secrets
MAX_LOG_LINE = 500
_NAME_A_FILE = "Files of your own need none: name a database file, as in: mp --db shop.db load events.csv"
MAX_MESSAGE = 5_000
MAX_SECRET = 10_000  # bytes
MAX_TRACEBACK = 100_000


class TerminalSession(Session):
    """One command in a terminal.

    Attributes:
        account: ``--account``.
        database: ``--db``: a file, or the URL of an engine.
        timezone: ``--timezone``: that of days in reports on tables, if not the table's.
        week_start: ``--week-start``: the day on which weeks of reports begin, if not the account's.
        workspace_id: ``--workspace-id``: the data view in which Mixpanel is asked, if not the account's.
        mapping: ``--mapping``: how tables of another shape are read.
        quiet: ``--quiet``: no progress, no remarks.
        verbose: ``--verbose``: every request and its time, and the traceback of an error.
        format: ``--format``; None is a table on a terminal and JSON elsewhere.
        output: ``--output``: a file for the result instead of standard output.
        replace: ``--replace``: an existing file is replaced.
    """

    account: str | None = None

    def __init__(self) -> None:
        self.database: Path | str | None = None
        self.timezone: str | None = None
        self.week_start: str | None = None
        self.workspace_id: str | None = None
        self.mapping: str | None = None
        self._log = OnStandardError()
        self.quiet = False
        self.verbose = False
        self.format: Format | None = None
        self.output: Path | None = None
        self.replace = False

    @property
    def workspace_for_files(self) -> Workspace:
        """That of ``--account`` and ``--db``; without an account, the file need not exist."""
        from mixpanel_nb.workspace import Workspace

        new = self._new_file
        if self.account is None and new is not None:
            self.check_output()
            made = Workspace.open(new, create=True, timezone=self.timezone, week_start=self.week_start)
            made.storage.on_wait = self.say
            vars(self)["workspace"] = made
        try:
            return self.workspace
        except AccountNotFoundError:
            raise
        except ConfigError as error:
            raise ConfigError(error.message, hint=_NAME_A_FILE) from None

    @property
    def _new_file(self) -> Path | None:
        """The database file of ``--db``, if it is not there."""
        named = self.database
        return named if isinstance(named, Path) and not (named.exists() or is_address(named)) else None

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of ``--account`` and ``--db``; an existing file needs no account."""
        from mixpanel_nb.workspace import Workspace

        self.check_output()
        self._tell_requests()
        reading: dict[str, Any] = {
            "account": self.account,
            "mapping": self.mapping,
            "timezone": self.timezone,
            "week_start": self.week_start,
        }
        if isinstance(self.database, str):
            return Workspace.over(self.database, **reading)
        if self.mapping is not None:
            return Workspace.lake(place_of_mapping(self.database), **reading)
        workspace = Workspace(
            self.account,
            path=self.database,
            timezone=self.timezone,
            week_start=self.week_start,
            workspace_id=self.workspace_id,
        )
        workspace.storage.on_wait = self.say
        return workspace

    def open_workspace(self, account: str | None) -> Workspace:
        """A workspace on another account, which the caller closes."""
        from mixpanel_nb.workspace import Workspace

        self._tell_requests()
        return Workspace(account or self.account)

    def say(self, message: Text) -> None:
        """A line on standard error, unless ``--quiet``."""
        if not self.quiet:
            tell(TERMINAL.say(message))

    def show(self, result: Result) -> None:
        """Write a result, as a table unless ``--format`` says otherwise."""
        from mixpanel_nb.cli.output import to_standard_output

        to_standard_output(result, self.format or Format.TABLE)

    def check_output(self) -> None:
        """Check that the file of ``--output`` may be written, before any work.

        Raises:
            StorageError: the file exists and may not be replaced, or is a database.
        """
        if self.output is not None:
            check_place(self.output, replace=self.replace, how="--replace")

    def ask_secret(self, prompt: str) -> str:
        """A hidden prompt on a terminal, else the first line of standard input."""
        if not sys.stdin.isatty():
            return _first_line(sys.stdin)
        from getpass import getpass

        from mixpanel_nb.display.text import one_line

        return getpass(f"{one_line(prompt, MAX_LOG_LINE)}: ")

    def ask(self, prompt: str) -> str | None:
        """A line that is typed at a terminal; None elsewhere."""
        if not sys.stdin.isatty():
            return None
        tell(prompt)
        return sys.stdin.readline().strip()

    def progress(self) -> Callable[[FetchProgress], None] | None:
        """A progress line on standard error if it is a terminal."""
        if self.quiet:
            return None
        from mixpanel_nb.display import TerminalProgress

        return TerminalProgress()

    @property
    def standard_output(self) -> Path | None:
        """Standard output, where it is open and the system has a name for it."""
        return STANDARD_OUTPUT if sys.stdout is not None and STANDARD_OUTPUT.exists() else None

    def close(self) -> None:
        """Close the workspace, if one was made."""
        made = self.__dict__.get("workspace")
        if made is not None:
            made.close()
        logging.getLogger(REQUESTS).removeHandler(self._log)

    def _tell_requests(self) -> None:
        """With ``--verbose``, log every request when it has ended."""
        if self.verbose:
            logger = logging.getLogger(REQUESTS)
            logger.setLevel(logging.INFO)
            logger.addHandler(self._log)


def _first_line(stream: TextIO) -> str:
    """The first line that is piped in, without its end.

    Raises:
        ConfigError: it is not text. No frame of the error contains what was read.
    """
    text = problem = ""
    try:
        binary = getattr(stream, "buffer", None)
        text = stream.readline() if binary is None else decoded(binary.readline(MAX_SECRET))
    except ValueError as error:
        problem = str(error)
    if problem:
        message = f"What is piped in as the secret is {problem}."
        raise ConfigError(message, hint="Pipe it as plain text in UTF-8.", details={"parameter": "secret"})
    return text.rstrip("\r\n")


def tell(text: str, limit: int = MAX_MESSAGE) -> None:
    """Write text to standard error with control characters escaped; a closed stream is ignored."""
    from mixpanel_nb.display.text import block

    with suppress(OSError):
        print(block(text, limit), file=sys.stderr, flush=True)  # noqa: T201 - this is the terminal


class OnStandardError(logging.Handler):
    """Log messages as lines on standard error, and the traceback where one comes with them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write them."""
        from mixpanel_nb.display.text import one_line

        tell(one_line(record.getMessage(), MAX_LOG_LINE))
        if record.exc_info:
            tell(logging.Formatter().formatException(record.exc_info), MAX_TRACEBACK)
