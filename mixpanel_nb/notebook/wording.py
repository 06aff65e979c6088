"""What commands say, in the words of a notebook: there, ``mp tables`` is typed ``%mp_tables``."""

from __future__ import annotations

import re

from mixpanel_nb.notebook.names import COMMANDS

QUOTED = r"""(?<!\w)(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")(?!\w)"""
_NAMES = {path[0]: name for name, path in COMMANDS.items()}
# What is quoted is a user's or Mixpanel's, and stays.
_LONGEST_FIRST = "|".join(sorted(_NAMES, key=len, reverse=True))
_COMMAND = re.compile(rf"(?P<quoted>{QUOTED})|(?<![%\w])mp (?P<command>{_LONGEST_FIRST})(?![\w-])")
_ACCOUNT = re.compile(rf"(?P<quoted>{QUOTED})|--account (?P<account>\w+)")


def for_notebook(text: str) -> str:
    """The text with commands as magics: ``mp auth list`` becomes ``%mp_auth list``."""

    def command(found: re.Match[str]) -> str:
        return found["quoted"] or f"%{_NAMES[found['command']]}"

    def account(found: re.Match[str]) -> str:
        return found["quoted"] or f"%mp_connect {found['account']}"

    return _ACCOUNT.sub(account, _COMMAND.sub(command, text))
