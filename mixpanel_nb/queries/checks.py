"""Checks of fields: each converts an argument to a value, or raises before any request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from mixpanel_nb.errors import ParameterError, Word, did_you_mean

MAX_STEPS = 100
MAX_SEGMENTS = 10_000  # what Mixpanel's API gives at most
MAX_LIMIT = 10_000_000  # of tables, which may have as many segments as memory holds
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_WHERE = " where "
_RANGE = ".."
COMPARISONS = ("previous", "year")
_BY = " by "
_BETWEEN = re.compile(r"(.+) between (\d+) and (\d+)", re.DOTALL)


def check_one_of(given: dict[str, Any]) -> None:
    """Check that at most one of these arguments is not None.

    Raises:
        ParameterError: two are given; it names the second.
    """
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        message = [Word(names[0]), " and ", Word(names[1]), " do not go together."]
        raise ParameterError(message, parameter=names[1], hint="Give one of them.")


@dataclass(frozen=True)
class Step:
    """One step of a funnel.

    Attributes:
        event: The event.
        where: Expression that filters it, or None.
    """

    event: str
    where: str | None = None


@dataclass(frozen=True)
class Expansion:
    """An event that is split by a property.

    Attributes:
        event: The event.
        prop: The name of the property, or an expression.
    """

    event: str
    prop: str


@dataclass(frozen=True)
class Exclusion:
    """An event that must not come between two steps of a funnel.

    Attributes:
        event: The event.
        where: Expression that filters it, or None.
        after: The number of the step (from 1) after which it must not come; None for the first.
        before: The number of the step before which it must not come; None for the last.
    """

    event: str
    where: str | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True)
class Optional:
    """A value of another check, or None.

    Attributes:
        check: The other check.
        none: The field's value for None.
    """

    check: Any
    none: Any = None

    def __call__(self, value: Any, name: str) -> Any:
        return self.none if value is None else self.check(value, name)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"anyOf": [self.check.schema(), {"type": "null"}]}


def without_none(check: Any) -> Any:
    """The check of values other than None."""
    return check.check if isinstance(check, Optional) else check


@dataclass(frozen=True)
class Name:
    """The name of an event or property: text, not empty.

    Attributes:
        several: Who takes several names, as a hint where they are given.
    """

    several: str | None = None

    def __call__(self, value: Any, name: str) -> str:
        if isinstance(value, str) and value:
            return value
        hint = "Give the name as Mixpanel has it."
        if self.several is not None and isinstance(value, list | tuple) and len(value) > 1:
            problem, hint = " takes one value.", self.several
        else:
            problem = " is missing." if value is None else f" is {value!r}, which is no name."
        raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "string", "minLength": 1}


@dataclass(frozen=True)
class Names:
    """Names without duplicates, in order; a single one needs no list.

    Attributes:
        optional: Whether it may be empty.
    """

    optional: bool = False

    def __call__(self, value: Any, name: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else list(value or ())
        if not listed and not self.optional:
            raise ParameterError(
                [Word(name), " is empty."], parameter=name, value=value, hint="Give at least one."
            )
        return tuple(dict.fromkeys(Name()(item, name) for item in listed))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "array", "items": Name().schema(), "minItems": 0 if self.optional else 1}


@dataclass(frozen=True)
class Breakdowns:
    """The properties of a breakdown: one name, or several without duplicates."""

    def __call__(self, value: Any, name: str) -> str | tuple[str, ...]:
        names = Names()(value, name)
        return names[0] if len(names) == 1 else names

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"anyOf": [Name().schema(), {"type": "array", "items": Name().schema(), "minItems": 1}]}


MAX_EDGE = 36_600  # a hundred years of days
_EDGES = re.compile(r"\s*\d{1,6}\s*(,\s*\d{1,6}\s*)*")


@dataclass(frozen=True)
class Brackets:
    """Where periods begin and end: ascending whole numbers from 0 on, or the same as text, ``0,1,3,7``."""

    def __call__(self, value: Any, name: str) -> tuple[int, ...]:
        edges = value
        if isinstance(value, str) and _EDGES.fullmatch(value):
            edges = [int(word) for word in value.split(",")]
        if not isinstance(edges, Sequence) or isinstance(edges, str) or not self._are_edges(edges):
            problem = f" is {str(value)[:60]!r}."
            hint = (
                "Give ascending whole numbers that begin with 0, such as 0,1,3,7,14,30: each until the next."
            )
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)
        return tuple(edges)

    def _are_edges(self, edges: Sequence[Any]) -> bool:
        if not all(isinstance(edge, int) and not isinstance(edge, bool) for edge in edges):
            return False
        ascending = all(before < after for before, after in pairwise(edges))
        return len(edges) > 1 and edges[0] == 0 and edges[-1] <= MAX_EDGE and ascending

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        edge = {"type": "integer", "minimum": 0, "maximum": MAX_EDGE}
        return {"type": "array", "items": edge, "minItems": 2, "uniqueItems": True}


@dataclass(frozen=True)
class Texts:
    """Values of a property without duplicates, in order; the empty string is allowed."""

    def __call__(self, value: Any, name: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else list(value)
        if not listed or not all(isinstance(item, str) for item in listed):
            problem = f" is {str(listed)[:60]}."
            raise ParameterError(
                [Word(name), problem], parameter=name, value=value, hint="Give texts, at least one."
            )
        return tuple(dict.fromkeys(listed))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}


@dataclass(frozen=True)
class Several:
    """Values of another check without duplicates, in order, or none; a single one needs no list.

    Attributes:
        check: The other check.
        most: The maximum number.
    """

    check: Any
    most: int

    def __call__(self, value: Any, name: str) -> tuple[Any, ...]:
        listed = [value] if isinstance(value, str | int) else list(value or ())
        found = tuple(dict.fromkeys(self.check(item, name) for item in listed))
        if len(found) > self.most:
            hint = f"Give at most {self.most}."
            problem = f" has {len(found)} values."
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)
        return found

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "array", "items": self.check.schema(), "maxItems": self.most}


@dataclass(frozen=True)
class WordOr:
    """One of several words, or a value of another check.

    Attributes:
        choices: The words.
        check: The other check.
    """

    choices: tuple[str, ...]
    check: Any

    def __call__(self, value: Any, name: str) -> Any:
        if isinstance(value, str):
            if value in self.choices:
                return value
            others = " or ".join(self.choices)
            hint: Any = did_you_mean(value, self.choices) or f"Give a whole number, or {others}."
            if value[:1].isdigit():
                parts = (Word(name, 7), " ", Word(f"{name}_unit", "day"))
                hint = ["The unit has an option of its own: ", *parts]
            raise ParameterError([Word(name), f" is {value[:40]!r}."], parameter=name, value=value, hint=hint)
        return self.check(value, name)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"anyOf": [self.check.schema(), {"enum": list(self.choices)}]}


def whole_or_word(word: str) -> int | str:
    """A word of a command line as a whole number if it is one, otherwise unchanged."""
    return int(word) if word.isascii() and word.isdecimal() else word


@dataclass(frozen=True)
class Text:
    """A text that is checked on use: an expression, a script, the name of a table."""

    def __call__(self, value: Any, name: str) -> str:
        if isinstance(value, str):
            return value
        raise ParameterError(
            [Word(name), f" is {str(value)[:60]!r}, which is no text."], parameter=name, value=value
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "string"}


@dataclass(frozen=True)
class OneOf:
    """One of several words.

    Attributes:
        choices: The words.
    """

    choices: tuple[str, ...]

    def __call__(self, value: Any, name: str) -> str:
        for known in self.choices:
            if value == known:
                return known
        hint = did_you_mean(str(value), self.choices) or f"It can be {', '.join(self.choices)}."
        raise ParameterError(
            [Word(name), f" is {str(value)[:40]!r}."], parameter=name, value=value, hint=hint
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"enum": list(self.choices)}


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds.

    Attributes:
        most: The largest.
        least: The smallest.
    """

    most: int
    least: int = 1

    def __call__(self, value: Any, name: str) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return value
        hint = f"Give a whole number from {self.least:,} to {self.most:,}."
        raise ParameterError([Word(name), f" is {value!r}."], parameter=name, value=value, hint=hint)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Flag:
    """True or false."""

    def __call__(self, value: Any, name: str) -> bool:
        if isinstance(value, bool):
            return value
        raise ParameterError(
            [Word(name), f" is {value!r}."], parameter=name, value=value, hint="Give True or False."
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "boolean"}


@dataclass(frozen=True)
class Mapping:
    """An object of JSON."""

    def __call__(self, value: Any, name: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        raise ParameterError(
            [Word(name), f" is {str(value)[:40]!r}."], parameter=name, value=value, hint="Give a dict."
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "object"}


@dataclass(frozen=True)
class Day:
    """A day: ``YYYY-MM-DD``, a date or a datetime."""

    def __call__(self, value: Any, name: str) -> date:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        text = str(value).strip()
        if _DAY.fullmatch(text):
            try:
                return date.fromisoformat(text)
            except ValueError:
                pass
        problem = f" is {str(value)[:40]!r}, which is not a day."
        hint = "Write it as YYYY-MM-DD, for example 2025-01-31."
        raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"type": "string", "format": "date"}


@dataclass(frozen=True)
class Comparison:
    """``previous``, ``year``, or two days: ``2024-01-01..2024-01-31``, or a pair of them."""

    def __call__(self, value: Any, name: str) -> str:
        if value in COMPARISONS:
            return str(value)
        days = value.split(_RANGE) if isinstance(value, str) else value
        if isinstance(days, Sequence) and len(days) == 2:
            first, last = in_order(*(Day()(day, name) for day in days))
            return f"{first}{_RANGE}{last}"
        hint = "It can be previous, year, or two days: 2024-01-01..2024-01-31."
        raise ParameterError(
            [Word(name), f" is {str(value)[:40]!r}."], parameter=name, value=value, hint=hint
        )

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        day = r"\d{4}-\d{2}-\d{2}"
        return {"anyOf": [{"enum": list(COMPARISONS)}, {"type": "string", "pattern": rf"^{day}\.\.{day}$"}]}


def in_order(first: date, last: date) -> tuple[date, date]:
    """The first and the last day of a range.

    Raises:
        ParameterError: the first day is after the last.
    """
    if first > last:
        message = [Word("from_date"), f" {first} is after ", Word("to_date"), f" {last}."]
        raise ParameterError(
            message, parameter="from_date", value=str(first), hint="Give the earlier day first."
        )
    return first, last


@dataclass(frozen=True)
class Steps:
    """The steps of a funnel: events, or pairs of an event and its filter."""

    def __call__(self, value: Any, name: str) -> tuple[Step, ...]:
        given = [value] if isinstance(value, str) else list(value or ())
        return tuple(_step(item, name) for item in given)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        event = Name().schema()
        pair = {
            "type": "array",
            "prefixItems": [event, Optional(Text()).schema()],
            "minItems": 2,
            "maxItems": 2,
        }
        return {"type": "array", "items": {"anyOf": [event, pair]}}


@dataclass(frozen=True)
class OneStep:
    """A step, or None."""

    def __call__(self, value: Any, name: str) -> Step | None:
        return None if value is None else _step(value, name)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return {"anyOf": [Steps().schema()["items"], {"type": "null"}]}


@dataclass(frozen=True)
class Expansions:
    """Pairs of an event and a property that splits it; a dict is also accepted."""

    def __call__(self, value: Any, name: str) -> tuple[Expansion, ...]:
        given = value.items() if isinstance(value, dict) else value or ()
        if isinstance(given, str):
            raise _no_expansion(value, name)
        return tuple(dict.fromkeys(_expansion(item, name) for item in given))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        pair = {"type": "array", "prefixItems": [Name().schema()] * 2, "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": pair}


def _expansion(value: Any, name: str) -> Expansion:
    if isinstance(value, Expansion):
        return value
    if isinstance(value, str) or not isinstance(value, Sequence) or len(value) != 2:
        raise _no_expansion(value, name)
    return Expansion(Name()(value[0], name), Name()(value[1], name))


def _no_expansion(value: Any, name: str) -> ParameterError:
    hint = 'Name an event and its property: ("Purchase", "plan"); in a command, "Purchase by plan".'
    return ParameterError([Word(name), f" is {str(value)[:60]!r}."], parameter=name, value=value, hint=hint)


def parse_expansion(word: str) -> str | tuple[str, str]:
    """``Purchase by plan`` as event and property, split at the last `` by ``."""
    event, separator, prop = word.rpartition(_BY)
    return (event.strip(), prop.strip()) if separator else word


def expansion_word(expansion: Expansion) -> str | None:
    """An expansion as a word of a command line; None if :func:`parse_expansion` would read it differently."""
    word = f"{expansion.event}{_BY}{expansion.prop}"
    return word if parse_expansion(word) == (expansion.event, expansion.prop) else None


def enough_steps(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of a funnel that names them.

    Raises:
        ParameterError: there are fewer than two.
    """
    if len(steps) >= 2:
        return steps
    count = f"{len(steps)} {'is' if len(steps) == 1 else 'are'} given."
    hint = "Name the events in their order, such as Sign Up and then Purchase."
    raise ParameterError(f"A funnel needs at least two steps, and {count}", parameter="steps", hint=hint)


def _step(value: Any, name: str) -> Step:
    if isinstance(value, Step):
        return value
    if isinstance(value, str):
        return Step(Name()(value, name))
    if isinstance(value, Sequence) and len(value) == 2:
        return Step(Name()(value[0], name), Optional(Text())(value[1], name))
    hint = "Give an event, or a pair of it and a filter: (\"Purchase\", '…')."
    raise ParameterError([f"A step is {str(value)[:60]!r}."], parameter=name, value=value, hint=hint)


@dataclass(frozen=True)
class Exclusions:
    """Events that must not come between steps: names, with a filter, and with the numbers of two steps."""

    def __call__(self, value: Any, name: str) -> tuple[Exclusion, ...]:
        given = [value] if isinstance(value, str) else list(value or ())
        return tuple(dict.fromkeys(_exclusion(item, name) for item in given))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        number = Optional(Whole(MAX_STEPS)).schema()
        parts = [Name().schema(), Optional(Text()).schema(), number, number]
        several = {"type": "array", "prefixItems": parts, "minItems": 2, "maxItems": 4}
        return {"type": "array", "items": {"anyOf": [Name().schema(), several]}}


def _exclusion(value: Any, name: str) -> Exclusion:
    if isinstance(value, Exclusion):
        return value
    if isinstance(value, str):
        return Exclusion(Name()(value, name))
    if isinstance(value, Sequence) and len(value) in {2, 4}:
        numbers = [Optional(Whole(MAX_STEPS))(number, name) for number in value[2:]]
        return Exclusion(Name()(value[0], name), Optional(Text())(value[1], name), *numbers)
    hint = 'Give an event, or it with a filter and the numbers of two steps: ("Log Out", None, 1, 2).'
    raise ParameterError([f"An exclusion is {str(value)[:60]!r}."], parameter=name, value=value, hint=hint)


def parse_exclusion(word: str) -> str | tuple[Any, ...]:
    """``Log Out between 1 and 2 where …`` as event, filter and numbers; a name may contain these words."""
    step = parse_step(word)
    event, where = (step, None) if isinstance(step, str) else step
    limited = _BETWEEN.fullmatch(event)
    if limited:
        return limited[1], where, int(limited[2]), int(limited[3])
    return event if where is None else (event, where)


def exclusion_word(exclusion: Exclusion) -> str | None:
    """An exclusion as a word of a command line, or None if it would be parsed differently."""
    word = exclusion.event
    if exclusion.after is not None or exclusion.before is not None:
        word += f" between {exclusion.after} and {exclusion.before}"
    if exclusion.where is not None:
        word += f"{_WHERE}{exclusion.where}"
    return word if _exclusion(parse_exclusion(word), "exclude") == exclusion else None


def parse_step(word: str) -> str | tuple[str, str]:
    """``Purchase where properties["amount"] > 5`` as event and filter; names may contain "where"."""
    event, separator, where = word.partition(_WHERE)
    return (event.strip(), where.strip()) if separator and "[" in where else word


def step_word(step: Step) -> str | None:
    """A step as a word of a command line, or None if :func:`parse_step` would read it differently."""
    word = step.event if step.where is None else f"{step.event}{_WHERE}{step.where}"
    return word if _step(parse_step(word), "steps") == step else None
