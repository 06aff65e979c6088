"""Files that are not what they were."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from faults import disks

if TYPE_CHECKING:
    from pathlib import Path

    from faults.kills import Yard


@pytest.mark.parametrize("how", disks.DAMAGES)
def test_a_damaged_database_gives_the_same_answer_or_none(yard: Yard, how: str) -> None:
    assert disks.damaged(yard, how, random.Random(how))


@pytest.mark.parametrize("how", disks.STAGED)
def test_a_damaged_download_is_asked_for_anew(yard: Yard, how: str) -> None:
    assert disks.odd_downloads(yard, how, random.Random(how))


@pytest.mark.parametrize("how", ["a block of zeros", "cut off", "text"])
def test_damaged_data_of_the_sandbox_are_built_anew(tmp_path: Path, how: str) -> None:
    assert disks.odd_cache(tmp_path, random.Random(how), how)


def test_a_damaged_quota_ledger_costs_nothing_but_its_memory(tmp_path: Path) -> None:
    draw = random.Random(0)
    for _ in range(60):
        assert disks.odd_ledger(tmp_path, draw) == "went on"


def test_a_configuration_that_was_cut_is_not_believed(tmp_path: Path) -> None:
    for cut in range(0, 300, 11):
        assert disks.half_config(cut, tmp_path)
