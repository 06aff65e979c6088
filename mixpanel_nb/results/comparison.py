"""Result of a comparison: two reports of the same shape, number by number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import free_name
from mixpanel_nb.results import statistics
from mixpanel_nb.results.inference import corrected
from mixpanel_nb.results.json_safe import json_safe
from mixpanel_nb.results.report import ReportResult, typed_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.results.groups import ComparedGroups, Overlap
    from mixpanel_nb.results.numbers import Line, Measure, Numbers, Sampling
    from mixpanel_nb.results.users import UsersResult

P = TypeVar("P", bound=ReportResult, covariant=True)

Pair = tuple[float | None, float | None]
_CHANGES = ("difference", "change")
_INTERVAL = ("low", "high")
_TESTS = ("p_value", "corrected_p")
_PAIR, _GROUPS = ("before", "after"), ("first", "second")
_OWN = (
    "date",
    "measure",
    *(f"{side}{part}" for side in (*_PAIR, *_GROUPS) for part in ("", "_date", "_per_day")),
    *_CHANGES,
    *_INTERVAL,
    *_TESTS,
    "buckets",
    "complete",
)


@dataclass(frozen=True)
class ComparedLine:
    """One measure of one key in both reports, bucket by bucket.

    Attributes:
        names: What the key columns show.
        measure: What the numbers are.
        before: The numbers of the report that is compared with, one a bucket of the other.
        after: The numbers of the report.
        is_before_whole: For each bucket, whether all of its counterpart was counted.
        is_after_whole: For each bucket, whether all of it was counted.
        is_drawn: Whether a chart shows it.
        wholes: The numbers of all buckets together, where the reports say them; None where they do not.
        samplings: How the numbers of both come from independent users; None where they do not.
        overlaps: For each bucket the users of both groups; empty where they are not known.
    """

    names: tuple[Any, ...]
    measure: Measure
    before: tuple[float | None, ...]
    after: tuple[float | None, ...]
    is_before_whole: tuple[bool, ...]
    is_after_whole: tuple[bool, ...]
    is_drawn: bool = True
    wholes: Pair | None = None
    samplings: tuple[Sampling, Sampling] | None = None
    overlaps: tuple[Overlap | None, ...] = ()

    def samples(self, place: int | None) -> Pair | None:
        """Of how many users the shares of a bucket are, or those of all buckets together for None."""
        if self.samplings is None:
            return None
        if place is None:
            before, after = (each.whole for each in self.samplings)
        else:
            before, after = (None if each.of is None else each.of[place] for each in self.samplings)
        return before, after

    @cached_property
    def complete(self) -> tuple[bool, ...]:
        """For each bucket, whether all of it was counted in both."""
        return tuple(map(all, zip(self.is_before_whole, self.is_after_whole, strict=True)))

    @property
    def paired(self) -> list[int]:
        """The places of the buckets that are complete in both; of those known in both, where none is."""
        pairs = enumerate(zip(self.before, self.after, strict=True))
        known = [place for place, pair in pairs if None not in pair]
        complete = self.complete
        return [place for place in known if complete[place]] or known


@dataclass(frozen=True)
class ComparedTotal:
    """One measure of one key in both reports, over all buckets that both have.

    Attributes:
        names: What the key columns show.
        measure: What the numbers are.
        before: The sum of the buckets, or their mean where they do not add up; None where none is known.
        after: The same of the other report.
        difference: ``after - before``; per day where the buckets differ in length.
        change: The difference as a fraction of before; None where that is 0.
        buckets: How many buckets they are of.
        per_day: Both numbers per day, where the buckets differ in length.
        is_drawn: Whether a chart shows it.
        low: Where the 95 % interval of the difference of two groups begins; None without one.
        high: Where it ends.
        change_low: Where the 95 % interval of the change begins, of numbers of users.
        change_high: Where it ends.
        p_value: The chance of at least such a difference where there is none.
        corrected_p: The same, corrected by Holm for the lines that the chart shows.
    """

    names: tuple[Any, ...]
    measure: Measure
    before: float | None
    after: float | None
    difference: float | None
    change: float | None
    buckets: int
    per_day: Pair | None = None
    is_drawn: bool = True
    low: float | None = None
    high: float | None = None
    change_low: float | None = None
    change_high: float | None = None
    p_value: float | None = None
    corrected_p: float | None = None


@dataclass(frozen=True, repr=False)
class ComparisonResult(ReportResult, Generic[P]):
    """Two reports of the same kind and shape, number by number.

    Attributes:
        after: The report.
        before: The report that it is compared with.
        asked: The period that was asked for: ``previous``, ``year`` or ``FROM..TO``; None for two reports
            that were compared by themselves.
        buckets: For each bucket of ``after`` the bucket of ``before`` that it is compared with; None where
            the first is compared with the first, and so on.
        diff: The two groups, where ``diff`` named them: ``after`` is the first, ``before`` the second.
    """

    after: P
    before: P
    asked: str | None = None
    buckets: tuple[date, ...] | None = None
    diff: ComparedGroups | None = None

    # The two of them

    @cached_property
    def both(self) -> tuple[Numbers, Numbers]:
        """The numbers of ``before`` and ``after``."""
        return self.before.numbers(), self.after.numbers()

    @property
    def over_time(self) -> bool:
        """Whether the reports have several buckets of time."""
        return len(self.dates) > 1

    @property
    def dates(self) -> tuple[date | None, ...]:
        """Every bucket of ``after``, in order; one that is None for reports that are not over time."""
        return self.both[1].dates

    @cached_property
    def places(self) -> list[int | None]:
        """For each bucket of ``after`` the place of its counterpart in ``before``; None without one."""
        before, after = self.both
        if self.buckets is None:
            return [place if place < len(before.dates) else None for place in range(len(after.dates))]
        found = {bucket: place for place, bucket in enumerate(before.dates)}
        return [found.get(bucket) for bucket in self.buckets]

    @property
    def left_out(self) -> int:
        """How many buckets of ``before`` have no counterpart in ``after``."""
        before, _ = self.both
        return len(before.dates) - len(set(self.places) - {None})

    @cached_property
    def lines(self) -> list[ComparedLine]:
        """Every measure of every key: those of ``after``, then those that ``before`` alone has."""
        before, after = ({(line.key, line.measure.name): line for line in each.lines} for each in self.both)
        return [self._line(before.get(key), after.get(key)) for key in {**after, **before}]

    def _line(self, before: Line | None, after: Line | None) -> ComparedLine:
        both = self.both
        one, other = before or _absent(both[0], after), after or _absent(both[1], before)
        values = tuple(None if at is None else one.values[at] for at in self.places)
        whole = tuple(at is not None and one.complete[at] for at in self.places)
        samplings = None
        if one.sampling is not None and other.sampling is not None:
            samplings = one.sampling.at(self.places), other.sampling
        return ComparedLine(
            other.names,
            other.measure,
            values,
            other.values,
            whole,
            other.complete,
            one.is_drawn or other.is_drawn,
            (one.whole, other.whole) if other.has_whole else None,
            samplings,
            () if self.diff is None else self.diff.overlaps.get((other.key, other.measure.name), ()),
        )

    @cached_property
    def days(self) -> list[tuple[int, int]]:
        """How many days each pair of buckets has; empty where their number is always the same."""
        before, after = (each.days for each in self.both)
        if not before or not after:
            return []
        return [
            (after[place] if at is None else before[at], after[place]) for place, at in enumerate(self.places)
        ]

    @cached_property
    def is_per_day(self) -> bool:
        """Whether what adds up is compared per day, since buckets differ in length."""
        return any(one != other for one, other in self.days) and any(
            line.measure.adds_up for line in self.lines
        )

    def users(self, which: Literal["gained", "lost"] | None = None, **cell: Any) -> UsersResult:
        """The users behind the same number of both reports: of one and not the other, or of either.

        Args:
            which: ``gained`` (of ``after`` and not of ``before``) or ``lost`` (the other way round); None is
                those of either.
            **cell: The number, as in ``users()`` of the report; by default the whole report. It names no
                bucket, for both have others: ask ``.after.users(…)`` or ``.before.users(…)`` for one.

        Raises:
            ParameterError: ``which`` is something else, there is no such number, or Mixpanel answered one of
                the reports.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.

        Example:
            >>> bought = ws.segmentation("Purchase", during="2025-W03", compare="previous")
            >>> len(bought.users("gained")), len(bought.users("lost"))
            (366, 362)
        """
        if which not in (None, "gained", "lost"):
            message = [Word("which"), f" is {which!r}, and is gained or lost."]
            raise ParameterError(
                message, parameter="which", value=which, hint="Give one of them, or leave it out for all."
            )
        if cell.get("date") is not None:
            raise ParameterError(
                "Both reports have buckets of their own.",
                parameter="date",
                value=cell["date"],
                hint="Ask one of them for it, without the comparison.",
            )
        after, before = self._users_of_both(cell)
        if which is None:
            return after | before
        return after - before if which == "gained" else before - after

    def _users_of_both(self, cell: Mapping[str, Any]) -> tuple[UsersResult, UsersResult]:
        """The users behind a number of both; none of a report that has no such number, if the other has."""
        after, before = _users_or_error(self.after, cell), _users_or_error(self.before, cell)
        if isinstance(after, ParameterError):
            if isinstance(before, ParameterError):
                raise after
            return before - before, before
        return after, after - after if isinstance(before, ParameterError) else before

    # The rows

    @property
    def key_columns(self) -> list[str]:
        """The names of the key columns, unlike the other columns."""
        _, after = self.both
        names = [after.date_column, *_OWN]
        for name in after.columns:
            names.append(free_name(name, names))
        return names[len(names) - len(after.columns) :]

    @cached_property
    def has_measures(self) -> bool:
        """Whether the report has several measures, so that a column names them."""
        return len({line.measure.name for line in self.lines}) > 1

    @property
    def column_names(self) -> list[str]:
        """The bucket and its counterpart, the keys of the report, ``measure`` where it has several, numbers.

        The numbers are ``before, after, difference, change, complete``. Where buckets differ in length,
        ``before_per_day, after_per_day`` follow ``after``, and difference and change are theirs. Of two
        groups they are ``first, second, difference, change, low, high, complete``; the buckets of both are
        the same, unless the groups are days.
        """
        return [
            *self.date_columns,
            *self.key_columns,
            *(["measure"] if self.has_measures else []),
            *self._number_columns,
            "complete",
        ]

    @property
    def date_columns(self) -> list[str]:
        """The names of the columns of the bucket and of its counterpart, where that is another."""
        _, after = self.both
        if not after.is_over_time:
            return []
        if self.diff is None:
            return [after.date_column, "before_date"]
        return [after.date_column, *(["second_date"] if self.diff.are_days else [])]

    @property
    def _number_columns(self) -> list[str]:
        sides = _PAIR if self.diff is None else _GROUPS
        per_day = [f"{side}_per_day" for side in sides] if self.is_per_day else []
        return [*sides, *per_day, *_CHANGES, *(() if self.diff is None else _INTERVAL)]

    def _in_order(self, pair: Pair) -> Pair:
        """Two numbers, before and after, in the order of their columns."""
        return pair if self.diff is None else (pair[1], pair[0])

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket, key and measure, sorted by bucket."""
        before, after = self.both
        return [
            (*self._head(before, after, place), *row)
            for place in range(len(after.dates))
            for row in self._rows(place)
        ]

    def _head(self, before: Numbers, after: Numbers, place: int) -> tuple[Any, ...]:
        if not after.is_over_time:
            return ()
        at = self.places[place]
        dates = after.dates[place], None if at is None else before.dates[at]
        return dates[: len(self.date_columns)]

    def _rows(self, place: int) -> Iterator[tuple[Any, ...]]:
        with_measure, per_day = self.has_measures, self.is_per_day
        for line in self.lines:
            pair = line.before[place], line.after[place]
            daily = self._daily(line.measure, pair, self.days[place : place + 1])
            yield (
                *line.names,
                *([line.measure.name] if with_measure else []),
                *self._in_order(pair),
                *(self._in_order(daily or (None, None)) if per_day else ()),
                *_change(daily or pair),
                *(() if self.diff is None else (None, None) if daily else self.interval(line, place)),
                line.complete[place],
            )

    def _daily(self, measure: Measure, pair: Pair, days: Sequence[tuple[int, int]]) -> Pair | None:
        """Both numbers per day, where what adds up is compared per day."""
        if not self.is_per_day or not measure.adds_up:
            return None
        spans = [sum(each) for each in zip(*days, strict=True)]
        one, other = (_per(value, span) for value, span in zip(pair, spans, strict=True))
        return one, other

    def _dtypes(self) -> Mapping[str, str]:
        return {
            **dict.fromkeys(self.date_columns, "datetime64[ns]"),
            **dict.fromkeys(self._number_columns, "float64"),
            "complete": "bool",
        }

    # Two groups

    def interval(self, line: ComparedLine, place: int) -> Pair:
        """The 95 % interval of the difference of a bucket; none where it is not known how it varies."""
        samples = _Samples.of(self.diff, line, place, line.before[place], line.after[place])
        return (None, None) if samples is None else samples.interval

    # All buckets together

    @cached_property
    def totals(self) -> list[ComparedTotal]:
        """Every line over all buckets that both reports have complete, or know at all where none is complete.

        What adds up is added; of other numbers it is what the reports say of all their buckets, such as a
        median of all sessions, or the mean of the buckets.
        """
        totals = [self._total(line) for line in self.lines]
        shown = [place for place, total in enumerate(totals) if total.is_drawn]
        chances = corrected([totals[place].p_value for place in shown], "holm")
        for place, chance in zip(shown, chances, strict=True):
            totals[place] = replace(totals[place], corrected_p=chance)
        return totals

    def _total(self, line: ComparedLine) -> ComparedTotal:
        places = line.paired
        if line.wholes is None:
            before, after = (_together(values, places, line.measure) for values in (line.before, line.after))
        else:
            before, after = line.wholes
        pair = before, after
        spans = [self.days[place] for place in places] if self.is_per_day else []
        daily = self._daily(line.measure, pair, spans) if places else None
        difference, change = _change(daily or pair)
        total = ComparedTotal(
            line.names, line.measure, before, after, difference, change, len(places), daily, line.is_drawn
        )
        return total if daily else self._tested(line, total)

    def _tested(self, line: ComparedLine, total: ComparedTotal) -> ComparedTotal:
        """A total with its interval and test, where it comes from independent users."""
        place = 0 if len(self.dates) == 1 else None
        if place is None and line.measure.kind != "share":  # the same users are in several buckets
            return total
        samples = _Samples.of(self.diff, line, place, total.before, total.after)
        if samples is None:
            return total
        low, high = samples.interval
        change_low, change_high = samples.change
        return replace(
            total,
            low=low,
            high=high,
            change_low=change_low,
            change_high=change_high,
            p_value=None if low is None else samples.p_value,
        )

    @property
    def totals_df(self) -> pd.DataFrame:
        """:attr:`totals` as a DataFrame: the keys, ``measure``, the numbers of the rows, ``buckets``.

        Of two groups the numbers include ``p_value`` and ``corrected_p``.
        """
        numbers = [*self._number_columns, *(() if self.diff is None else _TESTS)]
        rows = [
            (
                *each.names,
                each.measure.name,
                *self._in_order((each.before, each.after)),
                *(self._in_order(each.per_day or (None, None)) if self.is_per_day else ()),
                each.difference,
                each.change,
                *(() if self.diff is None else (each.low, each.high, each.p_value, each.corrected_p)),
                each.buckets,
            )
            for each in self.totals
        ]
        names = [*self.key_columns, "measure", *numbers, "buckets"]
        return typed_frame(rows, names, dict.fromkeys(numbers, "float64"))

    def to_dict(self) -> dict[str, Any]:
        """Both reports, and the rows of the comparison, as JSON-safe data."""
        own = super().to_dict()
        both = {"after": self.after.to_dict(), "before": self.before.to_dict()}
        return own | both | {"rows": json_safe(self.records())}


@dataclass(frozen=True)
class _Samples:
    """A number of both groups, and of how many users it is if it is a share."""

    is_share: bool
    after: float
    before: float
    of_after: float
    of_before: float
    overlap: Overlap | None

    @classmethod
    def of(
        cls,
        groups: ComparedGroups | None,
        line: ComparedLine,
        place: int | None,
        before: float | None,
        after: float | None,
    ) -> _Samples | None:
        """Those of a bucket, or of all together for None; None where it is not known how they vary."""
        samples = line.samples(place)
        if groups is None or samples is None or before is None or after is None:
            return None
        overlap = None
        if not groups.are_independent:
            overlap = line.overlaps[place] if place is not None and place < len(line.overlaps) else None
            if overlap is None:
                return None
        is_share = line.measure.kind == "share"
        return cls(is_share, after, before, samples[1] or 0, samples[0] or 0, overlap)

    @property
    def interval(self) -> Pair:
        """The interval of the difference."""
        if self.is_share:
            return statistics.shares_differ(*self._shares, correlation=self._correlation)
        return statistics.counts_differ(*self._apart)

    @property
    def p_value(self) -> float | None:
        """The chance of at least such a difference where there is none."""
        if self.is_share:
            return statistics.p_of_shares(*self._shares, correlation=self._correlation)
        return statistics.p_of_counts(*self._apart)

    @property
    def change(self) -> Pair:
        """The interval of the change, of numbers of users of independent groups."""
        if self.is_share or self.overlap is not None:
            return None, None
        low, high = statistics.counts_ratio(self.after, self.before)
        return (None, None) if low is None or high is None else (low - 1, high - 1)

    @property
    def _shares(self) -> tuple[float, float, float, float]:
        return self.after, self.of_after, self.before, self.of_before

    @property
    def _correlation(self) -> float:
        return 0.0 if self.overlap is None else self.overlap.correlation(*self._shares)

    @property
    def _apart(self) -> tuple[float, float]:
        """The users of one group alone: those of both do not change the difference."""
        both = 0 if self.overlap is None else self.overlap.both
        return self.after - both, self.before - both


def _users_or_error(report: ReportResult, cell: Mapping[str, Any]) -> UsersResult | ParameterError:
    try:
        return report.users(**cell)
    except ParameterError as error:
        return error


def compared(
    after: ReportResult,
    before: ReportResult,
    *,
    asked: str | None = None,
    buckets: tuple[date, ...] | None = None,
    diff: ComparedGroups | None = None,
) -> ComparisonResult[Any]:
    """A report compared with another one of the same kind and shape.

    Args:
        after: The report.
        before: The report that it is compared with.
        asked: The period that was asked for, if one was.
        buckets: For each bucket of ``after`` its counterpart; None where they go by place.
        diff: The groups that they are of, if they are of two.

    Raises:
        ParameterError: they are of different kinds or shapes, or one has no numbers at all.
    """
    if type(after) is not type(before):
        kinds = f"{type(after).__name__} and {type(before).__name__}"
        raise ParameterError(f"{kinds} cannot be compared.", parameter="other", hint="Compare two of a kind.")
    differing = after.numbers().differing_shape(before.numbers())
    if differing is not None:
        what, mine, theirs = differing
        message = f"They differ in their {what}: {_said(mine)} and {_said(theirs)}."
        raise ParameterError(message, parameter="other", hint=f"Ask both with the same {what}.")
    for result, which in ((after, "first"), (before, "second")):
        if not result.numbers().dates:
            raise ParameterError(f"The {which} of the two has no rows.", parameter="other", hint=_OTHER_DAYS)
    names = ("after", "before") if diff is None else diff.names
    return ComparisonResult(
        after,
        before,
        asked,
        buckets,
        diff,
        sql=_joined(after.sql, before.sql, names),
        notes=_notes(after, before, diff),
        timezone=after.timezone,
        event_names={**before.event_names, **after.event_names},
    )


_OTHER_DAYS = "Ask about days that have data."


def _notes(after: ReportResult, before: ReportResult, groups: ComparedGroups | None) -> tuple[str, ...]:
    """The notes of both, each once; those of one of two groups with its name."""
    if groups is None:
        return (*after.notes, *(f"Before: {note}" for note in before.notes if note not in after.notes))
    sides = zip(groups.names, (after, before), (before, after), strict=True)
    own = [f"{name}: {note}" for name, one, other in sides for note in one.notes if note not in other.notes]
    return (*(note for note in after.notes if note in before.notes), *own)


def _joined(after: str | None, before: str | None, names: tuple[str, str]) -> str | None:
    parts = zip((" ".join(name.split()) for name in names), (after, before), strict=True)
    found = [f"-- {which}\n{sql}" for which, sql in parts if sql is not None]
    return ";\n\n".join(found) or None


def _absent(numbers: Numbers, like: Line | None) -> Line:
    """A line that a report does not have."""
    assert like is not None  # noqa: S101 - one of the two reports has it
    nothing = numbers.absent(like)
    values = tuple(None if state is None else nothing for state in numbers.states)
    complete = tuple(state is True for state in numbers.states)
    sampling = numbers.absent_sampling(like)
    return replace(like, values=values, complete=complete, whole=None, sampling=sampling)


def _together(values: Sequence[float | None], places: Sequence[int], measure: Measure) -> float | None:
    shared = [values[place] for place in places] if places else values
    known = [value for value in shared if value is not None]
    if not known:
        return None
    return sum(known) if measure.adds_up else sum(known) / len(known)


def _change(pair: Pair) -> Pair:
    """The difference of two numbers, and as a fraction of the first; None where that is 0."""
    before, after = pair
    if before is None or after is None:
        return None, None
    difference = after - before
    change = difference / abs(before) if before else None
    return difference, change if change is None or isfinite(change) else None


def _per(value: float | None, days: int) -> float | None:
    return None if value is None or not days else value / days


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)
