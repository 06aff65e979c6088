"""``users``: the users behind a number of a report, a command for each report."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixpanel_nb.commands.listing import COMMANDS
from mixpanel_nb.commands.reports import answered, declared, option_for, parameters_for, read, typed_as
from mixpanel_nb.errors import MixpanelDataError, ParameterError, Word
from mixpanel_nb.queries import QUERIES, parameters_of, request_parameters
from mixpanel_nb.queries.base import types_of
from mixpanel_nb.queries.cells import CELLS
from mixpanel_nb.queries.checks import check_one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.results import UsersResult

app = typer.Typer()

_OF_CELL = "cell_"
_KIND = inspect.Parameter.KEYWORD_ONLY
_SIDES = {
    "gained": "With --compare: users of these days alone; with --diff: of the first group alone.",
    "lost": "With --compare: users of the days before alone; with --diff: of the second group alone.",
}

_EXAMPLES = {
    "insights": '"users of Purchase" --at 2025-01-06 --unit week --table events',
    "active": "--metric WAU --at 2025-03-01 --table events",
    "segmentation": "Purchase --on plan --segment pro --table events",
    "segmentation_numeric": 'Purchase --on amount --range "0 - 100" --table events',
    "event_counts": 'Purchase "Sign Up" --event Purchase --table events',
    "property_counts": "Purchase plan --segment pro --table events",
    "top_events": "--event Purchase --table events",
    "funnel": '--step "View Product" --step Purchase --dropped 2 --table events',
    "retention": '--born "Sign Up" --unit week --cohort 2025-01-06 --period 1 --away --table events',
    "flow": '--start "View Product" --at-step 1 --event "Add to Cart" --table events',
    "why": "Purchase 2025-03-11 --of-property utm_campaign --of-value spring_sale --table events",
    "anomalies": "--date 2025-02-19 --at 2025-02-18 --of-property '$os' --of-value iOS --table events",
    "signal": 'Purchase --start "Sign Up" --did "Add to Cart" --missed --table events',
    "experiment": (
        "'unique(Purchase)' --exposure 'View Product' --variant price_variant --of-variant B --table events"
    ),
    "frequency": "--unit week --addiction-unit day --at-least 3 --table events",
}


def refuse(report: str) -> None:
    """Tell why there is no command for a report, and for which there is one.

    Raises:
        ParameterError: it is a command, whose answer has no users.
    """
    if report not in COMMANDS:
        return
    known = ", ".join(name.replace("_", "-") for name in CELLS)
    message = f"There are no users behind {report!r}: it is no report on a table that counts them."
    raise ParameterError(message, parameter="report", value=report, hint=f"Reports with users: {known}.")


def _command_of(query: type[Query[Any]], cell: type[Cell]) -> Callable[..., Any]:
    known = parameters_of(cell)

    def run(context: typer.Context, **typed: Any) -> UsersResult:
        chosen = {
            name: read(known[name], typed.pop(f"{_OF_CELL}{name}"))
            for name in known
            if typed[f"{_OF_CELL}{name}"] not in (None, [])
        }
        of_report = {name: value for name, value in typed.items() if not name.startswith(_OF_CELL)}
        with _in_words_of(query, cell, chosen):
            asked = cell(**chosen)
        which = _which(of_report)
        answer = answered(context, query, of_report)
        with _in_words_of(query, cell, chosen):
            users: UsersResult = answer.users(*which, **asked.arguments())
        return users

    command = query.name.replace("_", "-")
    example = _EXAMPLES.get(query.name, query.example)
    about = f"List users behind {{mp {command}}}.\n\n{inspect.getdoc(query)}"
    doc = f"{about}\n\nExample: mp users {command} {example}"
    sides = _SIDES if "compare" in request_parameters(query) else {}
    flags = [
        inspect.Parameter(
            name, _KIND, annotation=Annotated[bool, typer.Option(f"--{name}", help=text)], default=False
        )
        for name, text in sides.items()
    ]
    of_report = [each for each in parameters_for(query) if each.name != "annotations"]
    return declared(run, query.name, doc, [*of_report, *_parameters(cell), *flags])


def _which(typed: dict[str, Any]) -> list[str]:
    """Which users of a comparison were asked for; takes the flags of it from what was typed.

    Raises:
        ParameterError: nothing is compared, or both are asked for.
    """
    which = [name for name in _SIDES if typed.pop(name, False)]
    if which and not typed.get("compare") and not typed.get("diff"):
        message = [Word(which[0]), " is of a comparison."]
        raise ParameterError(
            message, parameter=which[0], hint=["Compare: ", Word("compare", "previous"), "."]
        )
    check_one_of(dict.fromkeys(which, True))
    return which


@contextmanager
def _in_words_of(query: type[Query[Any]], cell: type[Cell], chosen: Mapping[str, Any]) -> Iterator[None]:
    """Name the options of a cell in errors about it."""
    try:
        yield
    except MixpanelDataError as error:
        known = {**request_parameters(query), **parameters_of(cell)}
        words = {name: parameter.option_of(name) for name, parameter in known.items()}
        if "reached" in words:
            words["step"] = words["dropped" if "dropped" in chosen else "reached"]
        error.word(words, {})
        raise


def _parameters(cell: type[Cell]) -> Iterator[inspect.Parameter]:
    for name, parameter in parameters_of(cell).items():
        kind: Any = typed_as(parameter, types_of(cell)[name])
        default = False if kind is bool else None
        kind = kind if kind is bool else kind | None
        annotation = Annotated[kind, option_for(name, parameter)]
        yield inspect.Parameter(f"{_OF_CELL}{name}", _KIND, annotation=annotation, default=default)


for _name, _cell in CELLS.items():
    app.command()(_command_of(QUERIES[_name], _cell))
