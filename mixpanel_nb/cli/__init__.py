"""The commands in a terminal: formats, exit codes, data on standard output, messages on standard error.

``main`` (in ``program``) runs one command, ``options`` adds the options of the terminal, ``output`` and
``formats`` write its result, ``terminal_session`` is the terminal's session. Nothing here implements a
command.
"""

from mixpanel_nb.cli.program import main

__all__ = ["main"]
