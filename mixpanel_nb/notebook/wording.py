"""What commands say, in the words of a notebook: there, ``mp tables`` is typed ``%mp_tables``."""

from __future__ import annotations

import re

_COMMAND = re.compile(
    r"(?<![%\w])mp (?="
    r"(?:auth|drop|events|fetch|info|promote|properties|sample|schema|summarize|tables|values)\b)"
)
_ACCOUNT = re.compile(r"--account (\w+)")


def for_notebook(text: str) -> str:
    """The text with commands as magics: ``mp auth list`` becomes ``%mp_auth list``."""
    return _ACCOUNT.sub(r"%mp_connect \1", _COMMAND.sub("%mp_", text))
