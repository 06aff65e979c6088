"""Standard streams: closed streams, full disks, terminals, and limited encodings."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

_IN_ASCII = "mixpanel_nb.in_ascii"  # name of an error handler of codecs
_SIMILAR = dict(zip("─—–…·↵└├│×", "---.-|`||x", strict=True))


def prepare() -> None:
    """Make the three streams safe to use.

    The next opened file, perhaps a database, would get a closed descriptor, and output for the stream would
    be written to it. So each closed descriptor is occupied: reads from standard input and writes to standard
    output fail, and standard error is discarded.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)  # takes the lowest free number
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - open as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - open as long as the process


def data(*, for_programs: bool) -> TextIO:
    """Standard output, ready for a result.

    Programs get UTF-8 in every locale; terminals and tables get the characters of the encoding, with similar
    ones or ``?`` for others.

    Raises:
        MixpanelDataError: it is closed.
    """
    stream = sys.stdout
    if stream is None:
        message = "Standard output is closed."
        raise MixpanelDataError(message, hint="Open it, or write to a file with --output FILE.")
    if isinstance(stream, io.TextIOWrapper):
        if for_programs and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        else:
            codecs.register_error(_IN_ASCII, _similar)
            stream.reconfigure(errors=_IN_ASCII)
    return stream


@contextmanager
def standard_output() -> Iterator[None]:
    """Convert errors of standard output, such as a full disk, to `MixpanelDataError`.

    Raises:
        MixpanelDataError: standard output cannot be written.
        BrokenPipeError: the reader closed it.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        forget_output()
        message = f"Standard output cannot be written: {error.strerror or error}."
        hint = "Send it elsewhere, or write to a file with --output FILE."
        raise MixpanelDataError(message, hint=hint) from None


def forget_output() -> None:
    """Discard what is left in standard output: Python would write it again at exit."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _similar(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(_SIMILAR.get(character, "?") for character in missing), error.end
