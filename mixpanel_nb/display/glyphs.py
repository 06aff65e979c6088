"""Charts of characters for a terminal: a line of blocks over time, a bar a row."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mixpanel_nb.display.values import is_null, plain_scalar

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def sparkline(values: Sequence[Any], width: int) -> str:
    """A block per value from 0 to the largest; a space where it is unknown, means where there are many.

    Args:
        values: Numbers from 0 up, or NULL.
        width: Most blocks.
    """
    size = max(-(-len(values) // width), 1)
    means = [_mean(values[start : start + size]) for start in range(0, len(values), size)]
    most = max((mean for mean in means if mean is not None), default=0) or 1
    return "".join(" " if mean is None else _LEVELS[min(int(max(mean, 0) / most * 8), 7)] for mean in means)


def bar(value: float, most: float, width: int) -> str:
    """A bar of at most so many characters, in steps of an eighth of one."""
    eighths = round(max(value, 0) / (most or 1) * width * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def are_numbers(values: Sequence[Any]) -> bool:
    """Whether there is a number, and all that is known are numbers."""
    known = [plain_scalar(value) for value in values if not is_null(value)]
    return bool(known) and all(
        isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known
    )


def _mean(values: Sequence[Any]) -> float | None:
    known = [float(plain_scalar(value)) for value in values if not is_null(value)]
    return sum(known) / len(known) if known else None
