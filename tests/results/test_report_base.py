"""What holds for every report: JSON, types, cards, words, determinism."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from display.sanitizer import check
from IPython.lib.pretty import pretty

from mixpanel_nb.display import render_svg
from mixpanel_nb.errors import ChartError

from . import reports

if TYPE_CHECKING:
    from mixpanel_nb.results import ReportResult

EVERY = reports.every_report()
HOSTILE = reports.every_hostile_report()
EMPTY = reports.every_empty_report()


def name(result: object) -> str:
    return type(result).__name__


@pytest.mark.parametrize("result", EVERY + HOSTILE + EMPTY, ids=name)
def test_frame_records_and_json_agree(result: ReportResult) -> None:
    records = json.loads(json.dumps(result.records(), allow_nan=False))
    assert list(result.df.columns) == result.column_names
    assert len(result.df) == len(records) == len(result.tuples())
    assert all(list(record) == result.column_names for record in records)
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert {"sql", "request", "notes", "computed_at"} < set(data)


@pytest.mark.parametrize("result", EVERY + HOSTILE, ids=name)
def test_every_answer_shows_a_chart_with_words_and_a_table(result: ReportResult) -> None:
    html = result._repr_html_()
    shown = check(html)
    assert (shown.dropped, shown.open) == ([], [])
    chart = result.card().chart
    assert chart is not None and len(chart.alt) > 40
    assert len(shown.images) == (0 if chart.rows else 1)
    assert all(len(image["alt"]) > 40 for image in shown.images)
    assert "<table" in html
    assert html == result._repr_html_()
    assert render_svg(result.chart()) == render_svg(result.chart())
    assert pretty(result) == repr(result)
    assert len(html) < 60_000


@pytest.mark.parametrize("result", HOSTILE, ids=name)
def test_hostile_names_are_only_text(result: ReportResult) -> None:
    shown = check(result._repr_html_())
    assert any("<script>" in text for text in shown.texts) or name(result).startswith("Retention")
    assert all("\x1b" not in text for text in shown.texts)
    assert "\x1b" not in repr(result)
    assert "<script" not in render_svg(result.chart())


@pytest.mark.parametrize("result", HOSTILE, ids=name)
def test_a_terminal_never_gets_longer_lines_than_it_has_room_for(result: ReportResult) -> None:
    assert max(len(line) for line in result.to_text(width=80).split("\n")) <= 80


@pytest.mark.parametrize("result", EMPTY, ids=name)
def test_nothing_is_said_in_words_without_chart_or_table(result: ReportResult) -> None:
    card = result.card()
    assert (card.chart, card.table, list(card.facts)) == (None, None, [])
    assert card.empty is not None and card.empty.startswith("No")
    if getattr(result, "where", None) is not None:
        assert 'where properties["plan"] == "gone" from 2025-01-0' in card.empty
    with pytest.raises(ChartError, match="nothing to draw") as raised:
        result.chart()
    assert card.empty in str(raised.value)


@pytest.mark.parametrize("result", EMPTY, ids=name)
def test_the_frame_of_nothing_has_the_types_of_any_other(result: ReportResult) -> None:
    types = result.df.dtypes.astype(str).to_dict()
    assert all(
        types[column].startswith("datetime64[ns") for column in types if column in {"date", "cohort_date"}
    )
    assert all(
        types[column] in {"int64", "float64"} for column in types if column in {"count", "step", "sum"}
    )


@pytest.mark.parametrize("result", EVERY, ids=name)
def test_results_can_be_compared_and_pickled(result: ReportResult) -> None:
    repr(result)
    assert pickle.loads(pickle.dumps(result)) == result


def test_the_card_holds_the_statement_or_the_request_and_never_the_clock() -> None:
    local = reports.plans(sql="SELECT 'a' FROM events", computed_at="2030-01-01T00:00:00")
    assert local.card().query == "SELECT 'a' FROM events"
    assert "2030" not in local._repr_html_() + repr(local)
    live = reports.plans(
        request={
            "method": "GET",
            "path": "/segmentation",
            "params": {"event": "Sign Up", "event_list": ["a", "b"], "limit": 5, "where": None},
        }
    )
    assert live.card().query == (
        "GET /segmentation?event=Sign+Up&event_list=%5B%22a%22%2C+%22b%22%5D&limit=5"
    )
    assert reports.plans().card().query is None


def test_notes_are_shown_also_where_nothing_came() -> None:
    note = "The table ends on 2024-12-31."
    assert note in repr(reports.segmentation({}, notes=(note,)))
    assert note in reports.plans(notes=(note,))._repr_html_()


def test_a_chart_that_stands_alone_says_what_it_is_and_on_a_card_does_not_repeat_it() -> None:
    result = reports.plans()
    title = result.chart().to_dict()["title"]
    assert title["text"] == "Sign Up by plan"
    assert title["subtitle"] == "2025-01-01 to 2025-01-04, events per day"
    card = result.card()
    assert card.chart is not None
    assert "title" not in card.chart.draw().to_dict()


def test_reports_need_neither_pandas_nor_display_until_something_is_shown() -> None:
    program = (
        "import sys; from results import reports\n"
        "for result in reports.every_report(): result.to_dict(); result.records()\n"
        "bad = {'altair', 'pandas', 'numpy', 'rich', 'duckdb', 'mixpanel_nb.display'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    root = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ | {"PYTHONPATH": root})


def test_every_report_is_the_same_bytes_in_every_process() -> None:
    program = (
        "import sys; from results import reports\n"
        "for result in reports.every_hostile_report():\n"
        "    sys.stdout.buffer.write((result._repr_html_() + repr(result) + '\\n').encode())"
    )
    root = str(Path(__file__).parents[1])
    environment = os.environ | {
        "PYTHONPATH": root,
        "PYTHONHASHSEED": "7",
        "TZ": "America/Los_Angeles",
        "LC_ALL": "C",
    }
    other = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, env=environment)
    here = "".join(f"{result._repr_html_()}{result!r}\n" for result in reports.every_hostile_report())
    assert other.stdout.decode() == here
