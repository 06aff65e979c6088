"""Atomic writing of files."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from mixpanel_nb.errors import StorageError, Word
from mixpanel_nb.files.system import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_DATABASE = b"DUCK"  # at byte 8 of every DuckDB file
_databases: set[Path] = set()
_SHOWN_NAME = 40  # characters of the name used for the temporary file, so that it is never too long

REPLACE = Word("replace", value=True)
"""The option that allows an existing file to be replaced, in the caller's wording."""


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Where to write: a file appears when it is complete; a pipe or device is written directly.

    Raises:
        OSError: it cannot be written.
    """
    place = resolved(path)
    if place.exists() and not place.is_file():
        with place.open("wb") as stream:  # which a folder refuses
            yield stream
    else:
        with replacing(place) as file:
            yield file


def check_place(path: Path, *, replace: bool, how: str = REPLACE) -> None:
    """Check that a file may be written: an existing file needs permission, a database is never replaced.

    Args:
        path: The target; pipes and devices may always be written.
        replace: Whether an existing file may be replaced.
        how: The option for that, in the caller's wording.

    Raises:
        StorageError: the file exists and may not be replaced, or is a database or its log.
    """
    place = resolved(path)
    if is_database(place):
        raise refused_path(f"{path} is a database.", "Choose another name.")
    if place.suffix == ".wal" and is_database(place.with_suffix("")):
        raise refused_path(f"{path} would be taken for the log of a database.", "Choose another name.")
    if place.is_file() and not replace:
        raise refused_path(
            f"There is a file {path} already.", ["Choose another name, or replace it with ", how, "."]
        )


def note_database(file: Path) -> None:
    """Record a file that this process opens as a database."""
    _databases.add(file)


def is_database(file: Path) -> bool:
    """Whether a file is a DuckDB database.

    A file that this process has open as a database is not opened here: closing it would end the lock that
    keeps other processes from writing it (POSIX).
    """
    if not file.is_file():
        return False
    if any(known.exists() and known.samefile(file) for known in _databases):
        return True
    try:
        with file.open("rb") as stream:
            return stream.read(12)[8:] == _DATABASE
    except OSError:
        return False


def refused_path(problem: str, hint: str | list[str]) -> StorageError:
    """The error for a path that cannot be written to."""
    return StorageError(problem, hint=hint, details={"parameter": "path"})


@contextmanager
def replacing(path: Path, *, mode: int | None = None) -> Iterator[BinaryIO]:
    """A new file that atomically replaces ``path`` at the end of the block, unless there is an error.

    Args:
        path: The file; a link itself is replaced.
        mode: The permissions; None keeps those of the replaced file, or uses the default.

    Raises:
        OSError: the file cannot be written.
    """
    if mode is None and path.exists():
        mode = path.stat().st_mode & 0o777
    growing = path.parent / f".{path.name[:_SHOWN_NAME]}-{secrets.token_hex(8)}.part"
    try:
        with os.fdopen(os.open(growing, _NEW, 0o666 if mode is None else mode), "wb") as file:
            if mode is not None:
                growing.chmod(mode)  # regardless of the umask
            yield file
            file.flush()
            os.fsync(file.fileno())
        growing.replace(path)
    except BaseException:
        growing.unlink(missing_ok=True)
        raise
