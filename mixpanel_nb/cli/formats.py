"""Results as text: a table for terminals, JSON and CSV for programs."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.cli.options import Format
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.results import SQLResult, UsersResult, json_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mixpanel_nb.results import Result

TABLE_ROWS = 100


class Output(Protocol):
    """Where text is written."""

    def write(self, text: str, /) -> int:
        """Write it."""

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write them."""

    def isatty(self) -> bool:
        """Whether it is a terminal."""


class _Shown:
    """A terminal that shows control characters in another form.

    Args:
        stream: The terminal.
        form: What to write in place of a text.
    """

    def __init__(self, stream: Output, form: Callable[[str], str]) -> None:
        self._stream = stream
        self._form = form

    def write(self, text: str) -> int:
        """Write the text in its other form."""
        return self._stream.write(self._form(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write the lines, each in its other form."""
        for line in lines:
            self.write(line)

    def isatty(self) -> bool:
        """It is."""
        return True


def _in_json(text: str) -> str:
    """JSON with the same meaning, in which control characters are escaped."""
    from mixpanel_nb.display.text import escaped

    return escaped(text)


def _in_csv(text: str) -> str:
    from mixpanel_nb.display.text import block

    return block(text, len(text))


def write(result: Result, how: Format, stream: Output) -> None:
    """Write ``result``; rows are streamed.

    On a terminal, control characters are escaped; elsewhere the text is unchanged.
    """
    if stream.isatty() and how is not Format.TABLE:
        stream = _Shown(stream, _in_csv if how is Format.CSV else _in_json)
    match how:
        case Format.TABLE:
            stream.write(_table(result, color=_takes_color(stream)) + "\n")
        case Format.JSON | Format.JSONL if result.has_facts:
            indent = 2 if how is Format.JSON else None
            stream.write(_dumps(result.to_dict(), indent) + "\n")
        case Format.JSON:
            _write_json(_records(result), stream)
        case Format.JSONL:
            stream.writelines(_dumps(record) + "\n" for record in _records(result))
        case Format.CSV:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(result.column_names)
            writer.writerows(_plain(row) for row in _rows(result))
        case Format.IDS:
            stream.writelines(f"{user}\n" for user in _ids(result))


def _table(result: Result, *, color: bool) -> str:
    from mixpanel_nb.display import render_text
    from mixpanel_nb.views import view_of

    rows = max(TABLE_ROWS, view_of(result).shown_rows)
    card = result.card(max_rows=rows)
    if card.table is not None:
        card = replace(card, table=replace(card.table, more="--format csv writes them all"))
    width = shutil.get_terminal_size().columns
    return render_text(card, width=width, max_rows=rows, color=color)


def _ids(result: Result) -> Sequence[str]:
    if not isinstance(result, UsersResult):
        message = "These rows are not users, so they have no ids."
        raise ParameterError(message, parameter="format", value="ids", hint="Try --format csv, or mp users …")
    return result.ids


def _takes_color(stream: Output) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _rows(result: Result) -> Iterable[tuple[Any, ...]]:
    return result if isinstance(result, SQLResult) else result.tuples()


def _records(result: Result) -> Iterator[dict[str, Any]]:
    names = result.column_names
    for row in _rows(result):
        yield dict(zip(names, map(json_safe, row), strict=True))


def _write_json(records: Iterable[dict[str, Any]], stream: Output) -> None:
    separator = "["
    for record in records:
        stream.write(f"{separator}\n  {_dumps(record)}")
        separator = ","
    stream.write("[]\n" if separator == "[" else "\n]\n")


def _dumps(record: dict[str, Any], indent: int | None = None) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent)


def _plain(row: tuple[Any, ...]) -> list[Any]:
    """A row for CSV: dates in ISO form, lists and objects as JSON, nothing for NULL."""
    return [value if value is None or isinstance(value, str) else _cell(json_safe(value)) for value in row]


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict, bool)) else value
