"""The reports of a workspace, asked of Mixpanel or of a table."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from mixpanel_nb.queries import (
    JQL,
    QUERIES,
    ActivityFeed,
    EventCounts,
    Frequency,
    Funnel,
    PropertyCounts,
    Query,
    Retention,
    SavedReport,
    Segmentation,
    SegmentationAverage,
    SegmentationNumeric,
    SegmentationSum,
    TopEvents,
    parameters_of,
)
from mixpanel_nb.workspace.discovery import Discovery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display.widgets import Explorer
    from mixpanel_nb.queries import CountType, LargeUnit, Unit
    from mixpanel_nb.results import (
        ActivityFeedResult,
        EventCountsResult,
        ExpressionResult,
        FrequencyResult,
        FunnelResult,
        JQLResult,
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        PropertyCountsResult,
        RetentionResult,
        SavedReportResult,
        SegmentationResult,
        TopEventsResult,
    )
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.services.live import LiveQueryService
    from mixpanel_nb.services.local import LocalQueryService
    from mixpanel_nb.services.zones import ReportZone

    Day = str | date

Answer = TypeVar("Answer", bound="ReportResult")


class Reports(Discovery):
    """Mixpanel's reports: answered by Mixpanel, or by a fetched table without quota, network and limits.

    Every method makes a query of its arguments (see ``mixpanel_nb.queries``) and asks it. Days are
    ``YYYY-MM-DD`` or dates, inclusive, in the time zone of :meth:`zone_of`; ``where`` is an expression,
    ``on`` one or the name of an event's property; ``table`` is the fetched table that is asked, None
    asks Mixpanel and costs one query of the quota.

    They raise ``ParameterError`` for parameters that make no sense or that only the other side can answer,
    ``ExpressionError`` for a mistake in an expression (with its position), ``TableNotFoundError``, and live
    the ``APIError`` that Mixpanel's answer is.
    """

    def ask(self, query: Query[Answer]) -> Answer:
        """Ask a query, such as that of a result once more: ``ws.ask(result.asked.query)``.

        Args:
            query: The query.
        """
        from mixpanel_nb.results.asked import Asked

        table = query.asked_table
        zone = self.zone_of(table)
        answer = self._live_reports.ask(query) if table is None else self._local(table).ask(query)
        notes = answer.notes if zone.note is None else (*answer.notes, zone.note)
        return replace(answer, asked=Asked(query, self), timezone=zone.name, notes=notes)

    def _answer(self, query: type[Query[Answer]], arguments: dict[str, Any]) -> Answer:
        return self.ask(query.of({name: value for name, value in arguments.items() if name != "self"}))

    def explore(
        self,
        event: str | None = None,
        *,
        from_date: str | date | None = None,
        to_date: str | date | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> Explorer:
        """A widget with a form and what it answers: any report, changed by choosing and not by typing.

        Args:
            event: The event to begin with; by default a table's most frequent one.
            from_date: First day; by default 90 days before ``to_date``, or what the table has of them.
            to_date: Last day; by default the table's last one, or yesterday.
            table: The fetched table to ask; by default ``events``, or the first one there is.
            live: Ask Mixpanel even where there is a table.

        Raises:
            QueryError: a date is none, or both ``table`` and ``live`` are given.
            TableNotFoundError: there is no such table.
        """
        from mixpanel_nb.views.exploring import opened
        from mixpanel_nb.workspace.opening import first_question

        given = first_question(self, event, from_date, to_date, table, live=live)
        return opened(Segmentation, given, self)

    def segmentation(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str | None = None,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 60,
        table: str | None = None,
    ) -> SegmentationResult:
        """How often an event happened, over time and by segment."""
        return self._answer(Segmentation, locals())

    def segmentation_numeric(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        buckets: int = 10,
        table: str | None = None,
    ) -> NumericBucketResult:
        """How often an event happened, over time and by ranges of a number.

        Events without such a number are left out. A table's ranges are as wide as 1, 2 or 5 times a power
        of ten.
        """
        return self._answer(SegmentationNumeric, locals())

    def segmentation_sum(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        table: str | None = None,
    ) -> NumericSumResult:
        """A number summed over the events, over time; what is no number counts as 0."""
        return self._answer(SegmentationSum, locals())

    def segmentation_average(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        table: str | None = None,
    ) -> NumericAverageResult:
        """A number averaged over all events, over time; what is no number counts as 0, as in Mixpanel.

        To leave out the events without one: ``where='defined(properties["…"])'``.
        """
        return self._answer(SegmentationAverage, locals())

    def event_counts(
        self,
        events: str | Sequence[str],
        *,
        from_date: Day,
        to_date: Day,
        unit: Unit = "day",
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        table: str | None = None,
    ) -> EventCountsResult:
        """Several events side by side, over time."""
        return self._answer(EventCounts, locals())

    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: Day,
        to_date: Day,
        values: Sequence[str] | None = None,
        unit: Unit = "day",
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        limit: int = 255,
        table: str | None = None,
    ) -> PropertyCountsResult:
        """The values of a property of an event, over time."""
        return self._answer(PropertyCounts, locals())

    def top_events(
        self,
        *,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: Day | None = None,
        table: str | None = None,
    ) -> TopEventsResult:
        """The most frequent events of a day, and how they changed since the day before.

        A table is asked for its last day that has events, unless ``date`` says which. Mixpanel tells of
        today.
        """
        return self._answer(TopEvents, locals())

    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] = (),
        from_date: Day,
        to_date: Day,
        window: int | None = None,
        window_unit: Literal["second", "minute", "hour", "day", "week"] = "day",
        unit: Unit | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int = 255,
        table: str | None = None,
    ) -> FunnelResult:
        """How many users took some steps one after the other.

        Each user enters once, with their first event of the first step in the days asked about; other
        events may come between; the last step may come after ``to_date``. Mixpanel answers for saved funnels,
        a table for any steps.
        """
        return self._answer(Funnel, locals())

    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: Day,
        to_date: Day,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: LargeUnit = "day",
        type: Literal["birth", "compounded"] = "birth",  # noqa: A002 - as in the API, without its prefix
        unbounded: bool = False,
        on: str | None = None,
        limit: int = 255,
        table: str | None = None,
    ) -> RetentionResult:
        """Of the users who did something, how many came back, period by period.

        Periods roll from each user's own first event: 24 hours, 7 days or 30 days, ``interval`` times. What
        nobody can know yet, because the table ends before, is None and not 0.
        """
        return self._answer(Retention, locals())

    def frequency(
        self,
        *,
        from_date: Day,
        to_date: Day,
        unit: LargeUnit = "day",
        addiction_unit: Literal["hour", "day"] = "hour",
        event: str | None = None,
        where: str | None = None,
        table: str | None = None,
    ) -> FrequencyResult:
        """In how many hours of a day, or days of a week or month, users were active."""
        return self._answer(Frequency, locals())

    def activity_feed(
        self,
        distinct_ids: str | Sequence[str],
        *,
        from_date: Day,
        to_date: Day,
        table: str | None = None,
    ) -> ActivityFeedResult:
        """All events of some users, oldest first."""
        return self._answer(ActivityFeed, locals())

    def saved_report(self, bookmark_id: int) -> SavedReportResult:
        """A report that is saved in the project, computed by Mixpanel (``bookmarks()`` lists them).

        Raises ``NotFoundError`` if there is no such report.
        """
        return self._answer(SavedReport, locals())

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """What a JQL script returns. Mixpanel has put JQL in maintenance mode and advises against new use.

        Raises ``QueryError`` if the script fails; the error shows the line and the place in it.
        """
        return self._answer(JQL, locals())

    def expression(self, text: str, *, table: str = "events") -> ExpressionResult:
        """A Mixpanel expression as SQL over a table.

        Args:
            text: Such as ``properties["plan"] == "pro"``.
            table: The table whose columns are used.
        """
        return self._local(table).expression(text)

    def _local(self, table: str) -> LocalQueryService:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.local import DuckDBEngine, LocalQueryService

        return LocalQueryService(
            DuckDBEngine(self.storage),
            table,
            ZoneInfo(self.zone_of(table).name),
            week_start=self.week_start,
            hidden=self._hidden_events,
        )

    def _hidden_events(self) -> frozenset[str]:
        """Events that are hidden in Lexicon, if this workspace has asked for it; nothing is asked now."""
        asked = "_discovery" in vars(self)
        return self._discovery.known_hidden() if asked else frozenset()

    def zone_of(self, table: str | None) -> ReportZone:
        """The time zone in which a report on ``table`` counts days; None is a live report.

        Raises:
            QueryError: a live report is asked, and the workspace was made with another zone than that of its
                account.
        """
        from mixpanel_nb.services.zones import zone_of_project, zone_of_table

        named, account = self._named_timezone, self._account_timezone
        if table is None:
            return zone_of_project(named=named, account=account)
        known = self.storage.metadata_or_none(table)
        fetched_with = known.timezone if known else None
        return zone_of_table(table, named=named, fetched_with=fetched_with, account=account)

    @cached_property
    def _live_reports(self) -> LiveQueryService:
        from zoneinfo import ZoneInfo

        from mixpanel_nb.services.live import LiveQueryService

        zone = ZoneInfo(self._account_timezone)
        return LiveQueryService(
            self.api, zone, known_events=self._discovery.known_events, week_start=self.week_start
        )


def _describe(query: type[Query[Any]]) -> None:
    """Complete the docstring of a report's method by what its query says of each parameter."""
    method = getattr(Reports, query.name)
    lines = [
        textwrap.fill(f"{name}: {parameter.help}", 100, initial_indent=" " * 4, subsequent_indent=" " * 8)
        for name, parameter in parameters_of(query).items()
    ]
    method.__doc__ = "\n".join([textwrap.dedent(f"        {method.__doc__}").strip(), "", "Args:", *lines])


for _query in QUERIES.values():
    _describe(_query)
