"""Where a lake is: a folder, or an address of an object store."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.files.system import resolved

LOG = "_delta_log"
STORES = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.]*):/+(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """A place of a lake.

    Attributes:
        address: The folder's path, or the address in an object store, without a slash at its end.
        folder: The folder; None in an object store.
    """

    address: str
    folder: Path | None

    def __str__(self) -> str:
        return self.address

    def table(self, name: str) -> Place:
        """The place of one table."""
        return Place(f"{self.address}/{name}", None if self.folder is None else self.folder / name)


def is_address(value: str | Path) -> bool:
    """Whether it begins as the address of a lake does, such as ``lake:///data/shop`` or ``s3://bucket/shop``.

    As a path, which has lost one of the slashes, too.
    """
    found = _ADDRESS.fullmatch(str(value))
    return found is not None and found["scheme"].lower() in {"lake", *STORES}


def is_place(value: str | Path) -> bool:
    """Whether it is the address of a lake, or a folder that is one."""
    return is_address(value) or holds_tables(Path(value))


def holds_tables(folder: Path) -> bool:
    """Whether a folder has a table of a lake."""
    try:
        return folder.is_dir() and any((each / LOG).is_dir() for each in folder.expanduser().iterdir())
    except (OSError, RuntimeError):
        return False


def place_of(value: str | Path) -> Place:
    """The place that an address or the path of a folder names.

    Raises:
        ParameterError: it is neither.
    """
    given = str(value)
    found = _ADDRESS.fullmatch(given)
    if found is None:
        return _in_folder(given)
    scheme, rest = found["scheme"].lower(), found["rest"].strip("/")
    if scheme == "lake":
        return place_of(found["rest"]) if _ADDRESS.fullmatch(found["rest"]) else _in_folder(f"/{rest}")
    if scheme not in STORES or not rest:
        message = f"{given!r} is no place for a lake."
        hint = "Give a folder, lake:///its/whole/path, or an address such as s3://bucket/prefix."
        raise ParameterError(message, parameter="to", value=given, hint=hint)
    return Place(f"{scheme}://{rest}", None)


def _in_folder(path: str) -> Place:
    if not path.strip() or "\0" in path:
        raise ParameterError(
            [Word("to"), " is empty."], parameter="to", value=path, hint="Give the folder of the lake."
        )
    folder = resolved(path)
    if (folder / LOG).is_dir():
        message = f"{folder} is a table of a lake, not the lake."
        hint = f"Name the folder above it: {folder.parent}"
        raise ParameterError(message, parameter="to", value=path, hint=hint)
    return Place(str(folder), folder)
