"""``%mp_sql`` and ``%%mp_sql``: SQL with notebook variables bound as ``$name``, never spliced."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.main

from mixpanel_nb.errors import QueryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.results import SQLResult
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.workspace import Workspace

LEADING_OPTION = re.compile(r"\s*(-o|--[a-z][a-z-]*)(?:\s*=\s*|\s+)(\"[^\"]*\"|'[^']*'|\S+)")


def _options(
    context: typer.Context,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="NAME", help="Assign the DataFrame to this variable.")
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option("--max-rows", min=0, help="Rows to show; all are there for -o.")
    ] = None,
) -> dict[str, Any]:
    """Run SQL on the local tables. Notebook variables are bound as $name; DataFrames can stand in FROM.

    Example: %%mp_sql -o top
             SELECT event_name, count(*) FROM events WHERE event_time >= $since GROUP BY ALL
    """
    return context.params


def parse(line: str, cell: str | None) -> tuple[dict[str, Any] | None, str]:
    """Options and SQL of a line magic (options first) or a cell magic (options on its first line).

    The options are None where help was asked for, and shown.
    """
    if cell is not None:
        return _parse_options(split(line)), cell
    if line.strip() == "--help":
        return _parse_options(["--help"]), ""
    words: list[str] = []
    while found := LEADING_OPTION.match(line):
        words += split(found[0])
        line = line[found.end() :]
    return _parse_options(words), line


def split(line: str) -> list[str]:
    """A magic's line as words; quotes keep words together.

    Raises:
        QueryError: a quote is not closed.
    """
    try:
        return shlex.split(line)
    except ValueError as error:
        message = f"The line cannot be read: {str(error).lower()}."
        raise QueryError(message, hint="Close the quote.") from None


def run(sql: str, options: dict[str, Any], workspace: Workspace, namespace: dict[str, Any]) -> SQLResult:
    """The answer to ``sql``, its parameters and frames taken from the notebook's variables."""
    storage = workspace.storage
    params = {name: value_of(name, namespace) for name in sorted(storage.parameter_names_in(sql))}
    with _frames(sql, storage, namespace):
        result = workspace.sql_rows(sql, params or None)
    return replace(result, max_rows=options["max_rows"])


def value_of(name: str, namespace: dict[str, Any]) -> Any:
    """The notebook variable ``name`` as a value that can be bound.

    Raises:
        QueryError: there is none.
    """
    if name not in namespace:
        variables = [known for known in namespace if not known.startswith("_")]
        message = f"There is no notebook variable {name!r} for ${name}."
        raise QueryError(message, hint=did_you_mean(name, variables) or f"Set {name} = … in a cell first.")
    value = namespace[name]
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    return value


@contextmanager
def _frames(sql: str, storage: StorageEngine, namespace: dict[str, Any]) -> Iterator[None]:
    """DataFrames that ``sql`` names and no table is called, registered for the length of the block."""
    named = storage.table_names_in(sql)
    frames = {name: namespace[name] for name in named if _is_frame(namespace.get(name))}
    frames = {name: frame for name, frame in frames.items() if not storage.table_exists(name)}
    for name, frame in frames.items():
        storage.register(name, frame)
    try:
        yield
    finally:
        for name in frames:
            storage.unregister(name)


def _is_frame(value: Any) -> bool:
    return type(value).__name__ == "DataFrame" and type(value).__module__.startswith("pandas")


def _parse_options(words: list[str]) -> dict[str, Any] | None:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(_options)
    parsed = typer.main.get_command(app).main(args=words, prog_name="mp_sql", standalone_mode=False)
    return dict(parsed) if isinstance(parsed, dict) else None
