"""View of a reconciliation: how much agrees, why the rest does not, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Chart, Column, Table, render_html
from mixpanel_nb.results import ReconcileResult
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.insights import shown
from mixpanel_nb.views.over_time import time_chart
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import short

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.results import ReconciledNumber

_NAMES = {
    "time_zone": "Time zone",
    "duplicates": "Duplicates",
    "window": "Conversion window",
    "days_not_fetched": "Days not fetched",
    "filters": "Filters of the fetch",
    "funnel_definition": "Definition of the funnel",
    "identities": "Identities",
    "data_view": "Data view",
    "late_events": "Late events",
    "changed_events": "Deleted or changed events",
    "unexplained": "Unexplained",
}
_MAX_NAME = 40
_MAX_POINTS = 1_000
_ENOUGH = 3  # buckets, for a chart


class ReconcileView(ReportView[ReconcileResult]):
    """Mixpanel's numbers and a table's side by side, where they differ."""

    shown_rows: ClassVar[int] = 12

    def card(self, *, max_rows: int | None = None) -> Card:
        """How much agrees, the causes, and the numbers that differ; with commands to type."""
        del max_rows
        return self._card("mp ")

    def html(self, *, max_rows: int | None = None) -> str:
        """The card as HTML, with magics to type."""
        return render_html(self._card("%mp_"), max_rows=self.limit(max_rows))

    def _card(self, prefix: str) -> Card:
        result = self.result
        return Card(
            title=self._title,
            subtitle=self._subtitle,
            facts=self._facts(),
            chart=self.drawing(titled=False),
            table=self._table() if result.differing else None,
            query=result.query,
            notes=[*self._said(prefix), *result.notes],
            empty=None if result.compared else "There is nothing to compare.",
        )

    @property
    def remarks(self) -> list[str]:
        """The causes, and the notes of the table's answer."""
        return [*self._said("mp "), *self.result.notes]

    @property
    def _title(self) -> str:
        result = self.result
        unit = result.unit
        if result.compared == 0:
            return f"{result.mixpanel.headline}: nothing to compare"
        if result.agrees:
            whole = f"all {result.compared:,} {unit}s agree" if result.compared > 1 else f"the {unit} agrees"
            return f"{result.mixpanel.headline}: {whole}"
        verb = "agrees" if result.agreeing == 1 else "agree"
        return f"{result.mixpanel.headline}: {result.agreeing:,} of {result.compared:,} {unit}s {verb}"

    @property
    def _subtitle(self) -> str:
        found = self.result.mixpanel.card().subtitle or ""
        return f"{found}; Mixpanel against the table {self.result.table}"

    def _facts(self) -> list[tuple[str, Any]]:
        """Both totals, of numbers that add up and that both sides know."""
        known = [
            number
            for number in self.result.numbers_found
            if number.measure.adds_up and number.mixpanel is not None and self.result.date_column
        ]
        if not known:
            return []
        theirs = sum(number.mixpanel or 0 for number in known)
        ours = sum(number.table or 0 for number in known)
        return [
            ("Mixpanel", shown(theirs)),
            (self.result.table, shown(ours)),
            ("Difference", _signed(theirs - ours)),
        ]

    def _said(self, prefix: str) -> Iterator[str]:
        """Each cause in words, and what to type in a line of its own."""
        for cause in self.result.causes:
            name = _NAMES[cause.name] + ("" if cause.status == "unexplained" else f" ({cause.status})")
            yield f"{name}: {cause.evidence} {cause.advice or ''}".rstrip()
            if cause.command is not None:
                yield f"Type: {prefix}{cause.command}"

    def _table(self) -> Table:
        """The numbers that differ."""
        result = self.result
        with_measure = result.has_measures
        keys = result.key_columns if len({number.names for number in result.numbers_found}) > 1 else []
        is_time = result.unit in {"minute", "hour"}
        columns = [
            *([Column("date", "datetime" if is_time else "date")] if result.date_column else []),
            *(Column(name, "text") for name in keys),
            *([Column("measure", "text")] if with_measure else []),
            *(Column(name, "number") for name in ("Mixpanel", result.table, "difference")),
            Column("cause", "text"),
        ]
        rows = [
            (
                *([number.date] if result.date_column else []),
                *("" if name is None else short(str(name), _MAX_NAME) for name in number.names[: len(keys)]),
                *([number.measure.name] if with_measure else []),
                _figure(number, number.mixpanel),
                _figure(number, number.table),
                _difference(number),
                ", ".join(_NAMES[cause].lower() for cause in number.causes),
            )
            for number in result.differing
        ]
        return Table(columns, rows, more=MORE_IN_DF, null=MISSING)

    # The chart

    def drawing(self, *, titled: bool) -> Chart | None:
        """Both numbers over time, where they differ and add up."""
        result = self.result
        dates = list(dict.fromkeys(number.date for number in result.numbers_found))
        if not result.differing or not result.date_column or not _ENOUGH <= len(dates) <= _MAX_POINTS:
            return None
        if not all(number.measure.adds_up for number in result.numbers_found):
            return None
        names = ("Mixpanel", result.table if result.table != "Mixpanel" else "table")
        rows = [
            {"date": day, "line": name, "count": value}
            for name, side in zip(names, ("mixpanel", "table"), strict=True)
            for day, value in self._over_time(side).items()
        ]
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        return Chart(
            lambda: time_chart(
                rows,
                "count",
                "line",
                unit=result.unit,
                title=title,
                subtitle=subtitle,
                color_title="asked",
                dashed=names[:1],
            ),
            self._words(),
        )

    def _words(self) -> str:
        """The chart in words."""
        apart = [number for number in self.result.differing if number.difference is not None]
        if not apart:
            return "Mixpanel's numbers and the table's over time."
        most = max(apart, key=lambda number: abs(number.difference or 0))
        return f"Both over time; furthest apart on {most.date}, by {_signed(most.difference or 0)}."

    def _over_time(self, side: str) -> dict[Any, float | None]:
        """The sum of a side's numbers in each bucket; None where it knows none of them."""
        found: dict[Any, float | None] = {}
        for number in self.result.numbers_found:
            value = getattr(number, side)
            before = found.setdefault(number.date, None)
            if value is not None:
                found[number.date] = (before or 0) + value
        return found

    def codes(self) -> list[tuple[str, str]]:
        """The reconciliation as a magic and in Python, and the statement and request of both answers."""
        magic = self.result.asked.magic(of="reconcile")
        codes = [("Magic", magic)] if magic else []
        codes.append(("Python", self.result.asked.python(of="reconcile")))
        sides = [("SQL", self.result.local.query), ("Request", self.result.mixpanel.query)]
        return codes + [(label, query) for label, query in sides if query is not None]


def _figure(number: ReconciledNumber, value: float | None) -> str:
    if value is None:
        return MISSING
    return f"{value:.2%}" if number.measure.kind == "share" else shown(value)


def _difference(number: ReconciledNumber) -> str:
    difference = number.difference
    if difference is None:
        return MISSING
    return f"{difference * 100:+.2f} points" if number.measure.kind == "share" else _signed(difference)


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{shown(value)}"
