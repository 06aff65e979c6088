"""What commands say, in the words of a notebook: there, ``mp tables`` is typed ``%mp_tables``."""

from __future__ import annotations

import re

from mixpanel_nb.notebook.names import COMMANDS

_NAMES = {path[0]: name for name, path in COMMANDS.items()}
_COMMAND = re.compile(rf"(?<![%\w])mp ({'|'.join(sorted(_NAMES, key=len, reverse=True))})(?![\w-])")
_ACCOUNT = re.compile(r"--account (\w+)")


def for_notebook(text: str) -> str:
    """The text with commands as magics: ``mp auth list`` becomes ``%mp_auth list``."""
    return _ACCOUNT.sub(r"%mp_connect \1", _COMMAND.sub(lambda found: f"%{_NAMES[found[1]]}", text))
