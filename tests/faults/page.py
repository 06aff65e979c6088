"""``docs/reliability.md``: what was tried and how it ended, as found and as mended."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from faults.record import FAULTS_SHOWN, Row, read

if TYPE_CHECKING:
    from collections.abc import Iterable

ORDER = ["network", "process", "disk", "concurrency", "input", "security", "scale"]
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def write(here: Path) -> None:
    """Write the page: the words of ``reliability.md``, and the records in ``found`` and ``mended``."""
    found, mended = _records(here / "found"), _records(here / "mended")
    words = (here / "reliability.md").read_text()
    PAGE.write_text(words.replace("{tables}", "\n".join(_tables(found, mended))))


def _records(folder: Path) -> dict[str, tuple[list[Row], str]]:
    records = {}
    for part in ORDER:
        file = folder / f"{part}.json"
        if file.exists():
            rows, about = read(file)
            records[part] = (rows, str(about.get("about", "")))
    return records


def _tables(
    found: dict[str, tuple[list[Row], str]], mended: dict[str, tuple[list[Row], str]]
) -> Iterable[str]:
    for part in ORDER:
        if part not in mended:
            continue
        rows, about = mended[part]
        before = {row.what: row for row in found.get(part, ([], ""))[0]}
        yield f"## {rows[0].heading}\n"
        yield f"{about}.\n"
        yield "| what was tried | as found: tried | faults | as mended: tried | faults | how it ended |"
        yield "|---|---|---|---|---|---|"
        for row in rows:
            old = before.pop(row.what, None)
            was = f"{old.tried:,} | {_bold(old.faults.total())}" if old else "not tried | "
            ended = "; ".join(
                f"{_cell(outcome)} ({count:,})" for outcome, count in row.outcomes.most_common()
            )
            yield f"| {_cell(row.what)} | {was} | {row.tried:,} | {_bold(row.faults.total())} | {ended} |"
        yield ""
        yield from _faults("Faults as found", found.get(part, ([], ""))[0])
        yield from _faults("Faults that are left", rows)


def _faults(title: str, rows: list[Row]) -> Iterable[str]:
    faulty = [row for row in rows if row.faults]
    if not faulty:
        return
    yield f"{title}:\n"
    for row in faulty:
        kinds = [f"{count:,} × {_cell(fault)}" for fault, count in row.faults.most_common(FAULTS_SHOWN)]
        yield f"- {_cell(row.what)}: {'; '.join(kinds)}"
    yield ""


def _bold(count: int) -> str:
    return f"**{count:,}**" if count else "0"


def _cell(text: str) -> str:
    """Text that stays within its cell of a Markdown table."""
    escaped = "".join("\\" + letter if letter in r"\`*_{}[]<>|#$~" else letter for letter in text)
    return " ".join(escaped.split())
