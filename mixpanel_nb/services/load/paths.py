"""The files that a user names: paths, globs, several of them."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.files.system import expanded
from mixpanel_nb.storage.sqltext import TABLE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.errors import Text

_WILDCARDS = frozenset("*?[")


def found_files(named: Iterable[str | Path]) -> list[Path]:
    """The files, in the order of what was named; those of a glob sorted by name, without duplicates.

    Raises:
        ParameterError: a file does not exist or is not a regular file; or none is given.
    """
    listed = [expanded(each) for each in named]
    if ends_with_table(listed):
        hint = ["A table is named with ", Word("table", str(listed[-1])), "."]
        raise _refused(f"There is no file {listed[-1]}.", hint)
    files = list(dict.fromkeys(file for path in listed for file in _files(path)))
    if not files:
        raise _refused("No file was named.", "Name a file, several, or a glob such as exports/*.jsonl.gz.")
    return files


def ends_with_table(named: Sequence[str | Path]) -> bool:
    """Whether the last of several paths is the name of a table, and there is no such file or folder."""
    if len(named) < 2 or not TABLE_NAME.fullmatch(str(named[-1])):
        return False
    return not Path(named[-1]).exists()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        raise _refused(f"{path} is a folder.", f"Name the files in it, for example {path}/*.json.")
    if path.is_file():
        return [path]
    if path.exists():
        raise _refused(f"{path} is no file that can be read twice.", "Write it to a file first.")
    if _WILDCARDS.isdisjoint(str(path)):
        raise _refused(f"There is no file {path}.", "Check the name and the folder.")
    matching = sorted(Path(name) for name in glob.glob(str(path), recursive=True))  # noqa: PTH207 - takes any path
    files = [file for file in matching if file.is_file()]
    if not files:
        raise _refused(f"No file matches {path}.", "Check the name and the folder.")
    return files


def _refused(message: str, hint: Text) -> ParameterError:
    return ParameterError(message, parameter="path", value=message, hint=hint)
