"""Events that try to break out of a card: nothing of theirs runs, and the page stays whole."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from browser.lab import NARROW, WIDE, texts
from browser.looks import broken, faint_texts, overflows
from mixpanel_nb import Workspace
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from pathlib import Path

    from browser.lab import Lab

SCRIPT = "<script>alert(1)</script>"
COLUMN = '"; drop table'
QUOTED = '"""; drop table"'
BREAKOUT = "</td></tr></table></div></pre><img src=x onerror=alert(2)><script>alert(3)</script>"
HUGE = "<b>" + "x" * 1_000_000
HEBREW = "\u202eשלום עולם"
FAMILY = "👩‍👩‍👧 🎉"
DAYS = "--from 2025-01-01 --to 2025-01-03 --table events"

CELLS = [
    "%mp_tables",
    "%mp_schema events",
    "%mp_sample events -n 20",
    "%mp_summarize events",
    "%%mp_sql\nSELECT * FROM events ORDER BY event_time",
    f"%%mp_sql --chart bar --x name --y n\nSELECT {QUOTED} AS name, count(*) AS n FROM events GROUP BY ALL",
    f"%%mp_sql\nSELECT '{BREAKOUT}' AS \"{SCRIPT}\"",
    f'%mp_segmentation "{SCRIPT}" {DAYS}',
    f'%mp_segmentation "{SCRIPT}" --on greeting {DAYS}',
    f"%mp_segmentation \"{SCRIPT}\" --on '{COLUMN}' {DAYS}",
    f'%mp_funnel --step "{SCRIPT}" --step "{HEBREW}" {DAYS}',
    f'%mp_event_counts "{SCRIPT}" "{HEBREW}" "{FAMILY}" {DAYS}',
    f"%mp_activity_feed '{BREAKOUT}' {DAYS}",
]


def event(name: str, day: int, **properties: Any) -> str:
    time = 1_735_689_600 + day * 86_400
    always = {"time": time, "distinct_id": BREAKOUT, "$insert_id": f"{name}{day}{len(properties)}"}
    return json.dumps({"event": name, "properties": always | properties})


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file into which such events were fetched."""
    folder = tmp_path_factory.mktemp("hostile")
    lines = [
        event(SCRIPT, 0, greeting=HEBREW, **{COLUMN: BREAKOUT}),
        event(SCRIPT, 1, greeting=FAMILY, **{COLUMN: SCRIPT}),
        event(SCRIPT, 2, greeting=HUGE, **{COLUMN: HUGE}),
        event(HEBREW, 1, greeting=SCRIPT),
        event(FAMILY, 2, greeting=BREAKOUT),
    ]
    export = folder / "export.jsonl"
    export.write_text("\n".join(lines) + "\n")
    file = folder / "hostile.db"
    with (
        pytest.MonkeyPatch.context() as patch,
        Dataset.from_files(export, None, folder / "cache") as dataset,
        SandboxServer(dataset) as server,
    ):
        patch.setenv("MIXPANEL_NB_HOME", str(folder / "home"))
        patch.setenv("MP_API_BASE_URL", server.url)
        with Workspace.sandbox(file) as workspace:
            workspace.fetch_events(from_date="2025-01-01", to_date="2025-01-03")
    return file


def test_hostile_events_are_shown_and_do_nothing(lab: Lab, database: Path) -> None:
    lab.open(lab.write("%load_ext mixpanel_nb", f"%mp_connect --db {database}", *CELLS))
    lab.run_all()
    assert lab.errors.count() == 0
    assert lab.cards_of_cells()[2:] == [1 for _ in CELLS]
    cards = lab.cards.all()[-len(CELLS) :]
    for width in (NARROW, WIDE):
        lab.set_width(width)
        assert broken(lab.cards) == {}
        assert overflows(lab.cards, ".jp-OutputArea-output") == {}
        assert faint_texts(lab.cards, 4.5) == {}
        assert lab.cards.locator("script, iframe, img:not([src^='data:image/svg+xml;base64,'])").count() == 0
        assert max(map(len, texts(lab.cards))) < 30_000
    shown = "\n".join(texts(lab.cards))
    for text in (SCRIPT, COLUMN, "שלום עולם", FAMILY, "<img src=x onerror=alert(2)>"):
        assert text in shown
    assert COLUMN in texts(cards[4].locator("th"))
    lab.pictures_in_themes("hostile-segmentation", cards[9])
    lab.pictures_in_themes("hostile-sql", cards[4])
