"""Widgets from plain data: an answer in tabs, and a form that asks again.

Here live ipywidgets made of cards, rows, fields and callables. They are alive where a kernel is; where none
is, the bundle they are shown with also holds the card.

Here may not live: anything that knows what Mixpanel, a funnel or a database is. Nothing imports this package
before a widget is wanted: ipywidgets takes its time.
"""

from __future__ import annotations

from mixpanel_nb.display.widgets.answer import Answer, AnswerView
from mixpanel_nb.display.widgets.explorer import Explorer, Form
from mixpanel_nb.display.widgets.fields import Field

__all__ = ["Answer", "AnswerView", "Explorer", "Field", "Form"]
