"""``ReportService``: queries answered by Mixpanel or by a table, whichever they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from mixpanel_nb.queries import Query
    from mixpanel_nb.results import ExpressionResult
    from mixpanel_nb.results.question import Vocabulary
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.live import LiveQueryService
    from mixpanel_nb.services.local import Engine, LocalQueryService
    from mixpanel_nb.services.zones import ReportZone
    from mixpanel_nb.workspace.project import Project

Answer = TypeVar("Answer", bound="ReportResult")

USUAL_TABLE = "events"
USUAL_DAYS = 90


class ReportService:
    """Answers queries about a project.

    Args:
        project: The project that live queries ask.
        engine: The engine that holds the tables.
        discovery: Lists the names of the project.
    """

    def __init__(self, project: Project, engine: Engine, discovery: Callable[[], DiscoveryService]) -> None:
        self._project = project
        self._engine = engine
        self._discovery = discovery

    def ask(self, query: Query[Answer]) -> Answer:
        """The answer to a query. Errors as in ``Workspace.ask``."""
        from mixpanel_nb.results.question import Question

        table = query.asked_table
        zone = self.zone_of(table)
        answer = self._live.ask(query) if table is None else self._local(table).ask(query)
        notes = answer.notes if zone.note is None else (*answer.notes, zone.note)
        return replace(answer, question=Question(query, self), timezone=zone.name, notes=notes)

    def expression(self, text: str, table: str) -> ExpressionResult:
        """An expression as SQL over a table."""
        return self._local(table).expression(text)

    def zone_of(self, table: str | None) -> ReportZone:
        """The time zone of a report on ``table``; None is a live report."""
        from mixpanel_nb.services.zones import zone_of_project, zone_of_table

        named, account = self._project.named_timezone, self._project.account_timezone
        if table is None:
            return zone_of_project(named=named, account=account)
        return zone_of_table(table, named=named, fetched_with=self._engine.timezone(table), account=account)

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that queries can be made of."""
        from mixpanel_nb.workspace.vocabulary import WorkspaceVocabulary

        return WorkspaceVocabulary(self._engine, self._discovery)

    def first_question(
        self,
        event: str | None,
        from_date: str | date | None,
        to_date: str | date | None,
        table: str | None,
        *,
        live: bool,
    ) -> dict[str, Any]:
        """The values of a `Segmentation` that an explorer opens with; what is None is filled in.

        Raises:
            QueryError: A date is none, or both a table and Mixpanel are to be asked.
            TableNotFoundError: There is no such table.
        """
        from mixpanel_nb.queries.checks import Day, in_order
        from mixpanel_nb.services.dates import parse_range, table_range

        if live and table is not None:
            message = "An explorer asks a table or Mixpanel."
            raise QueryError(message, hint="Leave out one of table and live.")
        asked = None if live else table or self._usual_table()
        first, last = (asked and self._engine.days(asked)) or self._project.usual_days
        until = Day()(last if to_date is None else to_date, "to_date")
        earliest = max(first, until - timedelta(days=USUAL_DAYS - 1))
        days = in_order(Day()(earliest if from_date is None else from_date, "from_date"), until)
        days = parse_range(*days) if asked is None else table_range(*days)
        parameters = {
            "event": event or (None if asked is None else self._engine.top_event(asked)),
            "from_date": str(days[0]),
            "to_date": str(days[1]),
            "table": asked,
        }
        return {name: value for name, value in parameters.items() if value is not None}

    def _usual_table(self) -> str | None:
        tables = self._engine.tables()
        return USUAL_TABLE if USUAL_TABLE in tables else next(iter(tables), None)

    def _local(self, table: str) -> LocalQueryService:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.local import LocalQueryService

        return LocalQueryService(
            self._engine,
            table,
            ZoneInfo(self.zone_of(table).name),
            week_start=self._project.week_start,
            hidden=lambda: self._discovery().known_hidden(),
        )

    @cached_property
    def _live(self) -> LiveQueryService:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.live import LiveQueryService

        return LiveQueryService(
            self._project.api,
            ZoneInfo(self._project.account_timezone),
            known_events=self._discovery().known_events,
            week_start=self._project.week_start,
        )
