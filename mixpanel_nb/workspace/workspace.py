"""``Workspace``: the facade over a project, its tables and the reports on both."""

from __future__ import annotations

from typing import Any

from mixpanel_nb.workspace.asking import Reports
from mixpanel_nb.workspace.data_in import DataIn
from mixpanel_nb.workspace.names import ProjectNames
from mixpanel_nb.workspace.tables import LocalTables
from mixpanel_nb.workspace.users import LocalUsers


class Workspace(ProjectNames, DataIn, Reports, LocalUsers, LocalTables):
    """A project's data: what Mixpanel answers, and what was fetched into a DuckDB file.

    Nothing is opened or asked before it is needed, and the database file is held only while a statement
    runs, so several notebooks and terminals can share it.

    Every constructor finds account and time zone in the same way. The account is the one named, else that of
    the environment, else the default one. Without an account, an existing database file is opened for queries
    only. A report on a table counts days in ``timezone`` if that is given, else in the time zone the table
    was fetched with, else in the account's.

    The method of a report builds a query from its arguments (see ``mixpanel_nb.queries``). Days are
    ``YYYY-MM-DD`` or dates, inclusive, in the time zone of :meth:`zone_of`; ``where`` is an expression,
    ``on`` an expression or the name of an event's property; ``table`` names the fetched table to ask, and
    ``live=True`` asks Mixpanel, which costs one query of the quota. Reports raise ``ParameterError`` for
    parameters that make no sense or that only the other side can answer, ``ExpressionError`` for a mistake in
    an expression (with its position), ``TableNotFoundError``, and live reports the ``APIError`` of Mixpanel's
    answer.

    Args:
        account: A configured account, or ``sandbox``; None takes the environment's or the default one.
        project_id: Another project than the account's.
        region: ``us``, ``eu`` or ``in``, if not the account's.
        path: The database file; by default one per project in ``~/.mixpanel_nb``.
        read_only: Refuse every change to the database, and SQL that changes anything else.
        timezone: The time zone of days in reports on tables, such as ``Europe/Berlin``.
        table: The table that reports ask where none is named; by default ``events``, or the only one.
        week_start: The day on which weeks of reports begin, such as ``sunday``, if not the account's.
        workspace_id: The data view in which Mixpanel answers queries, if not the account's. Tables have the
            whole project: raw export knows no data views.

    Raises:
        ConfigError: there is no usable account and no database file, or no such time zone or day of the week.

    Example:
        >>> from mixpanel_nb import Workspace
        >>> with Workspace.sandbox() as ws:
        ...     ws.events()[:3]
        ['Add to Cart', 'App Crash', 'App Open']
    """

    def __repr__(self) -> str:
        where = f"lake {self._place}" if self._place else f"database {self._path or 'default'}"
        where = f"tables of {self._elsewhere}" if self._elsewhere else where
        return f"<Workspace {self.account or 'no account'}, {where}>"

    def _repr_html_(self) -> str | None:
        """The workspace as a card, for notebooks; None where its file cannot be read now."""
        from mixpanel_nb.display import render_html
        from mixpanel_nb.workspace.shown import card_of

        card = card_of(self)
        return None if card is None else render_html(card)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's protocol for text; ``cycle`` cannot occur, because nothing here contains a workspace."""
        from mixpanel_nb.display import render_text
        from mixpanel_nb.results.base import TEXT_WIDTH
        from mixpanel_nb.workspace.shown import card_of

        del cycle
        card = card_of(self)
        printer.text(repr(self) if card is None else render_text(card, width=TEXT_WIDTH))
