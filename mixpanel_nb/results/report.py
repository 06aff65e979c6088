"""The base of every report: its origin, and shared texts and types."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import free_name
from mixpanel_nb.results.base import Result
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.queries.cells import Cell
    from mixpanel_nb.results.annotations import Annotation
    from mixpanel_nb.results.comparison import ComparisonResult
    from mixpanel_nb.results.link import ReportLink
    from mixpanel_nb.results.numbers import Numbers
    from mixpanel_nb.results.question import Question
    from mixpanel_nb.results.users import UsersResult

Self = TypeVar("Self", bound="ReportResult")

OVERALL = "$overall"
"""Mixpanel's name of the segment for all users."""

_NOT_TOLD = frozenset({"question", "event_names"})
ORIGIN = _NOT_TOLD | {"sql", "request", "notes", "annotations"}
"""Fields of a report that say where it comes from, not what was found."""


def segment_names(values: Iterable[str | None]) -> dict[str | None, str]:
    """The names of segments: ``$overall`` for None, and ``$overall_2`` for a value that is this very text."""
    own = dict.fromkeys(value for value in values if value is not None)
    free = free_name(OVERALL, own)
    return {None: OVERALL} | {value: free if value == OVERALL else value for value in own}


@dataclass(frozen=True, repr=False, kw_only=True)
class ReportResult(Result):
    """The answer of a report.

    Attributes:
        sql: The runnable statement of a local answer.
        request: The request of a live one: ``method``, ``path``, ``params``, and ``json`` where the body was
            JSON; never a secret.
        notes: Lines for the reader, such as why there is no data.
        timezone: The time zone of its days, if known.
        computed_at: When Mixpanel computed a live answer, as it says it.
        annotations: What was noted in the project on these days, as far as it is known.
        question: The query and the service that answered it; not part of the answer.
        event_names: Names of the custom events that the query names by id, as far as they are known. Cards
            and charts show them; rows have the ids.
    """

    sql: str | None = None
    request: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    timezone: str | None = None
    computed_at: str | None = None
    annotations: tuple[Annotation, ...] = field(default=(), compare=False)
    question: Question | None = field(default=None, compare=False)
    event_names: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def query(self) -> str | None:
        """The query as text: the SQL of a local answer, the request of a live one."""
        return self.sql if self.sql is not None or self.request is None else _request_text(self.request)

    def compare(self: Self, other: Self) -> ComparisonResult[Self]:
        """This report compared with another one of the same kind and shape, number by number.

        The first bucket of time is compared with the first, the second with the second. What is compared may
        be other days, another filter, or the other's of Mixpanel and of a table.

        Args:
            other: The report that it is compared with; its numbers are ``before``.

        Raises:
            ParameterError: They are of different kinds, units or breakdowns, or one has no rows.

        Example:
            >>> before = ws.event_counts("Sign Up", unit="week", during="2025-W02")
            >>> after = ws.event_counts("Sign Up", unit="week", during="2025-W03")
            >>> after.compare(before).df[["before", "after", "difference"]].values.tolist()
            [[220.0, 259.0, 39.0]]
        """
        from mixpanel_nb.results.comparison import compared

        return compared(self, other)

    def numbers(self) -> Numbers:
        """Its numbers, for a comparison with another report.

        Raises:
            ParameterError: Reports of this kind cannot be compared.
        """
        message = f"A {type(self).__name__} cannot be compared."
        raise ParameterError(message, parameter="other", hint="Compare the DataFrames: `.df`.")

    def to_dict(self) -> dict[str, Any]:
        """The whole result as JSON-safe data: the report's own fields, then the origin of the answer."""
        shared = {each.name for each in dataclasses.fields(ReportResult)} - _NOT_TOLD
        names = [each.name for each in dataclasses.fields(self) if each.name not in _NOT_TOLD]
        own = [name for name in names if name not in shared]
        return {name: json_safe(getattr(self, name)) for name in (*own, *sorted(shared, key=names.index))}

    def users(self) -> UsersResult:
        """The users of the whole report.

        A report whose numbers can be told apart takes which one is meant. Only a table knows its users.

        Raises:
            ParameterError: Mixpanel answered, or the report has no such number.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        from mixpanel_nb.queries.cells import Cell

        return self._users(Cell())

    def open_in_mixpanel(self, *, browser: bool = False) -> ReportLink:
        """A link to this report in Mixpanel's web application, for colleagues.

        Mixpanel keeps the query of the report, not its numbers: one request, which costs no query of the
        quota. The link of a saved report is that report's own. A report on a table has a link, too, if
        Mixpanel can be asked the same. The sandbox keeps the report, but has no web application.

        Args:
            browser: Whether to open it in the browser of this machine.

        Returns:
            The address.

        Raises:
            ParameterError: Mixpanel has no report that asks this, or the result has lost its workspace.
            ConfigError: the workspace was opened without an account.
            APIError: what Mixpanel answers.

        Example:
            >>> link = ws.funnel(steps=["View Product", "Purchase"], **january).open_in_mixpanel()
            >>> len(link.rpartition("#")[2])
            12
        """
        if self.question is None or self.question.service is None:
            message = "This result has lost its workspace, which alone knows the project of a link."
            raise ParameterError(message, parameter="report", hint="Ask the report again.")
        link = self.question.service.report_link(self.question.query, self.headline)
        if browser:
            import webbrowser

            webbrowser.open(link)
        return link

    def _check_local(self) -> None:
        """Refuse the question for users of an answer of Mixpanel's."""
        from mixpanel_nb.results.users import no_workspace

        if self.sql is None and self.request is not None:
            message = "Mixpanel's API tells numbers, not the users behind them."
            hint = ["Ask a table, which knows them: fetch the events, and add ", Word("table", "events"), "."]
            raise ParameterError(message, parameter="live", hint=hint)
        if self.question is None or self.question.service is None:
            raise no_workspace()

    def _users(self, cell: Cell, **found: Any) -> UsersResult:
        """The users of a cell; ``found`` is what it stands for in the table."""
        self._check_local()
        assert self.question is not None  # noqa: S101 - checked
        assert self.question.service is not None  # noqa: S101 - checked
        settled = {"settled": self.question.settled} if self.question.settled else {}
        return self.question.service.users(self.question.query, cell, {**found, **settled})

    def _dtypes(self) -> Mapping[str, str]:
        """Pandas types of the columns of ``.df`` that do not depend on the rows."""
        return {}

    def _frame(self) -> pd.DataFrame:
        return typed_frame(self.tuples(), self.column_names, self._dtypes())


def typed_frame(rows: Sequence[tuple[Any, ...]], names: list[str], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """The rows as a DataFrame whose columns have the types of ``dtypes``, also without rows."""
    import pandas as pd

    frame = pd.DataFrame.from_records(rows, columns=names)
    for name, kind in dtypes.items():
        if kind.startswith("datetime64"):
            frame[name] = pd.to_datetime(frame[name], utc=kind.endswith("UTC]"))
    return frame.astype(dict(dtypes))


def _request_text(request: Mapping[str, Any]) -> str:
    """``GET /segmentation?event=Sign%20Up&…``; what has structure is JSON, as on the wire."""
    params = {
        name: value if isinstance(value, str) else json.dumps(json_safe(value), ensure_ascii=False)
        for name, value in (request.get("params") or {}).items()
        if value is not None
    }
    query = f"?{urlencode(params)}" if params else ""
    line = f"{request.get('method', 'GET')} {request.get('path', '')}{query}"
    body = request.get("json")
    return line if body is None else f"{line}\n{json.dumps(body, ensure_ascii=False, indent=2)}"
