"""The IPython extension: each command as a magic, and SQL cells.

``magics`` registers and runs them, ``notebook_session`` is the notebook's session, ``connect``, ``explore``
    and ``sqlcell`` exist only here, ``binding`` binds notebook variables in SQL, ``saved_queries`` puts the
    SQL of earlier cells into it, ``names`` maps magics to commands, ``line`` parses a magic's line,
    ``completion`` completes it, ``inspection`` shows its help, ``wording`` has the notebook's wording,
    ``failure`` shows errors in one line. A magic's options and help are the command's own; nothing here
    implements a command.
"""

from mixpanel_nb.notebook.magics import load, unload

__all__ = ["load", "unload"]
