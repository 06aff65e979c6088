from __future__ import annotations

import math
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.display.text import block, one_line
from mixpanel_nb.display.values import Kind, column_format, counted, format_value, write

ESCAPE = "\x1b"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0, "auto", "0"),
        (1234567, "auto", "1,234,567"),
        (-1234, "integer", "-1,234"),
        (2**63, "auto", "9,223,372,036,854,775,808"),
        (1234.5678, "auto", "1,234.57"),
        (12.0, "auto", "12"),
        (0.25, "auto", "0.25"),
        (0.00001234, "auto", "1.234e-05"),
        (1e300, "auto", "1e+300"),
        (Decimal("12.50"), "auto", "12.50"),
        (Decimal("Infinity"), "number", "∞"),
        (Decimal("sNaN"), "auto", "NaN"),
        (math.nan, "auto", "NaN"),
        (-math.inf, "auto", "-∞"),
        (None, "auto", "NULL"),
        (pd.NaT, "auto", "NULL"),
        (pd.NA, "auto", "NULL"),
        (np.int64(1234), "auto", "1,234"),
        (np.float64(0.5), "auto", "0.5"),
        (np.bool_(True), "auto", "true"),
        (False, "auto", "false"),
        (0.1234, "percent", "12.3%"),
        (1, "percent", "100.0%"),
        (0.0001, "percent", "<0.1%"),
        (12_100_000, "bytes", "12.1 MB"),
        (999, "bytes", "999 bytes"),
        (999_960, "bytes", "1.0 MB"),
        (0.42, "duration", "420 ms"),
        (4.2, "duration", "4.2 s"),
        (59.6, "duration", "1 min 00 s"),
        (11_220, "duration", "3 h 07 min"),
        (timedelta(days=4, hours=2), "auto", "4 d 02 h"),
        (date(2025, 1, 31), "auto", "2025-01-31"),
        (datetime(2025, 1, 31, 12, 5, 9), "auto", "2025-01-31 12:05:09"),
        (datetime(2025, 1, 31, 12, 5, 9, 120_000, tzinfo=UTC), "auto", "2025-01-31 12:05:09.120000+00:00"),
        (datetime(2025, 1, 31, 12, 5, tzinfo=UTC), "date", "2025-01-31"),
        (b"\x00\xff", "auto", "0x00ff"),
        ({"a": [1, None, {"b": 0.5}]}, "auto", "{a: [1, NULL, {b: 0.5}]}"),
        (uuid.UUID(int=1), "auto", "00000000-0000-0000-0000-000000000001"),
        ("not a number", "integer", "not a number"),
        ("", "auto", ""),
    ],
)
def test_each_kind_of_value_reads_well(value: Any, kind: Kind, text: str) -> None:
    assert format_value(value, kind) == text


def test_an_integer_python_will_not_spell_out_is_shown_by_its_size() -> None:
    assert [format_value(10**6000), format_value(-(10**6000), "percent")] == ["≈ 10^6000", "≈ -10^6000"]


def test_a_column_of_fractions_shares_its_decimals() -> None:
    form = column_format("amount", "auto", [1, 2.5, None])
    assert [write(value, form) for value in (1.0, 2.5, None)] == ["1.0", "2.5", "NULL"]


def test_a_tiny_number_beside_large_ones_does_not_become_zero() -> None:
    form = column_format("amount", "auto", [0.0001, 5000.5])
    assert write(0.0001, form) == "0.0001"


@pytest.mark.parametrize("name", ["year", "user_id", "id", "userId"])
def test_years_and_ids_have_no_separators(name: str) -> None:
    assert write(2025, column_format(name, "auto", [2025])) == "2025"


@pytest.mark.parametrize("name", ["paid", "valid_count", "IDENTITY"])
def test_names_that_only_look_like_ids_keep_their_separators(name: str) -> None:
    assert write(2025, column_format(name, "auto", [2025])) == "2,025"


def test_control_characters_become_visible_and_text_stays_on_one_line() -> None:
    hostile = f"a\r\nb\tc{ESCAPE}[31md\u2028e\u202ef\x9bg\ud800h\x7f"
    assert one_line(hostile, 100) == "a↵b c␛[31md↵e�f�g�h␡"


def test_code_keeps_its_lines_and_tabs() -> None:
    assert block(f"SELECT\r\n\t1{ESCAPE}", 100) == "SELECT\n\t1␛"


def test_long_text_and_huge_nested_values_are_cut() -> None:
    assert format_value("x" * 1_000_000, limit=5) == "xxxx…"
    assert format_value([list(range(1000))] * 1_000_000, limit=10) == "[[0, 1, 2…"
    assert format_value([[]] * 1_000_000, limit=10) == "[[], [], …"


def test_counted_agrees_with_its_noun() -> None:
    assert [counted(number, "row") for number in (0, 1, 1234)] == ["0 rows", "1 row", "1,234 rows"]


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=10,
)


@given(
    JSON_LIKE, st.sampled_from(["auto", "text", "number", "integer", "percent", "date", "bytes", "duration"])
)
def test_any_value_in_any_kind_is_one_short_encodable_line(value: Any, kind: Kind) -> None:
    text = format_value(value, kind, limit=40)
    assert len(text) <= 40
    assert text.isprintable() or not any(ord(character) < 32 for character in text)
    text.encode()


def test_a_column_whose_name_says_shares_is_written_in_percent() -> None:
    def written(name: str, *values: Any) -> list[str]:
        form = column_format(name, "auto", values)
        return [write(value, form) for value in values]

    assert written("purchase_share", 0.25, 0.5) == ["25.0%", "50.0%"]
    assert written("Conversion rate", 0.031) == ["3.1%"]
    assert written("shareholders", 0.25) == ["0.25"]
    assert written("exchange rate", 0.92) == ["0.92"]
    assert written("share", 25.0, 50.0) == ["25", "50"]
    assert written("percent_share", 0.25) == ["0.25"]


def test_a_column_whose_name_says_a_currency_has_its_sign() -> None:
    form = column_format("revenue_usd", "auto", [1.5, -3.25])
    assert [write(value, form) for value in (1.5, -3.25)] == ["$1.50", "-$3.25"]
    assert write(1_200, column_format("price EUR", "auto", [1_200])) == "€1,200"
    assert write(1.5, column_format("thousand", "auto", [1.5])) == "1.5"


def test_large_amounts_have_no_decimals() -> None:
    assert format_value(1_437_397_869_735.83) == "1,437,397,869,736"


def test_times_that_are_all_midnights_are_days() -> None:
    weeks = [datetime(2024, 12, 30), datetime(2025, 1, 6)]
    assert write(weeks[0], column_format("week", "auto", weeks)) == "2024-12-30"
    assert write(weeks[0], column_format("week", "auto", [*weeks, weeks[1].replace(hour=1)])) == (
        "2024-12-30 00:00:00"
    )
