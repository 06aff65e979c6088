"""Which properties get a column, and of which type, as pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.storage.inference import Sample, choose, sample_lines, usable
from mixpanel_nb.storage.kinds import Kinds, kind_of, looks_like_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, Kinds.NONE),
        ("", Kinds.TEXT),
        (True, Kinds.BOOLEAN),
        (0, Kinds.INTEGER),
        (2**53 - 1, Kinds.INTEGER),
        (-(2**53) + 1, Kinds.INTEGER),
        (2**53, Kinds.BIG),
        (-(2**63), Kinds.BIG),
        (2**63 - 1, Kinds.BIG),
        (2**63, Kinds.HUGE),
        (-(2**63) - 1, Kinds.HUGE),
        (1.0, Kinds.DECIMAL),
        ([], Kinds.NESTED),
        ({}, Kinds.NESTED),
    ],
)
def test_the_kind_of_a_value(value: Any, kind: Kinds) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("kinds", "sql_type"),
    [
        (Kinds.NONE, "VARCHAR"),
        (Kinds.INTEGER | Kinds.BIG, "BIGINT"),
        (Kinds.BIG, "BIGINT"),
        (Kinds.INTEGER | Kinds.DECIMAL, "DOUBLE"),
        (Kinds.BIG | Kinds.DECIMAL, "VARCHAR"),
        (Kinds.HUGE, "VARCHAR"),
        (Kinds.BOOLEAN, "BOOLEAN"),
        (Kinds.BOOLEAN | Kinds.INTEGER, "VARCHAR"),
        (Kinds.TEXT | Kinds.NESTED, "JSON"),
    ],
)
def test_the_type_that_holds_all_kinds(kinds: Kinds, sql_type: str) -> None:
    assert kinds.sql_type == sql_type


def test_kinds_survive_being_written_down() -> None:
    for number in range(2 ** len(Kinds)):
        assert Kinds.from_text(Kinds(number).to_text()) == Kinds(number)
    assert Kinds.from_text("") == Kinds.NONE


@pytest.mark.parametrize("text", ["5", "-x", "[", "{", "true", "false", "0x"])
def test_texts_that_could_be_json(text: str) -> None:
    assert looks_like_json(text)


@pytest.mark.parametrize("text", ["", "a5", "True", "null", "truely", " 5", "+5", '"'])
def test_texts_that_could_not(text: str) -> None:
    assert not looks_like_json(text)


@pytest.mark.parametrize(
    ("name", "is_usable"), [("a", True), ("", False), ("a\0", False), ("\ud83d", False), ("😀", True)]
)
def test_names_that_can_be_columns(name: str, is_usable: bool) -> None:
    assert usable(name) is is_usable


def sample() -> Sample:
    return Sample(
        [{"a": 1, "b": "x", "": 1, "n": None}, {"a": 0.5, "c": "5"}, {"a": None, "c": "y", "b": "z"}]
    )


def test_a_sample_counts_what_is_there() -> None:
    found = sample()
    assert found.size == 3
    assert found.by_frequency() == ["a", "b", "c"]
    assert {c.property: (c.sql_type, c.raw) for c in found.columns(["a", "b", "c", "new"], [])} == {
        "a": ("DOUBLE", False),
        "b": ("VARCHAR", False),
        "c": ("VARCHAR", True),
        "new": ("VARCHAR", False),
    }


@pytest.mark.parametrize(
    ("wanted", "existing", "chosen"),
    [
        (2, (), ["a", "b"]),
        (100, (), ["a", "b", "c"]),
        (100, ("a",), ["b", "c"]),
        (2, ("a",), ["b"]),
        (1, ("x", "y"), []),
        (None, (), []),
        (0, (), []),
        (-5, (), []),
        ([], (), []),
        (["c", "new", "c", ""], (), ["c", "new"]),
        ("c", (), ["c"]),
        (["held", "b"], ("b",), []),
    ],
)
def test_the_choice_of_columns(wanted: Any, existing: tuple[str, ...], chosen: list[str]) -> None:
    assert choose(sample(), wanted, held={"held"}, existing=existing) == chosen


def test_only_frequent_properties_are_added_to_a_table() -> None:
    found = Sample([{"often": 1, **({"rare": 1} if n == 0 else {})} for n in range(200)])
    assert choose(found, 10, held=(), existing=["other"]) == ["often"]
    assert choose(found, 10, held=()) == ["often", "rare"]


def test_lines_are_sampled_from_the_beginning_of_every_file(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        files.append(tmp_path / name)
        files[-1].write_text("".join(f'{{"{name}": {n}}}\n' for n in range(10)))
    assert sample_lines(files, 4) == [{"a": 0}, {"a": 1}, {"b": 0}, {"b": 1}]
    assert len(sample_lines(files)) == 20
    assert sample_lines([]) == []


def test_lines_that_are_no_objects_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "export"
    file.write_bytes(b'[1]\n5\nnot json\n\xff\n\n{"a": 1' + b'}\n{"b": 9' + b"9" * 5000 + b"}\n" + b'{"cut')
    assert sample_lines([file]) == [{"a": 1}]
