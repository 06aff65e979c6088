"""Every way an answer can go wrong, on one endpoint or another; ``make soak`` tries all of them on all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import network, truth

if TYPE_CHECKING:
    from pathlib import Path

    from faults.network import Arena

QUICK = [name for name in network.MISDEEDS if name not in network.SLOW]
QUESTIONS = list(network.ASKING)
GOOD = {
    "failed and said why",
    "the answer is true",
    "the table is true",
    "whole, though of another content",
}


@pytest.mark.parametrize("name", QUICK[::2])
def test_a_fetch_gives_the_truth_or_says_what_is_missing(arena: Arena, name: str) -> None:
    what = list(network.FETCHING)[QUICK.index(name) % 3]
    assert network.fetched(arena, what, network.MISDEEDS[name]) in GOOD


@pytest.mark.parametrize("name", QUICK)
def test_a_question_gets_the_true_answer_or_none(arena: Arena, name: str) -> None:
    what = QUESTIONS[QUICK.index(name) % len(QUESTIONS)]
    assert network.asked(arena, what, network.MISDEEDS[name]) in GOOD


@pytest.mark.parametrize(
    ("name", "what"),
    [(name, ("fetch_events", "fetch_profiles")[place % 2]) for place, name in enumerate(network.SLOW)],
)
def test_nothing_that_drips_or_stalls_keeps_anybody(
    arena: Arena, name: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(truth, "SILENCE", 0.5)
    assert network.fetched(arena, what, network.MISDEEDS[name]) in GOOD


@pytest.mark.parametrize("name", network.PASSING)
def test_what_passes_is_waited_out(arena: Arena, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truth, "SILENCE", 0.5)
    outcome = network.fetched(arena, "fetch_events", network.PASSING[name], times=2)
    assert outcome == "the table is true"


def test_nobody_listens(arena: Arena) -> None:
    assert network.unheard(arena, "fetch_events") == "failed and said why"


@pytest.mark.parametrize("kind", network.CERTIFICATES)
def test_only_a_good_certificate_is_told_who_asks(tmp_path: Path, kind: str) -> None:
    assert network.certified(tmp_path, kind).startswith(kind)
