"""Writing a command's result: to standard output, or to a file."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from mixpanel_nb.cli import streams
from mixpanel_nb.cli.formats import write
from mixpanel_nb.cli.options import Format
from mixpanel_nb.cli.terminal_session import tell
from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.files.atomic import writing
from mixpanel_nb.results import ExportResult, FetchResult, SyncResult

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.cli.terminal_session import TerminalSession
    from mixpanel_nb.results import Result


def deliver(result: Result, session: TerminalSession) -> None:
    """Write a result as the session's options say, and its notes to standard error.

    Raises:
        StorageError: the file exists and may not be replaced.
        MixpanelDataError: the file or standard output cannot be written.
    """
    how = session.format or (_format_of(session.output) if session.output else _usual_format())
    if session.output is None:
        to_standard_output(result, how)
    else:
        session.check_output()
        _save(result, how, session.output)
        session.say(f"Wrote {session.output}.")
    if how is Format.TABLE and session.output is None:
        return  # the table contains the notes
    if isinstance(result, FetchResult | ExportResult | SyncResult):
        session.say(result.headline)
    if not session.quiet:
        for remark in result.remarks:
            tell(f"Note: {remark}")


def to_standard_output(result: Result, how: Format) -> None:
    """Write a result to standard output.

    Raises:
        MixpanelDataError: it is closed, or cannot be written.
    """
    with streams.standard_output():
        stream = streams.data(for_programs=how is not Format.TABLE)
        write(result, how, stream)
        stream.flush()


def _save(result: Result, how: Format, file: Path) -> None:
    try:
        with writing(file) as binary:
            stream = io.TextIOWrapper(binary, encoding="utf-8", newline="")
            write(result, how, stream)
            stream.detach()
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise MixpanelDataError(message, hint="Choose another place.") from None


def _usual_format() -> Format:
    return Format.TABLE if sys.stdout is not None and sys.stdout.isatty() else Format.JSON


def _format_of(file: Path) -> Format:
    """The format that a file's name ends with; JSON for any other."""
    ending = file.suffix.removeprefix(".").lower()
    return Format(ending) if ending in {"json", "jsonl", "csv"} else Format.JSON
