"""``%mp_load``, and a notebook without an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.results import LoadResult

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from notebook.conftest import Shell

CSV = "event,time,user,plan\nView,2025-01-01,ann,pro\nView,2025-01-01,bob,free\nBuy,2025-01-02,ann,pro\n"
DAYS = "--from 2025-01-01 --to 2025-01-02 --table events"


def test_a_notebook_without_an_account(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.csv").write_text(CSV)
    assert "%mp_connect --db shop.db" in " ".join(shell.failure("%mp_load shop.csv"))
    shell.value("%mp_connect --db own.db")
    result = shell.value("x = %mp_load shop.csv\nx")
    assert isinstance(result, LoadResult)
    assert (result.rows, result.users) == (3, 2)
    for shown in (repr(result), result.to_html()):
        assert "3 events in events" in shown
        assert "Guessed" in shown
    counts = shell.value(f"%mp_funnel --step View --step Buy {DAYS}").df["count"]
    assert counts.tolist() == [2, 1]
    assert shell.value("%mp_load shop.csv").new_rows == 0  # all cells run again
    (tmp_path / "shop.csv").write_text(CSV + "Buy,2025-01-03,ann,pro\n")
    assert shell.failure("%mp_load shop.csv")[-1].count("--replace") == 1
    assert shell.value("%mp_load shop.csv --replace").rows == 4


def test_a_last_word_that_is_no_file_is_the_table(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(CSV)
    shell.value(f"%mp_connect --memory\n%mp_load {tmp_path / 'shop.csv'} orders")
    assert shell.value("%mp_tables").names == ["orders"]
    said = shell.failure(f"%mp_load {tmp_path / 'shop.csv'} orders.csv")
    assert "There is no file orders.csv." in said[0]


def test_a_notebook_that_keeps_tables_in_memory(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "shop.csv").write_text(CSV)
    shell.value("%mp_connect --memory")
    assert shell.value(f"%mp_load {tmp_path / 'shop.csv'} --table shop").rows == 3
