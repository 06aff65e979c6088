"""Result of a question why a number moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.queries.cells import WhyCell
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mixpanel_nb.results.users import UsersResult

UNUSUAL = 0.01
"""The chance below which a bucket is called unusual."""

FOUND = 0.05
"""The chance, corrected for all that were tried, below which a value or an event is a finding."""

FindingKind = Literal["value", "values", "event"]


@dataclass(frozen=True)
class Finding:
    """A value of a property, two values together, or another event, that moved beyond what is usual.

    Attributes:
        kind: ``value``, ``values`` (of two properties, together) or ``event``.
        prop: The property; of two ``one + other``; of an event ``event``.
        value: The value; of two ``one + other``.
        actual: The metric of the bucket with this value; for an event, how often it happened.
        expected: What is usual for it.
        share_of_change: Its change as a part of the change of the whole; None if the whole is not unusual.
        share_of_whole: The usual share of the whole.
        chance: The probability of such a shift by chance, corrected for all that were tried.
        same_as: A finding above that is nearly the same events, as ``property = value``; None otherwise.
    """

    kind: FindingKind
    prop: str
    value: str
    actual: float
    expected: float
    share_of_change: float | None
    share_of_whole: float
    chance: float
    same_as: str | None = None

    @property
    def change(self) -> float:
        """What is above what is usual."""
        return self.actual - self.expected

    @property
    def name(self) -> str:
        """``property = value``."""
        return f"{self.prop} = {self.value}"


_COLUMNS = (
    *("kind", "prop", "value", "actual", "expected", "change"),
    *("share_of_change", "share_of_whole", "chance", "same_as"),
)


@dataclass(frozen=True, repr=False)
class WhyResult(ReportResult):
    """A bucket of a metric against what is usual, and what moved with it.

    Attributes:
        metric: The metric, in a word.
        date: The bucket.
        unit: ``day``, ``week`` or ``month``.
        where: The filter, or None.
        actual: The metric in the bucket; None where the table does not hold all of it.
        expected: What is usual for it; None where too few buckets are before it.
        score: Its distance from that, in usual distances; None as above.
        chance: The probability of such a distance; None as above.
        dates: The buckets before, and the bucket.
        actuals: The metric in each; None where the table does not hold all of it.
        expecteds: What was usual for each, from those before it alone.
        findings: What moved beyond what is usual, the most telling first; events are last.
        tried: The properties that were tried.
        skipped: Properties that were not tried, because they have too many values.
        comparisons: The values and events that were compared.
        left_out: Findings beyond the limit.
        to_date: The last day, where a range of days is explained; its numbers are means per day.
        baseline: The first and the last day that it is compared with.
    """

    metric: str
    date: dt.date
    unit: str
    where: str | None
    actual: float | None
    expected: float | None
    score: float | None
    chance: float | None
    dates: tuple[dt.date, ...]
    actuals: tuple[float | None, ...]
    expecteds: tuple[float | None, ...]
    findings: tuple[Finding, ...]
    tried: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    comparisons: int = 0
    left_out: int = 0
    to_date: dt.date | None = None
    baseline: tuple[dt.date, dt.date] | None = None

    @property
    def is_unusual(self) -> bool | None:
        """Whether such a bucket has a chance of less than 1 %; None where it is unknown."""
        return None if self.chance is None else self.chance < UNUSUAL

    @property
    def change(self) -> float | None:
        """The change as a part of what is usual; None where that is unknown or 0."""
        if self.actual is None or not self.expected:
            return None
        return self.actual / self.expected - 1

    def users(self, *, prop: str | None = None, value: str | None = None) -> UsersResult:
        """The users of the metric's events in the bucket.

        Args:
            prop: Only of events with a value of this property; None is all events.
            value: That value.

        Raises:
            ParameterError: one of both is missing.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = WhyCell(prop=prop, value=value)
        return self._users(cell, prop=cell.prop, value=cell.value)

    @property
    def column_names(self) -> list[str]:
        """``kind, property, value, actual, expected, change, share_of_change, …``."""
        return ["property" if name == "prop" else name for name in _COLUMNS]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a finding."""
        return [tuple(getattr(each, name) for name in _COLUMNS) for each in self.findings]

    def _dtypes(self) -> Mapping[str, str]:
        return dict.fromkeys(_COLUMNS[3:9], "float64")
