"""``Explanation``: asks a table what explains a bucket of a metric."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics import why
from mixpanel_nb.analytics.sql import Parameters
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.services.local import changes
from mixpanel_nb.services.local.ranges import Ranges

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Why
    from mixpanel_nb.results import Finding
    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.services.local.remarks import Remarks


@dataclass
class Explanation:
    """A bucket of a metric, and what moved with it.

    Attributes:
        engine: Where the table is.
        query: The question.
        asking: Its table and days.
        statement: The statement of the metric.
        whole: The metric over time.
        found: Whether there are events of it.
        tried: The properties that were tried.
        skipped: Properties with too many values.
        comparisons: The number of comparisons.
        findings: What moved.

    Raises:
        ParameterError: the date begins no bucket.
    """

    engine: Engine
    query: Why
    asking: Remarks
    _buckets: Sequence[Bucket] = field(init=False)
    statement: Statement = field(init=False)
    whole: changes.Whole | Ranges = field(init=False)
    found: bool = field(init=False)
    tried: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    comparisons: int = 0
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        query = self.query
        self._buckets = self._dates()
        self.statement = why.whole(self.asking.context, query)
        rows = self.engine.rows(self.statement)
        self.found = bool(rows)
        values = {bucket: value for bucket, value, _ in rows}
        self.whole = self._over_time(query.metric.event, changes.size_of(rows), values)
        if self.whole.surprise is not None:
            self._choose_properties()
            self._search()

    def _over_time(
        self, event: str | None, size: float, values: Mapping[Bucket, Any]
    ) -> changes.Whole | Ranges:
        """Numbers of an event over time, of which the asked time is to be explained."""
        query, known = self.query, self.asking.complete(self.query.unit, event)
        if query.baseline_days is None:
            return changes.Whole(self._buckets, values, known, query.unit, size=size)
        return Ranges(self._buckets, values, known, query.days, query.baseline_days, size=size)

    def _dates(self) -> Sequence[Bucket]:
        query = self.query
        dates, (first, _) = self.asking.context.period.buckets(query.unit), query.days
        if query.baseline_days is not None or dates[-1] == first:
            return dates
        begin = max(day for day in dates if day <= first)
        message = [Word("date"), f" is {first}, and its {query.unit} begins on {begin}."]
        hint = "Give the day on which it begins."
        raise ParameterError(message, parameter="date", value=str(first), hint=hint)

    def _choose_properties(self) -> None:
        query = self.query
        names = list(query.properties)
        if not names:
            names = [name for name in self._held() if name not in changes.UNTOLD and name != query.metric.of]
        if names and not query.properties:
            ((_, *counted),) = self.engine.rows(why.spread(self._afresh(), query, names))
            pairs = zip(names, counted[::2], counted[1::2], strict=True)
            self.skipped = [name for name, has, values in pairs if changes.is_scattered(has, values)]
        self.tried = [name for name in names if name not in self.skipped]

    def _held(self) -> list[str]:
        """The properties of the metric's events, first those with a column."""
        events, query = self.asking.context.events, self.query
        held = self.engine.property_names(events.table, query.metric.event)
        if not events.has_json:
            return held
        found = [name for (name,) in self.engine.rows(why.names(self._afresh(), query, self._buckets[-2]))]
        return list(dict.fromkeys([*held, *(name for name in found if name not in events.properties)]))

    def _search(self) -> None:
        query, whole = self.query, self.whole
        shifts = [shift for name in self.tried for shift in self._shifts(name)]
        every = changes.by_name(self.engine.rows(why.by_event(self._afresh(), query)))
        moved = changes.of_events(every, partial(self._over_time, None, 1.0))
        comparisons = changes.Comparisons.of([*shifts, *moved.shifts])
        listed = changes.findings(whole, shifts, comparisons)
        chosen = changes.of_several(listed)
        if len(chosen) > 1:
            values = [(each.prop, each.value) for each in chosen]
            pairs = self.engine.rows(why.together(self._afresh(), query, values))
            listed = changes.paired(whole, listed, changes.by_pair(pairs), chosen)
        events = changes.events_found(moved.whole, moved.shifts, comparisons, query.metric.event)
        self.findings, self.comparisons = [*listed, *events], comparisons.total

    def _shifts(self, name: str) -> list[changes.Shift]:
        rows = self.engine.rows(why.by_value(self._afresh(), self.query, name))
        return self.whole.shifts(name, changes.by_name(rows))

    def _afresh(self) -> ReportContext:
        """The same context for a further statement, whose remarks are not told."""
        return replace(self.asking.context, parameters=Parameters(), notes=[], without_column=[])
