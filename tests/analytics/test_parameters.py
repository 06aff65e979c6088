"""Values under names: an equal value has one name, values of other types have others."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.analytics.sql import Parameters

VALUES: list[Any] = [1, 1.0, True, False, 0, "1", "a", None, (1,), [1], [True], ["a"]]


@given(st.lists(st.tuples(st.sampled_from(["user", "user_2", "value"]), st.sampled_from(VALUES))))
def test_a_name_stands_for_its_value_alone(bound: list[tuple[str, Any]]) -> None:
    parameters = Parameters()
    names = [parameters.bind(value, name)[1:] for name, value in bound]
    for (name, value), given_name in zip(bound, names, strict=True):
        assert given_name.startswith(name)
        held = parameters.values[given_name]
        assert type(held) is type(value)
        assert held == value
        assert parameters.bind(value, name) == f"${given_name}"
    assert set(names) == parameters.values.keys()


def test_the_first_value_has_the_plain_name() -> None:
    parameters = Parameters()
    assert [parameters.bind(who, "user") for who in ("a", "b", "a", "c", "b")] == [
        *("$user", "$user_2", "$user", "$user_3", "$user_2")
    ]
