"""The commands, each a Typer function that calls a ``Workspace`` and returns a result.

The same functions are commands in a terminal (``mixpanel_nb.cli``) and magics in a notebook
(``mixpanel_nb.notebook``): their options, help and errors are the same in both. A command uses the
``Session`` in its context, prints nothing, and returns a result or None; the interface shows the result.
"""
