"""Hints for words that a command cannot use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What Typer raises for words it cannot use. Depending on its version, Typer includes a copy of Click or
# depends on Click, so the classes are reached through the one it publishes.
UsageError: type[Any] = typer.BadParameter.__mro__[1]
CommandError: type[Any] = typer.BadParameter.__mro__[2]


class RepeatedOption(typer.BadParameter):
    """An option that takes one value is given several times."""

    def __init__(self, context: Any, option: Any, times: int) -> None:
        super().__init__(f"{option.opts[0]} is given {times} times and takes one value.", ctx=context)
        self.parameter: str = option.name


_TYPED = "mixpanel_nb.typed"
# Names of options in other tools, SQL and Mixpanel's interface; the first matching option of a command is
# used.
_OTHER_NAMES: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("--from-date", "--start", "--start-date", "--since", "--begin"), ("--from",)),
    **dict.fromkeys(("--to-date", "--end", "--end-date", "--until"), ("--to",)),
    **dict.fromkeys(
        (
            "--by",
            "--group-by",
            "--groupby",
            "--breakdown",
            "--break-down",
            "--segment",
            "--property",
            "--prop",
        ),
        ("--on",),
    ),
    **dict.fromkeys(("--filter", "--filters", "--condition"), ("--where",)),
    **dict.fromkeys(("--event-name", "--events", "--name"), ("--event",)),
    **dict.fromkeys(("--steps",), ("--step",)),
    **dict.fromkeys(("--returned", "--return-event", "--returning"), ("--return",)),
    **dict.fromkeys(("--born-event", "--birth", "--first"), ("--born",)),
    **dict.fromkeys(("--granularity", "--bucket", "--every", "--period", "--interval-unit"), ("--unit",)),
    **dict.fromkeys(("--count", "--counting", "--metric", "--measure", "--unique"), ("--type",)),
    **dict.fromkeys(("--top", "--max", "--n", "--rows"), ("--limit", "--rows")),
    **dict.fromkeys(("--tables", "--table-name", "--local"), ("--table",)),
    **dict.fromkeys(("--file", "--database", "--db-file"), ("--db", "--output")),
    **dict.fromkeys(("--out", "--save"), ("--output",)),
    **dict.fromkeys(("--overwrite", "--force"), ("--replace",)),
    **dict.fromkeys(("--tz", "--time-zone", "--zone"), ("--timezone",)),
}


def remember(command: Any) -> None:
    """Store the words of a command line in its context, for :func:`advice`."""
    parse = command.parse_args

    def parse_args(context: Any, words: list[str]) -> Any:
        context.meta[_TYPED] = list(words)
        try:
            return parse(context, words)
        except UsageError as error:
            error.ctx = error.ctx or context  # which an option without its value lacks
            raise

    command.parse_args = parse_args


def advice(error: Any) -> str | None:
    """What to type instead; None if unknown.

    Args:
        error: What Typer raised.
    """
    context = getattr(error, "ctx", None)
    if context is None:
        return None
    if isinstance(error, RepeatedOption):
        return _of_several(context.command.name, error.parameter)
    options = _options(context.command)
    words = context.meta.get(_TYPED, [])
    short = _one_dash(words, options)
    if short is not None:
        return f"Write two dashes: -{short}"
    option = getattr(error, "option_name", None)
    if option is not None:
        return _of_a_pair(context.command.name, option) or _of_unknown(option, context, options)
    named, left_over = _words_without_option(context, words)
    return _of_names(options, named, left_over, words) or _of_a_length(error, options)


def _of_several(command: str, name: str) -> str | None:
    """Which report takes several values of a report's parameter that takes one."""
    from mixpanel_nb.queries import QUERIES, parameters_of
    from mixpanel_nb.queries.checks import without_none

    query = QUERIES.get(command.replace("-", "_"))
    parameter = None if query is None else parameters_of(query).get(name)
    return None if parameter is None else getattr(without_none(parameter.check), "several", None)


def _of_a_pair(command: str, option: str) -> str | None:
    """An example of the two values of a report's option."""
    from mixpanel_nb.queries import QUERIES, request_parameters

    query = QUERIES.get(command.replace("-", "_"))
    known = {} if query is None else request_parameters(query)
    examples = (each.pair for name, each in known.items() if each.option_of(name) == option)
    pair = next(examples, None)
    return None if pair is None else f"Give both: {option} {' '.join(pair)}"


def _options(command: Any) -> set[str]:
    return {name for param in command.params if param.param_type_name == "option" for name in param.opts}


def _of_unknown(unknown: str, context: Any, options: set[str]) -> str | None:
    """The option probably meant by an unknown one."""
    commands = getattr(context.command, "commands", {})
    for name, command in commands.items():
        if unknown in _options(command):
            return f"Say what first: {context.command_path} {name} {unknown} …"
    meant = next((name for name in _OTHER_NAMES.get(unknown, ()) if name in options), None)
    if meant is not None:
        return f"Did you mean {meant}?"
    argument = _argument_called(unknown, context.command)
    if argument is not None:
        return f"{argument} is written without an option: {context.command_path} {_EXAMPLES[argument]} …"
    if unknown in {"--json", "--csv", "--jsonl", "--table"} and "--format" in options:
        return f"Did you mean --format {unknown.removeprefix('--')}?"
    return None


_EXAMPLES = {"EVENT": '"Sign Up"', "EVENTS": '"Sign Up" Purchase', "PROPERTY": "plan", "TABLE": "events"}


def _argument_called(unknown: str, command: Any) -> str | None:
    """The argument with the name of an option."""
    wanted = unknown.removeprefix("--").upper()
    for param in command.params:
        name = (param.metavar or param.name).strip("[].").upper()
        if (
            param.param_type_name == "argument"
            and wanted.rstrip("S") == name.rstrip("S")
            and name in _EXAMPLES
        ):
            return str(name)
    return None


def _words_without_option(context: Any, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words parsed as arguments, and the surplus words."""
    try:
        again = context.command.make_context(
            context.info_name, list(words), resilient_parsing=True, allow_extra_args=True, obj=context.obj
        )
    except CommandError:
        return [], []
    taken: list[str] = []
    for param in context.command.params:
        value = again.params.get(param.name)
        if param.param_type_name == "argument" and value is not None:
            taken += map(str, value if isinstance(value, list | tuple) else [value])
    return taken, list(again.args)


def _of_names(
    options: set[str], named: Sequence[str], left_over: Sequence[str], words: Sequence[str]
) -> str | None:
    """A hint for surplus words, or for a name in place of a number."""
    given = [*named, *left_over]
    assigned = [word.split("=", 1) for word in given if f"--{word.split('=')[0]}" in options]
    if assigned:
        return f"Options begin with two dashes: {' '.join(f'--{name} {value}' for name, value in assigned)}"
    if "--step" in options and given and not all(word.isdecimal() for word in given):
        of_value = next(filter(None, (_of_value(word, words, options) for word in given)), None)
        return of_value or f"Name the steps with --step: {_each('--step', given)}"
    if not left_over:
        return None
    if any(word.startswith(("properties[", "user[")) for word in words):
        return """Put the whole expression in single quotes: --where 'properties["plan"] == "pro"'"""
    if not all(word[:1].isalnum() for word in left_over):
        return None
    of_value = _of_value(left_over[0], words, options)
    if of_value is not None:
        return of_value
    if "--born" in options and len(given) == 2:
        return (
            f"Name the events with --born and --return: --born {quoted(given[0])} --return {quoted(given[1])}"
        )
    if named:
        return f'A name with spaces stands in quotes: "{" ".join([named[-1], *left_over])}"'
    if "--output" in options and len(left_over) == 1:
        return f"To keep the rows as a variable, write -o {left_over[0]}"
    return None


def _of_value(word: str, words: Sequence[str], options: set[str]) -> str | None:
    """A hint for a word after an option's value: a name with a space, or a unit."""
    place = words.index(word)
    before = words[max(place - 2, 0) : place]
    if len(before) < 2 or before[0] not in options or before[1].startswith("-"):
        return None
    if before[1].isdecimal():
        if f"{before[0]}-unit" in options:
            length = " ".join([*before, f"{before[0]}-unit", word.rstrip("s")])
            return f"The unit has an option of its own: {length}"
        return None
    if not before[1][0].isalpha():
        return None
    return f'A name with spaces stands in quotes: {before[0]} "{before[1]} {word}"'


def _each(option: str, values: Sequence[str]) -> str:
    return " ".join(f"{option} {quoted(value)}" for value in values)


def quoted(word: str) -> str:
    """A word, quoted if necessary."""
    return word if word.isalnum() else f'"{word}"'


def _one_dash(words: Sequence[str], options: set[str]) -> str | None:
    """A long option that was written with one dash."""
    return next((word for word in words if len(word) > 2 and f"-{word}" in options), None)


def _of_a_length(error: Any, options: set[str]) -> str | None:
    """A hint for a number with a unit that another option takes: ``--window 7d``."""
    param = getattr(error, "param", None)
    names = [] if param is None else [name for name in param.opts if f"{name}-unit" in options]
    return f"The unit has an option of its own: {names[0]} 7 {names[0]}-unit day" if names else None
