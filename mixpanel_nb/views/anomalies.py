"""View of what was unusual in the last days: small lines, and a list with commands that explain it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Chart, Column, Table, counted, first_of, render_html
from mixpanel_nb.display.small_lines import SmallLine, small_lines
from mixpanel_nb.results import AnomaliesResult
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.experiment import p_text
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.why import number, percent_of
from mixpanel_nb.views.words import beyond_limit, days, filtered, listed, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.results import Anomaly

_MAX_NAME = 40
_COMMANDS = 5
_DRAWN = 8


class AnomaliesView(ReportView[AnomaliesResult]):
    """Days that stand out."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """What was unusual, with commands to type in a terminal."""
        del max_rows
        return self._card(magic=False)

    def html(self, *, max_rows: int | None = None) -> str:
        """The card for a notebook, where the commands are magics."""
        card = replace(self._card(magic=True), users=self._users_line())
        return render_html(card, max_rows=self.limit(max_rows))

    def _card(self, *, magic: bool) -> Card:
        result = self.result
        columns = [
            *(Column("day", "text"), Column("what", "text"), Column("actual", "text")),
            *(Column("usual", "text"), Column("change", "text"), Column("chance", "text")),
            *([Column("explain", "text", folds=True)] if magic else []),
            Column("also", "text", folds=True),
        ]
        rows = [self._row(each, magic=magic) for each in result.anomalies]
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            chart=self.drawing(titled=False),
            table=Table(columns, rows, more=MORE_IN_DF, null="", keys=2) if rows else None,
            query=result.query,
            notes=[*([] if magic else self._commands()), *self.remarks],
            empty=None if rows else self._nothing(),
        )

    @property
    def _title(self) -> str:
        result = self.result
        if result.from_date is None or result.to_date is None:
            return "Anomalies"
        found = _several(len(result.anomalies) + result.left_out, "anomal", "y", "ies")
        return f"{found} from {days(result.from_date, result.to_date)}"

    @property
    def _subtitle(self) -> str:
        result = self.result
        compared = (
            f"{counted(result.events, 'event')} and the values of "
            f"{_several(len(result.tried), 'propert', 'y', 'ies')}, each day against 8 weeks before"
        )
        return listed((compared, filtered(result.where)))

    def _nothing(self) -> str:
        result = self.result
        if result.from_date is None or result.to_date is None:
            return "No events."
        over = f"from {result.from_date} to {result.to_date}"
        if not result.events:
            none = listed(("No event", filtered(result.where), over), " ")
            return f"{none}, or in the 8 weeks before, happened 5 times on a day."
        if not result.judged:
            none = listed(("No day", filtered(result.where), over), " ")
            return f"{none} has enough days before it to say what is usual."
        none = listed(("No anomalies", filtered(result.where), over), " ")
        return f"{none}: all numbers are within what chance explains."

    @property
    def remarks(self) -> list[str]:
        """What was compared, in words."""
        return self._remarked(*self._compared())

    def _compared(self) -> Iterator[str | None]:
        result = self.result
        if result.judged:
            yield (
                f"Chances are corrected for {counted(result.comparisons, 'comparison')} (Bonferroni): "
                "quiet days say nothing in 19 of 20 runs."
            )
        if len(self._lines()) > _DRAWN:
            yield f"The chart shows the first {_DRAWN} of {len(self._lines())} events and values."
        yield beyond_limit(result.left_out, "row")

    def drawing(self, *, titled: bool) -> Chart | None:
        """What moved over time beside what was usual, with the days marked."""
        lines = self._lines()[:_DRAWN]
        if not lines:
            return None
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        told = first_of([f"{each.name} {each.text}" for each in lines], 5)
        return Chart(
            lambda: small_lines(lines, self.result.dates, title=title, subtitle=subtitle),
            f"{self._title}; numbers per day, what was usual dashed, these days marked: {told}.",
        )

    def _lines(self) -> list[SmallLine]:
        """A line for each event and value, with all of its days."""
        rows: dict[tuple[str | None, ...], list[Anomaly]] = {}
        for each in self.result.anomalies:
            rows.setdefault((each.kind, each.prop, each.value), []).append(each)
        return [
            SmallLine(
                _named(head),
                head.actuals,
                head.expecteds,
                tuple(self.result.dates.index(each.date) for each in (head, *others)),
                first_of([_moved(each) for each in (head, *others)], 2),
            )
            for head, *others in rows.values()
        ]

    def _row(self, anomaly: Anomaly, *, magic: bool) -> Sequence[Any]:
        also = first_of([short(name, _MAX_NAME) for name in anomaly.also], 3) if anomaly.also else None
        return [
            f"{anomaly.date:%a %Y-%m-%d}",
            _named(anomaly),
            number(anomaly.actual),
            number(anomaly.expected),
            percent_of(anomaly.actual, anomaly.expected),
            p_text(anomaly.chance),
            *([anomaly.why.magic() or anomaly.command] if magic else []),
            also,
        ]

    def _commands(self) -> list[str]:
        """What to type in a terminal to explain the first rows."""
        commands = dict.fromkeys(each.command for each in self.result.anomalies)
        return [f"Type: {command}" for command in [*commands][:_COMMANDS]]


def _named(anomaly: Anomaly) -> str:
    named = short(anomaly.name, 2 * _MAX_NAME)
    return f"event {named}" if anomaly.kind == "event" else named


def _moved(anomaly: Anomaly) -> str:
    change = percent_of(anomaly.actual, anomaly.expected)
    return f"{change} {anomaly.date:%b} {anomaly.date.day}"


def _several(count: int, stem: str, one: str, many: str) -> str:
    return f"{count:,} {stem}{one if count == 1 else many}"
