from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_nb.display import Card, Chart, Column, Table, described_days, render_html

from .sanitizer import check

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;\x1b[31m"
DAYS = [{"date": date(2025, 1, 1) + timedelta(days=day), "count": 100 * day} for day in range(13)]


def full_card(text: str = "a <b> & 'c'", rows: int = 3) -> Card:
    return Card(
        title=text,
        subtitle=text,
        facts=[(text, text), ("New", 61_204)],
        chart=described_days(DAYS, text),
        table=Table([Column(text), Column("n")], [(text, number) for number in range(rows)], more=text),
        query=f"SELECT *\nFROM events -- {text}",
        notes=[text],
        empty=text,
    )


def test_every_tag_attribute_and_style_survives_jupyterlabs_sanitiser() -> None:
    result = check(render_html(full_card(rows=30)))
    assert (result.dropped, result.open) == ([], [])


def test_dollars_are_not_taken_for_mathematics() -> None:
    html = render_html(Card("$os and $city"))
    assert html.startswith('<div class="mathjax_ignore tex2jax_ignore"')


def test_hostile_text_is_shown_as_text_wherever_it_stands() -> None:
    result = check(render_html(full_card(HOSTILE, rows=30)))
    assert (result.dropped, result.open) == ([], [])
    shown = [text for text in result.texts if "<script>" in text]
    assert len(shown) == 19  # title, subtitle, label, fact, empty, heading, 10 cells, footer, note, query
    assert all("\x1b" not in text for text in result.texts)


@settings(max_examples=50, deadline=None)
@given(st.text(), st.lists(st.tuples(st.text(), st.floats() | st.integers() | st.none()), max_size=3))
def test_no_text_can_break_out_of_the_card(text: str, rows: list[tuple[Any, ...]]) -> None:
    card = Card(
        text, text, [(text, text)], None, Table([Column(text), Column("n")], rows), text, [text], text
    )
    result = check(render_html(card))
    assert (result.dropped, result.open) == ([], [])


def test_the_chart_is_an_inline_image_with_a_description_and_no_network_address() -> None:
    html = render_html(Card("t", chart=described_days(DAYS, "Events per day")))
    (image,) = check(html).images
    kind, _, data = image["src"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(data).startswith(b"<svg")
    assert image["alt"] == (
        "Events per day, 2025-01-01 to 2025-01-13: 7,800 in total, highest 1,200 on 2025-01-13, "
        "lowest 0 on 2025-01-01."
    )
    assert "http" not in html


def test_a_chart_that_fails_takes_nothing_else_with_it() -> None:
    def draw() -> Any:
        raise ZeroDivisionError("<oh>\nand more")

    card = full_card()
    html = render_html(replace(card, chart=Chart(draw, "What & where.")))
    words = "What &amp; where. (This chart cannot be drawn: &lt;oh&gt;)"
    assert words in html
    assert (check(html).dropped, check(html).open) == ([], [])
    whole = render_html(replace(card, chart=None))
    assert re.sub(rf'<div style="[^"]*">{re.escape(words)}</div>', "", html) == whole


def test_numbers_are_right_aligned_with_separators_and_null_is_muted() -> None:
    html = render_html(Card("t", table=Table([Column("name"), Column("n")], [("a", 1234), (None, None)])))
    assert 'text-align: right">1,234</td>' in html
    assert 'text-align: left">a</td>' in html
    assert '<i style="opacity: 0.7">NULL</i>' in html


def test_facts_can_be_told_apart_where_styles_are_dropped() -> None:
    html = render_html(Card("t", facts=[("New", 1234), ("Removed", 5)]))
    assert re.sub("<[^>]*>", "", html) == "tNew 1,234 Removed 5"
    assert re.sub(r' (style|class)="[^"]*"', "", html).count("<b>") == 3


def test_rows_and_columns_left_out_are_announced() -> None:
    columns = [Column(f"c{number}") for number in range(60)]
    table = Table(columns, [tuple(range(60))] * 10, total_rows=1234, more="the rest is elsewhere")
    html = render_html(Card("t", table=table))
    assert "10 of 1,234 rows and 40 of 60 columns shown — the rest is elsewhere" in html
    assert html.count("<tr") == 11


def test_a_table_that_is_shown_whole_says_nothing_of_rows() -> None:
    assert "shown" not in render_html(Card("t", table=Table([Column("n")], [(1,), (2,)])))


def test_text_from_right_to_left_is_isolated() -> None:
    html = render_html(Card("t", table=Table([Column("city")], [("תל אביב",), ("Rome",)])))
    assert "<bdi>תל אביב</bdi>" in html
    assert "<bdi>Rome" not in html


def test_a_large_result_stays_a_small_card() -> None:
    rows = [tuple(f"value {row} {column} " * 20 for column in range(10)) for row in range(1_000)]
    table = Table([Column(f"column {number}") for number in range(10)], rows)
    assert len(render_html(Card("t", table=table, query="SELECT 1")).encode()) < 60_000


def test_one_enormous_string_does_not_bloat_the_card() -> None:
    huge = "<&>" * 1_000_000
    html = render_html(
        Card(huge, huge, [(huge, huge)], None, Table([Column(huge)], [(huge,)]), huge, [huge], huge)
    )
    assert len(html) < 150_000


def test_the_same_card_is_the_same_bytes_in_every_process() -> None:
    program = (
        "import sys; from display.test_card import full_card, render_html; "
        "sys.stdout.buffer.write(render_html(full_card()).encode())"
    )
    tests = str(Path(__file__).parents[1])
    environment = os.environ | {
        "PYTHONPATH": tests,
        "PYTHONHASHSEED": "7",
        "TZ": "America/Los_Angeles",
        "LC_ALL": "C",
    }
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    here = render_html(full_card()).encode()
    assert here == render_html(full_card()).encode()
    assert other.stdout == here
