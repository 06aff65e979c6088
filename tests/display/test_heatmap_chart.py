from __future__ import annotations

import re
from typing import Any

import pytest

from mixpanel_nb.display import HeatRow, render_svg
from mixpanel_nb.display.heatmap import heatmap
from mixpanel_nb.display.theme import INK, RAMP, ink_on, paler, ramp, ramp_colors, signed_ramp

ROWS = [
    HeatRow("2025-01-06", "1,200", (0.5, 0.25, 0.0), (False, False, True)),
    HeatRow("2025-01-13", "90", (1.0, None, None)),
]


def drawn(rows: list[HeatRow], columns: int = 3) -> Any:
    return heatmap(
        rows, [str(number) for number in range(columns)], lead="users", x="weeks", title="Retention"
    )


def test_cells_have_their_number_rows_their_size_and_columns_their_name() -> None:
    svg = render_svg(drawn(ROWS))
    for text in ("Retention", "weeks", "users", "2025-01-06", "1,200", "50.0%", "25.0%", "0.0%*", "100.0%"):
        assert f">{text}</text>" in svg


def test_a_cell_without_a_share_is_not_drawn() -> None:
    found = drawn(ROWS).to_dict()["datasets"].values()
    assert sum("fill" in row for rows in found for row in rows) == 4


def test_more_is_darker_and_what_is_open_is_paler() -> None:
    found = drawn(ROWS).to_dict()["datasets"].values()
    fills = {(row["row"], row["column"]): row["fill"] for rows in found for row in rows if "fill" in row}
    assert fills["2025-01-13", "0"] == RAMP[-1]
    assert fills["2025-01-06", "2"] == paler(RAMP[0])
    assert fills["2025-01-06", "0"] == ramp(0.5)


@pytest.mark.parametrize(("rows", "columns"), [(100, 10), (10, 100), (40, 12), (1, 1)])
def test_a_map_of_any_size_draws_and_stays_small(rows: int, columns: int) -> None:
    many = [HeatRow(str(number), "9", (0.5,) * columns) for number in range(rows)]
    assert len(render_svg(drawn(many, columns))) < 120_000


def test_without_room_for_numbers_the_darkest_is_said() -> None:
    many = [HeatRow(str(number), "9", (0.5,) * 20) for number in range(50)]
    svg = render_svg(drawn(many, 20))
    assert ">weeks (the darkest is 50.0%)</text>" in svg
    assert ">50</text>" not in svg


def test_the_same_map_is_the_same_picture_however_often_it_is_drawn() -> None:
    many = [HeatRow(str(number), "9", (0.5,) * 20) for number in range(50)]
    assert render_svg(drawn(many, 20)) == render_svg(drawn(many, 20))
    assert not re.search(r'id="|url\(#', render_svg(drawn(many, 20)))  # Vega numbers them on and on


def test_nothing_known_and_nothing_at_all_draw() -> None:
    assert render_svg(drawn([HeatRow("a", "0", (None, None, None))])).startswith("<svg")
    assert render_svg(drawn([])).startswith("<svg")


def luminance(color: str) -> float:
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("share", [number / 20 for number in range(21)])
def test_numbers_can_be_read_on_every_colour(share: float) -> None:
    color = ramp(share)
    lighter, darker = sorted((luminance(color), luminance(ink_on(color))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3.5
    assert ink_on(color) in {INK, "#FFFFFF"}


def test_the_ramp_gets_darker_all_the_way() -> None:
    brightness = [luminance(ramp(place / 11)) for place in range(12)]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 12
    assert (ramp(-1), ramp(0), ramp(1), ramp(2)) == (RAMP[0], RAMP[0], RAMP[-1], RAMP[-1])
    assert len(set(ramp_colors(12))) == 12
    assert len(ramp_colors(1)) == 1


def test_numbers_on_either_side_of_zero_have_colours_of_their_own() -> None:
    chart = heatmap([HeatRow("1+", "10", (0.5, -0.5, 0.1))], list("abc"), lead="users", x="days", signed=True)
    found = chart.to_dict()["datasets"].values()
    fills = [row["fill"] for rows in found for row in rows if "fill" in row]
    assert {signed_ramp(1), signed_ramp(-1), signed_ramp(0.2)} == set(fills)
    assert len(set(fills)) == 3
