"""The errors of a translation: what Mixpanel cannot be asked, and what a query cannot hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, Word

if TYPE_CHECKING:
    from typing import Any

    from mixpanel_nb.errors import Text

IN_TABLES = ("Ask a fetched table instead: ", Word("table", "events"), ".")
IN_INSIGHTS = (*IN_TABLES[:-1], ", or Mixpanel for the report insights.")


def only_tables(message: Text, parameter: str, *, or_insights: bool = False) -> ParameterError:
    """The error for a parameter that only tables support, not Mixpanel's API.

    Args:
        message: What Mixpanel's API does not do.
        parameter: The parameter.
        or_insights: Whether it does it for the report insights.
    """
    return ParameterError(message, parameter=parameter, hint=IN_INSIGHTS if or_insights else IN_TABLES)


def untranslated(what: str, value: Any = None) -> ParameterError:
    """The error for a part of a bookmark that no query can hold.

    Args:
        what: The part, as a phrase: ``the measure 'histogram'``.
        value: It.
    """
    hint = "Take that part out of the report, or ask Mixpanel for its answer as it is."
    message = f"The report has {what}, which mixpanel_nb cannot calculate."
    return ParameterError(message, parameter="bookmark", value=value, hint=hint)
