"""A form above an answer, which is updated when the user changes a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ipywidgets

from mixpanel_nb.display.widgets import parts
from mixpanel_nb.display.widgets.answer import AnswerView
from mixpanel_nb.display.widgets.fields import Input, input_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.display.widgets.answer import Answer
    from mixpanel_nb.display.widgets.fields import Field


class Form(Protocol):
    """The fields and their answer. A form is immutable: ``but`` returns another one."""

    def lines(self) -> Sequence[Sequence[Field]]:
        """The fields, line by line."""

    def but(self, name: str, value: Any) -> Form:
        """The form with another value in a field."""

    @property
    def missing(self) -> str | None:
        """What the user still has to choose, or None if the form is complete."""

    @property
    def costs(self) -> str | None:
        """The button's text if an answer costs quota and so needs a click."""

    def answer(self) -> Answer:
        """The answer; may raise."""


class Explorer(parts.View):
    """A form and its answer.

    Args:
        form: What can be changed.
        answer: The answer if already known; None computes it unless that costs quota.
    """

    def __init__(self, form: Form, answer: Answer | None = None) -> None:
        self._form = form
        self._inputs: dict[tuple[str, str], Input] = {}
        self._lines = ipywidgets.VBox(layout=ipywidgets.Layout(overflow="visible", width="100%"))
        self._ask = parts.button("", "Ask now", self._answer_now, display="none")
        self._ask.button_style = "primary"
        self._state = parts.html()
        self._view: AnswerView | None = None
        self._shown = answer
        self._place = ipywidgets.VBox(layout=ipywidgets.Layout(width="100%"))
        super().__init__(
            [self._lines, parts.row([self._ask, self._state], margin="0 0 6px 0"), self._place],
            html=self._as_html,
            text=self._as_text,
        )
        self._show_form()
        if answer is None:
            self._answer_or_wait()
        else:
            self._show(answer)

    @property
    def form(self) -> Form:
        """The current form."""
        return self._form

    @property
    def answer(self) -> Any:
        """The shown answer; None if there is none yet."""
        return self._shown

    def _changed(self, name: str, value: Any) -> None:
        self._form = self._form.but(name, value)
        self._show_form()
        self._answer_or_wait()

    def _show_form(self) -> None:
        """Lay out the fields; existing fields keep their widgets, and so the focus."""
        lines, before, self._inputs = self._form.lines(), self._inputs, {}
        for field in (field for line in lines for field in line):
            key = field.name, field.kind
            known = before.pop(key, None)
            if known is None:
                known = input_for(field, self._changed)
            elif known.field != field:
                known.set(field)
            self._inputs[key] = known
        self._lines.children = [
            parts.row(
                [self._inputs[field.name, field.kind].widget for field in line], align_items="flex-start"
            )
            for line in lines
        ]
        for gone in before.values():
            gone.widget.close()

    def _answer_or_wait(self) -> None:
        missing, costs = self._form.missing, self._form.costs
        self._ask.description = costs or ""
        self._ask.layout.display = None if costs and not missing else "none"
        self._ask.disabled = False
        self._place.layout.display = "none" if missing else None  # it belongs to another query
        if missing or costs:
            self._state.value = parts.muted(missing or "")
        else:
            self._answer_now()

    def _answer_now(self) -> None:
        self._state.value = parts.muted("Asking…")
        self._ask.disabled = True
        self._ask.disabled = parts.attempt(lambda: self._show(self._form.answer()), self._say)

    def _say(self, message: str) -> None:
        self._state.value = message

    def _show(self, answer: Answer) -> None:
        self._shown = answer
        if self._view is None:
            self._view = AnswerView(answer)
            self._place.children = [self._view]
        else:
            self._view.show(answer)
        self._state.value = ""

    def _as_html(self) -> str | None:
        return None if self._shown is None else self._shown.to_html()

    def _as_text(self) -> str:
        return "Explorer" if self._shown is None else self._shown.to_text()
