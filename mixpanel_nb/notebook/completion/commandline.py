"""Completion of a command line: options, their values, arguments, subcommands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from mixpanel_nb.commands.names import event_of
from mixpanel_nb.notebook.completion import words
from mixpanel_nb.notebook.completion.suggestions import Choice, Offer, begins_with
from mixpanel_nb.notebook.line import VERBOSE
from mixpanel_nb.notebook.names import COMMANDS, CONNECT, EXPLORE, SQL, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.notebook.completion.place import Place
    from mixpanel_nb.notebook.completion.sources import Sources
    from mixpanel_nb.notebook.completion.words import Typed

# In an expression, `properties["pl` and `properties["plan"] == "pr`. Within double quotes of the line, the
# expression's own quotes are written \".
_PROPERTY = re.compile(r"""properties\[(?P<quote>\\?"|')(?P<name>[^"'\\\]]*)\Z""")
# Where an expression begins, or goes on after a word or a bracket.
_OPERAND = re.compile(r"(?:\A|\b(?:and|or|not|where) +|\()([$\w]*)\Z")
_VALUE = re.compile(
    r"""properties\[(?:\\?"|')(?P<prop>[^"'\\\]]+)(?:\\?"|')\]\s*(?:==|!=)\s*(?P<quote>\\?"|')(?P<value>[^"'\\]*)\Z"""
)


@dataclass
class Line:
    """A parsed command line.

    Attributes:
        command: The Click command that runs.
        subcommands: Possible subcommands.
        given: Values of its options and arguments, by the parameter's name.
        used: Names of the options that are on the line.
        wanting: The parameter whose value comes next.
        is_option: Whether that is an option whose name is already typed.
    """

    command: Any
    subcommands: list[str] = field(default_factory=list)
    given: dict[str, list[str]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    wanting: Any = None
    is_option: bool = False

    @property
    def table(self) -> str | None:
        """The table that the line names."""
        return self.given.get("table", [None])[-1]

    @property
    def event(self) -> str | None:
        """The event that the line names: the last one if there are several."""
        return event_of(self.given)


def offer(place: Place, sources: Sources) -> Offer | None:
    """Completions at the cursor of a magic's line."""
    done, raw = words.split(place.before)
    line = read(place.magic, done)
    if raw.startswith("-") and not line.is_option:
        name, has_value, value = raw.partition("=")
        if not has_value:
            return _options(line, raw) or Offer(raw, ())
        line.wanting, line.is_option = _options_of(line.command).get(name), True
        raw = value
    typed = words.typed(raw)
    found = _in_expression(line, typed, place.after, sources) or _words(line, typed, place.after, sources)
    if found is None and not raw and not line.is_option:
        found = _options(line, raw)
    return found or (None if _is_path(line) else Offer(raw, ()))


def _is_path(line: Line) -> bool:
    """Whether a file name comes next, which IPython completes."""
    return line.wanting is not None and line.wanting.metavar == "FILE"


def read(magic: str, done: Sequence[str]) -> Line:
    """Parse the finished words of a line."""
    line, rest = _start(magic, list(done))
    options = _options_of(line.command)
    arguments = [param for param in line.command.params if param.param_type_name == "argument"]
    position = 0
    for word in rest:
        name, has_value, value = word.partition("=")
        if line.is_option:
            words = line.given.setdefault(line.wanting.name, [])
            words.append(word)
            line.is_option = len(words) % line.wanting.nargs != 0
        elif word.startswith("-") and name in options:
            line.used.add(options[name].name)
            if has_value:
                line.given.setdefault(options[name].name, []).append(value)
            elif not options[name].is_flag:
                line.wanting, line.is_option = options[name], True
        elif not word.startswith("-"):
            if param := _argument(arguments, position):
                line.given.setdefault(param.name, []).append(word)
            position += 1
    if not line.is_option:
        line.wanting = _argument(arguments, position)
    return line


def _start(magic: str, done: list[str]) -> tuple[Line, list[str]]:
    """The command that the magic and its first words name, and the words that are left."""
    command = _command(magic)
    commands = getattr(command, "commands", None)
    if commands is None:
        return Line(command), done
    if done and done[0] in commands:
        return Line(commands[done[0]]), done[1:]
    usual = commands.get(USUAL.get(magic))
    return Line(usual or command, [] if done else list(commands)), done


def _command(magic: str) -> Any:
    from mixpanel_nb.commands import parsing
    from mixpanel_nb.notebook import connect, explore, sqlcell
    from mixpanel_nb.notebook.wording import NOTEBOOK

    if magic == CONNECT:
        return connect.command()
    if magic == EXPLORE:
        return explore.command()
    return sqlcell.command() if magic == SQL else parsing.find(COMMANDS[magic], NOTEBOOK)


def _argument(arguments: Sequence[Any], position: int) -> Any:
    if position < len(arguments):
        return arguments[position]
    return arguments[-1] if arguments and arguments[-1].nargs == -1 else None


def _options_of(command: Any) -> dict[str, Any]:
    """The options of a command by all of their names."""
    options = [param for param in command.params if param.param_type_name == "option"]
    return {name: option for option in options for name in option.opts}


def _options(line: Line, start: str) -> Offer | None:
    """Options that are not yet on the line, or are repeatable."""
    names = [
        max(option.opts, key=len)
        for option in dict.fromkeys(_options_of(line.command).values())
        if not option.hidden and (option.multiple or option.name not in line.used)
    ]
    found = begins_with([*names, "--help", VERBOSE], start)
    return _offer(start, found, "option")


def _words(line: Line, typed: Typed, after: str, sources: Sources) -> Offer | None:
    """Names that can be the next word: quoted if necessary, without those on the line."""
    named = [(name, "command") for name in line.subcommands]
    if line.wanting is not None:
        named += _names(line, sources)
    kinds = dict(reversed(named))
    closed = bool(typed.quote) and after.startswith(typed.quote)
    choices = [
        Choice(text, kinds[name])
        for name in begins_with([name for name, _ in named], typed.text)
        if (text := words.written(name, typed.quote, closed=closed)) is not None
    ]
    return Offer(typed.raw, tuple(choices)) if choices else None


def _names(line: Line, sources: Sources) -> list[tuple[str, str]]:
    """The possible values of a parameter, and their kind: names of events, properties, tables."""
    param = line.wanting
    context = typer.Context(line.command, obj=sources)
    context.params = dict(line.given)
    given = () if param.name == "steps" else line.given.get(param.name, ())
    offered = (item for item in param.shell_complete(context, "") if item.type == "plain")
    return [(item.value, item.help or "choice") for item in offered if item.value not in given]


def _in_expression(line: Line, typed: Typed, after: str, sources: Sources) -> Offer | None:
    """Properties and their values inside an expression, wherever one is allowed."""
    if line.wanting is None:
        return None
    is_expression = line.wanting.metavar == "EXPRESSION" or " where " in typed.text
    if is_expression and (found := _OPERAND.search(typed.text)):
        return _operands(line, typed, found[1], sources)
    if not typed.quote:
        return None
    if line.wanting.name == "steps":  # "Purchase where properties[…"
        line.given.setdefault("steps", []).append(typed.text)
    if found := _PROPERTY.search(typed.raw):
        return _quoted(found["name"], _properties(line, sources), found["quote"], "]", after, "property")
    if found := _VALUE.search(typed.raw):
        return _quoted(
            found["value"],
            sources.property_values(found["prop"], line.table, line.event),
            found["quote"],
            "",
            after,
            "value",
        )
    return None


def _operands(line: Line, typed: Typed, start: str, sources: Sources) -> Offer | None:
    """Properties at the beginning of an expression and after its ``and``, with an open quote around it."""
    mark = '\\"' if typed.quote == '"' else '"'
    named = [name for name in begins_with(_properties(line, sources), start) if _is_plain(name)]
    opening = "" if typed.quote else "'"
    return _offer(start, [f"{opening}properties[{mark}{name}{mark}]" for name in named], "property")


def _properties(line: Line, sources: Sources) -> list[str]:
    return sources.properties(line.table, line.event, "profiles" if _is_of_users(line) else "events")


def _is_of_users(line: Line) -> bool:
    return str(line.command.name) == "profiles"


def _quoted(start: str, names: Iterable[str], quote: str, end: str, after: str, kind: str) -> Offer | None:
    """Names after an open quote of an expression, which is closed if necessary."""
    close = "" if after.startswith(quote) else quote + end
    plain = [name for name in begins_with(names, start) if _is_plain(name)]
    return _offer(start, [name + close for name in plain], kind)


def _is_plain(name: str) -> bool:
    """Whether a name can stand in an expression of a line as it is."""
    return name.isprintable() and not re.search(r"""["'\\{}]""", name)


def _offer(fragment: str, texts: Sequence[str], kind: str) -> Offer | None:
    return Offer(fragment, tuple(Choice(text, kind) for text in texts)) if texts else None
