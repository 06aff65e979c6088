"""View of an experiment: lifts with their intervals, and what they are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Chart, Column, Table, counted, first_of, format_value
from mixpanel_nb.display.intervals import Estimate, intervals
from mixpanel_nb.results import OVERALL, ExperimentResult
from mixpanel_nb.results.experiment import MISMATCH
from mixpanel_nb.views.base import MISSING, MORE_IN_DF
from mixpanel_nb.views.report import ReportView
from mixpanel_nb.views.words import beyond_limit, days, filtered, listed, property_name, short, signed_percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.results import ExperimentEffect

_MAX_ROWS = 24
_MAX_NAME = 40
_FEW = 30
_SMALL_P = 0.0001
_TESTS = {
    "z": "z-test (unpooled)",
    "Welch": "Welch's t-test",
    "mSPRT": "sequential (normal mixture)",
}
_METHODS = {
    "holm": "Holm",
    "bonferroni": "Bonferroni",
    "bh": "Benjamini-Hochberg",
}


class ExperimentView(ReportView[ExperimentResult]):
    """The variants beside the control."""

    shown_rows: ClassVar[int] = 20

    def card(self, *, max_rows: int | None = None) -> Card:
        """Lifts as points with intervals, and all figures as a table."""
        del max_rows
        found = bool(self.result.effects)
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
    def _title(self) -> str:
        others = [name for name in self.result.variants if name != self.result.control]
        name = property_name(self.result.variant)
        if not others:
            return f"Experiment: {name}"
        against = f"{first_of([short(each, _MAX_NAME) for each in others], 3)}"
        return f"Experiment: {name} {against} against {short(self.result.control or '', _MAX_NAME)}"

    @property
    def _subtitle(self) -> str:
        result = self.result
        window = f"{counted(result.window, result.window_unit)} each" if result.window else None
        split = f"by {property_name(result.on)}" if result.on else None
        exposed = f"exposed by {short(result.exposure)}"
        return listed(
            (days(result.from_date, result.to_date), exposed, window, split, filtered(result.where))
        )

    def _nothing(self) -> str:
        result = self.result
        exposed = f"No {property_name(result.variant)} in exposures by {short(result.exposure)}"
        none = listed((exposed, filtered(result.where)), " ")
        return f"{none} from {result.from_date} to {result.to_date}."

    def _facts(self) -> list[tuple[str, Any]]:
        shown = list(self.result.variants.items())[:6]
        facts: list[tuple[str, Any]] = [(f"Users of {short(name, 24)}", users) for name, users in shown]
        if self.result.mismatch is not None:
            verdict = "not by chance" if self.result.mismatch < MISMATCH else "as expected"
            facts.append(("Split", f"{verdict} (p = {p_text(self.result.mismatch)})"))
        return facts

    @property
    def remarks(self) -> list[str]:
        """What the figures rest on, who is left out, and what casts doubt on them."""
        if not self.result.effects:
            return self._remarked(*self._left_out())
        return self._remarked(*self._doubts(), *self._left_out(), self._method())

    def _doubts(self) -> Iterator[str]:
        result = self.result
        if result.mismatch is not None and result.mismatch < MISMATCH:
            yield (
                "The users are not split as they should be (sample ratio mismatch): find the cause before "
                "believing a difference."
            )
        for each in result.effects:
            if each.before_p is not None and each.before_p < 1 - result.confidence / 100:
                before = f"in the {result.cuped} days before their exposure"
                yield (
                    f"{self._named(each)}: users differed already {before} "
                    f"(p = {p_text(each.before_p)}, not corrected)."
                )
        if any(users < _FEW for users in result.variants.values()):
            yield f"A variant has fewer than {_FEW} users: intervals and p-values are rough."
        if len(result.variants) == 1:
            yield "There is one variant, and so nothing to compare."

    def _left_out(self) -> Iterator[str | None]:
        result = self.result
        if result.undefined:
            yield f"{counted(result.undefined, 'user')} without a variant (undefined) left out."
        if result.switched:
            yield f"{counted(result.switched, 'user')} met a second variant, and count in their first."
        if result.waiting:
            window = counted(result.window or 0, result.window_unit)
            yield f"{counted(result.waiting, 'user')} left out whose {window} are not over."
        yield beyond_limit(result.left_out, "segment")

    def _method(self) -> str | None:
        result = self.result
        tests = [each.test for each in result.effects if each.test]
        if not tests:
            return None
        used = ", ".join(_TESTS[test] for test in dict.fromkeys(tests))
        ratios = (
            "; ratios by the delta method" if any(each.kind == "ratio" for each in result.effects) else ""
        )
        number = sum(1 for each in result.effects if each.test and each.segment == OVERALL)
        correction = _METHODS.get(result.correction)
        corrected = (
            f"p corrected for {counted(number, 'test')} ({correction})" if correction else "p not corrected"
        )
        of_segments = ", those of segments apart" if result.on and correction else ""
        extra = []
        if result.cuped:
            extra.append(f"adjusted by the {result.cuped} days before exposure (CUPED; not ratios)")
        if result.winsorize:
            extra.append(
                f"numbers per user capped at percentiles {result.winsorize} and {100 - result.winsorize}"
            )
        looks = (
            "They hold however often one looks."
            if result.sequential
            else "They hold for one look at the end of the test; for more, ask for sequential ones."
        )
        how = (f"{result.confidence} % intervals, {used}{ratios}", f"{corrected}{of_segments}", *extra)
        assumed = "Users are taken to be independent, and assigned by chance."
        marks = (
            f"*: p of at most {100 - result.confidence} %. Detectable: the lift seen with a power of 80 %."
        )
        return f"{listed(how, '; ')}. {looks} {assumed} {marks}"

    def _named(self, effect: ExperimentEffect) -> str:
        segment = None if effect.segment == OVERALL else short(effect.segment, _MAX_NAME)
        return listed((segment, short(effect.metric), short(effect.variant, _MAX_NAME)), " · ")

    @property
    def _tested(self) -> list[ExperimentEffect]:
        return [each for each in self.result.effects if each.variant != self.result.control]

    def drawing(self, *, titled: bool) -> Chart | None:
        """The lift of each metric and variant with its interval."""
        found = [each for each in map(self._estimate, self._tested) if each is not None]
        if not found:
            return None
        estimates = found[:_MAX_ROWS]
        title, subtitle = (self._title, self._subtitle) if titled else (None, None)
        x_title = f"lift against {short(self.result.control or '', _MAX_NAME)}"
        words = first_of([f"{each.name} {each.text}" for each in estimates], 6)
        return Chart(
            lambda: intervals(estimates, x_title, title=title, subtitle=subtitle),
            f"{self._title}, {x_title}: {words}.",
        )

    def _estimate(self, effect: ExperimentEffect) -> Estimate | None:
        """The lift with its interval; None where either is unknown."""
        if effect.lift is None or effect.lift_low is None or effect.lift_high is None:
            return None
        return Estimate(
            self._parts(effect),
            effect.lift,
            effect.lift_low,
            effect.lift_high,
            signed_percent(effect.lift),
            bool(self.result.is_significant(effect)),
        )

    def _parts(self, effect: ExperimentEffect) -> str:
        segment = None if effect.segment == OVERALL else effect.segment
        variant = effect.variant if len(self.result.variants) > 2 else None
        return listed((segment, effect.metric, variant), " · ")

    def _table(self) -> Table:
        columns = [
            *([Column("segment", "text")] if self.result.on else []),
            Column("metric", "text"),
            Column("variant", "text"),
            Column("users", "integer"),
            Column("value", "text"),
            Column("lift", "text"),
            Column(f"{self.result.confidence} % interval", "text"),
            Column("p", "text"),
            Column("detectable", "text"),
            *([Column(f"power for {self.result.effect} %", "percent")] if self.result.effect else []),
        ]
        rows = [self._row(each) for each in self.result.effects]
        return Table(columns, rows, more=MORE_IN_DF, null="", keys=3 if self.result.on else 2)

    def _row(self, effect: ExperimentEffect) -> Sequence[Any]:
        is_control = effect.variant == self.result.control
        interval = MISSING
        if effect.lift_low is not None and effect.lift_high is not None:
            interval = f"{signed_percent(effect.lift_low)} to {signed_percent(effect.lift_high)}"
        mark = " *" if self.result.is_significant(effect) else ""
        return [
            *([effect.segment] if self.result.on else []),
            short(effect.metric),
            f"{short(effect.variant, _MAX_NAME)}{' (control)' if is_control else ''}",
            effect.users,
            _value(effect),
            *(
                ("", "", "", "")
                if is_control
                else (
                    MISSING if effect.lift is None else signed_percent(effect.lift),
                    interval,
                    MISSING if effect.adjusted_p is None else f"{p_text(effect.adjusted_p)}{mark}",
                    MISSING if effect.detectable is None else f"{effect.detectable:.1%}",
                )
            ),
            *([effect.power] if self.result.effect else []),
        ]


def p_text(p: float) -> str:
    """A p-value with as many decimals as it bears."""
    if p < _SMALL_P:
        return f"< {_SMALL_P}"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _value(effect: ExperimentEffect) -> str:
    if effect.value is None:
        return MISSING
    if effect.kind == "conversion":
        return f"{effect.value:.2%}"
    return format_value(effect.value) if abs(effect.value) < 1 else f"{effect.value:,.2f}"
