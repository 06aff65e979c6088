"""Rolling means, compared with a loop over the values before each row."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.display.smooth import smoothed

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "x": st.integers(0, 50),
            "y": st.none() | st.integers(-100, 100),
            "c": st.sampled_from(["a", "b", None]),
        }
    ),
    unique_by=lambda row: (row["x"], row["c"]),
    max_size=40,
)


@given(ROWS, st.integers(2, 6), st.booleans())
def test_a_mean_is_of_a_row_and_those_before_it(
    rows: list[dict[str, Any]], size: int, by_color: bool
) -> None:
    color = "c" if by_color else None
    if not by_color:
        rows = list({row["x"]: row for row in rows}.values())
    found = {(row["x"], row["c"]): row["y"] for row in smoothed(rows, "x", "y", color, size)}
    assert found.keys() == {(row["x"], row["c"]) for row in rows}
    for row in rows:
        before = [
            other for other in rows if other["x"] <= row["x"] and (other["c"] == row["c"] or not by_color)
        ]
        values = [other["y"] for other in sorted(before, key=lambda other: other["x"])[-size:]]
        whole = len(values) == size and None not in values
        expected = sum(values) / size if whole else None
        assert found[row["x"], row["c"]] == (pytest.approx(expected) if whole else None)
