"""View of the users behind a number, and the numbers of a report whose users are worth asking for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display import Card, counted
from mixpanel_nb.queries import cells
from mixpanel_nb.results import (
    OVERALL,
    AnomaliesResult,
    EventCountsResult,
    ExperimentResult,
    FlowResult,
    FrequencyResult,
    FunnelResult,
    InsightsResult,
    NumericAverageResult,
    NumericBucketResult,
    NumericSumResult,
    PropertyCountsResult,
    ReportResult,
    RetentionResult,
    SegmentationResult,
    SessionsResult,
    SignalResult,
    TopEventsResult,
    UsersResult,
    WhyResult,
)
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.views.query import RowsView
from mixpanel_nb.views.words import days, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mixpanel_nb.results import FunnelStep, UsersQuestion

_SIGNS = {"-": "and not", "|": "or", "&": "and"}
_MOST = 100  # numbers that an explorer offers


class UsersView(RowsView[UsersResult]):
    """The users behind a number; only what is shown is fetched."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Who they are, how many, and the first of them."""
        count = len(self.result)
        return Card(
            title=f"{counted(count, 'user')}: {self._whose}",
            subtitle=days(self.result.from_date, self.result.to_date),
            table=self._table(self.limit(max_rows)) if count else None,
            query=self.result.query,
            notes=self.result.notes,
            empty=None if count else "Nobody.",
        )

    @property
    def remarks(self) -> list[str]:
        """The notes."""
        return list(self.result.notes)

    @property
    def _whose(self) -> str:
        if self.result.combined is None:
            return _asked(self.result.questions[0])
        return (
            self._of_two_ranges
            or f"{len(self.result.questions)} numbers combined ({' '.join(self.result.combined)})"
        )

    @property
    def _of_two_ranges(self) -> str | None:
        """The words for one number of two ranges of days; None for others."""
        if len(self.result.questions) != 2 or self.result.combined not in _SIGNS:
            return None
        one, other = self.result.questions
        fields, others = one.query.given(), other.query.given()
        ranges = [(each.pop("from_date", None), each.pop("to_date", None)) for each in (fields, others)]
        is_same = one.cell == other.cell and type(one.query) is type(other.query) and fields == others
        if not is_same or ranges[0] == ranges[1]:
            return None
        first, second = (days(*each) for each in ranges)
        return f"{_asked(one)}, {first} {_SIGNS[self.result.combined]} {second}"

    def codes(self) -> list[tuple[str, str]]:
        """The question as a magic and in Python, and the SQL that it became."""
        if self.result.combined is not None:
            return [("SQL", self.result.query)]
        (asked,) = self.result.questions
        if "settled" in asked.found:  # by itself, the report would have other segments or ranges
            return [("SQL", self.result.query)]
        magic = asked.query.users_magic(asked.cell)
        python = f"{asked.query.python()}{asked.cell.python()}"
        return [*([("Magic", magic)] if magic else []), ("Python", python), ("SQL", self.result.query)]


def _asked(asked: UsersQuestion) -> str:
    return f"{asked.query.title.lower()}, {said(asked.cell)}"


def said(cell: cells.Cell) -> str:
    """A number in words, such as ``lost before step 2, segment pro``."""
    words: dict[str, Callable[[Any], str]] = {
        "reached": lambda step: f"reached step {step}",
        "dropped": lambda step: f"lost before step {step}",
        "period": lambda period: f"back in period {period}",
        "cohort": lambda day: f"cohort of {day}",
        "at_least": lambda number: f"active in at least {number}",
        "path": lambda rank: f"path {rank}",
        "step": lambda step: f"step {step}",
        "source": lambda event: short(event),
        "target": lambda event: f"then {short(event)}",
        "segment": lambda name: short(" · ".join((name,) if isinstance(name, str) else name)),
        "date": lambda day: day.isoformat(),
    }
    given = cell.given()
    if isinstance(cell, cells.SignalCell):
        return _of_goal(given)
    if given.pop("away", False):
        given["period"] = f"{given['period']}"
        words["period"] = lambda period: f"not back in period {period}"
    found = [words.get(name, lambda value: short(str(value)))(value) for name, value in given.items()]
    return ", ".join(found) or "everyone"


def _of_goal(given: dict[str, Any]) -> str:
    """Who did something or did not, and who reached the goal, in words."""
    value = f", {short(given['prop'])} = {short(given['value'])}" if "prop" in given else ""
    did = "without" if given.get("without") else "did"
    parts = [f"{did} {short(given['event'])}{value}"] if "event" in given else []
    parts += [word for name, word in (("reached", "reached it"), ("missed", "missed it")) if given.get(name)]
    return ", ".join(parts) or "everyone"


def offered(result: ReportResult) -> list[cells.Cell]:
    """The numbers of a local report whose users can be asked for, the most telling first."""
    asked = result.question
    if asked is None or asked.service is None or result.sql is None or asked.query.name not in cells.CELLS:
        return []
    kind = next((each for each in type(result).__mro__ if each in _OFFERED), None)
    return [] if kind is None else list(dict.fromkeys(_OFFERED[kind](result)))[:_MOST]


def _of_funnel(result: FunnelResult) -> Iterator[cells.Cell]:
    """The largest loss, then every step of everyone and of the segments."""
    whole = OVERALL if result.on else None
    asked: Any = result.question.query if result.question else None
    steps = [step for step in result.steps if step.segment == whole and step.step in asked.required_steps]
    losses: list[tuple[int, FunnelStep]] = [
        (before.count - after.count, after) for before, after in pairwise(steps) if after.step > before.step
    ]
    largest = max(losses, key=lambda pair: pair[0], default=(0, None))[1]
    if largest is not None and any(lost for lost, _ in losses):
        yield cells.FunnelCell(dropped=largest.step, date=largest.date)
    for step in result.steps:
        if not step.count:
            continue
        named = step.segments or step.segment
        where: dict[str, Any] = {"date": step.date, "segment": None if step.segment == whole else named}
        yield cells.FunnelCell(reached=step.step, **where)
        if step.step > 1:
            yield cells.FunnelCell(dropped=step.step, **where)


def _of_retention(result: RetentionResult) -> Iterator[cells.Cell]:
    """Those of the largest cohort who did not come back in period 1, then every cohort and period."""
    cohorts = [cohort for cohort in result.cohorts if cohort.size]
    whole = [each for each in cohorts if each.segment == result.whole and len(each.counts) > 1]
    known = [each for each in whole if each.counts[1] is not None]
    if known:
        largest = max(known, key=lambda cohort: cohort.size or 0)
        yield cells.RetentionCell(cohort=largest.date, period=1, away=True)
    for cohort in cohorts:
        segment = None if cohort.segment == result.whole else cohort.segment
        yield cells.RetentionCell(cohort=cohort.date, segment=segment)
        for period, count in enumerate(cohort.counts):
            if count:
                yield cells.RetentionCell(cohort=cohort.date, period=period, segment=segment)


def _of_series(
    result: Any, cell: Callable[[Any, Any], cells.Cell], series: Sequence[tuple[Any, Any]]
) -> Iterator[cells.Cell]:
    """The highest count of the first series, then all series, then all buckets of time."""
    counts = [(found.get(day, 0), day) for _, found in series[:1] for day in result.dates]
    if not any(count for count, _ in counts):
        return
    yield cell(max(counts, key=lambda pair: pair[0])[1], series[0][0])
    for name, _ in series:
        yield cell(None, name)
    for day in result.dates:
        yield cell(day, None)


def _of_segmentation(result: SegmentationResult) -> Iterator[cells.Cell]:
    def cell(day: Any, name: Any) -> cells.Cell:
        return cells.SegmentCell(date=day, segment=name if result.on else None)

    named = [(name, found) for name, found in result.values.items() if name != OTHER]
    yield from _of_series(result, cell, named)


def _of_event_counts(result: EventCountsResult) -> Iterator[cells.Cell]:
    yield from _of_series(
        result, lambda day, name: cells.EventsCell(date=day, event=name), list(result.values.items())
    )


def _of_property_counts(result: PropertyCountsResult) -> Iterator[cells.Cell]:
    named = [(name, found) for name, found in result.values.items() if name != OTHER]
    yield from _of_series(result, lambda day, name: cells.ValueCell(date=day, value=name), named)


def _of_ranges(result: NumericBucketResult) -> Iterator[cells.Cell]:
    named = [(label, result.values.get(place, {})) for place, label in enumerate(result.labels)]
    named.sort(key=lambda pair: -sum(pair[1].values()))
    yield from _of_series(result, lambda day, name: cells.RangeCell(date=day, bucket=name), named)


def _of_numbers(result: NumericSumResult | NumericAverageResult) -> Iterator[cells.Cell]:
    counts = {day: value or 0 for day, value in result.values.items()}
    yield from _of_series(result, lambda day, _: cells.DateCell(date=day), [("", counts)])


def _of_top_events(result: TopEventsResult) -> Iterator[cells.Cell]:
    for event in result.events:
        yield cells.EventCell(event=event.event)


def _of_frequency(result: FrequencyResult) -> Iterator[cells.Cell]:
    """The most regular users of the busiest bucket, then every bucket."""
    rows = [(day, counts) for day, *counts, _ in result.tuples() if any(counts)]
    if rows:
        day, counts = max(rows, key=lambda row: row[1][0])
        yield cells.FrequencyCell(date=day, at_least=sum(1 for count in counts if count))
    for day, counts in rows:
        for place, count in enumerate(counts, 1):
            if count:
                yield cells.FrequencyCell(date=day, at_least=place)


def _of_sessions(result: SessionsResult) -> Iterator[cells.Cell]:
    named = [
        (segment, {day: each.users for day, each in found.items()})
        for segment, found in result.figures.items()
    ]

    def cell(day: Any, name: Any) -> cells.Cell:
        return cells.SessionsCell(date=day, segment=None if name == OVERALL else name)

    yield from _of_series(result, cell, named)


def _of_experiment(result: ExperimentResult) -> Iterator[cells.Cell]:
    for each in result.exposed:
        segment = None if each.segment == OVERALL else each.segment
        yield cells.ExperimentCell(variant=each.variant, segment=segment)


def _of_why(result: WhyResult) -> Iterator[cells.Cell]:
    for each in result.findings:
        if each.kind == "value" and each.actual:
            yield cells.WhyCell(prop=each.prop, value=each.value)
    if result.actual:
        yield cells.WhyCell()


def _of_anomalies(result: AnomaliesResult) -> Iterator[cells.Cell]:
    for each in result.anomalies:
        if not each.actual:
            continue
        if each.kind == "value":
            yield cells.AnomalyCell(date=each.date, prop=each.prop, value=each.value)
        else:
            yield cells.AnomalyCell(date=each.date, event=each.value)


def _of_signal(result: SignalResult) -> Iterator[cells.Cell]:
    """Those who did what goes with the goal most and missed it, then every behaviour, then all users."""
    for each in result.behaviours:
        did: dict[str, Any] = {"event": each.did.event, "prop": each.did.prop, "value": each.did.value}
        yield cells.SignalCell(**did, missed=True)
        yield cells.SignalCell(**did, reached=True)
        yield cells.SignalCell(**did, without=True)
    if result.total:
        yield cells.SignalCell(reached=True)
        yield cells.SignalCell(missed=True)


def _of_insights(result: InsightsResult) -> Iterator[cells.Cell]:
    """The highest value of the first metric, then every metric, segment and bucket."""
    asked = result.question.query if result.question else None
    formulas = len(getattr(getattr(asked, "insights", asked), "formulas", ()))
    metrics = result.metrics[: len(result.metrics) - formulas]
    rest = result.lines[-1].segment if result.left_out else None
    lines = [
        line
        for line in result.lines
        if line.metric in metrics and any(line.values) and (rest is None or line.segment != rest)
    ]
    known = [
        (value, day, line)
        for line in lines[:1]
        for value, day in zip(line.values, result.dates, strict=True)
        if value
    ]
    for _, day, line in sorted(known, key=lambda each: -each[0])[:1]:
        yield cells.InsightsCell(metric=line.metric, date=day, segment=line.segment or None)
    for line in lines:
        yield cells.InsightsCell(metric=line.metric, segment=line.segment or None)
    for metric in metrics:
        for day in result.dates:
            yield cells.InsightsCell(metric=metric, date=day)


def _of_flow(result: FlowResult) -> Iterator[cells.Cell]:
    """What most flows did next, then every event and pair of events."""
    kinds = {(node.segment, node.step, node.event): node.kind for node in result.flow_nodes}
    whole = result.segments[0]
    edges = [
        edge
        for edge in result.flow_edges
        if edge.segment == whole
        and kinds.get((whole, edge.step, edge.source)) != "other"
        and kinds.get((whole, edge.target_step, edge.target)) != "other"
    ]
    found = [
        cells.FlowCell(step=edge.step, source=edge.source, target=edge.target)
        for edge in sorted(edges, key=lambda edge: -edge.count)
    ]
    yield from found[:1]
    for node in result.flow_nodes:
        if node.kind != "other":
            segment = None if node.segment == whole else node.segment
            yield cells.FlowCell(step=node.step, event=node.event, segment=segment)
    yield from found[1:]


_OFFERED: dict[type[Any], Callable[[Any], Iterator[cells.Cell]]] = {
    AnomaliesResult: _of_anomalies,
    EventCountsResult: _of_event_counts,
    ExperimentResult: _of_experiment,
    FlowResult: _of_flow,
    FrequencyResult: _of_frequency,
    FunnelResult: _of_funnel,
    InsightsResult: _of_insights,
    NumericAverageResult: _of_numbers,
    NumericBucketResult: _of_ranges,
    NumericSumResult: _of_numbers,
    PropertyCountsResult: _of_property_counts,
    RetentionResult: _of_retention,
    SegmentationResult: _of_segmentation,
    SessionsResult: _of_sessions,
    SignalResult: _of_signal,
    TopEventsResult: _of_top_events,
    WhyResult: _of_why,
}
