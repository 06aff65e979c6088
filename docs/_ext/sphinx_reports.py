"""``{mp-reports}``: every report as its query declares it."""

from __future__ import annotations

import inspect
import re
import shlex
from typing import TYPE_CHECKING, Any, get_args

from sphinx_commands import Generated, escaped

from mixpanel_nb import Workspace, results
from mixpanel_nb.cli.terminal_session import TerminalSession
from mixpanel_nb.commands import parsing
from mixpanel_nb.errors import help_text
from mixpanel_nb.queries import JQL, QUERIES, Query
from mixpanel_nb.queries.base import request_defaults, request_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

    from mixpanel_nb.queries import Parameter

AnyQuery = type[Query[Any]]


class Reports(Generated):
    """A section for each report: what it answers, its parameters, its columns, an example."""

    def lines(self) -> Iterator[str]:
        """The sections, in the order of the commands."""
        for query in QUERIES.values():
            yield from ("", f"## {query.title}", "", inspect.getdoc(query) or "", "")
            yield from ("```python", *_signature(query), "```", "")
            yield from _parameters(query)
            yield from ("", _columns(query), "", *_example(query))


def _signature(query: AnyQuery) -> Iterator[str]:
    """The method of ``Workspace``, a parameter a line."""
    signature = inspect.signature(getattr(Workspace, query.name))
    yield f"Workspace.{query.name}("
    star = False
    for name, parameter in list(signature.parameters.items())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and not star:
            star = True
            yield "    *,"
        default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
        yield f"    {name}: {parameter.annotation}{default},"
    yield f") -> {signature.return_annotation}"


def _parameters(query: AnyQuery) -> Iterator[str]:
    defaults = request_defaults(query)
    yield from ("| parameter | command line | values | default | |", "|---|---|---|---|---|")
    for name, parameter in request_parameters(query).items():
        default = f"`{defaults[name]!r}`" if name in defaults else "required"
        cells = (f"`{name}`", f"`{_typed(name, parameter)}`", values(parameter.check.schema()), default)
        yield f"| {' | '.join(cells)} | {escaped(help_text(parameter.help))} |"


def _typed(name: str, parameter: Parameter) -> str:
    return parameter.metavar if parameter.positional else parameter.option_of(name)


def values(schema: dict[str, Any]) -> str:
    """The values that a JSON Schema allows, in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(values(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    match schema["type"]:
        case "integer" if schema["maximum"] < 2**31:
            return f"whole number, {schema['minimum']:,} to {schema['maximum']:,}"
        case "array":
            return "pair" if "prefixItems" in schema else f"list of {values(schema['items'])}"
        case "string" if schema.get("format") == "date":
            return "day"
        case kind:
            return _NAMES[kind]


_NAMES = {
    "integer": "whole number",
    "string": "text",
    "boolean": "`True`, `False`",
    "object": "object",
    "null": "`None`",
}


def _columns(query: AnyQuery) -> str:
    """The columns of the DataFrame, as the result's class describes them."""
    (answer,) = get_args(query.__orig_bases__[0])  # type: ignore[attr-defined]  # of every generic class
    kind = getattr(results, answer.__forward_arg__)
    told = " ".join((inspect.getdoc(kind.column_names) or "").split())
    told = re.sub(r"``(\w+_column)``", lambda found: f"``{getattr(kind, found[1])}``", told)
    return f"Columns of {{py:class}}`{kind.__name__} <mixpanel_nb.results.{kind.__name__}>`'s `.df`: {told}"


def _example(query: AnyQuery) -> Iterator[str]:
    """The query's example in a terminal, in a notebook and in Python."""
    yield from ("```sh", f"mp {query.name.replace('_', '-')} {query.example}", "```")
    asked = _asked(query)
    if asked is not None:
        yield from ("", "```ipython", asked.magic() or "", "```", "", "```python", asked.python(), "```")


def _asked(query: AnyQuery) -> Query[Any] | None:
    """What the example asks, read as a terminal reads it; None for a script, which is in a file."""
    if query is JQL:
        return None
    words = [query.name.replace("_", "-"), *shlex.split(query.example)]
    asker = _Asker()
    parsing.invoke(parsing.root(), words, asker, shown_as="mp")
    return asker.asked


class _Asker(TerminalSession):
    """A terminal whose workspace keeps what it is asked."""

    asked: Query[Any] | None = None

    @property
    def workspace(self) -> Any:
        """A stand-in, which every report is a method of."""
        return self

    def __getattr__(self, report: str) -> Any:
        if report not in QUERIES:
            raise AttributeError(report)

        def ask(*, live: bool = False, **given: Any) -> None:
            del live  # which no example asks
            self.asked = QUERIES[report].of(given)

        return ask


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("mp-reports", Reports)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
