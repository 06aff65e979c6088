"""Tests of a difference between two groups: intervals, p-values, corrections, power.

scipy computes the distributions; it is imported when a test is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log, sqrt
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POWER = 0.8
"""The power for which the smallest detectable effect is told."""

TUNED_FOR = 5_000
"""The number of users at which sequential intervals are narrowest; it must not depend on the data."""


def distributions() -> Any:
    """``scipy.special``.

    Raises:
        MixpanelDataError: scipy is not installed.
    """
    try:
        from scipy import special
    except ImportError as error:
        message = "Statistical tests need scipy, which is not installed."
        raise MixpanelDataError(message, hint="Run: pip install 'mixpanel-nb[stats]'") from error
    return special


@dataclass(frozen=True)
class Sample:
    """What a number was among some users.

    Attributes:
        users: How many there are.
        value: The number: a mean per user, a share of the users, or a ratio of two means.
        variance: The variance of one user's part in it, so that the standard error is the root of
            ``variance / users``.
        kind: ``conversion``, ``mean`` or ``ratio``.
    """

    users: int
    value: float
    variance: float
    kind: str

    @property
    def squared_error(self) -> float:
        """The square of the standard error."""
        return self.variance / self.users


@dataclass(frozen=True)
class Moments:
    """Means, sample variances and covariances of some users' numbers.

    Attributes:
        users: How many users there are.
        mean: The mean of the number.
        over: The mean of what it is divided by; None for no ratio.
        before: The mean of the same number before exposure; None without.
        variance: The variance of the number.
        over_variance: The variance of what it is divided by.
        before_variance: The variance of the number before exposure.
        over_covariance: The covariance of the number with what it is divided by.
        before_covariance: The covariance of the number with that before exposure.
    """

    users: int
    mean: float
    over: float | None = None
    before: float | None = None
    variance: float | None = None
    over_variance: float | None = None
    before_variance: float | None = None
    over_covariance: float | None = None
    before_covariance: float | None = None


def sample(kind: str, moments: Moments, theta: float = 0.0, before: float = 0.0) -> Sample | None:
    """The number of some users and its variance; None where it is undefined.

    A conversion has the variance of a Bernoulli variable, as Mixpanel takes it
    (https://docs.mixpanel.com/docs/experiments). A mean has the sample variance; with ``theta`` it is
    adjusted by what the users did before exposure: Deng, Xu, Kohavi and Walker, "Improving the Sensitivity
    of Online Controlled Experiments by Utilizing Pre-Experiment Data" (CUPED), WSDM 2013, equation 3. A
    ratio has the variance of the delta method: Deng, Knoblich and Lu, "Applying the Delta Method in Metric
    Analytics", KDD 2018, equation 4.

    Args:
        kind: ``conversion``, ``mean`` or ``ratio``.
        moments: Of the users' numbers.
        theta: The factor of the adjustment.
        before: The mean before exposure of the users of all variants.
    """
    if moments.users < 2 or moments.variance is None:
        return None
    if kind == "ratio":
        return _ratio(moments)
    if theta and moments.before is not None:
        spread = moments.variance + theta**2 * (moments.before_variance or 0.0)
        spread -= 2 * theta * (moments.before_covariance or 0.0)
        return Sample(moments.users, moments.mean - theta * (moments.before - before), max(spread, 0.0), kind)
    if kind == "conversion":
        return Sample(moments.users, moments.mean, moments.mean * (1 - moments.mean), kind)
    return Sample(moments.users, moments.mean, moments.variance, kind)


def _ratio(moments: Moments) -> Sample | None:
    if not moments.over:
        return None
    ratio = moments.mean / moments.over
    spread = (moments.variance or 0.0) + ratio**2 * (moments.over_variance or 0.0)
    spread -= 2 * ratio * (moments.over_covariance or 0.0)
    return Sample(moments.users, ratio, max(spread, 0.0) / moments.over**2, "ratio")


def adjustment(groups: Sequence[Moments]) -> tuple[float, float]:
    """The factor of CUPED, pooled within the variants, and the mean before exposure of all their users."""
    known = [each for each in groups if each.users > 1 and each.before_variance is not None]
    spread = sum((each.users - 1) * (each.before_variance or 0.0) for each in known)
    together = sum((each.users - 1) * (each.before_covariance or 0.0) for each in known)
    users = sum(each.users for each in groups)
    before = sum(each.users * (each.before or 0.0) for each in groups) / users if users else 0.0
    return (together / spread if spread > 0 else 0.0), before


@dataclass(frozen=True)
class Difference:
    """The difference of a variant from the control, with its test.

    Means are compared by Welch's test (unequal variances, Student's t with the degrees of freedom of
    Satterthwaite), conversions and ratios by the z-test with unpooled variances, as Mixpanel does.

    Sequential figures hold at any time, however often one looks, and whenever one stops: they are the normal
    mixture of Robbins in its asymptotic form (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences", Annals of Statistics 52(6), 2024, theorem 2.2),
    of which mSPRT (Johari, Pekelis and Walsh, "Always Valid Inference", https://arxiv.org/abs/1512.04922;
    Mixpanel's choice, too) is the test.

    Attributes:
        variant: The variant.
        control: The control.
        confidence: The coverage of intervals, such as 0.95.
        sequential: Whether interval and p-value hold at any time.
    """

    variant: Sample
    control: Sample
    confidence: float = 0.95
    sequential: bool = False

    @property
    def value(self) -> float:
        """Variant minus control."""
        return self.variant.value - self.control.value

    @cached_property
    def error(self) -> float:
        """The standard error."""
        return sqrt(self.variant.squared_error + self.control.squared_error)

    @property
    def test(self) -> str:
        """What the test is called."""
        if self.sequential:
            return "mSPRT"
        return "Welch" if self.variant.kind == "mean" else "z"

    @cached_property
    def _freedom(self) -> float:
        """Degrees of freedom of Welch and Satterthwaite."""
        parts = (self.variant, self.control)
        divisor = sum(each.squared_error**2 / (each.users - 1) for each in parts)
        return self.error**4 / divisor if divisor > 0 else float("inf")

    @cached_property
    def _mixture(self) -> float:
        """``n rho^2`` of the normal mixture, where ``n`` is the number of users of both."""
        alpha = 1 - self.confidence
        rho = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / TUNED_FOR
        return (self.variant.users + self.control.users) * rho

    @cached_property
    def reach(self) -> float:
        """Half the interval of the difference, in standard errors."""
        alpha = 1 - self.confidence
        if self.sequential:
            spread = self._mixture + 1
            return sqrt(spread / self._mixture * 2 * log(sqrt(spread) / alpha))
        special = distributions()
        if self.test == "Welch" and self._freedom < 1e9:
            return float(special.stdtrit(self._freedom, 1 - alpha / 2))
        return float(special.ndtri(1 - alpha / 2))

    @cached_property
    def p_value(self) -> float | None:
        """The probability of at least such a difference where there is none; None without any variance."""
        if not self.error > 0:
            return None
        score = abs(self.value) / self.error
        if self.sequential:
            spread = self._mixture + 1
            return min(1.0, sqrt(spread) * exp(-(score**2) * self._mixture / (2 * spread)))
        special = distributions()
        if self.test == "Welch" and self._freedom < 1e9:
            return float(2 * special.stdtr(self._freedom, -score))
        return float(2 * special.ndtr(-score))

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """The interval of the difference; none without any variance."""
        if not self.error > 0:
            return None, None
        return self.value - self.reach * self.error, self.value + self.reach * self.error

    @property
    def lift(self) -> float | None:
        """The difference as a part of the control; None where that is not above 0."""
        return self.value / self.control.value if self.control.value > 0 else None

    @property
    def lift_interval(self) -> tuple[float, float] | tuple[None, None]:
        """The interval of the lift by Fieller's theorem; none where the control may be 0.

        It excludes 0 exactly where the interval of the difference does (Fieller, "Some Problems in Interval
        Estimation", Journal of the Royal Statistical Society B 16, 1954).
        """
        if self.lift is None or not self.error > 0:
            return None, None
        one, two, square = self.variant, self.control, self.reach**2
        leading = two.value**2 - square * two.squared_error
        if leading <= 0:
            return None, None
        product = one.value * two.value
        inner = product**2 - leading * (one.value**2 - square * one.squared_error)
        root = sqrt(max(inner, 0.0))
        return (product - root) / leading - 1, (product + root) / leading - 1

    @property
    def detectable(self) -> float | None:
        """The smallest lift that the test sees with a probability of 80 %; None without a control."""
        if not self.control.value > 0 or not self.error > 0:
            return None
        return float(self.reach + distributions().ndtri(POWER)) * self.error / self.control.value

    def power(self, lift: float) -> float | None:
        """The probability that the test sees a true lift of this size; None without a control."""
        if not self.control.value > 0 or not self.error > 0:
            return None
        shift = lift * self.control.value / self.error
        normal = distributions().ndtr
        return float(normal(shift - self.reach) + normal(-shift - self.reach))


def corrected(p_values: Sequence[float | None], method: str) -> list[float | None]:
    """P-values adjusted for how many there are; those that are None are not counted.

    Args:
        p_values: Of the tests of one family.
        method: ``bonferroni``; ``holm`` (Holm, "A Simple Sequentially Rejective Multiple Test Procedure",
            Scandinavian Journal of Statistics 6, 1979), which bounds the chance of any false positive, too,
            and rejects more; ``bh`` (Benjamini and Hochberg, "Controlling the False Discovery Rate", Journal
            of the Royal Statistical Society B 57, 1995), which bounds the share of false ones among the
            positives; or ``none``.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    count, adjusted = len(known), list(p_values)
    if method == "none":
        return adjusted
    if method == "bh":
        least = 1.0
        for rank, (p, place) in reversed(list(enumerate(known, 1))):
            least = min(least, p * count / rank)
            adjusted[place] = least
        return adjusted
    most = 0.0
    for rank, (p, place) in enumerate(known):
        factor = count if method == "bonferroni" else count - rank
        most = max(most, p * factor)
        adjusted[place] = min(1.0, most if method == "holm" else p * factor)
    return adjusted


def split_mismatch(users: Mapping[str, int], shares: Mapping[str, float]) -> float | None:
    """The p-value of how users are split (sample ratio mismatch), by the chi-squared test.

    Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019.

    Args:
        users: Variant to users.
        shares: Variant to the share it was to have, on any scale; a variant that is missing has 1.
    """
    total = sum(users.values())
    weights = {name: shares.get(name, 1.0) for name in users}
    if len(users) < 2 or not total:
        return None
    whole = sum(weights.values())
    score = 0.0
    for name, found in users.items():
        wanted = total * weights[name] / whole
        score += (found - wanted) ** 2 / wanted
    return float(distributions().chdtrc(len(users) - 1, score))
