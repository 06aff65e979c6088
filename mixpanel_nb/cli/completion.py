"""Shell completion: commands, options, and names from the database file given on the line."""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from mixpanel_nb.commands.names import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import duckdb

    from mixpanel_nb.storage import StorageEngine

    T = TypeVar("T")

VARIABLE = "_MP_COMPLETE"  # set by the scripts of --install-completion
_BASH = "complete_bash"
_SPECIAL = re.compile(r"([^\w@%+=:,./-])")
_SPECIAL_IN_QUOTES = re.compile(r"""([\\"$`])""")


class FileNames(Names):
    """Names of the tables in an existing database file; no other source is used.

    Attributes:
        account: ``--account``.
        database: ``--db``.
    """

    account: str | None = None
    database: str | None = None

    def _ask(self, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T | None:
        del key
        # Completion never reports errors.
        with suppress(Exception):
            if self._storage is not None:
                with self._storage.read_without_waiting() as con:
                    return work(con)
        return None

    def _cached_answer(self, *question: str) -> list[str]:
        del question
        return []

    @cached_property
    def _storage(self) -> StorageEngine | None:
        from mixpanel_nb.storage import StorageEngine
        from mixpanel_nb.workspace import Project

        file = Path(self.database) if self.database else Project.find(self.account).database
        return StorageEngine(file, read_only=True) if file.is_file() else None


def complete(program: Any, arguments: Sequence[str]) -> None:
    """Write the completions in the shell's format and end the process."""
    for option in program.params:  # which has copies for commands
        if option.name in {"account", "database"}:
            option.callback = _remember
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            program.main(args=list(arguments), prog_name="mp", obj=FileNames())
    finally:
        lines = told.getvalue().splitlines(keepends=True)
        if os.environ[VARIABLE] == _BASH:
            lines = [_for_bash(line.rstrip("\n")) + "\n" for line in lines]
        typer.echo("".join(lines), nl=False)


def _remember(context: typer.Context, option: Any, value: Any) -> Any:
    setattr(context.obj, option.name, value)
    return value


def _for_bash(word: str) -> str:
    """The word as bash inserts it, after an open quote if there is one."""
    typed = os.environ.get("COMP_WORDS", "").split("\n")
    current = typed[-1] if typed else ""
    if current.startswith("'"):
        return word
    if current.startswith('"'):
        return _SPECIAL_IN_QUOTES.sub(r"\\\1", word)
    return _SPECIAL.sub(r"\\\1", word)
