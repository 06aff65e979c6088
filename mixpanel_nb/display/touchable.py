"""Altair's charts that show themselves in a notebook without a network, and keep the theme when restyled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K", bound=type)


class _Touchable:
    """What our charts add to Altair's."""

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Display the chart live, or by the renderer that the user has enabled."""
        del kwargs
        if alt.renderers.active == "default":
            from mixpanel_nb.display.widgets.live import ChartView  # takes its time: it needs ipywidgets

            ChartView(cast("alt.Chart", self))._ipython_display_()
            return
        from IPython.display import display

        display(cast("alt.Chart", self)._repr_mimebundle_(), raw=True)


def _restyled(kind: K) -> K:
    """The class with ``configure_…`` methods that change the theme instead of replacing its parts."""
    for name in dir(kind):
        if name.startswith("configure"):
            setattr(kind, name, _merging(getattr(kind, name)))
    return kind


def _merging(configure: Callable[..., alt.Chart]) -> Callable[..., alt.Chart]:
    def configured(self: alt.Chart, *args: Any, **kwargs: Any) -> alt.Chart:
        chart = configure(self, *args, **kwargs)
        chart.config = alt.Config(**_merged(_plain(self.config), _plain(chart.config)))
        return chart

    configured.__doc__ = configure.__doc__
    return configured


def _plain(config: Any) -> dict[str, Any]:
    return {} if config is alt.Undefined else config.to_dict(validate=False)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both, where they differ the one above."""
    both = {
        name: _merged(below[name], value)
        for name, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(name), dict)
    }
    return below | above | both


@_restyled
class Chart(_Touchable, alt.Chart):
    """One mark."""


@_restyled
class LayerChart(_Touchable, alt.LayerChart):
    """Layers."""


@_restyled
class VConcatChart(_Touchable, alt.VConcatChart):
    """Charts below each other."""


_KINDS: dict[type, type] = {kind.__bases__[-1]: kind for kind in (Chart, LayerChart, VConcatChart)}


def touchable(chart: alt.Chart) -> alt.Chart:
    """The chart as one of these; another kind of chart as it is."""
    if type(chart) in _KINDS:
        object.__setattr__(chart, "__class__", _KINDS[type(chart)])  # Altair's own would add a property
    return chart
