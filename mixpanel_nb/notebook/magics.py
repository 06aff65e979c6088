"""The magics, and their registration by ``%load_ext`` and ``%unload_ext``."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from IPython.core.magic import Magics, magics_class
from traitlets import Bool, Enum, Int, Unicode, observe

from mixpanel_nb.notebook import completion, inspection
from mixpanel_nb.notebook.names import COHORT, COMMANDS, CONNECT, EXPLORE, SQL, USUAL
from mixpanel_nb.notebook.notebook_session import NotebookSession

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class MpMagics(Magics):
    """The extension's settings, and its workspace in ``session``."""

    max_rows = Int(10, min=0, help="Rows that a SQL result shows.").tag(config=True)
    display = Enum(
        ("card", "widget"),
        "card",
        help="How results are shown: as a card, or as a widget with that card in reserve.",
    ).tag(config=True)
    table = Unicode(
        None, allow_none=True, help="The table that reports ask; events by default, or the only one."
    ).tag(config=True)
    verbose = Bool(False, help="Show the whole traceback of an error.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.session = NotebookSession()
        self.namespace: dict[str, Any] = shell.user_ns

    @observe("table")
    def _ask_table(self, change: Any) -> None:
        self.session.table = change["new"] or None

    @observe("display")
    def _show_as(self, change: Any) -> None:
        from mixpanel_nb.notebook import showing

        showing.use_widgets(self.shell, wanted=change["new"] == "widget")


class CommandMagic:
    """One command as a line magic; its documentation is the command's help."""

    # IPython must not replace `$name`: `$os` is a property, and SQL binds it.
    _ipython_magic_no_var_expand = True

    def __init__(self, magics: MpMagics, name: str, command: Callable[[], Any]) -> None:
        self.__name__ = name
        self._magics = magics
        self._command = command  # made on first use: Typer is slow to import

    def __call__(self, line: str) -> Any:
        """Run the command with the words of the line and return its result, or None after a semicolon.

        IPython's own support for a silencing semicolon parses the line as Python, which fails on unbalanced
        brackets.
        """
        from mixpanel_nb.notebook import failure
        from mixpanel_nb.notebook import line as lines

        with failure.in_one_line(verbose=self._magics.verbose or lines.is_verbose(line), line=line):
            result = self._run(lines.split(lines.fill_in(line, self._magics.namespace)))
        return None if line.rstrip().endswith(";") else result

    def _run(self, words: list[str]) -> Any:
        from mixpanel_nb.commands import parsing

        command, words, shown_as = self._find(words)
        if "--help" in words:
            print(_help(command, shown_as))  # noqa: T201 - this is the cell's output
            return None
        try:
            return parsing.invoke(command, words, self._magics.session, shown_as=shown_as)
        except parsing.CommandError as error:
            if not parsing.asks_for_help(error):
                raise
            print(_help(command, shown_as))  # noqa: T201 - this is the cell's output
            return None

    def _find(self, words: list[str]) -> tuple[Any, list[str], str]:
        """The command of the first words, the remaining words, and the typed form of the command."""
        command, shown_as = self._command(), f"%{self.__name__}"
        commands = getattr(command, "commands", {})
        if words and words[0] in commands:
            return commands[words[0]], words[1:], f"{shown_as} {words[0]}"
        if self.__name__ in USUAL:
            return commands[USUAL[self.__name__]], words, shown_as
        return command, words, shown_as

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # read by ``%magic?``, made on demand
        """The command's help."""
        command, _, shown_as = self._find([])
        return _help(command, shown_as)


class SqlMagic(CommandMagic):  # noqa: D101 - see below
    # A class has its own ``__doc__``, even if None, so the base's is repeated.
    __doc__ = CommandMagic.__dict__["__doc__"]

    def __call__(self, line: str, cell: str | None = None) -> Any:
        """Run the SQL of the cell, or of the line after the options."""
        from mixpanel_nb.notebook import failure, sqlcell
        from mixpanel_nb.notebook import line as lines

        magics = self._magics
        with failure.in_one_line(verbose=magics.verbose or lines.is_verbose(line)):
            options, sql = sqlcell.parse(line, cell, shown_as=f"%{self.__name__}")
            if options is None:
                return None
            if options.max_rows is None:
                options = replace(options, max_rows=magics.max_rows)
            return sqlcell.run(sql, options, magics.session, magics.namespace)


class CohortMagic(CommandMagic):  # noqa: D101 - as above
    __doc__ = CommandMagic.__dict__["__doc__"]

    def __call__(self, line: str, cell: str | None = None) -> Any:
        """Run a command of cohorts, or save the users that the SQL of the cell gives."""
        if cell is None:
            return super().__call__(line)
        from mixpanel_nb.notebook import binding, failure
        from mixpanel_nb.notebook import line as lines

        magics = self._magics
        with failure.in_one_line(verbose=magics.verbose or lines.is_verbose(line), line=line):
            sql = binding.written_out(cell, magics.session.workspace.storage, magics.namespace)
            return self._run(["save", *lines.split(line), "--sql", sql])


def _command_at(path: tuple[str, ...]) -> Any:
    from mixpanel_nb.commands import parsing
    from mixpanel_nb.notebook.wording import NOTEBOOK

    return parsing.find(path, NOTEBOOK)


def _connect_command() -> Any:
    from mixpanel_nb.notebook import connect

    return connect.command()


def _explore_command() -> Any:
    from mixpanel_nb.notebook import explore

    return explore.command()


def _sql_command() -> Any:
    from mixpanel_nb.notebook import sqlcell

    return sqlcell.command()


# Kept across ``%reload_ext`` in a shell: the connection, and the settings.
_kept: WeakKeyDictionary[InteractiveShell, tuple[NotebookSession, dict[str, Any]]] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Register the magics. A reload keeps connection and settings."""
    magics = MpMagics(shell)
    if shell in _kept:
        magics.session, settings = _kept.pop(shell)
        for name, value in settings.items():
            setattr(magics, name, value)
    shell.register_magics(magics)
    sql = SqlMagic(magics, SQL, _sql_command)
    cohort = CohortMagic(magics, COHORT, partial(_command_at, COMMANDS[COHORT]))
    functions = [
        sql,
        CommandMagic(magics, CONNECT, _connect_command),
        CommandMagic(magics, EXPLORE, _explore_command),
    ]
    commands = {name: partial(_command_at, path) for name, path in COMMANDS.items() if name != COHORT}
    functions += [cohort, *(CommandMagic(magics, name, command) for name, command in commands.items())]
    for function in functions:
        shell.magics_manager.register_function(function, "line", function.__name__)
    shell.magics_manager.register_function(sql, "cell", SQL)
    shell.magics_manager.register_function(cohort, "cell", COHORT)
    completion.register(shell, magics.session)
    inspection.register(shell)


def unload(shell: InteractiveShell) -> None:
    """Remove the magics, and close the connection unless the extension is being reloaded."""
    magics = shell.magics_manager.registry.pop(MpMagics.__name__, None)
    if magics is None:
        return
    completion.unregister(shell)
    inspection.unregister(shell)
    if _is_reloading():
        settings = {name: getattr(magics, name) for name in magics.trait_names(config=True)}
        _kept[shell] = magics.session, settings
    else:
        magics.session.close()
    magics.display = "card"
    if magics in shell.configurables:
        shell.configurables.remove(magics)
    for kind in ("line", "cell"):
        table = shell.magics_manager.magics[kind]
        for name in [*COMMANDS, CONNECT, EXPLORE, SQL]:
            table.pop(name, None)


def _is_reloading() -> bool:
    """Whether IPython unloads the extension as part of a reload, which it does not announce."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code.co_name != "reload_extension":
        frame = frame.f_back
    return frame is not None


def _help(command: Any, shown_as: str) -> str:
    from mixpanel_nb.commands import parsing

    return parsing.help_text(command, shown_as=shown_as)
