"""Files that are there whole, or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_SHOWN_NAME = 40  # characters of its name that a file bears while it grows, so that it is never too long


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Where to write what a user named: a file appears when it is whole, a pipe or a device gets all at once.

    Raises:
        OSError: nothing can be written there.
    """
    place = path.expanduser().resolve()
    if place.exists() and not place.is_file():
        with place.open("wb") as stream:  # which a folder refuses
            yield stream
    else:
        with replacing(place) as file:
            yield file


@contextmanager
def replacing(path: Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """A new file that takes the place of ``path`` at the end of the block, in one step.

    Until then it grows beside it under a hidden name. After an error, or an interrupt, it is gone, and what
    was at ``path`` is still there.

    Args:
        path: The file; a link is itself replaced.
        mode: The permissions; None takes those of the file that is replaced, or the usual ones.

    Raises:
        OSError: the file cannot be written.
    """
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o777
    growing = path.parent / f".{path.name[:_SHOWN_NAME]}-{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(os.open(growing, _NEW, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                growing.chmod(mode)  # whatever the umask takes away
            yield file
            file.flush()
            os.fsync(file.fileno())
        growing.replace(path)
    except BaseException:
        growing.unlink(missing_ok=True)
        raise
