"""Asks a service of reports by their names, as ``Workspace`` does: ``Asking(service).funnel(7, …)``."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from mixpanel_nb import Workspace
from mixpanel_nb.queries import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_nb.queries import Query


def query_of(report: str, *args: Any, **given: Any) -> Query[Any]:
    """The query of such a call."""
    bound = inspect.signature(getattr(Workspace, report)).bind(None, *args, **given)
    return QUERIES[report].of({name: value for name, value in bound.arguments.items() if name != "self"})


class Asking:
    """The reports of a service as methods."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, report: str) -> Callable[..., Any]:
        return lambda *args, **given: self._service.ask(query_of(report, *args, **given))


def metered(requests: Iterable[str]) -> list[str]:
    """The requests that count for the quota: not those for annotations, which a fetch keeps, too."""
    return [request for request in requests if "/annotations" not in request]
