"""The IPython extension: each command as a magic, and SQL cells.

``magics`` registers and runs them, ``session`` is the notebook as a place where commands are typed,
``connect`` and ``sqlcell`` are the two that exist only here, ``binding`` takes notebook variables into SQL,
``names`` says which magic runs which command,
``line`` reads what was typed, ``completion`` offers how it can go on, ``wording`` says what commands say in a
notebook's words, ``failure`` shows errors in one line. A magic's options and help are the command's own;
nothing here does a command's work.
"""

from mixpanel_nb.notebook.magics import load, unload

__all__ = ["load", "unload"]
