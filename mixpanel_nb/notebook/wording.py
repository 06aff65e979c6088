"""A notebook's wording: ``mp tables`` becomes ``%mp_tables``, and accounts are connected."""

from __future__ import annotations

from mixpanel_nb.commands.wording import Face
from mixpanel_nb.notebook.names import COMMANDS, CONNECT

NOTEBOOK = Face(
    {"account": f"%{CONNECT}"}, {path[0]: f"%{name}" for name, path in COMMANDS.items() if len(path) == 1}
)
