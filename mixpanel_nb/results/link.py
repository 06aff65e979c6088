"""``ReportLink``: the address of a report in Mixpanel."""

from __future__ import annotations

from html import escape
from typing import Any


class ReportLink(str):
    """The address of a report in Mixpanel's web application: a text that a notebook shows as a link.

    Example:
        >>> link = ws.event_counts("Purchase", unit="week", **january).open_in_mixpanel()
        >>> link.rpartition("#")[0]
        'http://sandbox.localhost/project/1/app/insights'
    """

    __slots__ = ()

    def _repr_html_(self) -> str:
        address = escape(self)
        return f'<a href="{address}" target="_blank" rel="noopener noreferrer">{address}</a>'

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython's protocol for text: the address, without quotes."""
        del cycle
        printer.text(str(self))
