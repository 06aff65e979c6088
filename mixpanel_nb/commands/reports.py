"""Mixpanel's reports: asked of Mixpanel, or with ``--table`` of a fetched table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from mixpanel_nb.commands.options import FromDate, ToDate, read_text
from mixpanel_nb.commands.session import session_of
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
from mixpanel_nb.results.question import parse_step

Event = Annotated[str, typer.Argument(metavar="EVENT", help="The event.")]
Table = Annotated[
    str | None, typer.Option("--table", metavar="TABLE", help="Ask this fetched table, and not Mixpanel.")
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="PROPERTY", help="Break down by this property (or expression)."),
]
Number = Annotated[
    str, typer.Option("--on", metavar="PROPERTY", help="The number: a property or expression.")
]
Where = Annotated[
    str | None, typer.Option("--where", metavar="EXPRESSION", help="Only events for which this is true.")
]
Unit = Annotated[str, typer.Option("--unit", metavar="UNIT", help="minute, hour, day, week or month.")]
LargeUnit = Annotated[str, typer.Option("--unit", metavar="UNIT", help="day, week or month.")]
Type = Annotated[
    str,
    typer.Option(
        "--type", metavar="TYPE", help="general: events; unique: people; average: events per person."
    ),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", help="Segments to show, the largest ones.")]


def segmentation(
    context: typer.Context,
    event: Event,
    from_date: FromDate,
    to_date: ToDate,
    on: On = None,
    unit: Unit = "day",
    where: Where = None,
    kind: Type = "general",
    limit: Limit = 60,
    table: Table = None,
) -> SegmentationResult:
    """Show how often an event happened, over time and by segment.

    Example: mp segmentation "Sign Up" --from 2025-01-01 --to 2025-03-31 --on plan --table events
    """
    return session_of(context).workspace.segmentation(
        event,
        from_date=from_date,
        to_date=to_date,
        on=on,
        unit=_checked(unit),
        where=where,
        type=_checked(kind),
        limit=limit,
        table=table,
    )


def segmentation_numeric(
    context: typer.Context,
    event: Event,
    from_date: FromDate,
    to_date: ToDate,
    on: Number,
    unit: Unit = "day",
    where: Where = None,
    kind: Type = "general",
    buckets: Annotated[int, typer.Option("--buckets", metavar="N", help="About how many ranges.")] = 10,
    table: Table = None,
) -> NumericBucketResult:
    """Show how often an event happened, over time and by ranges of a number.

    Example: mp segmentation-numeric Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.segmentation_numeric(
        event,
        from_date=from_date,
        to_date=to_date,
        on=on,
        unit=_checked(unit),
        where=where,
        type=_checked(kind),
        buckets=buckets,
        table=table,
    )


def segmentation_sum(
    context: typer.Context,
    event: Event,
    from_date: FromDate,
    to_date: ToDate,
    on: Number,
    unit: Unit = "day",
    where: Where = None,
    table: Table = None,
) -> NumericSumResult:
    """Sum a number over the events, over time.

    Example: mp segmentation-sum Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.segmentation_sum(
        event, from_date=from_date, to_date=to_date, on=on, unit=_checked(unit), where=where, table=table
    )


def segmentation_average(
    context: typer.Context,
    event: Event,
    from_date: FromDate,
    to_date: ToDate,
    on: Number,
    unit: Unit = "day",
    where: Where = None,
    table: Table = None,
) -> NumericAverageResult:
    """Average a number over the events, over time; what is no number counts as 0, as in Mixpanel.

    Example: mp segmentation-average Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.segmentation_average(
        event, from_date=from_date, to_date=to_date, on=on, unit=_checked(unit), where=where, table=table
    )


def event_counts(
    context: typer.Context,
    events: Annotated[list[str], typer.Argument(metavar="EVENT", help="The events.")],
    from_date: FromDate,
    to_date: ToDate,
    unit: Unit = "day",
    kind: Type = "general",
    where: Where = None,
    table: Table = None,
) -> EventCountsResult:
    """Show several events side by side, over time.

    Example: mp event-counts "Sign Up" Purchase --from 2025-01-01 --to 2025-03-31 --unit week --table events
    """
    return session_of(context).workspace.event_counts(
        events,
        from_date=from_date,
        to_date=to_date,
        unit=_checked(unit),
        type=_checked(kind),
        where=where,
        table=table,
    )


def property_counts(
    context: typer.Context,
    event: Event,
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="The property.")],
    from_date: FromDate,
    to_date: ToDate,
    value: Annotated[
        list[str] | None, typer.Option("--value", metavar="VALUE", help="Only this value (repeatable).")
    ] = None,
    unit: Unit = "day",
    kind: Type = "general",
    where: Where = None,
    limit: Limit = 255,
    table: Table = None,
) -> PropertyCountsResult:
    """Show the values of a property of an event, over time.

    Example: mp property-counts Purchase plan --from 2025-01-01 --to 2025-03-31 --unit week --table events
    """
    return session_of(context).workspace.property_counts(
        event,
        prop,
        from_date=from_date,
        to_date=to_date,
        values=value or None,
        unit=_checked(unit),
        type=_checked(kind),
        where=where,
        limit=limit,
        table=table,
    )


def top_events(
    context: typer.Context,
    kind: Type = "general",
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Events to show.")] = 100,
    date: Annotated[
        str | None, typer.Option("--date", metavar="YYYY-MM-DD", help="The day; the table's last by default.")
    ] = None,
    table: Table = None,
) -> TopEventsResult:
    """List the most frequent events of a day, and how they changed since the day before.

    Example: mp top-events --table events
    """
    return session_of(context).workspace.top_events(type=_checked(kind), limit=limit, date=date, table=table)


def funnel(
    context: typer.Context,
    from_date: FromDate,
    to_date: ToDate,
    funnel_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A saved funnel, for Mixpanel (see: mp funnels).")
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(
            "--step", metavar="EVENT", help="For a table: a step (repeatable), as 'Purchase where …'."
        ),
    ] = None,
    window: Annotated[
        int | None,
        typer.Option(
            "--window", metavar="N", help="How long after the first step the last may come; 7 days."
        ),
    ] = None,
    window_unit: Annotated[
        str, typer.Option("--window-unit", metavar="UNIT", help="second, minute, hour, day or week.")
    ] = "day",
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="UNIT", help="A funnel of its own for each such bucket.")
    ] = None,
    on: On = None,
    where: Where = None,
    limit: Limit = 255,
    table: Table = None,
) -> FunnelResult:
    """Show how many people took some steps one after the other.

    Mixpanel knows saved funnels, by their ID; of a table any --step … --step can be asked.

    Example: mp funnel --step "View Product" --step Purchase --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.funnel(
        None if funnel_id is None else _number(funnel_id),
        steps=[parse_step(text) for text in step] if step else None,
        from_date=from_date,
        to_date=to_date,
        window=window,
        window_unit=_checked(window_unit),
        unit=_checked(unit),
        on=on,
        where=where,
        limit=limit,
        table=table,
    )


def retention(
    context: typer.Context,
    from_date: FromDate,
    to_date: ToDate,
    born: Annotated[
        str | None, typer.Option("--born", metavar="EVENT", help="What makes someone part of a cohort.")
    ] = None,
    returned: Annotated[
        str | None, typer.Option("--return", metavar="EVENT", help="What counts as coming back; any event.")
    ] = None,
    born_where: Annotated[
        str | None, typer.Option("--born-where", metavar="EXPRESSION", help="Filter of the former.")
    ] = None,
    return_where: Annotated[
        str | None, typer.Option("--return-where", metavar="EXPRESSION", help="Filter of the latter.")
    ] = None,
    unit: LargeUnit = "day",
    interval: Annotated[
        int, typer.Option("--interval", metavar="N", help="Units in a period; 7 days are a week.")
    ] = 1,
    intervals: Annotated[int, typer.Option("--intervals", metavar="N", help="The last period.")] = 10,
    kind: Annotated[
        str,
        typer.Option(
            "--type",
            metavar="TYPE",
            help="birth: cohorts of who did --born; compounded: of who did --return.",
        ),
    ] = "birth",
    unbounded: Annotated[
        bool, typer.Option("--unbounded", help="Coming back later counts for all periods before, too.")
    ] = False,
    on: On = None,
    limit: Limit = 255,
    table: Table = None,
) -> RetentionResult:
    """Show how many of those who did something came back, period by period.

    Example: mp retention --born "Sign Up" --unit week --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.retention(
        born_event=born,
        return_event=returned,
        from_date=from_date,
        to_date=to_date,
        born_where=born_where,
        return_where=return_where,
        interval=interval,
        interval_count=intervals,
        unit=_checked(unit),
        type=_checked(kind),
        unbounded=unbounded,
        on=on,
        limit=limit,
        table=table,
    )


def frequency(
    context: typer.Context,
    from_date: FromDate,
    to_date: ToDate,
    unit: LargeUnit = "day",
    addiction_unit: Annotated[
        str, typer.Option("--addiction-unit", metavar="UNIT", help="What is counted in it: hour or day.")
    ] = "hour",
    event: Annotated[
        str | None, typer.Option("--event", metavar="EVENT", help="What counts as active; any event.")
    ] = None,
    where: Where = None,
    table: Table = None,
) -> FrequencyResult:
    """Show in how many hours of a day, or days of a week or month, people were active.

    Example: mp frequency --unit week --addiction-unit day --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.frequency(
        from_date=from_date,
        to_date=to_date,
        unit=_checked(unit),
        addiction_unit=_checked(addiction_unit),
        event=event,
        where=where,
        table=table,
    )


def activity_feed(
    context: typer.Context,
    distinct_ids: Annotated[list[str], typer.Argument(metavar="ID", help="The people's distinct_id.")],
    from_date: FromDate,
    to_date: ToDate,
    table: Table = None,
) -> ActivityFeedResult:
    """List all events of some people, oldest first.

    Example: mp activity-feed user_000001 --from 2025-01-01 --to 2025-03-31 --table events
    """
    return session_of(context).workspace.activity_feed(
        distinct_ids, from_date=from_date, to_date=to_date, table=table
    )


def saved_report(
    context: typer.Context,
    bookmark_id: Annotated[str, typer.Argument(metavar="ID", help="The saved report (see: mp bookmarks).")],
) -> SavedReportResult:
    """Show a report that is saved in the project, as Mixpanel computes it.

    Example: mp saved-report 12345
    """
    return session_of(context).workspace.saved_report(_number(bookmark_id))


def jql(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The script; - is standard input.", allow_dash=True)
    ],
    params: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help="An object, for the script's params.")
    ] = None,
) -> JQLResult:
    """Run a JQL script. Mixpanel has put JQL in maintenance mode and advises against new use.

    Example: mp jql report.js --params '{"from_date": "2025-01-01"}'
    """
    return session_of(context).workspace.jql(read_text(file), _object(params))


def expression(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="EXPRESSION", help="A Mixpanel expression.")],
    table: Annotated[str, typer.Option("--table", metavar="TABLE", help="The table it is about.")] = "events",
) -> ExpressionResult:
    """Show a Mixpanel expression as SQL.

    Example: mp expression 'properties["plan"] == "pro"' --table events
    """
    return session_of(context).workspace.expression(text, table=table)


def _checked(value: str | None) -> Any:
    """A value whose choices the report itself checks, with a better message than a parser has."""
    return cast("Any", value)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise typer.BadParameter(f"{text[:40]!r} is no ID: it is a whole number.")
    return int(text)


def _object(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"--params takes a JSON object, and {text[:40]!r} is none.")
    return value
