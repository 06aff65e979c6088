"""Results of saved reports and JQL scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.naming import unique_names
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

VALUE = "value"


@dataclass(frozen=True)
class _Value:
    """One value of a series: the keys above it, the day or time among them, and the value."""

    labels: tuple[str, ...]
    when: str | None
    value: Any


@dataclass(frozen=True, repr=False)
class SavedReportResult(ReportResult):
    """The answer of a saved report: one row per value, with all of its keys.

    Attributes:
        bookmark_id: Mixpanel's id of the report.
        series: The values as Mixpanel nests them, such as event to day to count.
        headers: The names of the outer keys of ``series``, such as ``$event``.
        date_range: ``from_date`` and ``to_date`` as Mixpanel gives them.
    """

    bookmark_id: int
    series: Mapping[str, Any]
    headers: tuple[str, ...] = ()
    date_range: Mapping[str, Any] | None = None

    @property
    def column_names(self) -> list[str]:
        """The headers (``level_2``… for further keys), ``date`` where there are days or times, ``value``."""
        return unique_names([*self.label_names, *(["date"] if self._over_time else []), "value"])

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row per value; None for a missing key. Lists stay lists."""
        size = len(self.label_names)
        labels = [(*item.labels, *[None] * size)[:size] for item in self._values]
        times: Sequence[tuple[Any, ...]] = [(moment,) if self._over_time else () for moment in self._moments]
        return [
            (*label, *moment, item.value)
            for label, moment, item in zip(labels, times, self._values, strict=True)
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {self.column_names[-2]: "datetime64[ns]"} if self._has_dates else {}

    @property
    def days(self) -> tuple[date, date] | None:
        """The first and the last day, where Mixpanel gives both."""
        told = self.date_range or {}
        first, last = (_moment(str(told.get(name) or "")) for name in ("from_date", "to_date"))
        return (first.date(), last.date()) if first and last else None

    @cached_property
    def _values(self) -> list[_Value]:
        return list(_values_in(self.series, (), None, len(self.headers)))

    @property
    def label_names(self) -> list[str]:
        """The names of the keys above the values: the headers, then ``level_2`` and so on."""
        size = max((len(item.labels) for item in self._values), default=len(self.headers))
        further = [f"level_{place}" for place in range(len(self.headers) + 1, size + 1)]
        return [*self.headers, *further]

    @property
    def _over_time(self) -> bool:
        return any(item.when is not None for item in self._values)

    @cached_property
    def _moments(self) -> list[date | str | None]:
        """The days or times; as text if there are other keys (such as ``$average``)."""
        texts = [item.when for item in self._values]
        found = [None if text is None else _moment(text) for text in texts]
        if any(moment is None and text is not None for moment, text in zip(found, texts, strict=True)):
            return list(texts)
        at_midnight = all(moment is None or moment.time() == time() for moment in found)
        return [moment.date() if moment is not None and at_midnight else moment for moment in found]

    @property
    def _has_dates(self) -> bool:
        return self._over_time and not any(isinstance(moment, str) for moment in self._moments)

    @cached_property
    def lines(self) -> dict[tuple[str, ...], list[tuple[Any, Any]]]:
        """Moments and values by label, the largest sum first; empty if they are not numbers over time."""
        if not self._has_dates or not all(_is_number(item.value) for item in self._values):
            return {}
        lines: dict[tuple[str, ...], list[tuple[Any, Any]]] = {}
        for moment, item in zip(self._moments, self._values, strict=True):
            lines.setdefault(item.labels, []).append((moment, item.value))
        order = sorted(lines.items(), key=lambda pair: -sum(value for _, value in pair[1]))
        return dict(order)


def _values_in(node: Any, labels: tuple[str, ...], when: str | None, headed: int) -> Iterator[_Value]:
    """The values below a node. The keys of headers never count as days or times."""
    if not isinstance(node, dict):
        yield _Value(labels, when, node)
        return
    by_time = when is None and len(labels) >= headed and any(_moment(key) is not None for key in node)
    for key, below in node.items():
        if by_time:
            yield from _values_in(below, labels, key, headed)
        else:
            yield from _values_in(below, (*labels, key), when, headed)


def _moment(text: str) -> datetime | None:
    """The wall clock of a day or time such as ``2020-08-31T00:00:00-07:00``; None for anything else."""
    if not text[:4].isdecimal() or text[4:5] != "-":
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, repr=False)
class JQLResult(ReportResult):
    """The unchanged result of a JQL script.

    Attributes:
        script: The script.
        raw: What it returned: any JSON, most often objects.
        params: What the script was given.
    """

    script: str
    raw: tuple[Any, ...]
    params: Mapping[str, Any] | None = None

    @cached_property
    def column_names(self) -> list[str]:
        """The keys of the objects, in the order in which they first come, or ``value`` for anything else."""
        keys = dict.fromkeys(
            key for item in self.raw for key in (item if isinstance(item, dict) else (VALUE,))
        )
        return list(keys)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an item; None where it lacks a key."""
        items = (item if isinstance(item, dict) else {VALUE: item} for item in self.raw)
        return [tuple(map(item.get, self.column_names)) for item in items]

    @property
    def query(self) -> str:
        """The script."""
        return self.script
