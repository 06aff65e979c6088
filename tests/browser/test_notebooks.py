"""Each example notebook as it is saved, opened where nothing runs; the first also run whole in JupyterLab.

What is saved in them is what a run gives: `pytest --nbval notebooks` compares the two, output by output.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from browser.lab import CARD, texts
from browser.looks import broken, overflows, with_charts
from browser.sanitizers import github_like
from mixpanel_nb.display.card import NO_MATH

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from browser.lab import Lab

_CELLS = "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText.trim()))"
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@dataclass(frozen=True)
class Story:
    """What a reader of a notebook must find: headings of cards, and cells of rows that stand together."""

    notebook: str
    charts: int
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    failing: int = 0

    @property
    def source(self) -> Path:
        return NOTEBOOKS / f"{self.notebook}.ipynb"


STORIES = [
    Story(
        "01_first_look",
        charts=1,
        headings=("12 events", "199,668 events in events", "8,345 profiles in profiles"),
        rows=(("spring_sale",), ("2025-02-19",), ("5.2.0",), ("plus", "869", "115,913.58", "89.30")),
    ),
    Story(
        "02_from_question_to_funnel",
        charts=6,
        headings=("View Product → Purchase", "8,345 profiles in profiles"),
        rows=(("3", "Start Checkout", "3,725", "66.3%", "34.5%"), ("Mac OS X", "1,994", "57.9%")),
        failing=1,
    ),
    Story(
        "03_retention_and_cohorts",
        charts=5,
        headings=("Retention: Sign Up → any event", "Days with any event per week", "121 profiles in hit"),
        rows=(("friend", "616", "97.0%", "64.8%"), ("2004", "Hit by the outage", "121"), ("hit", "121")),
    ),
    Story(
        "05_live_and_local",
        charts=9,
        headings=("Purchase by $os", "Saved report 3002", "4 saved funnels", "Purchse"),
        rows=(("2025-02-01", "515", "417", "367", "233", "42"), ("1003", "Search to purchase")),
        failing=1,
    ),
    Story(
        "04_sql_on_events",
        charts=7,
        headings=("events: 60 columns", "48 rows × 3 columns", "View Product → Purchase"),
        rows=(("Wool blanket", "Home & Living", "854"), ("6 days", "76", "5 d 11 h")),
    ),
    Story(
        "06_profiles",
        charts=6,
        headings=("profiles: 18 columns", "Activity of user_006120", "5 tables"),
        rows=(("Android", "false", "161", "142", "88.2"), ("profiles", "profiles", "8,345")),
    ),
]
by_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.notebook)


def cards_in(notebook: Path) -> int:
    """How many cards a notebook's file holds."""
    cells = nbformat.read(notebook, as_version=4).cells
    htmls = [
        output.get("data", {}).get("text/html", "") for cell in cells for output in cell.get("outputs", [])
    ]
    return sum(f'class="{NO_MATH}"' in html for html in htmls)


def assert_told(shown: Locator, story: Story) -> None:
    """Every card of the story is there, whole, and with the headings and rows that are expected."""
    cards = shown.locator(CARD)
    expect(cards).to_have_count(cards_in(story.source))
    assert broken(cards) == {}
    assert sum(with_charts(cards)) == story.charts
    assert_words_told("\n".join(texts(cards)), cards, story)


def assert_words_told(words: str, shown: Locator, story: Story) -> None:
    """Headings and rows are as expected."""
    for heading in story.headings:
        assert heading in words
    rows = [tuple(row) for row in shown.locator("tbody tr").evaluate_all(_CELLS)]
    for expected in story.rows:
        assert any(row[: len(expected)] == expected for row in rows), expected


def test_a_notebook_runs_whole_in_jupyterlab(lab: Lab) -> None:
    (story,) = [story for story in STORIES if story.notebook == "01_first_look"]
    lab.open(story.source)
    lab.run_all()
    assert lab.save().exists()
    assert lab.trusted
    assert lab.errors.count() == story.failing
    assert_told(lab.notebook, story)


@by_story
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_a_saved_notebook_shows_every_card_without_a_kernel(lab: Lab, story: Story, *, trusted: bool) -> None:
    notebook: Any = nbformat.read(story.source, as_version=4)
    copy = lab.root / (f"{story.notebook}-{'trusted' if trusted else 'untrusted'}.ipynb")
    gone = {"name": "gone", "display_name": "Gone", "language": "gone"}
    notebook.metadata = {"kernelspec": gone, "title": copy.stem}  # no signature holds for it
    nbformat.write(notebook, copy)
    if trusted:
        lab.trust(copy)
    lab.open_without_kernel(copy)
    assert lab.trusted == trusted
    assert_told(lab.notebook, story)
    if trusted:
        lab.pictures_in_themes(story.notebook, lab.cards.locator("img").first.locator(".."))
    queries = lab.cards.locator("details")
    assert queries.count() >= 1
    for query in queries.all():
        query.locator("summary").click()
        expect(query.locator("pre")).to_be_visible()


# A fetch that showed progress leaves an empty output, of which nbconvert says that it shows nothing.
@pytest.mark.filterwarnings(r"ignore:Your element with mimetype\(s\) dict_keys\(\[\]\)")
@by_story
def test_nbconverts_page_shows_every_card(lab: Lab, story: Story, tmp_path: Path) -> None:
    page = lab.page.context.new_page()
    _open_converted(page, nbformat.v4.new_notebook(), tmp_path)
    of_nbconvert = set(lab.outside)  # MathJax and the like, which its template wants
    _open_converted(page, nbformat.read(story.source, as_version=4), tmp_path)
    assert set(lab.outside) <= of_nbconvert
    lab.outside.clear()
    body = page.locator("body")
    assert_told(body, story)
    page.emulate_media(media="print")
    assert overflows(body.locator(CARD), ".jp-OutputArea-output") == {}
    page.close()


def _open_converted(page: Page, notebook: Any, folder: Path) -> None:
    """What `jupyter nbconvert --to html` writes of a notebook, opened as a file."""
    file = folder / "converted.html"
    file.write_text(HTMLExporter().from_notebook_node(notebook)[0])
    page.goto(file.as_uri())


@by_story
def test_a_strict_sanitiser_leaves_titles_tables_and_the_words_for_charts(lab: Lab, story: Story) -> None:
    page = lab.page.context.new_page()
    cells = nbformat.read(story.source, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    htmls = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    page.set_content("\n<hr>\n".join(github_like(html) for html in htmls if NO_MATH in html))
    body = page.locator("body")
    assert_words_told(body.inner_text(), body, story)
    assert body.locator("[style], [class]").count() == 0
    images = body.locator("img").all()
    assert len(images) == sum(html.count("<img ") for html in htmls)
    for image in images:
        assert image.get_attribute("src") is None
        assert image.is_visible()
        assert len(image.get_attribute("alt") or "") > 20
    page.close()
