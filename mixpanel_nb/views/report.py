"""The base of the views of reports: the query behind them, their notes and their titles."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.display import render_html
from mixpanel_nb.errors import ChartError
from mixpanel_nb.results import ReportResult
from mixpanel_nb.views.annotated import Annotated
from mixpanel_nb.views.base import Group, View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.display import Chart
    from mixpanel_nb.display.widgets import AnswerView, Explorer

P = TypeVar("P", bound=ReportResult)


class ReportView(View[P]):
    """How a report looks."""

    @property
    def remarks(self) -> list[str]:
        """The notes, and what else the rows do not say of themselves."""
        return list(self.result.notes)

    def _remarked(self, *further: str | None) -> list[str]:
        return [*self.result.notes, *(remark for remark in further if remark)]

    def _annotated(self, chart: Chart, buckets: Sequence[date], unit: str | None) -> Chart:
        """A chart over time with the marks of the report's annotations."""
        return Annotated(self.result.annotations, buckets, unit).on(chart)

    def _nothing(self) -> str:
        """Why there is nothing to draw, for the error of ``chart()``."""
        return "Its rows are in `.df`."

    def undrawn(self) -> ChartError:
        """That there is nothing to draw, and why."""
        return ChartError("There is nothing to draw.", hint=self._nothing())

    def groups(self) -> list[Group]:
        """The groups of users behind the result, the most telling first."""
        from mixpanel_nb.views import users

        return [
            Group(users.said(cell), partial(self._asked.users, **cell.arguments()))
            for cell in users.offered(self._asked)
        ]

    @property
    def _asked(self) -> P:
        """The result with the names that questions about it take."""
        return self.result if self.origin is None else self.origin

    def html(self, *, max_rows: int | None = None) -> str:
        """The card as HTML, with the command that lists the users of its most telling number."""
        card = replace(self.result.card(max_rows=max_rows), users=self._users_line())
        return render_html(card, max_rows=self.limit(max_rows))

    def _users_line(self) -> str | None:
        """The command for the users of the most telling number; None where there are none."""
        from mixpanel_nb.views import users

        asked, cells = self.result.question, users.offered(self._asked)
        if asked is None or not cells:
            return None
        return asked.query.users_magic(cells[0]) or f"{asked.query.python()}{cells[0].python()}"

    def explore(self) -> AnswerView | Explorer:
        """The result in tabs, below a form whose fields ask the question in another way."""
        from mixpanel_nb.views import exploring  # takes its time: it needs ipywidgets

        return exploring.explorer(self._asked) or super().explore()

    def codes(self) -> list[tuple[str, str]]:
        """The question as a magic and in Python, and the SQL or the request that it became."""
        codes = []
        if self.result.question is not None:
            magic = self.result.question.query.magic()
            codes = [("Magic", magic)] if magic else []
            codes.append(("Python", self.result.question.query.python()))
        if self.result.query is not None:
            codes.append(("SQL" if self.result.sql is not None else "Request", self.result.query))
        return codes
