from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from mixpanel_nb.display import Card, Chart, Column, Table, render_text
from mixpanel_nb.display.charts import events_per_day
from mixpanel_nb.display.glyphs import bar, sparkline

SALES = Table(
    [Column("day"), Column("plan"), Column("amount"), Column("share", "percent")],
    [(date(2025, 1, 1), "pro", 1234.5, 0.25), (date(2025, 1, 2), None, 7.25, 1)],
    total_rows=40,
    more="ask for more",
)


def test_a_table_reads_like_a_table() -> None:
    assert render_text(SALES, width=80).split("\n") == [
        "day         plan    amount   share",
        "──────────────────────────────────",
        "2025-01-01  pro   1,234.50   25.0%",
        "2025-01-02  NULL      7.25  100.0%",
        "2 of 40 rows shown — ask for more",
    ]


def test_a_card_tells_title_facts_chart_in_words_and_notes_but_not_its_query() -> None:
    chart = Chart(lambda: events_per_day([], ""), "Events per day: up.")
    card = Card(
        "Title",
        "2025",
        [("New", 1234), ("Old ones", "none")],
        chart,
        None,
        "SELECT 1",
        ["Beware."],
        "Nothing",
    )
    assert render_text(card, width=80).split("\n") == [
        "Title",
        "2025",
        "New       1,234",
        "Old ones  none",
        "Nothing",
        "Events per day: up.",
        "Beware.",
    ]


def test_when_room_is_short_text_is_cut_but_numbers_and_dates_are_whole() -> None:
    columns = [Column("text"), Column("n"), Column("day")]
    lines = render_text(Table(columns, [("x" * 500, 123_456_789, date(2025, 1, 1))]), width=40).split("\n")
    assert lines[2] == "xxxxxxxxxxxxxx…  123,456,789  2025-01-01"


def test_columns_without_room_are_left_out_and_counted() -> None:
    table = Table([Column(f"column_{number}") for number in range(50)], [tuple(range(50))])
    lines = render_text(table, width=60).split("\n")
    assert lines[-1] == "6 of 50 columns shown"
    assert lines[0].split() == [f"column_{number}" for number in range(6)]


def test_columns_without_room_follow_below_beside_those_that_say_what_a_row_is() -> None:
    columns = [Column(name) for name in ("step", "event", "users", "difference", "interval", "p")]
    table = Table(columns, [(1, "Sign Up", 1_000, -12, "-20 to -4", 0.01)], keys=2)
    lines = render_text(table, width=40).split("\n")
    heads = [line.split() for line in lines if line.startswith("step")]
    assert heads == [["step", "event", "users", "difference"], ["step", "event", "interval", "p"]]
    assert max(map(len, lines)) <= 40
    wide = Table([Column(f"column_{number}") for number in range(50)], [tuple(range(50))], keys=1)
    assert render_text(wide, width=60).endswith(
        "6 of 50 columns shown"
    )  # more than a second table has room for


def test_only_the_rows_asked_for_are_shown() -> None:
    table = Table([Column("n")], [(number,) for number in range(100)])
    assert render_text(table, width=80, max_rows=3).split("\n")[2:] == ["0", "1", "2", "3 of 100 rows shown"]
    assert len(render_text(table, width=80).split("\n")) == 102


def test_escape_sequences_and_newlines_in_data_cannot_steer_the_terminal() -> None:
    card = Card("a\x1b]0;title\x07", table=Table([Column("x\ny")], [("\x1b[2Jgone\r\n",)]), notes=["\x9b31m"])
    text = render_text(card, width=80)
    assert "\x1b" not in text
    assert text.split("\n") == ["a␛]0;title␇", "x↵y", "─────────", "␛[2Jgone↵", "�31m"]


def test_markup_and_emoji_codes_in_data_stay_as_they_are() -> None:
    assert "[bold]x[/bold] :smile:" in render_text(
        Table([Column("a")], [("[bold]x[/bold] :smile:",)]), width=80
    )


def test_colour_codes_come_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = render_text(Card("Title", table=SALES), width=80)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert render_text(Card("Title", table=SALES), width=80) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[1mTitle" in render_text(Card("Title", table=SALES), width=80, color=True)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(), st.integers(-(10**6), 10**6), st.none() | st.text(max_size=80)), max_size=4
    ),
    st.integers(30, 120),
)
def test_no_line_is_wider_than_asked(rows: list[tuple[Any, ...]], width: int) -> None:
    table = Table([Column("text", "text"), Column("n"), Column("other")], rows, total_rows=99, more="see .df")
    text = render_text(Card("A headline that is longer than thirty characters", table=table), width=width)
    assert max(map(cell_len, text.split("\n"))) <= width


# Bars and lines of blocks


@given(st.lists(st.none() | st.integers(0, 1000), min_size=1, max_size=60))
def test_a_line_of_blocks_is_as_high_as_its_values(values: list[int | None]) -> None:
    line = sparkline(values, 60)
    assert len(line) == len(values)
    known = [value for value in values if value is not None]
    for value, block in zip(values, line, strict=True):
        if value is None:
            assert block == " "
        elif value == max(known) > 0:
            assert block == "█"
        elif value == 0:
            assert block == "▁"
    ordered = [block for _, block in sorted(zip(values, line, strict=True), key=lambda pair: pair[0] or 0)]
    heights = [" ▁▂▃▄▅▆▇█".index(block) for block in ordered if block != " "]
    assert heights == sorted(heights)


def test_many_values_share_a_block() -> None:
    assert sparkline([1] * 50 + [8] * 50, 10) == "▁▁▁▁▁█████".replace("▁", "▂")


@given(st.integers(0, 500), st.integers(1, 500))
def test_a_bar_is_its_share_of_the_width(value: int, most: int) -> None:
    value = min(value, most)
    drawn = bar(value, most, 20)
    eighths = sum(8 if block == "█" else " ▏▎▍▌▋▊▉".index(block) for block in drawn)
    assert abs(eighths / 160 - value / most) <= 0.5 / 160 + 1e-9


def test_glyphs_draw_what_has_a_chart() -> None:
    chart = Chart(lambda: pytest.fail("nothing is drawn"), "words")
    days = Table(
        [Column("date", "date"), Column("n")], [(date(2025, 1, 1), 1), (date(2025, 1, 2), 8)], newest=True
    )
    text = render_text(Card("t", chart=chart, table=days), width=60, glyphs=True)
    assert "n  ▂█" in text
    names = Table([Column("plan"), Column("n")], [("pro", 2), ("free", 1)])
    lines = render_text(Card("t", chart=chart, table=names), width=60, glyphs=True).splitlines()
    assert [line.split()[-1] for line in lines[-2:]] == ["█" * 20, "█" * 10]
    assert "█" not in render_text(Card("t", chart=chart, table=names), width=60)
    assert "█" not in render_text(Card("t", table=names), width=60, glyphs=True)
