"""The questions of a workspace: Mixpanel's reports, asked of Mixpanel or of a table."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import QueryError, did_you_mean
from mixpanel_nb.workspace.asking import remembered
from mixpanel_nb.workspace.discovery import Discovery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display.widgets import Explorer
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
    from mixpanel_nb.results.question import Question
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.services.live import LiveQueryService
    from mixpanel_nb.services.local import LocalQueryService
    from mixpanel_nb.services.zones import ReportZone

    Unit = Literal["minute", "hour", "day", "week", "month"]
    LargeUnit = Literal["day", "week", "month"]
    CountType = Literal["general", "unique", "average"]

DEFAULT_LIMIT = 60
DEFAULT_BREAKDOWN_LIMIT = 255

REPORTS = (
    "segmentation",
    "segmentation_numeric",
    "segmentation_sum",
    "segmentation_average",
    "event_counts",
    "property_counts",
    "top_events",
    "funnel",
    "retention",
    "frequency",
    "activity_feed",
    "saved_report",
    "jql",
)
"""The methods whose results are reports that can be asked again."""


class Reports(Discovery):
    """Mixpanel's reports: answered by Mixpanel, or by a fetched table without quota, network and limits.

    All of them take days as ``YYYY-MM-DD`` or dates, inclusive, in the time zone of :meth:`zone_of`, and

    * ``table``: a fetched table that is to be asked; None asks Mixpanel, which costs one query of the quota;
    * ``where``: a Mixpanel expression; only events for which it is true are counted;
    * ``on``: a Mixpanel expression, or the name of an event's property;
    * ``type``: ``general`` counts events, ``unique`` people, ``average`` events per person.

    They raise ``QueryError`` for parameters that make no sense, ``ExpressionError`` for a mistake in an
    expression (with its position), ``TableNotFoundError``, and live whatever ``APIError`` Mixpanel's answer
    is. What only one of the two can do is a ``QueryError`` that names the other.
    """

    def ask(self, question: Question) -> ReportResult:
        """A question once more, such as that of a result: ``ws.ask(result.asked.question)``.

        Args:
            question: The question.

        Raises:
            QueryError: there is no such report.
        """
        if question.report not in REPORTS:
            message = f"There is no report {question.report!r}."
            raise QueryError(message, hint=did_you_mean(question.report, REPORTS))
        answer: ReportResult = getattr(self, question.report)(**question.parameters)
        return answer

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
        from mixpanel_nb.results.exploring import opened
        from mixpanel_nb.workspace.opening import first_question

        return opened(first_question(self, event, from_date, to_date, table, live=live), self)

    @remembered
    def segmentation(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str | None = None,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = DEFAULT_LIMIT,
        table: str | None = None,
    ) -> SegmentationResult:
        """How often an event happened, over time and by segment.

        Args:
            event: The event.
            from_date: First day.
            to_date: Last day, included.
            on: What the events are broken down by; None for their total.
            unit: The buckets of time.
            where: Filter.
            type: What is counted.
            limit: Segments to give, those with most events; at most 10,000.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).segmentation(
            event,
            from_date=from_date,
            to_date=to_date,
            on=on,
            unit=unit,
            where=where,
            type=type,
            limit=limit,
        )

    @remembered
    def segmentation_numeric(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        buckets: int = 10,
        table: str | None = None,
    ) -> NumericBucketResult:
        """How often an event happened, over time and by ranges of a number.

        Args:
            event: The event.
            from_date: First day.
            to_date: Last day, included.
            on: The number; events without one are left out.
            unit: The buckets of time.
            where: Filter.
            type: What is counted.
            buckets: About how many ranges; a table's are as wide as 1, 2 or 5 times a power of ten.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).segmentation_numeric(
            event,
            from_date=from_date,
            to_date=to_date,
            on=on,
            unit=unit,
            where=where,
            type=type,
            buckets=buckets,
        )

    @remembered
    def segmentation_sum(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        table: str | None = None,
    ) -> NumericSumResult:
        """A number summed over the events, over time; what is no number counts as 0.

        Args:
            event: The event.
            from_date: First day.
            to_date: Last day, included.
            on: The number.
            unit: The buckets of time.
            where: Filter.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).segmentation_sum(
            event, from_date=from_date, to_date=to_date, on=on, unit=unit, where=where
        )

    @remembered
    def segmentation_average(
        self,
        event: str,
        *,
        from_date: str | date,
        to_date: str | date,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        table: str | None = None,
    ) -> NumericAverageResult:
        """A number averaged over all events, over time; what is no number counts as 0, as in Mixpanel.

        Args:
            event: The event.
            from_date: First day.
            to_date: Last day, included.
            on: The number. To leave out the events without one: ``where='defined(properties["…"])'``.
            unit: The buckets of time.
            where: Filter.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).segmentation_average(
            event, from_date=from_date, to_date=to_date, on=on, unit=unit, where=where
        )

    @remembered
    def event_counts(
        self,
        events: str | Sequence[str],
        *,
        from_date: str | date,
        to_date: str | date,
        unit: Unit = "day",
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        table: str | None = None,
    ) -> EventCountsResult:
        """Several events side by side, over time.

        Args:
            events: The events.
            from_date: First day.
            to_date: Last day, included.
            unit: The buckets of time.
            type: What is counted.
            where: Filter.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).event_counts(
            events,
            from_date=from_date,
            to_date=to_date,
            unit=unit,
            type=type,
            where=where,
        )

    @remembered
    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: str | date,
        to_date: str | date,
        values: Sequence[str] | None = None,
        unit: Unit = "day",
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        where: str | None = None,
        limit: int = DEFAULT_BREAKDOWN_LIMIT,
        table: str | None = None,
    ) -> PropertyCountsResult:
        """The values of a property of an event, over time.

        Args:
            event: The event.
            prop: The property.
            from_date: First day.
            to_date: Last day, included.
            values: Only these values; None for the most frequent ones.
            unit: The buckets of time.
            type: What is counted.
            where: Filter.
            limit: Values to give.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).property_counts(
            event,
            prop,
            from_date=from_date,
            to_date=to_date,
            values=values,
            unit=unit,
            type=type,
            where=where,
            limit=limit,
        )

    @remembered
    def top_events(
        self,
        *,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: str | date | None = None,
        table: str | None = None,
    ) -> TopEventsResult:
        """The most frequent events of a day, and how they changed since the day before.

        Args:
            type: What is counted.
            limit: Events to give.
            date: The day, for a table; by default its last one that has events. Mixpanel tells of today.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).top_events(type=type, limit=limit, date=date)

    @remembered
    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] | None = None,
        from_date: str | date,
        to_date: str | date,
        window: int | None = None,
        window_unit: Literal["second", "minute", "hour", "day", "week"] = "day",
        unit: Unit | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int = DEFAULT_BREAKDOWN_LIMIT,
        table: str | None = None,
    ) -> FunnelResult:
        """How many people took some steps one after the other.

        Each person enters once, with their first event of the first step in the days asked about; other
        events may come between; the last step may come after ``to_date``.

        Mixpanel answers for saved funnels; a table for any steps.

        Args:
            funnel_id: A saved funnel (``funnels()`` lists them), for Mixpanel.
            steps: For a table: at least two events, each alone or in a pair with its own filter.
            from_date: First day on which people may enter.
            to_date: Last such day, included.
            window: How long after the first step the last one may come; by default what is saved with the
                funnel, for a table 7.
            window_unit: The unit of that.
            unit: Buckets that each have a funnel of their own; None for one funnel.
            on: What the funnel is broken down by, read from the first step's event.
            where: Filter of the events of all steps.
            limit: Segments to give.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).funnel(
            funnel_id,
            steps=steps,
            from_date=from_date,
            to_date=to_date,
            window=window,
            window_unit=window_unit,
            unit=unit,
            on=on,
            where=where,
            limit=limit,
        )

    @remembered
    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: str | date,
        to_date: str | date,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: LargeUnit = "day",
        type: Literal["birth", "compounded"] = "birth",  # noqa: A002 - as in the API, without its prefix
        unbounded: bool = False,
        on: str | None = None,
        limit: int = DEFAULT_BREAKDOWN_LIMIT,
        table: str | None = None,
    ) -> RetentionResult:
        """Of the people who did something, how many came back, period by period.

        Periods roll from each person's own first event: 24 hours, 7 days or 30 days, ``interval`` times.
        What nobody can know yet, because the table ends before, is None and not 0.

        Args:
            born_event: What makes a person part of a cohort.
            return_event: What counts as coming back; None for any event.
            from_date: First day of the cohorts.
            to_date: Last such day, included.
            born_where: Filter of the former.
            return_where: Filter of the latter.
            interval: Units in a period; seven days are the unit ``week``.
            interval_count: The last period; the first one is 0.
            unit: Cohorts, and the unit of the periods.
            type: ``birth``: each person is in every cohort in which they did ``born_event``; ``compounded``:
                in every cohort in which they did ``return_event``.
            unbounded: Whether coming back later counts for all periods before, too.
            on: What the cohorts are broken down by, read from the event that made a person part of one.
            limit: Segments to give.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).retention(
            born_event=born_event,
            return_event=return_event,
            from_date=from_date,
            to_date=to_date,
            born_where=born_where,
            return_where=return_where,
            interval=interval,
            interval_count=interval_count,
            unit=unit,
            type=type,
            unbounded=unbounded,
            on=on,
            limit=limit,
        )

    @remembered
    def frequency(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        unit: LargeUnit = "day",
        addiction_unit: Literal["hour", "day"] = "hour",
        event: str | None = None,
        where: str | None = None,
        table: str | None = None,
    ) -> FrequencyResult:
        """In how many hours of a day, or days of a week or month, people were active.

        Args:
            from_date: First day.
            to_date: Last day, included.
            unit: The buckets of time.
            addiction_unit: What is counted within each.
            event: What counts as being active; None for any event.
            where: Filter.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).frequency(
            from_date=from_date,
            to_date=to_date,
            unit=unit,
            addiction_unit=addiction_unit,
            event=event,
            where=where,
        )

    @remembered
    def activity_feed(
        self,
        distinct_ids: str | Sequence[str],
        *,
        from_date: str | date,
        to_date: str | date,
        table: str | None = None,
    ) -> ActivityFeedResult:
        """All events of some people, oldest first.

        Args:
            distinct_ids: The people.
            from_date: First day.
            to_date: Last day, included.
            table: The fetched table to ask; None asks Mixpanel.
        """
        return self._ask(table).activity_feed(distinct_ids, from_date=from_date, to_date=to_date)

    def expression(self, text: str, *, table: str = "events") -> ExpressionResult:
        """A Mixpanel expression as SQL over a table.

        Args:
            text: Such as ``properties["plan"] == "pro"``.
            table: The table whose columns are used.
        """
        return self._local(table).expression(text)

    @remembered
    def saved_report(self, bookmark_id: int) -> SavedReportResult:
        """A report that is saved in the project, computed by Mixpanel.

        Args:
            bookmark_id: Its id (``bookmarks()`` lists them).

        Raises:
            NotFoundError: there is no such report.
        """
        return self._live_reports.saved_report(bookmark_id)

    @remembered
    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """What a JQL script returns. Mixpanel has put JQL in maintenance mode and advises against new use.

        Args:
            script: JavaScript with a function ``main``.
            params: Available to the script as ``params``.

        Raises:
            QueryError: the script failed; the error shows the line and the place in it.
        """
        return self._live_reports.jql(script, params)

    def _ask(self, table: str | None) -> LocalQueryService | LiveQueryService:
        return self._live_reports if table is None else self._local(table)

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
