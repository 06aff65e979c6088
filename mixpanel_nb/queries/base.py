"""``Query``: the base of all queries, and the code derived from their fields."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import typing
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from mixpanel_nb.errors import ParameterError, did_you_mean, help_text
from mixpanel_nb.queries.checks import (
    Exclusion,
    Expansion,
    Step,
    check_one_of,
    exclusion_word,
    expansion_word,
    in_order,
    step_word,
    without_none,
)
from mixpanel_nb.queries.groups import group_of, joined
from mixpanel_nb.queries.metrics import Worded
from mixpanel_nb.queries.parameter import Parameter
from mixpanel_nb.queries.shared import DURING, LAST, LIVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.queries.groups import Group
    from mixpanel_nb.results.report import ReportResult

Answer = TypeVar("Answer", bound="ReportResult", covariant=True)
Self = TypeVar("Self", bound="Query[Any]")

_MAX_LINE = 100
_LIKE_JSON = re.compile(r'\{\s*["}]')
_NO_MAGIC = {"jql"}  # its script is a file there
_UNSPEAKABLE = ("--verbose", "--secret", "--help")  # words that a magic line interprets itself


@dataclass(frozen=True)
class Query(Generic[Answer]):
    """A report's parameters. The constructor checks the fields, so every instance is valid.

    Raises:
        ParameterError: a value is none that its field takes.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    example: ClassVar[str]
    needs_table: ClassVar[bool] = False
    """Whether only a table answers it, not Mixpanel's API."""

    def __post_init__(self) -> None:
        for name, parameter in parameters_of(type(self)).items():
            object.__setattr__(self, name, parameter.check(getattr(self, name), name))
        first, last = getattr(self, "from_date", None), getattr(self, "to_date", None)
        if first is not None and last is not None:
            in_order(first, last)
        check_one_of({name: getattr(self, name, None) for name in ("compare", "diff")})
        self.check()

    def check(self) -> None:
        """Check for fields that contradict each other."""

    @classmethod
    def of(cls: type[Self], given: Mapping[str, Any]) -> Self:
        """The query of values by field name; missing fields have their defaults.

        Raises:
            ParameterError: a value is missing, unknown or invalid.
        """
        known = parameters_of(cls)
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known)
                raise ParameterError([f"{cls.name} takes no {name!r}."], parameter=name, hint=hint)
        for name in sorted(required(cls) - set(given)):
            without_none(known[name].check)(None, name)
        return cls(**given)

    @property
    def asked_table(self) -> str | None:
        """The queried table; None for Mixpanel."""
        table: str | None = getattr(self, "table", None)
        return table

    @property
    def comparison(self) -> str | None:
        """The period to compare with, as the field ``compare`` has it; None for no comparison."""
        compare: str | None = getattr(self, "compare", None)
        return compare

    @property
    def groups(self) -> tuple[Group, Group] | None:
        """The two groups to compare, as the field ``diff`` has them; None for no comparison of groups."""
        diff: tuple[str, str] | None = getattr(self, "diff", None)
        return None if diff is None else (group_of(diff[0]), group_of(diff[1]))

    def of_group(self: Self, group: Group) -> Self:
        """The query about one group: of its days, or of what meets its condition."""
        if group.days is not None:
            first, last = group.days
            return changed(self, diff=None, from_date=first, to_date=last)
        return changed(self, diff=None, **self.narrowed(group))

    def narrowed(self, group: Group) -> dict[str, Any]:
        """The fields, with their values, by which the condition of a group holds.

        The condition is one of all events. Where users enter by an event, as in a funnel, it is one of that
        event, as the value of a breakdown is.
        """
        where: str | None = getattr(self, "where", None)
        return {"where": joined(where, group.where)}

    @property
    def bucket_unit(self) -> str | None:
        """The unit of its buckets of time; None for one answer about all days."""
        unit: str | None = getattr(self, "unit", None)
        return unit

    @property
    def says_live(self) -> bool:
        """Whether the query goes to Mixpanel explicitly, although a table could answer it."""
        known = parameters_of(type(self))
        of_mixpanel = [name for name, each in known.items() if each.label and each.label.only == "Mixpanel"]
        return "table" in known and self.asked_table is None and not any(map(self.given().get, of_mixpanel))

    def plain(self) -> dict[str, Any]:
        """The values of all fields, as plain data: days as text, sequences as lists."""
        return {name: _plain(getattr(self, name)) for name in parameters_of(type(self))}

    def given(self) -> dict[str, Any]:
        """The values that differ from the defaults."""
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        return {name: value for name, value in self.plain().items() if getattr(self, name) != defaults[name]}

    def python(self, workspace: str = "ws", *, of: str | None = None) -> str:
        """The query as a call of a ``Workspace`` method.

        Args:
            workspace: The variable's name.
            of: A method that takes the report's name and asks more of it, such as ``reconcile``.
        """
        places = _places(type(self))
        given = self.given()
        arguments = [] if of is None else [literal(self.name)]
        arguments += [literal(given.pop(name)) for name in places if name in given]
        arguments += [f"{name}={literal(value)}" for name, value in given.items()]
        arguments += ["live=True"] if self.says_live else []
        method = self.name if of is None else of
        line = f"{workspace}.{method}({', '.join(arguments)})"
        if len(line) <= _MAX_LINE:
            return line
        inner = "".join(f"    {argument},\n" for argument in arguments)
        return f"{workspace}.{method}(\n{inner})"

    def magic(self, *, of: str | None = None) -> str | None:
        """The query as a line magic, or ``of`` it; None if it cannot be written on a line.

        This applies to names with line breaks and other control characters, and to steps whose name or filter
        would be parsed differently.
        """
        return self._line(f"%mp_{self.name}" if of is None else f"%mp_{of} {self.name.replace('_', '-')}")

    def users_magic(self, cell: Cell) -> str | None:
        """The users of a cell as a line magic; None if it cannot be written on a line."""
        return self._line(f"%mp_users {self.name.replace('_', '-')}", cell.words())

    def _line(self, command: str, further: Sequence[str] = ()) -> str | None:
        words = None if self.name in _NO_MAGIC else self._words(further)
        if words is None or any(_is_unspeakable(word) for word in words):
            return None
        return _with_braces(f"{command} {' '.join(map(_quoted, words))}")

    def _words(self, further: Sequence[str]) -> list[str] | None:
        positional: list[str] = []
        options: list[str] = []
        known = parameters_of(type(self))
        for name in self.given():
            parameter, value = known[name], getattr(self, name)
            option = parameter.option_of(name)
            if parameter.negative:
                options.append(option)
                continue
            if value is True or value is None:
                options.append(option if value else parameter.any_option or option)
                continue
            if parameter.joined is not None:
                value = parameter.joined.join(map(str, value))
            if parameter.pair is not None:
                if any(word.startswith("-") for word in value):  # which would be read as an option
                    return None
                options += [option, *value]
                continue
            for item in value if isinstance(value, tuple) else (value,):
                word = _word(item)
                if word is None or (parameter.from_input and word == "-"):  # that stands for standard input
                    return None
                if parameter.positional:
                    positional.append(word)
                else:
                    options += [f"{option}={word}"] if word.startswith("-") else [option, word]
        options += [LIVE.option_of("live")] if self.says_live else []
        options += further
        if any(word.startswith("-") for word in positional):
            return [*options, "--", *positional]
        return [*positional, *options]


def parameters_of(query: type[Query[Any] | Cell]) -> dict[str, Parameter]:
    """The fields of a query or a cell and their declarations, in order."""
    return _declared(query.name, cast("Any", query))


def request_parameters(query: type[Query[Any]]) -> dict[str, Parameter]:
    """The parameters of a report: its query's fields, and short forms that a workspace converts."""
    asked: dict[str, Parameter] = {}
    for name, parameter in parameters_of(query).items():
        asked[name] = parameter
        if name == "to_date":
            asked |= {"last": LAST, "during": DURING}
        if name == "table":
            asked["live"] = LIVE
    return asked


def request_defaults(query: type[Query[Any]]) -> dict[str, Any]:
    """The defaults of :func:`request_parameters`; fields without one are required."""
    needed = required(query)
    known = parameters_of(query)
    return {
        name: getattr(query, name, None) if name in known else (False if parameter is LIVE else None)
        for name, parameter in request_parameters(query).items()
        if parameter.filled or name not in needed
    }


def types_of(query: type[Query[Any] | Cell]) -> dict[str, Any]:
    """The annotations of a query's fields, with their declarations."""
    return _annotations(query.name, cast("Any", query))


@cache
def _declared(_: str, query: Any) -> dict[str, Parameter]:
    hints = types_of(query)
    return {field.name: hints[field.name].__metadata__[0] for field in dataclasses.fields(query)}


@cache
def _annotations(_: str, query: Any) -> dict[str, Any]:
    return typing.get_type_hints(query, include_extras=True)


def required(query: type[Query[Any]]) -> set[str]:
    """The required fields."""
    return {field.name for field in dataclasses.fields(query) if field.default is dataclasses.MISSING}


def changed(query: Self, **values: Any) -> Self:
    """The query with other values of some fields.

    Raises:
        ParameterError: a value is none that its field takes.
    """
    return dataclasses.replace(query, **values)


def schema(query: type[Query[Any]]) -> dict[str, Any]:
    """The fields of a query as a JSON Schema (draft 2020-12)."""
    defaults = {field.name: field.default for field in dataclasses.fields(query)}
    properties = {
        name: {
            **parameter.check.schema(),
            "description": help_text(parameter.help),
            **({} if defaults[name] is dataclasses.MISSING else {"default": defaults[name]}),
        }
        for name, parameter in parameters_of(query).items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": query.name,
        "description": (query.__doc__ or "").split("\n")[0],
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name in required(query)],
        "additionalProperties": False,
    }


def _places(query: type[Query[Any]]) -> list[str]:
    return [name for name, parameter in parameters_of(query).items() if parameter.positional]


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Step):
        return value.event if value.where is None else (value.event, value.where)
    if isinstance(value, Worded):
        return str(value)
    if isinstance(value, Expansion):
        return value.event, value.prop
    if isinstance(value, Exclusion):
        short = value.event if value.where is None else (value.event, value.where)
        limits = (value.after, value.before)
        return short if limits == (None, None) else (value.event, value.where, *limits)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def literal(value: Any) -> str:
    """The value as Python source, with double quotes if possible."""
    if isinstance(value, str):
        plain = '"' not in value and value.isprintable()
        return json.dumps(value, ensure_ascii=False) if plain else repr(value)
    if isinstance(value, list | tuple):
        inner = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _word(item: Any) -> str | None:
    """An item as a word of a command line, or None if it would be parsed differently."""
    if isinstance(item, Step):
        return step_word(item)
    if isinstance(item, Exclusion):
        return exclusion_word(item)
    return expansion_word(item) if isinstance(item, Expansion) else str(item)


def _quoted(word: str) -> str:
    """The word, quoted for the line's parser; with double quotes if more readable."""
    plain = shlex.quote(word)
    if plain == word or any(sign in word for sign in '"\\$`!'):
        return plain
    return f'"{word}"'


def _with_braces(line: str) -> str | None:
    """The line with doubled braces, as a line magic substitutes single ones; None if it looks like JSON."""
    if "{" not in line:
        return line
    return None if _LIKE_JSON.search(line) else line.replace("{", "{{").replace("}", "}}")


def _is_unspeakable(word: str) -> bool:
    return word.partition("=")[0] in _UNSPEAKABLE or not word.isprintable()
