"""The two groups of a comparison, and the users that are in both."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mixpanel_nb.results.numbers import Arguments, Key, Numbers, Whose

MAX_SHARED = 0.05
"""The largest share of the smaller group's users that may be in both groups for them to be independent.

If *m* users are in both groups of *n* and *k* users, the variance of a difference is off by at most the part
*m / sqrt(n k)*, so that an interval of 95 % covers in 94.4 to 95.6 %.
"""

MOST_COUNTED = 20
"""Numbers of a report whose users are looked up to see which are in both groups."""


@dataclass(frozen=True)
class Overlap:
    """The users of both groups that are behind a number, bucket by bucket.

    Attributes:
        both: Users behind the number of both groups.
        entered: Of a share: users that it is of in both groups.
        first: Of these, those behind the number of the first group.
        second: Those behind that of the second group.
    """

    both: int
    entered: int = 0
    first: int = 0
    second: int = 0

    def correlation(self, share: float, whole: float, other: float, other_whole: float) -> float:
        """The correlation of the two shares, whose users are partly the same; 0 without any variance.

        Derrick, Dobson-Mckittrick, Toher and White, "Test statistics for comparing two proportions with
        partially overlapping samples", Journal of Applied Quantitative Methods 10(3), 2015.

        Args:
            share: The share of the first group.
            whole: How many users it is of.
            other: That of the second group.
            other_whole: How many users that is of.
        """
        spread = sqrt(share * (1 - share) * other * (1 - other) * whole * other_whole)
        if not self.entered or not spread > 0:
            return 0.0
        together = self.both - self.first * self.second / self.entered
        return max(-1.0, min(1.0, together / spread))


Overlaps = dict[tuple["Key", str], tuple[Overlap | None, ...]]


@dataclass(frozen=True)
class ComparedGroups:
    """The two groups of a comparison. The first is ``after`` of the comparison, the second ``before``.

    Attributes:
        names: The groups, as they were written.
        are_days: Whether they are days, not users.
        users: How many users each has in its report; None where that is not known.
        in_both: How many users are in both.
        overlaps: The key and measure of a line to the users of both groups, bucket by bucket; they are looked
            up where the groups are not nearly independent.
    """

    names: tuple[str, str]
    are_days: bool = False
    users: tuple[int, int] | None = None
    in_both: int | None = None
    overlaps: Overlaps = field(default_factory=dict)

    @property
    def shared(self) -> float | None:
        """The share of the smaller group's users that are in both; None where that is not known."""
        if self.users is None or self.in_both is None:
            return None
        return self.in_both / min(self.users) if min(self.users) else 0.0

    @property
    def are_independent(self) -> bool:
        """Whether, as far as is known, so few users are in both that the groups are nearly independent."""
        return self.shared is None or self.shared <= MAX_SHARED

    @property
    def have_intervals(self) -> bool:
        """Whether differences have intervals: of independent groups, or where users of both are known."""
        return self.are_independent or bool(self.overlaps)


def overlaps(
    after: Numbers,
    before: Numbers,
    counted: Callable[[Sequence[Arguments], Sequence[Arguments]], Mapping[tuple[int, int], int]],
) -> Overlaps:
    """The users of both groups behind the numbers of two reports; none where there are too many numbers.

    Args:
        after: The numbers of the first group.
        before: Those of the second.
        counted: Counts the users that are behind a number of the first and one of the second, for all pairs
            of both lists: their places to the count.
    """
    found = {key: list(pairs) for key, pairs in _pairs(after, before)}
    known = [pair for pairs in found.values() for pair in pairs if pair is not None]
    firsts, seconds = ([*dict.fromkeys(cell for pair in known for cell in pair[side])] for side in (0, 1))
    if not known or max(len(firsts), len(seconds)) > MOST_COUNTED:
        return {}
    matrix = counted(firsts, seconds)

    def shared(one: Arguments, other: Arguments) -> int:
        return matrix.get((firsts.index(one), seconds.index(other)), 0)

    def overlap(pair: tuple[Whose, Whose] | None) -> Overlap | None:
        if pair is None:
            return None
        one, other = pair
        if one.of is None or other.of is None:
            return Overlap(shared(one.number, other.number))
        return Overlap(
            shared(one.number, other.number),
            shared(one.of, other.of),
            shared(one.number, other.of),
            shared(one.of, other.number),
        )

    return {key: tuple(map(overlap, pairs)) for key, pairs in found.items()}


def _pairs(
    after: Numbers, before: Numbers
) -> Iterator[tuple[tuple[Key, str], Iterator[tuple[Whose, Whose] | None]]]:
    """The lines that both have and whose users are known, bucket by bucket."""
    others = {(line.key, line.measure.name): line for line in before.lines if line.whose}
    for line in after.lines:
        other = others.get((line.key, line.measure.name))
        if line.whose and other is not None:
            pairs = zip(line.whose, other.whose, strict=False)
            known = (None if one is None or two is None else (one, two) for one, two in pairs)
            yield (line.key, line.measure.name), known
