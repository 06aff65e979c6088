"""``UnconnectedClient``: a warehouse in whose SQL reports are said, for somebody else to run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NoReturn

from mixpanel_nb.analytics.dialects.names import dialect_of
from mixpanel_nb.errors import QueryError
from mixpanel_nb.services.local.engines.client import TranslatingClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.analytics.dialects.said import Relation, Said
    from mixpanel_nb.analytics.dialects.translation import Dialect
    from mixpanel_nb.analytics.sql import Statement

_EVENTS = {
    "event_name": "VARCHAR",
    "event_time": "TIMESTAMP",
    "distinct_id": "VARCHAR",
    "insert_id": "VARCHAR",
    "properties": "VARCHAR",
}
_TABLES = {
    "events": _EVENTS,
    "mp_master_event": {
        "device_id": "VARCHAR",
        "distinct_id": "VARCHAR",
        "event_name": "VARCHAR",
        "insert_id": "VARCHAR",
        "properties": "VARIANT",
        "time": "TIMESTAMP WITH TIME ZONE",
        "user_id": "VARCHAR",
    },
    "mp_people_data_view": {"distinct_id": "VARCHAR", "properties": "VARIANT"},
    "mp_identity_mappings_data_view": {"distinct_id": "VARCHAR", "resolved_distinct_id": "VARCHAR"},
    "event": {
        "_fivetran_id": "VARCHAR",
        "distinct_id": "VARCHAR",
        "name": "VARCHAR",
        "properties": "VARIANT",
        "time": "TIMESTAMP",
    },
}
"""Tables with the columns that are documented, of which reports read.

Sources: https://docs.mixpanel.com/docs/data-pipelines/json-pipelines and
https://fivetran.com/docs/connectors/applications/mixpanel/connector-schema
"""


@dataclass(frozen=True)
class UnconnectedClient(TranslatingClient):
    """A warehouse that is not connected.

    Attributes:
        name: The dialect's name.
        schema: Where its tables are: ``project.dataset``.
    """

    name: str
    schema: str = ""

    @property
    def dialect(self) -> Dialect:
        """See :class:`Client`."""
        return dialect_of(self.name)

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """See :class:`Client`: those of the tables that are documented."""
        known = _TABLES.get(table[-1].lower())
        if known is None:
            return None
        spelled = str.upper if self._is_upper and known is not _EVENTS else str
        return [(spelled(name), kind) for name, kind in known.items()]

    @property
    def _is_upper(self) -> bool:
        """Whether names are in capitals there, unless somebody put them in quotes."""
        return self.name == "snowflake"

    def say(self, statement: Statement, relations: Mapping[str, Relation]) -> Said:
        """See :class:`Client`. What the session needs is set first."""
        if self._is_upper:
            relations = {
                table: replace(each, name=tuple(map(str.upper, each.name)))
                for table, each in relations.items()
            }
        said = super().say(statement, relations)
        first = "".join(f"{each};\n" for each in self.dialect.session)
        return replace(said, shown=first + said.shown)

    def run(self, text: str, params: Mapping[str, Any]) -> NoReturn:
        """See :class:`Client`.

        Raises:
            QueryError: always.
        """
        del text, params
        message = f"{self.engine} is not connected: its reports are said in SQL, and not run."
        raise QueryError(message, hint="Take the statement, with from_date and to_date: ws.statement(…)")

    def close(self) -> None:
        """See :class:`Client`. There is nothing."""


def opened(url: str) -> UnconnectedClient:
    """The client of a URL such as ``bigquery://project.dataset``."""
    name, _, schema = url.partition("://")
    return UnconnectedClient(name, schema.strip("/"))
