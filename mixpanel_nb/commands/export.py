"""``export``: write a table or a query to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from mixpanel_nb.commands.session import Session, session_of
from mixpanel_nb.commands.sql import parse_params
from mixpanel_nb.errors import Command, ParameterError
from mixpanel_nb.files.system import is_terminal
from mixpanel_nb.results import ExportResult


def export(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="TABLE|SQL", help="A table, or a query in quotes.")],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help=".parquet, .csv[.gz|.zst] or .jsonl[.gz|.zst]; - is standard output; or a lake's address.",
        ),
    ],
    format: Annotated[  # noqa: A002 - the option's name
        str | None,
        typer.Option(
            "--format", "-f", metavar="FORMAT", help="parquet, csv, jsonl or lake, if FILE does not tell it."
        ),
    ] = None,
    partition_by: Annotated[
        list[str] | None,
        typer.Option(
            "--partition-by",
            metavar="COLUMN",
            help="Folders COLUMN=… in the folder FILE (repeatable); day and month are those of the events.",
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier export.")] = False,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", metavar="NAME=VALUE", help="A text for $NAME in the query (repeatable)."),
    ] = None,
) -> ExportResult | None:
    """Write a table or a query to a file: Parquet, CSV or JSON lines.

    Example: mp export events events.parquet
    """
    session = session_of(context)
    to_stdout = str(path) == "-"
    if to_stdout or path.is_char_device():
        _refuse_terminal(session.standard_output if to_stdout else path)
    written = session.workspace.export(
        source,
        _standard_output(session, format) if to_stdout else path,
        parse_params(param or []) or None,
        format=cast("Any", format),  # checked with the name of the file
        partition_by=partition_by or (),
        replace=replace,
    )
    if not to_stdout:
        return written
    session.say(f"{written.rows:,} row{'' if written.rows == 1 else 's'} written.")
    return None


def _refuse_terminal(stream: Path | None) -> None:
    """Refuse to write an export to a terminal, where its bytes could act as control sequences."""
    if stream is not None and is_terminal(stream):
        message = "An export is nothing for a terminal: send it to a file or a program."
        hint = ["Look at rows with: ", Command("sample TABLE")]
        raise ParameterError(message, parameter="path", hint=hint)


def _standard_output(session: Session, form: str | None) -> Path:
    if session.standard_output is None:
        raise typer.BadParameter("There is no standard output here: name a file.")
    if form is None:
        raise typer.BadParameter("Name the --format: standard output does not tell it.")
    return session.standard_output
