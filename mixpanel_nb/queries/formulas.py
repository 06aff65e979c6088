"""Formulas over metrics: ``Conversion = B / A * 100 [%]``.

The operators are those of https://docs.mixpanel.com/docs/reports/insights#formulas, and ``^``, which
Mixpanel's own client has. A formula cannot contain another formula.
"""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.checks import Name
from mixpanel_nb.queries.metrics import Worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lark import Lark

    Numbers = Mapping[str, float | None]

GRAMMAR = r"""
formula: _sum
_sum: sum | _product
sum: _sum (PLUS | MINUS) _product
_product: product | _signed
product: _product (TIMES | OVER) _signed
_signed: negative | _power
negative: MINUS _signed
_power: power | _atom
power: _atom POWER _atom
_atom: number | letter | "(" _sum ")"
number: NUMBER
letter: LETTER

NUMBER: /([0-9][0-9_]*(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
LETTER: /[A-Z](?![A-Za-z])/
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
POWER: "^"
%ignore /\s+/
"""

MAX_LENGTH = 500
_WORD = re.compile(r"(?:(?P<label>.*)=)?(?P<text>[^=\[\]]*)(?:\[(?P<unit>[^=\[\]]*)\]\s*)?", re.DOTALL)
_OPERATORS: dict[str, Callable[[float, float], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


@dataclass(frozen=True)
class Formula(Worded):
    """A calculation with metrics.

    Attributes:
        text: Numbers, the letters of metrics (``A`` is the first), ``+ - * / ^`` and parentheses.
        label: Its name; None is the text.
        unit: The unit of its numbers, such as ``%`` or ``USD``; it is only shown after them.

    Raises:
        ParameterError: it cannot be read.
    """

    text: str
    label: str | None = None
    unit: str | None = None

    def __post_init__(self) -> None:
        for name in ("text", "label", "unit"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, Name()(value, "formulas").strip() or None)
        if self.unit is not None and re.search(r"[=\[\]]", self.unit):
            message = f"The unit {self.unit[:40]!r} holds one of = [ ]."
            raise ParameterError(message, parameter="formulas", value=self.unit)
        _parsed(self.text or "")

    @property
    def name(self) -> str:
        """Its label, or else its text."""
        return self.label or self.text

    @property
    def letters(self) -> set[str]:
        """The letters of its metrics."""
        return set(_letters(_parsed(self.text)))

    def of(self, numbers: Numbers) -> float | None:
        """The value for the metrics' numbers by their letters.

        None if one of its numbers is None, or if the result is undefined, as for a division by zero.
        """
        return _value(_parsed(self.text).children[0], numbers)

    def __str__(self) -> str:
        labelled = self.text if self.label is None else f"{self.label} = {self.text}"
        return labelled if self.unit is None else f"{labelled} [{self.unit}]"


@dataclass(frozen=True)
class Formulas:
    """Formulas: each a ``Formula`` or its text form; a single one needs no list."""

    def __call__(self, value: Any, name: str) -> tuple[Formula, ...]:
        """The formulas."""
        listed = [value] if isinstance(value, str | Formula) else list(value or ())
        return tuple(
            each if isinstance(each, Formula) else parse_formula(Name()(each, name)) for each in listed
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        word = Name().schema()
        return {"anyOf": [word, {"type": "array", "items": word}]}


def parse_formula(word: str) -> Formula:
    """Parse a formula: ``label = text [unit]``, of which only the text is required.

    Raises:
        ParameterError: it cannot be read.
    """
    match = _WORD.fullmatch(word)
    if match is None:
        _parsed(word)
        raise _mistake(word, len(word), "is not complete")
    label, unit = ((match.group(name) or "").strip() or None for name in ("label", "unit"))
    return Formula(match.group("text"), label, unit)


def _value(node: Any, numbers: Numbers) -> float | None:
    match node.data:
        case "number":
            return float(node.children[0].replace("_", ""))
        case "letter":
            return numbers[str(node.children[0])]
        case "negative":
            value = _value(node.children[1], numbers)
            return None if value is None else -value
    left, sign, right = node.children
    return _calculated(str(sign), _value(left, numbers), _value(right, numbers))


def _calculated(sign: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        value = _OPERATORS[sign](left, right)
    except (ZeroDivisionError, OverflowError):
        return None
    return float(value) if not isinstance(value, complex) and math.isfinite(value) else None


def _letters(tree: Any) -> Iterator[str]:
    for node in tree.find_data("letter"):
        yield str(node.children[0])


@cache
def _parsed(text: str) -> Any:
    from lark import exceptions

    if len(text) > MAX_LENGTH:
        raise _mistake(text, MAX_LENGTH, "is too long")
    try:
        return _lark().parse(text)
    except exceptions.UnexpectedCharacters as error:
        raise _mistake(text, error.pos_in_stream or 0, "cannot be read") from None
    except exceptions.UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else error.token.start_pos or 0
        raise _mistake(text, position, "cannot be read") from None


@cache
def _lark() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", start="formula")


def _mistake(text: str, position: int, problem: str) -> ParameterError:
    hint = "Use numbers, A for the first metric, B for the second, + - * / ^ ( ): B / A * 100."
    place = f" from character {position + 1} on" if text[position:].strip() else " at its end"
    message = [Word("formulas"), f" {text[:60]!r} {problem}{place}."]
    return ParameterError(message, parameter="formulas", value=text, hint=hint)
