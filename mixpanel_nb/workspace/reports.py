"""``ReportService``: answers queries from Mixpanel or from a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mixpanel_nb import queries
from mixpanel_nb.errors import Command, ParameterError, did_you_mean
from mixpanel_nb.queries.base import changed
from mixpanel_nb.workspace.defaults import USUAL_TABLE, Defaults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_nb.bookmarks import OwnCohort
    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.queries.groups import Group
    from mixpanel_nb.results import (
        Annotation,
        ExpressionResult,
        ReconcileResult,
        ReportLink,
        SQLResult,
        UsersResult,
    )
    from mixpanel_nb.results.comparison import ComparisonResult
    from mixpanel_nb.results.numbers import Arguments
    from mixpanel_nb.results.question import Vocabulary
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.services.comparison import ComparedDays
    from mixpanel_nb.services.discovery import DiscoveryService
    from mixpanel_nb.services.live import LiveQueryService
    from mixpanel_nb.services.local import Engine, LocalQueryService
    from mixpanel_nb.services.reconcile import Reading, Sides
    from mixpanel_nb.services.zones import ReportZone
    from mixpanel_nb.workspace.project import Project

Answer = TypeVar("Answer", bound="ReportResult")


class ReportService:
    """Answers queries about a project.

    Args:
        project: The project that live queries ask.
        engine: The engine that holds the tables.
        discovery: Lists the names of the project.
        find_cohort: Gives a cohort of the database, by its name.
    """

    def __init__(
        self,
        project: Project,
        engine: Engine,
        discovery: Callable[[], DiscoveryService],
        find_cohort: Callable[[str], OwnCohort],
    ) -> None:
        self._project = project
        self._engine = engine
        self._discovery = discovery
        self._find_cohort = find_cohort

    def ask(self, query: Query[Answer]) -> Answer:
        """The answer to a query. Errors as in ``Workspace.ask``."""
        if query.groups is not None or query.comparison is not None:
            groups = query.groups
            comparison: Any = self._compared(query) if groups is None else self._of_groups(query, *groups)
            return cast("Answer", comparison)
        if query.name == "saved_report" and query.asked_table is not None:
            saved: Any = self._saved_report(cast("Any", query).bookmark_id, query.asked_table)
            return cast("Answer", saved)
        table = query.asked_table
        zone = self.zone_of(table)  # refused before a request is sent
        answer = self._live.ask(query) if table is None else self._local(table, zone=zone.name).ask(query)
        return self._with_question(query, answer, zone)

    def statement(self, query: Query[Any]) -> str:
        """The SQL of a report on a table, which does not run. Errors as in ``Workspace.statement``."""
        from mixpanel_nb.services.local.engines.stating import ONE_STATEMENT, Stated, StatingEngine

        table = query.asked_table
        if table is None or query.name not in ONE_STATEMENT or query.groups or query.comparison:
            message = f"{query.name} has no statement of its own here."
            hint = (
                "Reports on one table have, without a comparison: funnel, retention, segmentation and others."
            )
            raise ParameterError(message, parameter="report", value=query.name, hint=hint)
        asking = self._local(table, zone=self.zone_of(table).name, engine=StatingEngine(self._engine))
        try:
            asking.ask(query)
        except Stated as found:
            return self._engine.shown(found.statement)
        message = f"{query.name} ran no statement."  # pragma: no cover - each of them runs one
        raise ParameterError(message, parameter="report", value=query.name)

    def stated(self, name: str, given: Mapping[str, Any]) -> str:
        """The SQL of a report by its name, whose table and days may be left open."""
        kind = queries.QUERIES.get(name)
        if kind is None:
            hint = did_you_mean(name, queries.QUERIES) or f"There are {', '.join(queries.QUERIES)}."
            raise ParameterError(f"There is no report {name!r}.", parameter="report", value=name, hint=hint)
        values, _ = self._defaults.fill(kind, given)
        return self.statement(kind.of(values))

    def _saved_report(self, number: int, table: str) -> ReportResult:
        """What a saved report asks, answered by a table.

        Raises:
            ParameterError: the report has a part that no query can hold.
            NotFoundError: there is no such report.
        """
        from mixpanel_nb.bookmarks import read
        from mixpanel_nb.services.live.base import listed_by

        with listed_by("bookmarks"):
            bookmark = self._project.api.bookmark(number)
        held = self._engine.days(table)
        reading = read(bookmark["params"], self._project.today if held is None else held[1])
        query: Query[Any] = changed(reading.query, table=table)
        answer: ReportResult = self.ask(query)
        name = f"Saved report {number}: {bookmark.get('name') or 'without a name'}."
        notes = [name, *reading.notes]
        if reading.hidden:
            notes.append("The report hides some of these metrics, which it calculates with.")
        return replace(answer, notes=(*notes, *answer.notes))

    def reconcile(
        self, query: type[Query[Any]], given: Mapping[str, Any], before_live: Callable[[str], None]
    ) -> ReconcileResult:
        """A query asked of Mixpanel and of a table. Errors as in ``Workspace.reconcile``.

        Args:
            query: The kind of query.
            given: Values of its fields, and of ``last`` and ``during``.
            before_live: Called with the table before Mixpanel is asked.
        """
        from mixpanel_nb.queries.reconcile import check_reconciled
        from mixpanel_nb.services.reconcile import reconcile

        table = given.get("table") or self.usual_table()
        if table is None:
            message = "There is no table to compare Mixpanel with."
            raise ParameterError(
                message, parameter="table", hint=["Fetch one: ", Command("fetch events"), "."]
            )
        values, filled_in = self._defaults.fill(query, {**given, "table": table})
        asked = query.of(values)
        check_reconciled(asked)
        sides = self._sides(table)
        self._project.check_account()
        found = reconcile(asked, sides, lambda: before_live(table))
        notes = found.notes if filled_in is None else (*found.notes, filled_in)
        return replace(found, notes=notes)

    def _sides(self, table: str) -> Sides:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.results.question import Question
        from mixpanel_nb.services.local.engines.distinct import DistinctEngine
        from mixpanel_nb.services.reconcile import Sides

        zone, account = self.zone_of(table).name, self._project.account_timezone
        described = self._engine.events(table, ZoneInfo(zone))
        held = self._engine.days(table)

        def local(query: Query[Any], reading: Reading) -> ReportResult:
            engine = DistinctEngine(self._engine) if reading.distinct else self._engine
            answer: ReportResult = self._local(table, zone=reading.zone, engine=engine).ask(query)
            told: ReportResult = self._with_question(query, answer, self.zone_of(table))
            return replace(told, timezone=reading.zone)

        def live(query: Query[Any]) -> ReportResult:
            answer: ReportResult = self._live.ask(query)
            return replace(answer, question=Question(query, self), timezone=account)

        return Sides(
            table,
            described,
            None if held is None else held[1],
            zone,
            account,
            live,
            local,
            lambda query: self._local(table).copies(query),
            self._engine.identities(table) is not None,
            self._project.data_view,
        )

    def _compared(self, query: Query[Answer]) -> ComparisonResult[Answer]:
        """The answer to a query with a comparison: that without one, and the same about other days."""
        from mixpanel_nb.results.comparison import compared
        from mixpanel_nb.results.question import Question

        days = self._compared_days(query, self.zone_of(query.asked_table))
        asked: Query[Answer] = changed(query, compare=None)
        other: Query[Answer] = changed(asked, from_date=days.first, to_date=days.last)
        after, before = self._both(asked, other)
        comparison = compared(after, before, asked=query.comparison, buckets=days.buckets)
        return replace(comparison, question=Question(query, self))

    def _of_groups(self, query: Query[Answer], first: Group, second: Group) -> ComparisonResult[Answer]:
        """The answer to a query about two groups: that about each of them."""
        from mixpanel_nb.results.comparison import compared
        from mixpanel_nb.results.groups import ComparedGroups, overlaps
        from mixpanel_nb.results.question import Question
        from mixpanel_nb.services.comparison import check_group

        for group in (first, second):
            check_group(group)
        after, before = self._both(query.of_group(first), query.of_group(second))
        *users, in_both = self._shared(after, before) or (None,)
        groups = ComparedGroups(
            (first.text, second.text),
            first.days is not None,
            None if in_both is None else (users[0] or 0, users[1] or 0),
            in_both,
        )
        if not groups.are_independent:
            found = overlaps(after.numbers(), before.numbers(), partial(self._in_both, after, before))
            groups = replace(groups, overlaps=found)
        return replace(compared(after, before, diff=groups), question=Question(query, self))

    def _both(self, query: Query[Answer], other: Query[Answer]) -> tuple[Answer, Answer]:
        """The answers to two queries that are compared."""
        table = query.asked_table
        zone = self.zone_of(table)
        if table is None:
            answers = self._live.ask(query), self._live.ask(other)
        else:
            answers = self._local(table, zone=zone.name).both(query, other)
        one, two = (
            self._with_question(asked, answer, zone)
            for asked, answer in zip((query, other), answers, strict=True)
        )
        return one, two

    def _shared(self, one: ReportResult, other: ReportResult) -> tuple[int, int, int] | None:
        """How many users two reports have, and how many are in both; None where no table knows it."""
        table = None if one.question is None else one.question.query.asked_table
        if table is None:
            return None
        try:
            asked, second = one.users().questions[0], other.users().questions[0]
        except ParameterError:
            return None
        service = self._local(table)
        return service.shared((asked.query, asked.found), (second.query, second.found))

    def _in_both(
        self,
        one: ReportResult,
        other: ReportResult,
        numbers: Sequence[Arguments],
        others: Sequence[Arguments],
    ) -> Mapping[tuple[int, int], int]:
        """How many users are behind a number of a report and behind one of another, for all pairs of them."""
        asked, second = (
            [
                (each.query, each.found)
                for arguments in cells
                for each in report.users(**dict(arguments)).questions
            ]
            for report, cells in ((one, numbers), (other, others))
        )
        table = asked[0][0].asked_table or USUAL_TABLE
        return self._local(table).in_both(asked, second)

    def _compared_days(self, query: Query[Any], zone: ReportZone) -> ComparedDays:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.analytics.calendar import Period
        from mixpanel_nb.services.comparison import compared_days
        from mixpanel_nb.services.dates import table_range

        asked: Any = query
        first, last = table_range(asked.from_date, asked.to_date)
        return compared_days(asked, Period(first, last, ZoneInfo(zone.name), self._project.week_start))

    def _with_question(self, query: Query[Answer], answer: Answer, zone: ReportZone) -> Answer:
        """An answer with its question and time zone."""
        from mixpanel_nb.results.question import Question

        notes = answer.notes if zone.note is None else (*answer.notes, zone.note)
        settled = {} if answer.question is None else answer.question.settled
        question = Question(query, self, settled)
        return replace(
            answer,
            question=question,
            timezone=zone.name,
            notes=notes,
            annotations=self._annotations(query, zone.name),
            event_names=self._event_names(query),
        )

    def _event_names(self, query: Query[Any]) -> dict[str, str]:
        """Names of the events that a query has by id: custom ones as they are kept or were listed before."""
        from mixpanel_nb.queries.customs import CUSTOM_EVENT, custom_events_in

        own = _names_of_sessions(query)
        numbers = custom_events_in(str(query))
        if not numbers:
            return own
        from mixpanel_nb.bookmarks.definitions import custom_event_of

        listed = self._discovery().known_custom_events()
        known = {**self._engine.definitions().events}
        known |= {number: custom_event_of(number, item) for number, item in listed.items()}
        names = {number: known[number].name for number in numbers if number in known}
        return own | {f"{CUSTOM_EVENT}{number}": name for number, name in names.items() if name}

    def _annotations(self, query: Query[Any], zone: str) -> tuple[Annotation, ...]:
        """The annotations of a report's days: those of its table, or what Mixpanel was asked for before."""
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services import project_annotations

        asked: Any = query
        if not getattr(query, "annotations", False) or query.bucket_unit is None:
            return ()
        table = query.asked_table
        known = self._discovery().known_annotations() if table is None else self._engine.annotations(table)
        return project_annotations.listed(known, ZoneInfo(zone), asked.from_date, asked.to_date).annotations

    def users(self, query: Query[Any], cell: Cell, found: Mapping[str, Any]) -> UsersResult:
        """The users behind a number of a report on a table.

        Args:
            query: The report.
            cell: The number, as it was asked for.
            found: What it stands for in the table.

        Raises:
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        from mixpanel_nb.results import UsersQuestion, UsersResult

        table = query.asked_table or USUAL_TABLE
        statement, source, notes, (first, last) = self._local(table).users(query, found)
        return UsersResult(
            self._engine.shown(statement),
            source,
            table=table,
            from_date=first,
            to_date=last,
            questions=(UsersQuestion(query, cell, found, self),),
            notes=notes,
        )

    def events_of(self, users: UsersResult) -> SQLResult:
        """All events of these users in the days of their report. Errors as in :meth:`users`."""
        from mixpanel_nb.results import SQLResult

        first, *further = users.questions
        whose = users.ids if further else (first.query, first.found)
        identities: str | None = getattr(first.query, "identities", None)
        statement, source = self._local(users.table).events_of(
            whose, users.from_date, users.to_date, identities
        )
        return SQLResult(self._engine.shown(statement), source)

    def report_link(self, query: Query[Any], name: str) -> ReportLink:
        """The link to a report in Mixpanel that asks a query, under a title.

        Raises:
            ParameterError: no report of Mixpanel's asks it.
            ConfigError: there is no account.
            APIError: what Mixpanel answers.
        """
        from mixpanel_nb.services.live.links import report_link

        return report_link(lambda: self._project.api, query, name, self._find_cohort)

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
        values, _ = self._defaults.fill(queries.Segmentation, given)
        table = values.get("table")
        if table is not None and values.get("event") is None:
            values["event"] = self._engine.top_event(table)
        return {name: _plain(value) for name, value in values.items() if value is not None}

    @property
    def _defaults(self) -> Defaults:
        return Defaults(self._engine, self._project.table, lambda: self._project.today)

    def _local(
        self, table: str, *, zone: str | None = None, engine: Engine | None = None
    ) -> LocalQueryService:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.local import LocalQueryService

        return LocalQueryService(
            engine or self._engine,
            table,
            ZoneInfo(zone or self.zone_of(table).name),
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
            find_cohort=self._find_cohort,
        )


def _names_of_sessions(query: Query[Any]) -> dict[str, str]:
    """The names of starts and ends of sessions that a flow has as anchors."""
    if query.name != "flow":
        return {}
    from mixpanel_nb.queries.flow import SESSION_NAMES

    text = str(query)
    return {event: name for event, name in SESSION_NAMES.items() if event in text}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
