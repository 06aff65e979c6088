"""What a report answers that is saved in Mixpanel, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import unique_names
from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.wording import days, drawn_of, listed, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mixpanel_nb.display import Card, Chart

_MAX_LINES = 7
_MAX_NAME = 40


@dataclass(frozen=True)
class _Value:
    """One value of a series: the keys above it, the day or time among them, and the value."""

    labels: tuple[str, ...]
    when: str | None
    value: Any


@dataclass(frozen=True, repr=False)
class SavedReportResult(ReportResult):
    """The answer of a saved report: one row a value, with all the keys it stands under.

    Attributes:
        bookmark_id: Mixpanel's id of the report.
        series: The values as Mixpanel nests them, such as event to day to count.
        headers: What the outer keys of ``series`` are, such as ``$event``.
        date_range: ``from_date`` and ``to_date`` as Mixpanel gives them.
    """

    shown_rows: ClassVar[int] = 20

    bookmark_id: int
    series: Mapping[str, Any]
    headers: tuple[str, ...] = ()
    date_range: Mapping[str, Any] | None = None

    @property
    def column_names(self) -> list[str]:
        """The headers (``level_2``… for further keys), ``date`` where there are days or times, ``value``."""
        return unique_names([*self._label_names, *(["date"] if self._over_time else []), "value"])

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a value; None for a key that it does not stand under. Lists stay lists."""
        size = len(self._label_names)
        labels = [(*item.labels, *[None] * size)[:size] for item in self._values]
        times: Sequence[tuple[Any, ...]] = [(moment,) if self._over_time else () for moment in self._moments]
        return [
            (*label, *moment, item.value)
            for label, moment, item in zip(labels, times, self._values, strict=True)
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {self.column_names[-2]: "datetime64[ns]"} if self._has_dates else {}

    @cached_property
    def _values(self) -> list[_Value]:
        return list(_values_in(self.series, (), None, len(self.headers)))

    @property
    def _label_names(self) -> list[str]:
        size = max((len(item.labels) for item in self._values), default=len(self.headers))
        further = [f"level_{place}" for place in range(len(self.headers) + 1, size + 1)]
        return [*self.headers, *further]

    @property
    def _over_time(self) -> bool:
        return any(item.when is not None for item in self._values)

    @cached_property
    def _moments(self) -> list[date | str | None]:
        """The days or times; as text where something else is among them (such as ``$average``)."""
        texts = [item.when for item in self._values]
        found = [None if text is None else _moment(text) for text in texts]
        if any(moment is None and text is not None for moment, text in zip(found, texts, strict=True)):
            return list(texts)
        at_midnight = all(moment is None or moment.time() == time() for moment in found)
        return [moment.date() if moment is not None and at_midnight else moment for moment in found]

    @property
    def _has_dates(self) -> bool:
        return self._over_time and not any(isinstance(moment, str) for moment in self._moments)

    def card(self, *, max_rows: int | None = None) -> Card:
        """The values over time as lines, where they are numbers over time, and as a table."""
        from mixpanel_nb.display import Card, Column, Table

        rows = self.tuples()
        columns = [Column(name) for name in self.column_names]
        shown = rows[: self._limit(max_rows)]
        unseen = (
            drawn_of(min(_MAX_LINES, len(self._lines)), len(self._lines), "line") if self._lines else None
        )
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            chart=self._drawing(titled=False),
            table=Table(columns, shown, total_rows=len(rows), more=".df has them all") if rows else None,
            query=self.query,
            notes=[*self.notes, *([unseen] if unseen else [])],
            empty=None if rows else self._nothing(),
        )

    @property
    def _title(self) -> str:
        return f"Saved report {self.bookmark_id}"

    @property
    def _subtitle(self) -> str:
        told = self.date_range or {}
        first, last = (_moment(str(told.get(name) or "")) for name in ("from_date", "to_date"))
        range_ = days(first.date(), last.date()) if first and last else None
        return listed((range_, f"by {', '.join(self.headers)}" if self.headers else None))

    def _nothing(self) -> str:
        return "The report holds no numbers over time." if self._values else "The report is empty."

    @cached_property
    def _lines(self) -> dict[tuple[str, ...], list[tuple[Any, Any]]]:
        """Moments and values by label, the largest sum first; none where they are no numbers over time."""
        if not self._has_dates or not all(_is_number(item.value) for item in self._values):
            return {}
        lines: dict[tuple[str, ...], list[tuple[Any, Any]]] = {}
        for moment, item in zip(self._moments, self._values, strict=True):
            lines.setdefault(item.labels, []).append((moment, item.value))
        order = sorted(lines.items(), key=lambda pair: -sum(value for _, value in pair[1]))
        return dict(order)

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import described_series, distinct_labels

        drawn = dict(list(self._lines.items())[:_MAX_LINES])
        if not drawn:
            return None
        told = self._telling(drawn)
        names = distinct_labels(
            (short(" · ".join(labels[place] for place in told if place < len(labels))) for labels in drawn),
            _MAX_NAME,
        )
        what = short(", ".join(self._label_names[place] for place in told), _MAX_NAME)
        line = "line" if what in {"date", "value"} else what
        rows = [
            {"date": moment, "value": value, line: name}
            for name, points in zip(names, drawn.values(), strict=True)
            for moment, value in sorted(points)
        ]
        kind = "line" if len({row["date"] for row in rows}) > 1 else "bar"
        color = line if len(drawn) > 1 else None
        title, below = f"{self._title}: {', '.join(names)}", self._subtitle
        return described_series(rows, "date", "value", color, kind, title, titled=titled, subtitle=below)

    def _telling(self, drawn: Iterable[tuple[str, ...]]) -> list[int]:
        """The places of those labels that tell the lines apart; all of them where there is one line."""
        known = list(drawn)
        places = range(max(map(len, known)))
        differing = [place for place in places if len({labels[place : place + 1] for labels in known}) > 1]
        return differing or list(places)


def _values_in(node: Any, labels: tuple[str, ...], when: str | None, headed: int) -> Iterator[_Value]:
    """The values below a node. The keys of headers are never taken for days or times."""
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
