"""``LocalQueryService``: Mixpanel's reports over a fetched table, with no quota and no network."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from mixpanel_nb import analytics, queries, results
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query, changed
from mixpanel_nb.queries.checks import MAX_SEGMENTS
from mixpanel_nb.queries.customs import custom_event
from mixpanel_nb.services.dates import table_range
from mixpanel_nb.services.local import reports
from mixpanel_nb.services.local.shapes import like_segments
from mixpanel_nb.services.local.table import ANY_DAY, AskedTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.rows import RowSource
    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.weekdays import Weekday

Answer = TypeVar("Answer", bound="ReportResult")


class LocalQueryService:
    """Answers queries from a table.

    ``docs/local-reports.md`` defines each report.

    Args:
        engine: Where the tables are.
        table: The table to ask.
        zone: The project's time zone.
        clock: Unix seconds, for ``NOW`` in expressions.
        week_start: The day on which weeks of the project begin.
        hidden: Returns the events that are known to be hidden in the project's Lexicon.
    """

    def __init__(
        self,
        engine: Engine,
        table: str,
        zone: ZoneInfo,
        clock: Callable[[], float] = time.time,
        *,
        week_start: Weekday = "monday",
        hidden: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._engine = engine
        self._table = AskedTable(engine, table, zone, clock, week_start, hidden)

    def ask(self, query: Query[Answer]) -> Answer:
        """The answer to a query.

        Raises:
            ParameterError: only Mixpanel can answer it.
            ExpressionError: there is a mistake in an expression.
            TableNotFoundError: there is no such table.
        """
        _check_names(query)
        return cast("Answer", reports.answer(self._table, query))

    def copies(self, query: Query[Any]) -> int:
        """The number of events on a query's days of which the table has several copies; 0 without ids."""
        context = self._table.ask(query).context
        if not context.events.has_insert_id:
            return 0
        ((found,),) = self._engine.rows(analytics.copies.statement(context))
        return int(found)

    def both(self, query: Query[Answer], other: Query[Answer]) -> tuple[Answer, Answer]:
        """The answers to a query and to the same query about other days, for a comparison.

        If a limit leaves out segments, the second answer has the segments of the first. Both answers have the
        same ranges of numbers. Their questions record these segments and ranges.
        """
        answers: Any
        from mixpanel_nb.services.local.reports import insights, segmentation

        match query, other:
            case (queries.Active(), queries.Active()):
                answers = insights.both(self._table, query.insights, other.insights)
            case (queries.Insights(), queries.Insights()):
                answers = insights.both(self._table, query, other)
            case (queries.SegmentationNumeric(), queries.SegmentationNumeric()):
                answers = segmentation.both_numeric(self._table, query, other)
            case (queries.Segmentation(), queries.Segmentation()):
                answers = self._both_segmented(query, other)
            case (queries.PropertyCounts(), queries.PropertyCounts()):
                answers = self._both_segmented(query, other)
            case _:
                answers = self.ask(query), self.ask(other)
        return cast("tuple[Answer, Answer]", answers)

    def _both_segmented(self, query: Query[Any], other: Query[Any]) -> tuple[Any, Any]:
        """Both answers; the second with the segments of the first if a limit leaves out some of either."""
        segmented = (results.SegmentationResult, results.PropertyCountsResult)
        answer, before = self.ask(query), self.ask(other)
        if (
            isinstance(answer, segmented)
            and isinstance(before, segmented)
            and (answer.left_out or before.left_out)
        ):
            limit = max(getattr(query, "limit", 0), MAX_SEGMENTS)
            before = like_segments(answer, self.ask(changed(other, limit=limit)))
        return answer, before

    def users(
        self, query: Query[Any], found: Mapping[str, Any]
    ) -> tuple[Statement, RowSource, tuple[str, ...], tuple[date, date]]:
        """The users behind a number of a report.

        Args:
            query: The report.
            found: What the number stands for in the table.

        Returns:
            The statement, its rows, notes, and the days of the report.

        Raises:
            TableNotFoundError: there is no such table.
        """
        context, text, days = self._members(query, found)
        statement = analytics.users.statement(context, text, context.find_profiles())
        notes = tuple(dict.fromkeys(context.notes))
        return statement, self._engine.source(statement), notes, days

    def shared(
        self,
        one: tuple[Query[Any], Mapping[str, Any]],
        other: tuple[Query[Any], Mapping[str, Any]],
    ) -> tuple[int, int, int]:
        """How many users are behind a number of a report, behind one of another, and behind both.

        Args:
            one: A report, and what the number stands for in the table.
            other: The other.

        Raises:
            TableNotFoundError: there is no such table.
        """
        users = []
        for query, found in (one, other):
            context, text, _ = self._members(query, found)
            users.append(analytics.users.statement(context, text, None))
        ((first, second, both),) = self._engine.rows(analytics.users.shared(*users))
        return int(first), int(second), int(both)

    def in_both(
        self,
        ones: Sequence[tuple[Query[Any], Mapping[str, Any]]],
        others: Sequence[tuple[Query[Any], Mapping[str, Any]]],
    ) -> dict[tuple[int, int], int]:
        """How many users are behind each of some numbers and each of others; a pair without any is not named.

        Args:
            ones: Reports, and what their numbers stand for in the table.
            others: The others.

        Raises:
            TableNotFoundError: there is no such table.
        """
        first, second = (
            [
                analytics.users.statement(context, text, None)
                for context, text, _ in (self._members(query, found) for query, found in side)
            ]
            for side in (ones, others)
        )
        rows = self._engine.rows(analytics.users.in_both(first, second))
        return {(int(one), int(other)): int(users) for one, other, users in rows}

    def events_of(
        self,
        whose: tuple[Query[Any], Mapping[str, Any]] | Sequence[str],
        first: date,
        last: date,
        identities: str | None = None,
    ) -> tuple[Statement, RowSource]:
        """All events of some users in some days: of a number of a report, or of their ids.

        Args:
            whose: The report and what the number stands for, or ids.
            first: The first day.
            last: The last day.
            identities: How the report reads users.

        Raises:
            TableNotFoundError: there is no such table.
        """
        text: str | Sequence[str]
        if isinstance(whose, tuple) and whose and isinstance(whose[0], Query):
            context, text, _ = self._members(whose[0], whose[1])
            asked = self._table.asked_of(*table_range(first, last)).context
            context = replace(context, period=asked.period, in_cohort=(), not_in_cohort=())
        else:
            context = self._table.asked_of(*table_range(first, last), identities=identities).context
            text = [str(each) for each in whose]
        statement = analytics.users.events(context, text)
        return statement, self._engine.source(statement)

    def _members(
        self, query: Query[Any], found: Mapping[str, Any]
    ) -> tuple[ReportContext, str, tuple[date, date]]:
        """The users of a number as SQL, with its context and the days of the report."""
        from mixpanel_nb.services.local.reports import insights
        from mixpanel_nb.services.local.users import members

        found = dict(found)
        found |= found.pop("settled", {})
        if isinstance(query, queries.Active | queries.Insights):
            asked = query.insights if isinstance(query, queries.Active) else query
            return insights.members(self._table, asked, **found)
        if isinstance(query, queries.TopEvents):
            days = (found["day"] or ANY_DAY,) * 2
        elif isinstance(query, queries.Anomalies):
            days = found.pop("days")
        else:
            days = query.from_date, query.to_date  # type: ignore[attr-defined]  # all others have them
        context = self._table.asked_of(*table_range(*days), query).context
        if isinstance(query, queries.Experiment | queries.Signal):
            found["known_until"] = self._table.known_until(context)
        return context, members(context, query, found), days

    def expression(self, text: str) -> results.ExpressionResult:
        """The events of a table for which an expression is true, as SQL."""
        context = self._table.asked_of(ANY_DAY, ANY_DAY).context
        statement = context.statement(
            f"SELECT {context.events.everything}\n{context.select().where(text).sql('')}"
        )
        return results.ExpressionResult(
            text, self._table.name, self._engine.shown(statement), tuple(context.notes)
        )


def _check_names(query: Query[Any]) -> None:
    """Check that custom events are named only where a table can be asked for several events at once.

    Raises:
        ParameterError: one is named elsewhere.
    """
    for name in _PLAIN_NAMES.get(query.name, ()):
        for each in getattr(query, name) or ():
            event = getattr(each, "event", each)
            if custom_event(event) is not None:
                message = [Word(name), f" takes events by their own names here, not {event!r}."]
                raise ParameterError(message, parameter=name, value=event)


_PLAIN_NAMES: dict[str, tuple[str, ...]] = {
    "event_counts": ("events",),
    "flow": ("hide", "exclude", "expand"),
    "sessions": ("exclude",),
    "signal": ("events",),
}
