"""The dialects, by name; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from mixpanel_nb.analytics.dialects.translation import Dialect

_HERE = "mixpanel_nb.analytics.dialects"
_PLACES = {
    "bigquery": "bigquery:BIGQUERY",
    "clickhouse": "clickhouse:CLICKHOUSE",
    "databricks": "databricks:DATABRICKS",
    "snowflake": "snowflake:SNOWFLAKE",
    "spark": "spark:SPARK",
    "trino": "trino:TRINO",
}
DIALECTS = tuple(_PLACES)


def dialect_of(name: str) -> Dialect:
    """The dialect of a name.

    Raises:
        ParameterError: there is none.
    """
    place = _PLACES.get(str(name).lower())
    if place is None:
        hint = did_you_mean(str(name), DIALECTS) or f"There are {', '.join(DIALECTS)}."
        raise ParameterError(f"There is no dialect {name!r}.", parameter="dialect", value=name, hint=hint)
    module, _, attribute = place.partition(":")
    found: Dialect = getattr(import_module(f"{_HERE}.{module}"), attribute)
    return found
