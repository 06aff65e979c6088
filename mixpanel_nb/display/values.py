"""Formatting of values, the same in HTML and in a terminal.

Numbers have thousands separators, fractions become percentages, dates are ISO, sizes are decimal (1 MB is
1,000,000 bytes) and durations include their units.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.display.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Kind = Literal["auto", "text", "number", "integer", "percent", "date", "datetime", "bytes", "duration"]

NULL = "NULL"
MAX_CHARS = 100
"""Default maximum of characters shown of a value."""

_MAX_DECIMALS = 4
_MAX_INTEGER_BITS = 1_000  # larger integers exceed a float, fit no cell, and are slow to format
_PLAIN_INTEGERS = re.compile(r"(^|[_\W])(id|year)$|Id$", re.ASCII)
_SHARES = re.compile(
    r"(^|[_\W])(share|ratio|rate|fraction|conversion)(s|$|[_\W])|Rate$|Share$|Ratio$",
    re.IGNORECASE | re.ASCII,
)
_NO_FRACTIONS = re.compile(r"percent|pct|%|exchange|usd|eur|gbp|jpy|inr", re.IGNORECASE)
_CURRENCIES = re.compile(r"(?:^|[_\W])(usd|eur|gbp|jpy|inr)(?:$|[_\W])", re.IGNORECASE | re.ASCII)
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}
_MEASURES: frozenset[str] = frozenset({"percent", "bytes", "duration"})
_NUMERIC = _MEASURES | {"number", "integer"}


@dataclass(frozen=True)
class Format:
    """How the values of one column are written.

    Attributes:
        kind: The kind of values, never ``auto``.
        decimals: Digits after the point for ``number``; None is scientific notation.
        grouped: Whether integers get thousands separators; years and ids do not.
        currency: The sign before an amount of money.
    """

    kind: Kind
    decimals: int | None = 0
    grouped: bool = True
    currency: str = ""

    @property
    def right_aligned(self) -> bool:
        """Whether the column is right-aligned."""
        return self.kind in _NUMERIC


def format_value(value: Any, kind: Kind = "auto", *, limit: int = MAX_CHARS) -> str:
    """The value as one line of text.

    Args:
        value: Anything: None and pandas' missing values are ``NULL``.
        kind: What it is. ``percent`` takes a fraction, ``bytes`` a size, ``duration`` seconds or a timedelta.
        limit: Maximum length; a longer text is cut with ``…``.
    """
    return write(value, column_format("", kind, [value]), limit=limit)


def compact(number: float, *, narrow: bool = False) -> str:
    """A number in at most six characters, or four: ``9.87``, ``123.4``, ``12,345``, ``123k``, ``1.2M``.

    Args:
        number: The number.
        narrow: Whether there is room for four characters alone, and for a sign.
    """
    size = abs(number)
    if not math.isfinite(number) or size >= 1e15:
        return f"{number:.0e}"
    for least, unit, sign in _LARGE:
        if size >= least * (1 if narrow or unit > 1e3 else 100):
            shown = number / unit
            return f"{shown:.{1 if abs(shown) < 9.95 else 0}f}{sign}"
    if narrow:
        return f"{number:.{1 if size < 9.95 and number != int(number) else 0}f}"
    decimals = 0 if number == int(number) or size >= 999.95 else 1 if size >= 99.995 else 2
    return f"{number:,.{decimals}f}"


_LARGE = ((999.5e9, 1e12, "T"), (999.5e6, 1e9, "B"), (999.5e3, 1e6, "M"), (999.5, 1e3, "k"))


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 row``, ``1,234 rows``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def first_of(names: Iterable[str], most: int = 3) -> str:
    """The first names, and the number of others: ``a, b, c and 2 more``."""
    known = list(names)
    rest = f" and {len(known) - most:,} more" if len(known) > most else ""
    return ", ".join(known[:most]) + rest


def column_format(name: str, kind: Kind, values: Sequence[Any]) -> Format:
    """The common format of a column's values.

    Args:
        name: The column's name: integers in a column of years or ids are not grouped.
        kind: The kind of values; ``auto`` infers it.
        values: The values that will be shown.
    """
    plain = [plain_scalar(value) for value in values if not is_null(value)]
    known = _common_kind(plain) if kind == "auto" else kind
    if kind == "auto" and is_share(name, plain):
        return Format("percent")
    sign = currency_of(name) if kind in {"auto", "number"} else ""
    if known == "number":
        decimals = _decimals(plain)
        return Format(known, 2 if sign and decimals in {1, 3, 4} else decimals, currency=sign)
    grouped = not (kind == "auto" and _PLAIN_INTEGERS.search(name))
    return Format(known, grouped=grouped, currency=sign if known == "integer" else "")


def is_share(name: str, values: Sequence[Any]) -> bool:
    """Whether numbers are fractions of a whole: their name says so, and all are from 0 to 1."""
    known = [value for value in values if not is_null(value)]
    numbers = [value for value in known if isinstance(value, float | Decimal) and not math.isnan(value)]
    if not numbers or not _SHARES.search(name) or _NO_FRACTIONS.search(name):
        return False
    whole = all(isinstance(value, int | float | Decimal) and not isinstance(value, bool) for value in known)
    return whole and all(0 <= value <= 1 for value in known if not math.isnan(value))


def currency_of(name: str) -> str:
    """The sign of the currency that a name says, such as ``$`` of ``revenue_usd``; else nothing."""
    found = _CURRENCIES.search(name)
    return "" if found is None else _SIGNS[found[1].lower()]


def write(value: Any, form: Format, *, limit: int = MAX_CHARS) -> str:
    """The value in that format; a value that does not match the format is written as text."""
    if is_null(value):
        return NULL
    value = plain_scalar(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return one_line(_with_sign(_number(value, form), form.currency), limit)
    if isinstance(value, datetime):
        return _datetime(value) if form.kind != "date" else value.date().isoformat()
    if isinstance(value, timedelta):
        return _duration(value.total_seconds())
    return one_line(_text(value, limit), limit)


def is_null(value: Any) -> bool:
    """Whether the value is None or one of pandas' missing values. NaN counts as a number."""
    return value is None or type(value).__name__ in {"NaTType", "NAType"}


def plain_scalar(value: Any) -> Any:
    """A numpy scalar as a Python value, any NaN as a float; other values unchanged."""
    if isinstance(value, Decimal) and value.is_nan():  # a signalling NaN raises in every operation
        return math.nan
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value


def _common_kind(values: Sequence[Any]) -> Kind:
    if not values or any(isinstance(value, bool) for value in values):
        return "text"
    kinds: list[tuple[type | tuple[type, ...], Kind]] = [
        (int, "integer"),
        ((int, float, Decimal), "number"),
        (datetime, "date" if all(map(_is_midnight, values)) else "datetime"),
        (date, "date"),
        (timedelta, "duration"),
    ]
    return next((kind for types, kind in kinds if all(isinstance(value, types) for value in values)), "text")


def _is_midnight(value: Any) -> bool:
    return (
        isinstance(value, datetime)
        and (value.hour, value.minute, value.second, value.microsecond) == (0,) * 4
    )


def _decimals(values: Sequence[Any]) -> int | None:
    """The fewest decimals that show the values adequately; None if an exponent is clearer."""
    numbers = [abs(float(v)) for v in values if isinstance(v, float | Decimal) and math.isfinite(v)]
    largest = max(filter(math.isfinite, numbers), default=0.0)
    if largest >= 1e15 or 0 < largest < 1e-3:
        return None
    most = 0 if largest >= 1e6 else 2 if largest >= 1000 else 3 if largest >= 10 else _MAX_DECIMALS
    exact = (digits for digits in range(most) if all(math.isclose(v, round(v, digits)) for v in numbers))
    exponents = (v.as_tuple().exponent for v in values if isinstance(v, Decimal))
    scale = max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0) if most else 0
    return max(next(exact, most), min(scale, _MAX_DECIMALS))  # 12.50 is money, not 12.5


def _number(value: float | Decimal, form: Format) -> str:
    if isinstance(value, int) and (form.kind not in _MEASURES or value.bit_length() > _MAX_INTEGER_BITS):
        return _integer(value, grouped=form.grouped)
    if not isinstance(value, int) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    if form.kind == "percent":
        return _percent(float(value))
    if form.kind == "bytes":
        return _bytes(float(value))
    if form.kind == "duration":
        return _duration(float(value))
    if form.kind != "number":  # a fraction among integers or text
        return _fraction(value, _decimals([value]))
    return _fraction(value, form.decimals)


def _with_sign(number: str, sign: str) -> str:
    """``$12.50``, ``-$3``; what is no number as it is."""
    if not sign or not number.lstrip("-")[:1].isdigit():
        return number
    return f"-{sign}{number[1:]}" if number.startswith("-") else f"{sign}{number}"


def _integer(value: int, *, grouped: bool) -> str:
    if value.bit_length() > _MAX_INTEGER_BITS:
        return f"≈ {'-' if value < 0 else ''}10^{int(value.bit_length() * math.log10(2))}"
    return f"{value:,}" if grouped else str(value)


def _fraction(value: float | Decimal, decimals: int | None) -> str:
    if value == 0:
        return f"{0:.{decimals or 0}f}"
    if decimals is None:
        return f"{value:.4g}"
    text = f"{value:,.{decimals}f}"
    vanished = not text.strip("-0.,")
    return f"{value:.1g}" if vanished else text


def _percent(fraction: float) -> str:
    return "<0.1%" if 0 < fraction < 0.0005 else f"{fraction * 100:,.1f}%"


def _bytes(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(size) < 999.95:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def _duration(seconds: float) -> str:
    """Two units at most: ``420 ms``, ``4.2 s``, ``42 s``, ``2 min 05 s``, ``3 h 07 min``, ``4 d 02 h``."""
    if seconds < 0:
        return f"-{_duration(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds else "0 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, smaller, part in (
        ("d", 86_400, "h", 3_600),
        ("h", 3_600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            return f"{whole // size:,} {unit} {whole % size // part:02d} {smaller}"
    return f"{whole} s"


def _datetime(value: datetime) -> str:
    return value.isoformat(sep=" ", timespec="seconds" if value.microsecond == 0 else "auto")


def _text(value: Any, limit: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        raw = bytes(value[:limit])
        return f"0x{raw.hex()}"
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _joined(_nested(value), limit)
    return str(value)


def _nested(value: Any) -> Iterator[str]:
    """A list or object in pieces, so that a huge one is never formatted completely."""
    if isinstance(value, Mapping):
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield f"{', ' if number else ''}{key}: "
            yield from _nested(item)
        yield "}"
    elif isinstance(value, list | tuple | set | frozenset):
        yield "["
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        for number, item in enumerate(items):
            yield ", " if number else ""
            yield from _nested(item)
        yield "]"
    else:
        yield value if isinstance(value, str) else format_value(value)


def _joined(pieces: Iterable[str], limit: int) -> str:
    """The joined pieces, of which only as many are read as ``limit`` requires."""
    text: list[str] = []
    length = 0
    for piece in islice(pieces, limit * 4):  # pieces may be empty, so their number is limited too
        text.append(piece[: limit + 1])
        length += len(piece)
        if length > limit:
            break
    return "".join(text)
