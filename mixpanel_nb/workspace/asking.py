"""The methods of a workspace that ask: one a report, with its typed signature."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_overloads, overload

from mixpanel_nb import queries
from mixpanel_nb.errors import help_text
from mixpanel_nb.queries.base import request_parameters
from mixpanel_nb.workspace.base import WorkspaceBase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.display.widgets import Explorer
    from mixpanel_nb.queries import Buckets, CountType, Formula, LargeUnit, Metric, Query, Unit
    from mixpanel_nb.queries.shared import CalendarUnit
    from mixpanel_nb.results import (
        ActivityFeedResult,
        AnomaliesResult,
        ComparisonResult,
        EventCountsResult,
        ExperimentResult,
        ExpressionResult,
        FlowResult,
        FrequencyResult,
        FunnelResult,
        InsightsResult,
        JQLResult,
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        PropertyCountsResult,
        ReconcileResult,
        RetentionResult,
        SavedReportResult,
        SegmentationResult,
        SessionsResult,
        SignalResult,
        TopEventsResult,
        WhyResult,
    )
    from mixpanel_nb.results.report import ReportResult

    Day = str | date
    Compared = str | tuple[Day, Day]
    TwoGroups = Sequence[str | tuple[Day, Day]]

Answer = TypeVar("Answer", bound="ReportResult")


class Reports(WorkspaceBase):
    """Reports, of Mixpanel or of a table."""

    def ask(self, query: Query[Answer]) -> Answer:
        """Ask a query, such as that of a result once more: ``ws.ask(result.question.query)``.

        Args:
            query: The query; one that compares is answered by a ``ComparisonResult``.

        Example:
            >>> from mixpanel_nb.queries import Segmentation
            >>> query = Segmentation.of({"event": "Sign Up", **january})
            >>> ws.ask(query).totals
            {'total': 1089}
        """
        return self._reports.ask(query)

    def statement(self, report: str, **asked: Any) -> str:
        """The SQL of a report on a table, in the dialect of the workspace's engine; nothing runs.

        Over a warehouse that is not connected, ``Workspace.over("bigquery://project.dataset",
        mapping="pipelines")``, it is what to paste there.

        Args:
            report: The report, such as ``funnel``.
            asked: Its parameters, as its method takes them.

        Raises:
            ParameterError: there is no such report, or it asks several statements.
            QueryError: the report cannot be said in the engine's SQL.

        Example:
            >>> ws.statement("segmentation", event="Purchase", **january).split()[0]
            'SELECT'
        """
        return self._reports.stated(report, asked)

    def _answer(self, query: type[Query[Answer]], arguments: dict[str, Any]) -> Answer:
        return self._reports.request(query, {name: arguments[name] for name in arguments if name != "self"})

    @overload
    def insights(
        self,
        metrics: str | Metric | Sequence[str | Metric] | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        formulas: str | Formula | Sequence[str | Formula] = (),
        on: str | Buckets | Sequence[str | Buckets] = (),
        unit: CalendarUnit = "day",
        where: str | None = None,
        rolling: int | None = None,
        cumulative: bool = False,
        totals: bool = False,
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> InsightsResult: ...

    @overload
    def insights(
        self, metrics: str | Metric | Sequence[str | Metric] | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    @overload
    def insights(
        self, metrics: str | Metric | Sequence[str | Metric] | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    def insights(self, metrics: str | Metric | Sequence[str | Metric] | None, **asked: Any) -> Any:
        """Metrics side by side, over time and by segment, and formulas over them.

        A metric is an event, or a measure of it in a word: ``Purchase``, ``unique(Purchase)``,
        ``median(Purchase, amount)``, ``average(per user total(Purchase))``, each with a filter:
        ``Purchase where …``. None is any event, as ``*`` in a metric. ``Metric``, ``Formula`` and
        ``Buckets`` are the same as objects.

        Example:
            >>> metrics = ["unique(Purchase)", "median(Purchase, revenue)"]
            >>> ws.insights(metrics, during="2025-01", totals=True).df["value"].tolist()
            [1501.0, 65.7]
        """
        return self._answer(queries.Insights, {"metrics": metrics, **asked})

    @overload
    def active(
        self,
        event: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str | Buckets | Sequence[str | Buckets] = (),
        unit: CalendarUnit = "day",
        where: str | None = None,
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> InsightsResult: ...

    @overload
    def active(
        self, event: str | None = None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    @overload
    def active(
        self, event: str | None = None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[InsightsResult]: ...

    def active(self, event: str | None = None, **asked: Any) -> Any:
        """Active users of a day, a week and a month (DAU, WAU, MAU), and stickiness in percent.

        Counted are the users of the 1, 7 and 30 days that end with each bucket's last day.

        Example:
            >>> ws.active(from_date="2025-01-31", to_date="2025-01-31").df.iloc[:3, 1:3].values.tolist()
            [['DAU', 474.0], ['WAU', 2668.0], ['MAU', 6315.0]]
        """
        return self._answer(queries.Active, {"event": event, **asked})

    @overload
    def segmentation(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str | Sequence[str] | None = None,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SegmentationResult: ...

    @overload
    def segmentation(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[SegmentationResult]: ...

    @overload
    def segmentation(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[SegmentationResult]: ...

    def segmentation(self, event: str | None, **asked: Any) -> Any:
        """How often an event happened, over time and by segment.

        Example:
            >>> ws.segmentation("Purchase", during="2025-01", on="plan").totals
            {'free': 1045, 'plus': 364, 'pro': 179, 'undefined': 169}
        """
        return self._answer(queries.Segmentation, {"event": event, **asked})

    @overload
    def segmentation_numeric(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        type: CountType = "general",
        buckets: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericBucketResult: ...

    @overload
    def segmentation_numeric(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericBucketResult]: ...

    @overload
    def segmentation_numeric(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericBucketResult]: ...

    def segmentation_numeric(self, event: str | None, **asked: Any) -> Any:
        """How often an event happened, over time and by ranges of a number.

        Events without such a number are left out. A table's ranges are as wide as 1, 2 or 5 times a power
        of ten.
        """
        return self._answer(queries.SegmentationNumeric, {"event": event, **asked})

    @overload
    def segmentation_sum(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericSumResult: ...

    @overload
    def segmentation_sum(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericSumResult]: ...

    @overload
    def segmentation_sum(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericSumResult]: ...

    def segmentation_sum(self, event: str | None, **asked: Any) -> Any:
        """A number summed over the events, over time; what is no number counts as 0."""
        return self._answer(queries.SegmentationSum, {"event": event, **asked})

    @overload
    def segmentation_average(
        self,
        event: str | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        on: str,
        unit: Unit = "day",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> NumericAverageResult: ...

    @overload
    def segmentation_average(
        self, event: str | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[NumericAverageResult]: ...

    @overload
    def segmentation_average(
        self, event: str | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[NumericAverageResult]: ...

    def segmentation_average(self, event: str | None, **asked: Any) -> Any:
        """A number averaged over all events, over time; what is no number counts as 0, as in Mixpanel.

        To leave out events without a number: ``where='defined(properties["…"])'``.
        """
        return self._answer(queries.SegmentationAverage, {"event": event, **asked})

    @overload
    def event_counts(
        self,
        events: str | Sequence[str] | None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: Unit = "day",
        type: CountType = "general",
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> EventCountsResult: ...

    @overload
    def event_counts(
        self, events: str | Sequence[str] | None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[EventCountsResult]: ...

    @overload
    def event_counts(
        self, events: str | Sequence[str] | None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[EventCountsResult]: ...

    def event_counts(self, events: str | Sequence[str] | None, **asked: Any) -> Any:
        """Several events side by side, over time; None counts any event, as one series.

        Example:
            >>> ws.event_counts(["Sign Up", "Purchase"], during="2025-01").records()[:2]
            [{'date': '2025-01-01', 'event': 'Sign Up', 'count': 34, 'complete': True},
             {'date': '2025-01-01', 'event': 'Purchase', 'count': 34, 'complete': True}]
        """
        return self._answer(queries.EventCounts, {"events": events, **asked})

    @overload
    def property_counts(
        self,
        event: str,
        prop: str,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        values: Sequence[str] | None = None,
        unit: Unit = "day",
        type: CountType = "general",
        where: str | None = None,
        limit: int = 255,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> PropertyCountsResult: ...

    @overload
    def property_counts(
        self, event: str, prop: str, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[PropertyCountsResult]: ...

    @overload
    def property_counts(
        self, event: str, prop: str, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[PropertyCountsResult]: ...

    def property_counts(self, event: str, prop: str, **asked: Any) -> Any:
        """The values of a property of an event, over time."""
        return self._answer(queries.PropertyCounts, {"event": event, "prop": prop, **asked})

    def top_events(
        self,
        *,
        type: CountType = "general",  # noqa: A002 - Mixpanel's name
        limit: int = 100,
        date: Day | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> TopEventsResult:
        """The most frequent events of a day, and how they changed since the day before.

        Of a table, ``date`` is by default its last day with events. Mixpanel answers for today only.

        Example:
            >>> [(top.event, top.count) for top in ws.top_events(limit=2).events]
            [('View Product', 618), ('Page View', 471)]
        """
        return self._answer(queries.TopEvents, locals())

    @overload
    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] = (),
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        window: int | Literal["ever"] | None = None,
        window_unit: Literal["second", "minute", "hour", "day", "week", "month", "session"] = "day",
        unit: Unit | None = None,
        on: str | Sequence[str] | None = None,
        where: str | None = None,
        limit: int = 255,
        count: Literal["uniques", "totals", "sessions"] = "uniques",
        exclude: Sequence[str | tuple[str, str | None] | tuple[str, str | None, int | None, int | None]] = (),
        hold: str | Sequence[str] = (),
        order: Literal["specific", "any"] = "specific",
        anchors: Sequence[int] = (),
        optional: int | Sequence[int] = (),
        reentry: Literal["default", "optimized", "aggressive"] = "default",
        attribution: int | Literal["first", "last"] = 1,
        sum_of: str | None = None,
        times: bool = False,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FunnelResult: ...

    @overload
    def funnel(
        self, funnel_id: int | None = None, *, compare: Compared, **asked: Any
    ) -> ComparisonResult[FunnelResult]: ...

    @overload
    def funnel(
        self, funnel_id: int | None = None, *, diff: TwoGroups, **asked: Any
    ) -> ComparisonResult[FunnelResult]: ...

    def funnel(self, funnel_id: int | None = None, **asked: Any) -> Any:
        """How many users took some steps one after the other.

        Each user enters once, with their first event of the first step in the days asked about; other
        events may come between; the last step may come after ``to_date``. Give ``steps``, or ``funnel_id`` of
        a funnel that is saved in Mixpanel.

        Example:
            >>> funnel = ws.funnel(steps=["View Product", "Add to Cart", "Purchase"], during="2025-01")
            >>> [(step.event, step.count) for step in funnel.steps]
            [('View Product', 4719), ('Add to Cart', 2429), ('Purchase', 1206)]
        """
        return self._answer(queries.Funnel, {"funnel_id": funnel_id, **asked})

    @overload
    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: LargeUnit = "day",
        type: Literal["birth", "compounded"] = "birth",
        mode: Literal["on", "on_or_after", "on_or_before", "streak"] = "on",
        alignment: Literal["rolling", "calendar"] = "rolling",
        brackets: Sequence[int] | None = None,
        prop: str | None = None,
        measure: Literal["sum", "average"] = "sum",
        on: str | Sequence[str] | None = None,
        limit: int = 255,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> RetentionResult: ...

    @overload
    def retention(self, *, compare: Compared, **asked: Any) -> ComparisonResult[RetentionResult]: ...

    @overload
    def retention(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[RetentionResult]: ...

    def retention(self, **asked: Any) -> Any:
        """Of the users who did something, how many came back, period by period.

        Periods roll from each user's own first event: 24 hours, 7 days or 30 days, ``interval`` times; or
        they are the project's days, weeks and months (``alignment="calendar"``). With ``prop`` the periods
        hold a property of the returns: its sum, or its average per user of the cohort. A period that was
        not fetched is None, not 0.

        Example:
            >>> retention = ws.retention(
            ...     born_event="Sign Up", unit="week", interval_count=2, during="2025-01"
            ... )
            >>> retention.records()[0]
            {'cohort_date': '2024-12-30', 'cohort_size': 164,
             'period_0': 151, 'period_1': 85, 'period_2': 55}
        """
        return self._answer(queries.Retention, asked)

    @overload
    def flow(
        self,
        *,
        start: str | tuple[str, str | None] | None = None,
        through: Sequence[str | tuple[str, str | None]] = (),
        end: str | tuple[str, str | None] | None = None,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        forward: int | None = None,
        back: int | None = None,
        count: Literal["uniques", "totals", "sessions"] = "uniques",
        window: int = 30,
        window_unit: Literal["second", "minute", "hour", "day", "week", "month"] = "day",
        limit: int = 3,
        hide: str | Sequence[str] = (),
        exclude: str | Sequence[str] = (),
        collapse_repeats: bool = False,
        hold: str | Sequence[str] = (),
        expand: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        on: str | None = None,
        where: str | None = None,
        segments: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FlowResult: ...

    @overload
    def flow(self, *, compare: Compared, **asked: Any) -> ComparisonResult[FlowResult]: ...

    @overload
    def flow(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[FlowResult]: ...

    def flow(self, **asked: Any) -> Any:
        """What users did after an event, before it, or between some events.

        ``start`` alone shows what came after, ``end`` alone what came before, both what came between, and
        ``through`` what came on either side. A flow begins within the days asked about; what follows may come
        later, within the window. A live flow costs two queries: Mixpanel answers paths in one of their own.

        With ``count="sessions"``, ``"$session_start"`` and ``"$session_end"`` are the start and the end of a
        session (https://docs.mixpanel.com/docs/features/sessions#flows).

        Raises:
            ParameterError: no event is named, or fields contradict each other.

        Example:
            >>> first = ws.flow(start="$session_start", forward=1, count="sessions", during="2025-01")
            >>> first.entered() == ws.sessions(unit="month", during="2025-01").total.sessions
            True
        """
        return self._answer(queries.Flow, asked)

    @overload
    def frequency(
        self,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: LargeUnit = "day",
        addiction_unit: Literal["hour", "day"] = "hour",
        event: str | None = None,
        where: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> FrequencyResult: ...

    @overload
    def frequency(self, *, compare: Compared, **asked: Any) -> ComparisonResult[FrequencyResult]: ...

    @overload
    def frequency(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[FrequencyResult]: ...

    def frequency(self, **asked: Any) -> Any:
        """In how many hours of a day, or days of a week or month, users were active.

        Example:
            >>> weeks = ws.frequency(unit="week", addiction_unit="day", during="2025-01").records()
            >>> weeks[0]["period_1"], weeks[0]["period_2"]  # active on at least one day, on at least two
            (1687, 240)
        """
        return self._answer(queries.Frequency, asked)

    @overload
    def sessions(
        self,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        unit: Unit = "day",
        event: str | None = None,
        where: str | None = None,
        on: str | None = None,
        timeout: int = 30,
        exclude: str | Sequence[str] = (),
        limit: int = 60,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        compare: None = None,
        diff: None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SessionsResult: ...

    @overload
    def sessions(self, *, compare: Compared, **asked: Any) -> ComparisonResult[SessionsResult]: ...

    @overload
    def sessions(self, *, diff: TwoGroups, **asked: Any) -> ComparisonResult[SessionsResult]: ...

    def sessions(self, **asked: Any) -> Any:
        """How many sessions there were, of how many users, how long they lasted and how much happened.

        Sessions are computed from the events, as Mixpanel does: one ends when its user does nothing for
        longer than ``timeout`` minutes, and at midnight. ``on`` is read from the first event of a session
        that has the property. Only tables answer. For SQL see :meth:`session_view`.
        """
        return self._answer(queries.Sessions, asked)

    def experiment(
        self,
        metrics: str | Metric | Sequence[str | Metric],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        exposure: str = "$experiment_started",
        variant: str = "Variant name",
        control: str | None = None,
        formulas: str | Formula | Sequence[str | Formula] = (),
        where: str | None = None,
        on: str | None = None,
        window: int | None = None,
        window_unit: Literal["hour", "day", "week"] = "day",
        cuped: int | None = None,
        winsorize: int | None = None,
        sequential: bool = False,
        correction: Literal["holm", "bonferroni", "bh", "none"] = "holm",
        confidence: int = 95,
        effect: int | None = None,
        split: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> ExperimentResult:
        """How the users of each variant of a test did after their exposure, and whether it may be chance.

        A user belongs to the variant of the first exposure that names one; what happened from that moment
        on counts. ``unique(Purchase)`` is the share of users who converted, ``Purchase`` how often they did,
        ``sum(Purchase, revenue)`` how much per user, ``average(Purchase, revenue)`` how much per event, and a
        formula ``B / A`` the ratio of two of these. ``where`` filters exposures, as by ``Experiment name``.

        Differences have intervals and p-values: z-tests of conversions and ratios (by the delta method),
        Welch's test of means. A look at a test that still runs takes ``sequential``. The page on statistics
        of the documentation says how each figure is computed. scipy is needed:
        ``pip install 'mixpanel-nb[stats]'``. Only tables answer
        (https://docs.mixpanel.com/docs/experiments is Mixpanel's own).
        """
        return self._answer(queries.Experiment, locals())

    def why(
        self,
        metric: str | Metric | ReportResult,
        date: Day | tuple[Day, Day],
        *,
        baseline: str | tuple[Day, Day] | None = None,
        unit: LargeUnit = "day",
        where: str | None = None,
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        annotations: bool = True,
        table: str | None = None,
        live: bool = False,
    ) -> WhyResult:
        """Why a day, week or month of a number is unlike those before it, or that it is not.

        Days as ``"2025-02-10..2025-02-16"`` are compared with ``baseline``, by default the whole weeks before
        them, four at least; numbers are then per day. The metric may also be a result, whose question it
        takes: of ``segmentation``, ``event_counts`` or ``insights`` with one metric, ``segmentation_sum`` or
        ``property_counts``. What is usual is learned from the eight weeks before; a bucket with a chance of
        less than 1 % is unusual. Then every property is tried: a value is a finding if its share of the whole
        shifted beyond what is usual for it, corrected for the number of values, and its own number moved that
        way. Events that came or went are listed, too. It says what moved together, not what caused it. scipy
        is needed: ``pip install 'mixpanel-nb[stats]'``. Only tables answer
        (https://docs.mixpanel.com/docs/root-cause-analysis is Mixpanel's own).
        """
        asked = {name: value for name, value in locals().items() if name != "self"}
        from mixpanel_nb.queries.why import of_result

        return self._answer(queries.Why, of_result(asked) if hasattr(metric, "question") else asked)

    def anomalies(
        self,
        *,
        days: int = 7,
        date: Day | None = None,
        where: str | None = None,
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> AnomaliesResult:
        """What was unusual in the last days: of any event, of each event, of values of the main properties.

        What is usual is learned from the eight weeks before each day, with the rhythm of the week. Chances
        are corrected for all numbers and days that are compared (Bonferroni): quiet days say nothing in at
        least 19 of 20 runs. Each row has the question that explains it, for ``why``. The main properties are
        the 20 that most events have, of 2 to 50 values that are no numbers. The last day is the last that the
        table holds in full. scipy is needed: ``pip install 'mixpanel-nb[stats]'``. Only tables answer.
        """
        return self._answer(queries.Anomalies, locals())

    def signal(
        self,
        goal: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        start: str | None = None,
        where: str | None = None,
        goal_where: str | None = None,
        goal_times: int = 1,
        after: int | None = None,
        window: int = 14,
        at_least: int | None = None,
        within: int | None = None,
        before_goal: bool = False,
        events: str | Sequence[str] = (),
        properties: str | Sequence[str] = (),
        limit: int = 10,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> SignalResult:
        """What users did who reached a goal, beside those who did not: which events, how often, how soon.

        Users begin with their first event of the days, or with their first ``start``; ``where`` filters
        these. They reach the goal with ``goal_times`` of it within ``window`` days. Without a goal it is to
        come back: any event in the second week. Users whose time is not over are left out.

        Every event but the goal is tried (and with ``properties`` each of their values): "at least 3 times
        within 7 days" of the start, the best of 1 to 10 times and 1 to 15 days by the phi coefficient. Where
        the goal counts from some days on (``after``), only days before are tried. Chances are Fisher's exact
        test, corrected for all that was compared (Bonferroni). What users did after the goal counts, too, as
        in Mixpanel's; ``before_goal`` leaves it out. It is correlation, not what causes it. Only tables
        answer (https://docs.mixpanel.com/docs/reports/apps/signal is Mixpanel's own).
        """
        return self._answer(queries.Signal, locals())

    def activity_feed(
        self,
        distinct_ids: str | Sequence[str],
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        in_cohort: str | Sequence[str] = (),
        not_in_cohort: str | Sequence[str] = (),
        identities: Literal["resolved", "raw"] | None = None,
        table: str | None = None,
        live: bool = False,
    ) -> ActivityFeedResult:
        """All events of some users, oldest first."""
        return self._answer(queries.ActivityFeed, locals())

    @overload
    def saved_report(
        self, bookmark_id: int, *, table: None = None, live: bool = False
    ) -> SavedReportResult: ...

    @overload
    def saved_report(
        self, bookmark_id: int, *, table: str, live: bool = False
    ) -> InsightsResult | FunnelResult | RetentionResult | FlowResult: ...

    def saved_report(self, bookmark_id: int, *, table: str | None = None, live: bool = False) -> Any:
        """A report that is saved in the project (``bookmarks()`` lists them), computed by Mixpanel.

        With a table, what the report asks becomes a query that the table answers: the result is that of
        ``insights``, ``funnel``, ``retention`` or ``flow``, and its ``question.query`` the query. Ranges of
        days such as "in the last 30 days" end with the table. Looking the report up costs no query.

        Raises ``NotFoundError`` if there is no such report, and ``ParameterError`` with the part of it that
        no query can hold.
        """
        return self._answer(queries.SavedReport, {"bookmark_id": bookmark_id, "table": table, "live": live})

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> JQLResult:
        """What a JQL script returns. Mixpanel has put JQL in maintenance mode and advises against new use.

        Raises ``QueryError`` if the script fails; the error shows the line and the place in it.
        """
        return self._answer(queries.JQL, locals())

    def reconcile(
        self, report: str, *subject: Any, on_ask: Callable[[str], None] | None = None, **asked: Any
    ) -> ReconcileResult:
        """One question asked of Mixpanel and of a table: which numbers differ, and why.

        It costs one query of the quota. The table is asked first, so that a mistake costs nothing; then
        Mixpanel once; then the table again for each possible cause: in the account's time zone, with copies
        of an event counted once, with other conversion windows. The record of fetches tells which days are
        missing, unfinished or filtered. A cause is ``tested`` only if the difference is gone then, or if
        nothing of these days was fetched; otherwise it is ``possible``.

        Args:
            report: ``segmentation``, ``segmentation_sum``, ``segmentation_average``, ``event_counts``,
                ``property_counts``, ``funnel`` (a saved one, by its id), ``retention`` or ``frequency``.
            subject: What the report is about, such as the event.
            on_ask: Called with one line before Mixpanel is asked.
            asked: The report's other parameters. ``table`` and days are filled in as for any report.

        Raises:
            ParameterError: only one side answers it, there is no table, or a parameter makes no sense.
            ConfigError: there is no account to ask Mixpanel with.
            TableNotFoundError: there is no such table.
            APIError: Mixpanel failed.

        Example:
            >>> found = ws.reconcile("segmentation", "Purchase", during="2025-01")
            >>> found.agrees, found.agreeing, found.compared
            (True, 31, 31)
        """
        from mixpanel_nb.queries.reconcile import reconcile_arguments, reconciled

        query = reconciled(report)

        def told(table: str) -> None:
            if on_ask is not None:
                on_ask(f"This asks Mixpanel one query of the quota, and the table {table} for the rest.")

        return self._reports.reconcile(query, reconcile_arguments(query, subject, asked), told)

    def expression(self, text: str, *, table: str | None = None) -> ExpressionResult:
        """A Mixpanel expression as SQL over a table.

        Args:
            text: Such as ``properties["plan"] == "pro"``.
            table: The table whose columns are used; the usual one by default.

        Example:
            >>> print(ws.expression('properties["plan"] == "pro"').sql)
            SELECT e.*
            FROM "events" AS e
            WHERE e."plan" = 'pro'
        """
        return self._reports.expression(text, table)

    def explore(
        self,
        event: str | None = None,
        *,
        from_date: Day | None = None,
        to_date: Day | None = None,
        last: str | int | None = None,
        during: str | None = None,
        table: str | None = None,
        live: bool = False,
        report: str = "segmentation",
    ) -> Explorer:
        """A widget with a form for any report, and its answer.

        Args:
            event: The event to begin with; by default a table's most frequent one.
            from_date: First day; days and table are filled in as for any report.
            to_date: Last day.
            last: The last days, such as ``30d``.
            during: One period, such as ``2025-03``.
            table: The table to ask.
            live: Ask Mixpanel also where there is a table.
            report: The report to begin with, such as ``why``.

        Raises:
            ParameterError: a date is invalid, both ``table`` and ``live`` are given, or there is no such
                report.
            TableNotFoundError: there is no such table.
        """
        given = {name: value for name, value in locals().items() if name not in {"self", "report"}}
        from mixpanel_nb.views.exploring import check_offered, opened

        check_offered(report)
        return opened(report, self._reports.open_question(given), self._reports)


class _Report:
    """Stands for a report's method until it is looked up: then the method is completed, and takes its place.

    Args:
        name: The report.
        method: The method as it is written.
    """

    def __init__(self, name: str, method: Callable[..., Any]) -> None:
        self._name = name
        self._method = method

    def __get__(self, workspace: Reports | None, owner: type[Reports]) -> Any:
        _describe(self._method, queries.QUERIES[self._name])
        setattr(Reports, self._name, self._method)
        return getattr(owner if workspace is None else workspace, self._name)


def _describe(method: Any, query: type[Query[Any]]) -> None:
    """Complete a report's method: its docstring by the parameters, its signature where it has overloads."""
    for plain in get_overloads(method)[:1]:
        signature = inspect.signature(plain)
        if "compare" not in signature.parameters:
            continue
        kinds = {"compare": "Compared | None", "diff": "TwoGroups | None"}
        compared = {name: signature.parameters[name].replace(annotation=kind) for name, kind in kinds.items()}
        known = (signature.parameters | compared).values()
        method.__signature__ = signature.replace(parameters=list(known))
    lines = [
        textwrap.fill(
            f"{name}: {help_text(parameter.help)}", 100, initial_indent=" " * 4, subsequent_indent=" " * 8
        )
        for name, parameter in request_parameters(query).items()
    ]
    method.__doc__ = "\n".join([textwrap.dedent(f"        {method.__doc__}").strip(), "", "Args:", *lines])


for _name in queries.QUERIES:
    setattr(Reports, _name, _Report(_name, vars(Reports)[_name]))
