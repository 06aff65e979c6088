"""Views: the card, chart, texts and explorer form of each result.

This package contains the views, one module per kind of result: a view renders a result for notebooks and
terminals. ``registry`` maps classes of results to views; ``view_of`` finds the view. Figures that a result
does not contain, reading from Mixpanel or a database, and code for notebooks or the command line do not
belong here. pandas, Altair, Rich and ipywidgets are imported only for rendering; ``exploring`` needs
ipywidgets and is imported only for widgets.
"""

from __future__ import annotations

from mixpanel_nb.views.base import View
from mixpanel_nb.views.registry import VIEWS, view_of

__all__ = ["VIEWS", "View", "view_of"]
