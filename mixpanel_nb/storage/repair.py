"""Mending the lines of an export that hold half a character, which DuckDB refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.surrogates import mended

if TYPE_CHECKING:
    from pathlib import Path


def replace_lone_surrogates(file: Path) -> bool:
    """Mend ``file`` in place. Returns whether anything was to be mended."""
    changed = False
    part = file.with_suffix(".mended")
    with file.open("rb") as source, part.open("wb") as target:
        for line in source:
            new = mended(line)
            changed = changed or new != line
            target.write(new)
    part.replace(file)
    return changed
