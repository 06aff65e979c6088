"""Reports by segment where the local reports have none: the plain report, asked once for each segment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import segmentation
from mixpanel_nb.analytics.context import is_expression
from mixpanel_nb.analytics.expressions.values import UNDEFINED
from mixpanel_nb.services.local.shapes import by_name

if TYPE_CHECKING:
    from datetime import date

    from mixpanel_nb.sandbox.reports import ReportRunner


_FORMS = ("not defined({})", "defined(string({}))", "defined(list({}))")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def filters_of(
    runner: ReportRunner,
    event: str | None,
    first: date,
    last: date,
    *,
    on: str,
    where: str | None,
    limit: int,
) -> dict[str, str]:
    """The segments of an event (None: of any) with most events on some days, each with its filter.

    Objects are left out: no expression tells one from another.

    Raises:
        ExpressionError: there is a mistake in ``on`` or ``where``.
    """
    context = runner.question(first, last)
    context.select().value(on)  # raise for a mistake in it before it is a part of other expressions
    access = on if is_expression(on) else f"properties[{_quoted(on)}]"
    usual = f"({where}) and " if where else ""
    no_object = f"{usual}({' or '.join(form.format(access) for form in _FORMS)})"
    statement = segmentation.by_segment(
        context, event, on=on, unit="month", kind="general", where=no_object, limit=limit
    )
    return {name: usual + _filter(access, name) for name in by_name(runner.engine.rows(statement))[0]}


def _filter(access: str, name: str) -> str:
    """An expression for what is in a segment: the value's text, or an item of a list."""
    text = _quoted(name)
    items = [text, *([name] if _is_constant(name) else [])]
    found = [f"string({access}) == {text}", *(f"{item} in list({access})" for item in items)]
    if name == UNDEFINED:
        found.append(f"not defined({access})")
    return f"({' or '.join(found)})"


def _is_constant(name: str) -> bool:
    return name in ("true", "false") or _NUMBER.fullmatch(name) is not None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
