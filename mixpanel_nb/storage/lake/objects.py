"""Small files of a lake's table, in a folder or an object store, and uploads."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.errors import StorageError
from mixpanel_nb.files.atomic import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.files.places import Place
PART = 8 * 2**20  # bytes that are read and written at once


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


@contextmanager
def explained(address: str) -> Iterator[None]:
    """Convert errors of the network, of the disk and of access in the block.

    Raises:
        StorageError: there was one.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        message = f"The lake at {address} cannot be reached: {_reason(str(error))}"
        hint = "Check the address, and the settings in the environment, such as AWS_REGION."
        raise StorageError(message, hint=hint) from None


def _reason(text: str) -> str:
    """One line of an error of an object store, which has several, in colours, and ends with XML."""
    told = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    lines = re.sub(r"\x1b\[\d*m|↳", "", text).split("\n")
    return " ".join((told[1] if told else lines[-1].strip() or lines[0]).split())[:300].rstrip(".") + "."


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
    def _client(self) -> Any:
        # The public wrapper around it gives Arrow's buffers to a stream that takes bytes alone.
        from deltalake._internal import DeltaFileSystemHandler

        return DeltaFileSystemHandler(self._address)

    def read(self, name: str) -> bytes | None:
        """See :class:`Objects`."""
        try:
            with explained(self._address):
                stream = self._client.open_input_file(name)
                content: bytes = stream.read(stream.size())
        except FileNotFoundError:
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """See :class:`Objects`."""
        with explained(self._address):
            stream = self._client.open_output_stream(name)
            stream.write(content)
            stream.close()

    def put(self, file: Path, name: str) -> None:
        """See :class:`Objects`."""
        with explained(self._address), file.open("rb") as source:
            stream = self._client.open_output_stream(name)
            while part := source.read(PART):
                stream.write(part)
            stream.close()
        file.unlink()

    def get(self, name: str, file: Path) -> Path:
        """See :class:`Objects`."""
        file.parent.mkdir(parents=True, exist_ok=True)
        with explained(self._address), file.open("wb") as stream:
            source = self._client.open_input_file(name)
            while part := source.read(PART):
                stream.write(part)
        return file

    def remove(self, name: str) -> None:
        """See :class:`Objects`."""
        with explained(self._address):
            self._client.delete_file(name)

    def folders(self) -> list[str]:
        """See :class:`Objects`."""
        return self._names("", files=False)

    def files(self, folder: str) -> list[str]:
        """See :class:`Objects`."""
        return self._names(folder, files=True)

    def _names(self, folder: str, *, files: bool) -> list[str]:
        with explained(self._address):
            found = self._client.get_file_info_selector(folder, allow_not_found=True)
        return sorted(each.path.rstrip("/").rsplit("/", 1)[-1] for each in found if each.is_file == files)
