"""The tree of commands."""

from __future__ import annotations

import typer

from mixpanel_nb.commands import accounts, demo, discovery, fetch, sandbox, sql, tables


def build() -> typer.Typer:
    """The application: every command under its name, grouped as people look for them."""
    app = typer.Typer(
        name="mp",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="Fetch Mixpanel events into DuckDB, and ask questions of them.",
    )
    app.command(rich_help_panel=None)(demo.demo)
    app.add_typer(accounts.app, name="auth")
    app.add_typer(fetch.app, name="fetch")
    app.command()(sql.sql)
    app.command()(tables.tables)
    app.command()(tables.schema)
    app.command()(tables.info)
    app.command()(tables.sample)
    app.command()(tables.summarize)
    app.command()(tables.promote)
    app.command()(tables.drop)
    app.command()(discovery.events)
    app.command()(discovery.properties)
    app.command()(discovery.values)
    app.add_typer(sandbox.app, name="sandbox")
    return app
