"""Result of an experiment: each variant's figures, and how they differ from the control's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries.cells import ExperimentCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.report import OVERALL, ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results.users import UsersResult

MISMATCH = 0.001
"""The p-value below which the split of users is called a mismatch, and the groups not comparable."""


@dataclass(frozen=True)
class ExperimentGroup:
    """The users of a variant.

    Attributes:
        segment: The segment; ``$overall`` for all users.
        variant: The variant.
        users: How many users there are.
    """

    segment: str
    variant: str
    users: int


@dataclass(frozen=True)
class ExperimentEffect:
    """A metric of a variant beside that of the control.

    Attributes:
        segment: The segment; ``$overall`` for all users.
        metric: The metric.
        kind: ``conversion`` (a share of users), ``mean`` (per user) or ``ratio`` (of two numbers).
        variant: The variant.
        users: Its users.
        value: The metric; None where it is undefined.
        control: The metric of the control.
        difference: ``value`` minus ``control``.
        low: The lower end of the interval of the difference.
        high: The upper end.
        lift: The difference as a part of the control; None where that is not above 0.
        lift_low: The lower end of the interval of the lift; None where the control may be 0.
        lift_high: The upper end.
        p_value: The p-value of the difference.
        adjusted_p: The same, corrected for the number of tests.
        detectable: The smallest lift that the test would see with a probability of 80 %.
        power: The probability of seeing the lift that was asked about; None without.
        before_p: With CUPED, the p-value of the difference before exposure, which should not be small.
        test: ``z``, ``Welch`` or ``mSPRT``; None where there is nothing to test.
    """

    segment: str
    metric: str
    kind: str
    variant: str
    users: int
    value: float | None
    control: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    lift: float | None = None
    lift_low: float | None = None
    lift_high: float | None = None
    p_value: float | None = None
    adjusted_p: float | None = None
    detectable: float | None = None
    power: float | None = None
    before_p: float | None = None
    test: str | None = None


_FIGURES = (
    *("metric", "variant", "users", "value", "control", "difference", "low", "high"),
    *("lift", "lift_low", "lift_high", "p_value", "adjusted_p", "significant", "detectable"),
)


@dataclass(frozen=True, repr=False)
class ExperimentResult(ReportResult):
    """The variants of an experiment, and how they differ from the control.

    Attributes:
        exposure: The event of an exposure.
        variant: The property of the variant.
        control: The variant that the others are compared with; None where there is no variant.
        from_date: First day of exposures.
        to_date: Last day of exposures, and without a window of what follows them.
        window: The length of time after an exposure that counts; None is to the last day.
        window_unit: Its unit.
        where: The filter of exposures, or None.
        on: The property that splits the users, or None.
        cuped: Days before exposure that adjust the figures, or None.
        winsorize: The percentile of both ends at which numbers per user are capped, or None.
        sequential: Whether intervals and p-values hold however often one looks.
        correction: How p-values are corrected for their number.
        confidence: The coverage of intervals in percent.
        effect: The lift in percent that the power is told of, or None.
        exposed: The users of each variant, in each segment.
        effects: Each metric of each variant, the control's first.
        mismatch: The p-value of the split of users; below 0.001 the groups cannot be compared.
        undefined: Users who were exposed to no variant that has a name; they are left out.
        switched: Users who met a second variant; they count in their first.
        waiting: Users whose window is not over yet; they are left out.
        left_out: Segments beyond the limit.
    """

    exposure: str
    variant: str
    control: str | None
    from_date: date
    to_date: date
    window: int | None
    window_unit: str
    where: str | None
    on: str | None
    cuped: int | None
    winsorize: int | None
    sequential: bool
    correction: str
    confidence: int
    effect: int | None
    exposed: tuple[ExperimentGroup, ...]
    effects: tuple[ExperimentEffect, ...]
    mismatch: float | None = None
    undefined: int = 0
    switched: int = 0
    waiting: int = 0
    left_out: int = 0

    @property
    def variants(self) -> dict[str, int]:
        """The users of each variant, in all segments together; the control is first."""
        return {each.variant: each.users for each in self.exposed if each.segment == OVERALL}

    @property
    def segments(self) -> list[str]:
        """The segments, all users first."""
        return list(dict.fromkeys(each.segment for each in self.exposed))

    def is_significant(self, effect: ExperimentEffect) -> bool | None:
        """Whether a variant differs from the control; None for the control, and where it is unknown."""
        return None if effect.adjusted_p is None else effect.adjusted_p <= 1 - self.confidence / 100

    def users(self, *, variant: str | None = None, segment: str | None = None) -> UsersResult:
        """The users of the experiment: of a variant, a segment, both, or all.

        Args:
            variant: The variant; None is all.
            segment: The segment; None is all.

        Raises:
            ParameterError: the experiment has no such variant or segment.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = ExperimentCell(variant=variant, segment=segment)
        wanted = None if cell.segment == OVERALL else cell.segment
        if cell.variant is not None:
            cells.name(cell.variant, self.variants, "variant", "variant")
        if self.on is None:
            cells.unbroken(wanted)
        elif wanted is not None:
            cells.name(wanted, self.segments, "segment", "segment")
        return self._users(cell, variant=cell.variant, segment=wanted)

    @property
    def column_names(self) -> list[str]:
        """With ``on`` ``segment``, then metric, variant, its figures, and how it differs from the control."""
        return [*(["segment"] if self.on else []), *_FIGURES, *(["power"] if self.effect else []), "test"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a segment, metric and variant."""
        return [
            (
                *([each.segment] if self.on else []),
                *(
                    self.is_significant(each) if name == "significant" else getattr(each, name)
                    for name in _FIGURES
                ),
                *([each.power] if self.effect else []),
                each.test,
            )
            for each in self.effects
        ]

    def _dtypes(self) -> Mapping[str, str]:
        texts = {"metric", "variant", "users", "significant"}
        numbers = dict.fromkeys((name for name in _FIGURES if name not in texts), "float64")
        return {"users": "int64", "significant": "boolean"} | numbers


def no_such_control(control: str, variants: Mapping[str, int]) -> ParameterError:
    """That no user was exposed to the control."""
    from mixpanel_nb.errors import Word, did_you_mean

    listed = ", ".join(map(repr, list(variants)[:5])) + (" …" if len(variants) > 5 else "")
    hint = did_you_mean(control, variants) or f"The variants are {listed}."
    message = [Word("control"), f" is {control[:40]!r}, and no user was exposed to it."]
    return ParameterError(message, parameter="control", value=control, hint=hint)
