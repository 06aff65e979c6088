"""Sankey diagrams that continue in another row."""

from __future__ import annotations

from mixpanel_nb.display import Sankey, SankeyLink, SankeyNode, render_svg, sankeys


def test_a_row_begins_with_the_anchor_and_not_with_who_dropped_off_before_it() -> None:
    steps = [
        SankeyNode(column, f"step{column}", 9, "9", "anchor" if column == 4 else "event")
        for column in range(9)
    ]
    dropped = SankeyNode(4, "dropped", 1, "1", "dropoff")
    links = [SankeyLink(column, column + 1, 8) for column in range(8)]
    diagram = Sankey([*steps, dropped], [*links, SankeyLink(3, 9, 1)], 9)
    picture = render_svg(sankeys([diagram], [f"column {number}" for number in range(9)]))
    assert picture.count(">step4<") == 2  # it ends a row and begins the next one
    assert picture.count(">dropped<") == 1
