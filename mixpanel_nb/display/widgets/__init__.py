"""Widgets from plain data: an answer in tabs, and a form that runs it again.

This package contains ipywidgets made of cards, rows, fields and callables. They need a kernel; for display
without one, the bundle also contains the card. Code that depends on Mixpanel, reports or databases does not
belong here. This package is imported only when a widget is needed, since ipywidgets is slow to import.
"""

from __future__ import annotations

from mixpanel_nb.display.widgets.answer import Answer, AnswerView
from mixpanel_nb.display.widgets.explorer import Explorer, Form
from mixpanel_nb.display.widgets.fields import Field

__all__ = ["Answer", "AnswerView", "Explorer", "Field", "Form"]
