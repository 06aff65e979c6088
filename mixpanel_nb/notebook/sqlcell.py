"""``%mp_sql`` and ``%%mp_sql``: SQL on the local tables, with the notebook's variables."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands import parsing
from mixpanel_nb.commands.sql import Analyze, Explain  # noqa: TC001 - Typer reads annotations at run time
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.notebook import binding, line, saved_queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.notebook.notebook_session import NotebookSession
    from mixpanel_nb.results import PlanResult, SQLResult

LEADING_OPTION = re.compile(
    r"""\s* (?: --(?:help|verbose|explain|analyze|stack|group|log|saved)(?=\s|$)
          | --chart (?= \s*$ | \s+ (?: -- | -o | \( | (?i:select|from|with|pivot|values|table)\b ) )
          | (?: -o | --[a-z][a-z-]* ) (?: \s*=\s* | \s+ ) (?: "[^"]*" | '[^']*' | \S+ ) )""",
    re.VERBOSE,
)

_Axis = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column for it, if not the likely one.")]


class ChartKind(StrEnum):
    """Kinds of charts."""

    LINE = "line"
    BAR = "bar"
    AREA = "area"
    POINT = "point"
    AUTO = "auto"


@dataclass(frozen=True)
class SqlOptions:
    """Options of the SQL magics.

    Attributes:
        output: Variable that gets the DataFrame.
        max_rows: Rows to show.
        chart: The chart's options, as in ``SQLResult``, or None for no chart.
        explain: Whether to return DuckDB's plan instead.
        analyze: Whether to run the query and return its measured plan.
        save: The name under which later cells know the query.
        saved: Whether to list the saved queries instead.
        forget: A saved query to remove instead.
    """

    output: str | None
    max_rows: int | None
    chart: Mapping[str, Any] | None
    explain: bool = False
    analyze: bool = False
    save: str | None = None
    saved: bool = False
    forget: str | None = None


def _options(
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="NAME", help="Variable for the DataFrame.")
    ] = None,
    max_rows: Annotated[
        int | None, typer.Option("--max-rows", metavar="N", min=0, help="Rows to show; -o gets them all.")
    ] = None,
    chart: Annotated[
        ChartKind | None,
        typer.Option("--chart", help="Draw the rows; auto (or nothing) takes lines over time, else bars."),
    ] = None,
    x: _Axis = None,
    y: _Axis = None,
    color: _Axis = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="What the chart and the card are called.")
    ] = None,
    stack: Annotated[bool, typer.Option("--stack", help="Stack the colours, as areas or bars.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Bars of the colours beside each other.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Equal distances of y are equal factors.")] = False,
    smooth: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Means of N rows, in front of the faint rows themselves."),
    ] = None,
    explain: Explain = False,
    analyze: Analyze = False,
    save: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Keep the query: later cells say FROM NAME. Nothing is stored."),
    ] = None,
    saved: Annotated[bool, typer.Option("--saved", help="List the saved queries.")] = False,
    forget: Annotated[str | None, typer.Option(metavar="NAME", help="Remove a saved query.")] = None,
) -> SqlOptions:
    """Run SQL on the local tables.

    $name is the value of the notebook's variable, bound and never spliced into the text. DataFrames can be
    named in FROM, and so can the queries of cells that were saved with --save.

    Example: %%mp_sql -o top
             SELECT event_name, count(*) AS events FROM events
             WHERE event_time >= $since GROUP BY ALL ORDER BY events DESC
    """
    if output is not None and (not output.isidentifier() or keyword.iskeyword(output)):
        message = f"{output!r} cannot be the name of a variable."
        hint = "Use letters, digits and underscores: -o top_events"
        raise ParameterError(message, parameter="output", value=output, hint=hint)
    kind = None if chart in {None, ChartKind.AUTO} else chart
    axes = {"kind": kind, "x": x, "y": y, "color": color, "title": title}
    look = axes | {"stack": stack, "group": group, "log": log, "smooth": smooth}
    drawn = chart is not None or any(look.values())
    if drawn and (explain or analyze):
        raise typer.BadParameter("--chart draws rows, and a plan is asked for.")
    chart_options = look if drawn else None
    return SqlOptions(
        output, max_rows, chart_options, explain or analyze, analyze, save, saved=saved, forget=forget
    )


@cache
def command() -> Any:
    """The options as a Click command."""
    from mixpanel_nb.commands.app import alone
    from mixpanel_nb.notebook.wording import NOTEBOOK

    return alone(_options, NOTEBOOK)


def parse(first: str, cell: str | None, *, shown_as: str) -> tuple[SqlOptions | None, str]:
    """Options and SQL, of a cell with options on its first line or of a line with options before the SQL.

    The options are None if help was shown. The SQL of a cell begins with an empty line instead of the first
    one, so that line numbers in errors match the editor's.
    """
    options, sql = (first, f"\n{cell}") if cell is not None and cell.strip() else _leading_options(first)
    if "--help" in options.split():
        print(parsing.help_text(command(), shown_as=shown_as))  # noqa: T201 - this is the cell's output
        return None, ""
    return parsing.invoke(command(), _with_kind(line.split(options)), shown_as=shown_as), sql


def _with_kind(words: list[str]) -> list[str]:
    """The words with ``--chart auto`` for ``--chart`` alone."""
    followers = zip_longest(words, words[1:], fillvalue="-")
    pairs = (
        (word, ChartKind.AUTO) if word == "--chart" and after.startswith("-") else (word,)
        for word, after in followers
    )
    return [part for pair in pairs for part in pair]


def _leading_options(text: str) -> tuple[str, str]:
    end = 0
    while found := LEADING_OPTION.match(text, end):
        end = found.end()
    return text[:end], text[end:]


def run(
    sql: str, options: SqlOptions, session: NotebookSession, namespace: dict[str, Any]
) -> SQLResult | PlanResult | None:
    """The answer to ``sql``, or its plan; ``options.output`` gets its DataFrame. None lists saved queries.

    Raises:
        QueryError: the SQL is wrong.
        ParameterError: a variable is missing or not a value.
        TableNotFoundError: it names a table that does not exist.
    """
    if options.saved or options.forget is not None:
        if options.forget is not None:
            saved_queries.forgotten(options.forget, session.queries)
        print(saved_queries.listed(session.queries))  # noqa: T201 - this is the cell's output
        return None
    workspace = session.workspace
    storage = workspace.storage
    query = sql
    others = {name: text for name, text in session.queries.items() if name != options.save}
    if others:
        sql = saved_queries.expanded(sql, others, is_table=storage.table_exists)
    values = binding.parameters(sql, storage, namespace)
    if options.save is not None:
        query = saved_queries.checked(options.save, query, is_table=storage.table_exists)
    shown = sql.removeprefix("\n")
    result: SQLResult | PlanResult
    with binding.frames(sql, storage, namespace):
        if options.explain:
            plan = workspace.explain(sql, values or None, analyze=options.analyze)
            result = replace(plan, query=shown)
        else:
            rows = workspace.sql_rows(sql, values or None)
            result = replace(rows, query=shown, max_rows=options.max_rows, chart_options=options.chart)
    if options.save is not None:
        session.queries[options.save] = query
    if options.output:
        namespace[options.output] = result.df
    return result
