"""Targets of exports: Parquet, CSV or JSON lines, in a file or a folder of partitions.

A file gets its name when it is complete: until then it is in a hidden folder beside the target, so that a
killed process leaves no incomplete export.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, StorageError, Word, did_you_mean
from mixpanel_nb.files.atomic import REPLACE, check_place, refused_path
from mixpanel_nb.files.system import expanded, resolved
from mixpanel_nb.naming import free_name
from mixpanel_nb.storage.connections import EXPORT_ROWS
from mixpanel_nb.storage.scratch import Scratch
from mixpanel_nb.storage.sqltext import identifier, text, valid_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STANDARD_OUTPUT = Path("/dev/stdout")

_FORMATS = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
_OPTIONS = {
    "parquet": f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {EXPORT_ROWS}",
    "csv": "FORMAT csv, HEADER true",
    "jsonl": "FORMAT json",
}
_TIMES = ("event_time", "last_seen")  # what fetched tables call them; they are UTC
_IN_UTC = {"parquet": "{0} AT TIME ZONE 'UTC'"}  # a type of its own, which text does not have
_IN_UTC_AS_TEXT = "strftime({0}, '%Y-%m-%dT%H:%M:%S.%fZ')"
# Columns to partition by that are made from a time, where none but a property's has that name.
_MADE = {"day": "CAST({0} AS DATE)", "month": "strftime({0}, '%Y-%m')"}
_DECIMALS = ("DOUBLE", "FLOAT")
_PARTITION = re.compile(r"[^=]+=.*")


@dataclass(frozen=True)
class ExportTarget:
    """The path and format of an export.

    Attributes:
        path: The file, or the folder of a partitioned export.
        format: ``parquet``, ``csv`` or ``jsonl``.
        compression: ``gzip``, ``zstd`` or None.
        partition_by: Columns whose values name the folders.
        replace: Whether an earlier export may be replaced.
        properties: Columns of a fetched table that hold a property of its events.
    """

    path: Path
    format: str
    compression: str | None
    partition_by: tuple[str, ...] = ()
    replace: bool = False
    properties: frozenset[str] = frozenset()

    @property
    def is_stream(self) -> bool:
        """Whether it is standard output, a pipe or a device, which is written directly."""
        return self.path == STANDARD_OUTPUT or (
            self.path.exists() and not (self.path.is_file() or self.path.is_dir())
        )

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """The path to write to; at the end of the block, its content becomes the export.

        Raises:
            StorageError: the target exists and may not be replaced, or cannot be written.
            ParameterError: a stream cannot be partitioned.
        """
        if self.is_stream:
            if self.partition_by:
                message = "A partitioned export is a folder, and no stream."
                raise ParameterError(message, parameter="path", hint="Name a folder.")
            yield self.path
            return
        place = resolved(self.path)
        try:
            self._check(place)
            with Scratch(beside=place) as scratch:
                growing = scratch.path / place.name
                yield growing
                self._check(place)
                if place.exists():
                    growing.chmod(place.stat().st_mode & 0o777)  # as closed as what it replaces
                if place.is_dir():
                    place.rename(scratch.path / "before")
                growing.replace(place)
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            message = f"{self.path} cannot be written: {error.strerror}."
            raise StorageError(message, hint="Choose another place.") from None

    def copy_sql(self, query: str, columns: Mapping[str, str], file: Path, *, stored: bool) -> str:
        """The statement that writes the rows of ``query``, which begins on its second line.

        Args:
            query: The SQL, without a semicolon.
            columns: The columns of its rows, and their types.
            file: Where to write.
            stored: Whether the rows are those of a fetched table: then its times are marked as UTC.

        Raises:
            ParameterError: there is no such column to partition by.
        """
        in_utc = _IN_UTC.get(self.format, _IN_UTC_AS_TEXT)
        times = [name for name in _TIMES if stored and columns.get(name) == "TIMESTAMP"]
        changed = {name: in_utc.format(identifier(name)) for name in times}
        if self.format == "jsonl":
            changed |= _finite(columns)
        replaced = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in changed.items())
        folders = self._folders(columns)
        made = "".join(f", {sql} AS {identifier(name)}" for name, sql in folders.items() if sql is not None)
        return (
            f"COPY (SELECT *{f' REPLACE ({replaced})' if replaced else ''}{made} FROM (\n{query}\n)) "
            f"TO {text(str(file))} ({self._options(folders)})"
        )

    def written(self) -> list[Path]:
        """The files of the export; none of a stream."""
        if self.is_stream:
            return []
        return [file for file in expanded(self.path).rglob("*") if file.is_file()] or [self.path]

    def _folders(self, columns: Mapping[str, str]) -> dict[str, str | None]:
        """The columns to partition by, each with its SQL where it is made from a time."""
        folded = {column.casefold(): column for column in columns}
        folders: dict[str, str | None] = {}
        for name in self.partition_by:
            column = folded.get(name.casefold())
            if column is None or (column in self.properties and name in _MADE):
                folders[free_name(name, columns)] = _made(name, columns)
            else:
                folders[column] = None
        return folders

    def _options(self, folders: Iterable[str]) -> str:
        options = [_OPTIONS[self.format]]
        if self.compression and self.format != "parquet":
            options.append(f"COMPRESSION {self.compression}")
        if self.partition_by:
            packed = next((end for end, name in _COMPRESSIONS.items() if name == self.compression), "")
            extension = self.format + ("" if self.format == "parquet" else packed)
            options.append(f"PARTITION_BY ({', '.join(map(identifier, folders))})")
            options.append(f"FILE_EXTENSION {text(extension)}")
        return ", ".join(options)

    def _check(self, place: Path) -> None:
        if not place.is_dir():
            check_place(self.path, replace=self.replace)
        if not place.exists():
            return
        if place.is_dir() and not (self.partition_by and _holds_partitions(place)):
            message = f"{self.path} is a folder, and not a partitioned export."
            raise refused_path(message, "Name another place.")
        if not self.replace:
            message = f"There is a folder {self.path} already."
            raise refused_path(message, ["Choose another name, or replace it with ", REPLACE, "."])
        if place.is_file() and self.partition_by:
            message = f"{self.path} is a file, and a partitioned export is a folder."
            raise refused_path(message, "Name another place.")


def target_of(path: Path, form: str | None, partition_by: tuple[str, ...], *, replace: bool) -> ExportTarget:
    """A target with the format ``form``, or that of its file name extension.

    Raises:
        ParameterError: neither gives a format, or they contradict each other.
    """
    wanted, ending, compression = form, *_endings(path)
    if wanted is not None and wanted not in _OPTIONS:
        hint = did_you_mean(wanted, _OPTIONS) or f"It can be {', '.join(_OPTIONS)}."
        problem = [Word("format"), f" is {wanted[:40]!r}."]
        raise ParameterError(problem, parameter="format", value=wanted, hint=hint)
    told = _FORMATS.get(ending)
    if wanted is None and told is None and partition_by and not ending:
        wanted = "parquet"
    if wanted is None and told is None:
        message = f"The name {str(path)!r} does not tell the format."
        hint = (
            f"End it with {', '.join(_FORMATS)} (the last three also with .gz or .zst), or name the format."
        )
        raise ParameterError(message, parameter="path", value=str(path), hint=hint)
    if wanted is not None and told not in {None, wanted}:
        message = f"A file {path.name!r} does not hold {wanted}."
        hint = "Leave the format out, or give the name another ending."
        raise ParameterError(message, parameter="format", value=wanted, hint=hint)
    chosen = wanted or told or ""
    if chosen == "parquet" and compression is not None:
        message = "Parquet is compressed inside, and no reader takes it compressed once more."
        raise ParameterError(message, parameter="path", value=str(path), hint="End the name with .parquet.")
    packed = "zstd" if chosen == "parquet" else compression
    return ExportTarget(path, chosen, packed, partition_by, replace)


def _endings(path: Path) -> tuple[str, str | None]:
    compression = _COMPRESSIONS.get(path.suffix.lower())
    name = path.with_suffix("") if compression else path
    return name.suffix.lower(), compression


def _finite(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns that may hold NaN or an infinity, with null in place of them: JSON has neither."""
    changed = {}
    for name, kind in columns.items():
        column = identifier(name)
        if kind in _DECIMALS:
            changed[name] = f"CASE WHEN isfinite({column}) THEN {column} END"
        elif any(held in kind for held in ("JSON", *_DECIMALS)):
            changed[name] = valid_json(f"to_json({column})")
    return changed


def _made(name: str, columns: Mapping[str, str]) -> str:
    time = _time(columns)
    if name not in _MADE or time is None:
        known = [*columns, *(_MADE if time else ())]
        message = f"There is no column {name!r} to partition by."
        hint = did_you_mean(name, known) or f"There are {', '.join(known)[:200]}."
        raise ParameterError(message, parameter="partition_by", value=name, hint=hint)
    return _MADE[name].format(identifier(time))


def _time(columns: Mapping[str, str]) -> str | None:
    """The time column, if there is one."""
    return next((column for column in _TIMES if columns.get(column, "").startswith("TIMESTAMP")), None)


def _holds_partitions(folder: Path) -> bool:
    """Whether a folder contains only partitions, so that replacing it removes nothing else."""
    return all(entry.is_dir() and _PARTITION.fullmatch(entry.name) for entry in folder.iterdir())
