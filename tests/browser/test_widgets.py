"""Widgets in JupyterLab: fields change the chart, pages turn, headings sort, code is copied, Cancel stops."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from playwright.sync_api import expect

from browser.looks import broken, colors, faint_texts, overflows
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.faults import FaultRule, Faults
from mixpanel_nb.sandbox.server import SandboxServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Locator

    from browser.lab import Lab
    from mixpanel_nb.sandbox.store import Dataset

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_exploring.ipynb"
DAYS = "--from 2025-01-01 --to 2025-03-31"
STEPS = '--step "View Product" --step "Add to Cart" --step Purchase'
MILLIONS = "SELECT range AS id, 'user' || (hash(range) % 500000) AS person FROM range(10000000)"
RETENTION = f"--born 'Sign Up' --unit week {DAYS} --table events"
CELLS = {
    "setup": f"%load_ext mixpanel_nb\n%mp_connect sandbox --memory\nfetched = %mp_fetch {DAYS}",
    "explore": "%mp_explore Purchase",
    "funnel": f"funnel = %mp_funnel {STEPS} {DAYS} --table events\nfunnel.explore()",
    "rows": f"rows = %mp_sql {MILLIONS}\nrows.explore()",
    "chart": f"purchases = %mp_segmentation Purchase --on plan {DAYS} --table events\npurchases.chart()",
    "widget": f"%config MpMagics.display = 'widget'\n%mp_retention {RETENTION}",
}
READABLE = 4.5


@pytest.fixture(scope="module")
def widgets(running: Lab) -> Iterator[Path]:
    """The notebook of widgets, run and open, and each widget as it was when the module began."""
    running.open(running.write(*CELLS.values()))
    running.run_all()
    yield running.save()


@pytest.fixture
def shown(lab: Lab, widgets: Path) -> dict[str, Locator]:
    """The widget of each cell, by name; its card is beside it, hidden."""
    assert widgets.exists()
    assert lab.errors.count() == 0
    return {name: lab.output(place).locator(".jupyter-widgets").first for place, name in enumerate(CELLS)}


def field(explorer: Locator, label: str) -> Locator:
    """What stands under a label: a list, or something to type in."""
    return explorer.get_by_title(label, exact=True).and_(explorer.locator("select, input"))


def choose(explorer: Locator, label: str, value: str) -> None:
    """Choose from a list, and wait until the answer is another."""
    before = picture(explorer)
    field(explorer, label).select_option(value)
    expect(explorer.locator("img")).not_to_have_attribute("src", before)


def picture(explorer: Locator) -> str:
    """The chart, as its address."""
    return explorer.locator("img").get_attribute("src") or ""


def look_at(explorer: Locator, tab: str) -> None:
    """Turn to a tab, and wait until it is the one that is seen."""
    explorer.get_by_role("tab", name=tab, exact=True).click()
    expect(explorer.get_by_role("tab", name=tab, exact=True)).to_have_attribute("aria-selected", "true")


def test_choosing_changes_the_chart(lab: Lab, shown: dict[str, Locator]) -> None:
    explorer = shown["explore"]
    expect(explorer.get_by_text("Highest")).to_be_visible()
    for label, value in (("By", "plan"), ("Per", "week"), ("Count", "users")):
        choose(explorer, label, value)
        assert colors(explorer.locator("img")) >= 3
    expect(explorer.get_by_text("Purchase by plan", exact=True)).to_be_visible()
    expect(explorer.get_by_text("2025-01-01 to 2025-03-31, users per week", exact=True)).to_be_visible()
    lab.picture("explorer-light", explorer)
    where = field(explorer, "Where")
    where.fill('properties["$os" == 1')
    where.press("Enter")
    expect(explorer.get_by_role("alert")).to_contain_text("ExpressionError")
    where.fill('properties["$os"] == "iOS"')
    where.press("Enter")
    expect(explorer.get_by_role("alert")).to_have_count(0)
    expect(explorer.get_by_text(re.compile("where properties"))).to_be_visible()


def test_dates_are_picked(shown: dict[str, Locator]) -> None:
    explorer = shown["explore"]
    explorer.locator("input[type=date]").first.fill("2025-02-03")
    expect(explorer.get_by_text(re.compile("^2025-02-03 to 2025-03-31"))).to_be_visible()


def test_mixpanel_answers_when_its_button_is_pressed(shown: dict[str, Locator]) -> None:
    explorer = shown["explore"]
    field(explorer, "Ask").select_option("Mixpanel")
    ask = explorer.get_by_role("button", name="Ask Mixpanel")
    expect(ask).to_be_visible()
    look_at(explorer, "Query")
    expect(explorer.get_by_text("SQL", exact=True)).to_be_visible()
    ask.click()
    expect(explorer.get_by_text("Request", exact=True)).to_be_visible()
    expect(explorer.locator("pre", has_text="/api/query/segmentation")).to_be_visible()
    field(explorer, "Ask").select_option("table events")
    expect(explorer.get_by_text("SQL", exact=True)).to_be_visible()
    look_at(explorer, "Chart")


def test_a_step_is_added_to_a_funnel_and_taken_out(lab: Lab, shown: dict[str, Locator]) -> None:
    explorer = shown["funnel"]
    expect(explorer.get_by_text("View Product → Add to Cart → Purchase", exact=True)).to_be_visible()
    explorer.get_by_title("Add another step", exact=True).click()
    field(explorer, "Step 4").select_option("Write Review")
    four = "View Product → Add to Cart → Purchase → Write Review"
    expect(explorer.get_by_text(four, exact=True)).to_be_visible()
    lab.picture("explorer-funnel", explorer)
    explorer.get_by_title("Take out step 2").click()
    three = "View Product → Purchase → Write Review"
    expect(explorer.get_by_text(three, exact=True)).to_be_visible()


def test_the_code_is_copied(lab: Lab, shown: dict[str, Locator]) -> None:
    explorer = shown["widget"]
    lab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    look_at(explorer, "Query")
    explorer.get_by_role("button", name="Copy", exact=True).first.click()
    expect(explorer.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    copied = lab.page.evaluate("navigator.clipboard.readText()")
    assert copied == f'%mp_retention --born "Sign Up" {DAYS} --unit week --table events'
    look_at(explorer, "Chart")


def test_ten_million_rows_are_paged_and_sorted(lab: Lab, shown: dict[str, Locator]) -> None:
    table = shown["rows"]
    expect(table.get_by_text("1 to 10 of 10,000,000", exact=True)).to_be_visible()
    for title, seen in (
        ("Last page", "9,999,991 to 10,000,000 of 10,000,000"),
        ("Page before", "9,999,981 to 9,999,990 of 10,000,000"),
        ("First page", "1 to 10 of 10,000,000"),
    ):
        table.get_by_title(title, exact=True).click()
        expect(table.get_by_text(seen, exact=True)).to_be_visible()
    table.get_by_title("Sort by person", exact=True).click()
    expect(table.get_by_role("button", name="person ▲")).to_be_visible()
    expect(table.get_by_text("user0", exact=True).first).to_be_visible()
    table.get_by_title("Sort by person", exact=True).click()
    expect(table.get_by_text("user99999", exact=True).first).to_be_visible()
    lab.picture("explorer-rows", table)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_widgets_are_readable(lab: Lab, shown: dict[str, Locator], theme: str) -> None:
    lab.set_theme("dark" if theme == "dark" else "light")
    for name in ("explore", "funnel", "widget"):
        content = shown[name].locator(".widget-tab-contents")
        assert faint_texts(content, READABLE) == {}
        lab.picture(f"widget-{name}-{theme}", shown[name])
    lab.set_width(600)
    for name in ("explore", "funnel"):
        assert overflows(shown[name], ".jp-OutputArea-output") == {}


LINES = "svg.marks .mark-line path"
_LABELS = (
    "chart => [...chart.querySelectorAll('svg.marks .role-axis-label text')].map(text => text.textContent)"
)
_OPACITIES = f"""chart => [...chart.querySelectorAll('{LINES}')]
    .map(line => Number(line.getAttribute('opacity') ?? 1))"""


@pytest.mark.parametrize("name", ["chart", "explore"])
def test_a_chart_has_tooltips_and_zooms_without_a_network(
    lab: Lab, shown: dict[str, Locator], name: str
) -> None:
    output, mouse = shown[name], lab.page.mouse
    line = output.locator(LINES).first
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    line.hover(force=True, position={"x": box["width"] - 1, "y": box["height"] / 2})
    before = output.evaluate(_LABELS)
    mouse.wheel(0, -1)  # scrolls the notebook, and nothing else
    assert output.evaluate(_LABELS) == before
    line.scroll_into_view_if_needed()
    line.hover(force=True, position={"x": box["width"] / 2, "y": box["height"] / 2})
    lab.page.keyboard.down("Control")
    for _ in range(4):
        mouse.wheel(0, -200)
    lab.page.keyboard.up("Control")
    lab.page.wait_for_function(
        f"([chart, before]) => String(({_LABELS})(chart)) !== String(before)",
        arg=[output.element_handle(), before],
    )
    line.dblclick(force=True, position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(lab.page.locator("#vg-tooltip-element")).to_be_attached()


def test_pointing_says_what_a_point_is_and_the_legend_shows_one_line_alone(
    lab: Lab, shown: dict[str, Locator]
) -> None:
    chart = shown["chart"]
    chart.locator(".role-legend-label text", has_text="free").scroll_into_view_if_needed()
    assert min(chart.evaluate(_OPACITIES)) > 0.1
    chart.locator(".role-legend-label text", has_text="free").click()
    expect(chart.locator(LINES + "[opacity='0.06']").first).to_be_attached()
    assert max(chart.evaluate(_OPACITIES)) > 0.1
    lab.picture("chart-one-line", chart)
    chart.locator(".role-legend-label text", has_text="free").dblclick()
    box = chart.locator(LINES).first.bounding_box()
    assert box is not None
    for pixel in range(int(box["height"])):  # down the right edge, until there is the line
        lab.page.mouse.move(box["x"] + box["width"] - 1, box["y"] + pixel)
        if lab.page.locator("#vg-tooltip-element.visible").count():
            break
    expect(lab.page.locator("#vg-tooltip-element")).to_contain_text(
        re.compile("date.*events.*plan", re.DOTALL)
    )


def test_a_notebook_of_dead_widgets_shows_their_cards(lab: Lab) -> None:
    """It was saved by JupyterLab, which keeps no state of widgets unless that is set."""
    assert "widgets" not in nbformat.read(NOTEBOOK, as_version=4).metadata
    lab.trust(NOTEBOOK)
    lab.open(NOTEBOOK)
    steps = lab.notebook.get_by_text("View Product → Add to Cart → Purchase", exact=True)
    expect(steps).to_be_visible()
    assert broken(lab.cards) == {}
    lab.picture("dead-widgets")
    lab.run_all()
    assert lab.errors.count() == 0
    expect(lab.notebook.get_by_role("tab", name="Query", exact=True)).to_have_count(4)
    expect(steps).to_have_count(2)  # that of the card is there, and hidden
    assert sorted(step.is_visible() for step in steps.all()) == [False, True]


def test_cancel_stops_a_fetch_and_the_same_cell_goes_on(lab: Lab, store: Dataset) -> None:
    faults = Faults()
    faults.add(FaultRule("slow", path_contains="export", times=None, size=20_000, seconds=0.2))
    with SandboxServer(create_app(store, faults=faults)) as server:
        connect = f"%env MP_API_BASE_URL={server.url}\n%load_ext mixpanel_nb\n%mp_connect sandbox --memory"
        lab.open(lab.write(connect, f"%mp_fetch {DAYS}"))
        lab.start_all()
        fetch = lab.output(1)
        cancel = fetch.get_by_role("button", name="Cancel")
        expect(cancel).to_be_visible()
        expect(fetch.get_by_text(re.compile("rows/s"))).to_be_visible()
        expect(fetch.locator("span[title*='loading']").first).to_be_visible()
        lab.picture("fetch", fetch)
        cancel.click()
        expect(fetch.get_by_text("Stopped. What has arrived is kept")).to_be_visible()
        expect(cancel).to_have_count(0)
        faults.clear()
        lab.run_cell(1)
        expect(fetch.get_by_text(re.compile("events in events$")).first).to_be_visible()
