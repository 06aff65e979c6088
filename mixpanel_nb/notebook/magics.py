"""The magics: registered by ``%load_ext mixpanel_nb``, gone after ``%unload_ext mixpanel_nb``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Bool, Int

from mixpanel_nb.notebook.session import NotebookSession

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb.results import SQLResult, WorkspaceInfo

# Magic name and the command it runs.
COMMANDS: dict[str, tuple[str, ...]] = {
    "mp_auth": ("auth",),
    "mp_fetch": ("fetch",),
    "mp_info": ("info",),
    "mp_tables": ("tables",),
    "mp_schema": ("schema",),
    "mp_sample": ("sample",),
    "mp_summarize": ("summarize",),
    "mp_promote": ("promote",),
    "mp_drop": ("drop",),
    "mp_events": ("events",),
    "mp_properties": ("properties",),
    "mp_values": ("values",),
}
FETCHES = ("events", "profiles")


@magics_class
class MpMagics(Magics):  # type: ignore[misc]  # IPython is typed in part
    """Mixpanel in this notebook."""

    max_rows = Int(10, min=0, help="Rows that a SQL result shows.").tag(config=True)
    verbose = Bool(False, help="Show the whole traceback of an error.").tag(config=True)

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self.session = NotebookSession()

    @line_magic
    def mp_connect(self, line: str) -> WorkspaceInfo | None:
        """Choose what the commands work on: sandbox, an account, or a database file.

        Examples: %mp_connect sandbox
                  %mp_connect shop --db shop.db
        """
        from mixpanel_nb.notebook import connect, failure, sqlcell

        with failure.in_one_line(verbose=self.verbose):
            workspace = connect.workspace(sqlcell.split(line))
            if workspace is None:
                return None
            self.session.connect(workspace)
            return workspace.info()

    @no_var_expand
    @line_cell_magic
    def mp_sql(self, line: str, cell: str | None = None) -> SQLResult | None:
        """Run SQL on the local tables. Notebook variables are bound as $name."""
        from mixpanel_nb.notebook import failure, sqlcell

        with failure.in_one_line(verbose=self.verbose):
            options, sql = sqlcell.parse(line, cell)
            if options is None:
                return None
            options["max_rows"] = self.max_rows if options["max_rows"] is None else options["max_rows"]
            result = sqlcell.run(sql, options, self.session.workspace, self.shell.user_ns)
            if options["output"]:
                self.shell.user_ns[options["output"]] = result.df
            return result

    def run_command(self, path: tuple[str, ...], line: str, shown_as: str) -> Any:
        """Run the command at ``path`` with the words of ``line``."""
        from mixpanel_nb.commands import parsing
        from mixpanel_nb.notebook import failure, sqlcell

        with failure.in_one_line(verbose=self.verbose):
            words = sqlcell.split(line)
            failure.refuse_secrets(words)
            if path == ("fetch",) and words[:1] != ["--help"] and not set(words[:1]) & set(FETCHES):
                words = ["events", *words]
            result = parsing.run(path, words, self.session, shown_as=shown_as)
            return None if isinstance(result, int) else result  # 0: help was shown


class CommandMagic:
    """One command as a line magic; its documentation is the command's help."""

    def __init__(self, magics: MpMagics, name: str, path: tuple[str, ...]) -> None:
        self.__name__ = name
        self._magics = magics
        self._path = path

    def __call__(self, line: str) -> Any:
        return self._magics.run_command(self._path, line, self.__name__)

    @property
    def __doc__(self) -> str:  # type: ignore[override]  # read by ``%magic?``, made only then
        """The command's help."""
        from mixpanel_nb.commands import parsing

        return parsing.help_text(self._path, shown_as=f"%{self.__name__}")


def load(shell: InteractiveShell) -> None:
    """Register the magics."""
    magics = MpMagics(shell)
    shell.register_magics(magics)
    for name, path in COMMANDS.items():
        shell.register_magic_function(CommandMagic(magics, name, path), "line", name)


def unload(shell: InteractiveShell) -> None:
    """Take every magic away, and close what was open."""
    magics = shell.magics_manager.registry.pop(MpMagics.__name__, None)
    if magics is None:
        return
    magics.session.close()
    if magics in shell.configurables:
        shell.configurables.remove(magics)
    for kind in ("line", "cell"):
        table = shell.magics_manager.magics[kind]
        for name in [*COMMANDS, "mp_connect", "mp_sql"]:
            table.pop(name, None)
