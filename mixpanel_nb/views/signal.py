"""View of what goes with a goal: correlations as bars, and what they are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Bar, Card, Chart, Column, Table, counted, first_of
from mixpanel_nb.display.bars import signed_bars
from mixpanel_nb.display.charts import stacked_charts
from mixpanel_nb.display.heatmap import HeatRow, heatmap
from mixpanel_nb.results import SignalResult
from mixpanel_nb.views.base import MORE_IN_DF
from mixpanel_nb.views.experiment import p_text
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import beyond_limit, days, drawn_of, filtered, listed, short

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mixpanel_nb.results import Behaviour

_MAX_NAME = 40
_DRAWN = 20
_NEARLY_SAME = 0.8


class SignalView(ReportView[SignalResult]):
    """What users did who reached the goal."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """Correlations as bars, and all figures as a table."""
        del max_rows
        found = bool(self.result.behaviours)
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts() if found else (),
            chart=self.drawing(titled=False),
            table=self._table() if found else None,
            query=self.result.query,
            notes=self.remarks,
            empty=None if found else self._nothing(),
        )

    @property
    def _goal(self) -> str:
        result = self.result
        name = "coming back" if result.goal is None else short(result.goal)
        often = f"{result.goal_times:,} times " if result.goal_times > 1 else ""
        return listed((f"{often}{name}", filtered(result.goal_where)), " ")

    @property
    def _title(self) -> str:
        return f"What goes with {self._goal}"

    @property
    def _subtitle(self) -> str:
        result = self.result
        begin = "their first event" if result.start is None else f"their first {short(result.start)}"
        within = f"within {counted(result.window, 'day')} of"
        if result.after:
            within = f"in days {result.after:,} to {result.window:,} after"
        goal = f"goal {within} {begin}"
        return listed((days(result.from_date, result.to_date), goal, filtered(result.where)))

    def _nothing(self) -> str:
        result = self.result
        over = listed((filtered(result.where), f"from {result.from_date} to {result.to_date}"), " ")
        begin = "users" if result.start is None else f"users of {short(result.start)}"
        if not result.total:
            return f"No {begin} {over}{' whose time is over' if result.waiting else ''}."
        if result.reached in {0, result.total}:
            which = "none" if not result.reached else "each"
            return f"No comparison: of {counted(result.total, 'user')} {over}, {which} reached the goal."
        return f"No event was done by enough {begin} {over} to be compared."

    def _facts(self) -> list[tuple[str, Any]]:
        result = self.result
        share = f"{result.reached:,} ({result.reached / result.total:.1%})"
        facts: list[tuple[str, Any]] = [("Users", result.total), ("Reached the goal", share)]
        return [*facts, ("Compared", counted(result.tried, "value" if result.properties else "event"))]

    @property
    def remarks(self) -> list[str]:
        """What the figures mean, who is left out, and what casts doubt on them."""
        if not self.result.behaviours:
            return self._remarked(*self._left_out())
        return self._remarked(*self._verdict(), *self._method(), *self._left_out())

    def _verdict(self) -> Iterator[str]:
        result = self.result
        if not any(each.is_certain for each in result.behaviours):
            yield "Chance explains all of it: nothing is known to go with the goal."
        near = [short(each.name) for each in result.behaviours if abs(each.phi) >= _NEARLY_SAME]
        if near:
            yield f"Nearly the users who reached the goal, so perhaps a part of it: {first_of(near, 3)}."
        yield "This is correlation: it does not say that users reach the goal because they do it."

    def _method(self) -> Iterator[str]:
        result = self.result
        times = _range(result.at_least, result.most_times, "time")
        within = _range(result.within, result.most_days, "day")
        yield (
            "phi is 1 if those who did it are those who reached the goal, 0 if both are independent, and -1 "
            "if they are the others. Precision: who reached the goal, of those who did it; omission: of the "
            "others. Recall: who did it, of those who reached the goal; fall-out: of the others."
        )
        yield (
            f"Tried: {times} within {within} of the start; the best is shown. "
            f"Chances are Fisher's exact test, corrected for {counted(result.comparisons, 'comparison')} "
            "(Bonferroni); *: below 5 %."
        )
        if len(result.behaviours[0].grid) > 1:
            yield "The heat map is of the first; what too few or too many users did is blank."
        if result.before_goal:
            yield "Who reached the goal had only the time before it, the others all of it: phi is too low."
        elif result.most_days > result.after:
            yield "What users did after they reached the goal counts, too."

    def _left_out(self) -> Iterator[str | None]:
        result = self.result
        if result.waiting:
            yield f"{counted(result.waiting, 'user')} left out whose time is not over."
        if result.rare and 0 < result.reached < result.total:
            what = "value" if result.properties else "event"
            yield f"Too few or too many users did {counted(result.rare, f'other {what}')} to compare them."
        yield beyond_limit(result.left_out, "correlation")
        yield drawn_of(min(len(result.behaviours), _DRAWN), len(result.behaviours), "correlation")

    def drawing(self, *, titled: bool) -> Chart | None:
        """The correlation of each behaviour with the goal."""
        shown = self.result.behaviours[:_DRAWN]
        if not shown:
            return None
        bars = [Bar(short(each.name), each.phi, f"{each.phi:+.2f} · {_often(each)}") for each in shown]
        certain = [each.is_certain for each in shown]
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        words = first_of(
            [f"{short(each.name, _MAX_NAME)} {_often(each)} {each.phi:+.2f}" for each in shown], 6
        )
        heat = self._heat(shown[0])

        def drawn() -> Any:
            charts = [signed_bars(bars, certain, title=title, subtitle=subtitle)]
            return stacked_charts([*charts, *([] if heat is None else [heat()])])

        told = "" if heat is None else f" Below, {self._heat_title(shown[0])}."
        return Chart(drawn, f"{self._title}, {self._subtitle}, phi coefficients: {words}.{told}")

    def _heat(self, behaviour: Behaviour) -> Callable[[], Any] | None:
        """The heat map of one behaviour; None where a single number of times and days was compared."""
        grid = {(each.times, each.days): each for each in behaviour.grid}
        if len(grid) < 2:
            return None
        days = sorted({each.days for each in behaviour.grid})
        rows = [
            HeatRow(
                f"{times}+",
                f"{max(each.users for each in behaviour.grid if each.times == times):,}",
                [None if (cell := grid.get((times, day))) is None else cell.phi for day in days],
            )
            for times in sorted({each.times for each in behaviour.grid})
        ]
        return lambda: heatmap(
            rows,
            [str(day) for day in days],
            lead="users",
            x="within days of the start",
            written=_phi_text,
            signed=True,
            title=self._heat_title(behaviour),
        )

    def _heat_title(self, behaviour: Behaviour) -> str:
        return f"{short(behaviour.name)}: phi by times and days, best {_often(behaviour)}"

    def _table(self) -> Table:
        columns = [
            Column("what users did", "text"),
            Column("times", "text"),
            Column("phi", "text"),
            Column("chance", "text"),
            Column("precision", "percent"),
            Column("recall", "percent"),
            Column("omission", "percent"),
            Column("fall-out", "percent"),
            Column("users", "integer"),
        ]
        rows = [self._row(each) for each in self.result.behaviours]
        return Table(columns, rows, more=MORE_IN_DF, null="", keys=1)

    def _row(self, each: Behaviour) -> Sequence[Any]:
        return [
            short(each.name, 2 * _MAX_NAME),
            _often(each),
            f"{each.phi:+.3f}",
            f"{p_text(each.chance)}{' *' if each.is_certain else ''}",
            each.precision,
            each.recall,
            each.false_omission_rate,
            each.fall_out,
            each.users,
        ]


def _phi_text(phi: float, *, narrow: bool = False) -> str:
    """``+0.23``; ``.23`` where there is little room."""
    return f"{phi:.2f}".replace("0.", ".", 1) if narrow else f"{phi:+.2f}"


def _often(each: Behaviour) -> str:
    return f"{each.did.times:,}+ in {counted(each.did.days, 'day')}"


def _range(only: int | None, most: int, noun: str) -> str:
    return counted(only, noun) if only is not None else f"1 to {counted(most, noun)}"
