"""Report results as small and as hostile as the tests need them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

from mixpanel_nb.queries import Metric, Segmentation, Why
from mixpanel_nb.queries.signal import Did
from mixpanel_nb.results import (
    ActivityEvent,
    ActivityFeedResult,
    AnomaliesResult,
    Anomaly,
    Behaviour,
    Cause,
    EventCountsResult,
    ExperimentEffect,
    ExperimentGroup,
    ExperimentResult,
    Finding,
    FlowEdge,
    FlowNode,
    FlowPath,
    FlowResult,
    FrequencyResult,
    FunnelResult,
    FunnelStep,
    NumericAverageResult,
    NumericBucketResult,
    NumericSumResult,
    PropertyCountsResult,
    ReconciledNumber,
    ReconcileResult,
    ReportResult,
    RetentionCohort,
    RetentionResult,
    SegmentationResult,
    SessionFigures,
    SessionsResult,
    SignalResult,
    TopEvent,
    TopEventsResult,
    WhyResult,
)
from mixpanel_nb.results.numbers import Measure
from mixpanel_nb.results.reconcile import CauseName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIRST = date(2025, 1, 1)


def day(number: int) -> date:
    """The day so many days after the first."""
    return FIRST + timedelta(days=number)


def days(count: int) -> tuple[date, ...]:
    """So many days from the first on."""
    return tuple(day(number) for number in range(count))


def range_of(dates: tuple[date, ...], **changes: Any) -> dict[str, Any]:
    """The fields most reports share."""
    fields = {"from_date": dates[0], "to_date": dates[-1], "unit": "day", "where": None, "dates": dates}
    return fields | changes


def segmentation(
    values: Mapping[str, Mapping[Any, float]], count: int = 4, **changes: Any
) -> SegmentationResult:
    fields = {"event": "Sign Up", "type": "general", "on": "plan", "values": values}
    return SegmentationResult(**(range_of(days(count)) | fields | changes))


def plans(count: int = 4, **changes: Any) -> SegmentationResult:
    """``pro`` every day, ``free`` on the first and third."""
    pro = {day(number): 10 + number for number in range(count)}
    values = {"pro": pro, "free": {day(0): 3, day(2): 5}}
    return segmentation(changes.pop("values", values), count, **changes)


def buckets(**changes: Any) -> NumericBucketResult:
    fields: dict[str, Any] = {
        "event": "Purchase",
        "on": 'properties["amount"]',
        "type": "general",
        "buckets": ((2_000, 2_100), (2_100, 2_200), (2_200, 2_300)),
        "values": {0: {day(0): 4}, 2: {day(0): 1, day(1): 5}},
    }
    return NumericBucketResult(**(range_of(days(2)) | fields | changes))


def total(**changes: Any) -> NumericSumResult:
    fields = {"event": "Purchase", "on": "amount", "values": {day(0): 10.5, day(2): 1200.25}}
    return NumericSumResult(**(range_of(days(3)) | fields | changes))


def average(**changes: Any) -> NumericAverageResult:
    fields = {"event": "Purchase", "on": "amount", "values": {day(0): 10.0, day(1): None, day(2): 12.5}}
    return NumericAverageResult(**(range_of(days(3)) | fields | changes))


def event_counts(**changes: Any) -> EventCountsResult:
    fields: dict[str, Any] = {
        "events": ("Sign Up", "Purchase", "Never"),
        "type": "general",
        "values": {"Purchase": {day(1): 2}, "Sign Up": {day(0): 7}},
    }
    return EventCountsResult(**(range_of(days(2)) | fields | changes))


def property_counts(**changes: Any) -> PropertyCountsResult:
    fields: dict[str, Any] = {
        "event": "Sign Up",
        "prop": "plan",
        "type": "unique",
        "values": {"pro": {day(0): 7, day(1): 1}, "free": {day(1): 2}},
    }
    return PropertyCountsResult(**(range_of(days(2)) | fields | changes))


def top_events(**changes: Any) -> TopEventsResult:
    events = (TopEvent("Page View", 1_200, 0.5), TopEvent("Purchase", 30, -0.25), TopEvent("New", 2, 1.0))
    fields: dict[str, Any] = {"date": day(0), "type": "general", "events": events}
    return TopEventsResult(**(fields | changes))


FUNNEL = ("Sign Up", "Add to Cart", "Purchase")


def path(*counts: int, **split: Any) -> tuple[FunnelStep, ...]:
    """The steps of one funnel, by how many users reached each; an hour from step to step."""
    steps = []
    for number, count in enumerate(counts):
        before = counts[number - 1] if number else count
        reached = number > 0 and count > 0
        steps.append(
            FunnelStep(
                step=number + 1,
                event=FUNNEL[number],
                count=count,
                step_conv_ratio=1.0 if not number else count / before if before else 0.0,
                overall_conv_ratio=1.0 if not number else count / counts[0] if counts[0] else 0.0,
                avg_time=3_600.0 if reached else None,
                avg_time_from_start=3_600.0 * number if reached else None,
                **split,
            )
        )
    return tuple(steps)


def funnel(*paths: tuple[FunnelStep, ...], **changes: Any) -> FunnelResult:
    fields: dict[str, Any] = {
        "steps": sum(paths or (path(8_000, 4_000, 1_000),), ()),
        "events": FUNNEL,
        "from_date": day(0),
        "to_date": day(30),
        "window": 7,
        "window_unit": "day",
        "unit": None,
        "on": None,
        "where": None,
    }
    return FunnelResult(**(fields | changes))


def cohorts(segment: str | tuple[str, ...] | None = None) -> tuple[RetentionCohort, ...]:
    """Three weeks: one that is over, one without users, one that has just begun."""
    return (
        RetentionCohort(date(2025, 1, 6), 200, (150, 100, 50), segment, (True, True, True)),
        RetentionCohort(date(2025, 1, 13), 0, (0, 0, None), segment, (True, True, False)),
        RetentionCohort(date(2025, 1, 20), 100, (90, 10, None), segment, (True, False, False)),
    )


def retention(*found: RetentionCohort, **changes: Any) -> RetentionResult:
    fields: dict[str, Any] = {
        "cohorts": found or cohorts(),
        "born_event": "Sign Up",
        "return_event": "Purchase",
        "from_date": date(2025, 1, 6),
        "to_date": date(2025, 1, 26),
        "unit": "week",
        "interval": 1,
        "interval_count": 2,
        "type": "birth",
        "mode": "on",
        "born_where": None,
        "return_where": None,
    }
    return RetentionResult(**(fields | changes))


def frequency(**changes: Any) -> FrequencyResult:
    fields: dict[str, Any] = {
        "unit": "week",
        "addiction_unit": "day",
        "event": None,
        "dates": (date(2025, 1, 6), date(2025, 1, 13)),
        "from_date": date(2025, 1, 6),
        "to_date": date(2025, 1, 19),
        "where": None,
        "counts": {date(2025, 1, 6): (40, 20, 10)},
    }
    return FrequencyResult(**(fields | changes))


def flow(segments: Sequence[str | None] = (None,), event: str = "Sign Up", **changes: Any) -> FlowResult:
    nodes = [
        FlowNode(0, event, 90, "anchor"),
        FlowNode(1, "View", 50, "event"),
        FlowNode(1, "$other", 10, "other"),
        FlowNode(2, "Buy", 40, "anchor"),
        FlowNode(2, "$dropoff", 50, "dropoff"),
    ]
    edges = [
        FlowEdge(0, event, "View", 50, 1),
        FlowEdge(0, event, "$other", 10, 1),
        FlowEdge(0, event, "$dropoff", 30, 2),
        FlowEdge(1, "View", "Buy", 40, 2),
        FlowEdge(1, "View", "$dropoff", 10, 2),
        FlowEdge(1, "$other", "$dropoff", 10, 2),
    ]
    paths = [FlowPath((event, "View", "…", "Buy"), 40, 0.4), FlowPath((event, "$dropoff"), 30, 0.3)]

    def split(items: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(replace(item, segment=segment) for segment in segments for item in items)

    fields: dict[str, Any] = {
        "flow_nodes": split(nodes),
        "flow_edges": split(edges),
        "flow_paths": split(paths),
        "anchors": (event, "Buy"),
        "from_date": day(0),
        "to_date": day(3),
        "count": "uniques",
        "window": 30,
        "window_unit": "day",
        "forward": 1,
        "back": 0,
        "limit": 3,
        "on": None,
        "where": None,
    }
    return FlowResult(**(fields | changes))


def sessions(**changes: Any) -> SessionsResult:
    figures = SessionFigures(30, 20, 95.5, 60.0, 300.0, 4.2)
    fields: dict[str, Any] = {
        "from_date": day(0),
        "to_date": day(2),
        "unit": "day",
        "event": None,
        "where": None,
        "on": None,
        "timeout": 30,
        "exclude": (),
        "dates": (day(0), day(1), day(2)),
        "totals": {"$overall": figures},
        "figures": {"$overall": {day(0): figures, day(2): figures}},
    }
    return SessionsResult(**(fields | changes))


def experiment(
    segments: Sequence[str] = ("$overall",), metric: str = "Buy", variant: str = "B", **changes: Any
) -> ExperimentResult:
    effects = [
        effect
        for segment in segments
        for effect in (
            ExperimentEffect(segment, metric, "conversion", "A", 900, 0.3),
            ExperimentEffect(
                *(segment, metric, "conversion", variant, 910, 0.25, 0.3, -0.05, -0.09, -0.01),
                *(-0.1667, -0.29, -0.03, 0.016, 0.032, 0.2, None, 0.01, "z"),
            ),
            ExperimentEffect(segment, f"{metric} / 0", "ratio", "A", 900, None),
            ExperimentEffect(segment, f"{metric} / 0", "ratio", variant, 910, None),
        )
    ]
    fields: dict[str, Any] = {
        "exposure": "$experiment_started",
        "variant": "Variant name",
        "control": "A",
        "from_date": day(0),
        "to_date": day(3),
        "window": 7,
        "window_unit": "day",
        "where": None,
        "on": None,
        "cuped": 14,
        "winsorize": 1,
        "sequential": False,
        "correction": "holm",
        "confidence": 95,
        "effect": None,
        "exposed": tuple(
            ExperimentGroup(segment, name, users)
            for segment in segments
            for name, users in (("A", 900), (variant, 910))
        ),
        "effects": tuple(effects),
        "mismatch": 0.0001,
        "undefined": 3,
        "switched": 1,
        "waiting": 20,
    }
    return ExperimentResult(**(fields | changes))


def why(name: str = "plan", value: str = "pro", **changes: Any) -> WhyResult:
    found = (
        Finding("value", name, value, 90.0, 40.0, 0.8, 0.3, 0.001),
        Finding("value", "$os", value, 91.0, 39.0, 0.8, 0.3, 0.001, f"{name} = {value}"),
        Finding("event", "event", value, 9.0, 0.0, None, 0.0, 0.04),
    )
    fields: dict[str, Any] = {
        "metric": "Buy",
        "date": day(3),
        "unit": "day",
        "where": None,
        "actual": 160.0,
        "expected": 100.0,
        "score": 5.5,
        "chance": 0.0005,
        "dates": days(4),
        "actuals": (None, 98.0, 101.0, 160.0),
        "expecteds": (None, None, 100.0, 100.0),
        "findings": found,
        "tried": (name, "$os"),
        "skipped": (value,),
        "comparisons": 12,
        "left_out": 2,
    }
    return WhyResult(**(fields | changes))


def anomalies(name: str = "plan", value: str = "pro", **changes: Any) -> AnomaliesResult:
    every = Why.of({"metric": "*", "date": day(3), "properties": (name,)})
    event = Why.of({"metric": Metric(value), "date": day(3)})
    lines = (90.0, None, 160.0), (None, 95.0, 100.0)
    fields: dict[str, Any] = {
        "from_date": day(2),
        "to_date": day(3),
        "where": None,
        "anomalies": (
            Anomaly(day(3), "all", None, None, 160.0, 100.0, 0.0001, (value,), every, *lines),
            Anomaly(day(3), "value", name, value, 60.0, 0.0, 0.0001, (f"$os = {value}",), every, *lines),
            Anomaly(day(2), "event", None, value, 9.0, 20.0, 0.04, (), event, *lines),
        ),
        "judged": 2,
        "events": 3,
        "tried": (name,),
        "comparisons": 12,
        "left_out": 2,
        "dates": tuple(map(day, range(1, 4))),
    }
    return AnomaliesResult(**(fields | changes))


def signal(goal: str = "Purchase", event: str = "Search", **changes: Any) -> SignalResult:
    fields: dict[str, Any] = {
        "goal": goal,
        "from_date": day(0),
        "to_date": day(6),
        "start": event,
        "where": None,
        "goal_where": None,
        "goal_times": 1,
        "after": 0,
        "window": 14,
        "before_goal": False,
        "properties": ("plan",),
        "most_times": 10,
        "most_days": 14,
        "at_least": None,
        "within": None,
        "total": 100,
        "reached": 50,
        "behaviours": (
            Behaviour(Did(event, None, None, 2, 3), 30, 10, 20, 40, 0.0001),
            Behaviour(Did(event, "plan", goal, 1, 1), 10, 30, 40, 20, 0.02),
            Behaviour(Did(goal, None, None, 1, 14), 26, 24, 24, 26, 1.0),
        ),
        "waiting": 4,
        "tried": 5,
        "rare": 2,
        "comparisons": 90,
        "left_out": 2,
    }
    return SignalResult(**(fields | changes))


def reconciled(event: str = "Purchase", table: str = "events", **changes: Any) -> ReconcileResult:
    """Three days, of which the last two differ, for each reason that there is."""
    here = plans(3, event=event, on="plan", sql="SELECT 1")
    counts = Measure("count", adds_up=True)
    names: tuple[CauseName, ...] = get_args(CauseName)
    fields: dict[str, Any] = {
        "asked": Segmentation(event=event, from_date=day(0), to_date=day(2), on="plan", table=table),
        "table": table,
        "mixpanel": plans(3, event=event, on="plan", request={"method": "GET", "path": "/segmentation"}),
        "local": here,
        "numbers_found": (
            ReconciledNumber(day(0), ("pro",), counts, 3, 3),
            ReconciledNumber(day(1), ("pro",), counts, 5, 3, ("late_events",), agrees=False),
            ReconciledNumber(day(2), ("pro",), counts, 4, None, names, agrees=False),
            ReconciledNumber(day(2), (event,), counts, None, 4, agrees=None),
        ),
        "causes": tuple(Cause(name, "possible", f"{event} is why.", 1, f"sync {table}") for name in names),
        "keys": ("segment",),
        "date_column": "date",
    }
    return ReconcileResult(**(fields | changes))


def activity(**changes: Any) -> ActivityFeedResult:
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    events = (
        ActivityEvent("Sign Up", noon, "user-1", {"plan": "pro", "$city": "Paris", "time": 5}),
        ActivityEvent("Purchase", noon + timedelta(hours=30), "user-1", {"amount": 12.5, "tags": ["a"]}),
    )
    fields: dict[str, Any] = {
        "distinct_ids": ("user-1",),
        "from_date": day(0),
        "to_date": day(3),
        "events": events,
    }
    return ActivityFeedResult(**(fields | changes))


def every_report() -> list[ReportResult]:
    """One of each kind, and of each shape a kind can have."""
    segments = ("$overall", "free", "pro")
    split_funnel = [path(90, 60, 30, segment=name) for name in segments]
    over_time = [path(90, 60, number, date=day(number)) for number in range(4)]
    split_sessions: dict[str, Any] = {
        "totals": dict.fromkeys(segments, sessions().total),
        "figures": dict.fromkeys(segments, sessions().figures["$overall"]),
    }
    split_cohorts = [cohort for name in segments for cohort in cohorts(name)]
    return [
        plans(sql="SELECT 1"),
        plans(on=None, values={"total": {day(0): 3}}, request={"method": "GET", "path": "/segmentation"}),
        plans(1),
        buckets(),
        buckets(type="average", values={0: {day(0): 1.5}}),
        total(),
        average(),
        event_counts(),
        property_counts(),
        top_events(),
        funnel(),
        funnel(*split_funnel, on="plan"),
        funnel(*over_time, unit="day"),
        retention(),
        retention(*split_cohorts, on="plan"),
        frequency(),
        flow(),
        flow(("$overall", "free", "pro"), on="plan"),
        sessions(),
        sessions(on="plan", **split_sessions),
        experiment(),
        experiment(("$overall", "free"), on="plan", effect=10, sequential=True),
        why(),
        anomalies(),
        signal(),
        reconciled(),
        activity(),
    ]


HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;\x1b[31m" + "long " * 40


def every_hostile_report() -> list[ReportResult]:
    """Each kind with names that would break out of a page, a terminal or a chart, and are too long."""
    values = {HOSTILE: {day(0): 3, day(1): 1}, f"{HOSTILE}2": {day(0): 2}}
    where = f'properties["{HOSTILE}"] == 1'
    hostile_steps = [
        FunnelStep(1, HOSTILE, 10, 1.0, 1.0, None, None, segment=HOSTILE),
        FunnelStep(2, HOSTILE, 5, 0.5, 0.5, 60.0, 60.0, segment=HOSTILE),
    ]
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    return [
        segmentation(values, event=HOSTILE, on=HOSTILE, where=where, notes=(HOSTILE,), sql=HOSTILE),
        segmentation(values, 1, event=HOSTILE, request={"path": HOSTILE, "params": {HOSTILE: HOSTILE}}),
        event_counts(events=tuple(values), values=values),
        property_counts(event=HOSTILE, prop=HOSTILE, values=values),
        buckets(event=HOSTILE, on=HOSTILE, where=where),
        total(event=HOSTILE, on=HOSTILE),
        top_events(events=tuple(TopEvent(name, 5, 0.1) for name in values)),
        funnel(tuple(hostile_steps), events=(HOSTILE, HOSTILE), on=HOSTILE, name=HOSTILE),
        retention(*cohorts(HOSTILE), born_event=HOSTILE, return_event=HOSTILE, on=HOSTILE),
        frequency(event=HOSTILE, where=where),
        flow(("$overall", HOSTILE), HOSTILE, on=HOSTILE, where=where),
        sessions(event=HOSTILE, where=where),
        experiment(("$overall", HOSTILE), HOSTILE, HOSTILE, exposure=HOSTILE, on=HOSTILE, where=where),
        why(HOSTILE, HOSTILE, metric=HOSTILE, where=where),
        anomalies(HOSTILE, HOSTILE, where=where),
        signal(HOSTILE, HOSTILE, properties=(HOSTILE,), where=where),
        reconciled(HOSTILE, HOSTILE, notes=(HOSTILE,)),
        activity(
            distinct_ids=(HOSTILE,), events=(ActivityEvent(HOSTILE, noon, HOSTILE, {HOSTILE: HOSTILE}),)
        ),
    ]


def every_empty_report() -> list[ReportResult]:
    """Each kind where nothing matched."""
    where = 'properties["plan"] == "gone"'
    none = tuple(RetentionCohort(cohort.date, 0, (0, 0, None)) for cohort in cohorts())
    return [
        segmentation({}, where=where),
        segmentation({}, on=None, where=where),
        buckets(buckets=(), values={}, where=where),
        total(values={}, where=where),
        average(values={}, where=where),
        event_counts(values={}, where=where),
        property_counts(values={}, where=where),
        top_events(events=()),
        funnel(path(0, 0, 0), where=where),
        funnel(on="plan", steps=(), where=where),
        retention(*none, born_where=where),
        frequency(counts={}, where=where),
        flow(flow_nodes=(), flow_edges=(), flow_paths=(), where=where),
        sessions(totals={}, figures={"$overall": {}}, where=where),
        experiment(exposed=(), effects=(), control=None, mismatch=None, where=where),
        why(actual=None, expected=None, score=None, chance=None, findings=(), where=where),
        anomalies(anomalies=(), left_out=0, where=where),
        signal(behaviours=(), total=0, reached=0, left_out=0, where=where),
        activity(events=()),
    ]
