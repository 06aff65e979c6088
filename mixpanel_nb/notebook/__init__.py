"""The IPython extension: each command as a magic, and SQL cells.

``magics`` registers and runs them, ``session`` is the notebook as a place where commands are typed,
``sqlcell`` binds notebook variables into SQL, ``failure`` shows errors in one line. A magic's options
and help are the command's own; nothing here does a command's work.
"""

from mixpanel_nb.notebook.magics import load, unload

__all__ = ["load", "unload"]
