"""``mp fetch … --to LAKE``, ``mp --db LAKE …`` and ``mp lake``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("connected")
DAYS = ("--from", "2025-01-01", "--to", "2025-01-03")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_lake_is_filled_and_asked_like_a_file(mp: Command, here: Path) -> None:
    fetched = mp("fetch", "events", *DAYS, "--to", "./shop")
    assert fetched.code == 0
    assert f"In the lake {here / 'shop'}." in fetched.err
    mp("fetch", "events", *DAYS)
    question = ("segmentation", "Purchase", "--on", "plan", "--during", "2025-01")
    file = mp(*question).out
    address = f"lake://{here}/shop"
    assert mp("--db", "./shop", *question).out == mp("--db", address, *question).out == file
    again = mp("--db", address, "fetch", "events", *DAYS)
    assert "All 3 days are here; nothing was asked." in again.err
    rows = json.loads(mp("tables", "--db", "shop").out)
    assert [(row["name"], row["from_date"], row["to_date"]) for row in rows] == [
        ("events", "2025-01-01", "2025-01-03")
    ]


def test_profiles_too(mp: Command, here: Path) -> None:
    mp("fetch", "events", *DAYS, "--to", f"{here}/shop")
    assert mp("fetch", "profiles", "--to", f"{here}/shop").code == 0
    asked = mp("--db", "./shop", "segmentation", "Purchase", "--on", 'user["plan"]', "--during", "2025-01")
    assert {row["segment"] for row in json.loads(asked.out)} > {"undefined"}


def test_its_tables_and_compacting(mp: Command, here: Path) -> None:
    mp("fetch", "events", *DAYS, "--to", f"{here}/shop")
    (row,) = json.loads(mp("lake", "info", "./shop").out)
    assert (row["name"], row["files"], row["complete"], row["outgrown"]) == ("events", 3, True, [])
    assert json.loads(mp("--db", "./shop", "lake", "info").out) == [row]
    done = mp("lake", "compact", "./shop")
    assert "There was nothing to do." in done.err
    assert json.loads(done.out)[0]["rows"] == row["rows"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fetch", "events", *DAYS, "--to", "2025-01-04"), "--to is given twice: 2025-01-03 and 2025-01-04."),
        (("fetch", "events", *DAYS, "--to", "./a", "--to", "./b"), "--to is given twice: ./a and ./b."),
        (("fetch", "events", *DAYS, "--to", "ftp://host/x"), "'ftp://host/x' is no place for a lake."),
        (("lake", "info", "./nothing"), "There is no lake in "),
        (("--db", "lake:///nothing/here", "tables"), "There is no lake at /nothing/here."),
        (("lake", "info"), "This workspace is on a database, not on a lake."),
    ],
)
def test_a_mistake_is_one_line_and_a_hint(mp: Command, here: Path, words: tuple[str, ...], told: str) -> None:
    done = mp(*words)
    assert done.code != 0
    assert told in done.err.splitlines()[0]
    assert len(done.err.splitlines()) == 2


def test_what_a_lake_cannot_do_is_said(mp: Command, here: Path) -> None:
    mp("fetch", "events", *DAYS, "--to", "./shop")
    for words in (("drop", "events"), ("promote", "events", "coupon"), ("optimize",), ("sync",)):
        done = mp("--db", "./shop", *words)
        assert done.code != 0
        assert "A lake is filled by fetches" in done.err
