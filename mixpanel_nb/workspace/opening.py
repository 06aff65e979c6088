"""What an explorer shows first: the table's most frequent event, in its last days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from datetime import date

    from mixpanel_nb.workspace.reports import Reports

USUAL_TABLE = "events"
USUAL_DAYS = 90


def first_question(
    workspace: Reports,
    event: str | None,
    from_date: str | date | None,
    to_date: str | date | None,
    table: str | None,
    *,
    live: bool,
) -> dict[str, Any]:
    """The values of a `Segmentation` for an explorer opened with what is given; None is what is usual.

    Raises:
        QueryError: a date is none, or both a table and Mixpanel are to be asked.
        TableNotFoundError: there is no such table.
    """
    from mixpanel_nb.queries.checks import Day, in_order
    from mixpanel_nb.services.dates import parse_range, table_range

    if live and table is not None:
        message = "An explorer asks a table or Mixpanel."
        raise QueryError(message, hint="Leave out one of table and live.")
    asked = None if live else table or _usual_table(workspace)
    first, last = _held_days(workspace, asked)
    until = to_date if to_date is not None else last
    since = from_date if from_date is not None else max(first, _days_before(until, USUAL_DAYS - 1))
    days = in_order(Day()(since, "from_date"), Day()(until, "to_date"))
    days = parse_range(*days) if asked is None else table_range(*days)
    parameters = {
        "event": event or (None if asked is None else _usual_event(workspace, asked)),
        "from_date": str(days[0]),
        "to_date": str(days[1]),
        "table": asked,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def _usual_table(workspace: Reports) -> str | None:
    tables = workspace.vocabulary.tables()
    return USUAL_TABLE if USUAL_TABLE in tables else next(iter(tables), None)


def _held_days(workspace: Reports, table: str | None) -> tuple[date, date]:
    """The days there are to be asked about."""
    if table is not None:
        held = workspace.storage.get_metadata(table)
        if held.from_date is not None and held.to_date is not None:
            return held.from_date, held.to_date
    return workspace.usual_days


def _usual_event(workspace: Reports, table: str) -> str | None:
    from mixpanel_nb.storage.sqltext import identifier

    event = workspace.storage.execute_scalar(f"SELECT mode(event_name) FROM {identifier(table)}")
    return None if event is None else str(event)


def _days_before(day: str | date, days: int) -> date:
    from mixpanel_nb.queries.checks import Day

    return Day()(day, "to_date") - timedelta(days=days)
