"""Exports that are not what they should be: refused by name, and the table stays as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import IncompleteExportError, StorageError
from mixpanel_nb.surrogates import encoded, replace_lone_surrogates

from .support import TIME, chunk, event, metadata, profile

if TYPE_CHECKING:
    from pathlib import Path

    from .support import Exports


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


WHOLE = '{"event":"e","properties":{"time":1735732800}}\n'

BROKEN: dict[str, list[str | bytes]] = {
    "cut in the middle": [WHOLE, '{"event":"e","prop\n', WHOLE],
    "cut at the end": [WHOLE, '{"event":"e","prop'],
    "two lines in one": [WHOLE[:-1] + WHOLE],
    "one line in two": ['{"event":"e",\n"properties":{"time":1}}\n'],
    "terminated early": [WHOLE, "terminated early\n"],
    "terminated early without a newline": [WHOLE, "export terminated early"],
    "a page of HTML": ["<html>\n<body>502 Bad Gateway</body>\n</html>\n"],
    "an array": [f"[{WHOLE[:-1]}]\n"],
    "an array among events": [WHOLE, "[]\n"],
    "a number": ["5\n"],
    "a text": ['"event"\n'],
    "null": [WHOLE, "null\n"],
    "an empty object": ["{}\n", WHOLE],
    "an error object": ['{"error":"Timeout Error."}\n'],
    "no name": ['{"properties":{"time":1}}\n'],
    "no properties": ['{"event":"e"}\n'],
    "properties that are a list": ['{"event":"e","properties":[1]}\n'],
    "no time": ['{"event":"e","properties":{}}\n'],
    "keys twice": ['{"event":"e","event":"f","properties":{"time":1}}\n'],
    "bytes that are no UTF-8": [WHOLE, b'{"event":"\xff\xfe","properties":{"time":1}}\n'],
    "a control character": [b'{"event":"a\x01b","properties":{"time":1}}\n'],
    "a NUL byte": [WHOLE, b"\0\n"],
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_a_broken_export_is_refused_and_changes_nothing(exports: Exports, lines: list[str | bytes]) -> None:
    with pytest.raises(IncompleteExportError, match="line") as raised:
        exports.load(*lines, chunks=[chunk()])
    assert str(exports.folder) not in str(raised.value)
    assert exports.engine.list_tables() == []
    assert exports.engine.chunks("events") == []


def test_a_table_that_is_there_stays_as_it_was(exports: Exports) -> None:
    exports.load(event({"plan": "pro", "n": 1}), chunks=[chunk()])
    before = exports.everything()
    late = [event({"plan": 5, "n": 0.5, "more": True}) for _ in range(5000)]
    for lines in BROKEN.values():
        with pytest.raises(IncompleteExportError):
            exports.load(*late[:10], *lines, chunks=[chunk()])
    with pytest.raises(IncompleteExportError):
        exports.load(*late, "terminated early\n", chunks=[chunk()])
    assert exports.everything() == before


def test_one_broken_file_of_several_stops_the_batch(exports: Exports) -> None:
    files = [exports.file([event()]), exports.file([event(), "terminated early\n"]), exports.file([event()])]
    with pytest.raises(IncompleteExportError):
        exports.load(files=files)
    assert not exports.engine.table_exists("events")


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["\n"],
        ["\n\n", WHOLE, "\n"],
        [WHOLE[:-1]],
        [WHOLE.replace("\n", "\r\n")],
        [" " + WHOLE[:-1] + " \n"],
    ],
    ids=["empty", "a blank line", "blank lines", "no last newline", "carriage returns", "spaces"],
)
def test_what_is_unusual_but_whole_is_taken(exports: Exports, lines: list[str]) -> None:
    loaded = exports.load(*lines)
    assert loaded.rows == sum(line.count("event") for line in lines)
    assert exports.engine.get_metadata("events").row_count == loaded.rows


def test_separators_inside_a_text_do_not_end_the_line(exports: Exports) -> None:
    text = "a\u2028b\u2029c\u0085d\x0be"
    line = f'{{"event":"e","properties":{{"time":1,"p":"{text[:-2]}\\u000be"}}}}\n'
    assert exports.load(line).rows == 1
    assert exports.column("p") == [text]


def test_an_empty_batch_after_a_full_one_changes_nothing_but_the_ledger(exports: Exports) -> None:
    exports.load(event())
    loaded = exports.load(chunks=[chunk()])
    assert (loaded.rows, loaded.duplicates) == (0, 0)
    assert exports.engine.get_metadata("events").row_count == 1
    assert len(exports.engine.chunks("events")) == 1


def test_a_line_that_is_too_long_for_the_database_is_no_incomplete_export(exports: Exports) -> None:
    """Asking Mixpanel again would not help: the message says what is wrong."""
    with pytest.raises(StorageError, match="longer than 16 MB"):
        exports.load(b'{"event":"' + b"x" * 34_000_000 + b'","properties":{"time":1}}')


@pytest.mark.parametrize(
    "line",
    [
        "null\n",
        "{}\n",
        "not json\n",
        '{"$distinct_id":"a","$properties":[1]}\n',
        '{"$distinct_id":"a","$properties":"x"}\n',
    ],
)
def test_what_is_no_profile_is_refused(exports: Exports, line: str) -> None:
    with pytest.raises(IncompleteExportError, match="line"):
        exports.load(profile("ann"), line, table_type="profiles")
    assert exports.engine.list_tables() == []


# Half characters


def mended(tmp_path: Path, *lines: bytes) -> tuple[bool, bytes]:
    file = tmp_path / "chunk.jsonl"
    file.write_bytes(b"".join(lines))
    changed = replace_lone_surrogates(file)
    assert list(tmp_path.iterdir()) == [file]
    return changed, file.read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb'"\ud83d"', rb'"\ufffd"'),
        (rb'"\uDE00"', rb'"\ufffd"'),
        (rb'"\ud83dx"', rb'"\ufffdx"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\ud83d\u0041"', rb'"\ufffd\u0041"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\ud83d\n"', rb'"\ufffd\n"'),
    ],
)
def test_half_characters_are_replaced(tmp_path: Path, before: bytes, after: bytes) -> None:
    assert mended(tmp_path, before, b"\n", before) == (True, after + b"\n" + after)


@pytest.mark.parametrize(
    "text",
    [
        rb'"\ud83d\ude00"',
        rb'"\\ud83d"',
        rb'"\\\\ud83d"',
        rb'"\u0041\u00e9\uffff"',
        "\U0001f600".encode(),
        b"",
    ],
)
def test_whole_characters_are_left_alone(tmp_path: Path, text: bytes) -> None:
    assert mended(tmp_path, text) == (False, text)


def test_a_mended_export_loads(exports: Exports) -> None:
    file = exports.file([f'{{"event":"cut\\ud83d","properties":{{"time":{TIME},"p":"\\ude00 end"}}}}\n'])
    with pytest.raises(IncompleteExportError, match="surrogate"):
        exports.load(files=[file])
    assert replace_lone_surrogates(file)
    exports.load(files=[file])
    assert exports.engine.execute_rows("SELECT event_name, p FROM events") == [("cut\ufffd", "\ufffd end")]


def test_text_from_python_is_mended_as_it_is_written() -> None:
    assert encoded("a\ud83db\U0001f600").decode() == "a\ufffdb\U0001f600"
    assert encoded("plain é").decode() == "plain é"


def test_a_table_can_be_made_of_python_objects_with_half_characters(exports: Exports) -> None:
    rows: list[dict[str, Any]] = [event({"p": "cut\ud83d", "n": float("nan")}), event({"p": "whole"})]
    assert exports.engine.create_events_table("events", rows, metadata()) == 2
    assert sorted(exports.column("p")) == ["cut\ufffd", "whole"]
