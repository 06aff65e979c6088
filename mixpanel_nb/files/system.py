"""Operating system errors as errors of the package: no home directory, no space, no threads."""

from __future__ import annotations

import os
from pathlib import Path

from mixpanel_nb.errors import ConfigError, MixpanelDataError, StorageError

_NO_THREAD = "can't start new thread"


def expanded(path: str | Path) -> Path:
    """The path with ``~`` and ``~user`` replaced by that user's home directory.

    Raises:
        ConfigError: the system does not know that directory.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = Path(path).parts[0].removeprefix("~")
        whose = f"of the user {user!r}" if user else "of this user"
        message = f"The home directory {whose} is not known, so there is no {path}."
        raise ConfigError(message, hint="Give the whole path, or set HOME.") from None


def resolved(path: str | Path) -> Path:
    """The whole path, with ``~``, links and ``..`` replaced.

    Raises:
        ConfigError: the system does not know a home directory.
        StorageError: the path is relative, and the working directory no longer exists.
    """
    whole = expanded(path)
    try:
        return whole.resolve()
    except OSError as error:
        message = f"{path} cannot be found: {error.strerror}."
        raise StorageError(message, hint="Give the whole path.") from None


def default_home() -> Path:
    """The current user's home directory.

    Raises:
        ConfigError: the system does not know it.
    """
    try:
        return Path.home()
    except RuntimeError:
        message = "The home directory of this user is not known: HOME is not set."
        raise ConfigError(message, hint="Set MIXPANEL_NB_HOME to a directory that can be written.") from None


def is_terminal(file: Path) -> bool:
    """Whether a device file is a terminal."""
    if not file.is_char_device():
        return False
    try:
        descriptor = os.open(file, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def system_error(error: Exception) -> MixpanelDataError | None:
    """The package's error for an operating system error, or None for other errors."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        where = f"{error.filename}: " if error.filename else ""
        return MixpanelDataError(f"The system refused: {where}{reason}.", hint=_hint(reason))
    if isinstance(error, RuntimeError) and str(error) == _NO_THREAD:
        message = "The system starts no more threads for this user."
        return MixpanelDataError(message, hint="End other programs, or raise the limit (ulimit -u).")
    if isinstance(error, MemoryError):
        return MixpanelDataError("There is not enough memory.", hint="End other programs, or ask for less.")
    return None


def _hint(reason: str) -> str | None:
    if "No space left" in reason:
        return "Free some space, or choose another place."
    if "Too many open files" in reason:
        return "Close other files, or raise the limit (ulimit -n)."
    return None
