"""The files that a table holds already, so that cells can run again.

A file is known by its name, its size and the time of its last change, and by how its columns were read.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mixpanel_nb.services.load.mapping import Asked

_FILES = "files"
Record = dict[str, Any]


def records(files: Sequence[Path], asked: Asked) -> list[Record]:
    """What is recorded of files that are read in this way."""
    how = {name: value for name, value in asdict(asked).items() if value is not None}
    return [_record(file, how) for file in files]


def recorded(request: Mapping[str, Any]) -> list[Record]:
    """The records of a table's earlier loads."""
    return list(request.get(_FILES, []))


def request_of(loaded: Sequence[Record]) -> dict[str, Any]:
    """The request of a table that holds these files."""
    return {_FILES: list(loaded)} if loaded else {}


def changed(new: Sequence[Record], old: Sequence[Record]) -> list[str]:
    """The names of files that a table holds as they were before their last change."""
    names = {(record["name"], str(record["how"])) for record in old}
    return [
        record["name"]
        for record in new
        if record not in old and (record["name"], str(record["how"])) in names
    ]


def _record(file: Path, how: Mapping[str, Any]) -> Record:
    found = file.stat()
    # As JSON gives it back: lists, no tuples.
    fields = {name: list(value) if isinstance(value, tuple) else value for name, value in how.items()}
    return {"name": file.name, "size": found.st_size, "changed": found.st_mtime_ns, "how": fields}
