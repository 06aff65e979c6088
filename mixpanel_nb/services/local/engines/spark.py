"""``SparkClient``: SQL on a Spark session, classic or Connect, in settings under which it answers truly."""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ConfigError, QueryError
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.services.local.engines.client import TranslatingClient

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.analytics.dialects.translation import Dialect
    from mixpanel_nb.services.local.engines.of_lake import Field, LakeView

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",  # with another one, counts by day were silently wrong
    "spark.sql.ansi.enabled": "true",  # without it, what does not fit is NULL, or wraps around
    "spark.sql.caseSensitive": "true",  # properties may differ in case only
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.legacy.sizeOfNull": "false",
    "spark.sql.storeAssignmentPolicy": "ANSI",
    "spark.sql.variable.substitute": "false",  # ${name} in a text is text
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    "spark.sql.variant.allowDuplicateKeys": "true",
}
"""What a session must be set to while a report runs; afterwards it is as it was."""

_TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "binary": "BLOB",
    "variant": "VARIANT",
    "void": '"NULL"',
}
_OF_FILES = {
    "VARCHAR": "STRING",
    "BIGINT": "BIGINT",
    "DOUBLE": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "TIMESTAMPTZ": "TIMESTAMP",
}
_MAX_MESSAGE = 300
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_LOCAL = _QUIET | {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}


@dataclass(frozen=True)
class SparkClient(TranslatingClient):
    """A Spark session.

    Attributes:
        session: The session.
        owned: Whether the last :meth:`close` of its clients stops it.
    """

    session: Any
    owned: bool = False
    engine = "Spark"

    @property
    def dialect(self) -> Dialect:
        """See :class:`Client`."""
        from mixpanel_nb.analytics.dialects.spark import SPARK

        return SPARK

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """See :class:`Client`."""
        from pyspark.errors import AnalysisException

        name = ".".join("`" + part.replace("`", "``") + "`" for part in table)
        try:
            schema = self.session.table(name).schema
        except AnalysisException as error:
            if "NOT_FOUND" in str(error.getCondition()):
                return None
            raise QueryError(_message(error)) from None
        return [(each.name, duckdb_type(each.dataType.simpleString())) for each in schema.fields]

    def show(self, view: LakeView) -> None:
        """See :class:`Client`. It is a temporary view."""
        from pyspark.errors import PySparkException

        types = ", ".join(f"{_quoted(each.field)} {_OF_FILES[each.sql_type]}" for each in view.fields)
        columns = [_column(each) for each in view.fields]
        try:
            with settings(self.session):
                found = self.session.read.schema(types).parquet(
                    *(f"{view.root}/{each}" for each in view.files)
                )
                found.selectExpr(*columns).createOrReplaceTempView(view.name)
        except PySparkException as error:
            raise QueryError(_message(error)) from None

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """See :class:`Client`."""
        from pyspark.errors import PySparkException

        try:
            with settings(self.session):
                frame = self.session.sql(text, args=dict(params)) if params else self.session.sql(text)
                fields = frame.schema.fields
                zoned = [each.name for each in fields if each.dataType.simpleString() == "timestamp"]
                if zoned:  # Python would see them in the zone of this computer
                    frame = frame.select(
                        *(
                            frame[_quoted(each.name)].cast("timestamp_ntz").alias(each.name)
                            if each.name in zoned
                            else frame[_quoted(each.name)]
                            for each in fields
                        )
                    )
                found = frame.collect()
        except PySparkException as error:
            raise QueryError(_message(error)) from None
        columns = [each.name for each in fields]
        types = [duckdb_type(each.dataType.simpleString()) for each in fields]
        return MemoryRows(columns, types, [tuple(map(_plain, row)) for row in found])

    def close(self) -> None:
        """See :class:`Client`."""
        if not self.owned:
            return
        _clients[id(self.session)] -= 1
        if not _clients[id(self.session)]:
            del _clients[id(self.session)]
            self.session.stop()


_one_at_a_time = threading.RLock()
_clients: Counter[int] = Counter()  # of sessions that were started here, by their identity


@contextmanager
def settings(session: Any) -> Iterator[None]:
    """The session in :data:`SETTINGS`, and as it was afterwards.

    Raises:
        ConfigError: it does not let itself be set.
    """
    from pyspark.errors import PySparkException

    with _one_at_a_time:
        before: dict[str, str | None] = {}
        try:
            for name, wanted in SETTINGS.items():
                known = session.conf.get(name, None)
                if known != wanted:
                    before[name] = known
                    _set(session, name, wanted)
            yield
        finally:
            for name, value in before.items():
                try:
                    session.conf.unset(name) if value is None else session.conf.set(name, value)
                except PySparkException:
                    continue  # it is as it was


def _set(session: Any, name: str, wanted: str) -> None:
    from pyspark.errors import PySparkException

    try:
        session.conf.set(name, wanted)
        now = session.conf.get(name)
    except PySparkException:
        now = None
    if now != wanted:
        message = (
            f"This Spark session keeps {name} at {session.conf.get(name, None)!r}; reports need {wanted!r}."
        )
        raise ConfigError(message, hint=f"Start the session with .config({name!r}, {wanted!r}).")


def _column(field: Field) -> str:
    """A field of a lake's files as a column: times are those of a fetched table, UTC without a zone."""
    value = _quoted(field.field)
    if field.sql_type == "TIMESTAMPTZ":
        value = f"CAST({value} AS TIMESTAMP_NTZ)"
    return f"{value} AS {_quoted(field.name)}"


def duckdb_type(kind: str) -> str:
    """A type of Spark as DuckDB calls it."""
    if kind.startswith("decimal"):
        return kind.upper()
    if kind.startswith("array<"):
        return f"{duckdb_type(kind[6:-1])}[]"
    if kind.startswith(("varchar", "char")):
        return "VARCHAR"
    if kind.startswith("struct<"):
        return "STRUCT()"
    if kind.startswith("map<"):
        return "MAP()"
    return _TYPES.get(kind, kind.upper())


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _plain(value: Any) -> Any:
    """A value as DuckDB's client would give it."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _message(error: Any) -> str:
    """The first line of what Spark says, without its plan."""
    line = str(error).strip().split("\n")[0]
    return f"Spark: {line[:_MAX_MESSAGE]}"


def opened(url: str) -> SparkClient:
    """A client of a URL: ``spark://HOST:PORT``, ``spark://local[2]`` or ``sc://HOST:PORT``.

    A process has one session, so it is that one where there is one; it is stopped if it was started here.

    Raises:
        ConfigError: PySpark is missing, the session does not start, or the one of this process is elsewhere.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of pandas 3, which it is not handed
        running = _running()
        session = _session(url, running)
    owned = session is not running or id(session) in _clients
    if owned:
        _clients[id(session)] += 1
    return SparkClient(session, owned)


def _running() -> Any:
    """The session of this process; None where there is none.

    Raises:
        ConfigError: PySpark is missing.
    """
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        from mixpanel_nb.services.local.engines.opening import missing

        raise missing("pyspark", "spark") from None
    try:
        return SparkSession.active()
    except PySparkException:
        return None


def _session(url: str, running: Any) -> Any:
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    scheme, _, place = url.partition("://")
    is_local = scheme == "spark" and place.startswith("local")
    master = place if is_local else url
    if running is not None and scheme == "spark":
        if running.sparkContext.master == master:
            return running
        message = f"This process has a Spark session at {running.sparkContext.master} already."
        raise ConfigError(message, hint="Stop it first: SparkSession.active().stop()")
    builder: Any = SparkSession.builder
    builder = builder.remote(url) if scheme == "sc" else builder.master(master)
    for name, value in (_LOCAL if is_local else _QUIET if scheme == "spark" else {}).items():
        builder = builder.config(name, value)
    try:
        session = builder.appName("mixpanel_nb").getOrCreate()
        if scheme == "spark":
            session.sparkContext.setLogLevel("ERROR")
    except (PySparkException, RuntimeError, OSError) as error:
        message = f"Spark does not start at {url}: {str(error).splitlines()[0][:_MAX_MESSAGE]}"
        is_missing = isinstance(error, PySparkException) and error.getCondition() == "PACKAGE_NOT_INSTALLED"
        hint = "Is Java 17 installed, and the address right?"
        raise ConfigError(
            message, hint='Spark Connect needs: pip install "pyspark[connect]"' if is_missing else hint
        ) from None
    return session
