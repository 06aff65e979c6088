"""Completion in the lines of magics and in SQL cells.

``place`` locates the cursor in a cell, ``words`` and ``sqltext`` parse the text there, ``commandline`` and
``sql`` complete it, ``sources`` provides the names (``table_lookup`` queries the local tables within a time
budget), ``suggestions`` has the result types, and ``register`` registers the completer in IPython. Nothing is
loaded before the first key press in one of the magics; nothing here raises, prints, opens a workspace or
sends a request to Mixpanel.
"""

from mixpanel_nb.notebook.completion.register import register, unregister

__all__ = ["register", "unregister"]
