"""Reports that know what they were asked, so that they can be asked again."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from mixpanel_nb.results.question import Asked, Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.workspace.reports import Reports

P = ParamSpec("P")
Report = TypeVar("Report", bound="ReportResult")
Self = TypeVar("Self", bound="Reports")


def remembered(
    method: Callable[Concatenate[Self, P], Report],
) -> Callable[Concatenate[Self, P], Report]:
    """The method, whose result carries the question it was asked and the time zone of its days."""
    signature = inspect.signature(method)
    defaults = {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.default is not parameter.empty
    }

    @wraps(method)
    def asked(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> Report:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        _, *given = bound.arguments.items()
        question = Question(method.__name__, {name: _plain(value) for name, value in given}, defaults)
        zone = self.zone_of(bound.arguments.get("table"))
        report = method(self, *args, **kwargs)
        notes = report.notes if zone.note is None else (*report.notes, zone.note)
        return replace(report, asked=Asked(question, self), timezone=zone.name, notes=notes)

    return asked


def _plain(value: Any) -> Any:
    """The argument as it would be written down: days as text, whatever is listed as a list."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str | tuple):
        return [_plain(item) for item in value]
    return value
