"""A card of every kind, in JupyterLab: wide and narrow, light and dark, on paper and on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from browser.gallery import CELLS, REPORTS
from browser.lab import CARD, NARROW, WIDE
from browser.looks import broken, faint_texts, overflows, with_charts

if TYPE_CHECKING:
    from pathlib import Path

    from browser.lab import Lab, Theme

READABLE = 4.5  # the contrast that WCAG 2 asks of text
A4 = 794  # pixels at 96 per inch


@pytest.fixture(scope="module")
def gallery(running: Lab) -> Path:
    """The notebook of all cards, run, saved and open."""
    running.open(running.write(*CELLS.values()))
    running.run_all()
    return running.save()


NAMES = [name for name in CELLS if name != "load"]
"""The cells that show a card, in order."""


def test_every_kind_of_result_has_a_card(lab: Lab, gallery: Path) -> None:
    assert gallery.exists()
    assert lab.errors.count() == 0
    assert lab.cards_of_cells() == [0 if name == "load" else 1 for name in CELLS]
    assert broken(lab.cards) == {}
    drawn = {name for name, chart in zip(NAMES, with_charts(lab.cards), strict=True) if chart}
    assert drawn >= {
        *REPORTS,
        "segmentation",
        "funnel_by",
        "retention_by",
        "saved_report",
        "sql_chart",
        "fetch",
    }


@pytest.mark.usefixtures("gallery")
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_cards_are_readable(lab: Lab, width: int, theme: Theme) -> None:
    lab.set_width(width)
    lab.set_theme(theme)
    assert overflows(lab.cards, ".jp-OutputArea-output") == {}
    assert faint_texts(lab.cards, READABLE) == {}
    if (width, theme) in {(WIDE, "light"), (NARROW, "dark")}:
        for name, card in zip(NAMES, lab.cards.all(), strict=True):
            lab.picture(f"{name}-{theme}-{width}", card)


def test_cards_are_readable_on_paper(lab: Lab, gallery: Path) -> None:
    page = lab.page.context.new_page()
    page.set_viewport_size({"width": A4, "height": 1_000})
    page.emulate_media(media="print")
    htmls = [output["data"]["text/html"] for output in card_outputs(gallery, *CELLS)]
    page.set_content("".join(f"<section>{html}</section>" for html in htmls))
    cards = page.locator(CARD)
    assert broken(cards) == {}
    assert overflows(cards, "section") == {}
    assert faint_texts(cards, READABLE) == {}
    lab.picture("print", page.locator("body"))
    page.close()


def test_a_notebook_of_ten_cards_is_small(gallery: Path) -> None:
    names = list(REPORTS)[:10]
    outputs = card_outputs(gallery, *names)
    assert len(outputs) == 10
    v4: Any = nbformat.v4  # typed in part
    cells = [
        v4.new_code_cell(REPORTS[name], outputs=[output]) for name, output in zip(names, outputs, strict=True)
    ]
    ten = gallery.with_name("ten.ipynb")
    nbformat.write(v4.new_notebook(cells=cells), ten)
    assert ten.stat().st_size < 1_000_000


def card_outputs(notebook: Path, *names: str) -> list[Any]:
    """What a saved notebook holds of the cards of these cells."""
    cells = dict(zip(CELLS, nbformat.read(notebook, as_version=4).cells, strict=True))
    found = [output for name in names for output in cells[name].outputs]
    return [output for output in found if "text/html" in output.get("data", {})]
