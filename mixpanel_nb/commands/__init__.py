"""Every command, once: a Typer function that calls a ``Workspace`` and returns a result.

The same functions are commands in a terminal (``mixpanel_nb.cli``) and magics in a notebook
(``mixpanel_nb.notebook``): their options, help and errors are the same in both. A command gets what it
works with from the ``Session`` in its context, prints nothing, and returns a result or None; where and
how that is shown is not its business.
"""
