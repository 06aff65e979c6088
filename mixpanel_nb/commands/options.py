"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands import names
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.files.content import decoded
from mixpanel_nb.files.places import is_address
from mixpanel_nb.files.system import expanded

if TYPE_CHECKING:
    from collections.abc import Sequence

FromDate = Annotated[str | None, typer.Option("--from", metavar="DAY", help="First day.")]
ToDate = Annotated[str | None, typer.Option("--to", metavar="DAY", help="Last day, included; yesterday.")]
ToDateOrLake = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="DAY|LAKE",
        help="Last day, included; yesterday. Or a lake to fetch into: its folder, or an address such as "
        "s3://bucket/shop.",
    ),
]
ToLake = Annotated[
    str | None,
    typer.Option("--to", metavar="LAKE", help="A lake to fetch into: its folder, or an address."),
]
Where = Annotated[
    str | None, typer.Option("--where", metavar="EXPRESSION", help="Only those for which this is true.")
]
TimeZone = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="Days of reports on tables, if not their own zone."),
]
DataView = Annotated[
    str | None,
    typer.Option("--workspace-id", metavar="ID", help="Data view of live queries, if not the account's."),
]
WeekStart = Annotated[
    str | None,
    typer.Option("--week-start", metavar="DAY", help="Day on which weeks begin, if not the account's."),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        metavar="TOOL|FILE",
        help="How tables of another shape are read: pipelines, fivetran, airbyte, … or a file.",
    ),
]
Append = Annotated[bool, typer.Option("--append", help="Add days to a table.")]
Replace = Annotated[bool, typer.Option("--replace", help="Put a new table in the place of the old one.")]
Columns = Annotated[
    str,
    typer.Option(
        "--columns",
        metavar="N|NAMES",
        help="Typed columns: at most so many, or these properties (comma-separated), or 0.",
    ),
]
DEFAULT_COLUMNS = "100"


def file_or_url(text: str) -> Path | str:
    """A database file or a lake as a path; the URL of an engine (``spark://…``) as it is."""
    return text if "://" in text and not is_address(text) else Path(text)


def place_of_mapping(database: Path | None) -> Path:
    """What a mapping reads: the folder or file that is named.

    Raises:
        ParameterError: none is.
    """
    if database is None:
        message = [Word("mapping"), " reads tables of another tool, and none is named."]
        hint = "Name their folder, or the URL of their engine, with --db."
        raise ParameterError(message, parameter="mapping", hint=hint)
    return database


def table_option(text: str) -> Any:
    """``--table``, with this help."""
    return typer.Option("--table", metavar="TABLE", help=text, autocompletion=names.tables)


def parse_columns(value: str) -> int | list[str]:
    """``--columns`` as a number or as names."""
    if value.strip().isdigit():
        return int(value)
    return [name.strip() for name in value.split(",") if name.strip()]


def day_and_lake(values: Sequence[str] | None) -> tuple[str | None, str | None]:
    """The last day and the lake among the values of ``--to``.

    Raises:
        ParameterError: there are two of a kind.
    """
    lakes = [value for value in values or () if value[:1] in {".", "~"} or set(value) & {"/", os.sep}]
    days = [value for value in values or () if value not in lakes]
    for found, name in ((days, "to_date"), (lakes, "to")):
        if len(found) > 1:
            message = [Word(name), f" is given twice: {found[0]} and {found[1]}."]
            hint = "Give one day and one lake at most."
            raise ParameterError(message, parameter=name, value=found, hint=hint)
    return days[0] if days else None, lakes[0] if lakes else None


def read_text(file: Path) -> str:
    """The content of a file, or of standard input for ``-``.

    Raises:
        ParameterError: it cannot be read, or is not text.
    """
    hint = "Name a file with text in UTF-8, or - for standard input."
    shown = "Standard input" if str(file) == "-" else str(file)
    try:
        return _standard_input() if str(file) == "-" else decoded(expanded(file).read_bytes())
    except OSError as error:
        message = f"{shown} cannot be read: {error.strerror}."
        raise ParameterError(message, parameter="file", hint=hint) from None
    except ValueError as error:
        raise ParameterError(f"{shown} is {error}.", parameter="file", hint=hint) from None


def lines_of_input(words: list[str]) -> list[str]:
    """The words, with the lines of standard input in place of ``-``; empty lines are none.

    Raises:
        ParameterError: it is not text.
    """
    found: list[str] = []
    for word in words:
        lines = read_text(Path(word)).splitlines() if word == "-" else [word]
        found += [line for line in lines if line]
    return found


def _standard_input() -> str:
    binary = getattr(sys.stdin, "buffer", None)
    return sys.stdin.read() if binary is None else decoded(binary.read())
