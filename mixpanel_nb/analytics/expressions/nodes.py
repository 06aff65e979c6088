"""The parsed form of an expression."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING
from typing import Literal as OneOf

if TYPE_CHECKING:
    from collections.abc import Iterator

Source = OneOf["properties", "user", "event", "behaviors"]


@dataclass(frozen=True)
class Node:
    """Any part of an expression.

    Attributes:
        position: Where it begins in the text, in characters from 0.
    """

    position: int


@dataclass(frozen=True)
class Constant(Node):
    """Text, a number, ``true`` or ``false``."""

    value: str | int | float | bool


@dataclass(frozen=True)
class Items(Node):
    """A list of constants, ``[1, 2, 3]``."""

    values: tuple[Constant, ...]


@dataclass(frozen=True)
class Now(Node):
    """``NOW``: the present moment, in Unix seconds."""


@dataclass(frozen=True)
class Variable(Node):
    """A word of a formula: what it stands for is said beside it, or by ``let``."""

    name: str


@dataclass(frozen=True)
class Property(Node):
    """``properties["name"]`` of the event or profile, ``user["…"]``, ``event["…"]``, ``behaviors["…"]``."""

    source: Source
    name: str


@dataclass(frozen=True)
class FunctionCall(Node):
    """``name(argument, …)``."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Negative(Node):
    """``-operand``."""

    operand: Node


@dataclass(frozen=True)
class Not(Node):
    """``not operand``."""

    operand: Node


@dataclass(frozen=True)
class Binary(Node):
    """``left operator right``; ``position`` is the operator's."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Logic(Node):
    """Operands joined by ``and``, or by ``or``."""

    operator: OneOf["and", "or"]
    operands: tuple[Node, ...]


def inside(node: Node) -> Iterator[Node]:
    """The node and all nodes in it."""
    yield node
    for child in children(node):
        yield from inside(child)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly in a node."""
    for field in fields(node):
        value = getattr(node, field.name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Node):
                yield each
