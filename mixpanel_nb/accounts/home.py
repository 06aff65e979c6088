"""The home directory, and files with secrets in them: checked when read, written atomically."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ConfigError
from mixpanel_nb.files.atomic import replacing
from mixpanel_nb.files.system import default_home, expanded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LOCK_TIMEOUT = 10.0  # seconds; the lock's holder rewrites one small file


def home_directory() -> Path:
    """The directory of this package's files: ``MIXPANEL_NB_HOME``, or ``~/.mixpanel_nb``. Creates nothing.

    Raises:
        ConfigError: the system does not know the user's home directory.
    """
    moved = os.environ.get("MIXPANEL_NB_HOME")
    return expanded(moved) if moved else default_home() / ".mixpanel_nb"


def ensure_home_directory(home: Path | None = None) -> Path:
    """The home directory, created with mode 0700 if it does not exist.

    Raises:
        ConfigError: It cannot be created.
    """
    home = home_directory() if home is None else home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"The directory {home} cannot be created: {error.strerror}.",
            hint="Set MIXPANEL_NB_HOME to a directory that can be written.",
        ) from None
    return home


def read_private(path: Path, *, any_mode: bool = False) -> bytes:
    """The content of a file that only its owner may see; nothing if there is no such file.

    Args:
        path: The file.
        any_mode: Also read a file that others may read or write (because it is about to be replaced).

    Raises:
        ConfigError: It is a link or no file, others may read or write it, or it cannot be read.
    """
    try:
        _refuse_unsafe(path, path.lstat(), any_mode=any_mode)
        # The path may change between the check and the opening, so the system checks for links again.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None


def _refuse_unsafe(path: Path, status: os.stat_result, *, any_mode: bool) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise ConfigError(
            f"{path} is a symbolic link.",
            hint="Put the file itself there, or set MIXPANEL_NB_HOME to the directory that holds it.",
        )
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a file.")
    # Windows has no such bits: the user's profile directory protects the file.
    if os.name == "posix" and status.st_mode & 0o077 and not any_mode:
        raise ConfigError(
            f"{path} can be read or written by others (mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"Close it with `chmod 600 {path}`.",
        )


def write_private(path: Path, content: Callable[[], bytes]) -> None:
    """Replace ``path`` by a file of mode 0600, in one step: readers see the old or the new one.

    Args:
        path: The file.
        content: Gives the bytes; a function, so that no frame of a traceback holds them.

    Raises:
        ConfigError: It cannot be written; the old file is still there.
    """
    try:
        with replacing(path, mode=0o600) as file:
            file.write(content())
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from None


@contextlib.contextmanager
def exclusive(path: Path, *, timeout: float = _LOCK_TIMEOUT) -> Iterator[None]:
    """Hold ``path`` as an interprocess lock.

    SQLite's own file lock is used, since it works alike on every system and ends with its process: a crash
    leaves no stale lock.

    Raises:
        ConfigError: Another process held the lock for ``timeout`` seconds, or it cannot be taken.
    """
    try:
        lock = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    except sqlite3.Error as error:
        raise ConfigError(f"{path} cannot be opened: {error}.") from None
    with contextlib.closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            problem = f"{path} cannot be locked: {error}."
            hint = "Is another program using it, or does its file system have no locks (a network drive)?"
            raise ConfigError(problem, hint=hint) from None
        yield
