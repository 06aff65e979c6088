"""Commands of the reports, derived from their queries; only those with special parsing are written out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from mixpanel_nb.commands.names import completion_of
from mixpanel_nb.commands.options import lines_of_input
from mixpanel_nb.commands.session import session_of
from mixpanel_nb.queries.base import request_defaults, request_parameters, required, types_of
from mixpanel_nb.queries.checks import Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mixpanel_nb.queries import Parameter, Query
    from mixpanel_nb.results.report import ReportResult


def command_of(query: type[Query[Any]]) -> Callable[..., ReportResult]:
    """The command of a query: its arguments, options, defaults and help come from the query's fields."""

    def run(context: typer.Context, **typed: Any) -> ReportResult:
        return answered(context, query, typed)

    example = f"Example: mp {query.name.replace('_', '-')} {query.example}"
    return declared(run, query.name, f"{inspect.getdoc(query)}\n\n{example}", parameters_for(query))


def answered(context: typer.Context, query: type[Query[Any]], typed: Mapping[str, Any]) -> ReportResult:
    """The answer to a report whose parameters were typed."""
    given = given_of(query, request_parameters(query), typed)
    answer: ReportResult = getattr(session_of(context).workspace, query.name)(**given)
    return answer


def given_of(
    query: type[Query[Any]], known: Mapping[str, Parameter], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """The values of a report's parameters that were typed."""
    for name, value in typed.items():
        if name in known and known[name].pair is not None and value and value[1].startswith("--"):
            known[name].check(value[:1], name)  # which says that it takes two
    given = {
        name: read(known[name], value) if name in known else value
        for name, value in typed.items()
        if value not in (None, [], ())
    }
    any_wanted = given.pop(_ANY, False)
    choices = {name: parameter for name, parameter in known.items() if parameter.any_option}
    missing = [name for name in choices if name not in given]
    if any_wanted and not missing:
        raise typer.BadParameter(f"{_listed(choices)} do not go together.")
    for name in [] if any_wanted else sorted({*missing} & required(query)):
        parameter = choices[name]
        raise typer.BadParameter(f"{parameter.metavar} is missing: name one, or {parameter.any_option}.")
    return given | (dict.fromkeys(missing) if any_wanted else {})


def _listed(choices: Mapping[str, Parameter]) -> str:
    """The options and arguments of names, and at last the option for any."""
    said = [each.metavar if each.positional else each.option_of(name) for name, each in choices.items()]
    option = next(iter(choices.values())).any_option
    return f"{', '.join(said)} and {option}"


def declared(
    run: Callable[..., Any], name: str, doc: str, parameters: Iterable[inspect.Parameter]
) -> Callable[..., Any]:
    """A function as a command of this name, help and parameters."""
    run.__name__, run.__doc__ = name, doc
    listed = [inspect.Parameter("context", _KIND, annotation=typer.Context), *parameters]
    run.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]  # what inspect reads
    run.__annotations__ = {each.name: each.annotation for each in listed} | {"return": object}
    return run


_ANY = "any_event"
_KIND = inspect.Parameter.KEYWORD_ONLY


def parameters_for(
    query: type[Query[Any]], known: Mapping[str, Parameter] | None = None
) -> Iterator[inspect.Parameter]:
    """The parameters of a report's command: all of them, or those that are known to it."""
    defaults = request_defaults(query)
    known = request_parameters(query) if known is None else known
    last_of_any = next((name for name in reversed([*known]) if known[name].any_option), None)
    for name, parameter in known.items():
        kind: Any = typed_as(parameter, types_of(query).get(name))
        default = (defaults[name] or None) if name in defaults else inspect.Parameter.empty
        if parameter.any_option is not None:
            default = None
        if default is None and kind is not bool:
            kind |= None
        annotation = Annotated[kind, option_for(name, parameter)]
        if kind is bool:
            default = False
        elif kind is str and isinstance(default, int):
            default = str(default)
        yield inspect.Parameter(name, _KIND, annotation=annotation, default=default)
        if name == last_of_any:
            option = typer.Option(parameter.any_option, help="Any event.")
            yield inspect.Parameter(_ANY, _KIND, annotation=Annotated[bool, option], default=False)


def typed_as(parameter: Parameter, annotation: Any) -> Any:
    """The type of a parameter on the command line: a switch, a number, one word or several."""
    if isinstance(parameter.check, Flag):
        return bool
    if parameter.joined is not None:
        return str
    if parameter.pair is not None:
        return tuple[str, str]
    hints = () if annotation is None else (annotation.__origin__, *get_args(annotation.__origin__))
    if {tuple, Sequence} & {getattr(hint, "__origin__", hint) for hint in hints}:
        return list[str]
    return int if parameter.read is int and not parameter.positional else str


def option_for(name: str, parameter: Parameter) -> Any:
    """The declaration of a parameter, as an argument or an option."""
    if parameter.positional:
        return typer.Argument(
            metavar=parameter.metavar, help=parameter.help, autocompletion=completion_of(parameter)
        )
    return typer.Option(
        parameter.option_of(name),
        metavar=parameter.metavar or None,
        help=parameter.help,
        autocompletion=completion_of(parameter),
    )


def read(parameter: Parameter, value: Any) -> Any:
    """What was typed as a value of the library."""
    if parameter.negative:
        return not value
    if isinstance(value, list):
        words = lines_of_input(value) if parameter.from_input else value
        return [parameter.read(word) for word in words]
    if parameter.read is not int or not isinstance(value, str):
        return parameter.read(value) if isinstance(value, str) else value
    if not value.isdecimal():
        raise typer.BadParameter(f"{value[:40]!r} is no ID: it is a whole number.")
    return int(value)
