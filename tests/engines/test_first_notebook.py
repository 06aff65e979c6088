"""The first notebook, top to bottom, over a file, a lake, and that lake on other engines: the same cards."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from faces import connected  # noqa: F401 - a fixture
from notebook.conftest import Shell
from shells import opened_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

pytestmark = pytest.mark.usefixtures("connected")

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "01_first_look.ipynb"
CONNECT = "%mp_connect sandbox --memory"
MORE = (
    "%mp_segmentation Purchase --on plan --unit week --no-annotations",
    "%mp_segmentation Purchase --on categories --from 2025-03-05 --to 2025-04-03 --no-annotations",
    '%mp_funnel --step Search --step "View Product" --step Purchase --during 2025-02',
    "%mp_insights 'unique(Purchase)' 'sum(Purchase, revenue)' --unit month --on plan --no-annotations",
)
"""Reports after the notebook's own cells, one of days that were not fetched. A lake keeps no annotations."""

SPARK = {
    "event_time::DATE IN (SELECT unnest($spike)::DATE)": "array_contains(:spike, event_time::DATE::STRING)",
    "GROUP BY ALL": "GROUP BY profiles.plan",
}
CLICKHOUSE = {
    "event_time::DATE IN (SELECT unnest($spike)::DATE)": "toDate(event_time) IN ('2025-03-11', '2025-03-12')",
    "event_time::DATE": "toDate(event_time)",
    "SELECT profiles.plan,": "SELECT profiles.plan AS plan,",
}


def cells() -> list[str]:
    """The notebook's code."""
    nb: Any = nbformat.read(NOTEBOOK, as_version=4)
    return [cell.source for cell in nb.cells if cell.cell_type == "code"]


def cards(more: Callable[[str], list[str]], said: Callable[[str], str] = str) -> dict[str, str]:
    """The cards of all cells that answer from tables, by the notebook's text, without their SQL.

    Args:
        more: The cells that are run in place of one.
        said: A cell of SQL in the engine's words.
    """
    shown: dict[str, str] = {}
    with opened_shell() as ip:
        shell = Shell(ip)
        formatter: Any = ip.display_formatter
        for cell in [*cells(), *MORE]:
            *before, last = more(cell)
            for each in before:
                shell.value(each)
            answer = shell.value(said(last) if cell.startswith("%%mp_sql") else last)
            if cell.startswith(("%%mp_sql", "crashes", *MORE)):
                shown[cell] = _without_sql(formatter.format(answer)[0]["text/html"])
        ip.run_line_magic("mp_connect", CONNECT.removeprefix("%mp_connect "))
        ip.run_line_magic("unload_ext", "mixpanel_nb")
    return shown


def _without_sql(card: str) -> str:
    return re.sub(r"<details.*?</details>", "", card, flags=re.DOTALL)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "shop"


def over(url: str, lake: Path) -> Callable[[str], list[str]]:
    """Fetches go to the lake, and what follows is asked of the URL."""

    def more(cell: str) -> list[str]:
        if not cell.startswith("%mp_fetch"):
            return [cell]
        return [f"{cell} --to {lake}/", f"%mp_connect sandbox --db '{url}'"]

    return more


def worded(words: Mapping[str, str]) -> Callable[[str], str]:
    """A cell of SQL as another engine says it."""

    def said(cell: str) -> str:
        for one, other in words.items():
            cell = cell.replace(one, other)
        return re.sub(r'"(\$\w+)"', r"`\1`", cell)

    return said


@pytest.fixture
def of_file() -> dict[str, str]:
    return cards(lambda cell: [cell])


def test_cards_of_a_lake(of_file: dict[str, str], lake: Path) -> None:
    assert_same(cards(over(str(lake), lake)), of_file)


@pytest.mark.usefixtures("spark_session")
def test_cards_of_spark(of_file: dict[str, str], lake: Path) -> None:
    assert_same(cards(over(f"spark://local[2]?lake={lake}", lake), worded(SPARK)), of_file)


def test_cards_of_clickhouse(of_file: dict[str, str], lake: Path) -> None:
    assert_same(cards(over(f"clickhouse://?lake={lake}", lake), worded(CLICKHOUSE)), of_file)


def assert_same(cards: dict[str, str], of_file: dict[str, str]) -> None:
    """The same cards, byte for byte."""
    for cell, card in of_file.items():
        assert cards[cell] == card, cell
    assert len(cards) == len(of_file) == 5 + len(MORE)
