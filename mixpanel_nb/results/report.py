"""The base of every report: how it was computed, and the wording and typing all reports share."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mixpanel_nb.naming import free_name
from mixpanel_nb.results.base import Result
from mixpanel_nb.results.json_safe import json_safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from mixpanel_nb.results.question import Question

OVERALL = "$overall"
"""The segment that stands for all of them together, as Mixpanel names it."""


def segment_names(values: Iterable[str | None]) -> dict[str | None, str]:
    """The names of segments: ``$overall`` for None, and ``$overall_2`` for a value that is this very text."""
    own = dict.fromkeys(value for value in values if value is not None)
    free = free_name(OVERALL, own)
    return {None: OVERALL} | {value: free if value == OVERALL else value for value in own}


@dataclass(frozen=True, repr=False, kw_only=True)
class ReportResult(Result):
    """The answer to a question about events.

    Attributes:
        sql: The statement behind a local answer, runnable as it stands.
        request: What was sent for a live one: ``method``, ``path`` and ``params``, never a secret.
        notes: Lines for the reader, such as why nothing came.
        timezone: The time zone of its days, as far as it is known.
        computed_at: When Mixpanel computed a live answer, as it says it.
        question: The query and the service that answered it; no part of the answer.
    """

    sql: str | None = None
    request: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    timezone: str | None = None
    computed_at: str | None = None
    question: Question | None = field(default=None, compare=False)

    @property
    def query(self) -> str | None:
        """What was asked, as text: the SQL of a local answer, the request of a live one."""
        return self.sql if self.sql is not None or self.request is None else _request_text(self.request)

    def to_dict(self) -> dict[str, Any]:
        """The whole result as JSON-safe data: the report's own fields, then where the answer is from."""
        shared = {each.name for each in dataclasses.fields(ReportResult)} - {"question"}
        names = [each.name for each in dataclasses.fields(self) if each.name != "question"]
        own = [name for name in names if name not in shared]
        return {name: json_safe(getattr(self, name)) for name in (*own, *sorted(shared, key=names.index))}

    def _dtypes(self) -> Mapping[str, str]:
        """Types in pandas of those columns of ``.df`` that have theirs whatever the rows hold."""
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
    return f"{request.get('method', 'GET')} {request.get('path', '')}{query}"
