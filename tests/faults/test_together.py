"""Several programs on one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from faults import together

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.sandbox.store import Dataset


@pytest.mark.parametrize("how", together.WAYS)
def test_a_table_that_goes_while_it_is_fetched_is_not_called_complete(
    store: Dataset, tmp_path: Path, how: str
) -> None:
    assert together.dropped_meanwhile(store, tmp_path, how) == "failed and said why"


def test_ten_programs_read_write_fetch_and_drop(
    store: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MP_API_BASE_URL", "")  # set for the programs, and back again
    outcomes = together.ten_programs(store, tmp_path, 4)
    roles = {what.split(":")[0] for what in outcomes}
    assert roles == {"read", "grow", "replace", "drop_fetched", "own", "terminal", "kernel"}
