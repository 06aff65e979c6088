"""The words of a notebook: there, ``mp tables`` is typed ``%mp_tables``, and an account is connected to."""

from __future__ import annotations

from mixpanel_nb.commands.wording import Face
from mixpanel_nb.notebook.names import COMMANDS, CONNECT

NOTEBOOK = Face({"account": f"%{CONNECT}"}, {path[0]: f"%{name}" for name, path in COMMANDS.items()})
