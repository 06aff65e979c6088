"""The fields of a form: plain data, and their input widgets."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets

from mixpanel_nb.display.text import distinct_labels
from mixpanel_nb.display.widgets import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    OnChange = Callable[[str, Any], None]

Kind = Literal["choice", "suggest", "text", "date", "number", "list"]

TYPED = "type…"
"""The last suggestion: free text."""

_MAX_LABEL = 60
_WIDTHS = {"choice": "130px", "suggest": "190px", "text": "300px", "date": "150px", "number": "80px"}
_BESIDE = "26px 12px 6px 2px"  # of a button beside a field, whose label is above it
_LABEL = "opacity: 0.7; font-size: 12px; line-height: 1.4"


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Attributes:
        name: Its name.
        label: The label above it; for a list, above each entry, with its number.
        kind: ``choice`` among ``choices``; ``suggest`` the same, or free text; ``text``;
            ``date``; ``number`` (whole, from 1); ``list`` of texts, each as in ``suggest``.
        value: The value: text, a ``date``, a number or a list of texts; None if nothing is chosen.
        choices: The choices: values, or pairs of label and value.
        none: The label of None among suggestions; None if a choice is required.
            In a list it removes the entry.
        hint: The placeholder of an empty text field.
        width: Its width, such as ``420px``; None is the usual one of its kind.
    """

    name: str
    label: str
    kind: Kind
    value: Any
    choices: Sequence[Any] = ()
    none: str | None = None
    hint: str = ""
    width: str | None = None

    @property
    def layout(self) -> Any:
        """Its layout."""
        return ipywidgets.Layout(width=self.width or _WIDTHS.get(self.kind, "auto"), margin="0")


class _Typed:
    """Represents free text."""


class Input(ABC):
    """The widget of a field; it reports only changes by the user.

    Args:
        field: The field.
        on_change: Called with the field's name and the new value.
    """

    def __init__(self, field: Field, on_change: OnChange) -> None:
        self.field = field
        self._on_change = on_change
        self._silent = True
        self._inner = self._made()
        self._label = parts.html(_labelled(field))
        # A list labels each of its entries.
        children = [self._inner] if field.kind == "list" else [self._label, self._inner]
        layout = ipywidgets.Layout(margin="0 12px 6px 0", overflow="visible")
        self.widget = ipywidgets.VBox(children, layout=layout)
        self._name_them()
        self._silent = False

    def set(self, field: Field) -> None:
        """Show another field of the same kind and name."""
        self._silent = True
        try:
            self.field = field
            self._label.value = _labelled(field)
            self._name_them()
            self._put(field)
        finally:
            self._silent = False

    def _tell(self, value: Any) -> None:
        if not self._silent:
            self._on_change(self.field.name, value)

    def _name_them(self) -> None:
        """Give the widgets the label's name, for the mouse and for screen readers."""
        for each in self._named():
            if each.has_trait("tooltip"):  # not before ipywidgets 8
                each.tooltip = self.field.label

    def _named(self) -> Sequence[Any]:
        """The widgets that get the label's name."""
        return [self._inner]

    @abstractmethod
    def _made(self) -> Any:
        """The widget, showing the field."""

    @abstractmethod
    def _put(self, field: Field) -> None:
        """Show the field in the widget."""


class _Choice(Input):
    """A list to choose from."""

    def _made(self) -> Any:
        self._values: list[Any] = []
        self._list = ipywidgets.Dropdown(layout=self.field.layout)
        self._fill(self.field)
        # By index, not by value: a Dropdown does not accept None as a choice.
        self._list.observe(self._chosen, "index")
        return self._list

    def _put(self, field: Field) -> None:
        self._fill(field)

    def _fill(self, field: Field) -> None:
        pairs = _pairs(field.choices)
        self._values = [value for _, value in pairs]
        self._list.options = [label for label, _ in pairs]
        self._list.index = self._values.index(field.value) if field.value in self._values else None

    def _chosen(self, change: Any) -> None:
        if change["new"] is not None:
            self._tell(self._values[change["new"]])


class _Suggest(_Choice):
    """A list to choose from; its last entry makes it a field to type in."""

    def _made(self) -> Any:
        self._text = ipywidgets.Text(continuous_update=False, layout=self.field.layout)
        self._text.observe(self._typed, "value")
        box = ipywidgets.HBox([super()._made()], layout=ipywidgets.Layout(overflow="visible"))
        self._box = box
        return box

    def _named(self) -> Sequence[Any]:
        return [self._list, self._text]

    def _put(self, field: Field) -> None:
        self._fill(field)
        self._box.children = [self._list]

    def _fill(self, field: Field) -> None:
        names = list(dict.fromkeys(field.choices))
        if field.value is not None and field.value not in names:
            names.insert(0, field.value)
        first = [(field.none or "choose…", None)] if field.none or field.value is None else []
        super()._fill(replace(field, choices=[*first, *names, (TYPED, _Typed)]))
        self._text.value = field.value or ""
        self._text.placeholder = field.hint

    def _tell(self, value: Any) -> None:
        if value is _Typed and not self._silent:
            self._box.children = [self._text]
            if hasattr(self._text, "focus"):  # not before ipywidgets 8
                self._text.focus()
        else:
            super()._tell(value)

    def _typed(self, change: Any) -> None:
        self._tell(change["new"].strip() or None)


class _Text(Input):
    def _made(self) -> Any:
        made = ipywidgets.Text(
            value=self.field.value or "",
            placeholder=self.field.hint,
            continuous_update=False,
            layout=self.field.layout,
        )
        made.observe(lambda change: self._tell(change["new"].strip() or None), "value")
        return made

    def _put(self, field: Field) -> None:
        self._inner.value = field.value or ""
        self._inner.placeholder = field.hint


class _Date(Input):
    def _made(self) -> Any:
        made = ipywidgets.DatePicker(value=self.field.value, layout=self.field.layout)
        made.observe(self._picked, "value")
        return made

    def _put(self, field: Field) -> None:
        self._inner.value = field.value

    def _picked(self, change: Any) -> None:
        if isinstance(change["new"], date):  # an incomplete date is None
            self._tell(change["new"])


class _Number(Input):
    def _made(self) -> Any:
        made = ipywidgets.BoundedIntText(
            value=self.field.value, min=1, max=1_000_000, continuous_update=False, layout=self.field.layout
        )
        made.observe(lambda change: self._tell(change["new"]), "value")
        return made

    def _put(self, field: Field) -> None:
        self._inner.value = field.value


class _List(Input):
    """A list of suggestions, each with a button to remove it, and a button to add one."""

    def _made(self) -> Any:
        self._entries: list[_Suggest] = []
        box = parts.row([])
        self._fill(box, self.field)
        return box

    def _named(self) -> Sequence[Any]:
        return []  # each entry has its own

    def _put(self, field: Field) -> None:
        before = list(self._inner.children)
        self._fill(self._inner, field)
        parts.close_all(before)

    def _fill(self, box: Any, field: Field) -> None:
        values: list[str | None] = [*field.value] or [None]
        self._entries = [
            _Suggest(
                Field(str(place), f"{field.label} {place + 1}", "suggest", value, field.choices, field.none),
                self._entered,
            )
            for place, value in enumerate(values)
        ]
        add = parts.button("+", f"Add another {field.label.lower()}", self._add, margin=_BESIDE)
        box.children = [*(self._with_button(place) for place in range(len(values))), add]

    def _with_button(self, place: int) -> Any:
        """The entry and, unless it is the only one, its remove button, on one line."""
        entry = self._entries[place].widget
        if len(self._entries) == 1:
            return entry
        entry.layout.margin = "0"
        take_out: Callable[[], None] = partial(self._change, place, None)
        button = parts.button("✕", f"Take out {self.field.label.lower()} {place + 1}", take_out)
        button.layout.margin = _BESIDE
        return ipywidgets.HBox([entry, button], layout=ipywidgets.Layout(overflow="visible"))

    def _entered(self, place: str, value: str | None) -> None:
        self._change(int(place), value)

    def _change(self, place: int, value: str | None) -> None:
        values = [entry.field.value for entry in self._entries]
        values[place] = value
        self._tell([kept for kept in values if kept is not None])

    def _add(self) -> None:
        self.set(replace(self.field, value=[*self.field.value, None]))


_INPUTS: dict[Kind, type[Input]] = {
    "choice": _Choice,
    "suggest": _Suggest,
    "text": _Text,
    "date": _Date,
    "number": _Number,
    "list": _List,
}


def input_for(field: Field, on_change: OnChange) -> Input:
    """The widget for a field."""
    return _INPUTS[field.kind](field, on_change)


def _labelled(field: Field) -> str:
    return f'<span style="{_LABEL}">{escape(field.label) or "&nbsp;"}</span>'


def _pairs(choices: Sequence[Any]) -> list[tuple[str, Any]]:
    """Labels and values; ipywidgets wants labels that differ."""
    pairs = [choice if isinstance(choice, tuple) else (str(choice), choice) for choice in choices]
    labels = distinct_labels((label for label, _ in pairs), _MAX_LABEL)
    return list(zip(labels, (value for _, value in pairs), strict=True))
