"""Completion in the lines of magics and in SQL cells.

``place`` finds out where in a cell the cursor is, ``words`` and ``sqltext`` read what was typed there,
``commandline`` and ``sql`` say how it can go on, ``sources`` knows the names (``table_lookup`` asks the local
``tables`` for them, at once or not at all), ``offer`` is what comes out, and ``register`` gives it to
IPython.
Nothing is loaded before the first key press in a magic of ours; nothing here raises, prints, opens a
workspace or asks Mixpanel.
"""

from mixpanel_nb.notebook.completion.register import register, unregister

__all__ = ["register", "unregister"]
