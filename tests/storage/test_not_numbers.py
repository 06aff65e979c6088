"""NaN and Infinity are found in the bytes of a file wherever they are, and texts are not taken for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mixpanel_nb.storage import not_numbers

from .support import TIME, Exports

if TYPE_CHECKING:
    from pathlib import Path

SPELLINGS = ("NaN", "nan", "-nAn", "Infinity", "-Infinity", "inf", "-INF", "iNfInItY")
TEXTS = st.sampled_from(["finance", "info", "-inf", "nan", 'say "nan"', "Zürich", "x" * 7, "", "Nanaimo"])


@pytest.fixture(autouse=True)
def _any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_numbers, "WORTH_A_LOOK", 0)


def written(texts: list[str], spelling: str | None, place: int, form: str) -> bytes:
    """One line with these texts, and the word at one place in a list or an object."""
    values = [json.dumps(text) for text in texts]
    if spelling is not None:
        values.insert(place % (len(values) + 1), spelling)
    comma = form[1:].replace("_", " ")
    if form.startswith("["):
        return f"[{comma.join(values)}]".encode()
    pairs = (f'"k":{value}' for value in values)
    return f"{{{comma.join(pairs)}}}".encode()


@given(
    texts=st.lists(TEXTS, max_size=6),
    spelling=st.sampled_from(SPELLINGS),
    place=st.integers(0, 6),
    form=st.sampled_from(["[,", "[,_", "[_,", "{,", "{_,_"]),
    block=st.integers(5, 40),
    newline=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_every_spelling_is_found_at_every_place(
    tmp_path: Path, texts: list[str], spelling: str, place: int, form: str, block: int, newline: bool
) -> None:
    file = tmp_path / "lines.jsonl"
    end = b"\n" if newline else b""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(not_numbers, "_BLOCK", block)
        file.write_bytes(written(texts, spelling, place, form) + end)
        assert not_numbers.may_be_in([file])
        file.write_bytes(written(texts, None, place, form) + end)
        assert not not_numbers.may_be_in([file])


def test_the_last_word_of_a_file_without_a_newline_is_found(tmp_path: Path) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_bytes(b"nan")
    assert not_numbers.may_be_in([file])
    file.write_bytes(b"")
    assert not not_numbers.may_be_in([file])


@pytest.mark.parametrize("name", ["lines.jsonl.gz", "lines.jsonl.zst"])
def test_compressed_files_are_not_judged_by_their_bytes(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"{}")
    assert not_numbers.may_be_in([tmp_path / name])


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_file_that_was_looked_into_loads_with_null_in_their_place(
    in_memory: Exports, spelling: str
) -> None:
    texts = '"t":"nan, inf","u":"info"'
    in_memory.load(
        f'{{"event":"e","properties":{{"time":{TIME},{texts},"p":[1, {spelling}],"q":{spelling}}}}}\n'
    )
    held = in_memory.engine.execute_scalar("SELECT CAST(properties AS VARCHAR) FROM events")
    assert json.loads(held) == {"time": TIME, "t": "nan, inf", "u": "info", "p": [1, None], "q": None}


def test_a_file_without_them_loads_as_it_is(in_memory: Exports) -> None:
    in_memory.load(f'{{"event":"e","properties":{{"time":{TIME},"t":"Nanaimo","n":null,"p":1.5}}}}\n')
    held = in_memory.engine.execute_scalar("SELECT CAST(properties AS VARCHAR) FROM events")
    assert json.loads(held) == {"time": TIME, "t": "Nanaimo", "n": None, "p": 1.5}
