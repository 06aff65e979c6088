"""Layered charts in the package's theme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mixpanel_nb.display import theme
from mixpanel_nb.display.text import chart_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

MAX_TITLE = 120


def layered(
    layers: Sequence[alt.Chart],
    *,
    width: float,
    height: float,
    title: str | None = None,
    subtitle: str | None = None,
    slack: float = 0,
) -> alt.Chart:
    """The layers in one chart; later ones are on top.

    Altair's class for layers differs from that for a single mark. It has all needed methods (``to_dict``,
    ``properties``, ``save``), and is annotated as the latter.

    Args:
        layers: The marks.
        width: Pixels.
        height: Pixels.
        title: The headline.
        subtitle: A line below it.
        slack: Pixels on the right for text that exceeds the width, since the viewer's font may be wider than
            the measured one.
    """
    import altair as alt

    config = theme.config()
    config["padding"] = config["padding"] | {"right": config["padding"]["right"] + slack}
    picture = alt.layer(
        *layers,
        width=width,
        height=height,
        title=headline(title, subtitle),
        config=alt.Config(**config),
    )
    return cast("alt.Chart", picture)


def looks_of_difference(value: float, *, certain: bool = True) -> str:
    """Which of the ``DIFFERENCES`` of the theme it is: the value of a point's field ``is``."""
    return ("more" if value > 0 else "less") if certain else "uncertain"


def color_of_difference() -> alt.Color:
    """The colour of points by their field ``is``."""
    import altair as alt

    scale = alt.Scale(domain=list(theme.DIFFERENCES), range=list(theme.DIFFERENCES.values()))
    return alt.Color("is:N", scale=scale, legend=None)


def headline(title: str | None, subtitle: str | None = None) -> Any:
    """The title of a chart, with an optional line below it."""
    import altair as alt

    if not title:
        return alt.Undefined
    if not subtitle:
        return chart_label(title, MAX_TITLE)
    return alt.TitleParams(text=chart_label(title, MAX_TITLE), subtitle=chart_label(subtitle, MAX_TITLE))


def layer(points: Sequence[Mapping[str, Any]], mark: Mapping[str, Any], **encoding: Any) -> alt.Chart:
    """One mark with its own data.

    Args:
        points: The data.
        mark: Arguments of ``alt.MarkDef``.
        encoding: Channels.
    """
    import altair as alt

    chart: alt.Chart = alt.Chart(alt.InlineData(values=list(points)), mark=alt.MarkDef(**mark)).encode(
        **encoding
    )
    return chart
