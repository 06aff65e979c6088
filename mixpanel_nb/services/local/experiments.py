"""Conversion of an experiment's moments to its figures and tests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.experiment import PER_ESTIMAND, estimands
from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.experiment import MOST_VARIANTS
from mixpanel_nb.results import OVERALL, ExperimentEffect, ExperimentGroup
from mixpanel_nb.results.experiment import no_such_control
from mixpanel_nb.results.inference import Difference, Moments, adjustment, corrected, sample, split_mismatch
from mixpanel_nb.results.report import segment_names
from mixpanel_nb.services.asked import labels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.queries import Experiment

_OF_CONTROL = "control"


class Variants:
    """The rows of ``experiment.statement``.

    Args:
        query: The experiment.
        rows: Its rows.

    Attributes:
        waiting: Users whose window is not over.
        undefined: Users without a variant.
        switched: Users who met a second variant.
        left_out: Segments beyond the limit.
        control: The variant that others are compared with; None without variants.

    Raises:
        ParameterError: the control is no variant, or there are too many variants.
    """

    def __init__(self, query: Experiment, rows: Sequence[tuple[Any, ...]]) -> None:
        self._query = query
        self._estimands = estimands(query)
        self.waiting, self.undefined, self.switched = (int(number) for number in rows[0][:3])
        self._found: dict[str, dict[str, list[Moments]]] = defaultdict(dict)
        names = segment_names(row[4] for row in rows if row[3] is not None)
        for _, _, _, variant, segment, users, *moments in rows:
            if variant is not None:
                self._found[names[segment]][variant] = [
                    Moments(int(users), *map(_number, moments[start : start + PER_ESTIMAND]))
                    for start in range(0, len(moments), PER_ESTIMAND)
                ]
        self._users = {name: found[0].users for name, found in self._found.get(OVERALL, {}).items()}
        if len(self._users) > MOST_VARIANTS:
            message = [Word("variant"), f" {query.variant[:40]!r} has {len(self._users):,} values."]
            hint = f"Take a property that tells at most {MOST_VARIANTS} variants apart."
            raise ParameterError(message, parameter="variant", value=query.variant, hint=hint)
        self.control = self._control()
        split = sorted(self._found, key=self._size)
        kept = [OVERALL, *(name for name in split if name != OVERALL)][: query.limit + 1]
        self.left_out = max(len(self._found) - len(kept), 0)
        self._segments = [name for name in kept if name in self._found]

    @property
    def segments(self) -> list[str]:
        """The segments, without that of all users."""
        return self._segments[1:]

    def _size(self, segment: str) -> tuple[int, str]:
        return -sum(found[0].users for found in self._found[segment].values()), segment

    def _control(self) -> str | None:
        wanted = self._query.control
        if not self._users:
            return None
        if wanted is not None:
            if wanted not in self._users:
                raise no_such_control(wanted, self._users)
            return wanted
        called = [name for name in self._users if name.casefold() == _OF_CONTROL]
        return min(called or self._users)

    def _in_order(self, segment: str) -> list[str]:
        """The variants of a segment, the control first."""
        return sorted(self._found[segment], key=lambda name: (name != self.control, name))

    def groups(self) -> Iterator[ExperimentGroup]:
        """The users of each variant in each segment."""
        for segment in self._segments:
            for variant in self._in_order(segment):
                yield ExperimentGroup(segment, variant, self._found[segment][variant][0].users)

    def mismatch(self) -> float | None:
        """The p-value of the split of users.

        Raises:
            ParameterError: a share is of no variant.
        """
        shares = self._query.shares
        for name in shares:
            if self._users and name not in self._users:
                message = [Word("split"), f" names {name[:40]!r}, and no user was exposed to it."]
                raise ParameterError(message, parameter="split", value=name)
        return split_mismatch(self._users, shares)

    def effects(self) -> list[ExperimentEffect]:
        """All metrics of all variants; those of all users are corrected apart from those of segments."""
        found = [effect for segment in self._segments for effect in self._effects_of(segment)]
        whole = self._corrected([each for each in found if each.segment == OVERALL])
        return whole + self._corrected([each for each in found if each.segment != OVERALL])

    def _corrected(self, effects: Sequence[ExperimentEffect]) -> list[ExperimentEffect]:
        adjusted = corrected([each.p_value for each in effects], self._query.correction)
        return [replace(each, adjusted_p=p) for each, p in zip(effects, adjusted, strict=True)]

    def _effects_of(self, segment: str) -> Iterator[ExperimentEffect]:
        groups = self._found[segment]
        order = self._in_order(segment)
        for place, (label, estimand) in enumerate(zip(labels_of(self._query), self._estimands, strict=True)):
            moments = {name: groups[name][place] for name in order}
            theta, before = adjustment(list(moments.values()))
            samples = {name: sample(estimand.kind, each, theta, before) for name, each in moments.items()}
            control = samples.get(self.control or "")
            past = {name: _past(each) for name, each in moments.items()}
            for name in order:
                own = samples[name]
                value = own.value if own else _plain(estimand.kind, moments[name])
                effect = ExperimentEffect(segment, label, estimand.kind, name, moments[name].users, value)
                if name == self.control or own is None or control is None:
                    yield effect
                    continue
                level = self._query.confidence / 100
                difference = Difference(own, control, level, self._query.sequential)
                yield replace(effect, **self._tested(difference), before_p=_before(past, name, self.control))

    def _tested(self, difference: Difference) -> dict[str, Any]:
        low, high = difference.interval
        lift_low, lift_high = difference.lift_interval
        effect = self._query.effect
        return {
            "control": difference.control.value,
            "difference": difference.value,
            "low": low,
            "high": high,
            "lift": difference.lift,
            "lift_low": lift_low,
            "lift_high": lift_high,
            "p_value": difference.p_value,
            "detectable": difference.detectable,
            "power": None if effect is None else difference.power(effect / 100),
            "test": None if difference.p_value is None else difference.test,
        }


def _number(value: Any) -> Any:
    return None if value is None else float(value)


def _plain(kind: str, moments: Moments) -> float | None:
    """The number of a single user, whose variance is unknown."""
    if kind != "ratio":
        return moments.mean
    return moments.mean / moments.over if moments.over else None


def _past(moments: Moments) -> Moments | None:
    """The same number before exposure."""
    if moments.before is None:
        return None
    return Moments(moments.users, moments.before, variance=moments.before_variance)


def _before(past: dict[str, Moments | None], name: str, control: str | None) -> float | None:
    """The p-value of a difference that was there before exposure."""
    one, two = past[name], past.get(control or "")
    if one is None or two is None:
        return None
    variant, other = sample("mean", one), sample("mean", two)
    return None if variant is None or other is None else Difference(variant, other).p_value
