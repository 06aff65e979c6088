"""Declarations of query fields, besides type and default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

Names = Literal["events", "properties", "numbers", "funnels", "cohorts"]


class Check(Protocol):
    """Converts an argument to the value of a field, or raises."""

    def __call__(self, value: Any, name: str) -> Any:
        """The value.

        Args:
            value: The argument.
            name: The parameter.

        Raises:
            ParameterError: the value is invalid.
        """

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""


@dataclass(frozen=True)
class Label:
    """The presentation of a field in a form.

    Attributes:
        text: What people read beside it.
        line: Whether it says what is asked about, or how.
        names: Which names are suggested for it.
        none: What stands for None; None where a value has to be chosen.
        choices: Other words for its choices, as pairs of word and value.
        default: What the form shows where the query leaves it open.
        main: Whether it is the event that a report is about, which another report takes over.
        needed: What to say where it is not chosen yet; None where it may be left out.
        unless: Other fields that may be chosen in place of one that is needed.
        only: Who alone can be asked with it.
    """

    text: str
    line: Literal["subject", "detail"] = "detail"
    names: Names | None = None
    none: str | None = None
    choices: tuple[tuple[str, Any], ...] = ()
    default: Any = None
    main: bool = False
    needed: str | None = None
    unless: tuple[str, ...] = ()
    only: Literal["tables", "Mixpanel"] | None = None


@dataclass(frozen=True)
class Parameter:
    """A field's declaration.

    Attributes:
        help: A sentence about it.
        check: Converts an argument to the field's value, or raises.
        metavar: The placeholder of its value in usage lines.
        option: Its option, such as ``--from``; None derives it from the field's name.
        positional: Whether it is positional, in commands and in Python.
        read: Parses its value from a word of a command line.
        label: Its presentation in a form; None if it is not part of it.
        any_option: The option for None, such as ``--any`` for any event, if there is one.
        any_of_tables: Whether only tables answer None.
        joined: The separator of several values in one word of a command line; None if each has its own word.
        negative: Whether its option says no to it: ``--no-annotations`` makes ``annotations`` False.
        from_input: Whether a ``-`` on a command line stands for the lines of standard input.
        pair: An example of the two words that its option takes; None if it takes one.
        also: Names that it takes beside those of the table, to be completed and suggested.
        filled: Whether a workspace fills it in if it is missing, although a query requires it.
    """

    help: str
    check: Check
    metavar: str
    option: str | None = None
    positional: bool = False
    read: Callable[[str], Any] = str
    label: Label | None = None
    any_option: str | None = None
    any_of_tables: bool = False
    joined: str | None = None
    filled: bool = False
    from_input: bool = False
    negative: bool = False
    pair: tuple[str, str] | None = None
    also: tuple[str, ...] = ()

    def option_of(self, name: str) -> str:
        """The option of a field of this name."""
        return self.option or f"--{name.replace('_', '-')}"
