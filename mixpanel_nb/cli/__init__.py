"""The commands in a terminal: formats, exit codes, data on standard output, all else on standard error.

``main`` (in ``program``) runs one command, ``formats`` writes its result, ``session`` is the terminal as
a place where commands are typed. Nothing here decides what a command does.
"""

from mixpanel_nb.cli.program import main

__all__ = ["main"]
