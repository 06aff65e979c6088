"""Location of the cursor in a cell: in the line of a magic, or in the SQL of a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mixpanel_nb.notebook.names import COMMANDS, CONNECT, EXPLORE, SQL

_CELL = re.compile(rf"\s*%%{SQL}(?!\w)(?P<options>[^\n]*)(?P<body>\n.*)?\Z", re.DOTALL)
_LINE = re.compile(r"\s*(?:[\w.,\[\]'\" ]+?\s*=\s*)?%(?P<name>mp_\w+)\s(?P<text>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Place:
    """The text around the cursor.

    Attributes:
        magic: Name of the magic.
        kind: ``line``: the words after a line magic; ``sql``: the text of a cell.
        before: That text up to the cursor.
        after: The text after the cursor, to the end of the line or cell.
    """

    magic: str
    kind: Literal["line", "sql"]
    before: str
    after: str


def place(cell: str, cursor: int) -> Place | None:
    """The place of the cursor (an index into the cell's text); None outside this package's magics."""
    before, after = cell[:cursor], cell[cursor:]
    found = _CELL.match(before)
    if found and found["body"] is not None:
        return Place(SQL, "sql", found["body"], after)
    line_after = after.split("\n", 1)[0]
    if found:
        return Place(SQL, "line", found["options"], line_after) if found["options"] else None
    return _in_line(before, line_after)


def _in_line(before: str, after: str) -> Place | None:
    joined = before.replace("\\\n", "  ")  # as long as the text it replaces
    found = _LINE.match(joined.rsplit("\n", 1)[-1])
    if found is None or found["name"] not in {*COMMANDS, CONNECT, EXPLORE, SQL}:
        return None
    return Place(found["name"], "line", found["text"], after)
