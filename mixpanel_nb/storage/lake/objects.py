"""Small files of a lake's table, in a folder or an object store, and uploads."""

from __future__ import annotations

import shutil
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.files.atomic import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.files.places import Place


class Objects(Protocol):
    """The files below a place, by their names relative to it."""

    def read(self, name: str) -> bytes | None:
        """The content of a file; None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, which appears when it is complete."""

    def put(self, file: Path, name: str) -> None:
        """Move a file of this machine to the place."""

    def get(self, name: str, file: Path) -> Path:
        """A file as one of this machine: itself, or a copy at ``file``."""

    def remove(self, name: str) -> None:
        """Remove a file, if there is one."""

    def folders(self) -> list[str]:
        """The names of the folders directly below the place, sorted."""

    def files(self, folder: str) -> list[str]:
        """The names of the files directly in a folder, sorted; none if there is no such folder."""


def objects_at(place: Place) -> Objects:
    """The files of a place."""
    return _Store(place.address) if place.folder is None else _Folder(place.folder)


class _Folder:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> bytes | None:
        """See :class:`Objects`."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """See :class:`Objects`."""
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as stream:
            stream.write(content)

    def put(self, file: Path, name: str) -> None:
        """See :class:`Objects`."""
        target = self._folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(file, target)

    def get(self, name: str, file: Path) -> Path:
        """See :class:`Objects`."""
        del file
        return self._folder / name

    def remove(self, name: str) -> None:
        """See :class:`Objects`."""
        (self._folder / name).unlink(missing_ok=True)

    def folders(self) -> list[str]:
        """See :class:`Objects`."""
        return sorted(each.name for each in self._folder.iterdir() if each.is_dir()) if self._there else []

    def files(self, folder: str) -> list[str]:
        """See :class:`Objects`."""
        inside = self._folder / folder
        return sorted(each.name for each in inside.iterdir() if each.is_file()) if inside.is_dir() else []

    @property
    def _there(self) -> bool:
        return self._folder.is_dir()


class _Store:
    """Files in an object store, through the client of ``deltalake``."""

    def __init__(self, address: str) -> None:
        self._address = address

    @cached_property
    def _system(self) -> Any:
        from deltalake.fs import DeltaStorageHandler
        from pyarrow.fs import PyFileSystem

        return PyFileSystem(DeltaStorageHandler(self._address))

    def read(self, name: str) -> bytes | None:
        """See :class:`Objects`."""
        try:
            with self._system.open_input_file(name) as stream:
                content: bytes = stream.readall()
        except FileNotFoundError:
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """See :class:`Objects`."""
        with self._system.open_output_stream(name) as stream:
            stream.write(content)

    def put(self, file: Path, name: str) -> None:
        """See :class:`Objects`."""
        with file.open("rb") as source, self._system.open_output_stream(name) as stream:
            shutil.copyfileobj(source, stream, 8 * 2**20)
        file.unlink()

    def get(self, name: str, file: Path) -> Path:
        """See :class:`Objects`."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with self._system.open_input_file(name) as source, file.open("wb") as stream:
            shutil.copyfileobj(source, stream, 8 * 2**20)
        return file

    def remove(self, name: str) -> None:
        """See :class:`Objects`."""
        self._system.delete_file(name)

    def folders(self) -> list[str]:
        """See :class:`Objects`."""
        return sorted({path.split("/", 1)[0] for path in self._paths("") if "/" in path})

    def files(self, folder: str) -> list[str]:
        """See :class:`Objects`."""
        below = (path.removeprefix(f"{folder}/") for path in self._paths(folder))
        return sorted(path for path in below if "/" not in path)

    def _paths(self, folder: str) -> list[str]:
        """The paths of all files at any depth below a folder; object stores have no folders."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(folder, allow_not_found=True, recursive=True)
        found = self._system.get_file_info(selector)
        return [each.path.lstrip("/") for each in found if each.type == FileType.File]
