"""Rendering of plain data: cards, tables, charts and progress.

This package contains pure functions from titles, rows and numbers to HTML, terminal text, Altair charts, SVG
and PNG, and the progress displays. The same data always gives the same bytes. Code that depends on Mixpanel,
reports or databases does not belong here. Rich, Altair and vl-convert are imported only by the functions that
need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy
from mixpanel_nb.display import iri_grammar

if TYPE_CHECKING:
    from mixpanel_nb.display.bars import Bar, grouped_bars, ranked_bars, step_bars
    from mixpanel_nb.display.card import Card, Chart, render_html
    from mixpanel_nb.display.charts import Gaps, events_per_day, series_chart
    from mixpanel_nb.display.columns import grouped_columns
    from mixpanel_nb.display.described import (
        describe,
        described_days,
        described_series,
        grouped,
        heat,
        ranked,
        steps,
    )
    from mixpanel_nb.display.heatmap import MAX_CELLS, HeatRow, share_text
    from mixpanel_nb.display.progress import Progress, Snapshot, TerminalProgress, TextProgress, progress_line
    from mixpanel_nb.display.progress_widget import WidgetProgress
    from mixpanel_nb.display.render import render_png, render_svg
    from mixpanel_nb.display.sankey import Sankey, SankeyLink, SankeyNode, sankeys
    from mixpanel_nb.display.table import Column, Table
    from mixpanel_nb.display.terminal import render_text
    from mixpanel_nb.display.text import distinct_labels, shortened
    from mixpanel_nb.display.theme import ramp_colors
    from mixpanel_nb.display.values import compact, counted, first_of, format_value, is_share
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "bars": ("Bar", "grouped_bars", "ranked_bars", "step_bars"),
            "card": ("Card", "Chart", "render_html"),
            "charts": ("Gaps", "events_per_day", "series_chart"),
            "columns": ("grouped_columns",),
            "described": (
                "describe",
                "described_days",
                "described_series",
                "grouped",
                "heat",
                "ranked",
                "steps",
            ),
            "heatmap": ("MAX_CELLS", "HeatRow", "share_text"),
            "progress": ("Progress", "Snapshot", "TerminalProgress", "TextProgress", "progress_line"),
            "progress_widget": ("WidgetProgress",),
            "render": ("render_png", "render_svg"),
            "sankey": ("Sankey", "SankeyLink", "SankeyNode", "sankeys"),
            "table": ("Column", "Table"),
            "terminal": ("render_text",),
            "text": ("distinct_labels", "shortened"),
            "theme": ("ramp_colors",),
            "values": ("compact", "counted", "first_of", "format_value", "is_share"),
        },
    )

iri_grammar.defer()

__all__ = [
    "MAX_CELLS",
    "Bar",
    "Card",
    "Chart",
    "Column",
    "Gaps",
    "HeatRow",
    "Progress",
    "Sankey",
    "SankeyLink",
    "SankeyNode",
    "Snapshot",
    "Table",
    "TerminalProgress",
    "TextProgress",
    "WidgetProgress",
    "compact",
    "counted",
    "describe",
    "described_days",
    "described_series",
    "distinct_labels",
    "events_per_day",
    "first_of",
    "format_value",
    "grouped",
    "grouped_bars",
    "grouped_columns",
    "heat",
    "is_share",
    "progress_line",
    "ramp_colors",
    "ranked",
    "ranked_bars",
    "render_html",
    "render_png",
    "render_svg",
    "render_text",
    "sankeys",
    "series_chart",
    "share_text",
    "shortened",
    "step_bars",
    "steps",
]
