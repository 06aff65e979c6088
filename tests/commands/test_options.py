"""Options that need reading."""

from __future__ import annotations

import pytest
import typer

from mixpanel_nb.commands.options import parse_columns
from mixpanel_nb.commands.sql import parse_params


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("0", 0), ("20", 20), ("plan", ["plan"]), (" plan , $os,,amount ", ["plan", "$os", "amount"]), ("", [])],
)
def test_columns_are_a_number_or_names(value: str, meaning: int | list[str]) -> None:
    assert parse_columns(value) == meaning


def test_parameters_keep_what_follows_the_first_equals_sign() -> None:
    assert parse_params(["a=1", "$b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("item", ["a", "=1", ""])
def test_a_parameter_without_a_name_or_value_is_refused(item: str) -> None:
    with pytest.raises(typer.BadParameter, match="NAME=VALUE"):
        parse_params([item])
