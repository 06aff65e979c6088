"""The tree of commands."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import typer
import typer.main

from mixpanel_nb.commands import (
    accounts,
    cohorts,
    demo,
    discovery,
    export,
    fetch,
    identities,
    load,
    reconcile,
    reports,
    sandbox,
    sql,
    tables,
    users,
)
from mixpanel_nb.commands.advice import remember
from mixpanel_nb.commands.wording import TERMINAL, in_words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mixpanel_nb.commands.wording import Face


def build() -> typer.Typer:
    """The application: every command under its name, in groups."""
    app = typer.Typer(
        name="mp",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Fetch Mixpanel events into DuckDB, and ask questions of them.",
    )
    app.command()(demo.demo)
    app.add_typer(accounts.app, name="auth")
    app.add_typer(fetch.app, name="fetch")
    app.command()(fetch.sync)
    app.command()(load.load)
    app.command()(sql.sql)
    app.command()(export.export)
    for command in reports.reports():
        app.command()(command)
    app.add_typer(users.group(), name="users")
    app.command()(reports.expression)
    app.add_typer(reconcile.app, name="reconcile")
    app.add_typer(cohorts.app, name="cohort")
    app.command()(identities.identities)
    app.command()(tables.tables)
    app.command()(tables.schema)
    app.command()(tables.info)
    app.command()(tables.sample)
    app.command()(tables.summarize)
    app.command()(tables.promote)
    app.command()(tables.session_view)
    app.command()(tables.drop)
    app.command()(discovery.events)
    app.command()(discovery.properties)
    app.command()(discovery.values)
    app.command()(discovery.funnels)
    app.command()(discovery.cohorts)
    app.command()(discovery.bookmarks)
    app.command()(discovery.lexicon)
    app.add_typer(sandbox.app, name="sandbox")
    return app


def tree(app: typer.Typer, face: Face = TERMINAL) -> Any:
    """The application's commands, ready to parse words, with an interface's wording (a Click group)."""
    group = typer.main.get_command(app)
    for _, command in leaves(group):
        _finish(command, face)
    return group


def alone(function: Callable[..., Any], face: Face) -> Any:
    """A function outside the application as a separate command (a Click command)."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command()(function)
    command: Any = typer.main.get_command(app)
    _finish(command, face)
    return command


def _finish(command: Any, face: Face) -> None:
    for described in (command, *command.params):
        described.help = face.help(described.help or "")
    command.callback = in_words_of(command, face)
    command.parse_args = partial(_parse_once, command, command.parse_args)
    remember(command)


def _parse_once(command: Any, parse: Callable[..., Any], context: Any, words: list[str]) -> Any:
    """Parse the words of a command, and refuse a repeated option that takes one value."""
    _, _, order = command.make_parser(context).parse_args(args=list(words))
    seen = [param for param in order if param.param_type_name == "option"]
    for param in seen:
        if seen.count(param) > 1 and not (param.multiple or param.is_flag or context.resilient_parsing):
            raise typer.BadParameter(
                f"{param.opts[0]} is given {seen.count(param)} times and takes one value."
            )
    return parse(context, words)


def leaves(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of a group and its subgroups, with its path of names."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, (*path, name))
        else:
            yield (*path, name), command
