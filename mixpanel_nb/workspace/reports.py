"""``ReportService``: answers queries from Mixpanel or from a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.queries import Segmentation
from mixpanel_nb.workspace.defaults import USUAL_TABLE, Defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

    def expression(self, text: str, table: str | None) -> ExpressionResult:
        """An expression as SQL over a table, the usual one by default."""
        return self._local(table or self._defaults.usual_table() or USUAL_TABLE).expression(text)

    def zone_of(self, table: str | None) -> ReportZone:
        """The time zone of a report on ``table``; None is a live report."""
        from mixpanel_nb.services.zones import zone_of_project, zone_of_table

        named, account = self._project.named_timezone, self._project.account_timezone
        if table is None:
            return zone_of_project(named=named, account=account)
        return zone_of_table(table, named=named, fetched_with=self._engine.timezone(table), account=account)

    def usual_table(self) -> str | None:
        """The table that reports ask where none is named; None if there is none.

        Raises:
            ParameterError: there are several.
        """
        return self._defaults.usual_table()

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that queries can be made of."""
        from mixpanel_nb.workspace.vocabulary import WorkspaceVocabulary

        return WorkspaceVocabulary(self._engine, self._discovery)

    def request(self, query: type[Query[Answer]], given: Mapping[str, Any]) -> Answer:
        """The answer to a question whose table and days may be left open.

        Args:
            query: The kind of query.
            given: Values of its fields, and of ``last``, ``during`` and ``live``.
        """
        values, filled_in = self._defaults.fill(query, given)
        answer = self.ask(query.of(values))
        return answer if filled_in is None else replace(answer, notes=(*answer.notes, filled_in))

    def open_question(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a `Segmentation` that an explorer opens with; what is left open is filled in.

        Raises:
            ParameterError: A day is none, or both a table and Mixpanel are to be asked.
            TableNotFoundError: There is no such table.
        """
        values, _ = self._defaults.fill(Segmentation, given)
        table = values.get("table")
        if table is not None and values.get("event") is None:
            values["event"] = self._engine.top_event(table)
        return {name: _plain(value) for name, value in values.items() if value is not None}

    @property
    def _defaults(self) -> Defaults:
        return Defaults(self._engine, self._project.table, lambda: self._project.today)

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
            lambda: self._project.api,
            ZoneInfo(self._project.account_timezone),
            known_events=self._discovery().known_events,
            week_start=self._project.week_start,
        )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
