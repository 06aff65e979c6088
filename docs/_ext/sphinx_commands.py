"""``{mp-commands}``, ``{mp-magics}``, ``{mp-global-options}``, ``{mp-exit-codes}``: read off the program."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from sphinx.util.docutils import SphinxDirective

from mixpanel_nb.cli import program
from mixpanel_nb.cli.options import commands
from mixpanel_nb.commands.app import leaves
from mixpanel_nb.notebook.names import COMMANDS, USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docutils import nodes
    from sphinx.application import Sphinx


class Generated(SphinxDirective, ABC):
    """A directive whose content is Markdown that ``lines`` gives."""

    def run(self) -> list[nodes.Node]:
        """The content as nodes, headings included."""
        return self.parse_text_to_nodes("\n".join(self.lines()), allow_section_headings=True)

    @abstractmethod
    def lines(self) -> Iterable[str]:
        """The Markdown."""


class Commands(Generated):
    """Every command: what it does, an example, arguments, options, and its magic."""

    def lines(self) -> Iterator[str]:
        """A section for each command."""
        magics = {path: magic for magic, path in COMMANDS.items()}
        for path, command in leaves(commands()):
            name = " ".join(path)
            text, _, example = inspect.cleandoc(command.help).replace("\b", "").partition("Example: ")
            yield from ("", f"## mp {name}", "", text.strip(), "", "```sh", example.strip(), "```", "")
            magic = magics.get(path) or magics.get(path[:1])
            if magic is not None:
                said = " ".join([magic, *(word for word in path[1:] if word != USUAL.get(magic))])
                yield from (f"In a notebook: `%{said}`.", "")
            yield from _table(command)


class GlobalOptions(Generated):
    """The options that every command takes."""

    def lines(self) -> Iterator[str]:
        """One table."""
        return _table(commands())


class Magics(Generated):
    """What ``%load_ext mixpanel_nb`` brings."""

    def lines(self) -> Iterator[str]:
        """A table of the magics that are commands; a section with its help for each of the others."""
        shell: Any = InteractiveShell.instance()  # typed in part
        shell.run_line_magic("load_ext", "mixpanel_nb")
        magics: dict[str, Any] = shell.magics_manager.magics
        mine = [name for name in magics["line"] | magics["cell"] if name.startswith("mp_")]
        for name in mine:
            if name not in COMMANDS:
                mark = "%%" if name in magics["cell"] else "%"
                function = magics["line"].get(name) or magics["cell"][name]
                yield from ("", f"## {mark}{name}", "", "```text", str(function.__doc__).strip(), "```", "")
        yield from ("", "## Commands as magics", "", "| magic | command |", "|---|---|")
        for name in mine:
            if name in COMMANDS:
                command = " ".join(COMMANDS[name])
                yield f"| `%{name}` | `mp {command}` |"


class ExitCodes(Generated):
    """Which error ends the program with which code."""

    def lines(self) -> Iterator[str]:
        """One table, by code."""
        codes: dict[int, list[str]] = {}
        for kind, code in program.EXIT_CODES:
            codes.setdefault(code, []).append(f"`{kind.__name__}`")
        codes.setdefault(program.INVALID, []).insert(0, "a command, option or argument that cannot be right")
        codes[0] = ["all is well"]
        codes[program.INTERRUPTED] = ["Ctrl-C"]
        codes[program.TERMINATED] = ["SIGTERM"]
        yield from ("| code | when |", "|---|---|")
        for code, names in sorted(codes.items()):
            yield f"| {code} | {', '.join(names)} |"


def _table(command: Any) -> Iterator[str]:
    """Arguments and options as the help of the command has them."""
    context = command.make_context("mp", [], resilient_parsing=True)
    records = [param.get_help_record(context) for param in command.params]
    yield from ("| | |", "|---|---|")
    for name, text in filter(None, records):
        yield f"| `{escaped(name)}` | {escaped(text)} |"
    yield ""


def escaped(text: str) -> str:
    """Text for a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("mp-commands", Commands)
    app.add_directive("mp-global-options", GlobalOptions)
    app.add_directive("mp-magics", Magics)
    app.add_directive("mp-exit-codes", ExitCodes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
