"""Mixpanel expressions as small trees: written as text for the package, evaluated here by plain Python.

Written from Mixpanel's page on segmentation expressions, and sharing nothing with the package's parser.
"""

from __future__ import annotations

import json
import math
import operator
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

UNDEFINED: Final = None  # JSON's null counts as undefined
BINARY = ["or", "and", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "+", "-", "*", "/", "%"]
LEVEL = {"or": 1, "and": 2, "not": 3, **dict.fromkeys(BINARY[2:10], 4), "+": 5, "-": 5}
LEVEL |= {"*": 6, "/": 6, "%": 6, "negative": 7}
TIGHTEST = 8
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Node:
    """An operation and its operands, which are nodes; names and literal values for the leaves."""

    op: str
    args: tuple[Any, ...]

    def __str__(self) -> str:
        return written(self)


@dataclass(frozen=True)
class Scope:
    """What an expression sees of one event."""

    properties: Mapping[str, Any]
    profile: Mapping[str, Any]
    seconds: int
    zone: ZoneInfo


def prop(name: str) -> Node:
    return Node("property", (name,))


def user(name: str) -> Node:
    return Node("user", (name,))


def literal(value: Any) -> Node:
    return Node("literal", (value,))


def moment(value: str | int) -> Node:
    """``datetime("2025-01-01T00:00:00")`` of the project's zone, or of seconds since 1970."""
    return Node("datetime", (value,))


def event_time(spelled: str = 'properties["time"]') -> Node:
    return Node("time", (spelled,))


def node(op: str, *args: Any) -> Node:
    """An operation; what is no node yet is a literal."""
    return Node(op, tuple(arg if isinstance(arg, Node) else literal(arg) for arg in args))


# As text, with no more parentheses than Python's precedence asks for


def written(node: Node) -> str:
    match node.op, node.args:
        case "property", (name,):
            return f"properties[{_quoted(name)}]"
        case "user", (name,):
            return f"user[{_quoted(name)}]"
        case "time", (spelled,):
            return str(spelled)
        case "literal", (value,):
            return _literal(value)
        case "datetime", (value,):
            return f"datetime({_literal(value)})"
        case "not", (operand,):
            return f"not {_inside(operand, LEVEL['not'])}"
        case "negative", (operand,):
            return f"-{_inside(operand, TIGHTEST)}"
        case op, (left, right) if op in BINARY:
            level = LEVEL[op]
            loosest = level + 1 if level == LEVEL["in"] else level
            return f"{_inside(left, loosest)} {op} {_inside(right, level + 1)}"
    return f"{node.op}({', '.join(map(written, node.args))})"


def _inside(operand: Node, loosest: int) -> str:
    text = written(operand)
    level = LEVEL["negative"] if text.startswith("-") and operand.op == "literal" else LEVEL.get(operand.op)
    return text if level is None or level >= loosest else f"({text})"


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, bool):
        return str(value).lower()
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# What they mean


def evaluate(node: Node, scope: Scope) -> Any:
    match node.op, node.args:
        case "property", ("time" | "$time",):
            return scope.seconds
        case "property", (name,):
            return scope.properties.get(name)
        case "user", (name,):
            return scope.profile.get(name)
        case "time", _:
            return scope.seconds
        case "literal", (value,):
            return value
        case "datetime", (int(seconds),):
            return seconds
        case "datetime", (text,):
            return int(datetime.fromisoformat(text).replace(tzinfo=scope.zone).timestamp())
    return OPERATIONS[node.op](*(evaluate(operand, scope) for operand in node.args))


def kind(value: Any) -> str:
    """The type of a value; the order matters, for Python's booleans are integers."""
    for name, python in KINDS.items():
        if isinstance(value, python):
            return name
    return "undefined"


KINDS: dict[str, Any] = {
    "boolean": bool,
    "number": int | float,
    "text": str,
    "list": list,
    "object": dict,
}


def typed(value: Any) -> Any:
    """The value with its type, so that ``1``, ``true`` and ``"1"`` are never equal."""
    if isinstance(value, list):
        return "list", [typed(item) for item in value]
    if isinstance(value, dict):
        return "object", {key: typed(item) for key, item in value.items()}
    return kind(value), value


def number_text(number: float) -> str:
    """A number as decimal text, whole numbers without ``.0``."""
    return str(int(number)) if number == int(number) else repr(number)


def scalar_text(value: Any) -> Any:
    match kind(value):
        case "text":
            return value
        case "boolean":
            return str(value).lower()
        case "number":
            return number_text(value)
    return UNDEFINED


def compact(value: Any) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _equal(left: Any, right: Any) -> bool:
    return bool(typed(left) == typed(right))


def _plus(left: Any, right: Any) -> Any:
    alike = kind(left) == kind(right) and kind(left) in {"number", "text"}
    return left + right if alike else UNDEFINED


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def apply(left: Any, right: Any) -> Any:
        alike = kind(left) == kind(right) and kind(left) in {"number", "text"}
        return compare(left, right) if alike else UNDEFINED

    return apply


def _of_numbers(calculate: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        if any(kind(operand) != "number" for operand in operands):
            return UNDEFINED
        try:
            return calculate(*operands)
        except (ZeroDivisionError, ValueError):  # math.fmod raises the latter for a divisor of 0
            return UNDEFINED

    return apply


def _rounded(number: float) -> int:
    return int(math.copysign(math.floor(abs(number) + 0.5), number))


def _in(item: Any, whole: Any) -> Any:
    if isinstance(whole, list):
        return item is not UNDEFINED and any(_equal(item, each) for each in whole)
    return item in whole if isinstance(item, str) and isinstance(whole, str) else UNDEFINED


def _not(operand: Any) -> Any:
    if operand is UNDEFINED:
        return True
    return not operand if isinstance(operand, bool) else UNDEFINED


def _number(value: Any) -> Any:
    match kind(value):
        case "number":
            return value
        case "boolean":
            return int(value)
        case "text" if DECIMAL.fullmatch(value):
            return float(value)
    return UNDEFINED


def _boolean(value: Any) -> bool:
    if kind(value) in {"list", "object"}:
        return True
    return value not in {UNDEFINED, 0, "", "false"}  # False equals 0


def _has_prefix(text: Any, prefix: Any) -> Any:
    both = isinstance(text, str) and isinstance(prefix, str)
    return text.lower().startswith(prefix.lower()) if both else UNDEFINED


OPERATIONS: dict[str, Callable[..., Any]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "in": _in,
    "not in": lambda item, whole: _not(_in(item, whole)),
    "and": lambda left, right: left is True and right is True,
    "or": lambda left, right: left is True or right is True,
    "not": _not,
    "+": _plus,
    "-": _of_numbers(operator.sub),
    "*": _of_numbers(operator.mul),
    "/": _of_numbers(operator.truediv),
    "%": _of_numbers(math.fmod),
    "negative": _of_numbers(operator.neg),
    "floor": _of_numbers(math.floor),
    "ceil": _of_numbers(math.ceil),
    "round": _of_numbers(_rounded),
    "string": scalar_text,
    "number": _number,
    "boolean": _boolean,
    "defined": lambda value: value is not UNDEFINED,
    "has_prefix": _has_prefix,
}
