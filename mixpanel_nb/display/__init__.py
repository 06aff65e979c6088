"""How things look, from plain data: cards, tables, charts and progress.

Here live pure functions from titles, rows and numbers to HTML, terminal text, Altair charts, SVG and PNG,
and the callables that show the progress of something long. The same data gives the same bytes, always.

Here may not live: anything that knows what Mixpanel, a funnel or a database is. Rich, Altair and
vl-convert are imported only by the functions that need them.
"""

from __future__ import annotations

from mixpanel_nb.display.card import Card, Chart, render_html
from mixpanel_nb.display.charts import events_per_day, series_chart
from mixpanel_nb.display.described import described_days, described_series
from mixpanel_nb.display.progress import Progress, Snapshot, TerminalProgress, TextProgress, progress_line
from mixpanel_nb.display.render import render_png, render_svg
from mixpanel_nb.display.table import Column, Table
from mixpanel_nb.display.terminal import render_text
from mixpanel_nb.display.values import counted, format_value

__all__ = [
    "Card",
    "Chart",
    "Column",
    "Progress",
    "Snapshot",
    "Table",
    "TerminalProgress",
    "TextProgress",
    "counted",
    "described_days",
    "described_series",
    "events_per_day",
    "format_value",
    "progress_line",
    "render_html",
    "render_png",
    "render_svg",
    "render_text",
    "series_chart",
]
