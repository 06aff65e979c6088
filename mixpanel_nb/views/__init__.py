"""How results look: from a result to its card, its chart and its words, and to the form of the explorer.

Here live the views, one module a kind of result: each is made of a result and says what a notebook or a
terminal shows of it. ``registry`` says which view belongs to which class of results; ``view_of`` finds it.

Here may not live: figures that a result does not hold, reading from Mixpanel or from a database, nor anything
that knows a notebook or a command line. pandas, Altair, Rich and ipywidgets are imported only when something
is drawn; ``exploring`` needs ipywidgets and is imported when a widget is wanted.
"""

from __future__ import annotations

from mixpanel_nb.views.base import View
from mixpanel_nb.views.registry import VIEWS, view_of

__all__ = ["VIEWS", "View", "view_of"]
