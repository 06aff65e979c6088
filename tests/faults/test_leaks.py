"""Secrets, permissions, links, doors and hostile names."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import altair as alt
import pytest
from client.echoes import KINDS

from faults import leaks
from mixpanel_nb.display import render_png, render_svg

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the trials set in the environment goes back to what it was."""
    monkeypatch.setenv("MP_API_BASE_URL", "")
    monkeypatch.setenv("MIXPANEL_NB_HOME", "")


def test_the_secret_is_in_nothing_that_is_said_or_written(store: Dataset, tmp_path: Path, shell: Any) -> None:
    assert leaks.hunted(store, tmp_path, shell)


@pytest.mark.parametrize("kind", KINDS[::3])
def test_an_answer_that_echoes_the_secret_shows_no_piece_of_it(tmp_path: Path, shell: Any, kind: str) -> None:
    assert leaks.echoed(tmp_path, shell, random.Random(kind), kind)


def test_nobody_else_can_read_what_is_written(store: Dataset, tmp_path: Path) -> None:
    assert leaks.modes(store, tmp_path)


@pytest.mark.parametrize("what", leaks.LINKS)
def test_links_beside_the_database_lead_nowhere(store: Dataset, tmp_path: Path, what: str) -> None:
    assert leaks.linked(store, tmp_path, what)


def test_the_sandbox_answers_only_this_machine_and_shows_nothing_of_itself(store: Dataset) -> None:
    assert leaks.counted(leaks.doors(store)).total() > 50


def test_a_name_that_a_picture_cannot_hold_does_not_end_the_process() -> None:
    rows = [{"date": "2025-01-01", "event": "a\0b\x1b\ud83d", "count": 1}]
    chart = (
        alt.Chart(alt.InlineData(values=rows), title="t\0")
        .mark_bar()
        .encode(x="date:N", y="count:Q", color="event:N")
    )
    assert "\0" not in render_svg(chart)
    assert render_png(chart).startswith(b"\x89PNG")


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    assert leaks.counted(leaks.injected(tmp_path, every=4)).total() > 40
