"""``Client``: what runs SQL on an engine that is not the workspace's own file, and describes its tables."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mixpanel_nb.analytics.dialects.said import Relation, Said
    from mixpanel_nb.analytics.dialects.translation import Dialect
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.rows import MemoryRows
    from mixpanel_nb.services.local.engines.of_lake import LakeView

_BOUND = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|/\*.*?\*/|(?<![:\w]):([A-Za-z_]\w*)""",
    re.DOTALL,
)
"""A text, a name, a comment, or the ``:name`` of a value: what is within the others is none."""
_PART = re.compile(r"`((?:[^`]|``)+)`|([^.`]+)")


class Client(Protocol):
    """What runs SQL on an engine."""

    @property
    def engine(self) -> str:
        """The engine's name, for messages."""

    @property
    def json_is_text(self) -> bool:
        """Whether a JSON value is its text there, which needs no cast."""

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """Names of a table's columns with their types as DuckDB calls them; None without such a table."""

    def written(self, table: str) -> str:
        """A table as statements of ours name it, in SQL."""

    def say(self, statement: Statement, relations: Mapping[str, Relation]) -> Said:
        """A statement of ours in the engine's SQL.

        Args:
            statement: The statement, in DuckDB's SQL.
            relations: The tables that it may name.

        Raises:
            QueryError: it cannot be said there.
        """

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """The rows of a statement in its own SQL.

        Args:
            text: The statement, with the names of bound values.
            params: The values.

        Raises:
            QueryError: the engine refused it.
        """

    def parameter_names(self, text: str) -> set[str]:
        """The names of bound values in a statement in its own SQL."""

    def show(self, view: LakeView) -> None:
        """Make a view of a lake's files, which lasts as long as the session.

        Raises:
            ParameterError: the engine does not read lakes here.
            QueryError: the engine refused it.
        """

    def close(self) -> None:
        """Release what the client holds, and leave a connection that was handed in as it is."""


class TranslatingClient(ABC):
    """What clients of engines that do not speak DuckDB's SQL have in common."""

    json_is_text = True

    @property
    def engine(self) -> str:
        """See :class:`Client`."""
        return self.dialect.engine

    @property
    @abstractmethod
    def dialect(self) -> Dialect:
        """How the engine's SQL differs."""

    def written(self, table: str) -> str:
        """See :class:`Client`. The translation gives tables the names that they have there."""
        return identifier(table)

    def say(self, statement: Statement, relations: Mapping[str, Relation]) -> Said:
        """See :class:`Client`."""
        from mixpanel_nb.analytics.dialects.translation import translate

        return translate(statement, self.dialect, relations)

    def parameter_names(self, text: str) -> set[str]:
        """See :class:`Client`: values are written ``:name``."""
        return {found[1] for found in _BOUND.finditer(text) if found[1]}

    def show(self, view: LakeView) -> None:
        """See :class:`Client`. Spark and ClickHouse read lakes."""
        raise no_lake_on(self.engine, view)


def no_lake_on(engine: str, view: LakeView) -> ParameterError:
    """The error that an engine reads no lakes here."""
    message = [Word("lake"), f" is read by Spark and ClickHouse, not by {engine}."]
    hint = "A lake needs no other engine: Workspace.lake reads it."
    return ParameterError(message, parameter="lake", value=view.root, hint=hint)


def parts_of(table: str) -> tuple[str, ...]:
    """The parts of a name such as ``catalog.schema.table``; one in backquotes may have dots, as paths do."""
    return tuple(
        quoted.replace("``", "`") if quoted else plain for quoted, plain in _PART.findall(table)
    ) or (table,)


def name_of(parts: Iterable[str]) -> str:
    """The name of these parts, as :func:`parts_of` reads it."""
    return ".".join("`" + part.replace("`", "``") + "`" if set(part) & {".", "`"} else part for part in parts)
